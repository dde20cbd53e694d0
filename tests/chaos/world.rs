//! The house that is shaken: one data directory, addresses that stay over restarts, and ways to ask it things.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::support::{Folder, Server, command};

pub struct World {
    pub folder: Arc<Folder>,
    pub data: PathBuf,
    pub http: SocketAddr,
    pub sip: SocketAddr,
    /// Of the demo tenant: what `demo.json` says.
    pub demo: Value,
    pub client: reqwest::Client,
    flags: Vec<String>,
    environment: Vec<(String, String)>,
    server: Mutex<Option<Server>>,
}

/// Short, so that presence settles within the run.
const GRACE_MS: &str = "1000";

impl World {
    pub async fn start(flags: &[&str], environment: Vec<(String, String)>) -> anyhow::Result<Arc<Self>> {
        Self::start_in(Arc::new(Folder::new()), flags, environment).await
    }

    pub async fn start_in(
        folder: Arc<Folder>,
        flags: &[&str],
        environment: Vec<(String, String)>,
    ) -> anyhow::Result<Arc<Self>> {
        // Providers know one address; what is bound and let go of here is bound again by each start.
        let http = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let sip = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let data = folder.data();
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        let mut world = Self {
            folder,
            data,
            http,
            sip,
            demo: Value::Null,
            client,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            environment,
            server: Mutex::new(None),
        };
        world.launch().await?;
        let file = std::fs::read(world.data.join("demo.json"))?;
        world.demo = serde_json::from_slice(&file)?;
        Ok(Arc::new(world))
    }

    /// Starts the server; answers how long it took to be ready.
    pub async fn launch(&self) -> anyhow::Result<Duration> {
        let mut serve = command(&self.folder, &["serve", "--demo=quiet", "--rate-limit", "off"]);
        serve.args(["--http", &self.http.to_string(), "--sip", &self.sip.to_string()]);
        serve.args(["--socket-grace-ms", GRACE_MS]).args(&self.flags).arg("--data-dir").arg(&self.data);
        serve.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let (folder, data) = (self.folder.clone(), self.data.clone());
        let server = tokio::task::spawn_blocking(move || Server::launch(&folder, &data, serve))
            .await
            .context("the server does not start")?;
        let took = server.ready_after;
        *self.server.lock().unwrap() = Some(server);
        Ok(took)
    }

    /// `kill -9` of the server.
    pub fn kill_server(&self) {
        let server = self.server.lock().unwrap().take();
        server.expect("a server that runs").kill();
    }

    /// SIGTERM, and the end.
    pub async fn stop(&self) -> anyhow::Result<()> {
        let Some(server) = self.server.lock().unwrap().take() else { return Ok(()) };
        let (status, took, _) = tokio::task::spawn_blocking(move || server.terminate()).await?;
        if status.code() != Some(0) || took > Duration::from_secs(10) {
            bail!("SIGTERM: ended {status} after {took:?}");
        }
        Ok(())
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.http)
    }

    pub fn token(&self, email: &str) -> &str {
        self.demo["users"][email]["token"].as_str().expect("a demo user")
    }

    pub fn text(&self, pointer: &str) -> &str {
        self.demo.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("demo.json: {pointer}"))
    }

    /// Asks the API as the owner, again while the house is not up; `None` for 404.
    pub async fn ask(&self, path: &str) -> anyhow::Result<Option<Value>> {
        let token = self.token("owner@demo.example");
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.client.get(self.url(path)).bearer_auth(token).send().await;
            let why = match answer {
                Ok(answer) if answer.status().is_success() => match answer.json().await {
                    Ok(body) => return Ok(Some(body)),
                    Err(error) => error.to_string(),
                },
                Ok(answer) if answer.status() == 404 => return Ok(None),
                Ok(answer) if answer.status().is_server_error() => answer.status().to_string(),
                Ok(answer) => bail!("GET {path}: {} {}", answer.status(), answer.text().await?),
                Err(error) => error.to_string(),
            };
            if Instant::now() > deadline {
                bail!("GET {path}: {why}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// All pages of a list.
    pub async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.ask(&format!("{path}?limit=200{cursor}")).await?.context("no such list")?;
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    pub async fn is_ready(&self) -> bool {
        let answer = self.client.get(self.url("/readyz")).timeout(Duration::from_secs(3)).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    /// Until `/readyz` answers 200.
    pub async fn ready(&self, limit: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        while !self.is_ready().await {
            if Instant::now() > deadline {
                bail!("not ready within {limit:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The database itself, past the program, as the superuser.
    pub async fn database(&self) -> anyhow::Result<PgConnection> {
        self.database_as("postgres").await
    }

    pub async fn database_as(&self, role: &str) -> anyhow::Result<PgConnection> {
        let socket = self.data.join("run");
        let options = PgConnectOptions::new_without_pgpass()
            .host(&socket.to_string_lossy())
            .username(role)
            .database("switchroom");
        Ok(options.connect().await?)
    }
}
