//! The one-time link of `tenant create`: a page on which a new person chooses a password. Plain HTML, so that it works
//! before there is a session, and in whatever browser the person has at hand.

use axum::extract::{Form, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::{Router, routing::get};
use switchroom_api::auth::{Address, token};
use switchroom_api::{AppState, Problem, choose_password};
use switchroom_core::password;
use switchroom_store::{StoreError, password_links};

#[derive(serde::Deserialize)]
struct Choice {
    password: String,
}

/// The page's routes.
pub fn router(state: AppState) -> Router {
    Router::new().route("/welcome/{token}", get(show).post(choose)).with_state(state)
}

/// The link for a token.
pub fn link(public_url: &str, token: &str) -> String {
    format!("{public_url}/welcome/{token}")
}

async fn show(State(state): State<AppState>, address: Address, Path(text): Path<String>) -> Response {
    match look(&state, address, &text).await {
        Ok(email) => page(StatusCode::OK, &form(&email, None)),
        Err(problem) => refused(&problem),
    }
}

/// Whose link it is.
async fn look(state: &AppState, address: Address, text: &str) -> Result<String, Problem> {
    state.limits.look(address)?;
    let mut connection = state.db.auth().acquire().await.map_err(StoreError::from)?;
    let owner = password_links::owner(&mut connection, &token::hash(text)).await?;
    Ok(owner.ok_or_else(Problem::link_gone)?.email)
}

async fn choose(
    State(state): State<AppState>,
    address: Address,
    Path(text): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let chosen = async {
        state.limits.sign_in(address)?;
        choose_password(&state, &text, &choice.password, "password.chosen", address).await
    };
    match chosen.await {
        Ok(()) => page(StatusCode::OK, "<p>Your password is set.</p><p><a href=\"/\">Sign in</a></p>"),
        Err(problem) if problem.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            let fault = problem.errors().first().map_or("cannot be taken", |error| error.detail.as_str());
            match look(&state, address, &text).await {
                Ok(email) => {
                    let fault = format!("The password {fault}.");
                    page(StatusCode::UNPROCESSABLE_ENTITY, &form(&email, Some(&fault)))
                }
                Err(problem) => refused(&problem),
            }
        }
        Err(problem) => refused(&problem),
    }
}

/// The page for what went wrong; the cause was logged where it was met.
fn refused(problem: &Problem) -> Response {
    match problem.status() {
        StatusCode::GONE => gone(),
        StatusCode::TOO_MANY_REQUESTS => {
            page(StatusCode::TOO_MANY_REQUESTS, "<p>Too many tries. Please wait a minute.</p>")
        }
        _ => page(StatusCode::SERVICE_UNAVAILABLE, "<p>Please try again in a moment.</p>"),
    }
}

fn gone() -> Response {
    page(StatusCode::NOT_FOUND, "<p>This link was used already, or is too old. Ask for a new one.</p>")
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
