//! Parses the command line, runs what it asks for, and turns the result into an exit status.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use coshell::cli::{self, Typed};
use coshell::cmd;
use coshell::words::Exit;

fn main() -> ExitCode {
    let argv: Vec<OsString> = env::args_os().collect();
    let argv0 = argv.first().cloned().unwrap_or_else(|| OsString::from("coshell"));
    let typed = match cli::parse(argv) {
        Ok(typed) => typed,
        Err(answer) => {
            // Help that nobody reads any more (a closed pipe) is no error.
            drop(answer.print());
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    let status = match typed {
        Typed::Session(args) => cmd::session::run(args, &argv0).map(Exit::status),
        Typed::Call(call) => cmd::client::run(&call),
    };
    match status {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.status())
        }
    }
}
