//! The whole API over a database of its own, for tests: two tenants with the same cast, a platform admin, a bearer
//! token for everybody.
//!
//! ```no_run
//! # async fn example() {
//! use switchroom_api::testing::App;
//! use switchroom_core::Role;
//! let app = App::new().await;
//! let reply = app.get(app.demo.user(Role::Agent), "/api/v1/me").await;
//! assert_eq!(reply.status, 200);
//! # }
//! ```

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, header},
};
use serde_json::Value;
use switchroom_api_base::{
    auth::{hash_blocking, token},
    document::Document,
    metrics,
    state::{ApiConfig, AppState},
};
use switchroom_core::{Role, TenantId, UserId};
use switchroom_engine::{Engine, EngineSettings, NoSink, Sealer, egress::Guard};
use switchroom_store::{
    StoreError, tenants,
    testing::TestDatabase,
    tokens,
    users::{self, NewMembership, NewUser},
};
use tower::ServiceExt;
use uuid::Uuid;

use crate::router;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";

/// One person of the cast.
#[derive(Clone, Debug)]
pub struct TestUser {
    pub id: UserId,
    pub email: String,
    /// An API token.
    pub token: String,
    pub extension: Option<String>,
}

/// A tenant with one person of every role and a second agent.
#[derive(Clone, Debug)]
pub struct TestTenant {
    pub id: TenantId,
    pub slug: String,
    pub users: BTreeMap<Role, TestUser>,
    /// The agent of `users` has extension 201, this one 202.
    pub agent2: TestUser,
}

impl TestTenant {
    /// # Panics
    /// Never: every role is there.
    pub fn user(&self, role: Role) -> &TestUser {
        &self.users[&role]
    }
}

/// The API on a database of its own.
pub struct App {
    pub database: TestDatabase,
    pub state: AppState,
    pub router: Router,
    pub demo: TestTenant,
    pub rival: TestTenant,
    pub platform: TestUser,
}

/// An answer, read to the end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Null where the body is no JSON.
    pub body: Value,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Panics with the whole answer unless the status is the one expected; gives the body.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// As [`Reply::expect`] for a problem of this `type`.
    #[track_caller]
    pub fn expect_problem(self, status: u16, kind: &str) -> Value {
        assert_eq!((self.status, self.body["type"].as_str()), (status, Some(kind)), "{}", self.text);
        assert_eq!(self.header(header::CONTENT_TYPE.as_str()), "application/problem+json");
        self.body
    }
}

impl App {
    /// Without an engine and without rate limits.
    pub async fn new() -> Self {
        Self::with_config(|_| {}).await
    }

    /// With a running engine.
    pub async fn with_engine() -> Self {
        Self::build(true, |_| {}).await
    }

    /// With settings of one's own; no engine.
    pub async fn with_config(change: impl FnOnce(&mut ApiConfig)) -> Self {
        Self::build(false, change).await
    }

    async fn build(live: bool, change: impl FnOnce(&mut ApiConfig)) -> Self {
        let database = TestDatabase::new().await;
        let demo = tenant(&database, "demo").await.expect("demo tenant");
        let rival = tenant(&database, "rival").await.expect("rival tenant");
        let platform = platform_admin(&database).await.expect("platform admin");
        let sealer =
            Sealer::from_keys("test", [("test".to_owned(), vec![7; 32])]).expect("a key of 32 octets");
        let mut config = ApiConfig {
            public_url: "http://127.0.0.1:8080".into(),
            rate_limits: None,
            quarantine: std::time::Duration::from_secs(2_592_000),
            mailer: None,
            issuers: Guard::default(),
            webhooks: Guard::default(),
            asyncapi: Document::from(&serde_json::json!({"asyncapi": "3.0.0"})),
        };
        change(&mut config);
        let sealer = Arc::new(sealer);
        let engine = if live {
            let settings = EngineSettings::default();
            let started =
                Engine::start(database.db.clone(), settings, Arc::new(NoSink), Arc::clone(&sealer)).await;
            Some(started.expect("engine"))
        } else {
            None
        };
        let state =
            AppState::new(database.db.clone(), engine, Arc::new(NoSink), sealer, config, metrics::detached())
                .expect("state");
        let router = router(state.clone(), Router::new());
        Self { database, state, router, demo, rival, platform }
    }

    pub async fn get(&self, user: &TestUser, path: &str) -> Reply {
        self.request(Method::GET, path).bearer(&user.token).send().await
    }

    pub async fn post(&self, user: &TestUser, path: &str, body: Value) -> Reply {
        self.request(Method::POST, path).bearer(&user.token).json(&body).send().await
    }

    pub async fn patch(&self, user: &TestUser, path: &str, body: Value) -> Reply {
        self.request(Method::PATCH, path).bearer(&user.token).json(&body).send().await
    }

    pub async fn delete(&self, user: &TestUser, path: &str) -> Reply {
        self.request(Method::DELETE, path).bearer(&user.token).send().await
    }

    /// Anything else: build it, then [`Call::send`].
    pub fn request(&self, method: Method, path: &str) -> Call<'_> {
        let builder = Request::builder()
            .method(method)
            .uri(path)
            .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 50_000))));
        Call { app: self, builder, body: Body::empty() }
    }
}

/// A request in the making.
pub struct Call<'a> {
    app: &'a App,
    builder: axum::http::request::Builder,
    body: Body,
}

impl Call<'_> {
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json").raw(body.to_string())
    }

    #[must_use]
    pub fn raw(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// # Panics
    /// When the request cannot be built (a test's mistake).
    pub async fn send(self) -> Reply {
        let request = self.builder.body(self.body).expect("a well-formed request");
        let response = self.app.router.clone().oneshot(request).await.expect("the router never fails");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a whole body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Reply {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            text,
        }
    }
}

/// Argon2 once per process: everybody has the same password.
fn password_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash_blocking(PASSWORD).expect("a hash"))
}

async fn tenant(database: &TestDatabase, slug: &str) -> Result<TestTenant, StoreError> {
    let id = TenantId(Uuid::now_v7());
    let mut tx = database.db.platform().begin().await?;
    tenants::create(&mut tx, id, slug, &slug.to_uppercase(), "FR").await?;
    let mut cast = BTreeMap::new();
    for role in Role::ALL {
        let extension = (role == Role::Agent).then_some("201");
        let user = person(&mut tx, id, &format!("{}@{slug}.example", role.name()), role, extension).await?;
        cast.insert(role, user);
    }
    let agent2 = person(&mut tx, id, &format!("agent2@{slug}.example"), Role::Agent, Some("202")).await?;
    tx.commit().await?;
    Ok(TestTenant { id, slug: slug.into(), users: cast, agent2 })
}

async fn person(
    connection: &mut sqlx::PgConnection,
    tenant: TenantId,
    email: &str,
    role: Role,
    extension: Option<&str>,
) -> Result<TestUser, StoreError> {
    let name = email.split('@').next().unwrap_or_default();
    let new = NewUser {
        id: UserId(Uuid::now_v7()),
        email,
        name,
        password_hash: Some(password_hash()),
        platform_admin: false,
    };
    let id = users::ensure(connection, &new).await?;
    users::set_membership(connection, &NewMembership { tenant, user: id, role, extension, sip_uri: None })
        .await?;
    let text = token::generate(token::API);
    tokens::create(connection, Uuid::now_v7(), Some(tenant), id, "test", &token::hash(&text), None).await?;
    Ok(TestUser { id, email: email.into(), token: text, extension: extension.map(Into::into) })
}

async fn platform_admin(database: &TestDatabase) -> Result<TestUser, StoreError> {
    let mut tx = database.db.platform().begin().await?;
    let email = "root@platform.example";
    let new = NewUser {
        id: UserId(Uuid::now_v7()),
        email,
        name: "root",
        password_hash: Some(password_hash()),
        platform_admin: true,
    };
    let id = users::ensure(&mut tx, &new).await?;
    let text = token::generate(token::API);
    tokens::create(&mut tx, Uuid::now_v7(), None, id, "test", &token::hash(&text), None).await?;
    tx.commit().await?;
    Ok(TestUser { id, email: email.into(), token: text, extension: None })
}
