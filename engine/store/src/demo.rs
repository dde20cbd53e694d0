//! The rows of the demo: tenants, people, lines, connections and contacts that are made where they are absent and
//! left alone where they are there. The ids are the caller's (they stay over restarts); a row that another data
//! directory made in the same database is adopted under the id it has.

use sqlx::PgConnection;
use switchroom_core::{ConnectionId, NumberId, TenantId, UserId};
use uuid::Uuid;

use crate::db::{StoreError, TenantTx};

/// Who is there already, by e-mail.
pub async fn people_known(
    connection: &mut PgConnection,
    emails: &[String],
) -> Result<Vec<(String, UserId)>, StoreError> {
    let rows =
        sqlx::query!("SELECT email, id FROM users WHERE email = ANY($1) AND deleted_at IS NULL", emails)
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().map(|row| (row.email, UserId(row.id))).collect())
}

/// One person of the demo.
#[derive(Debug, Clone)]
pub struct Person {
    /// The id to make the row with.
    pub id: UserId,
    /// In lower case.
    pub email: String,
    /// As shown.
    pub name: String,
    /// Argon2id; null leaves what is there, and makes a person who cannot sign in by password.
    pub password_hash: Option<String>,
    /// Whether the platform is theirs.
    pub platform_admin: bool,
    /// SHA-256 of the API token.
    pub token_hash: Vec<u8>,
    /// The id to make the token's row with.
    pub token_id: Uuid,
}

/// A person's place in a tenant.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The id to make the row with.
    pub id: Uuid,
    /// Who.
    pub user: UserId,
    /// As what; a word of the schema's list.
    pub role: &'static str,
    /// Internal address.
    pub extension: Option<String>,
}

/// Makes people, or sets the password of those there; answers everybody's id, in order.
pub async fn people(connection: &mut PgConnection, people: &[Person]) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.id.0).collect();
    let emails: Vec<String> = people.iter().map(|person| person.email.clone()).collect();
    let names: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    let hashes: Vec<Option<String>> = people.iter().map(|person| person.password_hash.clone()).collect();
    let admins: Vec<bool> = people.iter().map(|person| person.platform_admin).collect();
    sqlx::query!(
        "INSERT INTO users (id, email, name, password_hash, is_platform_admin)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bool[])
         ON CONFLICT (email) WHERE deleted_at IS NULL DO UPDATE SET password_hash = excluded.password_hash
         WHERE excluded.password_hash IS NOT NULL",
        &ids,
        &emails,
        &names,
        &hashes as &[Option<String>],
        &admins,
    )
    .execute(&mut *connection)
    .await?;
    let known: std::collections::HashMap<String, UserId> =
        people_known(connection, &emails).await?.into_iter().collect();
    Ok(people.iter().map(|person| known.get(&person.email).copied().unwrap_or(person.id)).collect())
}

/// Gives people their place in a tenant, where they have none.
pub async fn memberships(
    connection: &mut PgConnection,
    tenant: TenantId,
    members: &[Membership],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = members.iter().map(|member| member.id).collect();
    let users: Vec<Uuid> = members.iter().map(|member| member.user.0).collect();
    let roles: Vec<String> = members.iter().map(|member| member.role.to_owned()).collect();
    let extensions: Vec<Option<String>> = members.iter().map(|member| member.extension.clone()).collect();
    sqlx::query!(
        "INSERT INTO memberships (id, tenant_id, user_id, role, extension)
         SELECT id, $1, user_id, role, extension
         FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS new (id, user_id, role, extension)
         ON CONFLICT DO NOTHING",
        tenant.0,
        &ids,
        &users,
        &roles,
        &extensions as &[Option<String>],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes the API tokens of people, where they are absent. `users` are the ids [`people`] answered.
pub async fn tokens(
    connection: &mut PgConnection,
    tenant: Option<TenantId>,
    people: &[Person],
    users: &[UserId],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = people.iter().map(|person| person.token_id).collect();
    let users: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    let hashes: Vec<Vec<u8>> = people.iter().map(|person| person.token_hash.clone()).collect();
    sqlx::query!(
        "INSERT INTO api_tokens (id, tenant_id, user_id, name, token_hash)
         SELECT id, $1, user_id, 'demo', hash FROM unnest($2::uuid[], $3::uuid[], $4::bytea[]) AS new (id, user_id, hash)
         ON CONFLICT DO NOTHING",
        tenant.map(|tenant| tenant.0),
        &ids,
        &users,
        &hashes,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Makes a line, of a tenant or of the pool, where it is absent.
pub async fn number(
    connection: &mut PgConnection,
    id: NumberId,
    number: &str,
    country: &str,
    tenant: Option<TenantId>,
    user: Option<UserId>,
) -> Result<(), StoreError> {
    let made = sqlx::query!(
        "INSERT INTO phone_numbers (id, number, country, tenant_id, status, user_id, monthly_cost, currency, provider)
         VALUES ($1, $2, $3, $4, $5, $6, 1.50, 'EUR', 'demo') ON CONFLICT (number) DO NOTHING",
        id.0,
        number,
        country,
        tenant.map(|tenant| tenant.0),
        if tenant.is_some() { "assigned" } else { "available" },
        user.map(|user| user.0),
    )
    .execute(&mut *connection)
    .await?;
    if let Some(tenant) = tenant
        && made.rows_affected() == 1
    {
        sqlx::query!("INSERT INTO number_assignments (tenant_id, number_id) VALUES ($1, $2)", tenant.0, id.0)
            .execute(&mut *connection)
            .await?;
        if let Some(user) = user {
            sqlx::query!(
                "INSERT INTO number_connections (tenant_id, number_id, user_id) VALUES ($1, $2, $3)",
                tenant.0,
                id.0,
                user.0,
            )
            .execute(connection)
            .await?;
        }
    }
    Ok(())
}

/// A connection with what was sealed for it.
#[derive(Debug, Clone)]
pub struct Connection<'a> {
    /// The id to make the row with.
    pub id: ConnectionId,
    /// A word of the schema's list.
    pub kind: &'a str,
    /// As shown.
    pub name: &'a str,
    /// SHA-256 of the path key.
    pub hook_key_hash: &'a [u8],
    /// The path key, sealed.
    pub hook_key: &'a [u8],
    /// The credentials, sealed.
    pub credentials: &'a [u8],
    /// The key that sealed them.
    pub key_id: &'a str,
}

/// Makes a connection where the tenant has none of this kind and name; one made by another data directory gets our
/// key and credentials, because its own are unknown here.
pub async fn connection(
    connection: &mut PgConnection,
    tenant: TenantId,
    new: &Connection<'_>,
) -> Result<ConnectionId, StoreError> {
    let known = sqlx::query_scalar!(
        "SELECT id FROM connections WHERE tenant_id = $1 AND kind = $2 AND name = $3 AND deleted_at IS NULL
         ORDER BY (id = $4) DESC, created_at LIMIT 1",
        tenant.0,
        new.kind,
        new.name,
        new.id.0,
    )
    .fetch_optional(&mut *connection)
    .await?;
    match known {
        Some(id) if id == new.id.0 => Ok(ConnectionId(id)),
        Some(id) => {
            sqlx::query!(
                "UPDATE connections SET hook_key_hash = $2, hook_key = $3, credentials = $4, key_id = $5, version = version + 1
                 WHERE id = $1",
                id,
                new.hook_key_hash,
                new.hook_key,
                new.credentials,
                new.key_id,
            )
            .execute(connection)
            .await?;
            Ok(ConnectionId(id))
        }
        None => {
            sqlx::query!(
                "INSERT INTO connections (id, tenant_id, kind, name, hook_key_hash, hook_key, credentials, key_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
                new.id.0,
                tenant.0,
                new.kind,
                new.name,
                new.hook_key_hash,
                new.hook_key,
                new.credentials,
                new.key_id,
            )
            .execute(connection)
            .await?;
            Ok(new.id)
        }
    }
}

/// A contact of any kind; the kind follows from what is there.
#[derive(Debug, Clone)]
pub struct Contact {
    /// The id to make the row with.
    pub id: Uuid,
    /// What the contact is.
    pub kind: ContactKind,
    /// Name of the person or of the organization.
    pub name: String,
    /// Of people.
    pub gender: Option<&'static str>,
    /// Where they write from; an e-mail contact must have one.
    pub email: Option<String>,
    /// E.164, the first one being the primary number.
    pub phones: Vec<String>,
    /// Whether they are still customers.
    pub active: bool,
}

/// The four kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactKind {
    /// A company.
    Organization,
    /// A person of one, given by its id.
    OrganizationContact(Uuid),
    /// A person.
    Individual,
    /// Somebody known from mail.
    EmailContact,
}

/// Makes a contact with its numbers, where it is absent (a deleted one stays deleted).
pub async fn contact(tx: &mut TenantTx, new: &Contact) -> Result<(), StoreError> {
    let tenant = tx.tenant().0;
    let (id, name, email) = (new.id, new.name.as_str(), new.email.as_deref());
    let made = match new.kind {
        ContactKind::Organization => {
            sqlx::query!(
                "INSERT INTO organizations (id, tenant_id, name, email, is_active, status) VALUES ($1, $2, $3, $4, $5, CASE WHEN $5 THEN 'active' ELSE 'inactive' END)
                 ON CONFLICT DO NOTHING",
                id,
                tenant,
                name,
                email,
                new.active
            )
            .execute(&mut **tx)
            .await?
        }
        ContactKind::OrganizationContact(organization) => {
            sqlx::query!(
                "INSERT INTO organization_contacts (id, tenant_id, organization_id, full_name, gender, email, is_active, status)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, CASE WHEN $7 THEN 'active' ELSE 'inactive' END) ON CONFLICT DO NOTHING",
                id,
                tenant,
                organization,
                name,
                new.gender,
                email,
                new.active
            )
            .execute(&mut **tx)
            .await?
        }
        ContactKind::Individual => {
            sqlx::query!(
                "INSERT INTO individuals (id, tenant_id, full_name, gender, email, is_active, status)
                 VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $6 THEN 'active' ELSE 'inactive' END) ON CONFLICT DO NOTHING",
                id,
                tenant,
                name,
                new.gender,
                email,
                new.active
            )
            .execute(&mut **tx)
            .await?
        }
        ContactKind::EmailContact => {
            sqlx::query!(
                "INSERT INTO email_contacts (id, tenant_id, name, email, is_active, status) VALUES ($1, $2, $3, $4, $5, CASE WHEN $5 THEN 'active' ELSE 'inactive' END)
                 ON CONFLICT DO NOTHING",
                id,
                tenant,
                name,
                email.unwrap_or_default(),
                new.active
            )
            .execute(&mut **tx)
            .await?
        }
    };
    if made.rows_affected() == 0 {
        return Ok(());
    }
    let owner = |kind: bool| kind.then_some(id);
    if let Some(email) = email {
        sqlx::query!(
            "INSERT INTO contact_emails (tenant_id, email, is_primary, organization_contact_id, organization_id,
                                         individual_id, email_contact_id)
             VALUES ($1, $2, true, $3, $4, $5, $6)",
            tenant,
            email,
            owner(matches!(new.kind, ContactKind::OrganizationContact(_))),
            owner(new.kind == ContactKind::Organization),
            owner(new.kind == ContactKind::Individual),
            owner(new.kind == ContactKind::EmailContact),
        )
        .execute(&mut **tx)
        .await?;
    }
    for (position, phone) in (0_i16..).zip(&new.phones) {
        sqlx::query!(
            "INSERT INTO contact_phones (tenant_id, e164, raw, is_primary, position, organization_contact_id, organization_id,
                                         individual_id, email_contact_id)
             VALUES ($1, $2, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
            tenant,
            phone,
            position == 0,
            position,
            owner(matches!(new.kind, ContactKind::OrganizationContact(_))),
            owner(new.kind == ContactKind::Organization),
            owner(new.kind == ContactKind::Individual),
            owner(new.kind == ContactKind::EmailContact),
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}
