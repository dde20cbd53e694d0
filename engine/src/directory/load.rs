//! Everything, once, in one snapshot of the database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use switchroom_core::{
    TenantId,
    directory::{Contact, ContactKind, ContactRef},
    number::{self, Region},
};
use switchroom_store::{
    Database, StoreError,
    directory_load::{self, ConnectionRow, Snapshot, TenantRow},
    directory_stream::Contacts,
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    Registry, Sealer,
    registry::{Connection, ConnectionKind, Credentials, Profile, Tenant},
};

/// Rows between two lines of progress in the log.
const PROGRESS: usize = 250_000;
/// Contacts that are put into a directory at once.
const BATCH: usize = 64;

/// Fills the registry; answers with the transaction id at which the feed goes on.
pub(super) async fn load(db: &Database, registry: &Registry, secrets: &Sealer) -> Result<String, StoreError> {
    let began = Instant::now();
    let mut snapshot = Snapshot::begin(db).await?;
    let connection = snapshot.connection();
    let tenants = directory_load::tenants(connection, None).await?;
    number::warm_up(tenants.iter().filter_map(|tenant| tenant.region.parse().ok()));
    for tenant in tenants {
        put_tenant(registry, &tenant);
    }
    for (tenant, members) in directory_load::members(connection, None).await? {
        registry.put_roster(tenant, members);
    }
    for line in directory_load::lines(connection, None).await? {
        registry.put_line(line);
    }
    for (bot, address) in directory_load::bots(connection, None).await? {
        registry.put_bot(bot, address);
    }
    for row in directory_load::connections(connection, None).await? {
        put_connection(registry, secrets, row);
    }
    let expected = directory_load::estimated_phones(connection).await?;
    let tenants = registry.tenants();
    for tenant in &tenants {
        // What a tenant has more is grown into, what it has less is given back.
        tenant.directory().begin_load(usize::try_from(expected).unwrap_or(0) / tenants.len());
    }
    let beside = snapshot.beside(db).await?;
    let progress = Arc::new(Progress { rows: AtomicUsize::new(0), numbers: AtomicUsize::new(0), expected });
    // At once and on threads of their own: while one query prepares its join the other's rows come in, and while one waits
    // for its turn to write the other reads.
    let [people, companies] = [
        (snapshot, [ContactKind::Individual, ContactKind::EmailContact]),
        (beside, [ContactKind::OrganizationContact, ContactKind::Organization]),
    ]
    .map(|(snapshot, kinds)| {
        AbortOnDropHandle::new(tokio::spawn(contacts(
            registry.clone(),
            snapshot,
            kinds,
            Arc::clone(&progress),
        )))
    });
    let mut snapshot = finished(people).await?;
    finished(companies).await?.end().await?;
    let numbers = progress.numbers.load(Ordering::Relaxed);
    for tenant in registry.tenants() {
        tenant.directory().end_load();
    }
    fill_last_contacted(registry, &mut snapshot).await?;
    let xmin = snapshot.xmin.clone();
    snapshot.end().await?;
    let sizes = registry.sizes();
    tracing::info!(
        tenants = sizes.tenants,
        contacts = sizes.contacts,
        numbers,
        lines = sizes.lines,
        connections = sizes.connections,
        elapsed_ms = began.elapsed().as_millis(),
        "directory loaded"
    );
    Ok(xmin)
}

/// How far the load is.
struct Progress {
    rows: AtomicUsize,
    numbers: AtomicUsize,
    expected: u64,
}

/// The contacts of two kinds, one after the other; gives the snapshot back.
async fn contacts(
    registry: Registry,
    mut snapshot: Snapshot,
    kinds: [ContactKind; 2],
    progress: Arc<Progress>,
) -> Result<Snapshot, StoreError> {
    for kind in kinds {
        let mut contacts = Contacts::begin(snapshot.connection(), kind).await?;
        let mut batch = Batch { tenant: None, contacts: Vec::with_capacity(BATCH) };
        while let Some((tenant, contact)) = contacts.next().await? {
            if batch.tenant.as_ref().is_none_or(|current| current.id != tenant) {
                batch.put(&progress);
                batch.tenant = registry.tenant(tenant);
            }
            batch.contacts.push(contact);
            if batch.contacts.len() == BATCH {
                batch.put(&progress);
                // The load is long and does not wait much; others on this thread have a turn.
                tokio::task::yield_now().await;
            }
        }
        batch.put(&progress);
    }
    Ok(snapshot)
}

async fn finished(load: AbortOnDropHandle<Result<Snapshot, StoreError>>) -> Result<Snapshot, StoreError> {
    load.await.unwrap_or_else(|stopped| Err(StoreError::Other(sqlx::Error::Io(stopped.into()))))
}

/// Contacts of one tenant on their way into its directory; of none where it was made after the registry was filled.
struct Batch {
    tenant: Option<Arc<Tenant>>,
    contacts: Vec<Contact>,
}

impl Batch {
    fn put(&mut self, progress: &Progress) {
        let contacts = std::mem::replace(&mut self.contacts, Vec::with_capacity(BATCH));
        let numbers = contacts.iter().map(|contact| contact.phones.len()).sum();
        progress.numbers.fetch_add(numbers, Ordering::Relaxed);
        let before = progress.rows.fetch_add(contacts.len(), Ordering::Relaxed);
        let rows = before + contacts.len();
        if rows / PROGRESS > before / PROGRESS {
            tracing::info!(rows, expected = progress.expected, "loading the directory");
        }
        if let Some(tenant) = &self.tenant {
            tenant.directory().put_more(contacts);
        }
    }
}

/// The last call decides only between owners of one number, so it is asked for those alone.
async fn fill_last_contacted(registry: &Registry, snapshot: &mut Snapshot) -> Result<(), StoreError> {
    for tenant in registry.tenants() {
        for sharing in tenant.directory().sharing().chunks(1_000) {
            let ids: Vec<_> = sharing.iter().map(|contact| contact.id).collect();
            for (id, at) in directory_load::last_contacted(snapshot.connection(), &ids).await? {
                for kind in ContactKind::ALL {
                    let contact = ContactRef { kind, id };
                    if sharing.contains(&contact) {
                        tenant.directory().contacted(contact, at);
                    }
                }
            }
        }
    }
    Ok(())
}

pub(super) fn put_tenant(registry: &Registry, row: &TenantRow) {
    // The schema allows any two capitals; of a region unknown to us no national number can be read.
    let region = row.region.parse().unwrap_or(Region::UNKNOWN);
    let profile =
        Profile { slug: row.slug.clone(), name: row.name.clone(), region, suspended: row.suspended };
    registry.put_tenant(row.id, profile);
}

pub(super) fn put_connection(registry: &Registry, secrets: &Sealer, row: ConnectionRow) {
    let Some(kind) = ConnectionKind::from_name(&row.kind) else {
        tracing::warn!(connection = %row.id, kind = row.kind, "a connection of an unknown kind is left out");
        return;
    };
    let credentials = unseal(secrets, &row);
    if credentials.is_none() {
        tracing::error!(connection = %row.id, "the credentials of a connection cannot be opened; its requests are refused");
    }
    let region = row.default_region.as_deref().and_then(|region| region.parse().ok());
    registry.put_connection(Connection {
        id: row.id,
        tenant: row.tenant,
        kind,
        region: region.unwrap_or_else(|| tenant_region(registry, row.tenant)),
        user_map: serde_json::from_value(row.user_map).unwrap_or_default(),
        credentials,
        hook_key_hash: row.hook_key_hash.and_then(|hash| hash.try_into().ok()),
    });
}

fn tenant_region(registry: &Registry, tenant: TenantId) -> Region {
    registry.tenant(tenant).map_or(Region::UNKNOWN, |tenant| tenant.region())
}

fn unseal(secrets: &Sealer, row: &ConnectionRow) -> Option<Credentials> {
    let Some(sealed) = &row.credentials else { return Some(Credentials::default()) };
    let opened = secrets.open(row.key_id.as_deref()?, sealed).ok()?;
    serde_json::from_slice(&opened).ok()
}
