//! Snapshots of what is kept: tenants, people, connections, lines, directories.

/// Read without locks, kept fresh by the change feed.
#[derive(Default)]
pub struct Registry;
