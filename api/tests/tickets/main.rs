//! Tickets over HTTP.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod filing;
mod lists;
mod moves;
mod replies;
mod sight;

use serde_json::{Value, json};
use sqlx::Connection;
use switchroom_api::testing::{App, TestTenant, TestUser};
use uuid::Uuid;

const NUMBER: &str = "+33639981234";

/// A call as the appender writes it.
async fn call(
    app: &App,
    tenant: &TestTenant,
    direction: &str,
    from: Option<&str>,
    to: &str,
    line: Option<Uuid>,
) -> Uuid {
    let mut connection = app.database.superuser().await;
    let id = Uuid::new_v4();
    sqlx::query(
        "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, from_number, to_number, number_id, started_at, fold)
         VALUES ($1, $2, $1, $3, $4, 'ringing', $5, $6, $7, now(), '{}')",
    )
    .bind(id)
    .bind(tenant.id.0)
    .bind(id.to_string())
    .bind(direction)
    .bind(from)
    .bind(to)
    .bind(line)
    .execute(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    id
}

async fn file(app: &App, user: &TestUser, body: Value) -> Value {
    let mut whole = json!({"title": "Printer on fire"});
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    app.post(user, "/api/v1/tickets", whole).await.expect(201)
}

fn path(ticket: &Value) -> String {
    format!("/api/v1/tickets/{}", ticket["id"].as_str().unwrap())
}

fn pointer(problem: &Value) -> &str {
    problem["errors"][0]["pointer"].as_str().unwrap()
}
