//! Configuration: command-line flag, over environment, over `switchroom.toml`, over default. An unknown key of the
//! file and a bad value anywhere are errors that name the key.
//!
//! The flags of all commands live in one struct, so that a key means the same everywhere and a file serves them all.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};
use switchroom_bridge::rules::Trust;

mod value;

pub use value::{AuditMonths, Demo, LogFormat, PublicUrl, RateLimit, SipAddress};
use value::{millis, optional, path, seconds, secret_url, text, typed};

/// The file that is read when `--config` names no other.
const FILE: &str = "switchroom.toml";
const PREFIX: &str = "SWITCHROOM_";

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

/// The flags, all optional: what is absent comes from the environment, the file or the default.
#[derive(Debug, Clone, Default, clap::Args, Serialize)]
pub struct Flags {
    /// Configuration file [default: switchroom.toml, where it exists]
    #[arg(long, value_name = "FILE", global = true)]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Address of REST, WebSocket, webhooks and console [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<String>,
    /// Address of SIP over UDP and TCP, or `off` [default: 127.0.0.1:5060]
    #[arg(long, value_name = "HOST:PORT|off", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sip: Option<String>,
    /// Networks whose INVITEs are taken without authentication [default: 127.0.0.0/8,::1/128]
    #[arg(long, value_name = "NETWORKS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sip_trust: Option<String>,
    /// Private Postgres, attachments, recordings, secrets [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<String>,
    /// External Postgres [default: a private one in the data directory]
    #[arg(long, value_name = "URL", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    /// Redis, for more than one node [default: none, one node]
    #[arg(long, value_name = "URL", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis_url: Option<String>,
    /// URL that providers see: signature checks and links [default: from --http]
    #[arg(long, value_name = "URL", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Mail server for invitations and password links, smtp://USER:PASSWORD@HOST:587?tls=required [default: none]
    #[arg(long, value_name = "URL", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp_url: Option<String>,
    /// Sender of that mail, needed with --smtp-url
    #[arg(long, value_name = "ADDRESS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_from: Option<String>,
    /// Make the demo tenants and play calls; `--demo=quiet` plays none
    #[arg(long, value_name = "MODE", num_args = 0..=1, require_equals = true, default_missing_value = "play", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo: Option<String>,
    /// With --demo: this many more agents, for load tests [default: 0]
    #[arg(long, value_name = "N", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo_agents: Option<String>,
    /// Unanswered SIP call: 480, missed [default: 30000]
    #[arg(long, value_name = "MS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_timeout_ms: Option<String>,
    /// An agent's time to accept [default: 20000]
    #[arg(long, value_name = "MS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_timeout_ms: Option<String>,
    /// After-call time where a queue sets none [default: 0]
    #[arg(long, value_name = "MS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrap_up_ms: Option<String>,
    /// Last socket lost until presence goes offline [default: 10000]
    #[arg(long, value_name = "MS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket_grace_ms: Option<String>,
    /// No event for so long: the call has failed [default: 14400000]
    #[arg(long, value_name = "MS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_stale_ms: Option<String>,
    /// A client is lost after 3 silent intervals [default: 15000]
    #[arg(long, value_name = "MS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_ms: Option<String>,
    /// Replay window of signed webhooks [default: 300]
    #[arg(long, value_name = "SECONDS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_tolerance_s: Option<String>,
    /// Networks beside the internet to which events may be sent, also by plain http, e.g. 10.0.0.0/8 [default: none]
    #[arg(long, value_name = "NETWORKS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_allow: Option<String>,
    /// Reverse proxy whose X-Forwarded-For is believed, as an address or network; may be given again [default: none]
    #[arg(long, value_name = "NETWORK", global = true)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trusted_proxy: Vec<String>,
    /// How long a released number stays reserved [default: 2592000]
    #[arg(long, value_name = "SECONDS", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quarantine_s: Option<String>,
    /// Whole months of the audit log that are kept before this one, or `off` for all [default: 24]
    #[arg(long, value_name = "MONTHS|off", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_months: Option<String>,
    /// Requests per second and token, as RATE/s or RATE/s,BURST, or `off` [default: 200/s,1000]
    #[arg(long, value_name = "LIMIT", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<String>,
    /// Whether identity providers may stand in private networks and speak plain http: true or false [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_issuers: Option<String>,
    /// Format of the log on standard error: text or json [default: text]
    #[arg(long, value_name = "FORMAT", global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<String>,
}

/// The configuration in force.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where HTTP listens.
    #[serde(deserialize_with = "typed")]
    pub http: SocketAddr,
    /// Where SIP listens.
    #[serde(deserialize_with = "typed")]
    pub sip: SipAddress,
    /// Networks that may send INVITEs.
    #[serde(deserialize_with = "typed")]
    pub sip_trust: Trust,
    /// The data directory, as written.
    #[serde(deserialize_with = "path")]
    pub data_dir: PathBuf,
    /// An external Postgres.
    #[serde(default, deserialize_with = "secret_url")]
    pub database_url: Option<String>,
    /// Cluster mode.
    #[serde(default, deserialize_with = "secret_url")]
    pub redis_url: Option<String>,
    /// The URL of this server as seen from outside, without a slash at its end.
    #[serde(default, deserialize_with = "optional")]
    pub public_url: Option<PublicUrl>,
    /// The mail server.
    #[serde(default, deserialize_with = "secret_url")]
    pub smtp_url: Option<String>,
    /// The sender of mail.
    #[serde(default, deserialize_with = "text")]
    pub mail_from: Option<String>,
    /// The demo tenants.
    #[serde(deserialize_with = "typed")]
    pub demo: Demo,
    /// More demo agents.
    #[serde(deserialize_with = "typed")]
    pub demo_agents: u32,
    /// See the flag.
    #[serde(deserialize_with = "millis")]
    pub ring_timeout_ms: Duration,
    /// See the flag.
    #[serde(deserialize_with = "millis")]
    pub offer_timeout_ms: Duration,
    /// See the flag.
    #[serde(deserialize_with = "millis")]
    pub wrap_up_ms: Duration,
    /// See the flag.
    #[serde(deserialize_with = "millis")]
    pub socket_grace_ms: Duration,
    /// See the flag.
    #[serde(deserialize_with = "millis")]
    pub call_stale_ms: Duration,
    /// See the flag.
    #[serde(deserialize_with = "millis")]
    pub heartbeat_ms: Duration,
    /// See the flag.
    #[serde(deserialize_with = "seconds")]
    pub webhook_tolerance_s: Duration,
    /// Networks beside the internet that events may be sent to.
    #[serde(deserialize_with = "typed")]
    pub webhook_allow: Trust,
    /// Reverse proxies that may say whom they speak for.
    #[serde(deserialize_with = "typed")]
    pub trusted_proxy: Trust,
    /// See the flag.
    #[serde(deserialize_with = "seconds")]
    pub quarantine_s: Duration,
    /// See the flag.
    #[serde(deserialize_with = "typed")]
    pub audit_months: AuditMonths,
    /// See the flag.
    #[serde(deserialize_with = "typed")]
    pub rate_limit: RateLimit,
    /// See the flag.
    #[serde(deserialize_with = "typed")]
    pub private_issuers: bool,
    /// See the flag.
    #[serde(deserialize_with = "typed")]
    pub log_format: LogFormat,
}

/// Every key with its default; a key without one is `None`.
const DEFAULTS: [(&str, Option<&str>); 26] = [
    ("http", Some("127.0.0.1:8080")),
    ("sip", Some("127.0.0.1:5060")),
    ("sip_trust", Some("127.0.0.0/8,::1/128")),
    ("data_dir", Some("./data")),
    ("database_url", None),
    ("redis_url", None),
    ("public_url", None),
    ("smtp_url", None),
    ("mail_from", None),
    ("demo", Some("off")),
    ("demo_agents", Some("0")),
    ("ring_timeout_ms", Some("30000")),
    ("offer_timeout_ms", Some("20000")),
    ("wrap_up_ms", Some("0")),
    ("socket_grace_ms", Some("10000")),
    ("call_stale_ms", Some("14400000")),
    ("heartbeat_ms", Some("15000")),
    ("webhook_tolerance_s", Some("300")),
    ("webhook_allow", Some("")),
    ("trusted_proxy", Some("")),
    ("quarantine_s", Some("2592000")),
    ("audit_months", Some("24")),
    ("rate_limit", Some("200/s,1000")),
    ("private_issuers", Some("false")),
    ("log_format", Some("text")),
    ("config", None),
];

impl Config {
    /// Reads all four layers.
    pub fn load(flags: &Flags) -> Result<Self, Error> {
        let file = flags.config.clone().or_else(|| std::env::var_os("SWITCHROOM_CONFIG").map(PathBuf::from));
        Self::layered(flags, file.as_deref())
    }

    fn layered(flags: &Flags, file: Option<&Path>) -> Result<Self, Error> {
        let defaults: std::collections::BTreeMap<&str, &str> =
            DEFAULTS.iter().filter_map(|(key, value)| Some((*key, (*value)?))).collect();
        let mut figment = Figment::from(Serialized::defaults(defaults));
        figment = match file {
            Some(path) if !path.is_file() => {
                return Err(Error(format!("config: there is no file {}", path.display())));
            }
            Some(path) => figment.merge(toml(path)?),
            None if Path::new(FILE).is_file() => figment.merge(toml(Path::new(FILE))?),
            None => figment,
        };
        figment
            .merge(Serialized::defaults(environment()?))
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(explain)
    }

    /// The URL that providers and links use, once it is known where HTTP really listens.
    pub fn public_url_at(&self, http: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.0.clone(),
            None => format!("http://{}", reachable(http)),
        }
    }
}

/// An address that listens everywhere is reached at loopback from this machine.
pub fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(std::net::Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(std::net::Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// The variables, each asked for by its name: what else begins with the prefix (container platforms add such variables
/// by themselves) is none of ours, see [`strangers`]. An empty one counts as absent.
fn environment() -> Result<std::collections::BTreeMap<&'static str, String>, Error> {
    let mut found = std::collections::BTreeMap::new();
    for (key, _) in DEFAULTS.iter().filter(|(key, _)| *key != "config") {
        let Some(value) = std::env::var_os(format!("{PREFIX}{}", key.to_uppercase())) else { continue };
        let value =
            value.into_string().map_err(|_| Error(format!("{}: is not UTF-8", key.replace('_', "-"))))?;
        if !value.is_empty() {
            found.insert(*key, value);
        }
    }
    Ok(found)
}

/// Variables that look like ours and are not: a typing error, most likely, and worth a line in the log.
pub fn strangers() -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| {
            let Some(key) = name.strip_prefix(PREFIX) else { return false };
            !key.starts_with("TEST_") && !DEFAULTS.iter().any(|(known, _)| known.eq_ignore_ascii_case(key))
        })
        .collect()
}

/// The file's keys may be spelled like the flags (`data-dir`) or like identifiers (`data_dir`).
fn toml(path: &Path) -> Result<impl figment::Provider, Error> {
    let table: figment::value::Dict = Figment::from(Toml::file_exact(path))
        .extract()
        .map_err(|error| Error(format!("{}: {error}", path.display())))?;
    let known = |key: &str| DEFAULTS.iter().any(|(known, _)| *known == key && *known != "config");
    let mut dict = figment::value::Dict::new();
    for (key, value) in table {
        let name = key.replace('-', "_");
        if !known(&name) {
            return Err(Error(format!("{}: unknown key `{key}`", path.display())));
        }
        if dict.insert(name, value).is_some() {
            return Err(Error(format!("{}: the key `{key}` is there twice", path.display())));
        }
    }
    Ok(Serialized::defaults(dict))
}

/// One line per problem, each with the key as the flag spells it. What a secret held is not said.
fn explain(error: figment::Error) -> Error {
    let lines: Vec<String> = error
        .into_iter()
        .map(|error| {
            let key = error.path.join(".").replace('_', "-");
            format!("{key}: {}", error.kind)
        })
        .collect();
    Error(lines.join("\n"))
}

// --- values ---------------------------------------------------------------------------------------------------------

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs in a folder and an environment of its own.
    #[expect(clippy::result_large_err, reason = "the type is the library's")]
    fn jail(run: impl FnOnce(&mut figment::Jail)) {
        figment::Jail::expect_with(|jail| {
            for name in DEFAULTS.map(|(key, _)| format!("{PREFIX}{}", key.to_uppercase())) {
                if std::env::var_os(&name).is_some() {
                    jail.set_env(&name, "");
                }
            }
            run(jail);
            Ok(())
        });
    }

    fn flags(words: &[&str]) -> Flags {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            flags: Flags,
        }
        use clap::Parser as _;
        Line::try_parse_from([&["switchroom"], words].concat()).unwrap().flags
    }

    fn load(words: &[&str]) -> Result<Config, String> {
        Config::load(&flags(words)).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_the_contract_s() {
        jail(|_| {
            let config = load(&[]).unwrap();
            assert_eq!(config.http, "127.0.0.1:8080".parse().unwrap());
            assert_eq!(config.sip, SipAddress::At("127.0.0.1:5060".parse().unwrap()));
            assert_eq!(config.sip_trust, Trust::default());
            assert_eq!(config.data_dir, PathBuf::from("./data"));
            assert_eq!((config.database_url.as_ref(), config.redis_url.as_ref()), (None, None));
            assert_eq!((config.smtp_url.as_ref(), config.mail_from.as_ref()), (None, None));
            assert_eq!((config.demo, config.demo_agents), (Demo::Off, 0));
            assert_eq!(config.ring_timeout_ms, Duration::from_secs(30));
            assert_eq!(config.offer_timeout_ms, Duration::from_secs(20));
            assert_eq!(config.wrap_up_ms, Duration::ZERO);
            assert_eq!(config.socket_grace_ms, Duration::from_secs(10));
            assert_eq!(config.call_stale_ms, Duration::from_secs(4 * 3600));
            assert_eq!(config.heartbeat_ms, Duration::from_secs(15));
            assert_eq!(config.webhook_tolerance_s, Duration::from_secs(300));
            assert_eq!(config.quarantine_s, Duration::from_secs(30 * 24 * 3600));
            assert_eq!(config.audit_months, AuditMonths(Some(24)));
            assert_eq!(config.rate_limit, RateLimit::PerToken { per_second: 200, burst: 1000 });
            assert!(!config.private_issuers);
            assert_eq!(config.log_format, LogFormat::Text);
        });
    }

    #[test]
    fn flag_beats_environment_beats_file_beats_default() {
        jail(|jail| {
            jail.create_file(
                FILE,
                "http = \"127.0.0.1:1\"\ndata-dir = \"file\"\nwrap_up_ms = 1\ndemo = true\n",
            )
            .unwrap();
            jail.set_env("SWITCHROOM_HTTP", "127.0.0.1:2");
            jail.set_env("SWITCHROOM_WRAP_UP_MS", "2");
            let config = load(&["--wrap-up-ms", "3"]).unwrap();
            assert_eq!(config.data_dir, PathBuf::from("file"));
            assert_eq!(config.http.port(), 2);
            assert_eq!(config.wrap_up_ms, Duration::from_millis(3));
            assert_eq!(config.demo, Demo::Play);
            assert_eq!(config.ring_timeout_ms, Duration::from_secs(30));
        });
    }

    #[test]
    fn unknown_keys_are_errors_that_name_them() {
        jail(|jail| {
            jail.create_file(FILE, "htpp = \"127.0.0.1:1\"\n").unwrap();
            assert!(load(&[]).unwrap_err().contains("`htpp`"));
            jail.create_file(FILE, "[serve]\nhttp = \"127.0.0.1:1\"\n").unwrap();
            assert!(load(&[]).unwrap_err().contains("`serve`"));
            jail.create_file(FILE, "data-dir = \"a\"\ndata_dir = \"b\"\n").unwrap();
            assert!(load(&[]).unwrap_err().contains("twice"));
            jail.create_file(FILE, "http = \n").unwrap();
            assert!(load(&[]).unwrap_err().contains(FILE));
            assert!(load(&["--config", "absent.toml"]).unwrap_err().contains("absent.toml"));
        });
    }

    #[test]
    fn bad_values_are_errors_that_name_the_key() {
        for (flag, value) in [
            ("--http", "8080"),
            ("--http", "example.com:80"),
            ("--http", "127.0.0.1:99999"),
            ("--sip", "on"),
            ("--sip-trust", "10.0.0.0/33"),
            ("--sip-trust", "everybody"),
            ("--trusted-proxy", "proxy.example"),
            ("--database-url", "localhost"),
            ("--smtp-url", "mail.example.com"),
            ("--public-url", "example.com"),
            ("--public-url", "https://"),
            ("--demo-agents", "-1"),
            ("--demo-agents", "many"),
            ("--ring-timeout-ms", "30s"),
            ("--heartbeat-ms", "1.5"),
            ("--quarantine-s", "99999999999999999999"),
            ("--audit-months", "0"),
            ("--audit-months", "never"),
            ("--rate-limit", "0/s"),
            ("--rate-limit", "fast"),
            ("--log-format", "xml"),
        ] {
            jail(|jail| {
                let key = flag.trim_start_matches("--");
                let option = format!("{flag}={value}");
                let message = load(&[&option]).unwrap_err();
                assert!(message.starts_with(&format!("{key}: ")), "{option}: {message}");
                jail.set_env(format!("{PREFIX}{}", key.replace('-', "_").to_uppercase()), value);
                let message = load(&[]).unwrap_err();
                assert!(message.starts_with(&format!("{key}: ")), "environment {option}: {message}");
            });
        }
        jail(|jail| {
            jail.create_file(FILE, "demo = \"loud\"\n").unwrap();
            assert_eq!(load(&[]).unwrap_err(), "demo: `loud` is not play, quiet or off");
            jail.create_file(FILE, "wrap-up-ms = [1]\n").unwrap();
            assert!(load(&[]).unwrap_err().starts_with("wrap-up-ms: "));
        });
    }

    #[test]
    fn a_bad_database_url_is_not_repeated() {
        jail(|_| assert!(!load(&["--database-url", "user:hunter2@host"]).unwrap_err().contains("hunter2")));
    }

    #[test]
    fn the_demo_has_three_spellings() {
        jail(|_| {
            assert_eq!(load(&["--demo"]).unwrap().demo, Demo::Play);
            assert_eq!(load(&["--demo=quiet"]).unwrap().demo, Demo::Quiet);
            assert_eq!(load(&["--demo=off"]).unwrap().demo, Demo::Off);
        });
    }

    #[test]
    fn limits_and_addresses_read_what_people_write() {
        jail(|_| {
            let config =
                load(&["--rate-limit=off", "--sip=off", "--http=:9000", "--sip-trust=10.1.2.3, ::1"])
                    .unwrap();
            assert_eq!(config.rate_limit, RateLimit::Off);
            assert_eq!(config.sip, SipAddress::Off);
            assert_eq!(config.http, "0.0.0.0:9000".parse().unwrap());
            assert_eq!(config.sip_trust, "10.1.2.3,::1".parse().unwrap());
            let config = load(&["--rate-limit=50/s,60"]).unwrap();
            assert_eq!(config.rate_limit, RateLimit::PerToken { per_second: 50, burst: 60 });
        });
    }

    #[test]
    fn trusted_proxies_are_named_one_by_one_or_in_a_list() {
        jail(|jail| {
            assert_eq!(load(&[]).unwrap().trusted_proxy, "".parse().unwrap());
            let both = "10.0.0.0/8,::1".parse().unwrap();
            let config = load(&["--trusted-proxy=10.0.0.0/8", "--trusted-proxy", "::1"]).unwrap();
            assert_eq!(config.trusted_proxy, both);
            jail.create_file(FILE, "trusted-proxy = [\"10.0.0.0/8\", \"::1\"]\n").unwrap();
            assert_eq!(load(&[]).unwrap().trusted_proxy, both);
            jail.set_env("SWITCHROOM_TRUSTED_PROXY", "192.0.2.1");
            assert_eq!(load(&[]).unwrap().trusted_proxy, "192.0.2.1".parse().unwrap());
        });
    }

    #[test]
    fn the_public_url_follows_the_address_unless_it_is_set() {
        jail(|_| {
            let address = "0.0.0.0:4321".parse().unwrap();
            assert_eq!(load(&[]).unwrap().public_url_at(address), "http://127.0.0.1:4321");
            let config = load(&["--public-url=https://calls.example.com/"]).unwrap();
            assert_eq!(config.public_url_at(address), "https://calls.example.com");
        });
    }

    #[test]
    fn strange_variables_are_noticed_and_test_ones_are_not() {
        jail(|jail| {
            jail.set_env("SWITCHROOM_HTPP", "x");
            jail.set_env("SWITCHROOM_TEST_DATABASE_URL", "x");
            jail.set_env("SWITCHROOM_HTTP", "127.0.0.1:1");
            let found = strangers();
            assert!(found.contains(&"SWITCHROOM_HTPP".to_owned()));
            assert!(!found.iter().any(|name| name.contains("TEST") || name.ends_with("_HTTP")));
            assert!(load(&[]).is_ok());
        });
    }
}
