//! The endpoints of accounts: signing in and out, what people do with their own account (`auth`), and what is done with
//! people: members, invitations, roles, teams, API tokens, identity providers, the audit log (`people`). Calls, contacts
//! and tickets are the desk's; neither crate knows the other, so they compile beside one another.

pub mod auth;
pub mod people;
