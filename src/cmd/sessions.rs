//! The sessions of the user: finding their sockets, choosing one, and listing them.

use std::env;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::connection::{Client, own};
use super::listing::Listing;
use super::output::Form;
use crate::core::request::Request;
use crate::core::response::StatusResponse;
use crate::display::one_line;
use crate::error::Failure;
use crate::sys::socket;

/// Returns the directories that may contain sockets, from the environment.
pub(super) fn directories() -> Vec<PathBuf> {
    socket::directories(env::var_os("XDG_RUNTIME_DIR").as_deref().map(Path::new), &env::temp_dir())
}

/// Returns the id and the socket of every session of the user that accepts connections.
pub(super) fn alive() -> Vec<(String, PathBuf)> {
    let all = directories().into_iter().flat_map(|directory| socket::sockets_in(&directory));
    all.filter(|(_, path)| socket::connect(path).is_ok()).collect()
}

/// Connects to the session `wanted`, else to the session around this process, else to the only one.
pub(super) fn connect(wanted: Option<&str>) -> Result<Client, Failure> {
    let inside = env::var_os("COSHELL_SOCKET").filter(|path| !path.is_empty());
    match (wanted, inside) {
        (None, Some(path)) => Client::connect(Path::new(&path)),
        _ => Client::connect(&choose(alive(), wanted).map_err(|sentence| own(&sentence))?),
    }
}

/// Returns the socket of the session `wanted`, or of the only session.
fn choose(all: Vec<(String, PathBuf)>, wanted: Option<&str>) -> Result<PathBuf, String> {
    let ids: Vec<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
    let at = match (wanted, &ids[..]) {
        (Some(id), _) => ids.iter().position(|known| *known == id),
        (None, []) => return Err("no session is running; start one with coshell".to_owned()),
        (None, [_]) => Some(0),
        (None, _) => {
            return Err(format!("more than one session is running; choose one with --session: {}", ids.join(", ")));
        }
    };
    let missing = || format!("there is no session '{}'; coshell sessions lists them", wanted.unwrap_or_default());
    at.and_then(|at| all.into_iter().nth(at)).map(|(_, path)| path).ok_or_else(missing)
}

/// An entry of the list of sessions.
#[derive(Serialize)]
pub(super) struct Listed {
    pub(super) session: String,
    socket: String,
    /// Response to `status`, not decoded; `None` if the session does not respond.
    pub(super) status: Option<Value>,
}

/// Prints the list of sessions; returns the exit status.
pub(super) fn list(json: bool) -> Result<u8, Failure> {
    let mut all = Vec::new();
    for (session, path) in alive() {
        // The session may have ended in between.
        let Ok(mut client) = Client::connect(&path) else { continue };
        let status = client.call_in_time(&Request::Status {});
        all.push(Listed { session, socket: path.to_string_lossy().into_owned(), status });
    }
    let (text, form) = if json { (format!("{}\n", json!(all)), Form::Json) } else { (as_text(&all), Form::Text) };
    Listing::open().print(&text, form)?;
    Ok(0)
}

fn as_text(all: &[Listed]) -> String {
    all.iter().map(session).collect()
}

fn session(session: &Listed) -> String {
    let id = one_line(&session.session);
    let status = match session.status.as_ref().map(StatusResponse::deserialize) {
        None => return format!("{id:>8}  does not answer: it may be stopped\n"),
        Some(Err(_)) => return format!("{id:>8}  cannot be decoded: it may run another version of coshell\n"),
        Some(Ok(status)) => status,
    };
    let coproc =
        status.coprocess.map(|coproc| format!("  coprocess {}", one_line(&coproc.command))).unwrap_or_default();
    let job = status.state.job.map(|job| format!(" ({})", one_line(&job.name))).unwrap_or_default();
    let state = format!("{}{job}", status.state.state);
    format!("{id:>8}  {:<12}  {}  {state}{coproc}\n", one_line(&status.tty), one_line(&status.command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_or_only_session_is_chosen() {
        let sessions = |ids: &[&str]| ids.iter().map(|id| ((*id).to_owned(), PathBuf::from(id))).collect::<Vec<_>>();
        let choose = |ids: &[&str], wanted| choose(sessions(ids), wanted).map(|path| path.display().to_string());
        assert_eq!(choose(&["7"], None), Ok("7".to_owned()));
        assert_eq!(choose(&["7", "8"], Some("8")), Ok("8".to_owned()));
        for (ids, wanted, sentence) in [
            (&[][..], None, "no session is running; start one with coshell"),
            (&["7", "8"], None, "more than one session is running; choose one with --session: 7, 8"),
            (&["7"], Some("8"), "there is no session '8'; coshell sessions lists them"),
            (&[], Some("8"), "there is no session '8'; coshell sessions lists them"),
        ] {
            assert_eq!(choose(ids, wanted), Err(sentence.to_owned()));
        }
    }
}
