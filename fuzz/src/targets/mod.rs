//! The targets, one per way in.

pub mod csv;
pub mod hook;
pub mod number;
pub mod sip;
pub mod socket;
