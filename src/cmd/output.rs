//! What a subcommand prints: whoever reads half of it must not take it for all.

use std::io::{self, ErrorKind, Write};

use super::connection::own;
use crate::error::Failure;
use crate::types::reason;

/// Whether there is anybody to print for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pager {
    /// It was taken.
    Reads,
    /// Nobody reads any more, as behind `| head`: that is no failure, and nothing is said of it.
    Gone,
}

/// Prints this on stdout.
pub(super) fn print(text: &str) -> Result<Pager, Failure> {
    let mut out = io::stdout().lock();
    taken(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Says this on stderr, as it is.
pub fn say(text: &str) {
    // Where that takes nothing there is nowhere to say so: the status tells.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Says on stderr what is wrong.
pub(super) fn complain(sentence: &str) {
    say(&format!("coshell: {sentence}\n"));
}

/// The status of a call that the session refused.
const REFUSED: u8 = 1;

/// Says why the session refused; the exit status.
pub(super) fn refused(sentence: &str) -> u8 {
    complain(sentence);
    REFUSED
}

/// Prints a page of help, or the version; returns the exit status.
pub fn page(page: &clap::Error) -> Result<u8, Failure> {
    taken(page.print())?;
    Ok(0)
}

fn taken(written: io::Result<()>) -> Result<Pager, Failure> {
    match written {
        Ok(()) => Ok(Pager::Reads),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Pager::Gone),
        Err(error) => Err(own(&format!("the output cannot be written: {}", reason(&error)))),
    }
}
