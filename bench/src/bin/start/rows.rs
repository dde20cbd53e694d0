//! Contacts: 70 % individuals, 20 % contacts of organizations, 10 % organizations, a number each.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use switchroom_bench::{number, postgres::Socket};
use uuid::Uuid;

/// For a database that is only read from then on: without what rows cost beyond themselves.
pub fn make_readable_only(socket: &Socket) -> anyhow::Result<()> {
    socket.sql(
        "DROP INDEX organizations_search, individuals_search, organization_contacts_search, email_contacts_search",
    )?;
    Ok(())
}

/// Rows `from..to` of the demo's tenant, made within Postgres. Ids are spread as random ones are.
pub fn generate(socket: &Socket, from: u64, to: u64) -> anyhow::Result<()> {
    socket.sql(&format!(
        "SET session_replication_role = replica;
         CREATE TEMPORARY TABLE fresh AS
             SELECT n, md5(n::text)::uuid AS id, (SELECT id FROM tenants WHERE slug = 'demo') AS tenant,
                    '+' || 33600000000 + n AS e164, 'caller' || n || '@customer.example' AS email
               FROM generate_series({from}, {to} - 1) n;
         INSERT INTO organizations (id, tenant_id, name, email)
             SELECT id, tenant, 'Organization ' || n, email FROM fresh WHERE n % 10 = 9;
         INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name, email)
             SELECT id, tenant, md5((n - n % 10 + 9)::text)::uuid, 'Caller ' || n, email FROM fresh WHERE n % 10 IN (7, 8);
         INSERT INTO individuals (id, tenant_id, full_name, email)
             SELECT id, tenant, 'Caller ' || n, email FROM fresh WHERE n % 10 < 7;
         INSERT INTO contact_phones (tenant_id, e164, raw, is_primary, organization_contact_id, organization_id, individual_id)
             SELECT tenant, e164, e164, true, CASE WHEN n % 10 IN (7, 8) THEN id END, CASE n % 10 WHEN 9 THEN id END,
                    CASE WHEN n % 10 < 7 THEN id END
               FROM fresh ORDER BY md5(id::text)",
    ))?;
    socket.sql("VACUUM ANALYZE organizations")?;
    socket.sql("VACUUM ANALYZE organization_contacts")?;
    socket.sql("VACUUM ANALYZE individuals")?;
    socket.sql("VACUUM ANALYZE contact_phones")?;
    Ok(())
}

/// A file as somebody would import it: national numbers with separators where they are French, organizations by name.
pub fn write_csv(path: &Path, rows: std::ops::Range<u64>) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "kind,name,organization,email,phone")?;
    for n in rows {
        let (kind, name, organization) = words(n);
        let organization = organization.unwrap_or_default();
        writeln!(file, "{kind},{name},{organization},caller{n}@customer.example,{}", raw(n))?;
    }
    file.flush()?;
    Ok(())
}

fn words(n: u64) -> (&'static str, String, Option<String>) {
    match n % 10 {
        9 => ("organization", format!("Organization {n}"), None),
        7 | 8 => {
            let organization = format!("Organization {}", n - n % 10 + 9);
            ("organization_contact", format!("Caller {n}"), Some(organization))
        }
        _ => ("individual", format!("Caller {n}"), None),
    }
}

fn raw(n: u64) -> String {
    let number = number(n).to_string();
    match number.strip_prefix("+33") {
        Some(national) => format!("0{} {}", &national[..1], &national[1..]),
        None => number,
    }
}

/// The same rows for plain COPYs into the same tables.
pub struct Copies {
    pub organizations: String,
    pub contacts: String,
    pub individuals: String,
    pub phones: String,
    /// Their addresses, which have a table of their own too.
    pub emails: String,
}

impl Copies {
    pub fn of(tenant: &str, rows: std::ops::Range<u64>) -> Self {
        let mut copies = Self {
            organizations: String::new(),
            contacts: String::new(),
            individuals: String::new(),
            phones: String::new(),
            emails: String::new(),
        };
        let mut last = Vec::new();
        for n in rows {
            let id = Uuid::now_v7();
            let (kind, name, _) = words(n);
            let email = format!("caller{n}@customer.example");
            let address = email.clone();
            let mut owner = ["\\N".to_owned(), "\\N".to_owned(), "\\N".to_owned()];
            let _ = match kind {
                "organization" => {
                    owner[1] = id.to_string();
                    for (contact, name, email) in last.drain(..) {
                        let _ =
                            writeln!(copies.contacts, "{contact}\t{tenant}\t{id}\t{name}\t{email}\timport");
                    }
                    writeln!(copies.organizations, "{id}\t{tenant}\t{name}\t{email}\timport")
                }
                "organization_contact" => {
                    owner[0] = id.to_string();
                    last.push((id, name, email));
                    Ok(())
                }
                _ => {
                    owner[2] = id.to_string();
                    writeln!(copies.individuals, "{id}\t{tenant}\t{name}\t{email}\timport")
                }
            };
            let owner = owner.join("\t");
            let _ = writeln!(copies.phones, "{tenant}\t{}\t{}\tt\t{owner}", number(n), raw(n));
            let _ = writeln!(copies.emails, "{tenant}\t{address}\tt\t{owner}");
        }
        copies
    }

    pub fn run(&self, socket: &Socket) -> anyhow::Result<()> {
        for (sql, rows) in [
            ("COPY organizations (id, tenant_id, name, email, provenance) FROM STDIN", &self.organizations),
            (
                "COPY organization_contacts (id, tenant_id, organization_id, full_name, email, provenance) FROM STDIN",
                &self.contacts,
            ),
            ("COPY individuals (id, tenant_id, full_name, email, provenance) FROM STDIN", &self.individuals),
            (
                "COPY contact_phones (tenant_id, e164, raw, is_primary, organization_contact_id, organization_id, individual_id) FROM STDIN",
                &self.phones,
            ),
            (
                "COPY contact_emails (tenant_id, email, is_primary, organization_contact_id, organization_id, individual_id) FROM STDIN",
                &self.emails,
            ),
        ] {
            socket.copy(sql, std::iter::once(rows.as_str()))?;
        }
        Ok(())
    }
}
