//! The table of moves, and races for them.

use axum::http::Method;
use serde_json::json;
use switchroom_api::testing::App;
use switchroom_core::Role;

use super::{file, path, pointer};

#[tokio::test]
async fn the_twenty_six_moves() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let states =
        ["new", "open", "answered", "in_progress", "waiting_for_response", "on_hold", "resolved", "closed"];
    let way = |to: &str| -> &'static [&'static str] {
        match to {
            "answered" => &["answered"],
            "in_progress" => &["in_progress"],
            "waiting_for_response" => &["in_progress", "waiting_for_response"],
            "on_hold" => &["on_hold"],
            "resolved" => &["in_progress", "resolved"],
            "closed" => &["closed"],
            _ => &[],
        }
    };
    let table = "new>open,answered,in_progress,on_hold,closed open>answered,in_progress,on_hold,closed \
        answered>in_progress,on_hold,waiting_for_response,closed waiting_for_response>answered,in_progress,closed \
        on_hold>in_progress,answered,closed in_progress>resolved,on_hold,waiting_for_response,closed \
        resolved>closed,open closed>open";
    let mut allowed = 0;
    for from in states {
        let row = table.split(' ').find_map(|row| row.strip_prefix(&format!("{from}>"))).unwrap();
        for to in states {
            let filer = if from == "new" { app.demo.user(Role::Client) } else { admin };
            let ticket = file(&app, filer, json!({})).await;
            assert_eq!(ticket["status"], if from == "new" { "new" } else { "open" });
            let path = path(&ticket);
            for step in way(from) {
                app.post(admin, &format!("{path}/status"), json!({"status": step})).await.expect(200);
            }
            let reply = app
                .post(admin, &format!("{path}/status"), json!({"status": to, "reason": " because "}))
                .await;
            if row.split(',').any(|exit| exit == to) {
                allowed += 1;
                let moved = reply.expect(200);
                assert_eq!((&moved["status"], &moved["status_reason"]), (&json!(to), &json!("because")));
                assert_eq!(
                    moved["resolved_at"].is_string(),
                    to == "resolved" || (to == "closed" && from == "resolved"),
                    "{from} {to}"
                );
                assert_eq!(moved["closed_at"].is_string(), to == "closed", "{from} {to}");
                assert_eq!(moved["reopen_count"], i32::from(to == "open" && from != "new"), "{from} {to}");
            } else {
                reply.expect_problem(409, "ticket-move");
                assert_eq!(app.get(admin, &path).await.expect(200)["status"], from);
            }
        }
    }
    assert_eq!(allowed, 26);
    let ticket = path(&file(&app, admin, json!({})).await);
    let problem = app
        .post(admin, &format!("{ticket}/status"), json!({"status": "done"}))
        .await
        .expect_problem(422, "validation");
    assert_eq!(pointer(&problem), "/status");
    let stale = app
        .request(Method::POST, &format!("{ticket}/status"))
        .bearer(&admin.token)
        .header("if-match", "\"5\"");
    stale.json(&json!({"status": "open"})).send().await.expect_problem(412, "stale-version");
    // PATCH never moves.
    for body in [json!({"status": "closed"}), json!({"assigned_to": admin.id})] {
        app.patch(admin, &ticket, body).await.expect_problem(422, "validation");
    }
    app.request(Method::POST, &format!("{ticket}/close")).bearer(&admin.token).send().await.expect(200);
    app.post(admin, &format!("{ticket}/close"), json!({})).await.expect_problem(409, "ticket-move");
}

#[tokio::test]
async fn of_many_who_move_at_once_one_does() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let (agent, agent2) = (app.demo.user(Role::Agent), &app.demo.agent2);
    for _ in 0..5 {
        let ticket = path(&file(&app, admin, json!({})).await);
        let moved = futures::future::join_all((0..8).map(|_| {
            let (app, ticket) = (&app, &ticket);
            async move {
                app.post(admin, &format!("{ticket}/status"), json!({"status": "in_progress"})).await.status
            }
        }))
        .await;
        assert_eq!(moved.iter().filter(|status| **status == 200).count(), 1, "{moved:?}");
        assert_eq!(moved.iter().filter(|status| **status == 409).count(), 7, "{moved:?}");
        let taken = futures::future::join_all((0..8).map(|n| {
            let (app, ticket) = (&app, &ticket);
            let user = if n % 2 == 0 { agent } else { agent2 };
            async move { app.post(user, &format!("{ticket}/take"), json!({})).await.status }
        }))
        .await;
        assert_eq!(taken.iter().filter(|status| **status == 200).count(), 1, "{taken:?}");
        assert_eq!(taken.iter().filter(|status| **status == 409).count(), 7, "{taken:?}");
    }
}
