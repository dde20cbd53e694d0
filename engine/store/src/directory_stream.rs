//! Every contact that has a number, streamed by COPY: the bulk of the load at start.

use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};
use futures::{TryStreamExt as _, stream::BoxStream};
use sqlx::PgConnection;
use switchroom_core::{
    TenantId,
    directory::{Contact, ContactKind, ContactPhone, ContactRef},
};
use uuid::Uuid;

use crate::db::StoreError;

/// Signature, flags and length of the header's extension.
const HEADER: usize = 11 + 4 + 4;

/// The contacts of a kind in whatever order is fastest. A contact with several numbers may come several times, each time
/// with some of them. Last contact times are not filled in (they matter between owners of a shared number only, see
/// [`crate::directory_load::last_contacted`]).
pub struct Contacts<'c> {
    chunks: BoxStream<'c, Result<Bytes, sqlx::Error>>,
    buffer: BytesMut,
    /// Bytes of the header that are still to come.
    header: usize,
    kind: ContactKind,
    pending: Option<(TenantId, Contact)>,
}

impl<'c> Contacts<'c> {
    pub async fn begin(connection: &'c mut PgConnection, kind: ContactKind) -> Result<Self, StoreError> {
        // Binary, because writing and reading ids as text costs both sides more than all the rest. Every further
        // column is felt too, so each kind has those of its own.
        let statement = match kind {
            ContactKind::OrganizationContact => {
                "COPY (SELECT c.tenant_id, c.id, p.e164, p.is_primary, c.is_active, c.full_name, c.email, c.gender, o.id, o.name
                         FROM organization_contacts c
                         JOIN contact_phones p ON p.organization_contact_id = c.id
                         LEFT JOIN organizations o ON o.id = c.organization_id AND o.deleted_at IS NULL
                        WHERE c.deleted_at IS NULL) TO STDOUT (FORMAT binary)"
            }
            ContactKind::Organization => {
                "COPY (SELECT c.tenant_id, c.id, p.e164, p.is_primary, c.is_active, c.name, c.email
                         FROM organizations c JOIN contact_phones p ON p.organization_id = c.id
                        WHERE c.deleted_at IS NULL) TO STDOUT (FORMAT binary)"
            }
            ContactKind::Individual => {
                "COPY (SELECT c.tenant_id, c.id, p.e164, p.is_primary, c.is_active, c.full_name, c.email, c.gender
                         FROM individuals c JOIN contact_phones p ON p.individual_id = c.id
                        WHERE c.deleted_at IS NULL) TO STDOUT (FORMAT binary)"
            }
            ContactKind::EmailContact => {
                "COPY (SELECT c.tenant_id, c.id, p.e164, p.is_primary, c.is_active, c.name, c.email
                         FROM email_contacts c JOIN contact_phones p ON p.email_contact_id = c.id
                        WHERE c.deleted_at IS NULL) TO STDOUT (FORMAT binary)"
            }
        };
        let chunks = connection.copy_out_raw(statement).await?;
        Ok(Self { chunks, buffer: BytesMut::new(), header: HEADER, kind, pending: None })
    }

    /// The next one; neighbouring rows of one contact, one per number, are put together again.
    pub async fn next(&mut self) -> Result<Option<(TenantId, Contact)>, StoreError> {
        loop {
            match row(&self.buffer).ok_or_else(broken)? {
                Found::Row(row, length) => {
                    let (tenant, contact) = contact(row, self.kind).ok_or_else(broken)?;
                    self.buffer.advance(length);
                    match &mut self.pending {
                        Some((_, before)) if before.reference == contact.reference => {
                            before.phones.extend(contact.phones)
                        }
                        pending => {
                            if let Some(complete) = pending.replace((tenant, contact)) {
                                return Ok(Some(complete));
                            }
                        }
                    }
                }
                Found::End => {
                    // What follows is the protocol's own end.
                    while self.chunks.try_next().await?.is_some() {}
                    self.buffer.clear();
                    return Ok(self.pending.take());
                }
                Found::Part => match self.chunks.try_next().await? {
                    Some(chunk) => self.take(chunk),
                    None if self.buffer.is_empty() => return Ok(self.pending.take()),
                    None => return Err(broken()),
                },
            }
        }
    }

    fn take(&mut self, mut chunk: Bytes) {
        let skipped = self.header.min(chunk.len());
        chunk.advance(skipped);
        self.header -= skipped;
        self.buffer.extend_from_slice(&chunk);
    }
}

fn broken() -> StoreError {
    StoreError::Other(sqlx::Error::Protocol("a row of COPY is not as asked for".into()))
}

enum Found<'a> {
    /// The fields with their lengths, and the length of the whole.
    Row(&'a [u8], usize),
    End,
    /// More has to come first.
    Part,
}

/// The first row of COPY's binary format; none where it is broken.
fn row(buffer: &[u8]) -> Option<Found<'_>> {
    let Some((fields, rest)) = buffer.split_first_chunk() else { return Some(Found::Part) };
    let mut fields = i16::from_be_bytes(*fields);
    if fields == -1 {
        return Some(Found::End);
    }
    let mut at = 0_usize;
    while fields > 0 {
        let Some((length, _)) = rest.get(at..).and_then(|rest| rest.split_first_chunk()) else {
            return Some(Found::Part);
        };
        at += 4 + match i32::from_be_bytes(*length) {
            -1 => 0,
            length => usize::try_from(length).ok()?,
        };
        fields -= 1;
    }
    Some(rest.get(..at).map_or(Found::Part, |row| Found::Row(row, 2 + at)))
}

fn contact(row: &[u8], kind: ContactKind) -> Option<(TenantId, Contact)> {
    let mut rest = row;
    // Outer none: there is no further field; inner none: it is null.
    let mut field = || {
        let (length, after) = rest.split_first_chunk()?;
        let length = i32::from_be_bytes(*length);
        let (value, after) = after.split_at_checked(usize::try_from(length).unwrap_or(0))?;
        rest = after;
        Some((length >= 0).then_some(value))
    };
    let tenant = uuid(field()??)?;
    let id = uuid(field()??)?;
    let e164 = text(field()??)?.parse().ok()?;
    let primary = field()?? == [1];
    let active = field()?? == [1];
    let name: Arc<str> = text(field()??)?.into();
    let email = optional_text(field()?)?;
    let (mut gender, mut organization) = (None, None);
    match kind {
        ContactKind::OrganizationContact => {
            gender = optional_text(field()?)?;
            let id = field()?;
            let name = optional_text(field()?)?;
            if let Some(id) = id {
                organization = Some((uuid(id)?, name?.into()));
            }
        }
        ContactKind::Organization => organization = Some((id, Arc::clone(&name))),
        ContactKind::Individual => gender = optional_text(field()?)?,
        ContactKind::EmailContact => {}
    }
    let contact = Contact {
        reference: ContactRef { kind, id },
        name,
        organization,
        gender: gender.map(Into::into),
        email: email.map(Into::into),
        active,
        last_contacted_at: None,
        phones: vec![ContactPhone { e164, primary }],
    };
    Some((TenantId(tenant), contact))
}

fn uuid(field: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(field).ok()
}

fn text(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok()
}

/// Outer none: it is no text.
fn optional_text(field: Option<&[u8]>) -> Option<Option<&str>> {
    field.map_or(Some(None), |field| text(field).map(Some))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(fields: &[Option<&[u8]>]) -> Vec<u8> {
        let mut bytes = i16::try_from(fields.len()).unwrap().to_be_bytes().to_vec();
        for field in fields {
            let length = field.map_or(-1, |field| i32::try_from(field.len()).unwrap());
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(field.unwrap_or_default());
        }
        bytes
    }

    fn fields() -> [Option<&'static [u8]>; 10] {
        const ONE: [u8; 16] = 1_u128.to_be_bytes();
        const TWO: [u8; 16] = 2_u128.to_be_bytes();
        let (name, number) = ("A\tB\n".as_bytes(), b"+33612345678".as_slice());
        [
            Some(&ONE),
            Some(&TWO),
            Some(number),
            Some(&[1]),
            Some(&[0]),
            Some(name),
            Some(b"a@b.example"),
            None,
            None,
            None,
        ]
    }

    #[test]
    fn a_row_reads_back_once_all_of_it_is_there() {
        let whole = bytes(&fields());
        for length in 0..whole.len() {
            assert!(matches!(row(&whole[..length]), Some(Found::Part)), "{length}");
        }
        let Some(Found::Row(read, length)) = row(&whole) else { panic!("a row") };
        assert_eq!(length, whole.len());
        let (tenant, contact) = contact(read, ContactKind::Individual).unwrap();
        assert_eq!(tenant, TenantId(Uuid::from_u128(1)));
        assert_eq!(contact.reference, ContactRef { kind: ContactKind::Individual, id: Uuid::from_u128(2) });
        assert_eq!(
            (&*contact.name, contact.gender, contact.email.as_deref()),
            ("A\tB\n", None, Some("a@b.example"))
        );
        assert!(!contact.active && contact.phones[0].primary && contact.organization.is_none());
    }

    #[test]
    fn a_row_of_another_shape_is_refused() {
        assert!(matches!(row(&(-1_i16).to_be_bytes()), Some(Found::End)));
        assert!(row(&[0, 1, 0xff, 0xff, 0xff, 0xfe]).is_none(), "a length below that of null");
        for (at, wrong) in [(0, Some(&b"short"[..])), (2, Some(b"nonsense")), (5, None), (5, Some(b"\xff"))] {
            let mut fields = fields();
            fields[at] = wrong;
            let whole = bytes(&fields);
            assert!(contact(&whole[2..], ContactKind::Individual).is_none(), "{at} {wrong:?}");
        }
        assert!(contact(&bytes(&fields()[..7])[2..], ContactKind::Individual).is_none());
    }
}
