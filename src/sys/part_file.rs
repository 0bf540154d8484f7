//! The file in which a part of another is kept until it is whole.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// An open part, which no other process writes while it is open.
#[derive(Debug)]
pub struct PartFile {
    file: File,
    /// `None` where the file system has no locks.
    _lock: Option<Flock<File>>,
}

/// Result of opening a part.
#[derive(Debug)]
pub enum OpenPart {
    /// The part, which is empty or was left by a transfer that was cut.
    Open(PartFile),
    /// Another process writes it.
    Busy,
}

impl PartFile {
    /// Opens or creates the part at `path`. A link, or anything but a file, is refused: another user may have put it there.
    pub fn open(path: &Path) -> io::Result<OpenPart> {
        // O_NONBLOCK: a FIFO would wait for a reader.
        let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK;
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).custom_flags(flags).open(path);
        let file = file.map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => io::Error::other("it is a symbolic link"),
            _ => error,
        })?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let lock = match Flock::lock(file.try_clone()?, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => Some(lock),
            Err((_, Errno::EWOULDBLOCK)) => return Ok(OpenPart::Busy),
            // ENOLCK, EOPNOTSUPP: some network file systems have no locks.
            Err(_) => None,
        };
        Ok(OpenPart::Open(Self { file, _lock: lock }))
    }

    /// Returns the file.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }
}
