//! Who sees which ticket.

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

use super::{NUMBER, file, path, pointer};

#[tokio::test]
async fn who_sees_which_ticket() {
    let app = App::new().await;
    let (agent, agent2) = (app.demo.user(Role::Agent), &app.demo.agent2);
    let (client, supervisor) = (app.demo.user(Role::Client), app.demo.user(Role::Supervisor));
    let mine = file(&app, client, json!({"title": "from the portal", "phone_number": NUMBER, "customer_type": "individual", "customer_name": "C"})).await;
    assert_eq!(
        (&mine["status"], &mine["requester_user_id"], &mine["contact_created"]),
        (&json!("new"), &json!(client.id), &json!(false))
    );
    let staff = file(&app, supervisor, json!({})).await;
    for reference in [
        json!({"title": "t", "call_id": Uuid::now_v7()}),
        json!({"title": "t", "organization_id": Uuid::now_v7()}),
    ] {
        app.post(client, "/api/v1/tickets", reference).await.expect_problem(422, "validation");
    }
    let sees = |user: &TestUser, ticket: &Value| {
        let (app, user, path) = (&app, user.clone(), path(ticket));
        async move { app.get(&user, &path).await.status == 200 }
    };
    let lists = |user: &TestUser| {
        let (app, user) = (&app, user.clone());
        async move { app.get(&user, "/api/v1/tickets").await.expect(200)["items"].as_array().unwrap().len() }
    };
    // Unassigned: all staff; the client only their own.
    assert!(sees(client, &mine).await && !sees(client, &staff).await);
    assert!(sees(agent, &mine).await && sees(agent2, &staff).await);
    assert_eq!((lists(client).await, lists(agent).await, lists(supervisor).await), (1, 2, 2));
    // Assigned: who has it, who sees all, the requester.
    let assigned = app
        .post(supervisor, &format!("{}/assign", path(&mine)), json!({"user_id": agent.id}))
        .await
        .expect(200);
    assert_eq!((&assigned["assigned_to"], &assigned["status"]), (&json!(agent.id), &json!("open")));
    assert!(
        sees(agent, &mine).await
            && !sees(agent2, &mine).await
            && sees(supervisor, &mine).await
            && sees(client, &mine).await
    );
    assert_eq!((lists(agent2).await, lists(agent).await), (1, 2));
    for (method, command, body) in [
        (Method::PATCH, "", json!({"title": "x"})),
        (Method::POST, "/status", json!({"status": "closed"})),
        (Method::POST, "/replies", json!({"body": "x"})),
        (Method::GET, "/replies", Value::Null),
        (Method::GET, "/activities", Value::Null),
        (Method::POST, "/transfer", json!({"user_id": agent2.id})),
        (Method::POST, "/close", json!({})),
    ] {
        let reply = app
            .request(method, &format!("{}{command}", path(&mine)))
            .bearer(&agent2.token)
            .json(&body)
            .send()
            .await;
        reply.expect_problem(404, "not-found");
    }
    app.post(agent2, &format!("{}/take", path(&mine)), json!({})).await.expect_problem(409, "ticket-taken");
    // Another tenant's: nothing, not even to its owner.
    let owner = app.rival.user(Role::OrgOwner);
    assert!(!sees(owner, &mine).await && lists(owner).await == 0);
    for command in ["status", "assign", "take", "transfer", "close", "replies"] {
        app.post(owner, &format!("{}/{command}", path(&mine)), json!({}))
            .await
            .expect_problem(404, "not-found");
    }
    // Hand on; back to nobody.
    let moved = app
        .post(agent, &format!("{}/transfer", path(&mine)), json!({"user_id": agent2.id}))
        .await
        .expect(200);
    assert_eq!(moved["assigned_to"], json!(agent2.id));
    assert!(!sees(agent, &mine).await);
    for nobody in [client.id.0, app.rival.user(Role::Agent).id.0, Uuid::now_v7()] {
        let problem = app
            .post(supervisor, &format!("{}/assign", path(&mine)), json!({"user_id": nobody}))
            .await
            .expect_problem(422, "validation");
        assert_eq!(pointer(&problem), "/user_id");
    }
    let back =
        app.post(supervisor, &format!("{}/assign", path(&mine)), json!({"user_id": null})).await.expect(200);
    assert_eq!((&back["assigned_to"], &back["status"]), (&Value::Null, &json!("open")));
    app.post(supervisor, &format!("{}/transfer", path(&mine)), json!({"user_id": agent.id}))
        .await
        .expect_problem(409, "ticket-unassigned");
    app.post(agent, &format!("{}/assign", path(&mine)), json!({"user_id": agent.id}))
        .await
        .expect_problem(403, "forbidden");
    // What a client may not do at all.
    app.patch(client, &path(&mine), json!({"title": "x"})).await.expect_problem(403, "forbidden");
    app.post(client, &format!("{}/status", path(&mine)), json!({"status": "closed"}))
        .await
        .expect_problem(403, "forbidden");
    app.delete(agent, &path(&mine)).await.expect_problem(403, "forbidden");
    app.delete(app.demo.user(Role::OrgAdmin), &path(&mine)).await.expect(204);
    assert!(!sees(supervisor, &mine).await && !sees(client, &mine).await);
}
