//! A tenant's moves of a line, each under its own row security: taking, giving back, letting it ring somebody.

use std::time::Duration;

use sqlx::QueryBuilder;
use switchroom_core::{
    BotId, NumberId, UserId,
    inventory::{LineMove, LineRefusal},
    number_plan::Endpoint,
};
use uuid::Uuid;

use super::{COLUMNS, NumberError, PhoneNumber, Scope, check_version, get, read};
use crate::{StoreError, TenantTx};

/// Takes a line for the tenant: from the pool, or one that is held for it.
pub async fn assign(
    tx: &mut TenantTx,
    id: NumberId,
    by: UserId,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let tenant = tx.tenant();
    let taken = sqlx::query!(
        "UPDATE phone_numbers SET tenant_id = $2, status = 'assigned', version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)
            AND (status = 'available' OR (status = 'reserved' AND tenant_id = $2))",
        id.0,
        tenant.0,
        expected,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if taken == 0 {
        return Err(refusal(tx, id, LineMove::Assign(tenant), expected).await?);
    }
    sqlx::query!(
        "INSERT INTO number_assignments (tenant_id, number_id, assigned_by) VALUES ($1, $2, $3)",
        tenant.0,
        id.0,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    own(tx, id).await
}

/// Gives a line back: it waits in quarantine until anybody may have it.
pub async fn release(
    tx: &mut TenantTx,
    id: NumberId,
    by: UserId,
    quarantine: Duration,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let tenant = tx.tenant();
    let released = sqlx::query!(
        "UPDATE phone_numbers
            SET tenant_id = NULL, status = 'reserved', quarantined_from = $2,
                quarantined_until = now() + make_interval(secs => $4), version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)
            AND status = 'assigned' AND tenant_id = $2 AND user_id IS NULL AND bot_id IS NULL",
        id.0,
        tenant.0,
        expected,
        quarantine.as_secs_f64(),
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if released == 0 {
        return Err(refusal(tx, id, LineMove::Release(tenant), expected).await?);
    }
    sqlx::query!(
        "UPDATE number_assignments SET released_at = greatest(now(), assigned_at), released_by = $2
          WHERE number_id = $1 AND tenant_id = $3 AND released_at IS NULL",
        id.0,
        by.0,
        tenant.0,
    )
    .execute(&mut **tx)
    .await?;
    // Outside the tenant's view from now on, but this answer still is theirs.
    get_released(tx, id).await?.ok_or(NumberError::Absent)
}

async fn get_released(tx: &mut TenantTx, id: NumberId) -> Result<Option<PhoneNumber>, StoreError> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push(" FROM phone_numbers t WHERE t.id = ").push_bind(id.0);
    query.push(" AND t.quarantined_from = ").push_bind(tx.tenant().0);
    query.build().fetch_optional(&mut **tx).await?.as_ref().map(read).transpose()
}

/// Lets a line ring a person or a bot. `roles` are those whose people take calls.
pub async fn connect(
    tx: &mut TenantTx,
    id: NumberId,
    endpoint: Endpoint,
    roles: &[String],
    by: UserId,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let tenant = tx.tenant();
    if !hold(tx, endpoint, roles).await? {
        return Err(NumberError::NoSuchEndpoint(endpoint));
    }
    let (user, bot) = (endpoint.user().map(|user| user.0), endpoint.bot().map(|bot| bot.0));
    let connected = sqlx::query!(
        "UPDATE phone_numbers SET user_id = $4, bot_id = $5, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)
            AND status = 'assigned' AND tenant_id = $2 AND user_id IS NULL AND bot_id IS NULL",
        id.0,
        tenant.0,
        expected,
        user,
        bot,
    )
    .execute(&mut **tx)
    .await
    .map_err(StoreError::from);
    match connected {
        Ok(done) if done.rows_affected() > 0 => {
            sqlx::query!(
                "INSERT INTO number_connections (tenant_id, number_id, user_id, bot_id, connected_by) VALUES ($1, $2, $3, $4, $5)",
                tenant.0,
                id.0,
                user,
                bot,
                by.0,
            )
            .execute(&mut **tx)
            .await?;
            own(tx, id).await
        }
        Ok(_) => Err(refusal(tx, id, LineMove::Connect(tenant, endpoint), expected).await?),
        Err(StoreError::Conflict { constraint })
            if constraint == "phone_numbers_user" || constraint == "phone_numbers_bot" =>
        {
            Err(NumberError::HasLine(endpoint))
        }
        Err(error) => Err(error.into()),
    }
}

/// Holds the person's membership, or the bot, so that it is not switched off between this look and the commit; false where
/// it takes no calls.
async fn hold(tx: &mut TenantTx, endpoint: Endpoint, roles: &[String]) -> Result<bool, StoreError> {
    let tenant = tx.tenant();
    let held = match endpoint {
        Endpoint::User(user) => {
            sqlx::query_scalar!(
                "SELECT m.id FROM memberships m JOIN users u ON u.id = m.user_id
                  WHERE m.tenant_id = $1 AND m.user_id = $2 AND m.is_active AND m.role = ANY($3)
                    AND u.is_active AND u.deleted_at IS NULL
                    FOR SHARE OF m",
                tenant.0,
                user.0,
                roles,
            )
            .fetch_optional(&mut **tx)
            .await?
        }
        Endpoint::Bot(bot) => {
            sqlx::query_scalar!(
                "SELECT id FROM bots WHERE tenant_id = $1 AND id = $2 AND is_active AND deleted_at IS NULL FOR SHARE",
                tenant.0,
                bot.0,
            )
            .fetch_optional(&mut **tx)
            .await?
        }
    };
    Ok(held.is_some())
}

/// The line rings nobody any more.
pub async fn disconnect(
    tx: &mut TenantTx,
    id: NumberId,
    by: UserId,
    expected: Option<i64>,
) -> Result<PhoneNumber, NumberError> {
    let tenant = tx.tenant();
    let done = sqlx::query!(
        "UPDATE phone_numbers SET user_id = NULL, bot_id = NULL, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($3::bigint IS NULL OR version = $3)
            AND status = 'assigned' AND tenant_id = $2 AND num_nonnulls(user_id, bot_id) > 0",
        id.0,
        tenant.0,
        expected,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    if done == 0 {
        return Err(refusal(tx, id, LineMove::Disconnect(tenant), expected).await?);
    }
    sqlx::query!(
        "UPDATE number_connections SET disconnected_at = greatest(now(), connected_at), disconnected_by = $2
          WHERE number_id = $1 AND tenant_id = $3 AND disconnected_at IS NULL",
        id.0,
        by.0,
        tenant.0,
    )
    .execute(&mut **tx)
    .await?;
    own(tx, id).await
}

/// The lines of people who leave, or take no calls any more, ring nobody (W-25). A line is locked before its history, as by
/// every move, or two moves would wait for each other.
pub async fn disconnect_users(tx: &mut TenantTx, users: &[UserId], by: UserId) -> Result<u64, StoreError> {
    let users: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    let lines = sqlx::query!(
        "UPDATE phone_numbers SET user_id = NULL, version = version + 1 WHERE tenant_id = $1 AND user_id = ANY($2)",
        tx.tenant().0,
        &users,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    sqlx::query!(
        "UPDATE number_connections SET disconnected_at = greatest(now(), connected_at), disconnected_by = $3
          WHERE tenant_id = $1 AND user_id = ANY($2) AND disconnected_at IS NULL",
        tx.tenant().0,
        &users,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(lines)
}

/// The line of a bot that is switched off or deleted rings nobody, as [`disconnect_users`].
pub async fn disconnect_bot(tx: &mut TenantTx, bot: BotId, by: UserId) -> Result<u64, StoreError> {
    let lines = sqlx::query!(
        "UPDATE phone_numbers SET bot_id = NULL, version = version + 1 WHERE tenant_id = $1 AND bot_id = $2",
        tx.tenant().0,
        bot.0,
    )
    .execute(&mut **tx)
    .await?
    .rows_affected();
    sqlx::query!(
        "UPDATE number_connections SET disconnected_at = greatest(now(), connected_at), disconnected_by = $3
          WHERE tenant_id = $1 AND bot_id = $2 AND disconnected_at IS NULL",
        tx.tenant().0,
        bot.0,
        by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(lines)
}

async fn own(tx: &mut TenantTx, id: NumberId) -> Result<PhoneNumber, NumberError> {
    let scope = Scope::Tenant(tx.tenant());
    get(tx, scope, id).await?.ok_or(NumberError::Absent)
}

/// Why a move touched no row, judged on the line as the tenant sees it now.
async fn refusal(
    tx: &mut TenantTx,
    id: NumberId,
    step: LineMove,
    expected: Option<i64>,
) -> Result<NumberError, NumberError> {
    let scope = Scope::Tenant(tx.tenant());
    let Some(line) = get(tx, scope, id).await? else { return Ok(NumberError::Absent) };
    check_version(&line, expected)?;
    Ok(match line.state().after(step) {
        Err(LineRefusal::NotYours) => NumberError::Absent,
        Err(refusal) => NumberError::Refused(refusal),
        // It changed between the two looks; whoever changed it was first.
        Ok(_) => NumberError::Refused(LineRefusal::Taken),
    })
}
