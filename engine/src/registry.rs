//! What the engine knows of the kept nouns while it runs: tenants, their people and contacts, lines, connections.
//!
//! Readers take a snapshot of what they ask for and never wait; the change feed is the only writer. Nothing here is
//! decided, and nothing is read from the database: [`crate::directory`] fills it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::ingest::accept::HookDoor;
use arc_swap::ArcSwap;
use dashmap::DashMap;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use switchroom_core::{
    BotId, ConnectionId, NumberId, TenantId, UserId,
    directory::TenantDirectory,
    number::{E164, PartyNumber, Region, normalise},
    number_plan::{Line, Lines},
    roster::{Member, Roster},
};

/// The kinds of connection of contract §3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionKind {
    Generic,
    Twilio,
    Telnyx,
    Vonage,
    Plivo,
    Sipgate,
    Zammad,
    Sip,
}

impl ConnectionKind {
    pub const ALL: [Self; 8] = [
        Self::Generic,
        Self::Twilio,
        Self::Telnyx,
        Self::Vonage,
        Self::Plivo,
        Self::Sipgate,
        Self::Zammad,
        Self::Sip,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Vonage => "vonage",
            Self::Plivo => "plivo",
            Self::Sipgate => "sipgate",
            Self::Zammad => "zammad",
            Self::Sip => "sip",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A connection's credentials, unsealed. Which fields are there depends on the kind.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Credentials {
    pub secret: Option<String>,
    pub auth_token: Option<String>,
    pub public_key: Option<String>,
    pub signature_secret: Option<String>,
    pub api_key: Option<String>,
    pub basic_user: Option<String>,
    pub basic_password: Option<String>,
}

/// Names what is there, never its content.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            ("secret", self.secret.is_some()),
            ("auth_token", self.auth_token.is_some()),
            ("public_key", self.public_key.is_some()),
            ("signature_secret", self.signature_secret.is_some()),
            ("api_key", self.api_key.is_some()),
            ("basic_user", self.basic_user.is_some()),
            ("basic_password", self.basic_password.is_some()),
        ];
        f.debug_set().entries(names.iter().filter(|(_, there)| *there).map(|(name, _)| name)).finish()
    }
}

/// One way in for call events.
#[derive(Clone, Debug)]
pub struct Connection {
    pub id: ConnectionId,
    pub tenant: TenantId,
    pub kind: ConnectionKind,
    /// Region of numbers without country code; the tenant's where the connection has none.
    pub region: Region,
    pub user_map: BTreeMap<String, UserId>,
    /// None where they cannot be unsealed: then no request of the connection is authentic.
    pub credentials: Option<Credentials>,
    /// SHA-256 of the hook key; none for SIP.
    pub hook_key_hash: Option<[u8; 32]>,
}

/// One tenant, with everything in memory about it. The parts change on their own; the tenant itself stays.
#[derive(Debug)]
pub struct Tenant {
    pub id: TenantId,
    profile: ArcSwap<Profile>,
    directory: TenantDirectory,
    roster: ArcSwap<Roster>,
}

/// What a tenant is called and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    pub slug: String,
    pub name: String,
    pub region: Region,
    /// No new call is taken in for it.
    pub suspended: bool,
}

impl Tenant {
    pub fn new(id: TenantId, profile: Profile) -> Self {
        Self {
            id,
            profile: ArcSwap::from_pointee(profile),
            directory: TenantDirectory::new(),
            roster: ArcSwap::from_pointee(Roster::default()),
        }
    }

    pub fn profile(&self) -> Arc<Profile> {
        self.profile.load_full()
    }

    pub fn region(&self) -> Region {
        self.profile.load().region
    }

    pub fn is_suspended(&self) -> bool {
        self.profile.load().suspended
    }

    pub fn directory(&self) -> &TenantDirectory {
        &self.directory
    }

    pub fn roster(&self) -> Arc<Roster> {
        self.roster.load_full()
    }
}

/// Read without waiting, kept fresh by the change feed. Clones share one registry.
#[derive(Clone, Default)]
pub struct Registry {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    tenants: DashMap<TenantId, Arc<Tenant>>,
    lines: DashMap<E164, Line>,
    /// Where a line was, to find it again when its number or holder changed.
    line_numbers: DashMap<NumberId, E164>,
    /// Where bots answer; only those that take calls and have an address.
    bots: DashMap<BotId, Box<str>>,
    connections: DashMap<ConnectionId, Arc<Connection>>,
    hooks: DashMap<[u8; 32], ConnectionId>,
    /// The webhook doors of connections, ready to judge requests.
    doors: DashMap<ConnectionId, Arc<HookDoor>>,
    sip: DashMap<TenantId, ConnectionId>,
}

impl Registry {
    pub fn tenant(&self, tenant: TenantId) -> Option<Arc<Tenant>> {
        self.shared.tenants.get(&tenant).map(|found| Arc::clone(&found))
    }

    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        self.shared.tenants.iter().map(|entry| Arc::clone(&entry)).collect()
    }

    pub fn tenant_by_slug(&self, slug: &str) -> Option<Arc<Tenant>> {
        self.shared
            .tenants
            .iter()
            .find(|entry| entry.profile.load().slug == slug)
            .map(|entry| Arc::clone(&entry))
    }

    pub fn connection(&self, id: ConnectionId) -> Option<Arc<Connection>> {
        self.shared.connections.get(&id).map(|found| Arc::clone(&found))
    }

    /// The connection whose hook has this key. The key is looked up by its hash, so that the time the search takes
    /// tells nothing about the keys there are.
    pub fn connection_by_hook_key(&self, key: &str) -> Option<Arc<Connection>> {
        let id = *self.shared.hooks.get(&hash_hook_key(key))?;
        self.connection(id)
    }

    /// The webhook door behind this key.
    pub(crate) fn hook_door(&self, key: &str) -> Option<Arc<HookDoor>> {
        let id = *self.shared.hooks.get(&hash_hook_key(key))?;
        self.shared.doors.get(&id).map(|door| Arc::clone(&door))
    }

    /// The SIP door of the tenant, if it has one yet.
    pub fn sip_connection(&self, tenant: TenantId) -> Option<Arc<Connection>> {
        let id = *self.shared.sip.get(&tenant)?;
        self.connection(id)
    }

    /// The line that has this number, whoever holds it.
    pub fn line(&self, number: E164) -> Option<Line> {
        self.shared.lines.get(&number).map(|line| *line)
    }

    /// The line that a SIP INVITE means: E.164 with or without plus, with an international prefix, or national in the
    /// region of the tenant that owns it (contract §3).
    pub fn line_for_dialled(&self, dialled: &str) -> Option<Line> {
        // The plan of a country may not know a number that the inventory has; the digits alone decide first.
        let text = switchroom_core::number::dialled_digits(dialled)?;
        let digits = text.trim_start_matches('+');
        let international = text.starts_with('+');
        for candidate in [Some(digits), (!international).then(|| digits.strip_prefix("00")).flatten()] {
            if let Some(line) = candidate
                .filter(|digits| (7..=15).contains(&digits.len()) && !digits.starts_with('0'))
                .and_then(|digits| digits.parse().ok())
                .and_then(|digits| E164::from_digits(digits).ok())
                .and_then(|number| self.line(number))
            {
                return Some(line);
            }
        }
        if international {
            return match normalise(&text, Region::UNKNOWN) {
                PartyNumber::E164(number) => self.line(number),
                PartyNumber::Extension(_) | PartyNumber::Anonymous | PartyNumber::Invalid(_) => None,
            };
        }
        // National: read it in each region that has tenants, and take it only where the line's own tenant is there.
        let mut regions: Vec<Region> = self.shared.tenants.iter().map(|tenant| tenant.region()).collect();
        regions.sort_unstable();
        regions.dedup();
        regions.into_iter().find_map(|region| {
            let line = self.line(normalise(&text, region).e164()?)?;
            (self.tenant(line.tenant)?.region() == region).then_some(line)
        })
    }

    /// The SIP address of a bot that takes calls.
    pub fn bot_address(&self, bot: BotId) -> Option<String> {
        self.shared.bots.get(&bot).map(|address| address.to_string())
    }

    /// The lines of one tenant, for the live core.
    pub fn lines_of(&self, tenant: TenantId) -> TenantLines {
        TenantLines { registry: self.clone(), tenant }
    }

    /// How many numbers, contacts, lines and connections are known: for `/readyz` and the start-up log.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            tenants: self.shared.tenants.len(),
            contacts: self.shared.tenants.iter().map(|tenant| tenant.directory.len()).sum(),
            lines: self.shared.lines.len(),
            connections: self.shared.connections.len(),
        }
    }
}

/// See [`Registry::sizes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    pub tenants: usize,
    pub contacts: usize,
    pub lines: usize,
    pub connections: usize,
}

/// Writing, for the loader and the change feed only.
impl Registry {
    /// The tenant, made if it is new, renamed or moved if it is not.
    pub(crate) fn put_tenant(&self, id: TenantId, profile: Profile) -> Arc<Tenant> {
        let tenant = Arc::clone(
            &self.shared.tenants.entry(id).or_insert_with(|| Arc::new(Tenant::new(id, profile.clone()))),
        );
        if **tenant.profile.load() != profile {
            tenant.profile.store(Arc::new(profile));
        }
        tenant
    }

    pub(crate) fn remove_tenant(&self, id: TenantId) {
        self.shared.tenants.remove(&id);
    }

    pub(crate) fn put_roster(&self, tenant: TenantId, members: Vec<Member>) {
        if let Some(tenant) = self.tenant(tenant) {
            tenant.roster.store(Arc::new(Roster::new(members)));
        }
    }

    pub(crate) fn put_line(&self, line: Line) {
        if let Some(before) = self.shared.line_numbers.insert(line.id, line.number)
            && before != line.number
        {
            self.shared.lines.remove_if(&before, |_, known| known.id == line.id);
        }
        self.shared.lines.insert(line.number, line);
    }

    pub(crate) fn remove_line(&self, id: NumberId) {
        if let Some((_, number)) = self.shared.line_numbers.remove(&id) {
            self.shared.lines.remove_if(&number, |_, known| known.id == id);
        }
    }

    pub(crate) fn put_bot(&self, bot: BotId, address: Box<str>) {
        self.shared.bots.insert(bot, address);
    }

    pub(crate) fn remove_bot(&self, bot: BotId) {
        self.shared.bots.remove(&bot);
    }

    pub(crate) fn put_connection(&self, connection: Connection) {
        let id = connection.id;
        if let Some(hash) = connection.hook_key_hash {
            self.shared.hooks.insert(hash, id);
        }
        if connection.kind == ConnectionKind::Sip {
            self.shared.sip.insert(connection.tenant, id);
        }
        match HookDoor::of(&connection) {
            Some(door) => self.shared.doors.insert(id, Arc::new(door)),
            None => self.shared.doors.remove(&id).map(|(_, door)| door),
        };
        let hash = connection.hook_key_hash;
        if let Some(before) = self.shared.connections.insert(id, Arc::new(connection))
            && let Some(old) = before.hook_key_hash
            && hash != Some(old)
        {
            self.shared.hooks.remove(&old);
        }
    }

    pub(crate) fn remove_connection(&self, id: ConnectionId) {
        self.shared.doors.remove(&id);
        if let Some((_, connection)) = self.shared.connections.remove(&id) {
            if let Some(hash) = connection.hook_key_hash {
                self.shared.hooks.remove_if(&hash, |_, known| *known == id);
            }
            self.shared.sip.remove_if(&connection.tenant, |_, known| *known == id);
        }
    }

    /// Connections that take their region from the tenant, for when that changes.
    pub(crate) fn connections_of(&self, tenant: TenantId) -> Vec<ConnectionId> {
        self.shared.connections.iter().filter(|entry| entry.tenant == tenant).map(|entry| entry.id).collect()
    }
}

/// SHA-256, as the database keeps it.
pub fn hash_hook_key(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// One tenant's part of the inventory.
#[derive(Clone)]
pub struct TenantLines {
    registry: Registry,
    tenant: TenantId,
}

impl Lines for TenantLines {
    fn line(&self, number: E164) -> Option<Line> {
        self.registry.line(number).filter(|line| line.tenant == self.tenant)
    }
}
