//! How a row comes to be, by the API where there is a way, else as the program writes it.

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::TestUser;
use switchroom_core::{Role, UserId, permission::Permission};
use switchroom_store::users::{self, NewMembership, NewUser};
use uuid::Uuid;

use crate::{Asker, Whose, World};

/// What a path or a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Noun {
    User,
    /// One with a presence.
    Agent,
    Session,
    Device,
    ApiToken,
    Invitation,
    Role,
    Team,
    /// The team, and somebody who is in it.
    TeamMember,
    Registration,
    IdentityProvider,
    Tenant,
    Connection,
    WebhookEndpoint,
    /// The endpoint, and what it could not be sent.
    DeadLetter,
    Call,
    Individual,
    Organization,
    /// The organization, and the contact.
    OrganizationContact,
    EmailContact,
    /// The field, and its key.
    ContactField,
    /// The merge, and what was kept.
    ContactMerge,
    ContactImport,
    /// The note, and whose it is.
    ContactNote,
    Ticket,
    /// One that the tenant's agent has.
    AssignedTicket,
    /// Assigned to the tenant.
    PhoneNumber,
    NumberImport,
    Bot,
}

impl Noun {
    /// Others of the same tenant do not have it either: each asker is given one of their own.
    pub fn is_somebodys_own(self) -> bool {
        matches!(
            self,
            Self::Session
                | Self::Device
                | Self::ApiToken
                | Self::Ticket
                | Self::AssignedTicket
                | Self::ContactNote
        )
    }

    /// Of no tenant, so that to the platform admin it is never another's.
    pub fn is_the_platforms(self) -> bool {
        matches!(self, Self::Tenant | Self::NumberImport)
    }
}

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap().to_owned()
}

impl World {
    async fn post(&self, who: &TestUser, path: &str, body: Value) -> String {
        id(&self.app.post(who, path, body).await.expect(201))
    }

    async fn insert(&self, sql: &'static str, new: Uuid, about: Option<Uuid>, more: Option<Uuid>) -> String {
        let query = sqlx::query(sql).bind(new).bind(about);
        let query = if sql.contains("$3") { query.bind(more) } else { query };
        query.execute(&mut *self.superuser.lock().await).await.unwrap();
        new.to_string()
    }

    async fn upload(&self, who: &TestUser, path: &str, file: &'static str) -> String {
        let call = self.app.request(Method::POST, path).bearer(&who.token).header("content-type", "text/csv");
        id(&call.raw(file).send().await.expect(201))
    }

    /// Who of the tenant makes what only some may make.
    fn maker(&self, whose: Whose, asker: Asker, permission: Permission) -> &TestUser {
        match asker {
            Asker::Role(role) if role.grants(permission) => self.tenant(whose).user(role),
            _ => self.owner(whose),
        }
    }

    /// A row, new except where that is the tenant or the cast itself: what a path needs to name it, and what else is
    /// worth knowing.
    pub async fn make(&self, noun: Noun, whose: Whose, asker: Asker) -> Vec<String> {
        let n = self.made.replace(self.made.get() + 1);
        let tenant = self.tenant(whose);
        let owner = self.owner(whose);
        let person = self.person(whose, asker);
        let of_tenant = Some(tenant.id.0);
        let new = Uuid::now_v7();
        let one = match noun {
            Noun::User => self.member(whose, n).await,
            Noun::Agent => tenant.agent2.id.0.to_string(),
            Noun::Session => {
                let home = (person.id != self.app.platform.id).then_some(tenant.id.0);
                self.insert(
                    "INSERT INTO sessions (id, tenant_id, user_id, access_hash, refresh_hash, cookie_hash, access_expires_at, refresh_expires_at)
                     VALUES ($1, $2, $3, sha256(('a' || $1::text)::bytea), sha256(('r' || $1::text)::bytea), sha256(('c' || $1::text)::bytea),
                             now() + interval '1 hour', now() + interval '1 day')",
                    new,
                    home,
                    Some(person.id.0),
                )
                .await
            }
            Noun::Device => {
                self.insert(
                    "INSERT INTO remembered_devices (id, user_id, token_hash, expires_at)
                     VALUES ($1, $2, sha256($1::text::bytea), now() + interval '1 day')",
                    new,
                    Some(person.id.0),
                    None,
                )
                .await
            }
            Noun::ApiToken => self.post(person, "/api/v1/api-tokens", json!({"name": format!("token {n}")})).await,
            Noun::Invitation => {
                let body = json!({"email": format!("new{n}@x.example"), "role": "agent"});
                self.post(owner, "/api/v1/invitations", body).await
            }
            Noun::Role => {
                let body = json!({"name": format!("Role {n}"), "base": "agent", "permissions": ["calls.read"]});
                self.post(owner, "/api/v1/roles", body).await
            }
            Noun::Team => self.post(owner, "/api/v1/teams", json!({"name": format!("Team {n}")})).await,
            Noun::TeamMember => {
                let team = self.post(owner, "/api/v1/teams", json!({"name": format!("Team {n}")})).await;
                let member = tenant.agent2.id.0.to_string();
                let path = format!("/api/v1/teams/{team}/members/{member}");
                let put = self.app.request(Method::PUT, &path).bearer(&owner.token).json(&json!({}));
                put.send().await.expect(200);
                return vec![team, member];
            }
            Noun::Registration => {
                let client = self.account(&format!("client{n}@x.example")).await;
                self.insert(
                    "INSERT INTO registrations (id, tenant_id, email, name, token_hash, expires_at, verified_at, user_id)
                     SELECT $1, $2, u.email, u.name, sha256($1::text::bytea), now() + interval '1 day', now(), u.id
                       FROM users u WHERE u.id = $3",
                    new,
                    of_tenant,
                    Some(client.0),
                )
                .await
            }
            Noun::IdentityProvider => {
                let issuer = format!("https://id{n}.example/");
                let body = json!({"name": format!("Company {n}"), "issuer": issuer, "client_id": "x"});
                self.post(owner, "/api/v1/identity-providers", body).await
            }
            Noun::Tenant if whose == Whose::Rival => tenant.id.0.to_string(),
            Noun::Tenant => {
                let email = format!("owner{n}@x.example");
                let body = json!({"name": format!("Tenant {n}"), "region": "FR", "owner_email": email});
                self.post(&self.app.platform, "/api/v1/tenants", body).await
            }
            Noun::Connection => {
                let body = json!({"kind": "generic", "name": format!("PBX {n}")});
                self.post(owner, "/api/v1/connections", body).await
            }
            Noun::WebhookEndpoint => self.endpoint(owner, n).await,
            Noun::DeadLetter => {
                let endpoint = self.endpoint(owner, n).await;
                let letter = self
                    .insert(
                        "INSERT INTO webhook_dead_letters (id, tenant_id, endpoint_id, seq, event_id, type)
                         SELECT $1, tenant_id, id, 1, $1, 'call.ringing' FROM webhook_endpoints WHERE id = $2",
                        new,
                        Some(endpoint.parse().unwrap()),
                        None,
                    )
                    .await;
                return vec![endpoint, letter];
            }
            Noun::Call => {
                self.insert(
                    "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, started_at, fold)
                     VALUES ($1, $2, $1, $1::text, 'inbound', 'ringing', now(), '{}')",
                    new,
                    of_tenant,
                    None,
                )
                .await
            }
            Noun::Individual => self.individual(owner, n).await,
            Noun::Organization => {
                self.post(owner, "/api/v1/organizations", json!({"name": format!("Acme {n}"), "phones": []})).await
            }
            Noun::OrganizationContact => {
                let body = json!({"name": format!("Acme {n}"), "phones": []});
                let organization = self.post(owner, "/api/v1/organizations", body).await;
                let body = json!({"full_name": format!("Grace {n}"), "phones": []});
                let path = format!("/api/v1/organizations/{organization}/contacts");
                let contact = self.post(owner, &path, body).await;
                return vec![organization, contact];
            }
            Noun::EmailContact => {
                let body = json!({"name": format!("Mail {n}"), "email": format!("m{n}@x.example"), "phones": []});
                self.post(owner, "/api/v1/email-contacts", body).await
            }
            Noun::ContactField => {
                let key = format!("field_{n}");
                let body = json!({"key": key, "kind": "individual", "label": format!("Field {n}"), "type": "text"});
                let field = self.post(owner, "/api/v1/contact-fields", body).await;
                return vec![field, key];
            }
            Noun::ContactMerge => {
                let (kept, gone) = (self.individual(owner, n).await, self.individual(owner, n).await);
                let body = json!({"kind": "individual", "keep_id": kept, "merge_id": gone});
                let merge = self.post(owner, "/api/v1/contact-merges", body).await;
                return vec![merge, kept];
            }
            Noun::ContactImport => self.upload(owner, "/api/v1/contact-imports", "name,phone\nAda,\n").await,
            Noun::ContactNote => {
                let whose_note = self.individual(owner, n).await;
                let who = self.maker(whose, asker, Permission::ContactNotesWrite);
                let contact = json!({"kind": "individual", "id": whose_note});
                let note = self.post(who, "/api/v1/contact-notes", json!({"contact": contact, "body": "Tea."})).await;
                return vec![note, whose_note];
            }
            Noun::Ticket => {
                let who = self.maker(whose, asker, Permission::TicketsCreate);
                self.post(who, "/api/v1/tickets", json!({"title": format!("Ticket {n}")})).await
            }
            Noun::AssignedTicket => {
                let who = self.maker(whose, asker, Permission::TicketsCreate);
                let ticket = self.post(who, "/api/v1/tickets", json!({"title": format!("Ticket {n}")})).await;
                let agent = json!({"user_id": tenant.user(Role::Agent).id});
                self.app.post(owner, &format!("/api/v1/tickets/{ticket}/assign"), agent).await.expect(200);
                ticket
            }
            Noun::PhoneNumber => {
                let body = json!({"number": format!("+3319900{n:04}"), "country": "FR"});
                let number = self.post(&self.app.platform, "/api/v1/phone-numbers", body).await;
                let assign = format!("/api/v1/phone-numbers/{number}/assign");
                self.app.post(owner, &assign, json!({})).await.expect(200);
                number
            }
            Noun::NumberImport => {
                let import = self.upload(&self.app.platform, "/api/v1/phone-number-imports", "number\nnone\n").await;
                self.ended(&import).await;
                import
            }
            Noun::Bot => self.post(owner, "/api/v1/bots", json!({"name": format!("Bot {n}")})).await,
        };
        vec![one]
    }

    /// Files of lines are read at once, whoever looks meanwhile.
    async fn ended(&self, import: &str) {
        let path = format!("/api/v1/phone-number-imports/{import}");
        for _ in 0..600 {
            if self.app.get(&self.app.platform, &path).await.expect(200)["finished_at"].is_string() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("an import that does not end");
    }

    pub async fn individual(&self, owner: &TestUser, n: u32) -> String {
        let body = json!({"full_name": format!("Ada {n}"), "phones": []});
        self.post(owner, "/api/v1/individuals", body).await
    }

    async fn endpoint(&self, owner: &TestUser, n: u32) -> String {
        let body = json!({"name": format!("Hook {n}"), "url": "https://x.example/"});
        self.post(owner, "/api/v1/webhook-endpoints", body).await
    }

    /// Somebody who is nowhere a member yet.
    async fn account(&self, email: &str) -> UserId {
        let id = UserId(Uuid::now_v7());
        let new = NewUser { id, email, name: "Somebody", password_hash: None, platform_admin: false };
        users::ensure(&mut *self.superuser.lock().await, &new).await.unwrap()
    }

    /// A colleague with a second factor.
    async fn member(&self, whose: Whose, n: u32) -> String {
        let user = self.account(&format!("member{n}@x.example")).await;
        let mut superuser = self.superuser.lock().await;
        let tenant = self.tenant(whose).id;
        let membership = NewMembership { tenant, user, role: Role::Agent, extension: None, sip_uri: None };
        users::set_membership(&mut superuser, &membership).await.unwrap();
        sqlx::query(
            "INSERT INTO second_factors (user_id, secret, key_id, confirmed_at) VALUES ($1, 'x', 'test', now())",
        )
        .bind(user.0)
        .execute(&mut *superuser)
        .await
        .unwrap();
        user.0.to_string()
    }
}
