//! Whether what a subcommand prints is printed in the very session that it asks: a line that is told there is the next
//! line to be told, without end, and pushes everything else out of the history.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use super::answer;
use super::connection::{Client, own};
use crate::core::event_kind::EventKind;
use crate::core::request::Request;
use crate::core::response::StatusResponse;
use crate::error::Failure;
use crate::sys::tty;

/// Refuses to follow the session's lines on the session's own terminal.
pub(super) fn refuse(client: &mut Client, command: &Request) -> Result<(), Failure> {
    let name = match command {
        Request::Lines { follow: true, .. } => "lines -f",
        Request::Subscribe { events } if events.is_empty() || events.contains(&EventKind::Line) => "subscribe",
        _ => return Ok(()),
    };
    let Some(here) = tty::path(io::stdout().as_fd()) else { return Ok(()) };
    // A session that does not say refuses what is asked next as well, and is heard then.
    let Ok(status) = client.ask::<StatusResponse>(&Request::Status {})? else { return Ok(()) };
    if Path::new(&status.tty) != here {
        return Ok(());
    }
    let session = answer::shown(&status.session);
    Err(own(&format!(
        "this is the session's own terminal, where each line that is printed would be the next one to print: write it to \
         a file, or type it in another terminal (coshell {name} --session {session})"
    )))
}
