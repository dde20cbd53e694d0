//! What the kinds of contact have in common: all are read by id and page by page, merged and deleted in one way. The
//! statements stand with the kinds, whose columns they name.

use switchroom_core::directory::{ContactKind, ContactRef};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    changed::Changed,
    contact_list::{self, ContactFilter, ContactSort},
    listing::{Slice, Window},
    phones::{self, Phone},
};

/// A kind of contact, as stored.
pub trait Contact: Sized + Send {
    const KIND: ContactKind;

    /// The living ones of these ids, in this order.
    fn load(tx: &mut TenantTx, ids: &[Uuid]) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;

    fn version(&self) -> i64;
}

pub async fn get<C: Contact>(tx: &mut TenantTx, id: Uuid) -> Result<Option<C>, StoreError> {
    Ok(C::load(tx, &[id]).await?.pop())
}

pub async fn list<C: Contact>(
    tx: &mut TenantTx,
    filter: &ContactFilter,
    window: &Window<ContactSort>,
) -> Result<Slice<C>, StoreError> {
    let page = contact_list::page(tx, C::KIND, filter, window).await?;
    let items = C::load(tx, &page.items).await?;
    Ok(page.with(items))
}

/// The end of a merge whose statement has `touched` so many rows: the numbers, and the contact as it is now.
pub(crate) async fn merged<C: Contact>(
    tx: &mut TenantTx,
    id: Uuid,
    touched: u64,
    phones: Option<&[Phone]>,
) -> Result<Changed<C>, StoreError> {
    if touched > 0
        && let Some(phones) = phones
    {
        phones::replace(tx, ContactRef { kind: C::KIND, id }, phones).await?;
    }
    Ok(match get(tx, id).await? {
        Some(contact) if touched > 0 => Changed::Done(contact),
        present => Changed::refused(present.is_some()),
    })
}

/// The end of a deletion whose statement has `touched` so many rows. The numbers of a deleted contact stay with it, out
/// of the directory.
pub(crate) async fn deleted<C: Contact>(
    tx: &mut TenantTx,
    id: Uuid,
    touched: u64,
) -> Result<Changed<()>, StoreError> {
    if touched > 0 {
        return Ok(Changed::Done(()));
    }
    Ok(Changed::refused(get::<C>(tx, id).await?.is_some()))
}
