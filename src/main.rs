//! Entry point: parses the command line, runs the session or the subcommand, and maps the result to an exit status.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use coshell::cli;
use coshell::cli::{Answer, Typed};
use coshell::cmd;
use coshell::error::Failure;
use coshell::types::ExitStatus;

fn main() -> ExitCode {
    let argv: Vec<OsString> = env::args_os().collect();
    let status = match cli::parse(argv.iter().cloned()) {
        Ok(Typed::Session(args)) => cmd::session::run(args, &argv).map(ExitStatus::status),
        Ok(Typed::Call(call)) => cmd::client::run(&call),
        Err(Answer::Page(page)) => cmd::output::page(&page),
        Err(Answer::Refused(usage)) => Err(Failure::Usage(usage)),
    };
    match status {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            cmd::output::fail(&failure);
            ExitCode::from(failure.status())
        }
    }
}
