//! Bringing the registry up to what changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sqlx::PgConnection;
use switchroom_core::{
    BotId, ConnectionId, NumberId, TenantId, TicketId,
    directory::{ContactKind, ContactRef},
};
use switchroom_store::{
    Database, StoreError, directory_load,
    feed::{Change, Subject},
    summaries as summary_store,
};
use uuid::Uuid;

use super::{TicketListener, load};
use crate::{Registry, Sealer, summaries::SummaryCache};

/// Subjects loaded by one query.
const BATCH: usize = 1_000;

pub(super) struct Applier {
    pub db: Database,
    pub registry: Registry,
    pub summaries: SummaryCache,
    pub secrets: Arc<Sealer>,
    pub tickets: Arc<dyn TicketListener>,
}

impl Applier {
    /// Loads the present state of everything that changed. Repeating it changes nothing.
    pub async fn apply(&self, connection: &mut PgConnection, changes: &[Change]) -> Result<(), StoreError> {
        // Tenants first, people and lines before contacts: what later ones refer to is there.
        self.tenants(connection, &subjects(changes, Subject::Tenant)).await?;
        self.members(connection, changes).await?;
        self.lines(connection, &subjects(changes, Subject::Number)).await?;
        self.bots(connection, &subjects(changes, Subject::Bot)).await?;
        self.connections(connection, &subjects(changes, Subject::Connection)).await?;
        for (subject, kind) in [
            (Subject::Organization, ContactKind::Organization),
            (Subject::OrganizationContact, ContactKind::OrganizationContact),
            (Subject::Individual, ContactKind::Individual),
            (Subject::EmailContact, ContactKind::EmailContact),
        ] {
            self.contacts(connection, kind, changes, subject).await?;
        }
        self.merges(connection, &subjects(changes, Subject::Merge)).await?;
        self.tickets(connection, changes).await
    }

    async fn tenants(&self, connection: &mut PgConnection, ids: &[Uuid]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let rows = directory_load::tenants(connection, Some(ids)).await?;
        for row in &rows {
            let before = self.registry.tenant(row.id).map(|tenant| tenant.region());
            load::put_tenant(&self.registry, row);
            let after = self.registry.tenant(row.id).map(|tenant| tenant.region());
            if before.is_some() && before != after {
                let inherit: Vec<Uuid> =
                    self.registry.connections_of(row.id).into_iter().map(|id| id.0).collect();
                self.connections(connection, &inherit).await?;
            }
        }
        for gone in ids.iter().filter(|id| !rows.iter().any(|row| row.id.0 == **id)) {
            self.registry.remove_tenant(TenantId(*gone));
        }
        Ok(())
    }

    /// A roster is small and replaced whole.
    async fn members(&self, connection: &mut PgConnection, changes: &[Change]) -> Result<(), StoreError> {
        let mut tenants: BTreeSet<Uuid> = BTreeSet::new();
        let mut people: BTreeSet<Uuid> = BTreeSet::new();
        for change in changes.iter().filter(|change| change.subject == Subject::Member) {
            match change.tenant {
                Some(tenant) => tenants.insert(tenant.0),
                None => people.insert(change.subject_id),
            };
        }
        let people: Vec<Uuid> = people.into_iter().collect();
        for people in people.chunks(BATCH) {
            tenants.extend(
                directory_load::tenants_of_users(connection, people).await?.into_iter().map(|id| id.0),
            );
        }
        if tenants.is_empty() {
            return Ok(());
        }
        let tenants: Vec<Uuid> = tenants.into_iter().collect();
        let mut members = directory_load::members(connection, Some(&tenants)).await?;
        for tenant in tenants.into_iter().map(TenantId) {
            self.registry.put_roster(tenant, members.remove(&tenant).unwrap_or_default());
        }
        Ok(())
    }

    async fn lines(&self, connection: &mut PgConnection, ids: &[Uuid]) -> Result<(), StoreError> {
        for ids in ids.chunks(BATCH) {
            let rows = directory_load::lines(connection, Some(ids)).await?;
            for gone in ids.iter().filter(|id| !rows.iter().any(|row| row.id.0 == **id)) {
                self.registry.remove_line(NumberId(*gone));
            }
            for line in rows {
                self.registry.put_line(line);
            }
        }
        Ok(())
    }

    async fn bots(&self, connection: &mut PgConnection, ids: &[Uuid]) -> Result<(), StoreError> {
        for ids in ids.chunks(BATCH) {
            let rows = directory_load::bots(connection, Some(ids)).await?;
            for gone in ids.iter().filter(|id| !rows.iter().any(|(bot, _)| bot.0 == **id)) {
                self.registry.remove_bot(BotId(*gone));
            }
            for (bot, address) in rows {
                self.registry.put_bot(bot, address);
            }
        }
        Ok(())
    }

    async fn connections(&self, connection: &mut PgConnection, ids: &[Uuid]) -> Result<(), StoreError> {
        for ids in ids.chunks(BATCH) {
            let rows = directory_load::connections(connection, Some(ids)).await?;
            for gone in ids.iter().filter(|id| !rows.iter().any(|row| row.id.0 == **id)) {
                self.registry.remove_connection(ConnectionId(*gone));
            }
            for row in rows {
                load::put_connection(&self.registry, &self.secrets, row);
            }
        }
        Ok(())
    }

    async fn contacts(
        &self,
        connection: &mut PgConnection,
        kind: ContactKind,
        changes: &[Change],
        subject: Subject,
    ) -> Result<(), StoreError> {
        let changed: Vec<(Option<TenantId>, Uuid)> = changes
            .iter()
            .filter(|change| change.subject == subject)
            .map(|change| (change.tenant, change.subject_id))
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        for changed in changed.chunks(BATCH) {
            let ids: Vec<Uuid> = changed.iter().map(|(_, id)| *id).collect();
            let tenants: BTreeMap<Uuid, TenantId> =
                changed.iter().filter_map(|(tenant, id)| Some((*id, (*tenant)?))).collect();
            self.load_contacts(connection, kind, &ids, |id| tenants.get(&id).copied()).await?;
            if kind == ContactKind::Organization {
                // Contacts show their organization's name.
                let contacts = directory_load::contacts_of_organizations(connection, &ids).await?;
                for contacts in contacts.chunks(BATCH) {
                    self.load_contacts(connection, ContactKind::OrganizationContact, contacts, |_| None)
                        .await?;
                }
            }
        }
        Ok(())
    }

    async fn load_contacts(
        &self,
        connection: &mut PgConnection,
        kind: ContactKind,
        ids: &[Uuid],
        tenant_of: impl Fn(Uuid) -> Option<TenantId>,
    ) -> Result<(), StoreError> {
        let found = directory_load::contacts(connection, kind, ids).await?;
        let known: BTreeSet<Uuid> = found.iter().map(|(_, contact)| contact.reference.id).collect();
        for (tenant, contact) in found {
            if let Some(tenant) = self.registry.tenant(tenant) {
                tenant.directory().put(contact);
            }
        }
        for id in ids.iter().filter(|id| !known.contains(*id)) {
            if let Some(tenant) = tenant_of(*id).and_then(|tenant| self.registry.tenant(tenant)) {
                tenant.directory().remove(ContactRef { kind, id: *id });
            }
        }
        Ok(())
    }

    /// Calls stay with the record they were found to be of, so that nothing but the merge tells whose they are now.
    async fn merges(&self, connection: &mut PgConnection, ids: &[Uuid]) -> Result<(), StoreError> {
        for ids in ids.chunks(BATCH) {
            for merge in summary_store::merges(connection, ids).await? {
                self.summaries.merged(connection, &merge).await?;
            }
        }
        Ok(())
    }

    async fn tickets(&self, connection: &mut PgConnection, changes: &[Change]) -> Result<(), StoreError> {
        let changed: BTreeSet<(TenantId, TicketId)> = changes
            .iter()
            .filter(|change| change.subject == Subject::Ticket)
            .filter_map(|change| Some((change.tenant?, TicketId(change.subject_id))))
            .collect();
        for (tenant, ticket) in changed {
            let contacts = summary_store::contacts_of_ticket(connection, tenant, ticket).await?;
            self.summaries.ticket_changed(connection, tenant, ticket, &contacts).await?;
            self.tickets.ticket_changed(tenant, ticket);
        }
        Ok(())
    }
}

fn subjects(changes: &[Change], subject: Subject) -> Vec<Uuid> {
    let ids: BTreeSet<Uuid> =
        changes.iter().filter(|change| change.subject == subject).map(|change| change.subject_id).collect();
    ids.into_iter().collect()
}
