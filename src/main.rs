//! Parses the command line, runs what it asks for, and turns the result into an exit status.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use coshell::{cli, cmd};

fn main() -> ExitCode {
    let argv0 = env::args_os().next().unwrap_or_else(|| OsString::from("coshell"));
    let args = match cli::parse(env::args_os()) {
        Ok(args) => args,
        Err(answer) => {
            // Help that nobody reads any more (a closed pipe) is no error.
            drop(answer.print());
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    match cmd::session::run(&args, &argv0) {
        Ok(exit) => ExitCode::from(exit.status()),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.status())
        }
    }
}
