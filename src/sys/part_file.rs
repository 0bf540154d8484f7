//! The file in which a part of another is kept until it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::unistd::geteuid;

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

/// Maximum number of attempts to open a part that another process renames meanwhile.
const ATTEMPTS_MAX: usize = 5;

impl PartFile {
    /// Opens or creates the part at `path`. A link, a file of another user and anything but a file are refused: another user
    /// may have put it there.
    pub fn open(path: &Path) -> io::Result<OpenPart> {
        for _ in 0..ATTEMPTS_MAX {
            let (file, is_new) = match Self::create(path) {
                Ok(file) => (file, true),
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                Err(_) => match Self::open_existing(path) {
                    Ok(file) => (file, false),
                    // It was renamed since.
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                },
            };
            let lock = match Flock::lock(file.try_clone()?, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => Some(lock),
                Err((_, Errno::EWOULDBLOCK)) => return Ok(OpenPart::Busy),
                // ENOLCK, EOPNOTSUPP: some network file systems have no locks.
                Err(_) => None,
            };
            // The transfer that had the lock may have renamed the file, which is whole now.
            if Self::is_at(&file, path)? {
                // A file that this process has created may belong to another user: of a network file system, or of vfat.
                if !is_new {
                    refuse_foreign(&file)?;
                }
                return Ok(OpenPart::Open(Self { file, _lock: lock }));
            }
        }
        Ok(OpenPart::Busy)
    }

    fn create(path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path)
    }

    fn open_existing(path: &Path) -> io::Result<File> {
        // O_NONBLOCK: a FIFO would wait for a reader.
        let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NONBLOCK;
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path);
        file.map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => io::Error::other("it is a symbolic link"),
            _ => error,
        })
    }

    /// Returns whether `file` is still the one at `path`.
    fn is_at(file: &File, path: &Path) -> io::Result<bool> {
        let (open, named) = (file.metadata()?, fs::symlink_metadata(path));
        match named {
            Ok(named) => Ok((open.dev(), open.ino()) == (named.dev(), named.ino())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns the file.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }
}

/// Fails for a file that another user may read or write by other means than its path.
fn refuse_foreign(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    let fault = match &metadata {
        metadata if !metadata.is_file() => "it is not a file",
        metadata if metadata.uid() != geteuid().as_raw() => "its part belongs to another user",
        metadata if metadata.nlink() != 1 => "its part has other links",
        _ => return Ok(()),
    };
    Err(io::Error::other(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(path: &Path) -> Option<String> {
        PartFile::open(path).err().map(|error| error.to_string())
    }

    #[test]
    fn part_that_others_can_reach_is_refused() {
        let directory = tempfile::tempdir().expect("a temporary directory is created");
        let (part, other) = (directory.path().join("part"), directory.path().join("other"));
        fs::write(&other, "safe").expect("a file is written");
        fs::hard_link(&other, &part).expect("a link is made");
        assert_eq!(fault(&part).as_deref(), Some("its part has other links"));
        fs::remove_file(&other).expect("the other link is removed");
        assert_eq!(fault(&part), None);
        if geteuid().is_root() {
            std::os::unix::fs::chown(&part, Some(1), None).expect("root may give files away");
            assert_eq!(fault(&part).as_deref(), Some("its part belongs to another user"));
        }
    }

    #[test]
    fn part_is_open_once() {
        let directory = tempfile::tempdir().expect("a temporary directory is created");
        let path = directory.path().join("part");
        let first = PartFile::open(&path).expect("a part is created");
        assert!(matches!(first, OpenPart::Open(_)));
        assert!(matches!(PartFile::open(&path), Ok(OpenPart::Busy)));
        let OpenPart::Open(mut first) = first else { return };
        fs::rename(&path, directory.path().join("whole")).expect("the part is renamed");
        assert!(!PartFile::is_at(first.file(), &path).expect("the file has metadata"));
        let OpenPart::Open(mut second) = PartFile::open(&path).expect("another is created") else {
            panic!("the path is free")
        };
        assert!(PartFile::is_at(second.file(), &path).expect("the file has metadata"));
    }
}
