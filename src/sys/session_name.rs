//! Names of sessions: a symbolic link beside the socket, `NAME.name` to `ID.sock`. symlink(2) fails where the path exists, so
//! that of two sessions that start at once only one gets the name.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::socket;

/// File name extension of a name.
const EXTENSION: &str = "name";

/// The name of a session of this process; it is given up on drop.
#[derive(Debug)]
pub struct ClaimedName(PathBuf);

/// Why a session does not get a name.
#[derive(Debug)]
pub enum ClaimError {
    /// The session with this id has it.
    Taken(String),
    /// A system call failed.
    System(io::Error),
}

impl ClaimedName {
    /// Claims `name` for the session that listens on `socket`, unless a session in one of `directories` has it.
    pub fn claim(directories: &[PathBuf], socket: &Path, name: &str) -> Result<Self, ClaimError> {
        let invalid = || ClaimError::System(ErrorKind::InvalidInput.into());
        let (directory, file) = socket.parent().zip(socket.file_name()).ok_or_else(invalid)?;
        if let Some(id) = directories.iter().find_map(|directory| owner(directory, name)) {
            return Err(ClaimError::Taken(id));
        }
        let path = link(directory, name);
        // The link of a session that was killed.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(ClaimError::System(error)),
            _ => {}
        }
        match symlink(file, &path) {
            Ok(()) => Ok(Self(path)),
            // Another session that starts at the same time was first.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(owner(directory, name).map_or(ClaimError::System(error), ClaimError::Taken))
            }
            Err(error) => Err(ClaimError::System(error)),
        }
    }
}

impl Drop for ClaimedName {
    fn drop(&mut self) {
        // The link may have been removed already, with its directory.
        let _ = fs::remove_file(&self.0);
    }
}

/// Returns the names in `directory`, each with the id of its session, which may have ended.
pub fn names_in(directory: &Path) -> Vec<(String, String)> {
    // A directory or an entry that cannot be read has no usable name.
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let links = entries.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
    links.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), id_of(&path)?))).collect()
}

/// Returns the id of the running session in `directory` that has this name.
fn owner(directory: &Path, name: &str) -> Option<String> {
    let path = link(directory, name);
    let id = id_of(&path)?;
    // A session that is stopped accepts the connection too, in its backlog.
    socket::connect(&directory.join(fs::read_link(&path).ok()?)).is_ok().then_some(id)
}

fn link(directory: &Path, name: &str) -> PathBuf {
    // Not `with_extension`, which would cut a name at a dot.
    directory.join(format!("{name}.{EXTENSION}"))
}

/// Returns the id of the session to whose socket the link `path` leads.
fn id_of(path: &Path) -> Option<String> {
    // What cannot be read is no link of a session.
    fs::read_link(path).ok()?.file_stem()?.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::socket::Listener;

    #[test]
    fn name_belongs_to_one_session_until_it_ends() {
        let temporary = tempfile::tempdir().expect("a temporary directory is created");
        let directories = [temporary.path().join("a"), temporary.path().join("b")];
        let listener = |at: usize, id: &str| Listener::bind(&directories[at..], id).expect("the directory is usable");
        let claim = |listener: &Listener, name: &str| ClaimedName::claim(&directories, &listener.path, name);
        let (first, second) = (listener(0, "1"), listener(1, "2"));
        let name = claim(&first, "build.x").expect("the name is free");
        assert_eq!(names_in(&directories[0]), [("build.x".to_owned(), "1".to_owned())]);
        // Also in another directory.
        assert!(matches!(claim(&second, "build.x"), Err(ClaimError::Taken(id)) if id == "1"));
        drop(name);
        assert!(names_in(&directories[0]).is_empty());
        let name = claim(&second, "build.x").expect("the name has been given up");
        // The state after SIGKILL: the link exists without a listener.
        std::mem::forget(name);
        drop(second);
        assert_eq!(names_in(&directories[1]).len(), 1);
        let third = listener(1, "3");
        claim(&third, "build.x").expect("the session has ended");
    }
}
