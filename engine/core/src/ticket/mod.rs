//! The rules of tickets that are more than a form: how a ticket moves through its life, and what filing one does to
//! the directory. Storing and showing tickets is none of this room's business.

pub mod caller;
pub mod lifecycle;
