//! Output of subcommands, safe to show: messages always, data where stdout is a terminal; elsewhere data is written as it
//! is. A failed write is an error, so that truncated output never looks complete.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};

use super::connection::own;
use crate::display;
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

/// What is printed, which decides how control characters are kept from a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Lines of text: the characters are left out.
    Text,
    /// Lines of JSON: the characters are escaped.
    Json,
}

impl Form {
    /// Returns `text` as a terminal may show it.
    pub(super) fn shown(self, text: &str) -> String {
        match self {
            Self::Text => display::lines(text),
            Self::Json => display::json(text),
        }
    }
}

/// Writes text to stdout and flushes it.
pub(super) fn print(text: &str) -> Result<Pager, Failure> {
    print_as(text, Form::Text)
}

/// Writes `text` to stdout and flushes it: where that is a terminal, as it may be shown.
pub(super) fn print_as(text: &str, form: Form) -> Result<Pager, Failure> {
    let text = if io::stdout().is_terminal() { Cow::Owned(form.shown(text)) } else { Cow::Borrowed(text) };
    write(text.as_bytes())
}

/// Writes `bytes`, which may be no text, to stdout and flushes it: where that is a terminal, as it may show them.
pub(super) fn print_bytes(bytes: &[u8]) -> Result<Pager, Failure> {
    let shown = io::stdout().is_terminal().then(|| Form::Text.shown(&String::from_utf8_lossy(bytes)));
    write(shown.as_ref().map_or(bytes, String::as_bytes))
}

fn write(bytes: &[u8]) -> Result<Pager, Failure> {
    let mut out = io::stdout().lock();
    pager_state(out.write_all(bytes).and_then(|()| out.flush()))
}

/// Writes a message to stderr. What it quotes may come from elsewhere, also where stderr is no terminal: a log is shown later.
pub fn say(text: &str) {
    // If stderr fails there is no other place for the message; the exit status remains.
    let _ = io::stderr().write_all(display::lines(text).as_bytes());
}

/// Writes why coshell failed to stderr.
pub fn fail(failure: &Failure) {
    match failure {
        // Its parts are safe to show, and the colours are its own.
        Failure::Configuration(shown) => drop(writeln!(io::stderr(), "{shown}")),
        failure => say(&format!("{failure}\n")),
    }
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
