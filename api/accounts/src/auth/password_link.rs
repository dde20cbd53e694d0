//! `/users/{id}/password-link`: a new password for a member who forgot theirs, where no mail of the server's reaches them.
//!
//! Who holds the link can come in as that member, so it is made by those alone who could have given the member what they
//! have, is good for a day and once, and is the only one that is good. Where the server sends mail it goes to the member.

use std::time::Instant;

use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::json;
use switchroom_api_base::{
    Json,
    auth::{Address, Caller, token},
    mail::one_line,
    problem::Problem,
    reply::Params,
    state::AppState,
};
use switchroom_core::UserId;
use switchroom_store::{StoreError, password_links, people, users};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::account;
use crate::people::roles;

/// How long a link is good.
const LINK_HOURS: i64 = 24;

pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create))
}

#[derive(Serialize, ToSchema)]
struct PasswordLink {
    /// `mailed`; `link` = this server sends no mail, hand the link over yourself; `failed` = the mail could not be sent,
    /// likewise.
    #[schema(example = "link")]
    delivery: &'static str,
    /// Shown this once, and only where it was not mailed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://calls.example/reset#swl_…")]
    link: Option<String>,
    expires_at: DateTime<Utc>,
}

/// Make a password link for a member
///
/// For somebody who forgot their password: make sure that it is them. The link is good for a day and once; one that was made
/// before is good no more. Their password stays good until the link is used, and their second factor is asked for after it as
/// well. Only who could give the member what they have makes one, and of somebody who is in other tenants too only the
/// platform admin.
#[utoipa::path(post, path = "/api/v1/users/{id}/password-link", tag = "people", operation_id = "create_user_password_link", params(("id" = Uuid, Path)),
    responses((status = 200, description = "Sent, or the link to hand over", body = PasswordLink),
        (status = 409, description = "Oneself, or somebody who is switched off or in other tenants too"), (status = 429, description = "Too many mails to them")))]
async fn create(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    Params(id): Params<Uuid>,
) -> Result<Json<PasswordLink>, Problem> {
    let user = UserId(id);
    let mut tx = state.db.tenant(caller.tenant).await?;
    let person = people::get(&mut tx, caller.tenant, user).await?.ok_or_else(Problem::not_found)?;
    let role = person.role.parse().map_err(|_| Problem::internal())?;
    roles::choose(&mut tx, &caller, Some(role), person.role_id).await?;
    tx.commit().await?;
    if caller.user_id == user {
        // Whoever sits down at somebody's open browser would have their account.
        return Err(Problem::conflict("own-account", "Somebody else has to do this to you."));
    }
    if !person.is_active {
        return Err(Problem::conflict("member-inactive", "They are switched off."));
    }
    let mut tx = state.db.auth().begin().await.map_err(StoreError::from)?;
    if !caller.platform && people::is_elsewhere(&mut tx, caller.tenant, user).await? {
        return Err(account::elsewhere());
    }
    if state.config.mailer.is_some() {
        state.limits.mail_to(&person.email, Instant::now())?;
    }
    let text = token::generate(token::LINK);
    let expires_at = Utc::now() + TimeDelta::hours(LINK_HOURS);
    password_links::spend_all(&mut tx, user).await?;
    password_links::create(&mut tx, &token::hash(&text), user, expires_at).await?;
    let tenants = users::tenants_of(&mut tx, user).await?;
    let detail = json!({"by": caller.user_id});
    account::tell(&mut tx, &tenants, Some(user), "password.link_created", address, &detail).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let link = format!("{}/reset#{text}", state.config.public_url);
    let delivery = deliver(&state, &caller, &person.email, &link).await;
    Ok(Json(PasswordLink { delivery, link: (delivery != "mailed").then_some(link), expires_at }))
}

/// Mails the link where that can be done, and says what came of it.
async fn deliver(state: &AppState, caller: &Caller, email: &str, link: &str) -> &'static str {
    let Some(mailer) = &state.config.mailer else { return "link" };
    let text = format!(
        "{} made a link for you, by which you choose a new password for {} on Switchroom:\n\n{link}\n\n\
         It is for you alone, good for {LINK_HOURS} hours and once. If you did not ask for it, there is nothing to do: your \
         password stays as it is.\n",
        one_line(&caller.name),
        one_line(&caller.tenant_name)
    );
    match mailer.send(email, "Your new password", &text).await {
        Ok(()) => "mailed",
        Err(error) => {
            tracing::warn!(%error, "a password link could not be mailed; who made it has it");
            "failed"
        }
    }
}
