//! `lend`: gives a program the session's real terminal. The session starts it, since only a child of coshell's can have
//! that terminal; here it is told what to start, and given what the program's standard streams are redirected to.

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

/// What came of it.
pub(super) enum Lent {
    /// The program had the terminal, and ended with this status.
    Ended(u8),
    /// The session refused, for this reason.
    Refused(String),
}

/// Lends the terminal to this command; the exit status is the command's.
pub(super) fn run(client: &mut Client, command: &[String], tty: bool) -> Result<u8, Failure> {
    let (stdin, stdout) = (io::stdin(), io::stdout());
    // Its stderr is always the terminal: fzf and others draw there, and whoever asks may have none.
    let streams = [(0, stdin.as_fd()), (1, stdout.as_fd())];
    let redirected: Vec<_> = streams.into_iter().filter(|(_, fd)| !tty && !tty::is_terminal(*fd)).collect();
    Ok(match lend(client, command, &redirected)? {
        Lent::Ended(status) => status,
        Lent::Refused(sentence) => refused(&sentence),
    })
}

/// Lends the terminal to this command, with these of its standard streams redirected.
pub(super) fn lend(client: &mut Client, command: &[String], streams: &[(u8, BorrowedFd<'_>)]) -> Result<Lent, Failure> {
    let (numbers, passed): (Vec<u8>, Vec<BorrowedFd<'_>>) = streams.iter().copied().unzip();
    let request = Request::Lend {
        tty: false,
        command: command.to_vec(),
        directory: directory()?,
        environment: environment(),
        streams: numbers,
    };
    refuse_what_is_too_long(&request, command)?;
    let answer = client.ask_with::<EndResponse>(&request, &passed)?;
    Ok(answer.map_or_else(Lent::Refused, |end| Lent::Ended(end.status)))
}

/// Where the program runs; where the session was started, if this directory has no name any more.
fn directory() -> Result<Option<String>, Failure> {
    let path = match env::current_dir() {
        Ok(path) => path,
        Err(error) => {
            let instead = "the program runs where the session was started";
            complain(&format!("the working directory cannot be told ({}): {instead}", reason(&error)));
            return Ok(None);
        }
    };
    let refused = |path: std::ffi::OsString| {
        own(&format!("{} is not UTF-8, which the session's protocol needs; go to another directory", path.display()))
    };
    path.into_os_string().into_string().map(Some).map_err(refused)
}

/// What can be told of the environment: JSON is UTF-8.
fn environment() -> Vec<Variable> {
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}

/// The session would refuse it too, but cannot tell of what it has not read.
fn refuse_what_is_too_long(request: &Request, command: &[String]) -> Result<(), Failure> {
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
            "the environment is {}, of which the variable {name} is {}: leave it out, as by env -u {name} coshell ...",
            kib(all),
            kib(size(variable)),
            name = variable.0
        ),
        None => format!("the command is {}; let the program read from a file", kib(arguments)),
    };
    Err(own(&format!("a session takes requests of at most {}, and {sentence}", kib(rpc::LINE_LIMIT))))
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes / 1024)
}
