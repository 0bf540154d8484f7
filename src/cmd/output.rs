//! Output of subcommands. A failed write is an error, so that truncated output never looks complete.

use std::io::{self, ErrorKind, Write};

use super::connection::own;
use crate::error::Failure;
use crate::types::reason;

/// Whether stdout still has a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pager {
    /// The write succeeded.
    Reads,
    /// The pipe is closed (EPIPE), as with `| head`. This is not an error.
    Gone,
}

/// Writes `text` to stdout and flushes it.
pub(super) fn print(text: &str) -> Result<Pager, Failure> {
    let mut out = io::stdout().lock();
    pager_state(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Writes `text` to stderr.
pub fn say(text: &str) {
    // If stderr fails there is no other place for the message; the exit status remains.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes a message to stderr, with the name of the program before it.
pub(super) fn complain(sentence: &str) {
    say(&format!("coshell: {sentence}\n"));
}

/// Exit status of a request that the session refused.
const REFUSED: u8 = 1;

/// Prints why the session refused; returns the exit status.
pub(super) fn refused(sentence: &str) -> u8 {
    complain(sentence);
    REFUSED
}

/// Prints a page of help, or the version; returns the exit status.
pub fn page(page: &clap::Error) -> Result<u8, Failure> {
    pager_state(page.print())?;
    Ok(0)
}

fn pager_state(written: io::Result<()>) -> Result<Pager, Failure> {
    match written {
        Ok(()) => Ok(Pager::Reads),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Pager::Gone),
        Err(error) => Err(own(&format!("cannot write the output: {}", reason(&error)))),
    }
}
