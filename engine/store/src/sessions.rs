//! Who a presented credential belongs to: sessions of browsers and clients, and API tokens. Runs as the sign-in role,
//! because the tenant is only known once the credential was found.

use sqlx::{PgConnection, Postgres, QueryBuilder};
use switchroom_core::{Grants, Role, TenantId, UserId, role::Modules};
use uuid::Uuid;

use crate::{
    db::{StoreError, Timestamp},
    identity_providers,
    listing::{self, Order, Slice, Window},
};

/// SHA-256 of a token; the token itself is never stored.
pub type TokenHash = [u8; 32];

/// How long a browser may be idle before its cookie is good no more.
pub const COOKIE_IDLE_HOURS: i32 = 12;

/// A person and the place they are signed in to.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The session, or the API token.
    pub session: Uuid,
    pub is_api_token: bool,
    pub user: UserId,
    pub email: String,
    pub name: String,
    pub platform_admin: bool,
    /// None for a platform admin.
    pub seat: Option<Seat>,
    /// When the sign-in itself ends. A session outlives its access token, which is renewed meanwhile.
    pub ends_at: Option<Timestamp>,
    /// What an API token was made for; None = whatever its owner may.
    pub scopes: Option<Grants>,
    /// The tenant's identity provider that vouched for the session (or that in which the token was made), which is good
    /// in that tenant only.
    pub provider: Option<Uuid>,
}

/// A membership with what a request needs of its tenant.
#[derive(Clone, Debug)]
pub struct Seat {
    pub tenant: TenantId,
    pub slug: String,
    pub tenant_name: String,
    pub region: String,
    pub role: Role,
    /// A role of the tenant's own, whose base is `role`, and what it gives.
    pub own_role: Option<(Uuid, String, Grants)>,
    pub modules: Modules,
    pub extension: Option<String>,
    /// The tenant is suspended: nothing is done there.
    pub suspended: bool,
}

/// The live sign-in behind a token of any kind that may be presented with a request (access, cookie, API token).
/// None when unknown, expired, ended, or when the person or the membership is no longer active.
pub async fn find(connection: &mut PgConnection, token: &TokenHash) -> Result<Option<SignIn>, StoreError> {
    let row = sqlx::query!(
        r#"WITH credential AS (
               SELECT id, user_id, tenant_id, refresh_expires_at AS ends_at, false AS is_api_token, NULL::text[] AS scopes, provider_id
                 FROM sessions WHERE access_hash = $1 AND ended_at IS NULL AND access_expires_at > now()
               UNION ALL
               SELECT id, user_id, tenant_id, refresh_expires_at, false, NULL, provider_id
                 FROM sessions WHERE cookie_hash = $1 AND ended_at IS NULL AND refresh_expires_at > now()
                  AND last_seen_at > now() - make_interval(hours => $2)
               UNION ALL
               SELECT id, user_id, tenant_id, expires_at, true, scopes, provider_id
                 FROM api_tokens WHERE token_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
           )
           SELECT c.id AS "id!", c.ends_at AS "ends_at?", c.is_api_token AS "is_api_token!", c.tenant_id AS "session_tenant?",
                  c.scopes AS "scopes?: Vec<String>", c.provider_id AS "provider_id?",
                  p.set_by_role AS "set_by_role?", p.set_by_grants AS "set_by_grants?: Vec<String>",
                  r.id AS "role_id?", r.name AS "role_name?", r.permissions AS "permissions?: Vec<String>",
                  u.id AS "user_id!", u.email AS "email!", u.name AS "name!", u.is_platform_admin AS "platform!",
                  t.id AS "tenant_id?", t.slug AS "slug?", t.name AS "tenant_name?", t.region AS "region?", t.suspended_at AS "suspended_at?", m.role AS "role?", m.extension AS "extension?",
                  m.module_individuals AS "individuals?", m.module_organizations AS "organizations?",
                  m.module_tickets AS "tickets?", m.module_numbers AS "numbers?"
             FROM credential c
             JOIN users u ON u.id = c.user_id AND u.is_active AND u.deleted_at IS NULL
             LEFT JOIN memberships m ON m.tenant_id = c.tenant_id AND m.user_id = c.user_id AND m.is_active
             LEFT JOIN roles r ON r.tenant_id = m.tenant_id AND r.id = m.role_id
             LEFT JOIN tenants t ON t.id = m.tenant_id
             LEFT JOIN identity_providers p ON p.tenant_id = m.tenant_id AND p.id = c.provider_id AND p.is_active"#,
        &token[..],
        COOKIE_IDLE_HOURS,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let seat = match (row.tenant_id, row.slug, row.tenant_name, row.region, row.role) {
        (Some(tenant), Some(slug), Some(tenant_name), Some(region), Some(role)) => {
            // The check constraint knows the same words; one it does not share grants nothing.
            let Ok(role) = role.parse() else { return Ok(None) };
            Some(Seat {
                tenant: TenantId(tenant),
                slug,
                tenant_name,
                region,
                role,
                own_role: match (row.role_id, row.role_name, row.permissions) {
                    (Some(id), Some(name), Some(permissions)) => {
                        Some((id, name, Grants::of_names(permissions)))
                    }
                    _ => None,
                },
                modules: Modules {
                    individuals: row.individuals.unwrap_or(false),
                    organizations: row.organizations.unwrap_or(false),
                    tickets: row.tickets.unwrap_or(false),
                    numbers: row.numbers.unwrap_or(false),
                },
                extension: row.extension,
                suspended: row.suspended_at.is_some(),
            })
        }
        _ => None,
    };
    // Bound to a tenant that the person has left, or bound to none without being the platform admin.
    if seat.is_none() && (row.session_tenant.is_some() || !row.platform) {
        return Ok(None);
    }
    // What a provider vouched for is good as long as it could vouch for it again: whatever became of it or of the member.
    if row.provider_id.is_some() {
        let vouches =
            row.set_by_role.and_then(|role| identity_providers::vouches(&role, row.set_by_grants.as_deref()));
        let covered = |seat: &Seat| {
            let grants =
                seat.own_role.as_ref().map_or_else(|| Grants::of_role(seat.role), |(_, _, grants)| *grants);
            vouches.is_some_and(|vouches| vouches.covers(seat.role, grants))
        };
        if !seat.as_ref().is_some_and(covered) {
            return Ok(None);
        }
    }
    Ok(Some(SignIn {
        session: row.id,
        is_api_token: row.is_api_token,
        user: UserId(row.user_id),
        email: row.email,
        name: row.name,
        platform_admin: row.platform,
        seat,
        ends_at: row.ends_at,
        scopes: row.scopes.map(Grants::of_names),
        provider: row.provider_id,
    }))
}

/// Notes that a credential is in use, at most once a minute.
pub async fn touch(connection: &mut PgConnection, sign_in: &SignIn) -> Result<(), StoreError> {
    if sign_in.is_api_token {
        sqlx::query!(
            "UPDATE api_tokens SET last_used_at = now()
              WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')",
            sign_in.session
        )
        .execute(connection)
        .await?;
    } else {
        sqlx::query!(
            "UPDATE sessions SET last_seen_at = now() WHERE id = $1 AND last_seen_at < now() - interval '1 minute'",
            sign_in.session
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// The hashes of the three tokens a session has, and of what marks its refresh tokens.
#[derive(Clone, Debug)]
pub struct SessionTokens {
    pub access: TokenHash,
    pub refresh: TokenHash,
    /// Of what all refresh tokens of the session share.
    pub family: TokenHash,
    pub cookie: TokenHash,
}

#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    pub id: Uuid,
    /// None for a platform admin.
    pub tenant: Option<TenantId>,
    pub user: UserId,
    pub tokens: SessionTokens,
    pub access_seconds: i32,
    pub refresh_seconds: i32,
    pub user_agent: Option<&'a str>,
    pub address: Option<&'a str>,
    /// The tenant's identity provider that vouches for it.
    pub provider: Option<Uuid>,
}

pub async fn create(connection: &mut PgConnection, new: &NewSession<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sessions (id, tenant_id, user_id, access_hash, refresh_hash, cookie_hash, access_expires_at, refresh_expires_at, user_agent, address, provider_id, refresh_family)
         VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7), now() + make_interval(secs => $8), $9, $10, $11, $12)",
        new.id,
        new.tenant.map(|id| id.0),
        new.user.0,
        &new.tokens.access[..],
        &new.tokens.refresh[..],
        &new.tokens.cookie[..],
        f64::from(new.access_seconds),
        f64::from(new.refresh_seconds),
        new.user_agent,
        new.address,
        new.provider,
        &new.tokens.family[..],
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What presenting a refresh token led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    Rotated {
        user: UserId,
        tenant: Option<TenantId>,
    },
    /// The token was used before: somebody holds a copy, so the session was ended.
    Reused {
        user: UserId,
        tenant: Option<TenantId>,
    },
    /// No such session, or it is over, or the token was never one of it.
    Unknown,
}

/// Exchanges the refresh token of `session` for new ones. Of two that present the same token one wins; the other
/// counts as reuse, because a copy cannot be told from a race. Whoever knows only the session's id has not its family, and
/// moves nothing.
pub async fn rotate(
    connection: &mut PgConnection,
    session: Uuid,
    family: &TokenHash,
    presented: &TokenHash,
    access: &TokenHash,
    refresh: &TokenHash,
    access_seconds: i32,
) -> Result<Rotation, StoreError> {
    let rotated = sqlx::query!(
        "UPDATE sessions s SET access_hash = $3, refresh_hash = $4, access_expires_at = now() + make_interval(secs => $5), last_seen_at = now()
           FROM users u
          WHERE s.id = $1 AND s.refresh_hash = $2 AND s.refresh_family = $6 AND s.ended_at IS NULL AND s.refresh_expires_at > now()
            AND u.id = s.user_id AND u.is_active AND u.deleted_at IS NULL
         RETURNING s.user_id, s.tenant_id",
        session,
        &presented[..],
        &access[..],
        &refresh[..],
        f64::from(access_seconds),
        &family[..],
    )
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = rotated {
        return Ok(Rotation::Rotated { user: UserId(row.user_id), tenant: row.tenant_id.map(TenantId) });
    }
    let reused = sqlx::query!(
        "UPDATE sessions SET ended_at = now() WHERE id = $1 AND refresh_hash <> $2 AND refresh_family = $3 AND ended_at IS NULL
         RETURNING user_id, tenant_id",
        session,
        &presented[..],
        &family[..],
    )
    .fetch_optional(connection)
    .await?;
    Ok(reused.map_or(Rotation::Unknown, |row| Rotation::Reused {
        user: UserId(row.user_id),
        tenant: row.tenant_id.map(TenantId),
    }))
}

/// Ends a session; false when it was over already.
pub async fn end(connection: &mut PgConnection, session: Uuid) -> Result<bool, StoreError> {
    let done =
        sqlx::query!("UPDATE sessions SET ended_at = now() WHERE id = $1 AND ended_at IS NULL", session)
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// A live session as its owner sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LiveSession {
    pub id: Uuid,
    /// Slug; None for a platform admin's.
    pub tenant: Option<String>,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

/// A person's live sessions in all tenants or in one. Runs as the sign-in role.
pub async fn list_of(
    connection: &mut PgConnection,
    user: UserId,
    only: Option<TenantId>,
    window: &Window<Order>,
) -> Result<Slice<LiveSession>, StoreError> {
    let from = |query: &mut QueryBuilder<Postgres>| {
        query.push(
            " FROM sessions t LEFT JOIN tenants n ON n.id = t.tenant_id
              WHERE t.ended_at IS NULL AND t.refresh_expires_at > now() AND t.user_id = ",
        );
        query.push_bind(user.0);
        if let Some(tenant) = only {
            query.push(" AND t.tenant_id = ").push_bind(tenant.0);
        }
    };
    let columns = "t.id, n.slug AS tenant, t.created_at, t.last_seen_at, t.address, t.user_agent";
    listing::read_page(connection, columns, from, window, listing::by_name).await
}

/// A session that was ended just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub session: Uuid,
    pub tenant: Option<TenantId>,
}

/// Ends one live session of this person, in that tenant if one is named; None when there is none of that id. Runs as the
/// sign-in role.
pub async fn end_own(
    connection: &mut PgConnection,
    user: UserId,
    session: Uuid,
    only: Option<TenantId>,
) -> Result<Option<Ended>, StoreError> {
    let row = sqlx::query!(
        "UPDATE sessions SET ended_at = now()
          WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND refresh_expires_at > now()
            AND ($3::uuid IS NULL OR tenant_id = $3) RETURNING tenant_id",
        session,
        user.0,
        only.map(|tenant| tenant.0)
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Ended { session, tenant: row.tenant_id.map(TenantId) }))
}

/// Ends all live sessions of this person, wherever, but the one that stays. Runs as the sign-in role.
pub async fn end_all(
    connection: &mut PgConnection,
    user: UserId,
    stays: Option<Uuid>,
) -> Result<Vec<Ended>, StoreError> {
    let rows = sqlx::query!(
        "UPDATE sessions SET ended_at = now()
          WHERE user_id = $1 AND ended_at IS NULL AND refresh_expires_at > now() AND ($2::uuid IS NULL OR id <> $2)
         RETURNING id, tenant_id",
        user.0,
        stays
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| Ended { session: row.id, tenant: row.tenant_id.map(TenantId) }).collect())
}

/// Ends all live sessions that a person has in one tenant, in the tenant's transaction.
pub async fn end_in_tenant(
    connection: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE sessions SET ended_at = now()
          WHERE tenant_id = $1 AND user_id = $2 AND ended_at IS NULL AND refresh_expires_at > now() RETURNING id",
        tenant.0,
        user.0
    )
    .fetch_all(connection)
    .await?)
}
