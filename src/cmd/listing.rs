//! Output of subcommands that print what the session knows. A trigger that fired on it would capture the list of captured
//! lines.
//!
//! Where stdout is the terminal inside the session around this process, the session itself shows the text, in order with
//! the output of programs, and tries no trigger on it. Neither other writers to the terminal nor the position in the
//! stream matter, and no escape sequence switches triggers off. Everything else, such as a pipe, is written to as usual.

use std::borrow::Cow;
use std::env;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use super::connection::Client;
use super::output::{Form, Pager, print_as};
use crate::core::request::Request;
use crate::core::response::StatusResponse;
use crate::error::Failure;
use crate::sys::tty;

/// Maximum size in bytes of a text that is shown at once. Between two the user may stop the output with Ctrl-S or Ctrl-C.
const PIECE: usize = 4 * 1024;

/// The way to stdout for listings.
pub(super) struct Listing {
    /// The session that shows them; `None` where stdout is not its terminal.
    session: Option<Client>,
}

impl Listing {
    /// Finds out whether stdout is the terminal inside the session around this process.
    pub(super) fn open() -> Self {
        Self { session: session_of_stdout() }
    }

    /// Prints `text`, and waits until it is printed.
    pub(super) fn print(&mut self, text: &str, form: Form) -> Result<Pager, Failure> {
        // The session shows what it is given, as output.
        let text = if self.session.is_some() { Cow::Owned(form.shown(text)) } else { Cow::Borrowed(text) };
        let mut rest = &*text;
        while let Some(session) = &mut self.session
            && !rest.is_empty()
        {
            let (piece, behind) = rest.split_at(piece_length(rest));
            // The line discipline, which the text bypasses, stops output at Ctrl-S: then stdout is not writable.
            tty::wait_until_writable(io::stdout().as_fd());
            match session.call(&Request::Inject { text: piece.to_owned(), no_triggers: true }, &[]) {
                Ok(Ok(_)) => rest = behind,
                // A session that is too busy, has ended or is of another version: the text is printed all the same.
                Ok(Err(_)) | Err(_) => self.session = None,
            }
        }
        if rest.is_empty() { Ok(Pager::Reads) } else { print_as(rest, form) }
    }
}

/// Connects to the session around this process, if stdout is its terminal.
fn session_of_stdout() -> Option<Client> {
    let here = tty::path(io::stdout().as_fd())?;
    let socket = env::var_os("COSHELL_SOCKET").filter(|path| !path.is_empty())?;
    // Without a session that answers there are no triggers either.
    let mut client = Client::connect(Path::new(&socket)).ok()?;
    let status: StatusResponse = client.ask(&Request::Status {}).ok()?.ok()?;
    (Path::new(&status.tty) == here).then_some(client)
}

/// Returns the length of the first piece of `text`: whole lines, where one fits.
fn piece_length(text: &str) -> usize {
    if text.len() <= PIECE {
        return text.len();
    }
    let end = (1..=PIECE).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    text[..end].rfind('\n').map_or(end, |feed| feed + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_at_lines_where_one_fits() {
        let long = "é".repeat(PIECE);
        for (text, length) in [
            ("", 0),
            ("a\nb", 3),
            (&*"line\n".repeat(PIECE), PIECE / 5 * 5),
            (&*long, PIECE),
            (&*format!("x{long}"), PIECE - 1),
        ] {
            assert_eq!(piece_length(text), length);
        }
    }
}
