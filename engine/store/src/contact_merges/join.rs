//! What the kept record gets of the merged one's: what it lacks, and all numbers and addresses.

use serde_json::{Map, Value};
use switchroom_core::directory::ContactKind;
use uuid::Uuid;

use super::MergeError;
use crate::{
    TenantTx,
    changed::Changed,
    contact::{self, Contact},
    email_contacts::{self, EmailContact, EmailContactPatch},
    emails::{self, Email},
    individuals::{self, Individual, IndividualPatch},
    organization_contacts::{self, OrganizationContact, OrganizationContactPatch},
    organizations::{self, Organization, OrganizationPatch},
    phones::{self, Phone},
    places::{Place, PlacePatch},
};

fn joined<T>(kept: &[T], merged: &[T]) -> Option<Vec<T>>
where
    T: Clone,
{
    (!merged.is_empty()).then(|| kept.iter().chain(merged).cloned().collect())
}

/// The kept one's first, and its primary one where it has one.
fn joined_phones(kept: &[Phone], merged: &[Phone]) -> Option<Vec<Phone>> {
    let has_primary = !kept.is_empty();
    let merged: Vec<Phone> = merged
        .iter()
        .cloned()
        .map(|phone| Phone { primary: phone.primary && !has_primary, ..phone })
        .collect();
    joined(kept, &merged).map(phones::settle)
}

fn joined_emails(kept: &[Email], merged: &[Email]) -> Option<Vec<Email>> {
    let has_primary = !kept.is_empty();
    let merged: Vec<Email> = merged
        .iter()
        .cloned()
        .map(|email| Email { primary: email.primary && !has_primary, ..email })
        .collect();
    joined(kept, &merged).map(emails::settle)
}

/// Values of fields that the kept one has none of.
fn joined_custom(kept: &Map<String, Value>, merged: &Map<String, Value>) -> Map<String, Value> {
    merged
        .iter()
        .filter(|(key, _)| !kept.contains_key(*key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// What the kept one's place lacks, where the two may be one.
fn joined_place(kept: &Place, merged: &Place) -> PlacePatch {
    PlacePatch::between(kept, &kept.completed_by(merged))
}

async fn both<C: Contact>(tx: &mut TenantTx, kept: Uuid, merged: Uuid) -> Result<(C, C), MergeError> {
    let kept = contact::get::<C>(tx, kept).await?.ok_or(MergeError::NoKept)?;
    let merged = contact::get::<C>(tx, merged).await?.ok_or(MergeError::NoMerged)?;
    Ok((kept, merged))
}

/// The kept record gets what it lacks of the merged one's.
pub(super) async fn join(
    tx: &mut TenantTx,
    kind: ContactKind,
    kept: Uuid,
    merged: Uuid,
) -> Result<(), MergeError> {
    let joined = match kind {
        ContactKind::Individual => individuals(tx, kept, merged).await?,
        ContactKind::Organization => organizations(tx, kept, merged).await?,
        ContactKind::OrganizationContact => organization_contacts(tx, kept, merged).await?,
        ContactKind::EmailContact => email_contacts(tx, kept, merged).await?,
    };
    // Both rows are held, so that neither is gone or changed by anybody else.
    if joined { Ok(()) } else { Err(MergeError::Race) }
}

const fn done<T>(changed: &Changed<T>) -> bool {
    matches!(changed, Changed::Done(_))
}

async fn individuals(tx: &mut TenantTx, kept: Uuid, merged: Uuid) -> Result<bool, MergeError> {
    let (kept, merged) = both::<Individual>(tx, kept, merged).await?;
    let links = merged.social_media.iter().filter(|link| !kept.social_media.contains(link));
    let patch = IndividualPatch {
        gender: kept.gender.is_none().then(|| merged.gender.clone()),
        dob: kept.dob.is_none().then_some(merged.dob),
        place: joined_place(&kept.place, &merged.place),
        social_media: Some(kept.social_media.iter().chain(links).cloned().collect()),
        phones: joined_phones(&kept.phones, &merged.phones),
        emails: joined_emails(&kept.common.emails, &merged.common.emails),
        custom: joined_custom(&kept.common.custom, &merged.common.custom),
        ..IndividualPatch::default()
    };
    Ok(done(&individuals::update(tx, kept.id, &patch, Some(kept.version)).await?))
}

async fn organizations(tx: &mut TenantTx, kept: Uuid, merged: Uuid) -> Result<bool, MergeError> {
    let (kept, merged) = both::<Organization>(tx, kept, merged).await?;
    let patch = OrganizationPatch {
        tax_id: kept.tax_id.is_none().then(|| merged.tax_id.clone()),
        place: joined_place(&kept.place, &merged.place),
        phones: joined_phones(&kept.phones, &merged.phones),
        emails: joined_emails(&kept.common.emails, &merged.common.emails),
        custom: joined_custom(&kept.common.custom, &merged.common.custom),
        ..OrganizationPatch::default()
    };
    Ok(done(&organizations::update(tx, kept.id, &patch, Some(kept.version)).await?))
}

/// Of two organizations too: the person stays with the kept record's, and tickets stay about the one they were about.
async fn organization_contacts(tx: &mut TenantTx, kept: Uuid, merged: Uuid) -> Result<bool, MergeError> {
    let (kept, merged) = both::<OrganizationContact>(tx, kept, merged).await?;
    let patch = OrganizationContactPatch {
        gender: kept.gender.is_none().then(|| merged.gender.clone()),
        place: joined_place(&kept.place, &merged.place),
        phones: joined_phones(&kept.phones, &merged.phones),
        emails: joined_emails(&kept.common.emails, &merged.common.emails),
        custom: joined_custom(&kept.common.custom, &merged.common.custom),
        ..OrganizationContactPatch::default()
    };
    let version = Some(kept.version);
    let updated = organization_contacts::update(tx, kept.organization_id, kept.id, &patch, version).await?;
    Ok(done(&updated))
}

async fn email_contacts(tx: &mut TenantTx, kept: Uuid, merged: Uuid) -> Result<bool, MergeError> {
    let (kept, merged) = both::<EmailContact>(tx, kept, merged).await?;
    let patch = EmailContactPatch {
        phones: joined_phones(&kept.phones, &merged.phones),
        emails: joined_emails(&kept.common.emails, &merged.common.emails),
        custom: joined_custom(&kept.common.custom, &merged.common.custom),
        ..EmailContactPatch::default()
    };
    Ok(done(&email_contacts::update(tx, kept.id, &patch, Some(kept.version)).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kept_ones_primary_number_stays() {
        let phone = |e164: &str, primary| Phone {
            e164: e164.parse().unwrap(),
            raw: e164.to_owned(),
            label: None,
            primary,
        };
        let joined = joined_phones(&[phone("+33639980001", true)], &[phone("+33639980002", true)]).unwrap();
        assert_eq!(joined, [phone("+33639980001", true), phone("+33639980002", false)]);
        assert_eq!(
            joined_phones(&[], &[phone("+33639980002", true)]).unwrap(),
            [phone("+33639980002", true)]
        );
        assert_eq!(joined_phones(&[phone("+33639980001", true)], &[]), None);
    }
}
