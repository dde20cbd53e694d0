//! Which requests read what is known of people, and so leave a line in the audit log: one record, or a list with what
//! it was asked for. Whoever adds an endpoint that shows personal data adds its row here.

use crate::number;

/// A request that reads personal data.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub method: &'static str,
    pub path: &'static str,
    /// `noun.verb` of the line.
    pub action: &'static str,
}

const fn get(path: &'static str, action: &'static str) -> Read {
    Read { method: "GET", path, action }
}

/// Look-ups of callers write their own line, for they know what was found.
pub const READS: &[Read] = &[
    get("/api/v1/individuals", "individual.listed"),
    get("/api/v1/individuals/{id}", "individual.read"),
    get("/api/v1/organizations", "organization.listed"),
    get("/api/v1/organizations/{id}", "organization.read"),
    get("/api/v1/organizations/{id}/contacts", "organization_contact.listed"),
    get("/api/v1/organizations/{id}/contacts/{contact_id}", "organization_contact.read"),
    get("/api/v1/email-contacts", "email_contact.listed"),
    get("/api/v1/email-contacts/{id}", "email_contact.read"),
    get("/api/v1/contacts", "contact.listed"),
    get("/api/v1/contact-notes", "contact_note.listed"),
    get("/api/v1/contact-notes/{id}", "contact_note.read"),
    get("/api/v1/contact-duplicates", "contact_duplicate.listed"),
    get("/api/v1/contact-duplicates/candidates", "contact_duplicate.listed"),
    get("/api/v1/users/{id}/history", "user.history_read"),
    get("/api/v1/audit", "audit.read"),
    get("/api/v1/audit/export", "audit.exported"),
];

/// The row of a request, if it has one.
pub fn of(method: &str, path: &str) -> Option<&'static Read> {
    READS.iter().find(|read| read.method == method && read.path == path)
}

/// The last id in a path, given the route it matched: what the request is about.
pub fn subject<'a>(route: &str, path: &'a str) -> Option<&'a str> {
    route
        .split('/')
        .zip(path.split('/'))
        .filter(|(part, _)| part.starts_with('{') && part.ends_with('}'))
        .last()
        .map(|(_, given)| given)
}

/// A value somebody searched by, as the log may keep it: whole numbers are masked, words stay.
pub fn shown(name: &str, value: &str) -> String {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let number = matches!(name, "phone" | "number" | "from" | "to") || (name == "q" && digits >= 6);
    let value: String = value.chars().take(200).collect();
    if number { number::mask(&value) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::endpoint;

    #[test]
    fn every_row_is_a_door() {
        for read in READS {
            assert!(endpoint(read.method, read.path).is_some(), "{} {}", read.method, read.path);
        }
    }

    #[test]
    fn subjects_and_masks() {
        assert_eq!(subject("/api/v1/individuals/{id}", "/api/v1/individuals/7"), Some("7"));
        assert_eq!(subject("/a/{id}/contacts/{contact_id}", "/a/1/contacts/2"), Some("2"));
        assert_eq!(subject("/api/v1/individuals", "/api/v1/individuals"), None);
        assert_eq!(shown("phone", "+33612345678"), "+336******78");
        assert_eq!(shown("q", "06 12 34 56 78"), "06 1********78");
        assert_eq!(shown("q", "Léa 12"), "Léa 12");
    }
}
