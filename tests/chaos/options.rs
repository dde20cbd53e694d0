//! What the tool is asked.

#[derive(Clone, Debug, clap::Parser)]
#[command(
    name = "chaos",
    about = "Kills and starves the real program under load, and compares what it acknowledged with what it has"
)]
pub struct Options {
    /// crash: kills; starve: the faults beside kills; resume; or whole: all three
    #[arg(value_parser = |word: &str| Scenario::parse(word).ok_or("crash, starve, resume or whole"))]
    pub scenario: Scenario,
    /// Everything random follows from it; new for each run where it is not given
    #[arg(long, default_value_t = rand::random::<u32>().into())]
    pub seed: u64,
    /// Calls per second in the crash scenario
    #[arg(long, default_value_t = 40.0)]
    pub rate: f64,
    /// Calls per second in the resume scenario
    #[arg(long, default_value_t = 50.0)]
    pub pops: f64,
    /// How often the server is killed in the crash scenario
    #[arg(long, default_value_t = 50)]
    pub server: u32,
    /// How often Postgres is killed
    #[arg(long, default_value_t = 10)]
    pub postgres: u32,
    /// How often both are killed at once
    #[arg(long, default_value_t = 5)]
    pub both: u32,
    /// Agents with a socket in the resume scenario
    #[arg(long, default_value_t = 2_000)]
    pub agents: u32,
    /// Restarts of the resume scenario
    #[arg(long, default_value_t = 20)]
    pub restarts: u32,
    /// Shorter pauses between faults, for the test suite
    #[arg(long)]
    pub quick: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    Crash,
    Starve,
    Resume,
    Whole,
}

impl Scenario {
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "crash" => Some(Self::Crash),
            "starve" => Some(Self::Starve),
            "resume" => Some(Self::Resume),
            "whole" => Some(Self::Whole),
            _ => None,
        }
    }
}
