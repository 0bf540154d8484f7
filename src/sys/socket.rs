//! The Unix socket of a session: its path and permissions, and connections that pass file descriptors.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect as connect_fd, socket};
use nix::unistd::{Pid, SysconfVar, Uid, geteuid, sysconf};

use super::fd_passing;
use super::retry::retry;
use super::stream::{ReadResult, StreamFd};

/// File name extension of a session's socket, after the session's id.
const EXTENSION: &str = "sock";

/// Returns the directories for sockets in order of preference: in the directory `runtime`, then in `temporary`, then in
/// `/tmp`, whose path always fits a `sockaddr_un` (108 bytes on Linux, 104 elsewhere: unix(7)).
pub fn directories(runtime: Option<&Path>, temporary: &Path) -> Vec<PathBuf> {
    let own = format!("coshell-{}", geteuid());
    let runtime = runtime.filter(|path| path.is_absolute()).map(|path| path.join("coshell"));
    let mut all: Vec<PathBuf> =
        runtime.into_iter().chain([temporary.join(&own), Path::new("/tmp").join(&own)]).collect();
    all.dedup();
    all
}

/// Returns the sockets in `directory` with the ids of their sessions; none where the directory is missing or not private.
pub fn sockets_in(directory: &Path) -> Vec<(String, PathBuf)> {
    if check_private(directory).is_err() {
        return Vec::new();
    }
    // A directory or an entry that cannot be read has no usable socket; a name that is not UTF-8 is no session's.
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let sockets = entries.filter(|path| path.extension().is_some_and(|extension| extension == EXTENSION));
    let mut all: Vec<_> = sockets.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path))).collect();
    all.sort();
    all
}

/// Why there is no connection to a session.
#[derive(Debug)]
pub enum ConnectError {
    /// A system call failed.
    System(io::Error),
    /// The socket, its directory or the listening process belongs to another user.
    OtherUser,
    /// Other users can replace the socket in this directory, or this path is a symbolic link.
    Unsafe(PathBuf),
    /// The path is no socket.
    NoSocket,
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// Connects to the session that listens on the socket `path`. A socket that another user could have put there is not
/// connected to, and a connection on which another user listens is closed before anything is sent.
pub fn connect(path: &Path) -> Result<UnixStream, ConnectError> {
    // A relative path without a directory has the parent "".
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let folder = own_metadata(directory)?;
    if folder.mode() & 0o022 != 0 {
        return Err(ConnectError::Unsafe(directory.to_owned()));
    }
    if !own_metadata(path)?.file_type().is_socket() {
        return Err(ConnectError::NoSocket);
    }
    // On Linux an interrupted connect(2), which waited for room in the listener's backlog, has had no effect.
    let stream = retry(|| UnixStream::connect(path))?;
    // The owner of the file says who has bound the socket, the credentials say who listens.
    if peer_uid(&stream) == Some(geteuid()) { Ok(stream) } else { Err(ConnectError::OtherUser) }
}

/// Returns the metadata of `path`, which must not be a link or belong to another user.
fn own_metadata(path: &Path) -> Result<Metadata, ConnectError> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Err(ConnectError::Unsafe(path.to_owned()));
    }
    if Uid::from_raw(metadata.uid()) == geteuid() { Ok(metadata) } else { Err(ConnectError::OtherUser) }
}

/// Sends `bytes`, with the descriptors `passed` attached to the first of them.
pub fn send(stream: &mut UnixStream, bytes: &[u8], passed: &[BorrowedFd<'_>]) -> io::Result<()> {
    fd_passing::send(stream, bytes, passed)
}

/// Returns whether the socket `path` of session `id` has no listener any more; `own_id` is the caller's session.
fn is_stale(id: &str, path: &Path, own_id: &str) -> bool {
    // The id is a pid. A session whose process runs is left alone: a connection would wake it. The exception is the own
    // pid, which an earlier process may have had.
    let pid = id.parse().map(Pid::from_raw);
    if id != own_id && pid.is_ok_and(|pid| kill(pid, None) != Err(Errno::ESRCH)) {
        return false;
    }
    // A probe that cannot be made proves nothing: the socket stays.
    let Ok(address) = UnixAddr::new(path) else { return false };
    let Ok(fd) = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None) else { return false };
    let Ok(stream) = StreamFd::own(fd) else { return false };
    // EAGAIN, a full backlog, means a live listener; only ECONNREFUSED means none: unix(7).
    retry(|| connect_fd(stream.as_raw_fd(), &address)) == Err(Errno::ECONNREFUSED)
}

/// Returns the maximum number of descriptors of this process (RLIMIT_NOFILE).
pub fn max_descriptors() -> usize {
    // sysconf(3) fails for an unknown variable only.
    let limit = sysconf(SysconfVar::OPEN_MAX).ok().flatten();
    // Where the system gives no number: _POSIX_OPEN_MAX, the minimum that POSIX requires.
    limit.map_or(20, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

/// Checks that `path` is a directory, not a link, that belongs to this user and is closed to all others.
fn check_private(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let private = metadata.is_dir() && Uid::from_raw(metadata.uid()) == geteuid() && metadata.mode() & 0o077 == 0;
    if private {
        return Ok(());
    }
    let sentence =
        format!("{} is not a directory that only you can access; remove it, or run chmod 700 on it", path.display());
    Err(io::Error::new(ErrorKind::PermissionDenied, sentence))
}

/// The listening socket of a session; its file is removed on drop.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    /// Path of the socket.
    pub path: PathBuf,
}

impl Listener {
    /// Binds the socket of session `id` in the first of `directories` that is usable, and removes stale sockets there.
    /// The error is that of the last directory.
    pub fn bind(directories: &[PathBuf], id: &str) -> io::Result<Self> {
        let mut last_error = io::Error::from(ErrorKind::NotFound);
        for directory in directories {
            match Self::bind_in(directory, id) {
                Ok(listener) => return Ok(listener),
                Err(error) => last_error = error,
            }
        }
        Err(last_error)
    }

    fn bind_in(directory: &Path, id: &str) -> io::Result<Self> {
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => check_private(directory)?,
        }
        for (_, path) in sockets_in(directory).into_iter().filter(|(other, path)| is_stale(other, path, id)) {
            // Another session that starts at the same time may have removed the file already.
            let _ = fs::remove_file(path);
        }
        let path = directory.join(id).with_extension(EXTENSION);
        let listener = UnixListener::bind(&path)?;
        let bound = Self { listener, path };
        fs::set_permissions(&bound.path, Permissions::from_mode(0o600))?;
        bound.listener.set_nonblocking(true)?;
        Ok(bound)
    }

    /// Accepts the next connection of this user; connections of other users are closed at once.
    pub fn accept(&self) -> Accepted {
        loop {
            let stream = match retry(|| self.listener.accept()) {
                Ok((stream, _)) => stream,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Accepted::Nothing,
                    // ECONNABORTED: that connection is gone already, and others may wait behind it (accept(2)).
                    ErrorKind::ConnectionAborted => continue,
                    // EMFILE, ENFILE, ENOMEM: the connection stays in the backlog, and the poll reports it no more.
                    _ => return Accepted::Failed,
                },
            };
            if peer_uid(&stream) == Some(geteuid())
                && let Ok(connection) = Connection::new(stream)
            {
                return Accepted::Client(connection);
            }
        }
    }
}

/// Result of accepting a connection.
#[derive(Debug)]
pub enum Accepted {
    /// A client of this user.
    Client(Connection),
    /// No connection waits.
    Nothing,
    /// The system lacks a resource; a connection may wait.
    Failed,
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.listener.as_raw_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // The file may have been removed already, with its directory.
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns the effective user of the process at the other end: of the one that connected, or the one that listens.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn peer_uid(stream: &UnixStream) -> Option<Uid> {
    // Without credentials the connection is refused like that of another user.
    let credentials = nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials).ok()?;
    Some(Uid::from_raw(credentials.uid()))
}

/// Returns the effective user of the process at the other end: of the one that connected, or the one that listens.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn peer_uid(stream: &UnixStream) -> Option<Uid> {
    // Without credentials the connection is refused like that of another user.
    nix::unistd::getpeereid(stream).ok().map(|(uid, _)| uid)
}

/// Returns the process that connected.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn peer_process(stream: &UnixStream) -> Option<Pid> {
    let credentials = nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials).ok()?;
    // 0 stands for a process of another pid namespace (unix(7)), which may be any.
    Some(Pid::from_raw(credentials.pid())).filter(|process| process.as_raw() > 0)
}

/// Returns `None`: getpeereid(3) does not tell the process.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn peer_process(_: &UnixStream) -> Option<Pid> {
    None
}

/// A connection of a client.
#[derive(Debug)]
pub struct Connection {
    stream: StreamFd,
    process: Option<Pid>,
    leader: Option<Pid>,
    /// Descriptors of the last message that carried any.
    passed: Vec<OwnedFd>,
}

impl Connection {
    /// Takes over `stream`, which must not be shared with another process: it is set to O_NONBLOCK.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        let process = peer_process(&stream);
        // ESRCH: the process has ended already.
        let leader = process.and_then(|process| nix::unistd::getsid(Some(process)).ok());
        Ok(Self { stream: StreamFd::own(stream.into())?, process, leader, passed: Vec::new() })
    }

    /// Returns the process that connected, as far as is known.
    pub fn process(&self) -> Option<Pid> {
        self.process
    }

    /// Returns the leader of the session (setsid(2)) of the process that connected, as far as is known.
    pub fn leader(&self) -> Option<Pid> {
        self.leader
    }

    /// Reads available bytes into `buffer`, and stores the descriptors that arrive with them.
    pub fn read(&mut self, buffer: &mut [u8]) -> ReadResult {
        let (n, passed) = match fd_passing::receive(self.stream.as_fd(), buffer) {
            Ok(received) => received,
            Err(Errno::EAGAIN) => return ReadResult::Nothing,
            Err(_) => return ReadResult::End,
        };
        if !passed.is_empty() {
            self.passed = passed;
        }
        if n == 0 { ReadResult::End } else { ReadResult::Bytes(n) }
    }

    /// Returns the stream to write to.
    pub fn stream(&self) -> &StreamFd {
        &self.stream
    }

    /// Removes and returns the descriptors of the last message that carried any.
    pub fn take_passed(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modes(path: &Path) -> u32 {
        fs::symlink_metadata(path).expect("the path exists").mode() & 0o777
    }

    #[test]
    fn socket_is_private_and_removed_with_listener() {
        let temporary = tempfile::tempdir().expect("a temporary directory is created");
        let directory = temporary.path().join("coshell");
        let listener = Listener::bind(std::slice::from_ref(&directory), "7").expect("the directory is usable");
        assert_eq!((modes(&directory), modes(&listener.path)), (0o700, 0o600));
        assert_eq!(sockets_in(&directory), [("7".to_owned(), listener.path.clone())]);
        drop(listener);
        assert!(sockets_in(&directory).is_empty());
    }

    #[test]
    fn stale_sockets_are_removed_and_live_ones_kept() {
        let temporary = tempfile::tempdir().expect("a temporary directory is created");
        let directories = [temporary.path().join("coshell")];
        let alive = Listener::bind(&directories, "1").expect("the directory is usable");
        // The state after SIGKILL: the file exists without a listener.
        drop(UnixListener::bind(alive.path.with_file_name("99999999.sock")).expect("the path is free"));
        let third = Listener::bind(&directories, "3").expect("the directory is usable");
        let ids: Vec<_> = sockets_in(&directories[0]).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["1", "3"]);
        drop(third);
    }

    #[test]
    fn stale_socket_with_own_pid_is_removed() {
        let temporary = tempfile::tempdir().expect("a temporary directory is created");
        let directories = [temporary.path().join("coshell")];
        let own_id = std::process::id().to_string();
        let path = Listener::bind(&directories, &own_id).expect("the directory is usable").path.clone();
        drop(UnixListener::bind(&path).expect("the path is free"));
        let listener = Listener::bind(&directories, &own_id).expect("the stale socket is removed");
        assert_eq!(listener.path, path);
    }

    #[test]
    fn socket_that_others_can_replace_is_not_connected_to() {
        let temporary = tempfile::tempdir().expect("a temporary directory is created");
        let directory = temporary.path().join("coshell");
        let listener = Listener::bind(std::slice::from_ref(&directory), "7").expect("the directory is usable");
        let link = |target: &Path, name: &str| {
            let path = temporary.path().join(name);
            std::os::unix::fs::symlink(target, &path).expect("the path is free");
            path
        };
        let linked_socket = link(&listener.path, "link.sock");
        let linked_directory = link(&directory, "link");
        let file = temporary.path().join("file.sock");
        fs::write(&file, "").expect("the path is free");
        let outcome = |path: &Path| match connect(path) {
            Ok(_) => "connected",
            Err(ConnectError::System(_)) => "system",
            Err(ConnectError::OtherUser) => "other user",
            Err(ConnectError::Unsafe(_)) => "unsafe",
            Err(ConnectError::NoSocket) => "no socket",
        };
        for (path, expected) in [
            (&listener.path, "connected"),
            (&linked_socket, "unsafe"),
            (&linked_directory.join("7.sock"), "unsafe"),
            (&file, "no socket"),
            (&directory.join("8.sock"), "system"),
        ] {
            assert_eq!(outcome(path), expected, "{}", path.display());
        }
        for (mode, expected) in [(0o755, "connected"), (0o770, "unsafe"), (0o702, "unsafe"), (0o1777, "unsafe")] {
            fs::set_permissions(&directory, Permissions::from_mode(mode)).expect("the directory is ours");
            assert_eq!(outcome(&listener.path), expected, "{mode:o}");
        }
    }

    #[test]
    fn shared_directory_and_link_are_skipped() {
        let temporary = tempfile::tempdir().expect("a temporary directory is created");
        let open = temporary.path().join("open");
        DirBuilder::new().mode(0o755).create(&open).expect("the path is free");
        let real = temporary.path().join("real");
        DirBuilder::new().mode(0o700).create(&real).expect("the path is free");
        let link = temporary.path().join("link");
        std::os::unix::fs::symlink(&real, &link).expect("the path is free");
        let long = temporary.path().join("x".repeat(120));
        let good = temporary.path().join("good");
        let listener =
            Listener::bind(&[open.clone(), link, long, good.clone()], "1").expect("the last directory is usable");
        assert!(listener.path.starts_with(&good));
        let error = Listener::bind(&[open], "1").expect_err("the only directory is shared");
        assert!(error.to_string().contains("chmod 700"), "{error}");
    }
}
