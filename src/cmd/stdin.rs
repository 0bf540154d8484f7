//! Reads the text of `send` from stdin, so that it does not appear in the list of processes.

use std::io::{self, IsTerminal, Read};

use crate::core::request::{Request, STDIN};
use crate::error::{Failure, Usage};
use crate::types::{read_reason, unreadable};
use crate::wire::rpc::LINE_LIMIT;

/// Returns `command` with `-` replaced by the contents of stdin.
pub(super) fn with_text(command: &Request) -> Result<Request, Failure> {
    let mut command = command.clone();
    if let Request::Send { secret, text, key, .. } = &mut command
        && text == STDIN
    {
        *text = match (key.is_empty(), *secret) {
            (false, _) => String::new(),
            (true, true) => secret_of_stdin()?,
            (true, false) => text_of_stdin()?,
        };
    }
    Ok(command)
}

/// Reads a secret without the newline at its end. Refuses a terminal, which would echo it.
fn secret_of_stdin() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        let sentence = "--secret: the secret is read from stdin, but stdin is a terminal that would show it; use a pipe, as in \
                        'pass show host | coshell send --secret --enter'";
        return Err(Failure::Usage(Usage::of("send", sentence)));
    }
    let mut text = text_of_stdin()?;
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).map(str::len);
    text.truncate(line.unwrap_or(text.len()));
    Ok(text)
}

fn text_of_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    // One byte more than the limit, so that a longer text is refused and not cut.
    let read = io::stdin().lock().take(LINE_LIMIT as u64 + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::Internal(format!("coshell: {}", unreadable("standard input", read_reason(&error)))))?;
    Ok(text)
}
