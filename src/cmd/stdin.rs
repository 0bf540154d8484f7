//! Text that a subcommand takes from its stdin, where `-` stands in its place, so that it is in no list of processes.

use std::io::{self, IsTerminal, Read};

use crate::core::request::{Request, STDIN};
use crate::error::{Failure, Usage};
use crate::types::reason;
use crate::wire::rpc::LINE_LIMIT;

/// The request with its text.
pub(super) fn filled_in(command: &Request) -> Result<Request, Failure> {
    let mut command = command.clone();
    if let Request::Send { secret, text, .. } = &mut command
        && text == STDIN
    {
        *text = if *secret { secret_of_stdin()? } else { text_of_stdin()? };
    }
    Ok(command)
}

/// A terminal would show it while it is typed; the end of the line that it comes in is not part of it.
fn secret_of_stdin() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        let sentence = "--secret: is read from stdin, which is a terminal that would show it: pipe it in, as in \
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
    // One byte more than any session takes, so that it is refused rather than cut.
    let read = io::stdin().lock().take(LINE_LIMIT as u64 + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::Own(format!("coshell: stdin cannot be read: {}", reason(&error))))?;
    Ok(text)
}
