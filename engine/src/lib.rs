//! Runtime of the house.

pub mod seal;
