//! The lines of a tenant.

use crate::{NumberId, TenantId, UserId, number::E164};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub id: NumberId,
    pub number: E164,
    pub tenant: TenantId,
    pub user_id: Option<UserId>,
}
