//! What the kinds of contact have in common: all are read by id and page by page, have addresses, numbers, a standing and
//! fields of the tenant's own, are merged and deleted in one way. The statements that name the columns of a kind stand
//! with the kind.

use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, types::Json};
use switchroom_core::{
    UserId,
    directory::{ContactKind, ContactRef, standing::Standing},
};
use uuid::Uuid;

use crate::{
    StoreError, TenantTx,
    changed::Changed,
    contact_list::{self, ContactFilter, ContactSort, table_name},
    emails::{self, Email},
    listing::{Slice, Window},
    phones::{self, Phone},
    portal_accounts,
};

/// A kind of contact, as stored.
pub trait Contact: Sized + Send {
    const KIND: ContactKind;

    /// The living ones of these ids, in this order.
    fn load(tx: &mut TenantTx, ids: &[Uuid]) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;

    fn version(&self) -> i64;

    fn common(&self) -> &Common;
}

/// What every kind of contact has beside its own columns and its numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Common {
    /// One of them is the primary one, which is the contact's `email` too.
    pub emails: Vec<Email>,
    pub standing: Standing,
    /// Values of the tenant's own fields.
    pub custom: Map<String, Value>,
}

impl Common {
    /// From columns; their checks let nothing else in.
    pub(crate) fn read(emails: Vec<Email>, status: &str, custom: Value) -> Self {
        let custom = if let Value::Object(custom) = custom { custom } else { Map::new() };
        Self { emails, standing: Standing::parse(status).unwrap_or_default(), custom }
    }

    /// Of a contact to be entered: what was said, `email` and the plain flag included.
    pub(crate) fn of_new(
        email: Option<&str>,
        emails: &[Email],
        standing: Option<Standing>,
        is_active: bool,
        custom: &Map<String, Value>,
    ) -> Self {
        Self {
            emails: emails::of_new(email, emails),
            standing: standing.unwrap_or(Standing::of_flag(is_active)),
            custom: custom.clone(),
        }
    }

    pub(crate) fn primary_email(&self) -> Option<&str> {
        emails::primary(&self.emails)
    }
}

/// As the statements take a merge of values: null where there is none.
pub(crate) fn custom(values: &Map<String, Value>) -> Option<Json<&Map<String, Value>>> {
    (!values.is_empty()).then_some(Json(values))
}

/// The columns that a patch of addresses changes; all `None` where it changes none.
pub(crate) struct EmailColumns {
    pub emails: Option<Vec<Email>>,
    pub primary: Option<String>,
    pub others: Option<String>,
}

impl EmailColumns {
    pub(crate) async fn patched(
        tx: &mut TenantTx,
        owner: ContactRef,
        email: Option<&Option<String>>,
        emails: Option<&[Email]>,
    ) -> Result<Self, StoreError> {
        let emails = emails::patched(tx, owner, email, emails).await?;
        let primary = emails.as_deref().and_then(emails::primary).map(str::to_owned);
        let others = emails.as_deref().map(emails::others);
        Ok(Self { emails, primary, others })
    }
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

/// Whether there is such a contact.
pub async fn exists(tx: &mut TenantTx, contact: ContactRef) -> Result<bool, StoreError> {
    let sql = format!(
        "SELECT EXISTS (SELECT FROM {} WHERE id = $1 AND deleted_at IS NULL)",
        table_name(contact.kind)
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).bind(contact.id).fetch_one(&mut **tx).await?)
}

/// Takes a share of the contact until the end of the transaction, so that it is not deleted, merged or promoted meanwhile;
/// false when there is none such.
pub(crate) async fn hold(tx: &mut TenantTx, contact: ContactRef) -> Result<bool, StoreError> {
    let sql =
        format!("SELECT id FROM {} WHERE id = $1 AND deleted_at IS NULL FOR SHARE", table_name(contact.kind));
    let held: Option<Uuid> =
        sqlx::query_scalar(AssertSqlSafe(sql)).bind(contact.id).fetch_optional(&mut **tx).await?;
    Ok(held.is_some())
}

/// What a contact that is no more has become part of: by a merge, or by being promoted from an e-mail contact.
pub(crate) async fn successor(
    tx: &mut TenantTx,
    contact: ContactRef,
) -> Result<Option<ContactRef>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT kind AS "kind!", kept_id AS "id!" FROM contact_merges WHERE merged_id = $1 AND undone_at IS NULL
           UNION ALL
           SELECT became_kind, became_id FROM email_contacts WHERE id = $1 AND became_id IS NOT NULL"#,
        contact.id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.and_then(|row| {
        let kind = ContactKind::ALL.into_iter().find(|kind| kind.name() == row.kind)?;
        Some(ContactRef { kind, id: row.id })
    }))
}

/// Whom a contact is in the end: itself, or what it has become part of.
pub(crate) async fn survivor(tx: &mut TenantTx, mut contact: ContactRef) -> Result<ContactRef, StoreError> {
    while let Some(successor) = successor(tx, contact).await? {
        contact = successor;
    }
    Ok(contact)
}

/// The end of an entry whose row is there: its addresses and numbers.
pub(crate) async fn entered(
    tx: &mut TenantTx,
    owner: ContactRef,
    common: &Common,
    phones: &[Phone],
) -> Result<(), StoreError> {
    emails::replace(tx, owner, &common.emails).await?;
    phones::replace(tx, owner, phones).await
}

/// The end of a merge whose statement has `touched` so many rows: addresses, numbers, and the contact as it is now.
pub(crate) async fn merged<C: Contact>(
    tx: &mut TenantTx,
    id: Uuid,
    touched: u64,
    emails: Option<&[Email]>,
    phones: Option<&[Phone]>,
) -> Result<Changed<C>, StoreError> {
    let owner = ContactRef { kind: C::KIND, id };
    if touched > 0 {
        if let Some(emails) = emails {
            emails::replace(tx, owner, emails).await?;
        }
        if let Some(phones) = phones {
            phones::replace(tx, owner, phones).await?;
        }
    }
    Ok(match get(tx, id).await? {
        Some(contact) if touched > 0 => Changed::Done(contact),
        present => Changed::refused(present.is_some()),
    })
}

/// Marks it deleted. Its numbers stay with it, out of the directory; who signed in as it is nobody's contact any more.
pub async fn delete<C: Contact>(
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i64>,
    by: UserId,
) -> Result<Changed<()>, StoreError> {
    portal_accounts::hold(tx, C::KIND, &[id]).await?;
    let sql = format!(
        "UPDATE {} SET deleted_at = now(), deleted_by = $3, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND ($2::bigint IS NULL OR version = $2)",
        table_name(C::KIND)
    );
    let touched = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(expected)
        .bind(by.0)
        .execute(&mut **tx)
        .await?
        .rows_affected();
    if touched > 0 {
        portal_accounts::release(tx, C::KIND, &[id]).await?;
        return Ok(Changed::Done(()));
    }
    Ok(Changed::refused(get::<C>(tx, id).await?.is_some()))
}

/// What became of a change of standing.
#[derive(Debug)]
pub enum Stood<C> {
    Done(C),
    Absent,
    Stale,
    /// There is no such move; it stands so.
    Refused(Standing),
}

/// Moves it from where it stands now to `to`, if there is such a move.
pub async fn stand<C: Contact>(
    tx: &mut TenantTx,
    id: Uuid,
    to: Standing,
    expected: Option<i64>,
) -> Result<Stood<C>, StoreError> {
    let Some(current) = get::<C>(tx, id).await? else { return Ok(Stood::Absent) };
    if expected.is_some_and(|expected| expected != current.version()) {
        return Ok(Stood::Stale);
    }
    let from = current.common().standing;
    if !from.may_become(to) {
        return Ok(Stood::Refused(from));
    }
    let sql = format!(
        "UPDATE {} SET status = $3, is_active = $4, version = version + 1
          WHERE id = $1 AND deleted_at IS NULL AND version = $2",
        table_name(C::KIND)
    );
    let moved = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .bind(current.version())
        .bind(to.name())
        .bind(to.is_active())
        .execute(&mut **tx)
        .await?
        .rows_affected();
    Ok(match get(tx, id).await? {
        Some(contact) if moved > 0 => Stood::Done(contact),
        Some(_) => Stood::Stale,
        None => Stood::Absent,
    })
}
