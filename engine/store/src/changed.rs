//! What became of a change to a record that others may change too.

/// The outcome of a conditional change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed<T> {
    Done(T),
    /// No such record (any more), or not this tenant's.
    Absent,
    /// The record has another version than the caller has seen.
    Stale,
}

impl<T> Changed<T> {
    /// Why a conditional change touched no row: `present` says whether the record is there at all.
    pub(crate) const fn refused(present: bool) -> Self {
        if present { Self::Stale } else { Self::Absent }
    }
}
