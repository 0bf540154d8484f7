//! `coshell lend`: runs a program on the real terminal of the session. The session starts the program, because only a child
//! of the session can be the foreground job of that terminal; this client sends the command line, the environment and the
//! redirected standard streams.

use std::env;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::connection::{Client, own};
use super::output::complain;
use super::output::refused;
use crate::core::request::Request;
use crate::core::response::EndResponse;
use crate::error::Failure;
use crate::sys::tty;
use crate::types::reason;
use crate::wire::rpc;

/// A variable of the environment.
type Variable = (String, String);

/// Result of lending the terminal.
pub(super) enum Lent {
    /// The program ended with this status.
    Ended(u8),
    /// The session refused for this reason.
    Refused(String),
}

/// Lends the terminal to `command`; returns its exit status.
pub(super) fn run(client: &mut Client, command: &[String], tty: bool) -> Result<u8, Failure> {
    let (stdin, stdout) = (io::stdin(), io::stdout());
    // stderr is always the terminal: fzf and others draw there, and the caller may be a coprocess without one.
    let streams = [(0, stdin.as_fd()), (1, stdout.as_fd())];
    let redirected: Vec<_> = streams.into_iter().filter(|(_, fd)| !tty && !tty::is_terminal(*fd)).collect();
    Ok(match lend(client, command, &redirected)? {
        Lent::Ended(status) => status,
        Lent::Refused(sentence) => refused(&sentence),
    })
}

/// Lends the terminal to `command` with the redirected standard `streams`, given as numbers and descriptors.
pub(super) fn lend(client: &mut Client, command: &[String], streams: &[(u8, BorrowedFd<'_>)]) -> Result<Lent, Failure> {
    let (numbers, passed): (Vec<u8>, Vec<BorrowedFd<'_>>) = streams.iter().copied().unzip();
    let request = Request::Lend {
        tty: false,
        command: command.to_vec(),
        directory: directory()?,
        environment: environment(),
        streams: numbers,
    };
    refuse_long_request(&request, command)?;
    let answer = client.ask_with::<EndResponse>(&request, &passed)?;
    Ok(answer.map_or_else(Lent::Refused, |end| Lent::Ended(end.status)))
}

/// Returns the working directory, or `None` if it has been removed: the session then uses its own.
fn directory() -> Result<Option<String>, Failure> {
    let path = match env::current_dir() {
        Ok(path) => path,
        Err(error) => {
            let instead = "the program runs in the directory where the session was started";
            complain(&format!("the working directory is not known ({}): {instead}", reason(&error)));
            return Ok(None);
        }
    };
    let refused = |path: std::ffi::OsString| {
        own(&format!(
            "{} is not UTF-8, as the session's protocol requires; change to another directory",
            path.display()
        ))
    };
    path.into_os_string().into_string().map(Some).map_err(refused)
}

/// Returns the environment variables that are UTF-8, as JSON requires.
fn environment() -> Vec<Variable> {
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// Refuses a request that exceeds the line limit. The session would refuse it too, but without naming the cause.
fn refuse_long_request(request: &Request, command: &[String]) -> Result<(), Failure> {
    let line = rpc::request(1, request.write()).to_string();
    if line.len() <= rpc::LINE_LIMIT {
        return Ok(());
    }
    let environment = environment();
    let size = |(name, value): &Variable| name.len() + value.len();
    let (all, arguments) = (environment.iter().map(size).sum(), command.iter().map(String::len).sum());
    let largest = environment.iter().max_by_key(|variable| size(variable)).filter(|_| all > arguments);
    let sentence = match largest {
        Some(variable) => format!(
            "the environment takes {}, of which the variable {name} takes {}: leave it out with env -u {name} coshell ...",
            kib(all),
            kib(size(variable)),
            name = variable.0
        ),
        None => format!("the command takes {}: pass the data in a file", kib(arguments)),
    };
    Err(own(&format!("a request may take at most {}, but {sentence}", kib(rpc::LINE_LIMIT))))
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes / 1024)
}
