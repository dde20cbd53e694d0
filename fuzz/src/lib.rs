//! Fuzz targets: every place that reads what strangers wrote, as a function of octets that panics where something does
//! not hold. `make fuzz` runs each under libFuzzer (`dev/fuzz`); `make test` replays the seeds and everything that ever
//! failed, and a few thousand mutations of them (`tests/replay.rs`).
//!
//! `corpus/TARGET/` holds seeds, `failures/TARGET/` inputs that once failed; some targets take other rooms' fixtures as
//! seeds too.

pub mod mutate;
pub mod mutations;
#[path = "../../engine/tests/ingest/support.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests of the engine")]
pub mod signing;
pub mod targets;

use std::{fs, path::PathBuf};

use switchroom_engine::ingest::Kind;

/// One way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Sip,
    Hook(Kind),
    Number,
    Socket,
    Csv,
}

impl Target {
    pub fn all() -> impl Iterator<Item = Self> {
        let hooks = Kind::ALL.into_iter().map(Self::Hook);
        [Self::Sip].into_iter().chain(hooks).chain([Self::Number, Self::Socket, Self::Csv])
    }

    pub fn name(self) -> String {
        match self {
            Self::Sip => "sip".to_owned(),
            Self::Hook(kind) => format!("hook-{kind}"),
            Self::Number => "number".to_owned(),
            Self::Socket => "socket".to_owned(),
            Self::Csv => "csv".to_owned(),
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|target| target.name() == name)
    }

    /// Reads the octets as the program would. Panics where a promise is broken.
    pub fn run(self, octets: &[u8]) {
        match self {
            Self::Sip => targets::sip::run(octets),
            Self::Hook(kind) => targets::hook::run(kind, octets),
            Self::Number => targets::number::run(octets),
            Self::Socket => targets::socket::run(octets),
            Self::Csv => targets::csv::run(octets),
        }
    }

    /// Where its seeds and past failures are.
    pub fn folders(self) -> Vec<PathBuf> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut folders =
            vec![here.join("corpus").join(self.name()), here.join("failures").join(self.name())];
        match self {
            Self::Sip => {
                let vectors = here.join("../softphone-bridge/tests/torture");
                folders.extend([vectors.join("rfc4475"), vectors.join("rfc5118")]);
            }
            Self::Hook(kind) => folders.push(here.join("../engine/tests/fixtures").join(kind.as_str())),
            Self::Number | Self::Socket | Self::Csv => {}
        }
        folders.retain(|folder| folder.is_dir());
        folders
    }

    /// Every seed and past failure, with its name.
    pub fn inputs(self) -> Vec<(String, Vec<u8>)> {
        let mut inputs: Vec<(String, Vec<u8>)> = self
            .folders()
            .into_iter()
            .flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten())
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
            .filter_map(|path| Some((path.display().to_string(), fs::read(&path).ok()?)))
            .collect();
        inputs.sort();
        inputs
    }
}
