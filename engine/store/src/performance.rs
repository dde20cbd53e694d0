//! What agents did within a period, counted: calls as they popped and were answered, and work on tickets. What the counts
//! mean is `core::performance`.
//!
//! Each is one statement over the rows of the period, which an index finds; how many agents there are changes nothing.

use chrono::NaiveDate;
use switchroom_core::{
    Direction, EndReason, Role, UserId,
    performance::{CallGroup, Period, TicketTally},
};
use uuid::Uuid;

use crate::{StoreError, TenantTx};

/// Whose performance there is: somebody of the staff, switched off or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Colleague {
    pub user_id: UserId,
    pub name: String,
    pub role: Role,
    pub is_active: bool,
}

/// The staff by name; only one of them, or only those who are in a team now.
pub async fn staff(
    tx: &mut TenantTx,
    user: Option<UserId>,
    team: Option<Uuid>,
) -> Result<Vec<Colleague>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT m.user_id, u.name, m.role, m.is_active AND u.is_active AS "is_active!"
             FROM memberships m JOIN users u ON u.id = m.user_id
            WHERE m.tenant_id = $1 AND m.role <> 'client' AND u.deleted_at IS NULL
              AND ($2::uuid IS NULL OR m.user_id = $2)
              AND ($3::uuid IS NULL OR EXISTS (SELECT FROM team_members t
                    WHERE t.tenant_id = m.tenant_id AND t.team_id = $3 AND t.user_id = m.user_id))
            ORDER BY lower(u.name), m.user_id"#,
        tx.tenant().0,
        user.map(|user| user.0),
        team,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let role = row.role.parse::<Role>().map_err(|_| odd("role", &row.role))?;
            Ok(Colleague { user_id: UserId(row.user_id), name: row.name, role, is_active: row.is_active })
        })
        .collect()
}

/// Something of somebody's, of one day or of the whole period.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted<T> {
    pub user_id: UserId,
    pub day: Option<NaiveDate>,
    pub what: T,
}

/// The calls that started within the period, by whom they popped for or who answered them; of all or of one, by UTC days or
/// not.
pub async fn calls(
    tx: &mut TenantTx,
    period: Period,
    user: Option<UserId>,
    by_day: bool,
) -> Result<Vec<Counted<CallGroup>>, StoreError> {
    // Who answers is popped to as well, unless they were switched off by then.
    let rows = sqlx::query!(
        r#"SELECT o.user_id AS "user_id!", CASE WHEN $5 THEN (c.started_at AT TIME ZONE 'UTC')::date END AS "day?",
                  c.direction AS "direction!",
                  c.answered_at IS NOT NULL OR c.state IN ('answered', 'held') AS "answered!",
                  coalesce(c.agent_id = o.user_id, false) AS "theirs!", c.end_reason AS "end_reason?", count(*) AS "calls!",
                  count(*) FILTER (WHERE c.agent_id = o.user_id AND c.answered_at IS NOT NULL AND c.ended_at IS NOT NULL) AS "talks!",
                  coalesce(sum(date_part('epoch', c.ended_at - c.answered_at) * 1000)
                           FILTER (WHERE c.agent_id = o.user_id AND c.ended_at > c.answered_at), 0)::bigint AS "talk_ms!",
                  count(*) FILTER (WHERE c.agent_id = o.user_id AND c.answered_at > c.started_at) AS "waits!",
                  coalesce(sum(date_part('epoch', c.answered_at - c.started_at) * 1000)
                           FILTER (WHERE c.agent_id = o.user_id AND c.answered_at > c.started_at), 0)::bigint AS "wait_ms!"
             FROM calls c
            CROSS JOIN LATERAL unnest(CASE WHEN c.agent_id IS NULL OR c.agent_id = ANY (c.popped) THEN c.popped
                                           ELSE c.popped || c.agent_id END) AS o (user_id)
            WHERE c.tenant_id = $1 AND c.started_at >= $2 AND c.started_at < $3 AND ($4::uuid IS NULL OR o.user_id = $4)
            GROUP BY 1, 2, 3, 4, 5, 6"#,
        tx.tenant().0,
        period.from(),
        period.to(),
        user.map(|user| user.0),
        by_day,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let direction = [Direction::Inbound, Direction::Outbound]
                .into_iter()
                .find(|known| known.as_str() == row.direction)
                .ok_or_else(|| odd("direction", &row.direction))?;
            let end_reason = row
                .end_reason
                .map(|word| EndReason::parse(&word).ok_or_else(|| odd("end reason", &word)))
                .transpose()?;
            let what = CallGroup {
                direction,
                answered: row.answered,
                theirs: row.theirs,
                end_reason,
                calls: row.calls,
                talks: row.talks,
                talk_ms: row.talk_ms,
                waits: row.waits,
                wait_ms: row.wait_ms,
            };
            Ok(Counted { user_id: UserId(row.user_id), day: row.day, what })
        })
        .collect()
}

/// What was taken, resolved and first answered within the period, of all or of one, by UTC days or not. A ticket counts
/// once for each, in the period or in the day.
pub async fn tickets(
    tx: &mut TenantTx,
    period: Period,
    user: Option<UserId>,
    by_day: bool,
) -> Result<Vec<Counted<TicketTally>>, StoreError> {
    let moved = sqlx::query!(
        r#"SELECT w.actor_id AS "user_id!", w.day AS "day?", count(*) FILTER (WHERE w.type = 'agent_assignment') AS "taken!",
                  count(*) FILTER (WHERE w.type = 'status_change') AS "resolved!"
             FROM (SELECT a.actor_id, CASE WHEN $5 THEN (a.created_at AT TIME ZONE 'UTC')::date END AS day, a.type
                     FROM ticket_activities a
                    WHERE a.tenant_id = $1 AND a.type IN ('agent_assignment', 'status_change')
                      AND a.created_at >= $2 AND a.created_at < $3 AND ($4::uuid IS NULL OR a.actor_id = $4)
                      AND a.data ->> 'to' = CASE a.type WHEN 'status_change' THEN 'resolved' ELSE a.actor_id::text END
                    GROUP BY 1, 2, 3, a.ticket_id) w
            GROUP BY 1, 2"#,
        tx.tenant().0,
        period.from(),
        period.to(),
        user.map(|user| user.0),
        by_day,
    )
    .fetch_all(&mut **tx)
    .await?;
    // A first response and the reply that it is were written by one transaction, so they have one time. One look into the
    // index for each: a join would read the replies of all times.
    let answered = sqlx::query!(
        r#"SELECT r.author_id AS "user_id!", CASE WHEN $5 THEN (k.first_response_at AT TIME ZONE 'UTC')::date END AS "day?",
                  count(*) AS "responses!",
                  coalesce(sum(greatest(0, date_part('epoch', k.first_response_at - k.created_at) * 1000)), 0)::bigint AS "waited_ms!"
             FROM tickets k
            CROSS JOIN LATERAL (SELECT r.author_id FROM ticket_replies r
                                 WHERE r.tenant_id = k.tenant_id AND r.ticket_id = k.id
                                   AND r.created_at = k.first_response_at AND r.visibility = 'public' LIMIT 1) r
            WHERE k.tenant_id = $1 AND k.first_response_at >= $2 AND k.first_response_at < $3
              AND ($4::uuid IS NULL OR r.author_id = $4)
            GROUP BY 1, 2"#,
        tx.tenant().0,
        period.from(),
        period.to(),
        user.map(|user| user.0),
        by_day,
    )
    .fetch_all(&mut **tx)
    .await?;
    let moved = moved.into_iter().map(|row| {
        let what = TicketTally { taken: row.taken, resolved: row.resolved, ..TicketTally::default() };
        Counted { user_id: UserId(row.user_id), day: row.day, what }
    });
    let answered = answered.into_iter().map(|row| {
        let what = TicketTally {
            first_responses: row.responses,
            first_response_ms: row.waited_ms,
            ..TicketTally::default()
        };
        Counted { user_id: UserId(row.user_id), day: row.day, what }
    });
    Ok(moved.chain(answered).collect())
}

fn odd(what: &str, text: &str) -> StoreError {
    StoreError::Other(sqlx::Error::Decode(format!("a stored {what} that is none: {text}").into()))
}
