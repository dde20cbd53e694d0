//! The program `switchroom`: commands, configuration, wiring, the private Postgres and the demo. It knows every room
//! of the house and holds no rule of the trade.
//!
//! A library, because a program is compiled only when all it is made of has been, and a library beside it (ADR 0023).

mod commands;
mod config;
mod console;
mod data_dir;
mod database;
mod demo;
mod gateway;
mod logging;
mod postgres;
mod secrets;
mod serve;
mod welcome;

use std::process::ExitCode;

use clap::Parser as _;

// Bugs on purpose (see tests/sim) have no place in the program, whatever features a build turns on.
const _: () = assert!(!switchroom_core::planted::POSSIBLE, "build the program without the feature `planted`");

/// The program from its arguments to its exit code.
pub fn run() -> ExitCode {
    // Where a library brings a second provider, rustls panics at the first handshake unless one was chosen.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("error: a TLS provider was installed before the program's own");
        return ExitCode::FAILURE;
    }
    let line = match commands::Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version go to standard output with code 0, mistakes to standard error with code 2.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match commands::run(line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}
