//! Lines by the thousand, into the pool (platform role). A line that is there already stays as it is, so the same file
//! may be imported twice.

use rust_decimal::Decimal;
use sqlx::{PgConnection, Postgres, pool::PoolConnection};
use switchroom_core::inventory::import::LineRow;
use uuid::Uuid;

use crate::{
    StoreError,
    import::{RowStore, Stored},
};

/// One import, on a connection of the platform role.
pub struct LineImport(pub PoolConnection<Postgres>);

impl RowStore for LineImport {
    type Row = LineRow;

    async fn store(&mut self, rows: &[LineRow]) -> Result<Stored, StoreError> {
        import(&mut self.0, rows).await
    }
}

/// All of the rows or, on an error, none. A line that was deleted comes back with what the row says.
async fn import(connection: &mut PgConnection, rows: &[LineRow]) -> Result<Stored, StoreError> {
    // Twice in one statement would be a conflict with itself; the first counts.
    let mut seen = std::collections::HashSet::new();
    let fresh: Vec<&LineRow> = rows.iter().filter(|row| seen.insert(row.number)).collect();
    let ids: Vec<Uuid> = fresh.iter().map(|_| Uuid::now_v7()).collect();
    let numbers: Vec<String> = fresh.iter().map(|row| row.number.to_string()).collect();
    let countries: Vec<String> = fresh.iter().map(|row| row.country.clone()).collect();
    let regions: Vec<Option<String>> = fresh.iter().map(|row| row.region.clone()).collect();
    let costs: Vec<Decimal> = fresh.iter().map(|row| Decimal::new(row.monthly_cost, 2)).collect();
    let currencies: Vec<String> = fresh.iter().map(|row| row.currency.clone()).collect();
    let providers: Vec<String> = fresh.iter().map(|row| row.provider.clone()).collect();
    let voices: Vec<bool> = fresh.iter().map(|row| row.voice).collect();
    let texts: Vec<bool> = fresh.iter().map(|row| row.sms).collect();
    let inserted = sqlx::query!(
        "INSERT INTO phone_numbers (id, number, country, region, monthly_cost, currency, provider, capabilities)
         SELECT r.id, r.number, r.country, r.region, r.cost, r.currency, r.provider,
                jsonb_build_object('voice', r.voice, 'sms', r.sms)
           FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::text[], $7::text[], $8::bool[], $9::bool[])
                AS r (id, number, country, region, cost, currency, provider, voice, sms)
             ON CONFLICT (number) DO UPDATE
            SET country = EXCLUDED.country, region = EXCLUDED.region, monthly_cost = EXCLUDED.monthly_cost,
                currency = EXCLUDED.currency, provider = EXCLUDED.provider, capabilities = EXCLUDED.capabilities,
                deleted_at = NULL, version = phone_numbers.version + 1
          WHERE phone_numbers.deleted_at IS NOT NULL",
        &ids,
        &numbers,
        &countries,
        &regions as &[Option<String>],
        &costs,
        &currencies,
        &providers,
        &voices,
        &texts,
    )
    .execute(connection)
    .await?
    .rows_affected();
    Ok(Stored { inserted, present: rows.len() as u64 - inserted })
}
