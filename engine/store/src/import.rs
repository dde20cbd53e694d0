//! Contacts by the thousand. Rows are copied into tables of the session (COPY is refused on tables with row security)
//! and move from there under the tenant's policy, a batch in one transaction.
//!
//! A row that is there already (a contact of the same kind, name and organization that has all of the row's numbers;
//! of a row without numbers, one with the same e-mail) is left out, so the same file may be imported twice.

use std::{collections::HashMap, fmt::Write as _};

use sqlx::{ConnectOptions, Connection, PgConnection};
use switchroom_core::{
    TenantId,
    directory::{ContactKind, import::ImportRow, standing::Standing},
};
use uuid::Uuid;

use crate::db::{Database, Role, StoreError};

/// A row with its place in the file.
#[derive(Clone, Debug)]
pub struct Numbered {
    pub line: u64,
    pub row: ImportRow,
}

/// What became of a batch, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    pub inserted: u64,
    /// Was there already.
    pub present: u64,
}

impl std::ops::AddAssign for Stored {
    fn add_assign(&mut self, more: Self) {
        self.inserted += more.inserted;
        self.present += more.present;
    }
}

/// What became of rows that were stored sparingly.
#[derive(Debug, Default)]
pub struct Sparing {
    pub stored: Stored,
    /// Places in the batch of rows that the database refused, and why.
    pub refused: Vec<(usize, String)>,
    /// The database was at fault, not the rows: what follows was not tried.
    pub failed: Option<StoreError>,
}

/// What stores rows: all it is given or, on an error, none.
pub trait RowStore: Send {
    type Row: Send + Sync;

    fn store(&mut self, rows: &[Self::Row]) -> impl Future<Output = Result<Stored, StoreError>> + Send;
}

/// Stores rows; where the database refuses them, half by half, so that one bad row costs no other.
pub async fn sparing<S: RowStore>(store: &mut S, rows: &[S::Row]) -> Sparing {
    let mut outcome = Sparing::default();
    let mut parts = Vec::new();
    parts.push(0..rows.len());
    while let Some(part) = parts.pop() {
        if part.is_empty() {
            continue;
        }
        match store.store(&rows[part.clone()]).await {
            Ok(stored) => outcome.stored += stored,
            Err(error) if is_refusal(&error) && part.len() == 1 => {
                outcome.refused.push((part.start, format!("refused by the database: {error}")));
            }
            Err(error) if is_refusal(&error) => {
                let middle = part.start + part.len() / 2;
                // The first half comes first.
                parts.extend([middle..part.end, part.start..middle]);
            }
            Err(error) => {
                outcome.failed = Some(error);
                break;
            }
        }
    }
    outcome
}

/// Whether the rows are at fault, not the database.
fn is_refusal(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Conflict { .. }
            | StoreError::Reference { .. }
            | StoreError::Check { .. }
            | StoreError::Other(_)
    )
}

/// One import: a connection of its own, since its tables are the session's.
pub struct Import {
    connection: PgConnection,
    tenant: TenantId,
    /// Organizations by [`key`], the oldest of each.
    organizations: HashMap<String, Uuid>,
    /// Rows of the batch that the planner was told of.
    analyzed: usize,
}

impl Import {
    pub async fn begin(db: &Database, tenant: TenantId) -> Result<Self, StoreError> {
        let mut connection = db.options(Role::App).connect().await?;
        // Two imports at once into one tenant would both find a contact absent.
        sqlx::query("SELECT set_config('app.tenant_id', $1, false), pg_advisory_lock(hashtextextended('switchroom import ' || $1, 0))")
            .bind(tenant.to_string())
            .execute(&mut connection)
            .await?;
        // What is there already is looked up by index, whatever the planner believes: a plan made while the tables are
        // empty would look through all of them for every batch of a file that fills them.
        sqlx::raw_sql(
            "SET enable_seqscan = off;
             CREATE TEMPORARY TABLE import_rows (
                 line bigint NOT NULL, id uuid NOT NULL, kind text NOT NULL, name text NOT NULL,
                 organization_id uuid, gender text, email text, dob date, tax_id text,
                 address text, city text, state text, country text, status text NOT NULL, custom jsonb NOT NULL)
                 ON COMMIT DELETE ROWS;
             CREATE TEMPORARY TABLE import_phones (
                 line bigint NOT NULL, position smallint NOT NULL, e164 text NOT NULL, raw text NOT NULL, label text)
                 ON COMMIT DELETE ROWS;
             CREATE TEMPORARY TABLE import_emails (line bigint NOT NULL, position smallint NOT NULL, email text NOT NULL)
                 ON COMMIT DELETE ROWS;
             -- With the addresses beside the first as the contact's own row repeats them, for searching.
             CREATE TEMPORARY VIEW import_contacts AS
             SELECT r.*, coalesce(e.others, '') AS others FROM import_rows r
               LEFT JOIN (SELECT line, string_agg(lower(email), ' ' ORDER BY position) AS others FROM import_emails GROUP BY line) e USING (line)",
        )
        .execute(&mut connection)
        .await?;
        let known = sqlx::query!(
            "SELECT name, id FROM organizations WHERE tenant_id = $1 AND deleted_at IS NULL
              ORDER BY created_at DESC, id DESC",
            tenant.0
        )
        .fetch_all(&mut connection)
        .await?;
        // Later entries win, and the oldest comes last.
        let organizations = known.into_iter().map(|row| (key(&row.name), row.id)).collect();
        Ok(Self { connection, tenant, organizations, analyzed: 0 })
    }

    async fn store_all(&mut self, rows: &[Numbered]) -> Result<Stored, StoreError> {
        let mut fresh: HashMap<String, Uuid> = HashMap::new();
        let mut text = Text::default();
        let mut seen = std::collections::HashSet::new();
        let mut twice = 0;
        // Organizations of the batch first, so that a contact above its organization does not make a second one.
        let organization_ids: HashMap<u64, Uuid> = rows
            .iter()
            .filter(|numbered| numbered.row.kind == ContactKind::Organization)
            .map(|numbered| (numbered.line, Uuid::now_v7()))
            .collect();
        for Numbered { line, row } in
            rows.iter().filter(|numbered| numbered.row.kind == ContactKind::Organization)
        {
            let key = key(&row.name);
            if !self.organizations.contains_key(&key) {
                fresh.entry(key).or_insert(organization_ids[line]);
            }
        }
        for Numbered { line, row } in rows {
            let mut numbers: Vec<_> = row.phones.iter().map(|phone| phone.e164).collect();
            numbers.sort_unstable();
            let email = numbers.is_empty().then(|| row.email.clone());
            if !seen.insert((row.kind, &row.name, row.organization.as_deref().map(key), numbers, email)) {
                twice += 1;
                continue;
            }
            let id = organization_ids.get(line).copied().unwrap_or_else(Uuid::now_v7);
            let organization = row.organization.as_ref().map(|name| {
                let key = key(name);
                match self.organizations.get(&key).or_else(|| fresh.get(&key)) {
                    Some(known) => *known,
                    None => {
                        let made = Uuid::now_v7();
                        // A line of its own below those of the file.
                        text.parent(-(fresh.len() as i64) - 1, made, name);
                        fresh.insert(key, made);
                        made
                    }
                }
            });
            let line = i64::try_from(*line).unwrap_or(i64::MAX);
            text.row(line, id, organization, row);
            for (position, email) in row.other_emails.iter().enumerate() {
                text.email(line, position + 1, email);
            }
            for (position, phone) in row.phones.iter().enumerate() {
                text.phone(line, position, &phone.e164.to_string(), &phone.raw, phone.label.as_deref());
            }
        }
        let parents = text.parents;
        let tenant = self.tenant.0;
        let mut tx = self.connection.begin().await?;
        copy(
            &mut tx,
            "COPY import_rows (line, id, kind, name, organization_id, gender, email, dob, tax_id, address, city, state, country, status, custom) FROM STDIN",
            &text.rows,
        )
        .await?;
        if !text.emails.is_empty() {
            copy(&mut tx, "COPY import_emails FROM STDIN", &text.emails).await?;
        }
        copy(&mut tx, "COPY import_phones FROM STDIN", &text.phones).await?;
        // The planner knows nothing of tables that were just filled; a batch of about the same size is like the last.
        if rows.len() > self.analyzed * 2 {
            sqlx::raw_sql("ANALYZE import_rows; ANALYZE import_phones").execute(&mut *tx).await?;
            self.analyzed = rows.len();
        }
        let present = sqlx::query(REMOVE_PRESENT).bind(tenant).execute(&mut *tx).await?.rows_affected();
        let mut inserted = 0;
        for statement in INSERT_CONTACTS {
            inserted += sqlx::query(statement).bind(tenant).execute(&mut *tx).await?.rows_affected();
        }
        sqlx::query(INSERT_EMAILS).bind(tenant).execute(&mut *tx).await?;
        sqlx::query(INSERT_PHONES).bind(tenant).execute(&mut *tx).await?;
        tx.commit().await?;
        // None of these was there before, so none was left out as present.
        self.organizations.extend(fresh);
        Ok(Stored { inserted: inserted - parents, present: present + twice })
    }

    /// Notes the import in the audit log, and ends it.
    pub async fn end(mut self, file: &str, stored: Stored, rejected: u64) -> Result<(), StoreError> {
        crate::audit::record(
            &mut self.connection,
            &crate::audit::Entry {
                tenant: Some(self.tenant),
                action: "contacts.imported",
                subject: Some(file),
                detail: Some(serde_json::json!({
                    "inserted": stored.inserted, "present": stored.present, "rejected": rejected,
                })),
                ..Default::default()
            },
        )
        .await?;
        Ok(self.connection.close().await?)
    }
}

impl RowStore for Import {
    type Row = Numbered;

    async fn store(&mut self, rows: &[Numbered]) -> Result<Stored, StoreError> {
        self.store_all(rows).await
    }
}

/// Rows for which a contact exists with the same kind, name, organization and all of the numbers.
const REMOVE_PRESENT: &str = "
WITH wanted AS (SELECT line, count(*) AS numbers FROM import_phones GROUP BY line),
owners AS (
    -- OFFSET 0: one look into the index for each number, never a join with all numbers of the tenant.
    SELECT p.line, c.owner FROM import_phones p CROSS JOIN LATERAL (
        SELECT coalesce(c.organization_contact_id, c.organization_id, c.individual_id, c.email_contact_id) AS owner
          FROM contact_phones c WHERE c.tenant_id = $1 AND c.e164 = p.e164 OFFSET 0) c
),
-- Of rows without numbers; of others it would be folded for nothing.
bare AS MATERIALIZED (
    SELECT r.*, lower(regexp_replace(btrim(r.name), '\\s+', ' ', 'g')) AS folded FROM import_rows r
     WHERE r.line > 0 AND NOT EXISTS (SELECT FROM wanted w WHERE w.line = r.line)
),
complete AS (
    SELECT o.line, o.owner FROM owners o JOIN wanted w USING (line)
     GROUP BY o.line, o.owner, w.numbers HAVING count(*) = w.numbers
),
present AS (
    SELECT r.line FROM import_rows r JOIN complete o USING (line) WHERE
        CASE r.kind
        WHEN 'organization' THEN EXISTS (SELECT FROM organizations c WHERE c.id = o.owner AND c.name = r.name AND c.deleted_at IS NULL)
        WHEN 'organization_contact' THEN EXISTS (SELECT FROM organization_contacts c WHERE c.id = o.owner AND c.full_name = r.name
                                                    AND c.organization_id = r.organization_id AND c.deleted_at IS NULL)
        WHEN 'individual' THEN EXISTS (SELECT FROM individuals c WHERE c.id = o.owner AND c.full_name = r.name AND c.deleted_at IS NULL)
        ELSE EXISTS (SELECT FROM email_contacts c WHERE c.id = o.owner AND c.name = r.name AND c.deleted_at IS NULL) END
    UNION
    SELECT r.line FROM bare r WHERE
        CASE r.kind
        WHEN 'organization' THEN EXISTS (SELECT FROM organizations c WHERE c.tenant_id = $1 AND c.deleted_at IS NULL AND c.sort_name = r.folded AND c.name = r.name
             AND lower(coalesce(c.email, '')) = lower(coalesce(r.email, '')))
        WHEN 'organization_contact' THEN EXISTS (SELECT FROM organization_contacts c WHERE c.tenant_id = $1 AND c.deleted_at IS NULL
             AND c.organization_id = r.organization_id AND c.full_name = r.name AND lower(coalesce(c.email, '')) = lower(coalesce(r.email, '')))
        WHEN 'individual' THEN EXISTS (SELECT FROM individuals c WHERE c.tenant_id = $1 AND c.deleted_at IS NULL AND c.sort_name = r.folded AND c.full_name = r.name
             AND lower(coalesce(c.email, '')) = lower(coalesce(r.email, '')))
        ELSE EXISTS (SELECT FROM email_contacts c WHERE c.tenant_id = $1 AND c.deleted_at IS NULL AND c.sort_name = r.folded AND c.name = r.name
             AND lower(c.email) = lower(coalesce(r.email, ''))) END
)
DELETE FROM import_rows r USING present WHERE r.line = present.line";

/// Parents before those who refer to them.
const INSERT_CONTACTS: [&str; 4] = [
    "INSERT INTO organizations (id, tenant_id, name, email, other_emails, tax_id, address, city, state, country, status, is_active, custom, provenance)
     SELECT id, $1, name, email, others, tax_id, address, city, state, country, status, status IN ('pending', 'active'), custom, 'import' FROM import_contacts WHERE kind = 'organization' ORDER BY id",
    "INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name, gender, email, other_emails, address, city, state, country, status, is_active, custom, provenance)
     SELECT id, $1, organization_id, name, gender, email, others, address, city, state, country, status, status IN ('pending', 'active'), custom, 'import' FROM import_contacts WHERE kind = 'organization_contact' ORDER BY id",
    "INSERT INTO individuals (id, tenant_id, full_name, gender, email, other_emails, dob, address, city, state, country, status, is_active, custom, provenance)
     SELECT id, $1, name, gender, email, others, dob, address, city, state, country, status, status IN ('pending', 'active'), custom, 'import' FROM import_contacts WHERE kind = 'individual' ORDER BY id",
    "INSERT INTO email_contacts (id, tenant_id, name, email, other_emails, status, is_active, custom, provenance)
     SELECT id, $1, name, email, others, status, status IN ('pending', 'active'), custom, 'import' FROM import_contacts WHERE kind = 'email_contact' ORDER BY id",
];

const INSERT_EMAILS: &str = "
INSERT INTO contact_emails (tenant_id, email, is_primary, position, organization_contact_id, organization_id, individual_id, email_contact_id)
SELECT $1, e.email, e.position = 0, e.position,
       CASE r.kind WHEN 'organization_contact' THEN r.id END, CASE r.kind WHEN 'organization' THEN r.id END,
       CASE r.kind WHEN 'individual' THEN r.id END, CASE r.kind WHEN 'email_contact' THEN r.id END
  FROM (SELECT line, 0 AS position, email FROM import_rows WHERE email IS NOT NULL
        UNION ALL SELECT line, position, email FROM import_emails) e
  JOIN import_rows r USING (line) ORDER BY r.id, e.position";

const INSERT_PHONES: &str = "
INSERT INTO contact_phones (tenant_id, e164, raw, label, is_primary, position,
                            organization_contact_id, organization_id, individual_id, email_contact_id)
SELECT $1, p.e164, p.raw, p.label, p.position = 0, p.position,
       CASE r.kind WHEN 'organization_contact' THEN r.id END, CASE r.kind WHEN 'organization' THEN r.id END,
       CASE r.kind WHEN 'individual' THEN r.id END, CASE r.kind WHEN 'email_contact' THEN r.id END
  FROM import_phones p JOIN import_rows r USING (line) ORDER BY r.id, p.position";

/// What organizations of an import are told apart by: the name, letter case and spacing apart. Those that are there are
/// folded here too, and not by the database, whose rules differ from Rust's.
fn key(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

async fn copy(connection: &mut PgConnection, statement: &'static str, text: &str) -> Result<(), StoreError> {
    let mut copy = connection.copy_in_raw(statement).await?;
    if let Err(error) = copy.send(text.as_bytes()).await {
        copy.abort("the rows could not be sent").await?;
        return Err(error.into());
    }
    copy.finish().await?;
    Ok(())
}

/// The tables in COPY's text format.
#[derive(Default)]
struct Text {
    rows: String,
    phones: String,
    emails: String,
    /// Organizations made for contacts that name them.
    parents: u64,
}

impl Text {
    /// An organization that a contact names and nobody has.
    fn parent(&mut self, line: i64, id: Uuid, name: &str) {
        self.parents += 1;
        let _ = write!(self.rows, "{line}\t{id}\t{}\t", ContactKind::Organization);
        escape(&mut self.rows, Some(name));
        // Nothing of what stands between the name and where it stands with us.
        let _ = writeln!(self.rows, "{}\t{}\t{{}}", "\t\\N".repeat(9), Standing::default().name());
    }

    fn row(&mut self, line: i64, id: Uuid, organization: Option<Uuid>, row: &ImportRow) {
        let rows = &mut self.rows;
        let _ = write!(rows, "{line}\t{id}\t{}\t", row.kind);
        escape(rows, Some(&row.name));
        rows.push('\t');
        match organization {
            Some(id) => {
                let _ = write!(rows, "{id}");
            }
            None => rows.push_str("\\N"),
        }
        for text in [row.gender, row.email.as_deref()] {
            rows.push('\t');
            escape(rows, text);
        }
        match row.dob {
            Some(date) => {
                let _ = write!(rows, "\t{date}");
            }
            None => rows.push_str("\t\\N"),
        }
        let place = &row.place;
        for text in [&row.tax_id, &place.address, &place.city, &place.state, &place.country] {
            rows.push('\t');
            escape(rows, text.as_deref());
        }
        let _ = write!(rows, "\t{}\t", row.standing.name());
        if row.custom.is_empty() {
            rows.push_str("{}");
        } else {
            escape(rows, Some(&serde_json::Value::Object(row.custom.clone()).to_string()));
        }
        rows.push('\n');
    }

    fn email(&mut self, line: i64, position: usize, email: &str) {
        let _ = write!(self.emails, "{line}\t{position}\t");
        escape(&mut self.emails, Some(email));
        self.emails.push('\n');
    }

    fn phone(&mut self, line: i64, position: usize, e164: &str, raw: &str, label: Option<&str>) {
        let _ = write!(self.phones, "{line}\t{position}\t{e164}\t");
        escape(&mut self.phones, Some(raw));
        self.phones.push('\t');
        escape(&mut self.phones, label);
        self.phones.push('\n');
    }
}

fn escape(out: &mut String, value: Option<&str>) {
    let Some(value) = value else {
        out.push_str("\\N");
        return;
    };
    for character in value.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
}
