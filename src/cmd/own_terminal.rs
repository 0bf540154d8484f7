//! Refuses subcommands that would follow the output of the session on the session's own terminal: each printed line would
//! be a new line to print, without end.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use super::connection::{Client, own};
use crate::core::event_kind::EventKind;
use crate::core::request::Request;
use crate::core::response::StatusResponse;
use crate::display::one_line;
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
    // A session that refuses this request refuses the next one too, which then reports the reason.
    let Ok(status) = client.ask::<StatusResponse>(&Request::Status {})? else { return Ok(()) };
    if Path::new(&status.tty) != here {
        return Ok(());
    }
    let session = one_line(&status.session);
    Err(own(&format!(
        "this is the session's own terminal, where each printed line would be printed again: redirect the output to \
         a file, or use another terminal (coshell {name} --session {session})"
    )))
}
