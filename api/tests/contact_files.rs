//! Contacts in and out as files, and the search over all of them.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_api::testing::{App, Reply, TestUser};
use switchroom_core::Role;

async fn send(app: &App, user: &TestUser, query: &str, body: impl Into<axum::body::Body>) -> Reply {
    app.request(Method::POST, &format!("/api/v1/contact-imports{query}"))
        .bearer(&user.token)
        .header("content-type", "text/csv; charset=utf-8")
        .raw(body)
        .send()
        .await
}

async fn ended(app: &App, user: &TestUser, path: &str) -> Value {
    for _ in 0..600 {
        let import = app.get(user, path).await.expect(200);
        if import["finished_at"].is_string() {
            return import;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("an import that does not end");
}

#[tokio::test]
async fn a_file_is_sent_looked_at_and_run() {
    let app = App::with_engine().await;
    let (lead, agent) = (app.demo.user(Role::Supervisor), app.demo.user(Role::Agent));
    let mut file = String::from("Nom;Portable;Mail;Pointure\n");
    file.push_str("Ada;06 39 98 00 01;ada@x.example;38\n");
    file.push_str("=Bob;nonsense;;42\n");
    file.push_str(";0639980003;;40\n");
    for n in 0..4_000 {
        file.push_str(&format!("P{n};+3363999{n:04};p{n}@x.example;1\n"));
    }
    send(&app, agent, "", file.clone()).await.expect_problem(403, "forbidden");
    let reply = send(&app, lead, "?name=clients.csv", file.clone()).await;
    let path = reply.header("location").to_owned();
    assert_eq!(reply.expect(201)["state"], "uploaded");
    // By the names of its columns it cannot be read; with a mapping it can.
    let preview = format!("{path}/preview");
    let guess = app.post(lead, &preview, json!({})).await.expect(200);
    assert!(guess["fault"].as_str().unwrap().contains("`name`"), "{guess}");
    assert_eq!(guess["columns"][0], json!({"name": "Nom", "holds": null}), "to be told what it holds");
    let mapping = json!({"mapping": {"Nom": "name", "Portable": "phone", "Mail": "email"}});
    let seen = app.post(lead, &preview, mapping.clone()).await.expect(200);
    assert_eq!(
        seen["columns"],
        json!([{"name": "Nom", "holds": "name"}, {"name": "Portable", "holds": "phone"}, {"name": "Mail", "holds": "email"}, {"name": "Pointure", "holds": null}])
    );
    assert_eq!(
        (&seen["good"], &seen["bad"], seen["rows"].as_array().unwrap().len()),
        (&json!(998), &json!(2), 20)
    );
    assert_eq!(
        seen["rows"][0]["contact"],
        json!({
            "kind": "individual", "name": "Ada", "organization": null, "gender": null, "dob": null, "tax_id": null,
            "address": null, "city": null, "state": null, "country": null,
            "email": "ada@x.example", "other_emails": [], "phones": ["+33639980001"], "status": "active", "custom": {},
        })
    );
    assert!(seen["rows"][1]["error"].as_str().unwrap().contains("nonsense"));
    let run = format!("{path}/run");
    for bad in [
        json!({"mapping": {"Nom": "shoe"}}),
        json!({"mapping": {"Nom": "name", "Fax": "phone"}}),
        json!({"mapping": {"Nom": 1}}),
        json!({"x": 1}),
    ] {
        app.post(lead, &run, bad).await.expect_problem(422, "validation");
    }
    assert_eq!(app.get(lead, &path).await.expect(200)["state"], "uploaded");
    app.post(app.rival.user(Role::Supervisor), &run, mapping.clone()).await.expect_problem(404, "not-found");
    app.post(lead, &run, mapping.clone()).await.expect(200);
    let done = ended(&app, lead, &path).await;
    for (field, value) in [
        ("state", json!("done")),
        ("inserted", json!(4_001)),
        ("present", json!(0)),
        ("rejected", json!(2)),
        ("bytes_done", json!(file.len())),
        ("mapping", mapping["mapping"].clone()),
    ] {
        assert_eq!(done[field], value, "{field}");
    }
    let rejects = app.get(lead, &format!("{path}/rejects")).await;
    assert_eq!(rejects.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = rejects.text.lines().collect();
    assert!(lines[1].starts_with("3,") && lines[1].contains("'=Bob;nonsense"), "{lines:?}");
    assert_eq!((lines.len(), lines[2]), (3, "4,no name,;0639980003;;40"));
    // The callers are known at once, and an address is found.
    let context =
        app.post(agent, "/api/v1/caller-context", json!({"number": "06 39 98 00 01"})).await.expect(200);
    assert_eq!(context["customer_name"], "Ada");
    assert_eq!(
        app.get(agent, "/api/v1/individuals?email=P17@x.example").await.expect(200)["items"][0]["full_name"],
        "P17"
    );
    // Once more changes nothing.
    let again = send(&app, lead, "", file).await.header("location").to_owned();
    app.post(lead, &format!("{again}/run"), mapping.clone()).await.expect(200);
    let again = ended(&app, lead, &again).await;
    assert_eq!((&again["inserted"], &again["present"]), (&json!(0), &json!(4_001)));
    app.post(lead, &run, mapping).await.expect_problem(409, "import-running");
    app.post(lead, &preview, json!({})).await.expect_problem(409, "import-running");
    let theirs = app.get(app.rival.user(Role::Supervisor), "/api/v1/contact-imports").await.expect(200);
    assert_eq!(theirs["items"], json!([]));
    assert_eq!(
        app.get(lead, "/api/v1/contact-imports?limit=1").await.expect(200)["items"].as_array().unwrap().len(),
        1
    );
    let log =
        app.get(app.demo.user(Role::OrgOwner), "/api/v1/audit?action=contacts.imported").await.expect(200);
    assert_eq!(log["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_file_makes_no_contact_that_its_sender_may_not_make() {
    let app = App::with_engine().await;
    let lead = app.demo.user(Role::Supervisor);
    sqlx::query("UPDATE memberships SET module_individuals = false WHERE user_id = $1")
        .bind(lead.id.0)
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    let body = json!({"full_name": "Ada", "phones": []});
    app.post(lead, "/api/v1/individuals", body).await.expect_problem(403, "forbidden");
    let file = "kind,name,organization,phone\nindividual,Ada,,+33639980001\norganization_contact,Grace,Acme,+33639980002\n";
    let path = send(&app, lead, "", file).await.header("location").to_owned();
    let seen = app.post(lead, &format!("{path}/preview"), json!({})).await.expect(200);
    assert_eq!((&seen["good"], &seen["bad"]), (&json!(1), &json!(1)));
    app.post(lead, &format!("{path}/run"), json!({})).await.expect(200);
    let done = ended(&app, lead, &path).await;
    assert_eq!((&done["inserted"], &done["rejected"]), (&json!(1), &json!(1)), "{done}");
    let rejects = app.get(lead, &format!("{path}/rejects")).await.text;
    assert!(rejects.contains("2,you may not make contacts of this kind,"), "{rejects}");
    let agent = app.demo.user(Role::Agent);
    assert_eq!(app.get(agent, "/api/v1/individuals").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn what_was_taken_out_can_be_sent_in() {
    let app = App::with_engine().await;
    let (lead, other) = (app.demo.user(Role::Supervisor), app.rival.user(Role::Supervisor));
    let acme = app.post(lead, "/api/v1/organizations", json!({"name": "Acme, Inc", "phones": []})).await;
    let contacts = format!("{}/contacts", acme.header("location"));
    let grace = json!({"full_name": "Grace", "phones": ["+33639980001"], "email": "grace@acme.example"});
    app.post(lead, &contacts, grace).await.expect(201);
    let file = app.get(lead, "/api/v1/contact-exports?kind=organization_contact").await.text;
    let path = send(&app, other, "", file).await.header("location").to_owned();
    app.post(other, &format!("{path}/run"), json!({})).await.expect(200);
    let done = ended(&app, other, &path).await;
    assert_eq!((&done["inserted"], &done["rejected"]), (&json!(1), &json!(0)), "{done}");
    let context =
        app.post(other, "/api/v1/caller-context", json!({"number": "+33639980001"})).await.expect(200);
    assert_eq!(
        (&context["customer_name"], &context["contact_person"]),
        (&json!("Acme, Inc"), &json!("Grace"))
    );
}

/// A key holds for a file as for anything else, however long the file is.
#[tokio::test]
async fn a_file_sent_twice_under_a_key_is_one() {
    let app = App::new().await;
    let lead = app.demo.user(Role::Supervisor);
    let long = format!("name,phone\n{}", "Ada,+33639980001\n".repeat(150_000));
    assert!(long.len() > 2 * 1024 * 1024);
    let send = async |key: &str, body: axum::body::Body| {
        let upload = app.request(Method::POST, "/api/v1/contact-imports").bearer(&lead.token);
        upload.header("content-type", "text/csv").header("idempotency-key", key).raw(body).send().await
    };
    let first = send("one", long.clone().into()).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    let location = first.header("location").to_owned();
    let first = first.expect(201);
    assert_eq!(first["size"], json!(long.len()));
    let again = send("one", long.clone().into()).await;
    assert_eq!((again.header("idempotency-replayed"), again.header("location")), ("true", location.as_str()));
    assert_eq!(again.expect(201), first);
    // Another file, of the same length.
    send("one", long.replace("Ada", "Bob").into()).await.expect_problem(422, "idempotency-reused");
    // What broke off, or was refused before it had come, is no answer to the same file when it comes whole.
    let pieces: [Result<&str, std::io::Error>; 2] = [Ok("name,phone\n"), Err(std::io::Error::other("gone"))];
    let broken = axum::body::Body::from_stream(futures::stream::iter(pieces));
    send("two", broken).await.expect(400);
    send("two", "name,phone\nAda,1\n".into()).await.expect(201);
    send("three", "x".repeat(64 * 1024 * 1024 + 1).into()).await.expect(413);
    send("three", "name,phone\nAda,1\n".into()).await.expect(201);
    let list = app.get(lead, "/api/v1/contact-imports?count=true").await.expect(200);
    assert_eq!(list["count"]["value"], 3);
}

#[tokio::test]
async fn a_list_is_a_file() {
    let app = App::new().await;
    let lead = app.demo.user(Role::Supervisor);
    for body in [
        json!({"full_name": "=HYPERLINK(\"http://evil.example\")", "phones": ["+33639980001", "+33639980002"], "email": "a@x.example", "emails": ["b@x.example"], "dob": "1990-01-02"}),
        json!({"full_name": "Ann, \"the\" Lee", "phones": [], "address": "-1 Rue\nX"}),
        json!({"full_name": "Bob", "phones": [], "is_active": false}),
    ] {
        app.post(lead, "/api/v1/individuals", body).await.expect(201);
    }
    app.post(
        app.rival.user(Role::Agent),
        "/api/v1/individuals",
        json!({"full_name": "Stranger", "phones": []}),
    )
    .await
    .expect(201);
    app.get(app.demo.user(Role::Agent), "/api/v1/contact-exports?kind=individual")
        .await
        .expect_problem(403, "forbidden");
    app.get(lead, "/api/v1/contact-exports").await.expect_problem(400, "bad-parameter");
    app.get(lead, "/api/v1/contact-exports?kind=individual&format=pdf")
        .await
        .expect_problem(400, "bad-parameter");
    let reply = app.get(lead, "/api/v1/contact-exports?kind=individual").await;
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"individual.csv\"");
    let lines: Vec<&str> = reply.text.split("\r\n").collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines[0].starts_with("kind,name,organization,gender,email,phones,id,status,dob"));
    assert!(lines[1].starts_with("individual,\"'=HYPERLINK(\"\"http://evil.example\"\")\",,,a@x.example,'+33639980001 | +33639980002,"), "{}", lines[1]);
    assert!(lines[1].contains(",active,1990-01-02,,b@x.example,"), "{}", lines[1]);
    assert!(
        lines[2].contains("\"Ann, \"\"the\"\" Lee\"") && lines[2].contains("\"'-1 Rue\nX\""),
        "{}",
        lines[2]
    );
    let narrowed = app.get(lead, "/api/v1/contact-exports?kind=individual&is_active=false").await;
    assert_eq!(narrowed.text.lines().count(), 2);
    assert!(narrowed.text.contains(",Bob,") && !narrowed.text.contains("Stranger"));
    // A sheet is a zip with the strings in it, and no formula.
    let request =
        app.request(Method::GET, "/api/v1/contact-exports?kind=individual&format=xlsx").bearer(&lead.token);
    let reply = request.send().await;
    assert_eq!(reply.status, 200);
    assert!(reply.header("content-type").ends_with("spreadsheetml.sheet"));
    assert!(reply.text.starts_with("PK"));
    let log =
        app.get(app.demo.user(Role::OrgOwner), "/api/v1/audit?action=contacts.exported").await.expect(200);
    assert_eq!(log["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_long_list_is_sent_page_by_page() {
    let app = App::new().await;
    let lead = app.demo.user(Role::Supervisor);
    sqlx::query("INSERT INTO individuals (id, tenant_id, full_name) SELECT gen_random_uuid(), $1, 'P' || n FROM generate_series(1, 1777) n")
        .bind(app.demo.id.0)
        .execute(&mut app.database.superuser().await)
        .await
        .unwrap();
    let text = app.get(lead, "/api/v1/contact-exports?kind=individual").await.text;
    let names: std::collections::BTreeSet<&str> =
        text.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!((text.lines().count(), names.len()), (1778, 1777));
    let sheet = app.get(lead, "/api/v1/contact-exports?kind=individual&format=xlsx").await;
    assert_eq!(sheet.status, 200);
    assert!(sheet.header("content-length").parse::<usize>().unwrap() > 20_000);
    assert!(sheet.text.starts_with("PK"));
}

#[tokio::test]
async fn one_search_finds_every_kind() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    let acme = json!({"name": "Zebra Works", "phones": ["+33639980001"], "email": "desk@zebra.example"});
    let acme = app.post(agent, "/api/v1/organizations", acme).await.expect(201);
    let contacts = format!("/api/v1/organizations/{}/contacts", acme["id"].as_str().unwrap());
    app.post(agent, &contacts, json!({"full_name": "Ann Lee", "phones": ["+33639980002"]})).await.expect(201);
    app.post(agent, "/api/v1/individuals", json!({"full_name": "Zeno Zebrano", "phones": ["+33639980003"]}))
        .await
        .expect(201);
    app.post(
        agent,
        "/api/v1/individuals",
        json!({"full_name": "Bob Oz", "phones": [], "emails": ["x@y.example", "bob@zebra.example"]}),
    )
    .await
    .expect(201);
    app.post(
        agent,
        "/api/v1/email-contacts",
        json!({"name": "Cleo", "email": "cleo@zebra.example", "phones": []}),
    )
    .await
    .expect(201);
    app.post(app.rival.user(Role::Agent), "/api/v1/individuals", json!({"full_name": "Zebra", "phones": []}))
        .await
        .expect(201);
    let found = async |q: &str| {
        let page = app.get(agent, &format!("/api/v1/contacts?q={q}")).await.expect(200);
        let mut names: Vec<String> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    // By name, by any address, and by the company people belong to.
    assert_eq!(found("zebra").await, ["Ann Lee", "Bob Oz", "Cleo", "Zebra Works", "Zeno Zebrano"]);
    assert_eq!(found("zebra%20works").await, ["Ann Lee", "Zebra Works"]);
    assert_eq!(found("cleo@").await, ["Cleo"]);
    // By the first digits of a number, however they are written.
    for q in ["06%2039%2098%2000%2002", "%2B33639980002", "0033639980002"] {
        assert_eq!(found(q).await, ["Ann Lee"], "{q}");
    }
    assert_eq!(found("063998").await, ["Ann Lee", "Zebra Works", "Zeno Zebrano"]);
    // Fewer than three letters begin a word.
    assert_eq!(found("oz").await, ["Bob Oz"]);
    assert_eq!(found("ze").await, ["Ann Lee", "Zebra Works", "Zeno Zebrano"]);
    assert!(found("%25").await.is_empty() && found("_").await.is_empty());
    app.get(agent, "/api/v1/contacts").await.expect_problem(400, "bad-parameter");
    app.get(agent, "/api/v1/contacts?q=a&limit=51").await.expect_problem(400, "bad-parameter");
    app.get(app.demo.user(Role::Client), "/api/v1/contacts?q=a").await.expect_problem(403, "forbidden");
}

/// Common words are found in the first rows, rare ones by the index, and a page goes on where the one before ended.
#[tokio::test]
async fn words_are_found_however_many_have_them() {
    let app = App::new().await;
    let agent = app.demo.user(Role::Agent);
    sqlx::query(
        "INSERT INTO individuals (id, tenant_id, full_name, created_at)
         SELECT gen_random_uuid(), $1, CASE WHEN n IN (3, 5999) THEN 'Rare ' ELSE 'Common ' END || n, now() - make_interval(secs => n)
           FROM generate_series(1, 6000) n",
    )
    .bind(app.demo.id.0)
    .execute(&mut app.database.superuser().await)
    .await
    .unwrap();
    for (q, total) in [("rare", 2), ("common", 5998), ("nobody", 0), ("co", 5998), ("mmon%20599", 15)] {
        let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), String::new());
        let mut pages = 0;
        loop {
            let path = format!("/api/v1/individuals?q={q}&limit=200&count=true{cursor}");
            let page = app.get(agent, &path).await.expect(200);
            assert_eq!(page["count"]["value"], json!(total), "{q}");
            seen.extend(
                page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()),
            );
            pages += 1;
            match page["next_cursor"].as_str() {
                Some(next) if pages < 40 => cursor = format!("&cursor={next}"),
                _ => break,
            }
        }
        assert_eq!(seen.len(), total, "{q}");
    }
}
