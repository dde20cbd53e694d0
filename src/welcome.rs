//! The one-time link of `tenant create`: a page on which a new person chooses a password. Plain HTML, so that it works
//! before there is a session, and in whatever browser the person has at hand.

use std::sync::Arc;

use axum::extract::{Form, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::{Router, routing::get};
use switchroom_api::auth::{Passwords, token};
use switchroom_core::password;
use switchroom_store::{Database, StoreError, audit, password_links, second_factors, sessions};

#[derive(Clone)]
struct Welcome {
    db: Database,
    passwords: Arc<Passwords>,
}

#[derive(serde::Deserialize)]
struct Choice {
    password: String,
}

/// The page's routes.
pub fn router(db: Database, passwords: Arc<Passwords>) -> Router {
    Router::new().route("/welcome/{token}", get(show).post(choose)).with_state(Welcome { db, passwords })
}

/// The link for a token.
pub fn link(public_url: &str, token: &str) -> String {
    format!("{public_url}/welcome/{token}")
}

async fn show(State(welcome): State<Welcome>, Path(text): Path<String>) -> Response {
    let look = async {
        let mut connection = welcome.db.auth().acquire().await.map_err(StoreError::from)?;
        password_links::owner(&mut connection, &token::hash(&text)).await
    };
    match look.await {
        Ok(Some(owner)) => page(StatusCode::OK, &form(&owner.email, None)),
        Ok(None) => gone(),
        Err(error) => unavailable(&error),
    }
}

async fn choose(
    State(welcome): State<Welcome>,
    Path(text): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let hash = token::hash(&text);
    let change = async {
        let mut tx = welcome.db.auth().begin().await.map_err(StoreError::from)?;
        // Before the costly part: a stranger's guesses shall cost little.
        let Some(owner) = password_links::owner(&mut tx, &hash).await? else { return Ok(gone()) };
        if let Some(fault) = password::fault_of(&choice.password, &owner.email, &owner.name) {
            let fault = format!("The password {fault}.");
            return Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &form(&owner.email, Some(&fault))));
        }
        let Ok(password) = welcome.passwords.hash(&choice.password).await else {
            return Ok(page(StatusCode::SERVICE_UNAVAILABLE, "<p>Please try again in a moment.</p>"));
        };
        let Some(user) = password_links::redeem(&mut tx, &hash, &password).await? else { return Ok(gone()) };
        // An account that was there before: who held it until now is signed out, as after any change of password.
        password_links::spend_all(&mut tx, user).await?;
        second_factors::distrust(&mut tx, user, None).await?;
        sessions::end_all(&mut tx, user, None).await?;
        let entry = audit::Entry { actor: Some(user), action: "password.chosen", ..Default::default() };
        audit::record(&mut tx, &entry).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok::<_, StoreError>(page(
            StatusCode::OK,
            "<p>Your password is set.</p><p><a href=\"/\">Sign in</a></p>",
        ))
    };
    change.await.unwrap_or_else(|error| unavailable(&error))
}

fn gone() -> Response {
    page(StatusCode::NOT_FOUND, "<p>This link was used already, or is too old. Ask for a new one.</p>")
}

fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "a one-time link cannot be looked up");
    page(StatusCode::SERVICE_UNAVAILABLE, "<p>Please try again in a moment.</p>")
}

fn form(email: &str, fault: Option<&str>) -> String {
    let fault = fault.map(|fault| format!("<p role=\"alert\" id=\"fault\">{fault}</p>")).unwrap_or_default();
    format!(
        "<p>Choose a password for <strong>{}</strong>.</p>{fault}<form method=\"post\"><label>Password \
         <input type=\"password\" name=\"password\" autocomplete=\"new-password\" minlength=\"{}\" \
         required autofocus></label> <button>Set password</button></form>",
        escaped(email),
        password::SHORTEST
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

fn page(status: StatusCode, content: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Welcome to Switchroom</title><style>:root{{color-scheme:light dark}}\
         body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}}</style></head>\
         <body><main><h1>Welcome to Switchroom</h1>{content}</main></body></html>"
    );
    // The address is a secret for as long as the link is good.
    (status, [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")], Html(html))
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_are_called_is_text() {
        assert!(form("<b>\"x\"@y", None).contains("&lt;b&gt;&quot;x&quot;@y"));
    }

    #[test]
    fn the_form_asks_for_what_the_rules_ask_for() {
        assert!(form("a@b.example", None).contains("minlength=\"10\""));
    }
}
