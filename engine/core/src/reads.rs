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
    get("/api/v1/contact-imports/{id}/rejects", "contact_import.rejects_read"),
    get("/api/v1/calls", "call.listed"),
    get("/api/v1/calls/{id}", "call.read"),
    get("/api/v1/calls/{id}/events", "call.events_read"),
    get("/api/v1/calls/{id}/tickets", "call.tickets_read"),
    get("/api/v1/events", "event.listed"),
    get("/api/v1/tickets", "ticket.listed"),
    get("/api/v1/tickets/{id}", "ticket.read"),
    get("/api/v1/tickets/{id}/replies", "ticket.replies_read"),
    get("/api/v1/tickets/{id}/activities", "ticket.activities_read"),
    get("/api/v1/users", "user.listed"),
    get("/api/v1/users/{id}", "user.read"),
    get("/api/v1/users/{id}/history", "user.history_read"),
    get("/api/v1/agents/performance", "user.performance_listed"),
    get("/api/v1/agents/{id}/performance", "user.performance_read"),
    get("/api/v1/invitations", "invitation.listed"),
    get("/api/v1/invitations/{id}", "invitation.read"),
    get("/api/v1/registrations", "registration.listed"),
    get("/api/v1/audit", "audit.read"),
    get("/api/v1/audit/export", "audit.exported"),
    get("/api/v1/audit/user/{id}", "audit.read"),
    get("/api/v1/security-alerts", "security_alert.listed"),
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
    // The ends of a period have the names of the ends of a call.
    let instant = chrono::DateTime::parse_from_rfc3339(value).is_ok();
    let number =
        !instant && matches!(name, "phone" | "number" | "from" | "to") || (name == "q" && digits >= 6);
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

    /// Doors by which things are read without a line, and why.
    const UNNOTED: &[(&str, &[&str])] = &[
        (
            "about the program, or the same for everybody",
            &[
                "/healthz",
                "/readyz",
                "/metrics",
                "/openapi.json",
                "/asyncapi.json",
                "/docs",
                "/docs/{file}",
                "/api/v1/auth/ways",
                "/api/v1/permissions",
                "/api/v1/system-health",
            ],
        ),
        (
            "a way in; what becomes of it is noted",
            &["/api/v1/auth/oidc/{provider}/start", "/api/v1/auth/oidc/callback"],
        ),
        (
            "one's own",
            &[
                "/api/v1/auth/second-factor",
                "/api/v1/auth/devices",
                "/api/v1/auth/sessions",
                "/api/v1/auth/history",
                "/api/v1/me",
                "/api/v1/me/tenants",
                "/api/v1/audit/me",
                "/api/v1/api-tokens",
                "/api/v1/api-tokens/{id}",
            ],
        ),
        (
            "who works here and what they do now, which colleagues see all day",
            &[
                "/api/v1/agents",
                "/api/v1/queues",
                "/api/v1/wallboard",
                "/api/v1/extensions",
                "/api/v1/teams",
                "/api/v1/teams/{id}",
                "/api/v1/users/{id}/second-factor",
            ],
        ),
        ("tenants and their figures, nobody's name", &["/api/v1/tenants", "/api/v1/tenants/{id}"]),
        (
            "how the tenant is set up",
            &[
                "/api/v1/roles",
                "/api/v1/roles/{id}",
                "/api/v1/settings/accounts",
                "/api/v1/settings/directory",
                "/api/v1/identity-providers",
                "/api/v1/identity-providers/{id}",
                "/api/v1/connections",
                "/api/v1/connections/{id}",
                "/api/v1/webhook-endpoints",
                "/api/v1/webhook-endpoints/{id}",
                "/api/v1/webhook-endpoints/{id}/deliveries",
                "/api/v1/webhook-endpoints/{id}/dead-letters",
                "/api/v1/contact-fields",
                "/api/v1/contact-fields/{id}",
            ],
        ),
        (
            "our own lines and whom they ring",
            &[
                "/api/v1/phone-numbers",
                "/api/v1/phone-numbers/{id}",
                "/api/v1/phone-numbers/{id}/assignments",
                "/api/v1/phone-numbers/{id}/connections",
                "/api/v1/phone-number-summary",
                "/api/v1/phone-number-imports",
                "/api/v1/phone-number-imports/{id}",
                "/api/v1/phone-number-imports/{id}/rejects",
                "/api/v1/bots",
                "/api/v1/bots/{id}",
            ],
        ),
        (
            "ids and figures, no names",
            &[
                "/api/v1/contact-merges",
                "/api/v1/contact-erasures",
                "/api/v1/contact-imports",
                "/api/v1/contact-imports/{id}",
                "/api/v1/contact-summary",
            ],
        ),
        (
            "writes its own line, which knows what was found",
            &["/api/v1/caller-context", "/api/v1/contact-exports"],
        ),
    ];

    #[test]
    fn every_door_that_is_read_by_is_noted_or_has_a_reason() {
        for door in crate::permission::ENDPOINTS.iter().filter(|door| door.method == "GET") {
            let noted = usize::from(of("GET", door.path).is_some());
            let excused = UNNOTED.iter().filter(|(_, paths)| paths.contains(&door.path)).count();
            assert_eq!(noted + excused, 1, "GET {} is to be either in READS or here, once", door.path);
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
        assert_eq!(shown("from", "+33612345678"), "+336******78");
        assert_eq!(shown("from", "2026-11-20T00:00:00Z"), "2026-11-20T00:00:00Z");
    }
}
