//! The demo: two tenants that share nothing, with people, lines, connections and contacts, made where they are absent;
//! and `demo.json`, which tells how to use them.

mod cast;
mod player;
mod seed;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use switchroom_api::auth::Passwords;
use switchroom_core::{ConnectionId, NumberId, TenantId, UserId};
use switchroom_engine::Sealer;
use switchroom_store::Database;
use switchroom_store::{demo as rows, tenants};

use self::cast::{CONNECTIONS, Contact, Kind, PEOPLE, POOL, TENANTS, Tenant};
use self::seed::Seed;
use crate::data_dir;

/// Extensions of load agents follow this one.
const LOAD_EXTENSIONS: u32 = 10_000;

/// What was made.
pub struct Demo {
    tenants: Vec<Made>,
    root: Somebody,
}

struct Made {
    cast: &'static Tenant,
    id: TenantId,
    people: Vec<Somebody>,
    load_agents: Vec<Somebody>,
    connections: Vec<Door>,
}

struct Somebody {
    id: UserId,
    email: String,
    role: &'static str,
    extension: Option<String>,
    password: Option<String>,
    token: String,
}

/// A connection with its secrets.
struct Door {
    id: ConnectionId,
    kind: &'static str,
    key: String,
    /// What `demo.json` tells.
    secret: Option<String>,
}

/// Makes what is absent.
pub async fn make(
    db: &Database,
    data: &Path,
    load_agents: u32,
    sealer: &Sealer,
    passwords: &Passwords,
) -> anyhow::Result<Demo> {
    let seed = Seed::open(data)?;
    let mut tenants = Vec::new();
    for cast in &TENANTS {
        let load_agents = if cast.slug == "demo" { load_agents } else { 0 };
        tenants.push(tenant(db, &seed, cast, load_agents, sealer, passwords).await?);
    }
    let mut root = vec![somebody(&seed, "root@demo.example", "platform_admin", None, true)];
    let mut platform = db.platform().acquire().await?;
    make_people(&mut platform, &seed, &mut root, &|_| "Robin Root".to_owned(), None, passwords).await?;
    for number in POOL {
        rows::number(&mut platform, NumberId(seed.id("number", number)), number, "FR", None, None).await?;
    }
    Ok(Demo { tenants, root: root.remove(0) })
}

fn somebody(
    seed: &Seed,
    email: &str,
    role: &'static str,
    extension: Option<String>,
    password: bool,
) -> Somebody {
    Somebody {
        id: UserId(seed.id("user", email)),
        email: email.to_owned(),
        role,
        extension,
        password: password.then(|| seed.password(email)),
        token: format!("swt_{}", seed.text("token", email)),
    }
}

async fn tenant(
    db: &Database,
    seed: &Seed,
    cast: &'static Tenant,
    load_agents: u32,
    sealer: &Sealer,
    passwords: &Passwords,
) -> anyhow::Result<Made> {
    let mut people: Vec<Somebody> = PEOPLE
        .iter()
        .map(|(name, _, role, extension)| {
            somebody(seed, &format!("{name}@{}", cast.domain), role, extension.map(str::to_owned), true)
        })
        .collect();
    let mut load: Vec<Somebody> = (1..=load_agents)
        .map(|i| {
            let extension = Some((LOAD_EXTENSIONS + i).to_string());
            somebody(seed, &format!("load{i}@{}", cast.domain), "agent", extension, false)
        })
        .collect();

    let mut tx = db.platform().begin().await?;
    let id = match tenants::by_slug(&mut tx, cast.slug).await? {
        Some(tenant) => tenant.id,
        None => {
            let id = TenantId(seed.id("tenant", cast.slug));
            tenants::create(&mut tx, id, cast.slug, cast.name, cast.region).await?;
            id
        }
    };
    let name_of = |index: usize| PEOPLE[index].1.to_owned();
    make_people(&mut tx, seed, &mut people, &name_of, Some(id), passwords).await?;
    make_people(&mut tx, seed, &mut load, &|index| format!("Load Agent {}", index + 1), Some(id), passwords)
        .await?;

    let agents: Vec<UserId> = people.iter().filter(|one| one.role == "agent").map(|one| one.id).collect();
    for (index, line) in cast.lines.iter().enumerate() {
        // The first two lines ring the first two agents.
        let agent = agents.get(index).copied().filter(|_| index < 2);
        let number = NumberId(seed.id("number", line));
        rows::number(&mut tx, number, line, cast.region, Some(id), agent).await?;
    }
    let mut connections = Vec::new();
    for (kind, name) in CONNECTIONS {
        connections.push(door(&mut tx, seed, cast, id, kind, name, sealer).await?);
    }
    tx.commit().await?;

    let mut tx = db.tenant(id).await?;
    for contact in cast.contacts {
        rows::contact(&mut tx, &row_of(seed, cast, contact)).await?;
    }
    tx.commit().await?;
    Ok(Made { cast, id, people, load_agents: load, connections })
}

/// Makes people, their tokens and their memberships; takes over the ids of those who were there.
async fn make_people(
    connection: &mut sqlx::PgConnection,
    seed: &Seed,
    people: &mut [Somebody],
    name: &(dyn Fn(usize) -> String + Sync),
    tenant: Option<TenantId>,
    passwords: &Passwords,
) -> anyhow::Result<()> {
    if people.is_empty() {
        return Ok(());
    }
    let emails: Vec<String> = people.iter().map(|one| one.email.clone()).collect();
    let known = rows::people_known(connection, &emails).await?;
    let mut new = Vec::with_capacity(people.len());
    for (index, one) in people.iter().enumerate() {
        // Hashing is slow on purpose: only where the row is absent or not ours.
        let ours = known.iter().any(|(email, id)| *email == one.email && *id == one.id);
        let password_hash = match &one.password {
            Some(password) if !ours => Some(passwords.hash(password).await?),
            _ => None,
        };
        new.push(rows::Person {
            id: one.id,
            email: one.email.clone(),
            name: name(index),
            password_hash,
            platform_admin: tenant.is_none(),
            token_hash: Sha256::digest(&one.token).to_vec(),
            token_id: seed.id("token", &one.email),
        });
    }
    let ids = rows::people(connection, &new).await?;
    for (one, id) in people.iter_mut().zip(&ids) {
        one.id = *id;
    }
    if let Some(tenant) = tenant {
        let members: Vec<rows::Membership> = people
            .iter()
            .map(|one| rows::Membership {
                id: seed.id("membership", &one.email),
                user: one.id,
                role: one.role,
                extension: one.extension.clone(),
            })
            .collect();
        rows::memberships(connection, tenant, &members).await?;
    }
    rows::tokens(connection, tenant, &new, &ids).await?;
    Ok(())
}

async fn door(
    connection: &mut sqlx::PgConnection,
    seed: &Seed,
    cast: &Tenant,
    tenant: TenantId,
    kind: &'static str,
    name: &str,
    sealer: &Sealer,
) -> anyhow::Result<Door> {
    let place = format!("{}/{kind}", cast.slug);
    let key = seed.text("hook key", &place);
    let octets = seed.octets("hook secret", &place);
    let hex: String = octets[..16].iter().map(|octet| format!("{octet:02x}")).collect();
    // What is stored to check with, and what a sender signs with.
    let (credentials, secret) = match kind {
        "generic" => {
            let secret = format!("whsec_{}", STANDARD.encode(octets));
            (json!({ "secret": secret }), Some(secret))
        }
        "twilio" | "plivo" => (json!({ "auth_token": hex }), Some(hex)),
        "vonage" => (json!({ "signature_secret": hex }), Some(hex)),
        "telnyx" => {
            let pair = Ed25519KeyPair::from_seed_unchecked(&octets)
                .map_err(|_| anyhow::anyhow!("cannot make the demo's Ed25519 key"))?;
            (
                json!({ "public_key": STANDARD.encode(pair.public_key().as_ref()) }),
                Some(STANDARD.encode(octets)),
            )
        }
        _ => (json!({}), None),
    };
    let (key_id, credentials) = sealer.seal(credentials.to_string().as_bytes())?;
    let (_, sealed_key) = sealer.seal(key.as_bytes())?;
    let hash = Sha256::digest(&key);
    let new = rows::Connection {
        id: ConnectionId(seed.id("connection", &place)),
        kind,
        name,
        hook_key_hash: hash.as_slice(),
        hook_key: &sealed_key,
        credentials: &credentials,
        key_id: &key_id,
    };
    let id = rows::connection(connection, tenant, &new).await?;
    Ok(Door { id, kind, key, secret })
}

fn row_of(seed: &Seed, cast: &Tenant, contact: &Contact) -> rows::Contact {
    let place = |name: &str, kind: &str| seed.id("contact", &format!("{}/{kind}/{name}", cast.slug));
    let (kind, word) = match contact.kind {
        Kind::Organization => (rows::ContactKind::Organization, "organization"),
        Kind::PersonOf(organization) => {
            (rows::ContactKind::OrganizationContact(place(organization, "organization")), "person")
        }
        Kind::Individual => (rows::ContactKind::Individual, "individual"),
        Kind::Email => (rows::ContactKind::EmailContact, "email"),
    };
    rows::Contact {
        id: place(contact.name, word),
        kind,
        name: contact.name.to_owned(),
        gender: contact.gender,
        email: contact.email.map(str::to_owned),
        phones: contact.phones.iter().map(|digits| format!("+3363998{digits}")).collect(),
        active: contact.active,
    }
}

impl Demo {
    /// Who plays calls, once the server answers at this address.
    pub fn player(&self, http: SocketAddr) -> anyhow::Result<player::Player> {
        let door =
            self.tenants.first().and_then(|made| made.connections.iter().find(|door| door.kind == "generic"));
        let door = door.context("the demo has no generic connection")?;
        player::Player::new(
            format!("http://{http}/hooks/{}", door.key),
            door.secret.as_deref().unwrap_or_default(),
        )
    }

    /// Writes `demo.json` with the addresses of this run.
    pub fn write(&self, data: &Path, public_url: &str) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec_pretty(&self.json(public_url))?;
        text.push(b'\n');
        data_dir::write_private(&data.join("demo.json"), &text).context("cannot write demo.json")
    }

    fn json(&self, public_url: &str) -> Value {
        let mut tenants: Vec<Value> = self.tenants.iter().map(|made| made.json(public_url)).collect();
        let mut demo = tenants.remove(0);
        if let (Value::Object(demo), Some(rival)) = (&mut demo, tenants.pop()) {
            demo.insert("platform_admin".to_owned(), self.root.json(true));
            demo.insert("rival".to_owned(), rival);
        }
        demo
    }
}

impl Made {
    fn json(&self, public_url: &str) -> Value {
        let users: Map<String, Value> =
            self.people.iter().map(|one| (one.email.clone(), one.json(false))).collect();
        let connections: Map<String, Value> = self
            .connections
            .iter()
            .map(|door| {
                let url = format!("{public_url}/hooks/{}", door.key);
                (door.kind.to_owned(), json!({ "id": door.id, "hook_url": url, "secret": door.secret }))
            })
            .collect();
        let agents: Vec<&Somebody> = self.people.iter().filter(|one| one.role == "agent").collect();
        let lines: Vec<Value> = self
            .cast
            .lines
            .iter()
            .enumerate()
            .map(|(index, number)| {
                let agent = agents.get(index).filter(|_| index < 2).map(|agent| &agent.email);
                json!({ "number": number, "agent": agent, "queue": null })
            })
            .collect();
        json!({
            "tenant": { "id": self.id, "slug": self.cast.slug, "region": self.cast.region },
            "users": users,
            "connections": connections,
            "numbers": self.cast.lines,
            "lines": lines,
            "load_agents": self.load_agents.iter().map(|one| {
                json!({ "id": one.id, "email": one.email, "extension": one.extension, "token": one.token })
            }).collect::<Vec<_>>(),
        })
    }
}

impl Somebody {
    fn json(&self, with_email: bool) -> Value {
        let mut value = Map::new();
        if with_email {
            value.insert("email".to_owned(), json!(self.email));
        } else {
            value.insert("role".to_owned(), json!(self.role));
        }
        value.insert("id".to_owned(), json!(self.id));
        value.insert("password".to_owned(), json!(self.password));
        value.insert("token".to_owned(), json!(self.token));
        if let Some(extension) = &self.extension {
            value.insert("extension".to_owned(), json!(extension));
        }
        Value::Object(value)
    }
}

/// The numbers of the first tenant's contacts, for callers that shall be known.
pub fn contact_numbers() -> Vec<String> {
    let phones = cast::TENANTS[0].contacts.iter().flat_map(|contact| contact.phones);
    phones.map(|digits| format!("+3363998{digits}")).collect()
}
