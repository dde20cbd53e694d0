//! The endpoints of the work: who calls (directory, imports), what becomes of it (calls, agents, tickets), and by which
//! lines and connections it comes and goes (phone numbers, bots, connections, webhook endpoints). Signing in and people's
//! accounts are the accounts crate's; neither knows the other, so they compile beside one another.

pub mod agents;
pub mod bots;
pub mod calls;
pub mod connections;
pub mod directory;
pub mod imports;
pub mod phone_numbers;
pub mod tickets;
pub mod webhook_endpoints;
