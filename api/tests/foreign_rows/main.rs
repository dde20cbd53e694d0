//! Another tenant's rows: every endpoint whose path names one, asked for by every role of the tenant next door, against a
//! reviewed snapshot; and every id that a body or a query string can name ([`named`]).
//!
//! The rival's row answers as one that never was: 404 to who may, 403 to who may not, whatever the row's state is, and
//! nothing of the rival is changed by the asking ([`traces`]). The same request for a row of the asker's own tenant is
//! the proof that the 404 is the tenant's doing and not the request's.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking, as tests do")]

mod lines;
mod makers;
mod named;
mod traces;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use axum::http::Method;
use serde_json::Value;
use switchroom_api::testing::{App, Reply, TestTenant, TestUser};
use switchroom_core::{
    Role,
    permission::{self, Access, ENDPOINTS},
};

use lines::{LINES, Line, NO_ROW};
use makers::Noun;

/// Who asks: somebody of demo, or the platform admin who acts in demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    Role(Role),
    Platform,
}

impl Asker {
    fn all() -> impl Iterator<Item = Self> {
        Role::ALL.into_iter().map(Self::Role).chain([Self::Platform])
    }

    fn name(self) -> &'static str {
        match self {
            Self::Role(role) => role.name(),
            Self::Platform => "platform@demo",
        }
    }

    fn may(self, access: Access) -> bool {
        match (self, access) {
            (Self::Platform, _) | (_, Access::Public | Access::SignedIn) => true,
            (Self::Role(role), Access::Permission(permission)) => role.grants(permission),
        }
    }
}

/// Whose row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Demo,
    Rival,
}

/// Two tenants, and what makes rows in them.
pub struct World {
    app: App,
    superuser: tokio::sync::Mutex<sqlx::PgConnection>,
    made: std::cell::Cell<u32>,
}

impl World {
    async fn new() -> Self {
        let app = App::with_engine().await;
        let superuser = tokio::sync::Mutex::new(app.database.superuser().await);
        Self { app, superuser, made: std::cell::Cell::new(0) }
    }

    fn tenant(&self, whose: Whose) -> &TestTenant {
        match whose {
            Whose::Demo => &self.app.demo,
            Whose::Rival => &self.app.rival,
        }
    }

    fn owner(&self, whose: Whose) -> &TestUser {
        self.tenant(whose).user(Role::OrgOwner)
    }

    /// The asker, or their like next door.
    fn person(&self, whose: Whose, asker: Asker) -> &TestUser {
        match (whose, asker) {
            (_, Asker::Role(role)) => self.tenant(whose).user(role),
            (Whose::Demo, Asker::Platform) => &self.app.platform,
            (Whose::Rival, Asker::Platform) => self.owner(Whose::Rival),
        }
    }

    async fn ask(&self, asker: Asker, method: &Method, path: &str, body: &Value) -> Reply {
        let call = self.app.request(method.clone(), path).bearer(&self.person(Whose::Demo, asker).token);
        let call = if asker == Asker::Platform { call.header("x-tenant", "demo") } else { call };
        let bare = method == Method::GET || method == Method::DELETE;
        let call = if bare { call } else { call.json(body) };
        call.send().await
    }

    /// A row of the rival's for every noun, and for those that are somebody's own, of everybody there.
    async fn rows_of_the_rival(&self) -> BTreeMap<(Noun, Asker), Vec<String>> {
        let mut rows = BTreeMap::new();
        for noun in LINES.iter().map(|line| line.noun).collect::<BTreeSet<_>>() {
            let one = if noun.is_somebodys_own() { None } else { Some(self.make_theirs(noun).await) };
            for asker in Asker::all() {
                let row = match &one {
                    Some(row) => row.clone(),
                    None => self.make(noun, Whose::Rival, asker).await,
                };
                rows.insert((noun, asker), row);
            }
        }
        // For a moment a line that was taken tells whoever else reached for it that they came too late.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        rows
    }

    async fn make_theirs(&self, noun: Noun) -> Vec<String> {
        self.make(noun, Whose::Rival, Asker::Role(Role::OrgOwner)).await
    }
}

/// The path with these ids in its places, in order.
fn filled(pattern: &str, ids: &[String]) -> String {
    let mut ids = ids.iter();
    let fill = |part| if str::starts_with(part, '{') { ids.next().unwrap().as_str() } else { part };
    pattern.split('/').map(fill).collect::<Vec<_>>().join("/")
}

fn places(pattern: &str) -> usize {
    pattern.matches('{').count()
}

/// Every way to name the rival's in a path: all of it theirs, and one of ours in each place beside theirs.
fn with_theirs(pattern: &str, theirs: &[String], ours: &[String]) -> Vec<String> {
    let mut ways = vec![filled(pattern, theirs)];
    if places(pattern) == 2 {
        ways.push(filled(pattern, &[theirs[0].clone(), ours[1].clone()]));
        ways.push(filled(pattern, &[ours[0].clone(), theirs[1].clone()]));
    }
    ways
}

#[tokio::test]
async fn a_row_of_another_tenant_answers_as_one_that_never_was() {
    let world = World::new().await;
    let theirs = world.rows_of_the_rival().await;
    let traces = traces::Traces::of(&world.app.database).await;
    let mut before = traces.read(world.app.rival.id).await;
    let mut table = String::from("method path permission\n    whose | out");
    for asker in Asker::all() {
        let _ = write!(table, " {}", asker.name());
    }
    table.push('\n');
    let mut faults = Vec::new();
    for line in LINES {
        let access = permission::endpoint(line.method, line.path).unwrap().access;
        let _ = writeln!(table, "{} {} {}", line.method, line.path, access.name());
        let foreign = ask_for_theirs(&world, line, access, &theirs, &mut faults).await;
        let own = ask_for_ours(&world, line, access, &mut faults).await;
        let _ = writeln!(table, "    rival | {foreign}\n    own   | {own}");
        let after = traces.read(world.app.rival.id).await;
        for (name, trace) in &after {
            if before[name] != *trace {
                faults.push(format!("{} {} changed the rival's {name}", line.method, line.path));
            }
        }
        before = after;
    }
    assert!(faults.is_empty(), "{faults:#?}\n{table}");
    insta::assert_snapshot!("foreign_rows", table);
}

async fn ask_for_theirs(
    world: &World,
    line: &Line,
    access: Access,
    theirs: &BTreeMap<(Noun, Asker), Vec<String>>,
    faults: &mut Vec<String>,
) -> String {
    let method: Method = line.method.parse().unwrap();
    let body = (line.body)(world);
    let mut answers = Vec::new();
    let any = filled(line.path, &theirs[&(line.noun, Asker::Role(Role::OrgOwner))]);
    let out = world.app.request(method.clone(), &any).send().await.status;
    if out != 401 {
        faults.push(format!("{method} {any} signed out: {out}"));
    }
    answers.push(out.to_string());
    let ours = if places(line.path) == 2 {
        world.make(line.noun, Whose::Demo, Asker::Role(Role::OrgOwner)).await
    } else {
        Vec::new()
    };
    for asker in Asker::all() {
        if asker == Asker::Platform && line.noun.is_the_platforms() {
            // Not another's for them.
            answers.push("-".into());
            continue;
        }
        let mut said = BTreeSet::new();
        for path in with_theirs(line.path, &theirs[&(line.noun, asker)], &ours) {
            let reply = world.ask(asker, &method, &path, &body).await;
            let pool = line.of_the_pool && asker == Asker::Platform;
            let expected = if pool {
                409
            } else if asker.may(access) {
                404
            } else {
                403
            };
            // A room may refuse more than the gate does, as long as it does not look at the row for it.
            let refused = reply.status == 403 && line.room_refuses.contains(&asker);
            if reply.status != expected && !refused {
                faults.push(format!("{method} {path} {}: {} {}", asker.name(), reply.status, reply.text));
            }
            said.insert(reply.status.to_string());
        }
        answers.push(said.into_iter().collect::<Vec<_>>().join("/"));
    }
    answers.join(" ")
}

async fn ask_for_ours(world: &World, line: &Line, access: Access, faults: &mut Vec<String>) -> String {
    let method: Method = line.method.parse().unwrap();
    let body = (line.body)(world);
    // Signed out, ours answers as theirs does.
    let mut answers = vec!["401".to_owned()];
    let mut row: Option<Vec<String>> = None;
    for asker in Asker::all() {
        let ids = match row.take() {
            Some(row) if !line.noun.is_somebodys_own() => row,
            _ => world.make(line.noun, Whose::Demo, asker).await,
        };
        let path = filled(line.path, &ids);
        let reply = world.ask(asker, &method, &path, &body).await;
        let refused = reply.status == 403 && line.room_refuses.contains(&asker);
        let right = match reply.status {
            403 => !asker.may(access) || refused,
            404 | 405 | 500.. => false,
            _ => asker.may(access),
        };
        if !right {
            faults.push(format!("{method} {path} {} (own): {} {}", asker.name(), reply.status, reply.text));
        }
        answers.push(reply.status.to_string());
        // What nothing happened to is good for the next.
        if reply.status == 403 || method == Method::GET {
            row = Some(ids);
        }
    }
    answers.join(" ")
}

#[test]
fn every_path_with_a_row_in_it_has_a_line() {
    let mut told: BTreeSet<(&str, &str)> = BTreeSet::new();
    for line in LINES {
        assert!(told.insert((line.method, line.path)), "{} {} twice", line.method, line.path);
    }
    for (method, path, why) in NO_ROW {
        assert!(told.insert((method, path)), "{method} {path} has a line and an excuse");
        assert!(!why.is_empty());
    }
    let named: BTreeSet<(&str, &str)> =
        ENDPOINTS.iter().filter(|row| row.path.contains('{')).map(|row| (row.method, row.path)).collect();
    assert_eq!(
        named.difference(&told).collect::<Vec<_>>(),
        Vec::<&(&str, &str)>::new(),
        "an endpoint whose path names a row needs a line in foreign_rows/lines.rs"
    );
    assert_eq!(told.difference(&named).collect::<Vec<_>>(), Vec::<&(&str, &str)>::new(), "no such endpoint");
}
