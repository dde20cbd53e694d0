//! Which contact a client is: said by an invitation, on the member's page, or by a proved address; followed through merges,
//! deletions and erasures; and what it does to the tickets they file.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod support;

use axum::http::Method;
use serde_json::{Value, json};
use support::MailServer;
use switchroom_api::testing::{App, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

const NEW: &str = "seven green bicycles";

async fn made(app: &App, path: &str, body: Value) -> Value {
    app.post(app.demo.user(Role::OrgAdmin), path, body).await.expect(201)
}

async fn person(app: &App, name: &str, email: &str) -> Value {
    made(app, "/api/v1/individuals", json!({"full_name": name, "email": email, "phones": []})).await
}

/// A company and one of its people.
async fn colleague(app: &App, company: &str, name: &str, email: Option<&str>) -> (Value, Value) {
    let organization = made(app, "/api/v1/organizations", json!({"name": company, "phones": []})).await;
    let people = format!("/api/v1/organizations/{}/contacts", text(&organization["id"]));
    let body = json!({"full_name": name, "email": email, "phones": []});
    let contact = made(app, &people, body).await;
    (organization, contact)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn individual(contact: &Value) -> Value {
    json!({"kind": "individual", "id": contact["id"]})
}

fn of_company(contact: &Value) -> Value {
    json!({"kind": "organization_contact", "id": contact["id"]})
}

fn member(user: &TestUser) -> String {
    format!("/api/v1/users/{}", user.id)
}

/// Makes the client this contact, or nobody's.
async fn link(app: &App, user: &TestUser, contact: Value) -> Value {
    app.patch(app.demo.user(Role::OrgAdmin), &member(user), json!({"contact": contact})).await.expect(200)
}

/// The id of the contact that a member is.
async fn whose(app: &App, user: &TestUser) -> Value {
    app.get(app.demo.user(Role::OrgAdmin), &member(user)).await.expect(200)["contact"]["id"].clone()
}

/// A second client of the tenant, with a token.
async fn another_client(app: &App, email: &str) -> TestUser {
    let mut other = app.demo.user(Role::Client).clone();
    let admin = app.demo.user(Role::OrgAdmin);
    let made =
        app.post(admin, "/api/v1/invitations", json!({"email": email, "role": "client"})).await.expect(201);
    let session = accept(app, &made).await;
    let token = text(&session["access_token"]).to_owned();
    let me = app.request(Method::GET, "/api/v1/me").bearer(&token).send().await.expect(200);
    other.id = switchroom_core::UserId(text(&me["user"]["id"]).parse().unwrap());
    other.email = email.to_owned();
    other.token = token;
    other
}

async fn accept(app: &App, invitation: &Value) -> Value {
    let (_, token) = text(&invitation["link"]).split_once('#').unwrap();
    let body = json!({"token": token, "name": "Grace", "password": NEW});
    app.request(Method::POST, "/api/v1/auth/invitations/accept").json(&body).send().await.expect(200)
}

/// What the log says of whose contact somebody was and is, latest first.
async fn noted(app: &App, user: Uuid) -> Vec<(Value, Value, Value)> {
    let path = format!("/api/v1/audit?action=user.contact_changed&object_id={user}");
    let page = app.get(app.demo.user(Role::OrgAdmin), &path).await.expect(200);
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["before"].clone(), line["after"].clone(), line["actor_id"].clone()))
        .collect()
}

#[tokio::test]
async fn a_client_is_invited_as_a_contact() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let (acme, ann) = colleague(&app, "Acme", "Ann", None).await;
    let body = json!({"email": "ann@acme.example", "role": "client", "contact": of_company(&ann)});
    let invitation = app.post(admin, "/api/v1/invitations", body).await.expect(201);
    let shown = json!({"kind": "organization_contact", "id": ann["id"], "name": "Ann", "organization_id": acme["id"],
                       "organization_name": "Acme"});
    assert_eq!(invitation["contact"], shown);
    let listed = app.get(admin, "/api/v1/invitations").await.expect(200);
    assert_eq!(listed["items"][0]["contact"], shown);
    let session = accept(&app, &invitation).await;
    let me = app
        .request(Method::GET, "/api/v1/me")
        .bearer(text(&session["access_token"]))
        .send()
        .await
        .expect(200);
    let id: Uuid = text(&me["user"]["id"]).parse().unwrap();
    let joined = app.get(admin, &format!("/api/v1/users/{id}")).await.expect(200);
    assert_eq!((&joined["contact"], &joined["role"]), (&shown, &json!("client")));
    let lines = noted(&app, id).await;
    assert_eq!(
        (&lines[0].0, &lines[0].1),
        (&json!({}), &json!({"organization_contact_id": ann["id"]})),
        "{lines:?}"
    );

    // Only a client, only a person, only one of this tenant that is there.
    let theirs = json!({"full_name": "Eve", "phones": []});
    let theirs = app.post(app.rival.user(Role::OrgAdmin), "/api/v1/individuals", theirs).await.expect(201);
    for (role, contact, pointer) in [
        ("agent", of_company(&ann), "/contact"),
        ("client", json!({"kind": "organization", "id": acme["id"]}), "/contact/kind"),
        ("client", json!({"kind": "email_contact", "id": Uuid::now_v7()}), "/contact/kind"),
        ("client", individual(&ann), "/contact/id"),
        ("client", individual(&theirs), "/contact/id"),
        ("client", json!({"kind": "individual", "id": Uuid::now_v7()}), "/contact/id"),
    ] {
        let body = json!({"email": "x@new.example", "role": role, "contact": contact});
        let problem = app.post(admin, "/api/v1/invitations", body).await.expect_problem(422, "validation");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{role} {contact}");
    }

    // Whom somebody is invited as goes with a merge, and not away with the invitation.
    let ada = person(&app, "Ada", "ada@x.example").await;
    let twin = person(&app, "A.", "a@x.example").await;
    let body = json!({"email": "ada@x.example", "role": "client", "contact": individual(&twin)});
    let invitation = app.post(admin, "/api/v1/invitations", body).await.expect(201);
    let merge = json!({"kind": "individual", "keep_id": ada["id"], "merge_id": twin["id"]});
    let merge = app.post(admin, "/api/v1/contact-merges", merge).await.expect(201);
    let path = format!("/api/v1/invitations/{}", text(&invitation["id"]));
    assert_eq!(app.get(admin, &path).await.expect(200)["contact"]["id"], ada["id"]);
    let session = accept(&app, &invitation).await;
    let me = app
        .request(Method::GET, "/api/v1/me")
        .bearer(text(&session["access_token"]))
        .send()
        .await
        .expect(200);
    let path = format!("/api/v1/users/{}", text(&me["user"]["id"]));
    assert_eq!(app.get(admin, &path).await.expect(200)["contact"]["id"], ada["id"]);
    // Who accepted meanwhile is whom they were invited as, once there are two again.
    let undo = format!("/api/v1/contact-merges/{}/undo", text(&merge["id"]));
    app.post(admin, &undo, json!({})).await.expect(200);
    assert_eq!(app.get(admin, &path).await.expect(200)["contact"]["id"], twin["id"]);
}

#[tokio::test]
async fn an_admin_says_which_contact_a_client_is() {
    let app = App::new().await;
    let (admin, client) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Client));
    let ada = person(&app, "Ada", "ada@x.example").await;
    assert_eq!(whose(&app, client).await, Value::Null);
    let linked = link(&app, client, individual(&ada)).await;
    assert_eq!(
        linked["contact"],
        json!({"kind": "individual", "id": ada["id"], "name": "Ada", "organization_id": null, "organization_name": null})
    );
    let etag = format!("\"{}\"", linked["version"]);
    // Several accounts are one contact's, and the contact's page finds them.
    let assistant = another_client(&app, "assistant@x.example").await;
    link(&app, &assistant, individual(&ada)).await;
    let accounts = async |user: &TestUser| {
        let path = format!("/api/v1/users?contact_id={}", text(&ada["id"]));
        let page = app.get(user, &path).await.expect(200);
        let names = page["items"].as_array().unwrap().iter().map(|item| text(&item["email"]).to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert_eq!(accounts(admin).await, ["assistant@x.example", client.email.as_str()]);
    assert_eq!(accounts(app.demo.user(Role::Agent)).await.len(), 2);
    assert_eq!(accounts(app.rival.user(Role::OrgAdmin)).await, Vec::<String>::new());
    // Whoever may not read individuals learns of none from accounts, in no way.
    sqlx::query("UPDATE memberships SET module_individuals = false WHERE user_id = $1")
        .bind(app.demo.agent2.id.0)
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    assert_eq!(accounts(&app.demo.agent2).await, Vec::<String>::new());
    assert_eq!(app.get(&app.demo.agent2, &member(client)).await.expect(200)["contact"], Value::Null);
    let listed = app.get(&app.demo.agent2, "/api/v1/users?role=client").await.expect(200);
    assert!(listed["items"].as_array().unwrap().iter().all(|item| item["contact"].is_null()), "{listed}");

    // Nothing changes: nothing is written. Another version: nothing is changed.
    let again = link(&app, client, individual(&ada)).await;
    assert_eq!(again["version"], linked["version"]);
    let stale = app
        .request(Method::PATCH, &member(client))
        .bearer(&admin.token)
        .header("if-match", "\"1\"")
        .json(&json!({"contact": null}))
        .send()
        .await;
    assert_eq!(stale.status, 412, "{etag}");
    assert_eq!(link(&app, client, Value::Null).await["contact"], Value::Null);
    let lines = noted(&app, client.id.0).await;
    assert_eq!(
        lines,
        [
            (json!({"individual_id": ada["id"]}), json!({}), json!(admin.id)),
            (json!({}), json!({"individual_id": ada["id"]}), json!(admin.id)),
        ]
    );
    let changed = app.get(admin, "/api/v1/audit?action=user.changed").await.expect(200);
    assert_eq!(changed["items"], json!([]), "noted once, by the database");

    // Who is no client is no contact, however they came to be none.
    link(&app, client, individual(&ada)).await;
    let problem = app
        .patch(admin, &member(client), json!({"role": "member", "contact": individual(&ada)}))
        .await
        .expect_problem(422, "validation");
    assert_eq!(problem["errors"][0]["pointer"], "/contact");
    let moved = app.patch(admin, &member(client), json!({"role": "member"})).await.expect(200);
    assert_eq!(moved["contact"], Value::Null);
    app.patch(admin, &member(client), json!({"contact": individual(&ada)}))
        .await
        .expect_problem(422, "validation");
    let portal =
        json!({"name": "Portal", "base": "client", "permissions": ["tickets.read", "tickets.create"]});
    let portal = made(&app, "/api/v1/roles", portal).await;
    let body = json!({"role_id": portal["id"], "contact": individual(&ada)});
    assert_eq!(
        app.patch(admin, &member(client), body).await.expect(200)["contact"]["id"],
        ada["id"],
        "a role of the tenant's own for clients"
    );
    let invited = json!({"email": "y@new.example", "role_id": portal["id"], "contact": individual(&ada)});
    let invited = app.post(admin, "/api/v1/invitations", invited).await.expect(201);
    let path = format!("/api/v1/roles/{}", text(&portal["id"]));
    app.patch(admin, &path, json!({"base": "member"})).await.expect(200);
    assert_eq!(whose(&app, client).await, Value::Null);
    let path = format!("/api/v1/invitations/{}", text(&invited["id"]));
    assert_eq!(app.get(admin, &path).await.expect(200)["contact"], Value::Null);

    for (user, status) in [(app.demo.user(Role::Supervisor), 403), (app.rival.user(Role::OrgAdmin), 404)] {
        let reply = app.patch(user, &member(&assistant), json!({"contact": null})).await;
        assert_eq!(reply.status, status);
    }
    let theirs = json!({"full_name": "Eve", "phones": []});
    let theirs = app.post(app.rival.user(Role::OrgAdmin), "/api/v1/individuals", theirs).await.expect(201);
    let problem = app
        .patch(admin, &member(&assistant), json!({"contact": individual(&theirs)}))
        .await
        .expect_problem(422, "validation");
    assert_eq!(problem["errors"][0]["pointer"], "/contact/id");
}

#[tokio::test]
async fn the_database_itself_lets_no_other_link_be() {
    let app = App::new().await;
    let ada = person(&app, "Ada", "ada@x.example").await;
    let (_, ann) = colleague(&app, "Acme", "Ann", None).await;
    let theirs = json!({"full_name": "Eve", "phones": []});
    let theirs = app.post(app.rival.user(Role::OrgAdmin), "/api/v1/individuals", theirs).await.expect(201);
    let id = |value: &Value| text(&value["id"]).parse::<Uuid>().unwrap();
    let mut superuser = app.database.superuser().await;
    let mut set = async |user: &TestUser, one: Option<Uuid>, other: Option<Uuid>| {
        sqlx::query(
            "UPDATE memberships SET individual_id = $2, organization_contact_id = $3 WHERE user_id = $1",
        )
        .bind(user.id.0)
        .bind(one)
        .bind(other)
        .execute(&mut superuser)
        .await
        .map_err(|error| error.as_database_error().unwrap().constraint().map(str::to_owned))
        .map(|_| ())
    };
    let (client, agent) = (app.demo.user(Role::Client), app.demo.user(Role::Agent));
    let refused = |constraint: &str| Err(Some(constraint.to_owned()));
    assert_eq!(set(client, Some(id(&ada)), Some(id(&ann))).await, refused("memberships_one_contact"));
    assert_eq!(set(agent, Some(id(&ada)), None).await, refused("memberships_contact_of_client"));
    assert_eq!(set(client, Some(id(&theirs)), None).await, refused("memberships_individual"));
    assert_eq!(set(client, None, Some(id(&ada))).await, refused("memberships_organization_contact"));
    assert_eq!(set(client, None, Some(id(&ann))).await, Ok(()));
}

#[tokio::test]
async fn an_account_follows_its_contact() {
    let app = App::new().await;
    let (admin, client) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Client));
    let assistant = another_client(&app, "assistant@x.example").await;
    let (acme, ann) = colleague(&app, "Acme", "Ann", None).await;
    let (other, twin) = colleague(&app, "Acme SA", "Ann B.", None).await;
    link(&app, client, of_company(&ann)).await;
    link(&app, &assistant, of_company(&twin)).await;
    let merge = |kind: &str, keep: &Value, lose: &Value| {
        let body = json!({"kind": kind, "keep_id": keep["id"], "merge_id": lose["id"]});
        let app = &app;
        async move { app.post(admin, "/api/v1/contact-merges", body).await.expect(201) }
    };
    let undo = |merge: &Value| {
        let path = format!("/api/v1/contact-merges/{}/undo", text(&merge["id"]));
        let app = &app;
        async move { app.post(admin, &path, json!({})).await.expect(200) }
    };
    let one = merge("organization_contact", &ann, &twin).await;
    assert_eq!(one["moved_accounts"], 1);
    assert_eq!(
        (whose(&app, client).await, whose(&app, &assistant).await),
        (ann["id"].clone(), ann["id"].clone())
    );
    // Somebody else comes to the kept one; the undo gives back what went over, and nothing else.
    undo(&one).await;
    assert_eq!(
        (whose(&app, client).await, whose(&app, &assistant).await),
        (ann["id"].clone(), twin["id"].clone())
    );
    let lines = noted(&app, assistant.id.0).await;
    let held = |contact: &Value| json!({"organization_contact_id": contact["id"]});
    assert_eq!(lines.len(), 3, "linked, merged, two again: {lines:?}");
    assert_eq!((&lines[0].0, &lines[0].1), (&held(&ann), &held(&twin)));
    assert_eq!((&lines[1].0, &lines[1].1), (&held(&twin), &held(&ann)));
    // Whom an admin has said something else of since is left where they are.
    let again = merge("organization_contact", &ann, &twin).await;
    link(&app, &assistant, Value::Null).await;
    undo(&again).await;
    assert_eq!(whose(&app, &assistant).await, Value::Null);
    link(&app, &assistant, of_company(&twin)).await;
    // Of companies made one the people are who they were, and whose they are is said.
    merge("organization", &acme, &other).await;
    let moved = app.get(admin, &member(&assistant)).await.expect(200);
    assert_eq!(
        (&moved["contact"]["id"], &moved["contact"]["organization_name"]),
        (&twin["id"], &json!("Acme"))
    );

    // Deleted, with the company or alone, a contact is nobody's account any more.
    let path = format!("/api/v1/organizations/{}", text(&acme["id"]));
    app.delete(admin, &format!("{path}/contacts/{}", text(&twin["id"]))).await.expect(204);
    assert_eq!((whose(&app, client).await, whose(&app, &assistant).await), (ann["id"].clone(), Value::Null));
    app.delete(admin, &path).await.expect(204);
    assert_eq!(whose(&app, client).await, Value::Null);
    let ada = person(&app, "Ada", "ada@x.example").await;
    link(&app, client, individual(&ada)).await;
    let path = format!("/api/v1/individuals/{}", text(&ada["id"]));
    app.delete(admin, &path).await.expect(204);
    let last = noted(&app, client.id.0).await.remove(0);
    assert_eq!(last, (json!({"individual_id": ada["id"]}), json!({}), json!(admin.id)));
    let gone = app.patch(admin, &member(client), json!({"contact": individual(&ada)})).await;
    assert_eq!(gone.expect_problem(422, "validation")["errors"][0]["pointer"], "/contact/id");
}

#[tokio::test]
async fn an_erased_person_is_nobodys_account() {
    let app = App::with_engine().await;
    let (admin, client) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Client));
    let ada = person(&app, "Ada Lovelace", "ada@x.example").await;
    let twin = person(&app, "Countess Ada", "countess@x.example").await;
    link(&app, client, individual(&twin)).await;
    let body = json!({"email": "z@new.example", "role": "client", "contact": individual(&ada)});
    let invitation = app.post(admin, "/api/v1/invitations", body).await.expect(201);
    let merge = json!({"kind": "individual", "keep_id": ada["id"], "merge_id": twin["id"]});
    let merge = app.post(admin, "/api/v1/contact-merges", merge).await.expect(201);
    let ticket = app.post(client, "/api/v1/tickets", json!({"title": "Mine"})).await.expect(201);
    let erase = json!({"contact": individual(&ada)});
    app.post(admin, "/api/v1/contact-erasures", erase).await.expect(201);
    assert_eq!(whose(&app, client).await, Value::Null);
    let path = format!("/api/v1/invitations/{}", text(&invitation["id"]));
    assert_eq!(app.get(admin, &path).await.expect(200)["contact"], Value::Null);
    // Their ticket is theirs still; what it said of them is gone.
    let path = format!("/api/v1/tickets/{}", text(&ticket["id"]));
    let seen = app.get(client, &path).await.expect(200);
    assert_eq!((&seen["title"], &seen["caller"]["customer_name"]), (&json!("Mine"), &Value::Null));
    let after = app.post(client, "/api/v1/tickets", json!({"title": "Next"})).await.expect(201);
    let path = format!("/api/v1/tickets/{}", text(&after["id"]));
    assert_eq!(app.get(admin, &path).await.expect(200)["contact"], Value::Null);
    let undo = format!("/api/v1/contact-merges/{}/undo", text(&merge["id"]));
    app.post(admin, &undo, json!({})).await.expect(409);
}

#[tokio::test]
async fn a_clients_ticket_is_about_the_contact_they_are() {
    let app = App::with_engine().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let client = app.demo.user(Role::Client);
    let (acme, ann) = colleague(&app, "Acme", "Ann", None).await;
    let number = "+33639980077";
    let path = format!("/api/v1/organizations/{}/contacts/{}", text(&acme["id"]), text(&ann["id"]));
    app.patch(admin, &path, json!({"phones": [number]})).await.expect(200);
    link(&app, client, of_company(&ann)).await;
    let filed = app.post(client, "/api/v1/tickets", json!({"title": "Printer on fire"})).await.expect(201);
    // The client learns nothing of the directory from it.
    assert_eq!((&filed["contact"], &filed["organization_id"]), (&Value::Null, &Value::Null));
    assert_eq!((&filed["requester_user_id"], &filed["status"]), (&json!(client.id), &json!("new")));
    let path = format!("/api/v1/tickets/{}", text(&filed["id"]));
    let seen = app.get(agent, &path).await.expect(200);
    assert_eq!((&seen["contact"], &seen["organization_id"]), (&of_company(&ann), &acme["id"]));
    assert_eq!(seen["contact_created"], false);
    assert_eq!(
        seen["caller"],
        json!({"phone_number": null, "customer_type": "organization", "customer_name": "Acme", "customer_gender": null,
               "contact_person": "client", "customer_email": client.email})
    );
    // In the contact's history, and what pops when they call.
    let history = format!("/api/v1/tickets?contact_id={}", text(&ann["id"]));
    assert_eq!(app.get(agent, &history).await.expect(200)["items"][0]["id"], filed["id"]);
    let history = format!("/api/v1/tickets?organization_id={}", text(&acme["id"]));
    assert_eq!(app.get(agent, &history).await.expect(200)["items"][0]["id"], filed["id"]);
    let context = app.post(agent, "/api/v1/caller-context", json!({"number": number})).await.expect(200);
    assert_eq!(context["open_tickets"][0]["id"], filed["id"]);
    let summaries = app.state.engine.as_ref().unwrap().summaries().clone();
    let contact = switchroom_core::directory::ContactRef {
        kind: switchroom_core::directory::ContactKind::OrganizationContact,
        id: text(&ann["id"]).parse().unwrap(),
    };
    let summary = summaries.get(app.demo.id, contact).expect("a ticket brings its contact into memory");
    assert_eq!(json!(summary.open_tickets[0].id), filed["id"]);
    // What they say of themselves stays, and does not change whom it is about.
    let said = json!({"title": "x", "customer_type": "individual", "customer_name": "Bob", "phone_number": "+33639980078"});
    let said = app.post(client, "/api/v1/tickets", said).await.expect(201);
    let path = format!("/api/v1/tickets/{}", text(&said["id"]));
    let seen = app.get(agent, &path).await.expect(200);
    assert_eq!(seen["contact"], of_company(&ann));
    assert_eq!(
        (&seen["caller"]["customer_name"], &seen["caller"]["contact_person"]),
        (&json!("Bob"), &Value::Null)
    );
    // Whose ticket a client sees is decided by who filed it, not by whose contact they are.
    let assistant = another_client(&app, "assistant@acme.example").await;
    link(&app, &assistant, of_company(&ann)).await;
    app.get(&assistant, &path).await.expect_problem(404, "not-found");
    assert_eq!(app.get(&assistant, "/api/v1/tickets").await.expect(200)["items"], json!([]));
    // An individual's; and one who is nobody's.
    let ada = person(&app, "Ada", "ada@x.example").await;
    link(&app, &assistant, individual(&ada)).await;
    let filed = app.post(&assistant, "/api/v1/tickets", json!({"title": "y"})).await.expect(201);
    let seen = app.get(agent, &format!("/api/v1/tickets/{}", text(&filed["id"]))).await.expect(200);
    assert_eq!((&seen["contact"], &seen["organization_id"]), (&individual(&ada), &Value::Null));
    assert_eq!(
        (&seen["caller"]["customer_type"], &seen["caller"]["customer_name"]),
        (&json!("individual"), &json!("Grace"))
    );
    link(&app, &assistant, Value::Null).await;
    let filed = app.post(&assistant, "/api/v1/tickets", json!({"title": "z"})).await.expect(201);
    let seen = app.get(agent, &format!("/api/v1/tickets/{}", text(&filed["id"]))).await.expect(200);
    assert_eq!((&seen["contact"], &seen["caller"]["customer_email"]), (&Value::Null, &Value::Null));
}

async fn register(app: &App, mails: &mut MailServer, email: &str) -> Value {
    let body = json!({"tenant": "demo", "email": email, "name": "Somebody"});
    app.request(Method::POST, "/api/v1/auth/register").json(&body).send().await.expect(202);
    let token = mails.next().await.token();
    let body = json!({"token": token, "password": NEW});
    app.request(Method::POST, "/api/v1/auth/register/confirm").json(&body).send().await.expect(200)
}

#[tokio::test]
async fn a_proved_address_says_which_contact_it_is() {
    let (app, mut mails) = MailServer::with_app().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let mode =
        |mode: &'static str| app.patch(admin, "/api/v1/settings/accounts", json!({"registration": mode}));
    mode("open").await.expect(200);
    let contact_of = async |email: &str| {
        let page = app.get(admin, &format!("/api/v1/users?email={email}")).await.expect(200);
        page["items"][0]["contact"].clone()
    };
    let ada = person(&app, "Ada", "Ada@Client.example").await;
    assert_eq!(register(&app, &mut mails, "ada@client.example").await["status"], "joined");
    assert_eq!(contact_of("ada@client.example").await["id"], ada["id"]);
    let user = app.get(admin, "/api/v1/users?email=ada@client.example").await.expect(200);
    let lines = noted(&app, text(&user["items"][0]["id"]).parse().unwrap()).await;
    assert_eq!(lines[0].1, json!({"individual_id": ada["id"]}));
    // Not the primary address, of somebody of a company.
    let (_, ann) = colleague(&app, "Acme", "Ann", Some("ann@acme.example")).await;
    let organization = text(&ann["organization_id"]);
    let path = format!("/api/v1/organizations/{organization}/contacts/{}", text(&ann["id"]));
    let addresses =
        json!({"emails": [{"email": "ann@acme.example", "primary": true}, {"email": "ann@home.example"}]});
    app.patch(admin, &path, addresses).await.expect(200);
    register(&app, &mut mails, "ann@home.example").await;
    assert_eq!(contact_of("ann@home.example").await["kind"], "organization_contact");

    // Of two who have it, of a company's own, of one who is given up, of one who is gone, of another tenant's: nobody.
    person(&app, "Bob", "shared@client.example").await;
    person(&app, "Eve", "shared@client.example").await;
    made(
        &app,
        "/api/v1/organizations",
        json!({"name": "Office", "email": "office@client.example", "phones": []}),
    )
    .await;
    let idle = json!({"full_name": "Idle", "email": "idle@client.example", "phones": [], "is_active": false});
    made(&app, "/api/v1/individuals", idle).await;
    let gone = person(&app, "Gone", "gone@client.example").await;
    app.delete(admin, &format!("/api/v1/individuals/{}", text(&gone["id"]))).await.expect(204);
    let theirs = json!({"full_name": "Theirs", "email": "theirs@client.example", "phones": []});
    app.post(app.rival.user(Role::OrgAdmin), "/api/v1/individuals", theirs).await.expect(201);
    for email in ["shared", "office", "idle", "gone", "theirs", "unknown"] {
        let email = format!("{email}@client.example");
        assert_eq!(register(&app, &mut mails, &email).await["status"], "joined");
        assert_eq!(contact_of(&email).await, Value::Null, "{email}");
    }
    // One of the two is given up: the other is meant, also where an admin has to agree, and only then.
    mode("approval").await.expect(200);
    let cleo = person(&app, "Cleo", "cleo@client.example").await;
    let twin = person(&app, "C.", "cleo@client.example").await;
    let path = format!("/api/v1/individuals/{}/status", text(&twin["id"]));
    app.post(admin, &path, json!({"status": "inactive"})).await.expect(200);
    assert_eq!(register(&app, &mut mails, "cleo@client.example").await["status"], "waiting");
    let waiting = app.get(admin, "/api/v1/registrations?status=waiting").await.expect(200);
    let path = format!("/api/v1/registrations/{}/approve", text(&waiting["items"][0]["id"]));
    app.post(admin, &path, json!({})).await.expect(200);
    mails.next().await;
    assert_eq!(contact_of("cleo@client.example").await["id"], cleo["id"]);
}

/// A merge, a change of the account and a deletion of the contact at once: none waits for another for ever, and in the end
/// nobody is somebody who is no more.
#[tokio::test]
async fn links_and_merges_at_once_leave_nobody_behind() {
    let app = App::new().await;
    let (admin, client) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Client));
    let account = member(client);
    for round in 0..8 {
        let [ada, twin] = [format!("ada{round}@x.example"), format!("a{round}@x.example")];
        let ada = person(&app, "Ada", &ada).await;
        let twin = person(&app, "A.", &twin).await;
        if round % 2 == 0 {
            link(&app, client, individual(&twin)).await;
        }
        let merge = json!({"kind": "individual", "keep_id": ada["id"], "merge_id": twin["id"]});
        let (merged, linked) = tokio::join!(
            app.post(admin, "/api/v1/contact-merges", merge),
            app.patch(admin, &account, json!({"contact": individual(&twin)})),
        );
        merged.expect(201);
        assert!(matches!(linked.status, 200 | 422), "{}", linked.text);
        let now = whose(&app, client).await;
        assert!(now == ada["id"] || (linked.status == 422 && now.is_null()), "{now}");
        let path = format!("/api/v1/individuals/{}", text(&ada["id"]));
        let (deleted, linked) = tokio::join!(
            app.delete(admin, &path),
            app.patch(admin, &account, json!({"contact": individual(&ada)})),
        );
        deleted.expect(204);
        assert!(matches!(linked.status, 200 | 422), "{}", linked.text);
        assert_eq!(whose(&app, client).await, Value::Null);
    }
}
