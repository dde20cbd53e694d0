//! A transaction of a tenant, or of the platform's role where a thing is no tenant's.

use switchroom_core::TenantId;
use switchroom_store::{Database, StoreError, TenantTx};

pub enum Tx {
    Tenant(TenantTx),
    Platform(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Tx {
    pub async fn begin(db: &Database, tenant: Option<TenantId>) -> Result<Self, StoreError> {
        Ok(match tenant {
            Some(tenant) => Self::Tenant(db.tenant(tenant).await?),
            None => Self::Platform(db.platform().begin().await?),
        })
    }

    pub fn connection(&mut self) -> &mut sqlx::PgConnection {
        match self {
            Self::Tenant(tx) => tx,
            Self::Platform(tx) => tx,
        }
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Tenant(tx) => tx.commit().await,
            Self::Platform(tx) => Ok(tx.commit().await?),
        }
    }
}
