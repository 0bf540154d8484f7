//! The unix socket of a session: where it lies, who may use it, and connections with descriptors passed along.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, SockFlag, SockType, UnixAddr, connect as connect_fd,
    recvmsg, sendmsg, socket,
};
use nix::unistd::{Pid, SysconfVar, Uid, geteuid, sysconf};

use super::stream::{ReadResult, StreamFd, close_on_exec};

/// What a session's socket is called behind its id.
const SUFFIX: &str = "sock";
/// How many descriptors one message may pass.
const PASSED: usize = 3;

/// The directories in which sockets may lie, the best first: in the runtime directory, else in the temporary one, else
/// in `/tmp`, whose path is always short enough for a `sockaddr_un` (108 bytes on Linux, 104 elsewhere).
pub fn directories(runtime: Option<&Path>, temporary: &Path) -> Vec<PathBuf> {
    let own = format!("coshell-{}", geteuid());
    let runtime = runtime.filter(|path| path.is_absolute()).map(|path| path.join("coshell"));
    let mut all: Vec<PathBuf> =
        runtime.into_iter().chain([temporary.join(&own), Path::new("/tmp").join(&own)]).collect();
    all.dedup();
    all
}

/// Every socket in a directory, by the id of its session. One that is not there, or not ours, has none.
pub fn listed(directory: &Path) -> Vec<(String, PathBuf)> {
    if checked(directory).is_err() {
        return Vec::new();
    }
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let sockets = entries.filter(|path| path.extension().is_some_and(|end| end == SUFFIX));
    let mut all: Vec<_> = sockets.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path))).collect();
    all.sort();
    all
}

/// A connection to the session that listens here.
pub fn connect(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path)
}

/// Sends bytes, and descriptors along with the first of them.
pub fn send(stream: &mut UnixStream, bytes: &[u8], passed: &[BorrowedFd<'_>]) -> io::Result<()> {
    let numbers: Vec<RawFd> = passed.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&numbers)];
    let control = if numbers.is_empty() { &[] } else { &rights[..] };
    let sent = sendmsg::<()>(stream.as_raw_fd(), &[IoSlice::new(bytes)], control, MsgFlags::empty(), None)?;
    stream.write_all(&bytes[sent..])
}

/// Whether nobody listens here any more. A session is called by its process id, so one whose process runs is not woken
/// to be asked, unless that is we `ourselves`; one whose queue of connections is full is alive.
fn is_stale(id: &str, path: &Path, ourselves: &str) -> bool {
    let pid = id.parse().map(Pid::from_raw);
    if id != ourselves && pid.is_ok_and(|pid| kill(pid, None) != Err(Errno::ESRCH)) {
        return false;
    }
    let Ok(address) = UnixAddr::new(path) else { return false };
    let Ok(fd) = socket(AddressFamily::Unix, SockType::Stream, SockFlag::empty(), None) else { return false };
    let Ok(end) = StreamFd::own(fd) else { return false };
    connect_fd(end.as_raw_fd(), &address) == Err(Errno::ECONNREFUSED)
}

/// How many descriptors this process may have.
pub fn descriptors() -> usize {
    let most = sysconf(SysconfVar::OPEN_MAX).ok().flatten();
    // Where nobody says, what POSIX wants of all.
    most.map_or(20, |most| usize::try_from(most).unwrap_or(usize::MAX))
}

/// A directory that is ours alone, and no link that somebody else has put there.
fn checked(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let ours = metadata.is_dir() && Uid::from_raw(metadata.uid()) == geteuid() && metadata.mode() & 0o077 == 0;
    if ours {
        return Ok(());
    }
    let sentence = format!("{} is not a directory of yours alone; remove it or chmod 700 it", path.display());
    Err(io::Error::new(ErrorKind::PermissionDenied, sentence))
}

/// The socket that a session listens on; it is removed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    listener: UnixListener,
    /// Where it is.
    pub path: PathBuf,
}

impl Listener {
    /// Listens in the first of these directories where that is possible, and removes what dead sessions left there.
    pub fn bind(directories: &[PathBuf], id: &str) -> io::Result<Self> {
        let mut trouble = io::Error::from(ErrorKind::NotFound);
        for directory in directories {
            match Self::bind_in(directory, id) {
                Ok(listener) => return Ok(listener),
                Err(error) => trouble = error,
            }
        }
        Err(trouble)
    }

    fn bind_in(directory: &Path, id: &str) -> io::Result<Self> {
        match DirBuilder::new().mode(0o700).create(directory) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => checked(directory)?,
        }
        for (_, path) in listed(directory).into_iter().filter(|(other, path)| is_stale(other, path, id)) {
            // Somebody else who starts at this moment may have removed it.
            let _ = fs::remove_file(path);
        }
        let path = directory.join(id).with_extension(SUFFIX);
        let listener = UnixListener::bind(&path)?;
        let bound = Self { listener, path };
        fs::set_permissions(&bound.path, Permissions::from_mode(0o600))?;
        bound.listener.set_nonblocking(true)?;
        Ok(bound)
    }

    /// The next connection of this user; those of others are closed at once.
    pub fn accept(&self) -> Option<Connection> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // Nobody, or one that has gone already, or no descriptor is left for it.
                Err(_) => return None,
            };
            if peer(&stream) == Some(geteuid())
                && let Ok(connection) = Connection::new(stream)
            {
                return Some(connection);
            }
        }
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.listener.as_raw_fd()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have been removed already, with its directory.
        let _ = fs::remove_file(&self.path);
    }
}

/// The user at the other end.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn peer(stream: &UnixStream) -> Option<Uid> {
    // One that cannot be asked is nobody's.
    let credentials = nix::sys::socket::getsockopt(stream, nix::sys::socket::sockopt::PeerCredentials).ok()?;
    Some(Uid::from_raw(credentials.uid()))
}

/// The user at the other end.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn peer(stream: &UnixStream) -> Option<Uid> {
    // One that cannot be asked is nobody's.
    nix::unistd::getpeereid(stream).ok().map(|(uid, _)| uid)
}

/// A client's connection.
#[derive(Debug)]
pub struct Connection {
    end: StreamFd,
    /// The descriptors that came with the last bytes that any came with.
    passed: Vec<OwnedFd>,
}

impl Connection {
    /// One that nobody else has.
    pub fn new(stream: UnixStream) -> io::Result<Self> {
        Ok(Self { end: StreamFd::own(stream.into())?, passed: Vec::new() })
    }

    /// Reads what there is, at most as much as `buffer` holds, and keeps the descriptors that come along.
    pub fn read(&mut self, buffer: &mut [u8]) -> ReadResult {
        let mut room = nix::cmsg_space!([RawFd; PASSED]);
        let mut parts = [IoSliceMut::new(buffer)];
        let message = loop {
            match recvmsg::<()>(self.end.as_raw_fd(), &mut parts, Some(&mut room), MsgFlags::empty()) {
                Ok(message) => break message,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return ReadResult::Nothing,
                Err(_) => return ReadResult::End,
            }
        };
        let mut passed = Vec::new();
        for control in message.cmsgs().into_iter().flatten() {
            if let ControlMessageOwned::ScmRights(fds) = control {
                // SAFETY: the kernel has just made these descriptors for us, and nobody else knows their numbers.
                passed.extend(fds.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
            }
        }
        let n = message.bytes;
        if passed.iter().any(|fd| close_on_exec(fd).is_err()) {
            passed.clear();
        }
        if !passed.is_empty() {
            self.passed = passed;
        }
        if n == 0 { ReadResult::End } else { ReadResult::Bytes(n) }
    }

    /// The end to write to.
    pub fn end(&self) -> &StreamFd {
        &self.end
    }

    /// The descriptors that were passed, once.
    pub fn take_passed(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modes(path: &Path) -> u32 {
        fs::symlink_metadata(path).expect("it is there").mode() & 0o777
    }

    #[test]
    fn a_socket_is_ours_alone_and_goes_with_its_listener() {
        let temporary = tempfile::tempdir().expect("there is room");
        let directory = temporary.path().join("coshell");
        let listener = Listener::bind(std::slice::from_ref(&directory), "7").expect("it can listen");
        assert_eq!((modes(&directory), modes(&listener.path)), (0o700, 0o600));
        assert_eq!(listed(&directory), [("7".to_owned(), listener.path.clone())]);
        drop(listener);
        assert!(listed(&directory).is_empty());
    }

    #[test]
    fn what_dead_sessions_left_is_removed_and_what_lives_is_not() {
        let temporary = tempfile::tempdir().expect("there is room");
        let directories = [temporary.path().join("coshell")];
        let alive = Listener::bind(&directories, "1").expect("it can listen");
        // As SIGKILL leaves it: nobody listens, and the file is there.
        drop(UnixListener::bind(alive.path.with_file_name("99999999.sock")).expect("it can be bound"));
        let third = Listener::bind(&directories, "3").expect("it can listen");
        let ids: Vec<_> = listed(&directories[0]).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, ["1", "3"]);
        drop(third);
    }

    #[test]
    fn one_that_was_left_by_a_process_of_our_own_number_is_removed_too() {
        let temporary = tempfile::tempdir().expect("there is room");
        let directories = [temporary.path().join("coshell")];
        let ours = std::process::id().to_string();
        let path = Listener::bind(&directories, &ours).expect("it can listen").path.clone();
        drop(UnixListener::bind(&path).expect("it can be bound"));
        let listener = Listener::bind(&directories, &ours).expect("what was left is no hindrance");
        assert_eq!(listener.path, path);
    }

    #[test]
    fn a_directory_that_others_may_use_and_a_link_are_passed_over() {
        let temporary = tempfile::tempdir().expect("there is room");
        let open = temporary.path().join("open");
        DirBuilder::new().mode(0o755).create(&open).expect("it can be made");
        let real = temporary.path().join("real");
        DirBuilder::new().mode(0o700).create(&real).expect("it can be made");
        let link = temporary.path().join("link");
        std::os::unix::fs::symlink(&real, &link).expect("it can be made");
        let long = temporary.path().join("x".repeat(120));
        let good = temporary.path().join("good");
        let listener = Listener::bind(&[open.clone(), link, long, good.clone()], "1").expect("the last one will do");
        assert!(listener.path.starts_with(&good));
        let error = Listener::bind(&[open], "1").expect_err("there is no other");
        assert!(error.to_string().contains("chmod 700"), "{error}");
    }
}
