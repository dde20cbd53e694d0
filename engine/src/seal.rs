//! Sealing of stored secrets.

/// Seals and opens under named keys.
pub struct Sealer;
