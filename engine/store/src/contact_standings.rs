//! How many contacts stand where (CUS-06): one grouped statement over the kinds that are asked for.
//!
//! Each figure is bounded as every count is, so that a directory of millions costs no more than one of thousands.

use sqlx::{Postgres, QueryBuilder, Row as _};
use switchroom_core::directory::{ContactKind, standing::Standing};

use crate::{
    StoreError, TenantTx,
    contact_list::table_name,
    listing::{COUNT_CAP, Count},
};

/// How many of a kind stand in one of the four ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standings {
    pub kind: ContactKind,
    pub standing: Standing,
    pub count: Count,
}

/// For each of the kinds each of the four, those that nobody stands in among them.
pub async fn count(tx: &mut TenantTx, kinds: &[ContactKind]) -> Result<Vec<Standings>, StoreError> {
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let tenant = tx.tenant().0;
    let mut query = QueryBuilder::<Postgres>::new("SELECT kind, status, count(*) AS found FROM (");
    let pairs = kinds.iter().flat_map(|kind| Standing::ALL.map(|standing| (*kind, standing)));
    for (at, (kind, standing)) in pairs.clone().enumerate() {
        // The word is written out: only so the index of those who are not active is seen to fit.
        query.push(if at == 0 { "" } else { " UNION ALL " });
        query.push(format!(
            "(SELECT '{kind}' AS kind, t.status FROM {} t WHERE t.deleted_at IS NULL AND t.status = '{standing}' AND t.tenant_id = ",
            table_name(kind),
        ));
        query.push_bind(tenant).push(" LIMIT ").push_bind(COUNT_CAP + 1).push(")");
    }
    query.push(") counted GROUP BY kind, status");
    let rows = query.build().fetch_all(&mut **tx).await?;
    let mut found = Vec::new();
    for row in rows {
        found.push((
            row.try_get::<String, _>("kind")?,
            row.try_get::<String, _>("status")?,
            row.try_get::<i64, _>("found")?,
        ));
    }
    Ok(pairs
        .map(|(kind, standing)| {
            let count = found
                .iter()
                .find(|(of, status, _)| of == kind.name() && status == standing.name())
                .map_or(0, |(_, _, count)| *count);
            Standings { kind, standing, count: Count::of(count) }
        })
        .collect())
}
