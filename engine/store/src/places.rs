//! Where a contact is, as a patch says it. The columns are the same of every kind that has them.

pub use switchroom_core::directory::place::Place;

/// What to change; an outer `None` leaves the part as it is, an inner one empties it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacePatch {
    pub address: Option<Option<String>>,
    pub city: Option<Option<String>>,
    pub state: Option<Option<String>>,
    pub country: Option<Option<String>>,
}

impl PlacePatch {
    /// What makes `after` of `before`.
    pub(crate) fn between(before: &Place, after: &Place) -> Self {
        let part = |before: &Option<String>, after: &Option<String>| (before != after).then(|| after.clone());
        Self {
            address: part(&before.address, &after.address),
            city: part(&before.city, &after.city),
            state: part(&before.state, &after.state),
            country: part(&before.country, &after.country),
        }
    }
}

/// The value of a part of a patch.
pub(crate) fn said(part: &Option<Option<String>>) -> Option<&str> {
    part.as_ref().and_then(Option::as_deref)
}
