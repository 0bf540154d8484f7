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

/// A session that accepts connections.
#[derive(Clone, Debug)]
pub(super) struct RunningSession {
    pub(super) id: String,
    pub(super) name: Option<String>,
    path: PathBuf,
}

impl RunningSession {
    /// Returns what `--session` may call it.
    pub(super) fn names(self) -> impl Iterator<Item = String> {
        [self.id].into_iter().chain(self.name)
    }

    /// Returns its id, with its name if it has one.
    fn shown(&self) -> String {
        self.name.as_ref().map_or_else(|| self.id.clone(), |name| format!("{} ({name})", self.id))
    }
}

/// Returns every session of the user that accepts connections.
pub(super) fn alive() -> Vec<RunningSession> {
    let in_directory = |directory: PathBuf| {
        let names = session_name::names_in(&directory);
        let named = move |id: &str| names.iter().find(|(_, of)| of == id).map(|(name, _)| name.clone());
        let sockets = socket::sockets_in(&directory).into_iter();
        sockets.map(move |(id, path)| RunningSession { name: named(&id), id, path })
    };
    directories().into_iter().flat_map(in_directory).filter(|session| socket::connect(&session.path).is_ok()).collect()
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
fn choose(all: Vec<RunningSession>, wanted: Option<&str>) -> Result<PathBuf, String> {
    let is_wanted =
        |session: &RunningSession, wanted: &str| session.id == wanted || session.name.as_deref() == Some(wanted);
    let at = match (wanted, &all[..]) {
        (Some(wanted), all) => all.iter().position(|session| is_wanted(session, wanted)),
        (None, []) => return Err("no session is running; start one with coshell".to_owned()),
        (None, [_]) => Some(0),
        (None, all) => {
            let shown = all.iter().map(RunningSession::shown).collect::<Vec<_>>().join(", ");
            return Err(format!("more than one session is running; choose one with --session: {shown}"));
        }
    };
    let missing = || format!("there is no session '{}'; coshell sessions lists them", wanted.unwrap_or_default());
    at.and_then(|at| all.into_iter().nth(at)).map(|session| session.path).ok_or_else(missing)
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
    let mut all = Vec::new();
    for RunningSession { id, name, path } in alive() {
        // The session may have ended in between.
        let Ok(mut client) = Client::connect(&path) else { continue };
        let status = client.call_in_time(&Request::Status {});
        all.push(Listed { session: id, name, socket: path.to_string_lossy().into_owned(), status });
    }
    all
}

/// Prints the list of sessions; returns the exit status.
pub(super) fn list(json: bool) -> Result<u8, Failure> {
    let all = listed();
    let (text, form) = if json { (format!("{}\n", json!(all)), Form::Json) } else { (as_text(&all), Form::Text) };
    Listing::open().print(&text, form)?;
    Ok(0)
}

fn as_text(all: &[Listed]) -> String {
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

    #[test]
    fn named_or_only_session_is_chosen() {
        let session = |id: &&str| RunningSession {
            id: (*id).to_owned(),
            name: (*id == "8").then(|| "build".to_owned()),
            path: PathBuf::from(id),
        };
        let sessions = |ids: &[&str]| ids.iter().map(session).collect::<Vec<_>>();
        let choose = |ids: &[&str], wanted| choose(sessions(ids), wanted).map(|path| path.display().to_string());
        assert_eq!(choose(&["7"], None), Ok("7".to_owned()));
        assert_eq!(choose(&["7", "8"], Some("8")), Ok("8".to_owned()));
        assert_eq!(choose(&["7", "8"], Some("build")), Ok("8".to_owned()));
        for (ids, wanted, sentence) in [
            (&[][..], None, "no session is running; start one with coshell"),
            (&["7", "8"], None, "more than one session is running; choose one with --session: 7, 8 (build)"),
            (&["7"], Some("8"), "there is no session '8'; coshell sessions lists them"),
            (&[], Some("8"), "there is no session '8'; coshell sessions lists them"),
        ] {
            assert_eq!(choose(ids, wanted), Err(sentence.to_owned()));
        }
    }
}
