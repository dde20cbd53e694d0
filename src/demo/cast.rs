//! Who and what the demo consists of. Numbers of contacts lie in +3363998xxxx, which France keeps free for films and
//! books; so do the lines in +33199000xxx.

/// One of the two tenants.
pub struct Tenant {
    pub slug: &'static str,
    pub name: &'static str,
    pub region: &'static str,
    /// The part of e-mail addresses behind the @.
    pub domain: &'static str,
    /// The first two are connected to the first two agents, the others to nobody.
    pub lines: [&'static str; 4],
    pub contacts: &'static [Contact],
}

/// Lines that nobody has yet.
pub const POOL: [&str; 10] = [
    "+33199000101",
    "+33199000102",
    "+33199000103",
    "+33199000104",
    "+33199000105",
    "+33199000106",
    "+33199000107",
    "+33199000108",
    "+33199000109",
    "+33199000110",
];

/// The people of each tenant: local part of the address, name, role, extension.
pub const PEOPLE: [(&str, &str, &str, Option<&str>); 11] = [
    ("owner", "Olivia Owner", "org_owner", None),
    ("admin", "Adrian Admin", "org_admin", None),
    ("supervisor", "Sofia Supervisor", "supervisor", None),
    ("corporate", "Carl Corporate", "corporate", None),
    ("member", "Mia Member", "member", None),
    ("client", "Cleo Client", "client", None),
    ("agent1", "Anna Agent", "agent", Some("201")),
    ("agent2", "Ben Becker", "agent", Some("202")),
    ("agent3", "Chloé Caron", "agent", Some("203")),
    ("agent4", "Dawit Desta", "agent", Some("204")),
    ("agent5", "Eva Engel", "agent", Some("205")),
];

/// The connections of each tenant: kind and name.
pub const CONNECTIONS: [(&str, &str); 7] = [
    ("generic", "Demo switchboard"),
    ("twilio", "Demo Twilio"),
    ("telnyx", "Demo Telnyx"),
    ("vonage", "Demo Vonage"),
    ("plivo", "Demo Plivo"),
    ("sipgate", "Demo sipgate"),
    ("zammad", "Demo PBX (Zammad-style)"),
];

/// A contact.
pub struct Contact {
    pub kind: Kind,
    pub name: &'static str,
    pub gender: Option<&'static str>,
    pub email: Option<&'static str>,
    /// The last four digits behind +3363998.
    pub phones: &'static [&'static str],
    pub active: bool,
}

/// What it is.
pub enum Kind {
    Organization,
    /// Of the organization of this name, which stands before it.
    PersonOf(&'static str),
    Individual,
    Email,
}

const FEMALE: Option<&str> = Some("Female");
const MALE: Option<&str> = Some("Male");

const fn organization(
    name: &'static str,
    email: Option<&'static str>,
    phones: &'static [&'static str],
) -> Contact {
    Contact { kind: Kind::Organization, name, gender: None, email, phones, active: true }
}

const fn person_of(
    organization: &'static str,
    name: &'static str,
    gender: Option<&'static str>,
    email: Option<&'static str>,
    phones: &'static [&'static str],
) -> Contact {
    Contact { kind: Kind::PersonOf(organization), name, gender, email, phones, active: true }
}

const fn individual(
    name: &'static str,
    gender: Option<&'static str>,
    email: Option<&'static str>,
    phones: &'static [&'static str],
) -> Contact {
    Contact { kind: Kind::Individual, name, gender, email, phones, active: true }
}

const fn by_mail(name: &'static str, email: &'static str, phones: &'static [&'static str]) -> Contact {
    Contact { kind: Kind::Email, name, gender: None, email: Some(email), phones, active: true }
}

const fn gone(contact: Contact) -> Contact {
    Contact { active: false, ..contact }
}

/// The two tenants. Some numbers of the first are in the second too, with other owners: nothing may leak across.
pub const TENANTS: [Tenant; 2] = [
    Tenant {
        slug: "demo",
        name: "Demo",
        region: "FR",
        domain: "demo.example",
        lines: ["+33199000001", "+33199000002", "+33199000003", "+33199000004"],
        contacts: &[
            organization("Boulangerie Martin", Some("bonjour@martin.example"), &["0001", "0002"]),
            person_of(
                "Boulangerie Martin",
                "Claire Martin",
                FEMALE,
                Some("claire@martin.example"),
                &["0003"],
            ),
            // Works at the counter phone: the organization's own number, shared by two people.
            person_of("Boulangerie Martin", "Luc Petit", MALE, None, &["0002"]),
            person_of("Boulangerie Martin", "Inès Roy", FEMALE, None, &["0002", "0004"]),
            organization("Garage Dupont & Fils", Some("atelier@dupont.example"), &["0010"]),
            person_of("Garage Dupont & Fils", "Jean Dupont", MALE, Some("jean@dupont.example"), &["0011"]),
            person_of("Garage Dupont & Fils", "Élodie Dupont", FEMALE, None, &["0012"]),
            organization("Clinique du Parc", Some("accueil@parc.example"), &["0020", "0021", "0022"]),
            person_of("Clinique du Parc", "Dr Samuel Cohen", MALE, Some("cohen@parc.example"), &["0023"]),
            person_of("Clinique du Parc", "Nadia Benali", FEMALE, Some("benali@parc.example"), &["0024"]),
            organization("Hôtel Bellevue", Some("reception@bellevue.example"), &["0030"]),
            person_of("Hôtel Bellevue", "Margaux Lefèvre", FEMALE, None, &["0031"]),
            gone(organization("Librairie Ancienne", None, &["0040"])),
            individual("Paul Bernard", MALE, Some("paul.bernard@mail.example"), &["0101"]),
            individual("Amélie Rousseau", FEMALE, Some("amelie@mail.example"), &["0102", "0103"]),
            individual("Thomas Moreau", MALE, None, &["0104"]),
            // A household: one number, two people.
            individual("Sophie Laurent", FEMALE, None, &["0105"]),
            individual("Marc Laurent", MALE, None, &["0105"]),
            // A customer who also answers the garage's phone: the person of the organization comes first.
            individual("Julie Dupont", FEMALE, None, &["0011", "0106"]),
            individual("Kofi Mensah", MALE, Some("kofi@mail.example"), &["0107"]),
            individual("Zoé O'Connor-Nguyễn", FEMALE, None, &["0108"]),
            individual("Alex Garnier", Some("Other"), None, &["0109"]),
            individual("Hélène Faure", None, None, &["0110"]),
            gone(individual("Robert Vieux", MALE, None, &["0111"])),
            by_mail("Service achats Nordwind", "einkauf@nordwind.example", &["0201"]),
            by_mail("Pierre Lemoine", "pierre.lemoine@mail.example", &["0202"]),
            // Known from mail and as a customer: the customer comes first.
            by_mail("paul.b", "pb@mail.example", &["0101"]),
        ],
    },
    Tenant {
        slug: "rival",
        name: "Rival",
        region: "FR",
        domain: "rival.example",
        lines: ["+33199000011", "+33199000012", "+33199000013", "+33199000014"],
        contacts: &[
            organization("Rival Logistique", Some("quai@logistique.example"), &["1001"]),
            person_of("Rival Logistique", "Yann Le Goff", MALE, None, &["1002"]),
            individual("Camille Perrin", FEMALE, None, &["1003"]),
            individual("Noah Schmitt", MALE, None, &["1004"]),
            // The same numbers as contacts of the first tenant, under other names.
            individual("Rosa Rivale", FEMALE, None, &["0101"]),
            organization("Rival Farine", None, &["0001"]),
            by_mail("Contact Rival", "contact@mail.example", &["1005"]),
        ],
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_occurs_and_some_numbers_are_shared() {
        for tenant in &TENANTS {
            let is = |wanted: fn(&Kind) -> bool| tenant.contacts.iter().any(|contact| wanted(&contact.kind));
            assert!(is(|kind| matches!(kind, Kind::Organization)));
            assert!(is(|kind| matches!(kind, Kind::PersonOf(_))));
            assert!(is(|kind| matches!(kind, Kind::Individual)));
            assert!(is(|kind| matches!(kind, Kind::Email)));
        }
        let all: Vec<&str> = TENANTS[0].contacts.iter().flat_map(|contact| contact.phones).copied().collect();
        assert!(all.iter().collect::<BTreeSet<_>>().len() < all.len());
        assert!(TENANTS[0].contacts.iter().any(|contact| !contact.active));
    }

    #[test]
    fn people_of_organizations_come_after_them_and_numbers_have_four_digits() {
        for tenant in &TENANTS {
            let mut organizations = BTreeSet::new();
            for contact in tenant.contacts {
                match contact.kind {
                    Kind::Organization => assert!(organizations.insert(contact.name)),
                    Kind::PersonOf(organization) => assert!(organizations.contains(organization)),
                    Kind::Email => assert!(contact.email.is_some()),
                    Kind::Individual => {}
                }
                assert!(
                    contact
                        .phones
                        .iter()
                        .all(|phone| phone.len() == 4 && phone.bytes().all(|byte| byte.is_ascii_digit()))
                );
            }
        }
    }

    #[test]
    fn no_line_is_there_twice() {
        let lines: Vec<&str> = TENANTS.iter().flat_map(|tenant| tenant.lines).chain(POOL).collect();
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len());
        assert!(lines.iter().all(|line| line.len() == 12 && line.starts_with("+33199000")));
    }
}
