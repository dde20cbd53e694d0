//! The moves of our own lines (K-17): who may hold a number, and why a move is refused.
//!
//! | from \ to | available                         | assigned                       | reserved             |
//! |-----------|-----------------------------------|--------------------------------|----------------------|
//! | available |                                   | a tenant takes it              | held, by the platform |
//! | assigned  | release with no quarantine at all |                                | release: quarantine  |
//! | reserved  | quarantine over, or hold ended    | by the tenant it is held for   |                      |
//!
//! `connected` is not a state: an assigned line that rings somebody. The database carries the same rules as
//! constraints and conditional updates; this module names them, so that a refusal can say which one it met.

pub mod import;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{ids::TenantId, number_plan::Endpoint};

/// The stored states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineStatus {
    /// In the pool.
    Available,
    /// Held and used by a tenant.
    Assigned,
    /// Held for a tenant by the platform admin, or in quarantine after release.
    Reserved,
}

impl LineStatus {
    pub const ALL: [Self; 3] = [Self::Available, Self::Assigned, Self::Reserved];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Assigned => "assigned",
            Self::Reserved => "reserved",
        }
    }

    /// Whether a line may go from here to `to` in one step.
    pub const fn may_become(self, to: Self) -> bool {
        matches!(
            (self, to),
            (Self::Available, Self::Assigned | Self::Reserved)
                | (Self::Assigned, Self::Available | Self::Reserved)
                | (Self::Reserved, Self::Available | Self::Assigned)
        )
    }
}

impl fmt::Display for LineStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The word names no state of a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such state of a line")]
pub struct UnknownLineStatus;

impl FromStr for LineStatus {
    type Err = UnknownLineStatus;
    fn from_str(word: &str) -> Result<Self, UnknownLineStatus> {
        Self::ALL.into_iter().find(|status| status.name() == word).ok_or(UnknownLineStatus)
    }
}

/// What the rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineState {
    pub status: LineStatus,
    /// Who holds it, or for whom it is held.
    pub tenant: Option<TenantId>,
    /// What it rings.
    pub endpoint: Option<Endpoint>,
    pub in_quarantine: bool,
}

/// What somebody wants done with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineMove {
    /// Take it for a tenant.
    Assign(TenantId),
    /// Give it back: it goes into quarantine.
    Release(TenantId),
    Connect(TenantId, Endpoint),
    Disconnect(TenantId),
    /// Platform: hold it for a tenant.
    Hold(TenantId),
    /// Platform: end a hold or a quarantine.
    Free,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineRefusal {
    /// Nothing of the kind as far as this tenant may know: it is another's, or in quarantine.
    #[error("no such line")]
    NotYours,
    #[error("the line is no longer in the pool")]
    Taken,
    #[error("the line is still connected; disconnect it first")]
    Connected,
    #[error("the line is not connected")]
    NotConnected,
    #[error("the line is not assigned to the organization")]
    NotAssigned,
    #[error("the line is not held")]
    NotHeld,
}

impl LineState {
    /// The state after the move, or why it is refused.
    pub fn after(self, step: LineMove) -> Result<Self, LineRefusal> {
        use LineStatus::{Assigned, Available, Reserved};
        let own = |tenant: TenantId| self.tenant == Some(tenant);
        match step {
            LineMove::Assign(tenant) => match self.status {
                Available => Ok(Self { status: Assigned, tenant: Some(tenant), ..self }),
                Reserved if own(tenant) => Ok(Self { status: Assigned, ..self }),
                Assigned if own(tenant) => Err(LineRefusal::Taken),
                Assigned | Reserved => Err(LineRefusal::NotYours),
            },
            LineMove::Release(tenant) => {
                self.mine(tenant)?;
                if self.endpoint.is_some() {
                    return Err(LineRefusal::Connected);
                }
                Ok(Self { status: Reserved, tenant: None, endpoint: None, in_quarantine: true })
            }
            LineMove::Connect(tenant, endpoint) => {
                self.mine(tenant)?;
                if self.endpoint.is_some() {
                    return Err(LineRefusal::Connected);
                }
                Ok(Self { endpoint: Some(endpoint), ..self })
            }
            LineMove::Disconnect(tenant) => {
                self.mine(tenant)?;
                if self.endpoint.is_none() {
                    return Err(LineRefusal::NotConnected);
                }
                Ok(Self { endpoint: None, ..self })
            }
            LineMove::Hold(tenant) => match self.status {
                Available => Ok(Self { status: Reserved, tenant: Some(tenant), ..self }),
                Assigned | Reserved => Err(LineRefusal::Taken),
            },
            LineMove::Free => match self.status {
                Reserved => Ok(Self { status: Available, tenant: None, in_quarantine: false, ..self }),
                Available | Assigned => Err(LineRefusal::NotHeld),
            },
        }
    }

    /// An assigned line of this tenant; otherwise what it is to them.
    fn mine(self, tenant: TenantId) -> Result<(), LineRefusal> {
        match self.status {
            LineStatus::Assigned if self.tenant == Some(tenant) => Ok(()),
            LineStatus::Reserved if self.tenant == Some(tenant) => Err(LineRefusal::NotAssigned),
            // The pool is everybody's to see, so saying that it is not theirs tells nothing new.
            LineStatus::Available => Err(LineRefusal::NotAssigned),
            LineStatus::Assigned | LineStatus::Reserved => Err(LineRefusal::NotYours),
        }
    }

    /// The constraint of the table: status, owner and endpoint are one fact (K-19).
    pub const fn is_consistent(self) -> bool {
        match self.status {
            LineStatus::Available => self.tenant.is_none() && self.endpoint.is_none() && !self.in_quarantine,
            LineStatus::Reserved => self.endpoint.is_none() && (!self.in_quarantine || self.tenant.is_none()),
            LineStatus::Assigned => self.tenant.is_some() && !self.in_quarantine,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::{BotId, UserId};

    const US: TenantId = TenantId(Uuid::from_u128(1));
    const THEM: TenantId = TenantId(Uuid::from_u128(2));
    const ANNA: Endpoint = Endpoint::User(UserId(Uuid::from_u128(3)));
    const BOT: Endpoint = Endpoint::Bot(BotId(Uuid::from_u128(3)));
    const POOL: LineState =
        LineState { status: LineStatus::Available, tenant: None, endpoint: None, in_quarantine: false };

    fn moves() -> Vec<LineMove> {
        let mut all = vec![LineMove::Free];
        for tenant in [US, THEM] {
            all.extend([
                LineMove::Assign(tenant),
                LineMove::Release(tenant),
                LineMove::Connect(tenant, ANNA),
                LineMove::Connect(tenant, BOT),
                LineMove::Disconnect(tenant),
                LineMove::Hold(tenant),
            ]);
        }
        all
    }

    #[test]
    fn six_pairs_and_no_more() {
        let pairs: Vec<_> = LineStatus::ALL
            .into_iter()
            .flat_map(|from| LineStatus::ALL.map(|to| (from, to)))
            .filter(|(from, to)| from.may_become(*to))
            .collect();
        assert_eq!(pairs.len(), 6);
        assert!(LineStatus::ALL.into_iter().all(|status| !status.may_become(status)));
    }

    #[test]
    fn whatever_is_reachable_is_consistent_and_moves_by_the_table() {
        let mut todo = vec![POOL];
        let mut seen: Vec<LineState> = Vec::new();
        while let Some(state) = todo.pop() {
            if seen.contains(&state) {
                continue;
            }
            assert!(state.is_consistent(), "{state:?}");
            seen.push(state);
            for step in moves() {
                if let Ok(next) = state.after(step) {
                    assert!(
                        next.status == state.status || state.status.may_become(next.status),
                        "{state:?} {step:?} {next:?}"
                    );
                    todo.push(next);
                }
            }
        }
        assert_eq!(
            seen.len(),
            10,
            "pool, quarantine, and held, assigned, ringing Anna, ringing the bot for each of two: {seen:?}"
        );
    }

    #[test]
    fn nobody_touches_anothers_line() {
        let connected =
            POOL.after(LineMove::Assign(THEM)).unwrap().after(LineMove::Connect(THEM, ANNA)).unwrap();
        let held = POOL.after(LineMove::Hold(THEM)).unwrap();
        let quarantine = POOL.after(LineMove::Assign(US)).unwrap().after(LineMove::Release(US)).unwrap();
        for state in [connected, held, quarantine] {
            for step in [
                LineMove::Assign(US),
                LineMove::Release(US),
                LineMove::Connect(US, ANNA),
                LineMove::Disconnect(US),
            ] {
                assert_eq!(state.after(step), Err(LineRefusal::NotYours), "{state:?} {step:?}");
            }
        }
    }

    #[test]
    fn a_line_is_disconnected_before_it_is_released() {
        let ours = POOL.after(LineMove::Assign(US)).unwrap();
        assert_eq!(ours.after(LineMove::Disconnect(US)), Err(LineRefusal::NotConnected));
        for (endpoint, other) in [(ANNA, BOT), (BOT, ANNA)] {
            let connected = ours.after(LineMove::Connect(US, endpoint)).unwrap();
            assert_eq!(connected.after(LineMove::Release(US)), Err(LineRefusal::Connected));
            assert_eq!(connected.after(LineMove::Connect(US, other)), Err(LineRefusal::Connected));
            let released =
                connected.after(LineMove::Disconnect(US)).unwrap().after(LineMove::Release(US)).unwrap();
            assert!(released.in_quarantine && released.tenant.is_none());
            assert_eq!(released.after(LineMove::Free), Ok(POOL));
        }
    }
}
