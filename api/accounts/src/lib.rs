//! The endpoints of accounts: signing in and out, what people do with their own account (`auth`), what is done with
//! people: members, invitations, roles, teams, API tokens, identity providers, the audit log (`people`), and the platform
//! admin's tenants (`tenants`). Calls, contacts and tickets are the desk's; neither crate knows the other, so they compile
//! beside one another.

pub mod auth;
pub mod people;
pub mod tenants;
