//! The only room that speaks SQL: one module per aggregate, functions over `&mut PgConnection`, so that the caller
//! owns the transaction. Rows are private; what leaves is a core type or a plain record of this crate.
//!
//! No business rule lives here that the database itself does not enforce.

pub mod alerts;
pub mod audit;
pub mod bots;
pub mod calls;
pub mod changed;
pub mod connections;
pub mod contact;
pub mod contact_duplicates;
pub mod contact_erasures;
pub mod contact_fields;
pub mod contact_list;
pub mod contact_merges;
pub mod contact_notes;
pub mod contact_standings;
pub mod db;
pub mod demo;
pub mod directory_load;
pub mod directory_settings;
pub mod directory_stream;
pub mod email_contacts;
pub mod emails;
pub mod feed;
pub mod health;
pub mod idempotency;
pub mod identity_providers;
pub mod import;
pub mod imports;
pub mod individuals;
pub mod invitations;
pub mod listing;
pub mod log;
pub mod lookups;
pub mod numbers;
pub mod organization_contacts;
pub mod organizations;
pub mod origin;
pub mod password_links;
pub mod people;
pub mod performance;
pub mod phones;
pub mod places;
pub mod portal_accounts;
mod readers;
pub mod registrations;
pub mod roles;
pub mod second_factors;
pub mod server;
pub mod sessions;
pub mod summaries;
pub mod teams;
pub mod tenants;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tickets;
pub mod tokens;
pub mod users;
pub mod webhooks;

pub use changed::Changed;
pub use contact::Contact;
pub use db::{Database, Role, StoreError, TenantTx, Timestamp};

/// The schema, embedded; `Database::migrate` brings a database up to it under sqlx's advisory lock.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");
