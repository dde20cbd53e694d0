//! `/auth/register` and `/confirm`: clients come in by themselves, where a tenant lets them.
//!
//! The first answers before anything is looked for, so that neither its words nor its time tell whether there is such a
//! tenant or such a person. The password is chosen by who uses the link, and so by who reads the mailbox: nobody prepares
//! an account for somebody else's address.

use std::time::Instant;

use axum::{extract::State, http::StatusCode};
use chrono::{TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchroom_api_base::{
    Json,
    auth::{Address, token},
    body::{Errors, Incoming, Validate},
    mail::{self, Mailer, NotMailed, one_line},
    problem::Problem,
    state::AppState,
};
use switchroom_core::{TenantId, UserId};
use switchroom_store::{
    StoreError, audit, portal_accounts,
    registrations::{self as store, Mode, Standing},
    users,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::account;

/// How long a link is good.
const LINK_HOURS: i64 = 24;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(register)).routes(routes!(confirm))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Register {
    /// Slug of the tenant.
    #[schema(example = "demo")]
    tenant: String,
    #[schema(example = "ada@client.example")]
    email: String,
    #[schema(example = "Ada Lovelace")]
    name: String,
}

impl Validate for Register {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/tenant", &self.tenant, 1, 63);
        errors.email("/email", self.email.trim());
        errors.text("/name", &self.name, 1, 200);
    }
}

/// Register as a client
///
/// The answer is the same whether the tenant takes registrations or not, and whether there is such a person or not: what
/// comes next is in the mail.
#[utoipa::path(post, path = "/api/v1/auth/register", tag = "auth", operation_id = "register", request_body = Register,
    responses((status = 202, description = "If the tenant takes registrations, a mail is on its way"),
        (status = 429, description = "Too many from this address or for this e-mail"), (status = 503, description = "Too many at once")))]
async fn register(
    State(state): State<AppState>,
    address: Address,
    body: Incoming,
) -> Result<StatusCode, Problem> {
    state.limits.sign_in(address)?;
    let body: Register = body.read().await?;
    let email = body.email.trim().to_lowercase();
    state.limits.mail_to(&email, Instant::now())?;
    mail::beside(&state, async move |state, mailer| {
        send_link(&state, &mailer, &body.tenant, &email, &one_line(body.name.trim())).await
    })?;
    Ok(StatusCode::ACCEPTED)
}

async fn send_link(
    state: &AppState,
    mailer: &Mailer,
    slug: &str,
    email: &str,
    name: &str,
) -> Result<(), NotMailed> {
    let mut connection = state.db.platform().acquire().await.map_err(StoreError::from)?;
    let Some(entrance) = store::entrance(&mut connection, slug).await? else { return Ok(()) };
    if entrance.mode == Mode::Off {
        return Ok(());
    }
    let tenant = one_line(&entrance.name);
    let text = match store::standing(&mut connection, entrance.tenant, email).await? {
        Standing::SwitchedOff => return Ok(()),
        Standing::Member => format!(
            "Somebody, you most likely, wanted to register this address with {tenant}.\n\n\
             You have an account there already. Sign in here, or choose a new password there:\n\n{}/sign-in\n",
            state.config.public_url
        ),
        Standing::Unknown | Standing::Elsewhere => {
            let text = token::generate(token::REGISTRATION);
            let until = Utc::now() + TimeDelta::hours(LINK_HOURS);
            store::ask(&mut connection, entrance.tenant, email, name, &token::hash(&text), until).await?;
            format!(
                "Somebody, you most likely, wants to register this address with {tenant}.\n\n\
                 Go on here, within {LINK_HOURS} hours:\n\n{}/register#{text}\n\n\
                 If it was not you, there is nothing to do.\n",
                state.config.public_url
            )
        }
    };
    drop(connection);
    Ok(mailer.send(email, &format!("Your registration with {tenant}"), &text).await?)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfirmRegistration {
    /// What follows the `#` of the link.
    token: String,
    /// Needed of new people (10 characters or more, not your e-mail or name, none of the commonest); whoever has an account
    /// keeps their password, and this is ignored.
    #[serde(default)]
    password: Option<String>,
}

impl Validate for ConfirmRegistration {
    fn validate(&self, errors: &mut Errors) {
        errors.text("/token", &self.token, 1, 200);
        if let Some(password) = &self.password {
            account::check_given_password("/password", password, errors);
        }
    }
}

#[derive(Serialize, ToSchema)]
struct Registered {
    /// `joined`: sign in with the password; `waiting`: an admin has to agree, a mail will tell.
    #[schema(example = "waiting")]
    status: &'static str,
    #[schema(example = "Demo")]
    tenant_name: String,
}

/// Go on with a registration
///
/// Proves the address, and makes the account where there is none. The link is good once. Where exactly one active contact of the
/// tenant has the address, an individual or a person of an organization, they sign in as that contact.
#[utoipa::path(post, path = "/api/v1/auth/register/confirm", tag = "auth", operation_id = "confirm_registration", request_body = ConfirmRegistration,
    responses((status = 200, description = "In, or waiting for an admin", body = Registered), (status = 409, description = "The tenant takes no registrations any more, or was joined meanwhile"),
        (status = 410, description = "The link was used already, or is too old"), (status = 429, description = "Too many from this address")))]
async fn confirm(
    State(state): State<AppState>,
    address: Address,
    body: Incoming,
) -> Result<Json<Registered>, Problem> {
    state.limits.sign_in(address)?;
    let body: ConfirmRegistration = body.read().await?;
    let hash = token::hash(&body.token);
    let mut connection = state.db.platform().acquire().await.map_err(StoreError::from)?;
    let asked = store::asked(&mut connection, &hash).await?.ok_or_else(Problem::link_gone)?;
    let standing = store::standing(&mut connection, asked.tenant, &asked.email).await?;
    drop(connection);
    let password = match standing {
        Standing::Unknown => {
            let password =
                body.password.as_deref().ok_or_else(|| Problem::invalid("/password", "is missing"))?;
            account::check_new_password("/password", password, &asked.email, &asked.name)?;
            Some(state.passwords.hash(password).await.map_err(account::hash_failed)?)
        }
        Standing::Elsewhere => None,
        Standing::Member | Standing::SwitchedOff => return Err(closed()),
    };

    let mut tx = state.db.platform().begin().await.map_err(StoreError::from)?;
    // Once more, and held: of two that use the link at once, one goes on.
    let asked = store::asked(&mut tx, &hash).await?.ok_or_else(Problem::link_gone)?;
    let decided = match asked.mode {
        Mode::Off => return Err(closed()),
        Mode::Open => true,
        Mode::Approval => false,
    };
    let user = match &password {
        Some(password) => {
            let new = users::NewUser {
                id: UserId(Uuid::now_v7()),
                email: &asked.email,
                name: &asked.name,
                password_hash: Some(password),
                platform_admin: false,
            };
            users::create(&mut tx, &new).await?.ok_or_else(Problem::changed_meanwhile)?
        }
        None => users::by_email(&mut tx, &asked.email).await?.ok_or_else(Problem::changed_meanwhile)?.0,
    };
    match store::prove(&mut tx, asked.id, user, decided).await {
        // One is waiting already; that one is decided.
        Err(StoreError::Conflict { .. }) => {
            return Ok(Json(Registered { status: "waiting", tenant_name: asked.tenant_name }));
        }
        proved => proved?,
    }
    if decided && !store::join(&mut tx, asked.tenant, user).await? {
        return Err(closed());
    }
    let (subject, from) = (asked.id.to_string(), address.text());
    let entry = audit::Entry {
        tenant: Some(asked.tenant),
        actor: Some(user),
        action: if decided { "registration.joined" } else { "registration.verified" },
        subject: Some(&subject),
        detail: Some(json!({"email": asked.email})),
        address: from.as_deref(),
    };
    audit::record(&mut tx, &entry).await?;
    tx.commit().await.map_err(StoreError::from)?;
    if decided {
        link(&state, asked.tenant, user, &asked.email).await;
        state.refreshed().await;
    }
    let status = if decided { "joined" } else { "waiting" };
    Ok(Json(Registered { status, tenant_name: asked.tenant_name }))
}

/// They are in; which contact they are is looked up in the tenant's own transaction, since who makes people sees no
/// directory. Where that fails an admin can still say it.
async fn link(state: &AppState, tenant: TenantId, user: UserId, email: &str) {
    let linked = async {
        let mut tx = state.db.tenant(tenant).await?;
        portal_accounts::link_by_address(&mut tx, user, email).await?;
        tx.commit().await
    };
    if let Err(error) = linked.await {
        tracing::warn!(%error, %user, "a client who registered was not tied to their contact");
    }
}

fn closed() -> Problem {
    Problem::conflict("registration-closed", "This registration cannot go on.")
}
