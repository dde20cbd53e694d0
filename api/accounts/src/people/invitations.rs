//! `/invitations`: how staff come in. Where the server sends mail the link goes to the person invited; where it does
//! not, or the mail could not be sent, the inviter gets it in the answer, this once.

use std::time::Instant;

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use switchroom_api_base::{
    Json,
    auth::{Address, Caller, token},
    body::{Body, Errors, Validate},
    list::{Filter, ListQuery, Page},
    mail::one_line,
    problem::Problem,
    reply::{Created, Params},
    state::AppState,
};
use switchroom_core::{Grants, Permission, Role, UserId, people::Giving, role::Modules};
use switchroom_store::{StoreError, audit, invitations as store, listing::CREATED_AT};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    contacts::{ClientContact, MemberContact, Sight},
    roles,
};

/// How long a link is good.
pub(crate) const LINK_DAYS: i64 = 7;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, revoke)).routes(routes!(resend))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Invitation {
    id: Uuid,
    #[schema(example = "grace@demo.example")]
    email: String,
    name: Option<String>,
    #[schema(example = "agent")]
    role: String,
    /// A role of the tenant's own, whose base is `role`.
    role_id: Option<Uuid>,
    #[schema(example = "203")]
    extension: Option<String>,
    modules: InvitedModules,
    /// The contact that a client will sign in as. Null for those who may not read contacts of its kind.
    contact: Option<MemberContact>,
    /// `open`, `accepted`, `revoked` or `expired`.
    #[schema(example = "open")]
    status: String,
    invited_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
    /// In the answer that made the link: `mailed`; `link` = this server sends no mail, hand the link over yourself;
    /// `failed` = the mail could not be sent, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "mailed")]
    delivery: Option<&'static str>,
    /// Shown this once, and only where it was not mailed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://calls.example/invitation#swi_…")]
    link: Option<String>,
}

impl Invitation {
    fn of(record: store::Invitation, sight: Sight) -> Self {
        Self {
            contact: sight.show(record.party()),
            modules: InvitedModules {
                individuals: record.module_individuals,
                organizations: record.module_organizations,
                tickets: record.module_tickets,
                numbers: record.module_numbers,
            },
            id: record.id,
            email: record.email,
            name: record.name,
            role: record.role,
            role_id: record.role_id,
            extension: record.extension,
            status: record.status,
            invited_by: record.invited_by,
            created_at: record.created_at,
            expires_at: record.expires_at,
            accepted_at: record.accepted_at,
            delivery: None,
            link: None,
        }
    }
}

/// Parts of the product, each on unless it is switched off.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct InvitedModules {
    individuals: bool,
    organizations: bool,
    tickets: bool,
    numbers: bool,
}

impl Default for InvitedModules {
    fn default() -> Self {
        Self { individuals: true, organizations: true, tickets: true, numbers: true }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Open,
    Accepted,
    Revoked,
    Expired,
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct InvitationFilter {
    /// `open`, `accepted`, `revoked` or `expired`.
    #[param(value_type = Option<String>)]
    status: Option<Status>,
}

/// Invitations
#[utoipa::path(get, path = "/api/v1/invitations", tag = "people", operation_id = "list_invitations", params(ListQuery, InvitationFilter),
    responses((status = 200, description = "Newest first", body = Page<Invitation>)))]
async fn list(
    State(state): State<AppState>,
    caller: Caller,
    list: ListQuery,
    Filter(filter): Filter<InvitationFilter>,
) -> Result<Json<Page<Invitation>>, Problem> {
    let window = list.window(&[CREATED_AT], true)?;
    let status = filter.status.map(Status::name);
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = store::list(&mut tx, caller.tenant, status, &window).await?;
    tx.commit().await?;
    let sight = Sight::of(&caller);
    Ok(Json(Page::of(&window, found).map(|invitation| Invitation::of(invitation, sight))))
}

/// One invitation
///
/// Its link is not shown again.
#[utoipa::path(get, path = "/api/v1/invitations/{id}", tag = "people", operation_id = "get_invitation", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The invitation", body = Invitation)))]
async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Params(id): Params<Uuid>,
) -> Result<Json<Invitation>, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let found = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    tx.commit().await?;
    Ok(Json(Invitation::of(found, Sight::of(&caller))))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInvitation {
    #[schema(example = "grace@demo.example")]
    email: String,
    #[serde(default)]
    #[schema(example = "Grace Hopper")]
    name: Option<String>,
    /// Needed unless `role_id` is there.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "agent")]
    role: Option<Role>,
    /// A role of the tenant's own; its base becomes `role`.
    #[serde(default)]
    role_id: Option<Uuid>,
    /// Internal number, 2 to 6 digits.
    #[serde(default)]
    #[schema(example = "203")]
    extension: Option<String>,
    #[serde(default)]
    modules: InvitedModules,
    /// The contact that a client will sign in as.
    #[serde(default)]
    contact: Option<ClientContact>,
}

impl Validate for NewInvitation {
    fn validate(&self, errors: &mut Errors) {
        errors.email("/email", self.email.trim());
        errors.optional_text("/name", self.name.as_deref(), 1, 200);
        if self.role.is_none() && self.role_id.is_none() {
            errors.push("/role", "is missing");
        }
        let digits =
            |text: &str| (2..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if self.extension.as_deref().is_some_and(|extension| !digits(extension)) {
            errors.push("/extension", "must have 2 to 6 digits");
        }
        if let Some(contact) = &self.contact {
            contact.validate(errors);
        }
    }
}

/// Invite somebody
///
/// They get a link by mail, good for seven days and one use; where this server sends no mail, the answer has it. Who
/// has an account already, here or in another tenant, accepts with their own password. Only an owner invites an owner. A
/// client may be invited as a contact: their tickets are about that contact.
#[utoipa::path(post, path = "/api/v1/invitations", tag = "people", operation_id = "create_invitation", request_body = NewInvitation,
    responses((status = 201, description = "Invited", body = Invitation), (status = 409, description = "A member or invited already, or the extension is taken")))]
async fn create(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Body(body): Body<NewInvitation>,
) -> Result<Created<Invitation>, Problem> {
    let email = body.email.trim();
    let text = token::generate(token::INVITATION);
    let mut tx = state.db.tenant(caller.tenant).await?;
    let missing = || Problem::invalid("/role", "is missing");
    let chosen = roles::choose(&mut tx, &caller, body.role, body.role_id).await?.ok_or_else(missing)?;
    let taken = store::taken(&mut tx, caller.tenant, email, body.extension.as_deref()).await?;
    if taken.0 {
        return Err(Problem::conflict("already-member", "Somebody with this e-mail is a member."));
    }
    if taken.1 {
        return Err(Problem::conflict("extension-taken", "Somebody has this extension."));
    }
    let contact = match body.contact {
        Some(contact) => Some(contact.held(&mut tx, &caller, chosen.role).await?),
        None => None,
    };
    let new = store::NewInvitation {
        contact,
        email,
        name: body.name.as_deref().map(str::trim),
        role: chosen.role,
        role_id: chosen.id,
        extension: body.extension.as_deref(),
        modules: Modules {
            individuals: body.modules.individuals,
            organizations: body.modules.organizations,
            tickets: body.modules.tickets,
            numbers: body.modules.numbers,
        },
        token: token::hash(&text),
        invited_by: caller.user_id,
        expires_at: Utc::now() + TimeDelta::days(LINK_DAYS),
    };
    let id = match store::create(&mut tx, caller.tenant, &new).await {
        Err(StoreError::Conflict { constraint }) if constraint == "invitations_open" => {
            return Err(Problem::conflict("already-invited", "There is an open invitation for this e-mail."));
        }
        made => made?,
    };
    let invitation = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::internal)?;
    record(&mut tx, &caller, "invitation.created", &invitation, address).await?;
    tx.commit().await?;
    Ok(Created {
        location: format!("/api/v1/invitations/{id}"),
        version: 1,
        body: deliver(&state, &caller.name, &caller.tenant_name, invitation, &text, Sight::of(&caller)).await,
    })
}

/// Withdraw an invitation
///
/// Its link is good no more. Only an owner withdraws an owner's.
#[utoipa::path(delete, path = "/api/v1/invitations/{id}", tag = "people", operation_id = "revoke_invitation", params(("id" = Uuid, Path)),
    responses((status = 204, description = "Withdrawn"), (status = 409, description = "Accepted or withdrawn already")))]
async fn revoke(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<StatusCode, Problem> {
    let mut tx = state.db.tenant(caller.tenant).await?;
    let invitation = reachable(&mut tx, &caller, id).await?;
    if !store::revoke(&mut tx, caller.tenant, id).await? {
        return Err(closed());
    }
    record(&mut tx, &caller, "invitation.revoked", &invitation, address).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send an invitation again
///
/// With a new link, good for another seven days; the old one is good no more. Only who could invite to it sends it again.
#[utoipa::path(post, path = "/api/v1/invitations/{id}/resend", tag = "people", operation_id = "resend_invitation", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Sent, or the link to hand over", body = Invitation), (status = 409, description = "Accepted or withdrawn already")))]
async fn resend(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Json<Invitation>, Problem> {
    let text = token::generate(token::INVITATION);
    let mut tx = state.db.tenant(caller.tenant).await?;
    let invitation = reachable(&mut tx, &caller, id).await?;
    // A new link is a new invitation: nobody sends one that they could not make.
    let role = invitation.role.parse().map_err(|_| Problem::internal())?;
    roles::choose(&mut tx, &caller, Some(role), invitation.role_id).await?;
    if state.config.mailer.is_some() {
        state.limits.mail_to(&invitation.email, Instant::now())?;
    }
    let until = Utc::now() + TimeDelta::days(LINK_DAYS);
    if !store::renew(&mut tx, caller.tenant, id, &token::hash(&text), until).await? {
        return Err(closed());
    }
    let invitation = store::get(&mut tx, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    record(&mut tx, &caller, "invitation.resent", &invitation, address).await?;
    tx.commit().await?;
    let sight = Sight::of(&caller);
    Ok(Json(deliver(&state, &caller.name, &caller.tenant_name, invitation, &text, sight).await))
}

/// Withdraws what somebody invited people to and could not any more; None = they invite nobody. How many.
pub(super) async fn withdraw_beyond(
    connection: &mut PgConnection,
    caller: &Caller,
    inviter: UserId,
    gives: Option<Giving>,
    address: Address,
) -> Result<usize, Problem> {
    let gives = gives.filter(|gives| gives.grants.holds(Permission::UsersCreate));
    let mut withdrawn = 0;
    for open in store::open_of(connection, caller.tenant, inviter).await? {
        let role: Role = open.role.parse().map_err(|_| Problem::internal())?;
        let grants = open.permissions.map_or_else(|| Grants::of_role(role), Grants::of_names);
        if gives.is_some_and(|gives| gives.covers(role, grants))
            || !store::revoke(connection, caller.tenant, open.id).await?
        {
            continue;
        }
        let (subject, address) = (open.id.to_string(), address.text());
        let entry = audit::Entry {
            tenant: Some(caller.tenant),
            actor: Some(caller.user_id),
            action: "invitation.revoked",
            subject: Some(&subject),
            detail: Some(json!({"email": open.email, "role": open.role, "inviter": inviter})),
            address: address.as_deref(),
        };
        audit::record(connection, &entry).await?;
        withdrawn += 1;
    }
    Ok(withdrawn)
}

/// The invitation, where the caller's authority reaches the role it gives: whoever sees its link could use it.
async fn reachable(
    connection: &mut PgConnection,
    caller: &Caller,
    id: Uuid,
) -> Result<store::Invitation, Problem> {
    let invitation = store::get(connection, caller.tenant, id).await?.ok_or_else(Problem::not_found)?;
    let role = invitation.role.parse().map_err(|_| Problem::internal())?;
    caller.require_reach(role)?;
    Ok(invitation)
}

fn closed() -> Problem {
    Problem::conflict("invitation-closed", "The invitation was accepted or withdrawn.")
}

async fn record(
    connection: &mut PgConnection,
    caller: &Caller,
    action: &str,
    invitation: &store::Invitation,
    address: Address,
) -> Result<(), Problem> {
    let (subject, address) = (invitation.id.to_string(), address.text());
    let entry = audit::Entry {
        tenant: Some(caller.tenant),
        actor: Some(caller.user_id),
        action,
        subject: Some(&subject),
        detail: Some(json!({"email": invitation.email, "role": invitation.role})),
        address: address.as_deref(),
    };
    Ok(audit::record(connection, &entry).await?)
}

/// Mails the link, or puts it into the answer.
pub(crate) async fn deliver(
    state: &AppState,
    inviter: &str,
    tenant: &str,
    invitation: store::Invitation,
    text: &str,
    sight: Sight,
) -> Invitation {
    let mut answer = Invitation::of(invitation, sight);
    let link = format!("{}/invitation#{text}", state.config.public_url);
    let Some(mailer) = &state.config.mailer else {
        answer.delivery = Some("link");
        answer.link = Some(link);
        return answer;
    };
    let tenant = one_line(tenant);
    let mail = format!(
        "{} invites you to {tenant} on Switchroom.\n\nAccept here, within {LINK_DAYS} days:\n\n{link}\n\n\
         The link is for you alone and good once. If you expect no invitation, there is nothing to do.\n",
        one_line(inviter)
    );
    match mailer.send(&answer.email, &format!("Your invitation to {tenant}"), &mail).await {
        Ok(()) => answer.delivery = Some("mailed"),
        Err(error) => {
            tracing::warn!(%error, "an invitation could not be mailed; its inviter has the link");
            answer.delivery = Some("failed");
            answer.link = Some(link);
        }
    }
    answer
}
