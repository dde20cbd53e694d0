//! `/auth/invitations/look` and `/accept`: joining a tenant by a link.
//!
//! The token comes in the body, because addresses are logged on their way. Who is new chooses name and password; who
//! has an account proves it with their password, and is a member of one tenant more.

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Json,
    auth::{Address, REFRESH_SECONDS, token},
    body::{Errors, Incoming, Validate},
    problem::Problem,
    state::AppState,
};
use switchroom_core::UserId;
use switchroom_store::{
    StoreError, audit,
    invitations::{self as store, Accepted, Offer},
    sessions::TokenHash,
    tenants, users,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{TokenPair, account, second_factor};

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(look)).routes(routes!(accept))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Look {
    /// What follows the `#` of the link.
    token: String,
}

impl Validate for Look {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/token", &self.token, 1, 200);
    }
}

/// What a link offers.
#[derive(Serialize, ToSchema)]
struct InvitationOffer {
    #[schema(example = "Demo")]
    tenant_name: String,
    #[schema(example = "grace@demo.example")]
    email: String,
    /// What the inviter calls them.
    name: Option<String>,
    #[schema(example = "agent")]
    role: String,
    /// Whether this e-mail has an account, and so its password is asked for.
    has_account: bool,
}

/// What an invitation offers
#[utoipa::path(post, path = "/api/v1/auth/invitations/look", tag = "auth", operation_id = "look_at_invitation", request_body = Look,
    responses((status = 200, description = "The offer", body = InvitationOffer), (status = 403, description = "`tenant-suspended`"), (status = 410, description = "Accepted, withdrawn or too old"),
        (status = 429, description = "Too many from this address")))]
async fn look(
    State(state): State<AppState>,
    address: Address,
    body: Incoming,
) -> Result<Json<InvitationOffer>, Problem> {
    state.limits.sign_in(address)?;
    let body: Look = body.read().await?;
    let offer = offer(&state, &token::hash(&body.token)).await?;
    Ok(Json(InvitationOffer {
        tenant_name: offer.tenant_name,
        email: offer.email,
        name: offer.name,
        role: offer.role,
        has_account: offer.has_account,
    }))
}

async fn offer(state: &AppState, hash: &TokenHash) -> Result<Offer, Problem> {
    let mut connection = state.db.platform().acquire().await.map_err(StoreError::from)?;
    let offer = store::offer(&mut connection, hash).await?.ok_or_else(Problem::link_gone)?;
    // The link is kept, and good again once the tenant is.
    if tenants::is_suspended(&mut connection, offer.tenant).await? {
        return Err(Problem::tenant_suspended());
    }
    Ok(offer)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Accept {
    token: String,
    /// Needed of new people; ignored of those who have an account.
    #[serde(default)]
    #[schema(example = "Grace Hopper")]
    name: Option<String>,
    /// A new one (10 characters or more, not your e-mail or name, none of the commonest), or that of the account.
    password: String,
    /// Code of the authenticator app or a backup code, of accounts with a second factor.
    #[serde(default)]
    #[schema(example = "123456")]
    totp: Option<String>,
}

impl Validate for Accept {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/token", &self.token, 1, 200);
        errors.optional_text("/name", self.name.as_deref(), 1, 200);
        account::check_given_password("/password", &self.password, errors);
        errors.optional_text("/totp", self.totp.as_deref(), 0, 64);
    }
}

/// Accept an invitation
///
/// Makes the account where there is none, and signs in to the tenant. Answers like a sign-in.
#[utoipa::path(post, path = "/api/v1/auth/invitations/accept", tag = "auth", operation_id = "accept_invitation", request_body = Accept,
    responses((status = 200, description = "Joined and signed in", body = TokenPair), (status = 401, description = "`invalid-credentials`, `totp-required` or `totp-invalid`: of the account"),
        (status = 403, description = "`tenant-suspended`"), (status = 409, description = "A member already, or the account was made at the same moment"), (status = 410, description = "Accepted, withdrawn or too old"),
        (status = 429, description = "Too many from this address or for this account")))]
async fn accept(
    State(state): State<AppState>,
    address: Address,
    headers: HeaderMap,
    body: Incoming,
) -> Result<Response, Problem> {
    state.limits.sign_in(address)?;
    let body: Accept = body.read().await?;
    let hash = token::hash(&body.token);
    let offer = offer(&state, &hash).await?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let found = users::find_for_sign_in(&mut connection, &offer.email).await?;
    drop(connection);
    let newcomer = match &found {
        Some(person) => {
            let fits =
                account::password_fits(&state, &offer.email, &body.password, Some(person), address).await?;
            let Some(guess) = fits else {
                return Err(account::refused(&state, Some(person), address, &headers).await?);
            };
            second_factor::ask(&state, person.id, guess, body.totp.as_deref(), address, &headers).await?;
            None
        }
        None => Some(newcomer(&state, &offer, &body).await?),
    };
    let mut tx = state.db.platform().begin().await.map_err(StoreError::from)?;
    let id = found.as_ref().map_or_else(|| UserId(Uuid::now_v7()), |person| person.id);
    let user = match &newcomer {
        None => id,
        Some((name, password)) => {
            let new = users::NewUser {
                id,
                email: &offer.email,
                name,
                password_hash: Some(password),
                platform_admin: false,
            };
            users::create(&mut tx, &new).await?.ok_or_else(Problem::changed_meanwhile)?
        }
    };
    match store::accept(&mut tx, &hash, user).await? {
        Accepted::Joined => {}
        Accepted::Gone => return Err(Problem::link_gone()),
        Accepted::Member => {
            return Err(Problem::conflict("already-member", "You are a member of this tenant."));
        }
    }
    let (subject, from) = (offer.id.to_string(), address.text());
    let entry = audit::Entry {
        tenant: Some(offer.tenant),
        actor: Some(user),
        action: "invitation.accepted",
        subject: Some(&subject),
        detail: Some(json!({"email": offer.email, "role": offer.role})),
        address: from.as_deref(),
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await.map_err(StoreError::from)?;
    state.sessions.forget_user(user);
    state.refreshed().await;
    // A platform admin's sessions are bound to no tenant, wherever they are a member.
    let platform = found.is_some_and(|person| person.platform_admin);
    let tenant = (!platform).then_some(offer.tenant);
    account::start_session(&state, user, tenant, REFRESH_SECONDS, address, &headers).await
}

/// Name and hashed password of somebody new, when both may be.
async fn newcomer(state: &AppState, offer: &Offer, body: &Accept) -> Result<(String, String), Problem> {
    let name = body.name.as_deref().or(offer.name.as_deref()).map(str::trim).unwrap_or_default();
    if name.is_empty() {
        return Err(Problem::invalid("/name", "must have 1 to 200 characters"));
    }
    account::check_new_password("/password", &body.password, &offer.email, name)?;
    let hash = state.passwords.hash(&body.password).await.map_err(account::hash_failed)?;
    Ok((name.to_owned(), hash))
}
