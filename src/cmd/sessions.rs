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
use crate::sys::{session_name, socket};

/// Returns the directories that may contain sockets, from the environment.
pub(super) fn directories() -> Vec<PathBuf> {
    socket::directories(env::var_os("XDG_RUNTIME_DIR").as_deref().map(Path::new), &env::temp_dir())
}

/// A session whose socket exists; it may have been killed.
#[derive(Clone, Debug)]
pub(super) struct FoundSession {
    id: String,
    name: Option<String>,
    path: PathBuf,
}

impl FoundSession {
    /// Returns what `--session` may call it.
    pub(super) fn names(self) -> impl Iterator<Item = String> {
        [self.id].into_iter().chain(self.name)
    }

    fn is_called(&self, wanted: &str) -> bool {
        self.id == wanted || self.name.as_deref() == Some(wanted)
    }

    /// Returns its id, with its name if it has one.
    fn shown(&self) -> String {
        self.name.as_ref().map_or_else(|| self.id.clone(), |name| format!("{} ({name})", self.id))
    }
}

/// Returns every session of the user whose socket exists. No session is woken.
fn found() -> Vec<FoundSession> {
    let in_directory = |directory: PathBuf| {
        let names = session_name::names_in(&directory);
        let named = move |id: &str| names.iter().find(|(_, of)| of == id).map(|(name, _)| name.clone());
        let sockets = socket::sockets_in(&directory).into_iter();
        sockets.map(move |(id, path)| FoundSession { name: named(&id), id, path })
    };
    directories().into_iter().flat_map(in_directory).collect()
}

/// Connects to every session of the user that accepts connections.
pub(super) fn running() -> impl Iterator<Item = (FoundSession, Client)> {
    found().into_iter().filter_map(|session| {
        // A killed session, or one that has ended since.
        let client = Client::connect(&session.path).ok()?;
        Some((session, client))
    })
}

/// Connects to the session `wanted`, else to the session around this process, else to the only one.
pub(super) fn connect(wanted: Option<&str>) -> Result<Client, Failure> {
    let inside = env::var_os("COSHELL_SOCKET").filter(|path| !path.is_empty());
    match (wanted, inside) {
        // Only the sockets of this id or name are tried: a connection wakes a session.
        (Some(wanted), _) => {
            let mut failure = own(&format!("there is no session '{wanted}'; coshell sessions lists them"));
            for session in called(found(), wanted) {
                match Client::connect(&session.path) {
                    Ok(client) => return Ok(client),
                    Err(error) => failure = error,
                }
            }
            Err(failure)
        }
        (None, Some(path)) => Client::connect(Path::new(&path)),
        (None, None) => only(running().collect()).map_err(|sentence| own(&sentence)),
    }
}

/// Returns the sessions that have this id or name.
fn called(all: Vec<FoundSession>, wanted: &str) -> impl Iterator<Item = FoundSession> {
    all.into_iter().filter(move |session| session.is_called(wanted))
}

/// Returns the connection to the only session.
fn only<C>(mut all: Vec<(FoundSession, C)>) -> Result<C, String> {
    match all.len() {
        0 => Err("no session is running; start one with coshell".to_owned()),
        1 => Ok(all.swap_remove(0).1),
        _ => {
            let shown = all.iter().map(|(session, _)| session.shown()).collect::<Vec<_>>().join(", ");
            Err(format!("more than one session is running; choose one with --session: {shown}"))
        }
    }
}

/// An entry of the list of sessions.
#[derive(Serialize)]
pub(super) struct Listed {
    pub(super) session: String,
    /// Its name; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    socket: String,
    /// Response to `status`, not decoded; `None` if the session does not respond.
    pub(super) status: Option<Value>,
}

/// Returns the running sessions with what they answer to `status`.
pub(super) fn listed() -> Vec<Listed> {
    let entry = |(FoundSession { id, name, path }, mut client): (FoundSession, Client)| Listed {
        session: id,
        name,
        socket: path.to_string_lossy().into_owned(),
        status: client.call_in_time(&Request::Status {}),
    };
    running().map(entry).collect()
}

/// Prints the list of sessions; returns the exit status.
pub(super) fn list(json: bool) -> Result<u8, Failure> {
    let all = listed();
    let (text, form) = if json { (format!("{}\n", json!(all)), Form::Json) } else { (as_text(&all), Form::Text) };
    Listing::open().print(&text, form)?;
    Ok(0)
}

/// Returns the list for users.
pub(super) fn as_text(all: &[Listed]) -> String {
    all.iter().map(session).collect()
}

fn session(session: &Listed) -> String {
    let id = one_line(&session.session);
    let name = session.name.as_deref().map(|name| format!("  name {}", one_line(name))).unwrap_or_default();
    let status = match session.status.as_ref().map(StatusResponse::deserialize) {
        None => return format!("{id:>8}  does not answer: it may be stopped{name}\n"),
        Some(Err(_)) => return format!("{id:>8}  cannot be decoded: it may run another version of coshell{name}\n"),
        Some(Ok(status)) => status,
    };
    let coproc =
        status.coprocess.map(|coproc| format!("  coprocess {}", one_line(&coproc.command))).unwrap_or_default();
    let job = status.state.job.map(|job| format!(" ({})", one_line(&job.name))).unwrap_or_default();
    let state = format!("{}{job}", status.state.state);
    format!("{id:>8}  {:<12}  {}{name}  {state}{coproc}\n", one_line(&status.tty), one_line(&status.command))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(ids: &[&str]) -> Vec<FoundSession> {
        let session = |id: &&str| FoundSession {
            id: (*id).to_owned(),
            name: (*id == "8").then(|| "build".to_owned()),
            path: PathBuf::from(id),
        };
        ids.iter().map(session).collect()
    }

    #[test]
    fn session_is_found_by_id_and_by_name() {
        for (ids, wanted, expected) in
            [(&["7", "8"][..], "8", &["8"][..]), (&["7", "8"], "build", &["8"]), (&["7"], "8", &[]), (&[], "8", &[])]
        {
            let found: Vec<_> = called(sessions(ids), wanted).map(|session| session.id).collect();
            assert_eq!(found, expected, "{wanted}");
        }
    }

    #[test]
    fn only_session_is_chosen() {
        let only = |ids| only(sessions(ids).into_iter().map(|session| (session.clone(), session.id)).collect());
        assert_eq!(only(&["7"]), Ok("7".to_owned()));
        assert_eq!(only(&[]), Err("no session is running; start one with coshell".to_owned()));
        assert_eq!(
            only(&["7", "8"]),
            Err("more than one session is running; choose one with --session: 7, 8 (build)".to_owned())
        );
    }
}
