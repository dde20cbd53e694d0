//! Ids in bodies and in query strings. In a body another tenant's id is no id: refused by the name of the field, and
//! kept nowhere. In a query string it selects nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use axum::http::Method;
use serde_json::{Value, json};
use switchroom_core::Role;
use uuid::Uuid;

use crate::{Asker, Whose, World, filled, makers::Noun, traces::Traces};

const OWNER: Asker = Asker::Role(Role::OrgOwner);

/// A field of a body that names a row.
struct Field {
    method: &'static str,
    path: &'static str,
    /// Where it stands in the body, as the document writes it: `/contact/id`.
    field: &'static str,
    /// What the path names, where it names something: a row of one's own.
    about: Option<Noun>,
    names: Noun,
    /// The body, with this id in the field and a person of one's own to put beside it.
    body: fn(id: &str, other: &str) -> Value,
}

/// Fields that hold ids without the document's saying `uuid`.
const UNTYPED: &[(&str, &str, &str)] = &[
    ("POST", "/api/v1/connections", "/user_map"),
    ("PATCH", "/api/v1/connections/{id}", "/user_map"),
    ("POST", "/api/v1/individuals", "/custom"),
];

const FIELDS: &[Field] = &[
    Field {
        method: "POST",
        path: "/api/v1/tickets",
        field: "/call_id",
        about: None,
        names: Noun::Call,
        body: |id, _| json!({"title": "t", "call_id": id}),
    },
    Field {
        method: "POST",
        path: "/api/v1/tickets",
        field: "/organization_id",
        about: None,
        names: Noun::Organization,
        body: |id, _| json!({"title": "t", "organization_id": id}),
    },
    Field {
        method: "PATCH",
        path: "/api/v1/tickets/{id}",
        field: "/organization_id",
        about: Some(Noun::Ticket),
        names: Noun::Organization,
        body: |id, _| json!({"organization_id": id}),
    },
    Field {
        method: "POST",
        path: "/api/v1/tickets/{id}/assign",
        field: "/user_id",
        about: Some(Noun::Ticket),
        names: Noun::Agent,
        body: |id, _| json!({"user_id": id}),
    },
    Field {
        method: "POST",
        path: "/api/v1/tickets/{id}/transfer",
        field: "/user_id",
        about: Some(Noun::AssignedTicket),
        names: Noun::Agent,
        body: |id, _| json!({"user_id": id}),
    },
    Field {
        method: "POST",
        path: "/api/v1/phone-numbers/{id}/connect",
        field: "/user_id",
        about: Some(Noun::PhoneNumber),
        names: Noun::Agent,
        body: |id, _| json!({"user_id": id}),
    },
    Field {
        method: "POST",
        path: "/api/v1/phone-numbers/{id}/connect",
        field: "/bot_id",
        about: Some(Noun::PhoneNumber),
        names: Noun::Bot,
        body: |id, _| json!({"bot_id": id}),
    },
    Field {
        method: "POST",
        path: "/api/v1/contact-notes",
        field: "/contact/id",
        about: None,
        names: Noun::Individual,
        body: |id, _| json!({"contact": {"kind": "individual", "id": id}, "body": "Tea."}),
    },
    Field {
        method: "POST",
        path: "/api/v1/contact-merges",
        field: "/keep_id",
        about: None,
        names: Noun::Individual,
        body: |id, other| json!({"kind": "individual", "keep_id": id, "merge_id": other}),
    },
    Field {
        method: "POST",
        path: "/api/v1/contact-merges",
        field: "/merge_id",
        about: None,
        names: Noun::Individual,
        body: |id, other| json!({"kind": "individual", "keep_id": other, "merge_id": id}),
    },
    Field {
        method: "POST",
        path: "/api/v1/contact-erasures",
        field: "/contact/id",
        about: None,
        names: Noun::Individual,
        body: |id, _| json!({"contact": {"kind": "individual", "id": id}}),
    },
    Field {
        method: "POST",
        path: "/api/v1/invitations",
        field: "/role_id",
        about: None,
        names: Noun::Role,
        body: |id, _| json!({"email": format!("for.{id}@x.example"), "role_id": id}),
    },
    Field {
        method: "PATCH",
        path: "/api/v1/users/{id}",
        field: "/role_id",
        about: Some(Noun::User),
        names: Noun::Role,
        body: |id, _| json!({"role_id": id}),
    },
    Field {
        method: "POST",
        path: "/api/v1/invitations",
        field: "/contact/id",
        about: None,
        names: Noun::Individual,
        body: |id, _| {
            let contact = json!({"kind": "individual", "id": id});
            json!({"email": format!("client.{id}@x.example"), "role": "client", "contact": contact})
        },
    },
    Field {
        method: "PATCH",
        path: "/api/v1/users/{id}",
        field: "/contact/id",
        about: Some(Noun::User),
        names: Noun::Individual,
        body: |id, _| json!({"role": "client", "contact": {"kind": "individual", "id": id}}),
    },
    Field {
        method: "POST",
        path: "/api/v1/webhook-endpoints/{id}/dead-letters/replay",
        field: "/id",
        about: Some(Noun::DeadLetter),
        names: Noun::DeadLetter,
        body: |id, _| json!({"id": id}),
    },
    Field {
        method: "POST",
        path: "/api/v1/connections",
        field: "/user_map",
        about: None,
        names: Noun::Agent,
        body: |id, _| json!({"kind": "generic", "name": "Mapped", "user_map": {"w1": id}}),
    },
    Field {
        method: "PATCH",
        path: "/api/v1/connections/{id}",
        field: "/user_map",
        about: Some(Noun::Connection),
        names: Noun::Agent,
        body: |id, _| json!({"user_map": {"w1": id}}),
    },
    Field {
        method: "POST",
        path: "/api/v1/individuals",
        field: "/custom",
        about: None,
        names: Noun::ContactField,
        body: |key, _| json!({"full_name": "Ada", "phones": [], "custom": {key: "x"}}),
    },
];

#[tokio::test]
async fn an_id_of_another_tenant_in_a_body_is_no_id() {
    let world = World::new().await;
    let traces = Traces::of(&world.app.database).await;
    let mut theirs = BTreeMap::new();
    for noun in FIELDS.iter().map(|field| field.names).collect::<BTreeSet<_>>() {
        theirs.insert(noun, world.make_theirs(noun).await.pop().unwrap());
    }
    let before = traces.read(world.app.rival.id).await;
    let (mut table, mut faults) = (String::from("method path field | rival's | own\n"), Vec::new());
    for field in FIELDS {
        let what = format!("{} {} {}", field.method, field.path, field.field);
        let method: Method = field.method.parse().unwrap();
        let mut row = Vec::new();
        if let Some(noun) = field.about {
            row = world.make(noun, Whose::Demo, OWNER).await;
        }
        let path = filled(field.path, &row);
        let other = world.individual(world.owner(Whose::Demo), 0).await;
        let foreign = &theirs[&field.names];
        let reply = world.ask(OWNER, &method, &path, &(field.body)(foreign, &other)).await;
        let pointer =
            reply.body["errors"][0]["pointer"].as_str().unwrap_or_default().replace(foreign, "{id}");
        if !(reply.status == 404 || reply.status == 422 && pointer.starts_with(field.field)) {
            faults.push(format!("{what} of the rival: {} {}", reply.status, reply.text));
        }
        let kept = traces.mentions(world.app.demo.id, foreign).await;
        if !kept.is_empty() {
            faults.push(format!("{what}: the rival's id is now in demo's {kept:?}"));
        }
        let own = match field.about {
            Some(noun) if noun == field.names => row.last().unwrap().clone(),
            _ => world.make(field.names, Whose::Demo, OWNER).await.pop().unwrap(),
        };
        let done = world.ask(OWNER, &method, &path, &(field.body)(&own, &other)).await;
        if !(200..300).contains(&done.status) {
            faults.push(format!("{what} of one's own: {} {}", done.status, done.text));
        }
        let _ = writeln!(table, "{what} | {} {pointer} | {}", reply.status, done.status);
    }
    let after = traces.read(world.app.rival.id).await;
    for (name, trace) in &after {
        if before[name] != *trace {
            faults.push(format!("the rival's {name} changed"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}\n{table}");
    insta::assert_snapshot!("foreign_ids_in_bodies", table);
}

/// What the rival has, for query strings to select.
struct Theirs {
    owner: String,
    agent: String,
    client: String,
    tenant: String,
    individual: String,
    kept: String,
    noted: String,
    organization: String,
    bot: String,
    connection: String,
    number: String,
    call: String,
    team: String,
}

/// A parameter that names a row, and what it takes beside it.
struct Parameter {
    path: &'static str,
    name: &'static str,
    beside: &'static str,
    id: fn(&Theirs) -> &str,
}

const fn parameter(path: &'static str, name: &'static str, id: fn(&Theirs) -> &str) -> Parameter {
    Parameter { path, name, beside: "", id }
}

/// Parameters that hold ids without the document's saying `uuid`.
const UNTYPED_PARAMETERS: &[(&str, &str)] =
    &[("/api/v1/tickets", "assigned_to"), ("/api/v1/tickets", "requester")];

const PARAMETERS: &[Parameter] = &[
    parameter("/api/v1/agents/performance", "team_id", |rival| &rival.team),
    parameter("/api/v1/api-tokens", "user_id", |rival| &rival.owner),
    parameter("/api/v1/audit", "actor_id", |rival| &rival.owner),
    parameter("/api/v1/audit", "object_id", |rival| &rival.individual),
    parameter("/api/v1/audit/export", "actor_id", |rival| &rival.owner),
    parameter("/api/v1/audit/export", "object_id", |rival| &rival.individual),
    parameter("/api/v1/audit/me", "object_id", |rival| &rival.individual),
    parameter("/api/v1/audit/user/{id}", "object_id", |rival| &rival.individual),
    parameter("/api/v1/calls", "connection_id", |rival| &rival.connection),
    parameter("/api/v1/calls", "agent_id", |rival| &rival.agent),
    parameter("/api/v1/calls", "number_id", |rival| &rival.number),
    parameter("/api/v1/calls", "bot_id", |rival| &rival.bot),
    parameter("/api/v1/calls", "contact_id", |rival| &rival.organization),
    parameter("/api/v1/calls", "organization_id", |rival| &rival.organization),
    Parameter {
        path: "/api/v1/contact-duplicates/candidates",
        name: "contact_id",
        beside: "&kind=individual",
        id: |rival| &rival.individual,
    },
    parameter("/api/v1/contact-merges", "contact_id", |rival| &rival.kept),
    Parameter {
        path: "/api/v1/contact-notes",
        name: "contact_id",
        beside: "&kind=individual",
        id: |rival| &rival.noted,
    },
    parameter("/api/v1/phone-numbers", "user_id", |rival| &rival.agent),
    parameter("/api/v1/phone-numbers", "bot_id", |rival| &rival.bot),
    parameter("/api/v1/phone-numbers", "tenant_id", |rival| &rival.tenant),
    parameter("/api/v1/security-alerts", "user_id", |rival| &rival.agent),
    parameter("/api/v1/teams", "user_id", |rival| &rival.agent),
    parameter("/api/v1/users", "contact_id", |rival| &rival.individual),
    parameter("/api/v1/tickets", "assigned_to", |rival| &rival.agent),
    parameter("/api/v1/tickets", "requester", |rival| &rival.client),
    parameter("/api/v1/tickets", "requester_user_id", |rival| &rival.client),
    parameter("/api/v1/tickets", "contact", |rival| &rival.organization),
    parameter("/api/v1/tickets", "contact_id", |rival| &rival.organization),
    parameter("/api/v1/tickets", "organization_id", |rival| &rival.organization),
    parameter("/api/v1/tickets", "call_id", |rival| &rival.call),
];

/// One of everything that a parameter can select, all of it the rival's.
async fn a_rival_with_everything(world: &World) -> Theirs {
    let rival = &world.app.rival;
    let owner = world.owner(Whose::Rival);
    let post = async |path: &str, body: Value| {
        let made = world.app.post(owner, path, body).await;
        assert!((200..300).contains(&made.status), "{path}: {}", made.text);
        made.body["id"].as_str().unwrap_or_default().to_owned()
    };
    let twin = json!({"full_name": "Ada Lovelace", "phones": ["+33639980001"]});
    let individual = post("/api/v1/individuals", twin.clone()).await;
    post("/api/v1/individuals", twin).await;
    let kept = world.make_theirs(Noun::ContactMerge).await.pop().unwrap();
    let noted = world.make_theirs(Noun::ContactNote).await.pop().unwrap();
    let team = world.make_theirs(Noun::TeamMember).await.remove(0);
    let organization =
        post("/api/v1/organizations", json!({"name": "Acme", "phones": ["+33639980002"]})).await;
    let bot = world.make_theirs(Noun::Bot).await.pop().unwrap();
    let (number, line) = (
        world.make_theirs(Noun::PhoneNumber).await.pop().unwrap(),
        world.make_theirs(Noun::PhoneNumber).await.pop().unwrap(),
    );
    let agent = rival.agent2.id.0.to_string();
    post(&format!("/api/v1/phone-numbers/{number}/connect"), json!({"bot_id": bot})).await;
    post(&format!("/api/v1/phone-numbers/{line}/connect"), json!({"user_id": agent})).await;
    let (call, connection) = (Uuid::now_v7(), Uuid::now_v7());
    {
        let mut superuser = world.superuser.lock().await;
        sqlx::query(
            "INSERT INTO calls (id, tenant_id, connection_id, provider_call_id, direction, state, started_at, fold,
                                agent_id, number_id, bot_id, contact_kind, contact_id, from_number)
             VALUES ($1, $2, $3, 'pbx-1', 'inbound', 'ringing', now(), '{}', $4, $5, $6, 'organization', $7, '+33639980002')",
        )
        .bind(call)
        .bind(rival.id.0)
        .bind(connection)
        .bind(rival.agent2.id.0)
        .bind(number.parse::<Uuid>().unwrap())
        .bind(bot.parse::<Uuid>().unwrap())
        .bind(organization.parse::<Uuid>().unwrap())
        .execute(&mut *superuser)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO audit_log (id, tenant_id, actor_id, action) VALUES ($1, $2, $3, 'account.locked')",
        )
        .bind(Uuid::now_v7())
        .bind(rival.id.0)
        .bind(rival.agent2.id.0)
        .execute(&mut *superuser)
        .await
        .unwrap();
    }
    let body = json!({"title": "t", "call_id": call, "organization_id": organization, "phone_number": "+33639980002"});
    let ticket = post("/api/v1/tickets", body).await;
    post(&format!("/api/v1/tickets/{ticket}/assign"), json!({"user_id": agent})).await;
    let client = rival.user(Role::Client);
    world.app.post(client, "/api/v1/tickets", json!({"title": "Mine"})).await.expect(201);
    let is = json!({"contact": {"kind": "individual", "id": individual}});
    world.app.patch(owner, &format!("/api/v1/users/{}", client.id), is).await.expect(200);
    Theirs {
        owner: owner.id.0.to_string(),
        agent,
        client: client.id.0.to_string(),
        tenant: rival.id.0.to_string(),
        individual,
        kept,
        noted,
        organization,
        bot,
        connection: connection.to_string(),
        number,
        call: call.to_string(),
        team,
    }
}

/// Every id that a text has in it.
fn ids(text: &str) -> BTreeSet<Uuid> {
    text.split(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .filter(|word| word.len() == 36)
        .filter_map(|word| word.parse().ok())
        .collect()
}

#[tokio::test]
async fn an_id_of_another_tenant_in_a_query_string_selects_nothing() {
    let world = World::new().await;
    let rival = a_rival_with_everything(&world).await;
    let demo = world.owner(Whose::Demo).id.0.to_string();
    let (mut table, mut faults) = (String::from("path parameter | demo's owner platform@demo\n"), Vec::new());
    for parameter in PARAMETERS {
        let id = (parameter.id)(&rival);
        let what = format!("{} {}", parameter.path, parameter.name);
        let query = format!("?{}={id}{}", parameter.name, parameter.beside);
        // The rival itself sees something by it.
        let path = filled(parameter.path, std::slice::from_ref(&rival.owner)) + &query;
        let seen = world.app.get(world.owner(Whose::Rival), &path).await;
        let theirs = ids(&seen.text);
        if seen.status != 200 || theirs.is_empty() {
            faults.push(format!("{what}: the rival sees nothing by it: {} {}", seen.status, seen.text));
        }
        let _ = write!(table, "{what} |");
        for asker in [OWNER, Asker::Platform] {
            let path = filled(parameter.path, std::slice::from_ref(&demo)) + &query;
            let reply = world.ask(asker, &Method::GET, &path, &Value::Null).await;
            let common: Vec<Uuid> = ids(&reply.text).intersection(&theirs).copied().collect();
            if !matches!(reply.status, 200 | 404 | 422) || !common.is_empty() {
                faults.push(format!("{what} asked by {}: {} {}", asker.name(), reply.status, reply.text));
            }
            let _ = write!(table, " {}", reply.status);
        }
        table.push('\n');
    }
    assert!(faults.is_empty(), "{faults:#?}\n{table}");
    insta::assert_snapshot!("foreign_ids_in_queries", table);
}

/// Pointers of all fields of a schema that hold an id.
fn id_fields(document: &Value, schema: &Value, pointer: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let place = name.strip_prefix('#').unwrap();
        return id_fields(document, document.pointer(place).unwrap(), pointer, found);
    }
    if schema["format"] == "uuid" {
        found.insert(pointer.to_owned());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        id_fields(document, property, &format!("{pointer}/{name}"), found);
    }
    for each in
        ["allOf", "anyOf", "oneOf"].iter().flat_map(|word| schema[word].as_array().into_iter().flatten())
    {
        id_fields(document, each, pointer, found);
    }
    if schema["items"].is_object() {
        id_fields(document, &schema["items"], pointer, found);
    }
}

#[tokio::test]
async fn every_id_of_the_document_is_asked_with_the_rival_s() {
    let app = switchroom_api::testing::App::new().await;
    let document = app.request(Method::GET, "/openapi.json").send().await.expect(200);
    let (mut in_bodies, mut in_queries) = (BTreeSet::new(), BTreeSet::new());
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let mut pointers = BTreeSet::new();
            for (_, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                id_fields(&document, &content["schema"], "", &mut pointers);
            }
            in_bodies.extend(pointers.into_iter().map(|at| (method.to_uppercase(), path.clone(), at)));
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let mut here = BTreeSet::new();
                id_fields(&document, &parameter["schema"], "", &mut here);
                if parameter["in"] == "query" && !here.is_empty() {
                    in_queries.insert((path.clone(), parameter["name"].as_str().unwrap().to_owned()));
                }
            }
        }
    }
    assert!(in_bodies.len() > 10 && in_queries.len() > 20, "{in_bodies:?} {in_queries:?}");
    in_bodies.extend(
        UNTYPED.iter().map(|(method, path, at)| ((*method).to_owned(), (*path).to_owned(), (*at).to_owned())),
    );
    let asked = FIELDS.iter().map(|row| (row.method.to_owned(), row.path.to_owned(), row.field.to_owned()));
    assert_eq!(in_bodies, asked.collect::<BTreeSet<_>>(), "bodies");
    in_queries.extend(UNTYPED_PARAMETERS.iter().map(|(path, name)| ((*path).to_owned(), (*name).to_owned())));
    let asked = PARAMETERS.iter().map(|row| (row.path.to_owned(), row.name.to_owned()));
    assert_eq!(in_queries, asked.collect::<BTreeSet<_>>(), "query strings");
}
