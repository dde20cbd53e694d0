//! The directory over HTTP: individuals, organizations and their contacts, e-mail contacts.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, Reply, TestUser};
use switchroom_core::Role;
use uuid::Uuid;

/// Each kind of contact: where it lives, a good body, and the field that holds its name.
async fn kinds(app: &App, user: &TestUser) -> Vec<(String, Value, &'static str)> {
    let company =
        app.post(user, "/api/v1/organizations", json!({"name": "Host", "phones": []})).await.expect(201);
    vec![
        (
            "/api/v1/individuals".into(),
            json!({"full_name": "Ada Lovelace", "phones": ["06 12 34 56 78"]}),
            "full_name",
        ),
        ("/api/v1/organizations".into(), json!({"name": "Acme", "phones": ["+33198765432"]}), "name"),
        (
            format!("/api/v1/organizations/{}/contacts", company["id"].as_str().unwrap()),
            json!({"full_name": "Grace Hopper", "gender": "Female", "phones": ["+33612345679"]}),
            "full_name",
        ),
        (
            "/api/v1/email-contacts".into(),
            json!({"name": "Alan", "email": "alan@mail.example", "phones": ["+33612345670"]}),
            "name",
        ),
    ]
}

fn pointers(body: &Value) -> Vec<String> {
    let errors = body["errors"].as_array().unwrap();
    errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
}

async fn conditional(
    app: &App,
    user: &TestUser,
    method: Method,
    path: &str,
    tag: &str,
    body: &Value,
) -> Reply {
    app.request(method, path).bearer(&user.token).header("if-match", tag).json(body).send().await
}

#[tokio::test]
async fn the_life_of_every_kind_of_contact() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    for (path, body, name) in kinds(&app, admin).await {
        let reply = app.post(admin, &path, body.clone()).await;
        let location = reply.header("location").to_owned();
        assert_eq!(reply.header("etag"), "\"1\"", "{path}");
        let made = reply.expect(201);
        assert_eq!(
            (&made["version"], &made["is_active"], &made["provenance"]),
            (&json!(1), &json!(true), &json!("manual"))
        );
        assert_eq!(made[name], body[name]);
        let phone = &made["phones"][0];
        assert_eq!(
            (&phone["raw"], &phone["primary"], &phone["label"]),
            (&body["phones"][0], &json!(true), &Value::Null)
        );
        assert!(phone["e164"].as_str().unwrap().starts_with("+33"));
        assert_eq!(app.get(admin, &location).await.expect(200), made);

        // Merge: what is absent stays, what is null goes, a list is replaced whole.
        let reply =
            app.patch(admin, &location, json!({"is_active": false, "email": "new@mail.example"})).await;
        assert_eq!(reply.header("etag"), "\"2\"");
        let changed = reply.expect(200);
        assert_eq!((&changed["is_active"], &changed["email"]), (&json!(false), &json!("new@mail.example")));
        assert_eq!((&changed[name], &changed["phones"]), (&made[name], &made["phones"]));
        let phones = json!([{"number": "+33 1 98 76 54 30", "label": " work "}, {"number": "0612345678", "primary": true}, "+33612345678"]);
        let changed = app.patch(admin, &location, json!({"phones": phones})).await.expect(200);
        assert_eq!(
            changed["phones"],
            json!([{"e164": "+33198765430", "raw": "+33 1 98 76 54 30", "label": "work", "primary": false},
                   {"e164": "+33612345678", "raw": "0612345678", "label": null, "primary": true}])
        );
        assert_eq!(app.patch(admin, &location, json!({"phones": []})).await.expect(200)["phones"], json!([]));

        // Versions.
        conditional(&app, admin, Method::PATCH, &location, "\"1\"", &json!({"is_active": true}))
            .await
            .expect_problem(412, "stale-version");
        conditional(&app, admin, Method::PATCH, &location, "\"4\"", &json!({"is_active": true}))
            .await
            .expect(200);
        conditional(&app, admin, Method::DELETE, &location, "\"4\"", &json!({}))
            .await
            .expect_problem(412, "stale-version");

        app.delete(admin, &location).await.expect(204);
        for reply in [
            app.get(admin, &location).await,
            app.patch(admin, &location, json!({"is_active": true})).await,
            app.delete(admin, &location).await,
        ] {
            reply.expect_problem(404, "not-found");
        }
        let left = app.get(admin, &path).await.expect(200);
        assert!(left["items"].as_array().unwrap().iter().all(|item| item["id"] != made["id"]));
    }
}

#[tokio::test]
async fn everything_wrong_is_told_in_the_order_of_the_contract() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let client = app.demo.user(Role::Client);
    let member = app.demo.user(Role::Member);
    let rival = app.rival.user(Role::OrgAdmin);
    for (path, body, name) in kinds(&app, admin).await {
        let made = app.post(admin, &path, body.clone()).await;
        let location = made.header("location").to_owned();
        made.expect(201);
        let without = |field: &str| {
            let mut body = body.clone();
            body.as_object_mut().unwrap().remove(field);
            body
        };
        // 401, 403 whatever the body and the record.
        app.request(Method::POST, &path).json(&body).send().await.expect_problem(401, "unauthenticated");
        app.request(Method::POST, &path)
            .bearer(&client.token)
            .raw("no json")
            .send()
            .await
            .expect_problem(403, "forbidden");
        app.post(member, &path, body.clone()).await.expect_problem(403, "forbidden");
        app.get(client, &location).await.expect_problem(403, "forbidden");
        app.get(member, &location).await.expect(200);
        app.delete(app.demo.user(Role::Agent), &location).await.expect_problem(403, "forbidden");
        // 404 before the body is looked at: absent, no id at all, another tenant's.
        let absent = format!("{}/0190a000-0000-7000-8000-000000000000", path);
        for path in [&absent, &format!("{path}/1"), &format!("{path}/%27%20OR%201=1--")] {
            app.request(Method::PATCH, path)
                .bearer(&admin.token)
                .raw("no json")
                .send()
                .await
                .expect_problem(404, "not-found");
        }
        app.request(Method::PATCH, &location)
            .bearer(&rival.token)
            .raw("no json")
            .send()
            .await
            .expect_problem(404, "not-found");
        app.get(rival, &location).await.expect_problem(404, "not-found");
        app.delete(rival, &location).await.expect_problem(404, "not-found");
        // 413, 415, 400.
        for (method, path) in [(Method::POST, &path), (Method::PATCH, &location)] {
            let send = |kind: &str, text: String| {
                app.request(method.clone(), path)
                    .bearer(&admin.token)
                    .header("content-type", kind)
                    .raw(text)
                    .send()
            };
            send("text/plain", "x".repeat(1024 * 1024 + 1)).await.expect_problem(413, "too-large");
            send("text/plain", body.to_string()).await.expect_problem(415, "unsupported-media-type");
            send("application/json", "{".into()).await.expect_problem(400, "bad-request");
        }
        // 422, each with its place.
        let table = [
            (name, json!(""), format!("/{name}")),
            (name, json!("   "), format!("/{name}")),
            (name, json!("x".repeat(201)), format!("/{name}")),
            (name, json!("a\u{0}b"), format!("/{name}")),
            (name, json!(7), format!("/{name}")),
            ("phones", json!(["06 12 34 56 78", "no number"]), "/phones/1".into()),
            ("phones", json!([{"number": "201"}]), "/phones/0/number".into()),
            ("phones", json!(["anonymous"]), "/phones/0".into()),
            (
                "phones",
                json!([{"number": "+33612345678", "label": "x".repeat(61)}]),
                "/phones/0/label".into(),
            ),
            (
                "phones",
                json!([{"number": "+33612345678", "primary": true}, {"number": "+33612345679", "primary": true}]),
                "/phones/1/primary".into(),
            ),
            ("phones", json!([{"number": "+33612345678", "owner": "x"}]), "/phones/0".into()),
            ("email", json!("no address"), "/email".into()),
            ("email", json!("a@b@c.example"), "/email".into()),
        ];
        for (field, value, pointer) in table {
            let mut bad = body.clone();
            bad[field] = value.clone();
            for reply in
                [app.post(admin, &path, bad).await, app.patch(admin, &location, json!({field: value})).await]
            {
                let problem = reply.expect_problem(422, "validation");
                assert_eq!(pointers(&problem), [pointer.as_str()], "{path} {field} {value}");
            }
        }
        app.post(admin, &path, without(name)).await.expect_problem(422, "validation");
        app.post(admin, &path, without("phones")).await.expect_problem(422, "validation");
        let mut unknown = body.clone();
        unknown["provenance"] = json!("import");
        app.post(admin, &path, unknown).await.expect_problem(422, "validation");
        app.patch(admin, &location, json!({name: null})).await.expect_problem(422, "validation");
        // 422 before 412.
        conditional(&app, admin, Method::PATCH, &location, "\"9\"", &json!({name: ""}))
            .await
            .expect_problem(422, "validation");
    }
}

#[tokio::test]
async fn what_only_individuals_have() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let body = json!({"full_name": "Ada", "gender": "Female", "dob": "1815-12-10", "phones": [], "address": "12 St James's Square",
        "social_media": [{"platform": "LinkedIn", "url": "https://linkedin.com/in/ada"}]});
    app.post(agent, "/api/v1/individuals", body.clone()).await.expect_problem(422, "validation");
    let mut body = body;
    body["dob"] = json!("1985-12-10");
    let made = app.post(agent, "/api/v1/individuals", body.clone()).await.expect(201);
    for field in ["gender", "dob", "address", "social_media"] {
        assert_eq!(made[field], body[field]);
    }
    let path = format!("/api/v1/individuals/{}", made["id"].as_str().unwrap());
    let cleared = json!({"gender": null, "dob": null, "address": null, "social_media": null});
    let changed = app.patch(agent, &path, cleared).await.expect(200);
    assert_eq!(
        (&changed["gender"], &changed["dob"], &changed["social_media"]),
        (&Value::Null, &Value::Null, &json!([]))
    );
    let tomorrow = (chrono::Utc::now() + chrono::Duration::days(1)).date_naive().to_string();
    for (field, value, pointer) in [
        ("gender", json!("male"), "/gender"),
        ("gender", json!(""), "/gender"),
        ("dob", json!(tomorrow), "/dob"),
        ("dob", json!("2026-02-30"), "/dob"),
        ("dob", json!("yesterday"), "/dob"),
        ("address", json!("x".repeat(1001)), "/address"),
        (
            "social_media",
            json!([{"platform": "MySpace", "url": "https://x.example"}]),
            "/social_media/0/platform",
        ),
        ("social_media", json!([{"platform": "X", "url": "javascript:alert(1)"}]), "/social_media/0/url"),
        ("social_media", json!([{"platform": "X", "url": "https://x.com/a\u{0}"}]), "/social_media/0/url"),
    ] {
        let problem = app.patch(agent, &path, json!({field: value})).await.expect_problem(422, "validation");
        assert_eq!(pointers(&problem), [pointer], "{field}");
    }
}

#[tokio::test]
async fn hostile_text_is_text() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let texts = [
        "'; DROP TABLE individuals; --",
        "<script>alert(1)</script>",
        "\" onmouseover=\"alert(1)",
        "\u{202e}txet eht sesrever",
        "עברית العربية",
        "👩‍👩‍👧‍👦 Zoë 🎉",
        "=HYPERLINK(\"http://x\")",
        "{{ticket_subject}} ${jndi:ldap://x}",
        "100% _ \\ real",
    ];
    for text in texts {
        let made = app
            .post(admin, "/api/v1/individuals", json!({"full_name": text, "address": text, "phones": []}))
            .await
            .expect(201);
        let path = format!("/api/v1/individuals/{}", made["id"].as_str().unwrap());
        let shown = app.get(admin, &path).await.expect(200);
        assert_eq!((&shown["full_name"], &shown["address"]), (&json!(text), &json!(text)));
        // Found by its own words, as letters and not as patterns.
        let q = form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let found = app.get(admin, &format!("/api/v1/individuals?q={q}")).await.expect(200);
        let names: Vec<_> =
            found["items"].as_array().unwrap().iter().map(|item| item["full_name"].clone()).collect();
        assert_eq!(names, [json!(text)], "{text}");
    }
    for q in ["%25", "_"] {
        let found = app.get(admin, &format!("/api/v1/individuals?q={q}")).await.expect(200);
        assert!(found["items"].as_array().unwrap().len() < texts.len(), "{q} is no wildcard");
    }
}

#[tokio::test]
async fn lists_are_paged_sorted_searched_and_counted() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    for n in 0..7 {
        let body = json!({"full_name": format!("Person {n}"), "email": format!("p{n}@mail.example"),
            "phones": [format!("+3363998000{n}")], "is_active": n % 2 == 0});
        app.post(admin, "/api/v1/individuals", body).await.expect(201);
    }
    app.post(
        app.rival.user(Role::OrgAdmin),
        "/api/v1/individuals",
        json!({"full_name": "Person R", "phones": ["+33639980000"]}),
    )
    .await
    .expect(201);
    let names = |body: &Value| -> Vec<String> {
        body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["full_name"].as_str().unwrap().to_owned())
            .collect()
    };
    for (sort, first, last) in [
        ("", "Person 6", "Person 0"),
        ("&sort=created_at", "Person 0", "Person 6"),
        ("&sort=name", "Person 0", "Person 6"),
        ("&sort=-name", "Person 6", "Person 0"),
        ("&sort=-updated_at", "Person 6", "Person 0"),
    ] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page =
                app.get(admin, &format!("/api/v1/individuals?limit=3{sort}{cursor}")).await.expect(200);
            seen.extend(names(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen.len(), 7, "{sort}: {seen:?}");
        assert_eq!((seen[0].as_str(), seen[6].as_str()), (first, last), "{sort}");
    }
    let get = |query: &str| {
        let path = format!("/api/v1/individuals?{query}");
        let app = &app;
        async move { app.get(admin, &path).await }
    };
    assert_eq!(get("count=true&limit=1").await.expect(200)["count"], json!({"value": 7, "exact": true}));
    assert_eq!(names(&get("q=person+3").await.expect(200)), ["Person 3"]);
    assert_eq!(names(&get("q=P4%40MAIL").await.expect(200)), ["Person 4"]);
    assert_eq!(get("is_active=false").await.expect(200)["items"].as_array().unwrap().len(), 3);
    for form in
        ["0639980005", "06%2039%2098%2000%2005", "%2B33639980005", "0033639980005", "tel:%2B33639980005"]
    {
        assert_eq!(names(&get(&format!("phone={form}")).await.expect(200)), ["Person 5"], "{form}");
    }
    for prefix in ["%2B336399", "0639", "33639980", "0033639"] {
        assert_eq!(names(&get(&format!("phone={prefix}")).await.expect(200)).len(), 7, "{prefix}");
    }
    for nobody in ["", "%25", "anonymous", "%27%20OR%20%271", "%2B", "0712345678"] {
        assert_eq!(names(&get(&format!("phone={nobody}")).await.expect(200)).len(), 0, "{nobody}");
    }
    for bad in [
        "limit=0",
        "limit=x",
        "cursor=x",
        "sort=password",
        "count=maybe",
        "is_active=perhaps",
        "q=%00",
        "phone=%00",
    ] {
        get(bad)
            .await
            .expect_problem(400, if bad.starts_with("cursor") { "bad-cursor" } else { "bad-parameter" });
    }
}

#[tokio::test]
async fn letters_are_letters_in_every_alphabet() {
    let app = App::new().await;
    let lead = app.demo.user(Role::Supervisor);
    let people = "/api/v1/individuals";
    for body in [
        json!({"full_name": "Élodie Žák", "emails": ["ŽÁK@x.example", "ÉLODIE@y.example"], "phones": []}),
        json!({"full_name": "élise", "phones": []}),
        json!({"full_name": "Борис Иванов", "phones": []}),
        json!({"full_name": "анна", "phones": []}),
        // In small letters it is one letter or two, depending on whose rules one asks.
        json!({"full_name": "İpek", "phones": []}),
        json!({"full_name": "Zoé", "phones": []}),
    ] {
        app.post(lead, people, body).await.expect(201);
    }
    let names = async |query: &str| -> Vec<String> {
        let page = app.get(lead, &format!("{people}?{query}")).await.expect(200);
        let items = page["items"].as_array().unwrap();
        items.iter().map(|item| item["full_name"].as_str().unwrap().to_owned()).collect()
    };
    for (q, found) in [
        ("Élodie", "Élodie Žák"),
        ("élodie", "Élodie Žák"),
        ("ÉLODIE žák", "Élodie Žák"),
        ("él ŽÁ", "Élodie Žák"),
        ("žák@X", "Élodie Žák"),
        ("élodie@Y", "Élodie Žák"),
        ("БОРИС", "Борис Иванов"),
        ("иванов", "Борис Иванов"),
        ("Анна", "анна"),
        ("İPEK", "İpek"),
        ("ZOÉ", "Zoé"),
    ] {
        let encoded: String = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(names(&format!("q={encoded}")).await, [found], "{q}");
    }
    // By code points of small letters.
    let order = names("sort=name").await;
    let place = |name: &str| order.iter().position(|other| other == name).unwrap();
    assert!(place("Zoé") < place("élise") && place("élise") < place("Élodie Žák"), "{order:?}");
    assert!(place("Élodie Žák") < place("анна") && place("анна") < place("Борис Иванов"), "{order:?}");
    // One name, in whatever letters; and one that is nearly the same, for which a name must have letters at all.
    let boris = app.post(lead, people, json!({"full_name": "БОРИС  ИВАНОВ", "phones": []})).await.expect(201);
    let path = "/api/v1/contact-duplicates?kind=individual&reason=name";
    assert_eq!(app.get(lead, path).await.expect(200)["items"][0]["value"], "борис иванов");
    app.post(lead, people, json!({"full_name": "Борис Ивановв", "phones": []})).await.expect(201);
    let path = format!(
        "/api/v1/contact-duplicates/candidates?kind=individual&contact_id={}",
        boris["id"].as_str().unwrap()
    );
    assert_eq!(app.get(lead, &path).await.expect(200)["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_organization_takes_its_contacts_with_it() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let company =
        app.post(admin, "/api/v1/organizations", json!({"name": "Acme", "phones": []})).await.expect(201);
    let other =
        app.post(admin, "/api/v1/organizations", json!({"name": "Other", "phones": []})).await.expect(201);
    let path = format!("/api/v1/organizations/{}", company["id"].as_str().unwrap());
    let body = json!({"full_name": "Grace", "phones": ["+33612345678"]});
    let person = app.post(admin, &format!("{path}/contacts"), body.clone()).await.expect(201);
    let id = person["id"].as_str().unwrap();
    assert_eq!(person["organization_id"], company["id"]);
    // Only under its own organization.
    app.get(admin, &format!("/api/v1/organizations/{}/contacts/{id}", other["id"].as_str().unwrap()))
        .await
        .expect_problem(404, "not-found");
    app.get(admin, &format!("{path}/contacts?phone=0612345678")).await.expect(200)["items"][0]["id"]
        .as_str()
        .unwrap();
    app.delete(admin, &path).await.expect(204);
    for path in [path.clone(), format!("{path}/contacts"), format!("{path}/contacts/{id}")] {
        app.get(admin, &path).await.expect_problem(404, "not-found");
    }
    app.post(admin, &format!("{path}/contacts"), body).await.expect_problem(404, "not-found");
    let mut connection = app.database.superuser().await;
    let alive: i64 =
        sqlx::query_scalar("SELECT count(*) FROM organization_contacts WHERE deleted_at IS NULL")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!(alive, 0);
}

#[tokio::test]
async fn of_two_who_change_one_version_one_wins() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    let made =
        app.post(admin, "/api/v1/individuals", json!({"full_name": "Ada", "phones": []})).await.expect(201);
    let path = format!("/api/v1/individuals/{}", made["id"].as_str().unwrap());
    let patch = |address: String| {
        let (app, path) = (&app, &path);
        async move {
            conditional(app, admin, Method::PATCH, path, "\"1\"", &json!({"address": address})).await.status
        }
    };
    let statuses = futures::future::join_all((0..8).map(|n| patch(format!("{n}")))).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 7, "{statuses:?}");
}

#[tokio::test]
async fn module_flags_close_the_door() {
    let app = App::new().await;
    let mut connection = app.database.superuser().await;
    sqlx::query("UPDATE memberships SET module_individuals = false").execute(&mut connection).await.unwrap();
    let admin = app.demo.user(Role::OrgAdmin);
    app.get(admin, "/api/v1/individuals").await.expect_problem(403, "forbidden");
    app.get(admin, "/api/v1/organizations").await.expect(200);
}

#[tokio::test]
async fn what_an_index_names_comes_in_pages_too() {
    let app = App::new().await;
    let admin = app.demo.user(Role::OrgAdmin);
    // Two numbers each that begin alike, so that nobody is listed twice; every third one is inactive.
    for n in 0..12 {
        let person = json!({"full_name": format!("Caller {n:02}"), "is_active": n % 3 != 0,
                            "phones": [format!("+3363998{n:04}"), format!("+3363998{:04}", n + 100)]});
        app.post(admin, "/api/v1/individuals", person).await.expect(201);
    }
    let stranger = json!({"full_name": "Somebody", "phones": ["+33700000001"]});
    app.post(admin, "/api/v1/individuals", stranger).await.expect(201);
    let expected = |keep: fn(usize) -> bool, backwards: bool| {
        let mut names: Vec<String> = (0..12).filter(|n| keep(*n)).map(|n| format!("Caller {n:02}")).collect();
        if backwards {
            names.reverse();
        }
        names
    };
    for filter in ["phone=%2B3363998", "q=call", "phone=%2B3363998&q=call"] {
        for (order, backwards) in
            [("name", false), ("-name", true), ("-created_at", true), ("updated_at", false)]
        {
            for (more, keep) in
                [("", (|_| true) as fn(usize) -> bool), ("&is_active=false", |n: usize| n.is_multiple_of(3))]
            {
                let path = format!("/api/v1/individuals?{filter}{more}&sort={order}&limit=5&count=true");
                let (mut names, mut cursor) = (Vec::new(), None::<String>);
                loop {
                    let next = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
                    let page = app.get(admin, &format!("{path}{next}")).await.expect(200);
                    let items = page["items"].as_array().unwrap();
                    names.extend(items.iter().map(|item| item["full_name"].as_str().unwrap().to_owned()));
                    assert_eq!(page["count"]["value"], expected(keep, false).len(), "{path}{next}");
                    cursor = page["next_cursor"].as_str().map(str::to_owned);
                    if cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(names, expected(keep, backwards), "{path}");
            }
        }
    }
    // An empty page still tells how many there are: none.
    for none in ["phone=%2B4479", "q=nobody+at+all"] {
        let page = app.get(admin, &format!("/api/v1/individuals?{none}&count=true")).await.expect(200);
        assert_eq!((&page["items"], &page["count"]["value"]), (&json!([]), &json!(0)), "{none}");
    }
}

#[tokio::test]
async fn who_entered_and_changed_it_stands_on_it() {
    let app = App::new().await;
    let (admin, agent) = (app.demo.user(Role::OrgAdmin), app.demo.user(Role::Agent));
    let acme = json!({"name": "Acme", "phones": []});
    let acme = app.post(agent, "/api/v1/organizations", acme).await.expect(201);
    let acme = format!("/api/v1/organizations/{}", acme["id"].as_str().unwrap());
    let people = format!("{acme}/contacts");
    for (path, body) in [
        ("/api/v1/individuals", json!({"full_name": "Ada", "phones": []})),
        ("/api/v1/organizations", json!({"name": "Other", "phones": []})),
        (people.as_str(), json!({"full_name": "Ann", "phones": []})),
        ("/api/v1/email-contacts", json!({"name": "Zoe", "email": "z@x.example", "phones": []})),
    ] {
        let made = app.post(agent, path, body).await.expect(201);
        assert_eq!((&made["created_by"], &made["updated_by"]), (&json!(agent.id), &Value::Null), "{path}");
        let one = format!("{path}/{}", made["id"].as_str().unwrap());
        let changed = app.patch(admin, &one, json!({"is_active": false})).await.expect(200);
        assert_eq!(
            (&changed["created_by"], &changed["updated_by"]),
            (&json!(agent.id), &json!(admin.id)),
            "{path}"
        );
    }
    // What no statement names is there as well, with who took a row away.
    let note = json!({"kind": "individual", "key": "no", "label": "No", "type": "text"});
    let field = app.post(admin, "/api/v1/contact-fields", note).await.expect(201);
    let path = format!("/api/v1/contact-fields/{}", field["id"].as_str().unwrap());
    assert_eq!(app.delete(admin, &path).await.status, 204);
    let deleted: Vec<Option<Uuid>> =
        sqlx::query_scalar("SELECT unnest(ARRAY[updated_by, deleted_by]) FROM contact_fields")
            .fetch_all(&mut app.database.superuser().await)
            .await
            .unwrap();
    assert_eq!(deleted, [Some(admin.id.0), Some(admin.id.0)]);
}
