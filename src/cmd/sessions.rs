//! The sessions of this user: where their sockets lie, which of them is meant, and the list of them.

use std::env;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::shown;
use super::connection::{Client, own};
use super::output::print;
use crate::core::request::Request;
use crate::core::response::StatusResponse;
use crate::error::Failure;
use crate::sys::socket;

/// Where sockets may lie, as the environment says.
pub(super) fn directories() -> Vec<PathBuf> {
    socket::directories(env::var_os("XDG_RUNTIME_DIR").as_deref().map(Path::new), &env::temp_dir())
}

/// Every session of this user that somebody listens for, with its socket.
pub(super) fn alive() -> Vec<(String, PathBuf)> {
    let all = directories().into_iter().flat_map(|directory| socket::listed(&directory));
    all.filter(|(_, path)| socket::connect(path).is_ok()).collect()
}

/// A connection to the session that is meant: the one that is named, the one inside which it is asked, or the only one.
pub(super) fn connect(wanted: Option<&str>) -> Result<Client, Failure> {
    let inside = env::var_os("COSHELL_SOCKET").filter(|path| !path.is_empty());
    match (wanted, inside) {
        (None, Some(path)) => Client::connect(Path::new(&path)),
        _ => Client::connect(&choose(alive(), wanted).map_err(|sentence| own(&sentence))?),
    }
}

/// The socket of the session that is named, or of the only one.
fn choose(all: Vec<(String, PathBuf)>, wanted: Option<&str>) -> Result<PathBuf, String> {
    let ids: Vec<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
    let at = match (wanted, &ids[..]) {
        (Some(id), _) => ids.iter().position(|known| *known == id),
        (None, []) => return Err("no session is running; coshell starts one".to_owned()),
        (None, [_]) => Some(0),
        (None, _) => return Err(format!("there is more than one session; say which: --session {}", ids.join(", "))),
    };
    let missing = || format!("there is no session '{}'; coshell sessions lists them", wanted.unwrap_or_default());
    at.and_then(|at| all.into_iter().nth(at)).map(|(_, path)| path).ok_or_else(missing)
}

/// A session in the list.
#[derive(Serialize)]
pub(super) struct Listed {
    pub(super) session: String,
    socket: String,
    /// Its status as it came; none where it does not answer.
    pub(super) status: Option<Value>,
}

/// Prints all of them; the exit status.
pub(super) fn list(json: bool) -> Result<u8, Failure> {
    let mut all = Vec::new();
    for (session, path) in alive() {
        // One that ends at this moment is none.
        let Ok(mut client) = Client::connect(&path) else { continue };
        let status = client.call_in_time(&Request::Status {});
        all.push(Listed { session, socket: path.to_string_lossy().into_owned(), status });
    }
    let text = if json { format!("{}\n", json!(all)) } else { as_text(&all) };
    print(&text)?;
    Ok(0)
}

/// The sessions as a list.
fn as_text(all: &[Listed]) -> String {
    all.iter().map(session).collect()
}

fn session(session: &Listed) -> String {
    let id = shown(&session.session);
    let status = match session.status.as_ref().map(StatusResponse::deserialize) {
        None => return format!("{id:>8}  does not answer: it may be stopped\n"),
        Some(Err(_)) => return format!("{id:>8}  cannot be understood: it may run another version of coshell\n"),
        Some(Ok(status)) => status,
    };
    let coproc = status.coprocess.map(|coproc| format!("  coprocess {}", shown(&coproc.command))).unwrap_or_default();
    format!("{id:>8}  {:<12}  {}{coproc}\n", shown(&status.tty), shown(&status.command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_is_named_or_the_only_one_is_meant() {
        let sessions = |ids: &[&str]| ids.iter().map(|id| ((*id).to_owned(), PathBuf::from(id))).collect::<Vec<_>>();
        let choose = |ids: &[&str], wanted| choose(sessions(ids), wanted).map(|path| path.display().to_string());
        assert_eq!(choose(&["7"], None), Ok("7".to_owned()));
        assert_eq!(choose(&["7", "8"], Some("8")), Ok("8".to_owned()));
        for (ids, wanted, sentence) in [
            (&[][..], None, "no session is running; coshell starts one"),
            (&["7", "8"], None, "there is more than one session; say which: --session 7, 8"),
            (&["7"], Some("8"), "there is no session '8'; coshell sessions lists them"),
            (&[], Some("8"), "there is no session '8'; coshell sessions lists them"),
        ] {
            assert_eq!(choose(ids, wanted), Err(sentence.to_owned()));
        }
    }
}
