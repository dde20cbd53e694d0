//! Taking up where the last process stopped: the log is taken over under a new epoch, and the live state comes back
//! from the projections that were written with it.
//!
//! The projections (`calls.fold`, `agent_presence`) are moved in the very transactions that append to the log, so they
//! are the fold of the log at its end; what they hold is what replaying the log would give.

use std::sync::Arc;

use chrono::Utc;
use switchroom_core::{
    TenantId, Timestamp,
    tenant::{REMEMBER_AT_MOST, REMEMBER_ENDED, Settings},
    wallboard::WallboardFold,
};
use switchroom_store::{Database, StoreError, log};

use crate::live::Tenants;

pub(crate) struct Restored {
    pub(crate) epoch: i64,
    pub(crate) deadlines: Vec<(TenantId, Timestamp)>,
}

pub(crate) async fn restore(
    db: &Database,
    tenants: &Tenants,
    settings: &Settings,
) -> Result<Restored, StoreError> {
    let now = Utc::now();
    let mut tx = db.log().begin().await?;
    let epoch = log::next_epoch(&mut tx).await?;
    for (tenant, end) in log::adopt_all(&mut tx, epoch).await? {
        tenants.get_or_make(tenant).reach(end);
    }
    // From here on nobody else writes, so what is read below is the end of the log.
    tx.commit().await?;

    let mut connection = db.log().acquire().await?;
    let most = i64::try_from(REMEMBER_AT_MOST).unwrap_or(i64::MAX);
    for kept in log::kept_calls(&mut connection, now - REMEMBER_ENDED, most).await? {
        let tenant = tenants.get_or_make(kept.tenant);
        let mut state = tenant.state();
        let before = state.live_calls();
        state.restore_call(kept.memory, kept.seen, kept.pops.into_iter().map(Arc::new).collect());
        tenants.count_calls(before, state.live_calls());
    }
    for (tenant, change) in log::kept_presence(&mut connection).await? {
        let tenant = tenants.get_or_make(tenant);
        tenant.state().restore_presence(&change);
        tenant.restore_board(|board| board.restore_presence(change));
    }
    for (tenant, call, outline) in
        log::board_calls(&mut connection, WallboardFold::reaches_back_to(now)).await?
    {
        tenants.get_or_make(tenant).restore_board(|board| board.restore_call(call, &outline));
    }
    let mut deadlines = Vec::new();
    for tenant in tenants.all() {
        let next = tenant.state().resume(now, settings);
        deadlines.extend(next.map(|at| (tenant.id, at)));
    }
    Ok(Restored { epoch, deadlines })
}
