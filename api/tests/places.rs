//! Where contacts are, and by which number the tax office knows an organization: entered, listed, imported, exported, merged, and
//! what a tenant may want of every organization.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, TestUser};
use switchroom_core::Role;

async fn made(app: &App, user: &TestUser, path: &str, body: Value) -> (String, Value) {
    let reply = app.post(user, path, body).await;
    let location = reply.header("location").to_owned();
    (location, reply.expect(201))
}

fn names(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|item| item["full_name"].as_str().or(item["name"].as_str()).unwrap()).collect()
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

/// The fields of a contact's place, and its tax id where it has one.
fn place(contact: &Value) -> [&Value; 5] {
    ["tax_id", "address", "city", "state", "country"].map(|field| &contact[field])
}

#[tokio::test]
async fn contacts_are_somewhere() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let (company, _) =
        made(&app, agent, "/api/v1/organizations", json!({"name": "Acme", "phones": []})).await;
    for (collection, body) in [
        ("/api/v1/individuals".to_owned(), json!({"full_name": "Ada", "phones": []})),
        ("/api/v1/organizations".to_owned(), json!({"name": "Beta", "phones": []})),
        (format!("{company}/contacts"), json!({"full_name": "Ann", "phones": []})),
    ] {
        let mut full = body.clone();
        for (field, value) in [
            ("address", " 1 Elm St\nBack door "),
            ("city", " São Paulo "),
            ("state", "SP"),
            ("country", "br"),
        ] {
            full[field] = json!(value);
        }
        let (path, there) = made(&app, agent, &collection, full).await;
        let expected = [json!("1 Elm St\nBack door"), json!("São Paulo"), json!("SP"), json!("BR")];
        assert_eq!(place(&there)[1..], expected.each_ref(), "{collection}");
        assert_eq!(place(&app.get(agent, &path).await.expect(200))[1..], expected.each_ref());
        let (_, nowhere) = made(&app, agent, &collection, body).await;
        assert_eq!(place(&nowhere)[1..], [&Value::Null; 4]);
        // One by one, and none that is not named.
        let moved = app.patch(agent, &path, json!({"city": "Lyon", "country": "FR", "state": null})).await;
        let moved = moved.expect(200);
        let expected = [json!("1 Elm St\nBack door"), json!("Lyon"), Value::Null, json!("FR")];
        assert_eq!(place(&moved)[1..], expected.each_ref());
        let gone = json!({"address": null, "city": "  ", "country": null});
        assert_eq!(
            place(&app.patch(agent, &path, gone).await.expect(200))[1..],
            [&Value::Null; 4],
            "nothing but blanks is nothing"
        );
        for (field, value) in [
            ("address", json!("x".repeat(1001))),
            ("city", json!("x".repeat(201))),
            ("city", json!("Lyon\nFrance")),
            ("state", json!("x".repeat(201))),
            ("state", json!("a\tb")),
            ("country", json!("Germany")),
            ("country", json!("UK")),
            ("country", json!("")),
            ("country", json!(49)),
        ] {
            let body = json!({ (field): value });
            let problem = app.patch(agent, &path, body.clone()).await.expect_problem(422, "validation");
            assert_eq!(pointers(&problem), [format!("/{field}")], "{body}");
        }
    }
    // Who is known by mail alone is nowhere.
    let body = json!({"name": "M", "email": "m@x.example", "phones": [], "city": "Lyon"});
    app.post(agent, "/api/v1/email-contacts", body).await.expect_problem(422, "validation");
}

#[tokio::test]
async fn organizations_have_a_tax_id() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let body = json!({"name": "Acme", "phones": [], "tax_id": " FR 123 "});
    let (path, acme) = made(&app, agent, "/api/v1/organizations", body).await;
    assert_eq!(acme["tax_id"], "FR 123");
    made(&app, agent, "/api/v1/organizations", json!({"name": "Beta", "phones": [], "tax_id": "fr 123"}))
        .await;
    made(
        &app,
        app.rival.user(Role::Agent),
        "/api/v1/organizations",
        json!({"name": "Acme", "phones": [], "tax_id": "FR 123"}),
    )
    .await;
    let found = app.get(agent, "/api/v1/organizations?tax_id=FR%20123&count=true").await.expect(200);
    assert_eq!((names(&found), &found["count"]["value"]), (vec!["Acme"], &json!(1)), "to the letter");
    for bad in [json!(""), json!("  "), json!("9".repeat(65)), json!("FR\n1"), json!(1)] {
        let problem = app.patch(agent, &path, json!({"tax_id": bad})).await.expect_problem(422, "validation");
        assert_eq!(pointers(&problem), ["/tax_id"], "{bad}");
    }
    let body = json!({"full_name": "Ada", "phones": [], "tax_id": "1"});
    app.post(agent, "/api/v1/individuals", body).await.expect_problem(422, "validation");
    // The log says what it was.
    app.patch(agent, &path, json!({"tax_id": "FR 124", "city": "Lyon"})).await.expect(200);
    let log =
        app.get(app.demo.user(Role::OrgAdmin), "/api/v1/audit?action=organization.changed").await.expect(200);
    assert_eq!(
        (&log["items"][0]["before"], &log["items"][0]["after"]),
        (&json!({"tax_id": "FR 123", "city": null}), &json!({"tax_id": "FR 124", "city": "Lyon"}))
    );
    assert_eq!(app.patch(agent, &path, json!({"tax_id": null})).await.expect(200)["tax_id"], Value::Null);
}

#[tokio::test]
async fn a_tenant_may_want_the_tax_id_of_every_organization() {
    let app = App::with_engine().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let settings = "/api/v1/settings/directory";
    let (old, _) = made(&app, agent, "/api/v1/organizations", json!({"name": "Old", "phones": []})).await;
    let seen = app.get(agent, settings).await;
    let etag = seen.header("etag").to_owned();
    assert_eq!(seen.expect(200)["tax_id_required"], false);
    let on = json!({"tax_id_required": true});
    app.patch(agent, settings, on.clone()).await.expect_problem(403, "forbidden");
    app.patch(admin, settings, json!({"tax_id_required": 1})).await.expect_problem(422, "validation");
    let set = async |etag: &str| {
        let request = app.request(Method::PATCH, settings).bearer(&admin.token).header("if-match", etag);
        request.json(&on).send().await
    };
    let changed = set(&etag).await;
    assert_ne!(changed.header("etag"), etag);
    assert_eq!(changed.expect(200)["tax_id_required"], true);
    set(&etag).await.expect(412);
    assert_eq!(app.get(app.rival.user(Role::Agent), settings).await.expect(200)["tax_id_required"], false);
    let log = app.get(admin, "/api/v1/audit?action=tenant.changed").await.expect(200);
    assert_eq!(log["items"][0]["after"]["tax_id_required"], true);

    let body = json!({"name": "Acme", "phones": []});
    let problem = app.post(agent, "/api/v1/organizations", body).await.expect_problem(422, "validation");
    assert_eq!(pointers(&problem), ["/tax_id"]);
    let body = json!({"name": "Acme", "phones": [], "tax_id": "FR1"});
    let (path, _) = made(&app, agent, "/api/v1/organizations", body).await;
    let problem = app.patch(agent, &path, json!({"tax_id": null})).await.expect_problem(422, "validation");
    assert_eq!(pointers(&problem), ["/tax_id"]);
    // What came without is changed in other ways, and completed when it is known.
    app.patch(agent, &old, json!({"tax_id": null, "city": "Lyon"})).await.expect(200);
    app.patch(agent, &old, json!({"tax_id": "FR2"})).await.expect(200);
    // Nobody else needs one, and a caller's company comes as ever.
    made(&app, agent, "/api/v1/individuals", json!({"full_name": "Ada", "phones": []})).await;
    let ticket = json!({"title": "x", "phone_number": "+33639980077", "customer_type": "organization", "customer_name": "New Co"});
    let ticket = app.post(agent, "/api/v1/tickets", ticket).await.expect(201);
    assert_eq!(ticket["contact_created"], true);
    // Files are held to it as the form is.
    let lead = app.demo.user(Role::Supervisor);
    let file = "kind,name,vat number,organization\norganization,Gamma,DE3,\norganization,Delta,,\norganization_contact,Eve,,Epsilon\n";
    let path = send(&app, lead, file).await;
    let preview = app.post(lead, &format!("{path}/preview"), json!({})).await.expect(200);
    assert_eq!((&preview["good"], &preview["bad"]), (&json!(2), &json!(1)));
    assert_eq!(preview["rows"][1]["error"], "an organization needs a tax_id here");
}

async fn send(app: &App, user: &TestUser, file: &str) -> String {
    let request = app
        .request(Method::POST, "/api/v1/contact-imports")
        .bearer(&user.token)
        .header("content-type", "text/csv");
    let reply = request.raw(file.to_owned()).send().await;
    let path = reply.header("location").to_owned();
    reply.expect(201);
    path
}

#[tokio::test]
async fn lists_are_narrowed_to_a_city_and_a_country() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let (company, _) =
        made(&app, agent, "/api/v1/organizations", json!({"name": "Acme", "phones": []})).await;
    for (collection, name) in [
        ("/api/v1/individuals".to_owned(), "full_name"),
        ("/api/v1/organizations".to_owned(), "name"),
        (format!("{company}/contacts"), "full_name"),
    ] {
        for (who, city, country) in [
            ("A", json!("Sankt  Gallen"), json!("CH")),
            ("B", json!("SANKT GALLEN"), json!("DE")),
            ("C", json!("Bern"), json!("CH")),
            ("D", Value::Null, Value::Null),
        ] {
            made(
                &app,
                agent,
                &collection,
                json!({name: who, "phones": [], "city": city, "country": country}),
            )
            .await;
        }
        let list = async |query: &str| {
            let page = app.get(agent, &format!("{collection}?sort=name&{query}")).await.expect(200);
            names(&page).join("")
        };
        for (query, found) in [
            ("city=sankt%20gallen", "AB"),
            ("city=%20Bern%20", "C"),
            ("city=Sankt", ""),
            ("city=%25", ""),
            ("country=CH", "AC"),
            ("country=ch", "AC"),
            ("country=FR", ""),
            ("country=CH&city=bern", "C"),
            ("country=DE&city=bern", ""),
            ("country=CH&q=c", "C"),
        ] {
            assert_eq!(list(query).await, found, "{collection}?{query}");
        }
        // Page by page, in the order of the list.
        let first = app.get(agent, &format!("{collection}?country=CH&limit=1&count=true")).await.expect(200);
        assert_eq!((names(&first), &first["count"]["value"]), (vec!["C"], &json!(2)));
        let next = first["next_cursor"].as_str().unwrap();
        let second =
            app.get(agent, &format!("{collection}?country=CH&limit=1&cursor={next}")).await.expect(200);
        assert_eq!((names(&second), &second["next_cursor"]), (vec!["A"], &Value::Null));
        app.get(agent, &format!("{collection}?country=Germany")).await.expect_problem(400, "bad-parameter");
    }
}

/// Behind row security only plain columns are served by an index, so what serves these lists is looked at.
#[tokio::test]
async fn an_index_serves_city_country_and_tax_id() {
    let app = App::new().await;
    let mut superuser = app.database.superuser().await;
    sqlx::query(
        "INSERT INTO organizations (id, tenant_id, name, city, country, tax_id)
         SELECT gen_random_uuid(), $1, 'O' || n, 'City ' || n % 500, CASE WHEN n % 1000 = 0 THEN 'IS' ELSE 'FR' END, 'T' || n
           FROM generate_series(1, 20000) n",
    )
    .bind(app.demo.id.0)
    .execute(&mut superuser)
    .await
    .unwrap();
    sqlx::raw_sql("ANALYZE organizations").execute(&mut superuser).await.unwrap();
    for (condition, index) in [
        ("folded_city = lower('CITY 7')", "organizations_city"),
        ("country = 'IS'", "organizations_country"),
        ("tax_id = 'T77'", "organizations_tax_id"),
    ] {
        let mut tx = app.database.db.tenant(app.demo.id).await.unwrap();
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "EXPLAIN SELECT t.id, t.created_at FROM organizations t WHERE t.deleted_at IS NULL AND t.tenant_id = '{}'
                AND t.{condition} ORDER BY t.created_at DESC, t.id DESC LIMIT 51",
            app.demo.id.0
        )))
        .fetch_all(&mut *tx)
        .await
        .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(index), "{condition}: {plan}");
    }
}

#[tokio::test]
async fn files_carry_places_and_tax_ids_out_and_in_again() {
    let app = App::with_engine().await;
    let lead = app.demo.user(Role::Supervisor);
    let body = json!({"name": "Acme", "phones": ["+33639980001"], "tax_id": "=1+1", "address": "1 Elm St", "city": "Köln", "state": "NRW", "country": "DE"});
    let (path, acme) = made(&app, lead, "/api/v1/organizations", body).await;
    made(&app, lead, &format!("{path}/contacts"), json!({"full_name": "Ann", "phones": [], "city": "Bonn"}))
        .await;
    made(&app, lead, "/api/v1/organizations", json!({"name": "Beta", "phones": [], "country": "CH"})).await;
    let export = async |query: &str| {
        let reply = app.get(lead, &format!("/api/v1/contact-exports?kind={query}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.text
    };
    let file = export("organization&country=de").await;
    let lines: Vec<&str> = file.trim_end().split("\r\n").collect();
    assert!(lines[0].ends_with(",organization_id,tax_id,city,state,country"), "{file}");
    assert_eq!(lines.len(), 2, "{file}");
    assert!(lines[1].ends_with(",'=1+1,Köln,NRW,DE"), "{file}");
    assert!(export("organization_contact&city=bonn").await.contains(",Bonn,,"));
    assert_eq!(export("organization&tax_id=%3D1%2B1").await.lines().count(), 2);
    for query in ["email_contact&city=x", "email_contact&country=FR", "individual&tax_id=1"] {
        let path = format!("/api/v1/contact-exports?kind={query}");
        app.get(lead, &path).await.expect_problem(400, "bad-parameter");
    }
    // The same file, into the directory of another tenant.
    let rival = app.rival.user(Role::OrgOwner);
    let import = send(&app, rival, &file).await;
    app.post(rival, &format!("{import}/run"), json!({})).await.expect(200);
    let mut state = Value::Null;
    for _ in 0..200 {
        state = app.get(rival, &import).await.expect(200);
        if state["state"] == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((&state["state"], &state["inserted"]), (&json!("done"), &json!(1)), "{state}");
    let page = app.get(rival, "/api/v1/organizations").await.expect(200);
    assert_eq!(place(&page["items"][0]), place(&acme));
}

#[tokio::test]
async fn two_are_one_at_one_place_and_two_again() {
    let app = App::with_engine().await;
    let lead = app.demo.user(Role::Supervisor);
    let merge = async |kind: &str, kept: &Value, merged: &Value| {
        let body = json!({"kind": kind, "keep_id": kept["id"], "merge_id": merged["id"]});
        let merge = app.post(lead, "/api/v1/contact-merges", body).await.expect(201);
        format!("/api/v1/contact-merges/{}/undo", merge["id"].as_str().unwrap())
    };
    let companies = "/api/v1/organizations";
    let (kept_path, kept) =
        made(&app, lead, companies, json!({"name": "Acme", "phones": [], "city": "köln"})).await;
    let (merged_path, merged) = made(&app, lead, companies, json!({"name": "Acme SA", "phones": [], "tax_id": "DE1", "address": "Weg 1", "city": "Köln", "country": "DE"})).await;
    let undo = merge("organization", &kept, &merged).await;
    let one = app.get(lead, &kept_path).await.expect(200);
    let expected = [json!("DE1"), json!("Weg 1"), json!("köln"), Value::Null, json!("DE")];
    assert_eq!(place(&one), expected.each_ref());
    app.patch(lead, &kept_path, json!({"address": "Weg 2"})).await.expect(200);
    app.post(lead, &undo, json!({})).await.expect(200);
    // What was changed since stays; what the merge added goes.
    let expected = [Value::Null, json!("Weg 2"), json!("köln"), Value::Null, Value::Null];
    assert_eq!(place(&app.get(lead, &kept_path).await.expect(200)), expected.each_ref());
    assert_eq!(place(&app.get(lead, &merged_path).await.expect(200)), place(&merged));

    // Two cities are no place together.
    let ann = json!({"full_name": "Ann", "phones": [], "city": "Bern"});
    let (path, kept) = made(&app, lead, &format!("{kept_path}/contacts"), ann).await;
    let ann = json!({"full_name": "Ann B.", "gender": "Female", "phones": [], "address": "1 Elm St", "city": "Lyon", "country": "FR"});
    let (_, merged) = made(&app, lead, &format!("{kept_path}/contacts"), ann).await;
    let undo = merge("organization_contact", &kept, &merged).await;
    let one = app.get(lead, &path).await.expect(200);
    assert_eq!((&one["gender"], place(&one)), (&json!("Female"), place(&kept)));
    app.post(lead, &undo, json!({})).await.expect(200);
    assert_eq!(app.get(lead, &path).await.expect(200)["gender"], Value::Null);

    let ada = json!({"full_name": "Ada", "phones": [], "social_media": []});
    let (path, kept) = made(&app, lead, "/api/v1/individuals", ada).await;
    let ada = json!({"full_name": "Ada L.", "phones": [], "dob": "1990-01-02", "city": "Lyon", "state": "Rhône", "country": "FR",
                     "social_media": [{"platform": "X", "url": "https://x.com/ada"}]});
    let (_, merged) = made(&app, lead, "/api/v1/individuals", ada).await;
    let undo = merge("individual", &kept, &merged).await;
    let one = app.get(lead, &path).await.expect(200);
    assert_eq!(
        (place(&one), &one["dob"], &one["social_media"]),
        (place(&merged), &merged["dob"], &merged["social_media"])
    );
    app.post(lead, &undo, json!({})).await.expect(200);
    let two = app.get(lead, &path).await.expect(200);
    assert_eq!(
        (place(&two), &two["dob"], &two["social_media"]),
        (place(&kept), &kept["dob"], &kept["social_media"])
    );
}
