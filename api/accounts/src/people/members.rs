//! `/users/{id}`: one member, what they are and may, off and on. The rules are in [`switchroom_core::people`].

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use switchroom_api_base::{
    auth::{Address, Caller, caller::out_of_reach},
    body::{Errors, Incoming, Patch, Validate},
    problem::Problem,
    reply::{IfMatch, Params, Versioned},
    state::AppState,
};
use switchroom_core::{
    Permission, Role, UserId, metadata,
    people::{Authority, Change, Giving, Refusal},
};
use switchroom_store::{StoreError, TenantTx, audit, numbers, people as store, sessions, tokens, users};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    contacts::{ClientContact, MemberContact, Sight},
    invitations, roles,
};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get, change)).routes(routes!(deactivate)).routes(routes!(activate))
}

#[derive(Serialize, ToSchema)]
struct Member {
    id: Uuid,
    #[schema(example = "agent1@demo.example")]
    email: String,
    name: String,
    /// Built in; with a role of the tenant's own, that one's base.
    #[schema(example = "agent")]
    role: String,
    /// A role of the tenant's own.
    role_id: Option<Uuid>,
    #[schema(example = "Night shift")]
    role_name: Option<String>,
    /// Internal number.
    #[schema(example = "201")]
    extension: Option<String>,
    /// Where their phone is reached; a call for them is redirected there.
    #[schema(example = "sip:201@pbx.example")]
    sip_uri: Option<String>,
    modules: MemberModules,
    /// Null for those who take no calls.
    #[schema(example = "available")]
    presence: Option<String>,
    is_active: bool,
    /// When a session of theirs was last in use, to the minute. Only for those who may sign others out.
    last_seen_at: Option<DateTime<Utc>>,
    /// When they became a member.
    created_at: DateTime<Utc>,
    /// When what they are here was changed last.
    updated_at: DateTime<Utc>,
    /// What the tenant notes down about them for its own programs. Only for those who may change members.
    #[schema(value_type = Option<Object>, example = json!({"payroll": "4711"}))]
    metadata: Option<Map<String, Value>>,
    /// The contact that a client signs in as. Null for those who may not read contacts of its kind.
    contact: Option<MemberContact>,
    version: i64,
}

#[derive(Serialize, ToSchema)]
struct MemberModules {
    individuals: bool,
    organizations: bool,
    tickets: bool,
    numbers: bool,
}

fn answer(state: &AppState, caller: &Caller, person: store::Person) -> Versioned<Member> {
    let presence = state.presences(caller.tenant).remove(&person.id);
    let sees_when = caller.may(Permission::UsersSignOut);
    let sees_notes = caller.may(Permission::UsersEdit);
    let member = Member {
        contact: Sight::of(caller).show(person.party()),
        modules: MemberModules {
            individuals: person.module_individuals,
            organizations: person.module_organizations,
            tickets: person.module_tickets,
            numbers: person.module_numbers,
        },
        id: person.id,
        email: person.email,
        name: person.name,
        role: person.role,
        role_id: person.role_id,
        role_name: person.role_name,
        extension: person.extension,
        sip_uri: person.sip_uri,
        presence,
        is_active: person.is_active,
        last_seen_at: person.last_seen_at.filter(|_| sees_when),
        created_at: person.created_at,
        updated_at: person.updated_at,
        metadata: sees_notes.then_some(person.metadata.0),
        version: person.version,
    };
    Versioned(person.version, member)
}

/// A member
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "people", operation_id = "get_user", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The member", body = Member)))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Versioned<Member>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let person = store::get(&mut tx, caller.tenant, UserId(id)).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(answer(&state, &caller, person))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberChange {
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "supervisor")]
    role: Option<Role>,
    /// A role of the tenant's own; its base becomes `role`. Null, or a `role` without it, goes back to a built-in one.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    role_id: Patch<Uuid>,
    /// 2 to 6 digits; null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "201")]
    extension: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "sip:201@pbx.example")]
    sip_uri: Patch<String>,
    #[serde(default)]
    modules: ModulesChange,
    /// The contact that a client signs in as; several may be one contact. Null: none. Who becomes something else than a client
    /// is nobody's contact any more.
    #[serde(default)]
    #[schema(value_type = Option<ClientContact>)]
    contact: Patch<ClientContact>,
    /// Merged key by key into what is there; null takes a key away. Keys have 1 to 64 characters, and all together is at most 16 KiB
    /// of JSON.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"payroll": "4711"}))]
    metadata: Option<Map<String, Value>>,
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct ModulesChange {
    individuals: Option<bool>,
    organizations: Option<bool>,
    tickets: Option<bool>,
    numbers: Option<bool>,
}

impl Validate for MemberChange {
    fn validate(&self, errors: &mut Errors) {
        let digits =
            |text: &String| (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if self.extension.value().is_some_and(|extension| !digits(extension)) {
            errors.push("/extension", "must have 2 to 6 digits");
        }
        errors.optional_sip("/sip_uri", self.sip_uri.value().map(String::as_str));
        if let Some(contact) = self.contact.value() {
            contact.validate(errors);
        }
        for key in self.metadata.iter().flat_map(Map::keys).filter(|key| !metadata::is_key(key)) {
            let pointer = format!("/metadata/{}", key.replace('~', "~0").replace('/', "~1"));
            errors.push(pointer, "must have a key of 1 to 64 characters, none of them a control character");
        }
    }
}

/// Change a member
///
/// Nobody changes their own role or modules, only an owner makes or changes an owner, and the last active owner stays one. A new
/// role or module ends the member's sessions in the tenant, so that nothing goes on under the old one, and withdraws open
/// invitations of theirs that they could not make any more. A role that takes no calls lets their lines ring nobody.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "people", operation_id = "change_user", params(("id" = Uuid, Path), IfMatch), request_body = MemberChange,
    responses((status = 200, description = "The member, changed", body = Member),
        (status = 409, description = "The extension is taken, or oneself, or the last owner")))]
async fn change(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
    if_match: IfMatch,
    body: Incoming,
) -> Result<Versioned<Member>, Problem> {
    // Absent comes before a bad body; nothing is held while a body comes in.
    let mut tx = state.db.tenant(caller.tenant).await?;
    users::member_role(&mut tx, caller.tenant, UserId(id)).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    let body: MemberChange = body.read().await?;
    let mut held = Held::begin(&state, &caller, id).await?;
    if_match.check(held.before.version)?;
    let wanted = match (&body.role_id, body.role) {
        // Back to the built-in role that was the base.
        (Patch::Null, None) if held.before.role_id.is_some() => (Some(held.role), None),
        (Patch::Value(id), role) if held.before.role_id != Some(*id) || role.is_some() => (role, Some(*id)),
        (Patch::Absent | Patch::Null, Some(role)) if role != held.role || held.before.role_id.is_some() => {
            (Some(role), None)
        }
        _ => (None, None),
    };
    let now = roles::Chosen { role: held.role, id: held.before.role_id };
    let chosen = roles::choose(&mut held.tx, &caller, wanted.0, wanted.1).await?.unwrap_or(now);
    let role = chosen.role;
    let contact = match body.contact {
        Patch::Value(contact) => Some(contact.held(&mut held.tx, &caller, role).await?),
        Patch::Absent if role == Role::Client => held.before.contact(),
        Patch::Absent | Patch::Null => None,
    };
    let noted = metadata::merged(&held.before.metadata, &body.metadata.unwrap_or_default())
        .map_err(|fault| Problem::invalid("/metadata", fault.to_string()))?;
    let after = &mut held.after;
    after.metadata.0 = noted;
    after.set_contact(contact);
    after.role = role.name().to_owned();
    after.role_id = chosen.id;
    after.extension = body.extension.apply(after.extension.take());
    after.sip_uri = body.sip_uri.apply(after.sip_uri.take());
    let flags = [
        (&mut after.module_individuals, body.modules.individuals),
        (&mut after.module_organizations, body.modules.organizations),
        (&mut after.module_tickets, body.modules.tickets),
        (&mut after.module_numbers, body.modules.numbers),
    ];
    let mut powers = chosen != now;
    for (flag, wanted) in flags {
        powers |= wanted.is_some_and(|wanted| wanted != *flag);
        *flag = wanted.unwrap_or(*flag);
    }
    held.judge(&caller, role)?;
    let mut changes = held.changes();
    if changes.is_empty() && contact == held.before.contact() {
        return Ok(answer(&state, &caller, held.before));
    }
    held.store(&caller, role).await?;
    let (tenant, user) = (caller.tenant, UserId(id));
    let (mut over, mut sockets) = (Vec::new(), Vec::new());
    if powers {
        let grants = roles::grants_of(&mut held.tx, &caller, chosen).await?;
        let gives = Giving { authority: Authority::Member(role), grants };
        invitations::withdraw_beyond(&mut held.tx, &caller, user, Some(gives), address).await?;
        over = sessions::end_in_tenant(&mut held.tx, tenant, user).await?;
        sockets = tokens::ids_of(&mut held.tx, tenant, user).await?;
    }
    if !role.takes_calls() {
        let lines = numbers::disconnect_users(&mut held.tx, &[user], caller.user_id).await?;
        if lines > 0 {
            changes.insert("lines".to_owned(), json!(lines));
        }
    }
    // Whose contact they are is noted by the database, whatever changes it.
    if !changes.is_empty() {
        held.record(&caller, "user.changed", Value::Object(changes), address).await?;
    }
    let person = held.commit(&caller, user).await?;
    state.sign_ins_ended(user, over);
    for token in sockets {
        // The token stays; its sockets come back with what it may now.
        state.sign_in_ended(token);
    }
    state.refreshed().await;
    Ok(answer(&state, &caller, person))
}

/// Switch a member off
///
/// Their sessions and API tokens of this tenant end, sockets close, their lines ring nobody any more, and invitations of
/// theirs that are open are withdrawn. What they did stays. Nobody switches themselves off, and the last active owner stays.
#[utoipa::path(post, path = "/api/v1/users/{id}/deactivate", tag = "people", operation_id = "deactivate_user", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The member, switched off", body = Member), (status = 409, description = "Oneself, or the last owner")))]
async fn deactivate(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Versioned<Member>, Problem> {
    let mut held = Held::begin(&state, &caller, id).await?;
    let (tenant, user, role) = (caller.tenant, UserId(id), held.role);
    held.after.is_active = false;
    held.judge(&caller, role)?;
    if !held.before.is_active {
        return Ok(answer(&state, &caller, held.before));
    }
    held.store(&caller, role).await?;
    let over = sessions::end_in_tenant(&mut held.tx, tenant, user).await?;
    let revoked = tokens::revoke_all(&mut held.tx, tenant, user).await?;
    let lines = numbers::disconnect_users(&mut held.tx, &[user], caller.user_id).await?;
    let withdrawn = invitations::withdraw_beyond(&mut held.tx, &caller, user, None, address).await?;
    let detail = json!({"sessions": over.len(), "api_tokens": revoked.len(), "lines": lines, "invitations": withdrawn});
    held.record(&caller, "user.deactivated", detail, address).await?;
    let person = held.commit(&caller, user).await?;
    state.sign_ins_ended(user, over.into_iter().chain(revoked));
    state.refreshed().await;
    Ok(answer(&state, &caller, person))
}

/// Switch a member on again
///
/// They sign in with the password they had; tokens and lines do not come back by themselves.
#[utoipa::path(post, path = "/api/v1/users/{id}/activate", tag = "people", operation_id = "activate_user", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The member, switched on", body = Member), (status = 409, description = "Their extension is taken")))]
async fn activate(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Versioned<Member>, Problem> {
    let mut held = Held::begin(&state, &caller, id).await?;
    let role = held.role;
    held.after.is_active = true;
    held.judge(&caller, role)?;
    if held.before.is_active {
        return Ok(answer(&state, &caller, held.before));
    }
    held.store(&caller, role).await?;
    held.record(&caller, "user.activated", json!({}), address).await?;
    let person = held.commit(&caller, UserId(id)).await?;
    state.sessions.forget_user(UserId(id));
    state.refreshed().await;
    Ok(answer(&state, &caller, person))
}

/// A member held in a transaction, as they were and as they shall be.
struct Held {
    tx: TenantTx,
    role: Role,
    before: store::Person,
    after: store::Person,
    other_owner: bool,
}

impl Held {
    async fn begin(state: &AppState, caller: &Caller, id: Uuid) -> Result<Self, Problem> {
        let mut tx = state.db.tenant(caller.tenant).await?;
        let other_owner = store::hold_with_owners(&mut tx, caller.tenant, UserId(id)).await?;
        let before = store::get(&mut tx, caller.tenant, UserId(id)).await?.ok_or_else(Problem::not_found)?;
        let role = before.role.parse().map_err(|_| Problem::internal())?;
        Ok(Self { tx, role, after: before.clone(), before, other_owner })
    }

    fn judge(&self, caller: &Caller, role: Role) -> Result<(), Problem> {
        let flags = |person: &store::Person| {
            [
                person.module_individuals,
                person.module_organizations,
                person.module_tickets,
                person.module_numbers,
            ]
        };
        let change = Change {
            by: caller.authority().ok_or_else(Problem::forbidden)?,
            own: caller.user_id.0 == self.before.id,
            role: (self.role, role),
            active: (self.before.is_active, self.after.is_active),
            modules: flags(&self.before) != flags(&self.after) || self.before.role_id != self.after.role_id,
            other_owner: self.other_owner,
        };
        change.judge().map_err(|refusal| match refusal {
            Refusal::OutOfReach => out_of_reach(),
            Refusal::Own => Problem::conflict("own-account", "Somebody else has to do this to you."),
            Refusal::LastOwner => Problem::conflict("last-owner", "The tenant would have no active owner."),
        })
    }

    async fn store(&mut self, caller: &Caller, role: Role) -> Result<(), Problem> {
        self.judge(caller, role)?;
        match store::store(&mut self.tx, caller.tenant, &self.after, role).await {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict { constraint }) if constraint == "memberships_extension" => {
                Err(Problem::conflict("extension-taken", "Somebody has this extension."))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What differs, with both values.
    fn changes(&self) -> Map<String, Value> {
        let shown = |person: &store::Person| {
            json!({"role": person.role, "role_id": person.role_id, "extension": person.extension, "sip_uri": person.sip_uri,
                "module_individuals": person.module_individuals, "module_organizations": person.module_organizations,
                "module_tickets": person.module_tickets, "module_numbers": person.module_numbers})
        };
        let (mut before, mut after) = (shown(&self.before), shown(&self.after));
        // Of many keys only those that changed.
        let differing = |of: &store::Person, from: &store::Person| -> Map<String, Value> {
            let fields = of.metadata.iter().filter(|(key, value)| from.metadata.get(*key) != Some(*value));
            fields.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        before["metadata"] = differing(&self.before, &self.after).into();
        after["metadata"] = differing(&self.after, &self.before).into();
        let fields = before.as_object().into_iter().flatten();
        fields
            .filter(|(name, value)| after[name.as_str()] != **value)
            .map(|(name, value)| (name.clone(), json!({"before": value, "after": after[name.as_str()]})))
            .collect()
    }

    async fn record(
        &mut self,
        caller: &Caller,
        action: &str,
        detail: Value,
        address: Address,
    ) -> Result<(), Problem> {
        let (subject, address) = (self.before.id.to_string(), address.text());
        let entry = audit::Entry {
            tenant: Some(caller.tenant),
            actor: Some(caller.user_id),
            action,
            subject: Some(&subject),
            detail: Some(detail.clone()),
            address: address.as_deref(),
        };
        // The changed fields once more, as all changes show them.
        let side = |name: &str| {
            let fields = detail.as_object().into_iter().flatten();
            let side: Map<String, Value> =
                fields.filter_map(|(field, both)| Some((field.clone(), both.get(name)?.clone()))).collect();
            (!side.is_empty()).then_some(Value::Object(side))
        };
        let (before, after) = (side("before"), side("after"));
        Ok(audit::record_change(&mut self.tx, &entry, before, after).await?)
    }

    async fn commit(mut self, caller: &Caller, user: UserId) -> Result<store::Person, Problem> {
        let person = store::get(&mut self.tx, caller.tenant, user).await?.ok_or_else(Problem::not_found)?;
        self.tx.commit().await?;
        Ok(person)
    }
}
