//! `lend`: gives a program the session's real terminal. The session starts it, since only a child of coshell's can have
//! that terminal; here it is told what to start, and given what the program's standard streams are redirected to.

use std::env;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use serde_json::Value;

use super::client::refused;
use super::connection::{Client, own};
use crate::core::command::Command;
use crate::error::Failure;
use crate::sys::tty;

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
    let request = Command::Lend {
        tty: false,
        command: command.to_vec(),
        directory: Some(directory()?),
        environment: environment(),
        streams: numbers,
    };
    let status = |answer: Value| answer["status"].as_u64().and_then(|status| u8::try_from(status).ok());
    let reply = client.call_with(&request.write(), &passed)?;
    Ok(reply.map_or_else(Lent::Refused, |answer| Lent::Ended(status(answer).unwrap_or(u8::MAX))))
}

fn directory() -> Result<String, Failure> {
    let path = env::current_dir().map_err(|error| own(&format!("the working directory cannot be told: {error}")))?;
    let refused = |path: std::ffi::OsString| {
        own(&format!("{} is not UTF-8, which the session's protocol needs; go to another directory", path.display()))
    };
    path.into_os_string().into_string().map_err(refused)
}

/// What can be told of the environment: JSON is UTF-8.
fn environment() -> Vec<(String, String)> {
    env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
}
