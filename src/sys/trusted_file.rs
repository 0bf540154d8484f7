//! Files that decide what coshell does. One that another user could have written is not read: the file and the directories
//! above it belong to this user or to root, and no one else may write to them, as sshd(8) demands of its users' files
//! (StrictModes in sshd_config(5)).

use std::error::Error;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::unistd::geteuid;

use crate::types::read_reason;

/// Age of the last change from which a file counts as written completely.
const SETTLED: Duration = Duration::from_millis(100);
/// Mode bits with which others than the owner may write.
const SHARED: u32 = 0o022;
/// The sticky bit: only the owner of a file may rename or remove it in this directory (inode(7)).
const STICKY: u32 = 0o1000;

/// Why a file is not read. Displayed as a clause with its remedy.
#[derive(Debug)]
pub enum TrustedFileError {
    /// A system call failed.
    System(io::Error),
    /// The path is a directory, a FIFO or a device.
    NotRegular,
    /// This file, or this directory above it, belongs to another user.
    OtherOwner(PathBuf),
    /// Others may write to this file, or to this directory above it.
    Shared(PathBuf),
    /// The file has more bytes than this limit.
    TooLarge(u64),
}

impl Error for TrustedFileError {}

impl fmt::Display for TrustedFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => f.write_str(&read_reason(error)),
            Self::NotRegular => f.write_str("it is not a regular file; name one"),
            Self::OtherOwner(path) => {
                let path = path.display();
                write!(f, "{path} belongs to another user, who could change it; use a file of your own")
            }
            Self::Shared(path) => {
                let path = path.display();
                write!(f, "other users can write to {path}; run chmod go-w '{path}'")
            }
            Self::TooLarge(limit) => {
                write!(f, "it has more than {limit} bytes, the limit; split it, or make it shorter")
            }
        }
    }
}

impl From<io::Error> for TrustedFileError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// What stat(2) says of a file, as far as it tells one content from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileStamp {
    device: u64,
    inode: u64,
    size: u64,
    /// Change of the content, in seconds and nanoseconds.
    modified: (i64, i64),
    /// Change of owner, mode or content, in seconds and nanoseconds.
    changed: (i64, i64),
}

impl FileStamp {
    /// Returns the stamp of the file `path`; `None` where it cannot be looked at.
    pub fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|metadata| Self::new(&metadata))
    }

    fn new(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Returns whether the last change is long enough ago that no editor is writing the file. A time in the future is that
    /// of another clock.
    pub fn is_settled(&self) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let since_epoch = Duration::new(seconds.try_into().unwrap_or(0), nanoseconds.try_into().unwrap_or(0));
        let changed = SystemTime::UNIX_EPOCH.checked_add(since_epoch);
        let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
        age.is_none_or(|age| age >= SETTLED)
    }
}

/// Reads the regular file `path` of at most `limit` bytes. The directories above it are checked up to `home` where it lies
/// there. Never waits, as for the other end of a FIFO.
pub fn read(path: &Path, limit: u64, home: Option<&Path>) -> Result<(Vec<u8>, FileStamp), TrustedFileError> {
    // O_NONBLOCK: opening a FIFO would wait for its other end (fifo(7)), and a device for its line.
    let flags = libc::O_NOCTTY | libc::O_CLOEXEC | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    // Of the open file, not of the path, which may name another file by now.
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(TrustedFileError::NotRegular);
    }
    check(path, &metadata)?;
    check_directories(path, home)?;
    Ok((contents(&file, limit)?, FileStamp::new(&metadata)))
}

fn contents(file: &File, limit: u64) -> Result<Vec<u8>, TrustedFileError> {
    let mut contents = Vec::new();
    file.take(limit + 1).read_to_end(&mut contents)?;
    if contents.len() as u64 > limit { Err(TrustedFileError::TooLarge(limit)) } else { Ok(contents) }
}

/// Refuses a file or directory that belongs to another user, or that others may write to. In a sticky directory others may
/// create files, which would be theirs, but not replace one.
fn check(path: &Path, metadata: &Metadata) -> Result<(), TrustedFileError> {
    let is_sticky = metadata.is_dir() && metadata.mode() & STICKY != 0;
    if metadata.uid() != 0 && metadata.uid() != geteuid().as_raw() {
        Err(TrustedFileError::OtherOwner(path.to_owned()))
    } else if metadata.mode() & SHARED != 0 && !is_sticky {
        Err(TrustedFileError::Shared(path.to_owned()))
    } else {
        Ok(())
    }
}

/// Checks the directories above `path`, where it stands and where its symbolic links lead.
fn check_directories(path: &Path, home: Option<&Path>) -> Result<(), TrustedFileError> {
    let home = home.and_then(|home| home.canonicalize().ok());
    let folder = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    };
    let target = path.canonicalize()?;
    for start in [folder.canonicalize()?.as_path(), target.parent().unwrap_or(&target)] {
        for directory in start.ancestors() {
            check(directory, &fs::metadata(directory)?)?;
            if Some(directory) == home.as_deref() {
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use nix::sys::stat::Mode;
    use nix::unistd::{Uid, chown, mkfifo};

    use super::*;

    fn outcome(path: &Path) -> String {
        read(path, 16, None).map_or_else(|error| error.to_string(), |(bytes, _)| format!("{} bytes", bytes.len()))
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
    }

    #[test]
    fn only_what_others_cannot_write_is_read() {
        let dir = tempfile::tempdir().expect("a temporary directory is created");
        let path = |name: &str| dir.path().join(name);
        for (name, mode) in [("own", 0o600), ("readable", 0o644), ("group", 0o664), ("all", 0o606)] {
            fs::write(path(name), "text").expect("the path is free");
            chmod(&path(name), mode);
        }
        for (name, mode) in [("open", 0o777), ("sticky", 0o1777), ("shut", 0o755)] {
            fs::create_dir_all(path(name).join("below")).expect("the path is free");
            fs::write(path(name).join("below/file"), "text").expect("the path is free");
            chmod(&path(name).join("below/file"), 0o600);
            chmod(&path(name).join("below"), 0o755);
            chmod(&path(name), mode);
        }
        fs::write(path("large"), "seventeen bytes!!").expect("the path is free");
        symlink(path("own"), path("link")).expect("the path is free");
        symlink(path("open/below/file"), path("link out")).expect("the path is free");
        mkfifo(&path("fifo"), Mode::S_IRUSR | Mode::S_IWUSR).expect("the path is free");
        let shared = |name: &str| format!("other users can write to {0}; run chmod go-w '{0}'", path(name).display());
        for (name, expected) in [
            ("own", "4 bytes".to_owned()),
            ("readable", "4 bytes".to_owned()),
            ("link", "4 bytes".to_owned()),
            ("sticky/below/file", "4 bytes".to_owned()),
            ("shut/below/file", "4 bytes".to_owned()),
            ("group", shared("group")),
            ("all", shared("all")),
            ("open/below/file", shared("open")),
            ("link out", shared("open")),
            ("large", "it has more than 16 bytes, the limit; split it, or make it shorter".to_owned()),
            ("shut", "it is not a regular file; name one".to_owned()),
            ("fifo", "it is not a regular file; name one".to_owned()),
            ("missing", "No such file or directory; name a file that exists".to_owned()),
        ] {
            assert_eq!(outcome(&path(name)), expected, "{name}");
        }
        let home = path("open/below");
        assert!(read(&home.join("file"), 16, Some(&home)).is_ok(), "directories above the home are not looked at");
        if geteuid().is_root() {
            chown(&path("own"), Some(Uid::from_raw(65534)), None).expect("root may give a file away");
            assert!(outcome(&path("own")).contains("belongs to another user"));
        }
    }

    #[test]
    fn stamp_tells_of_content_and_mode() {
        let dir = tempfile::tempdir().expect("a temporary directory is created");
        let path = dir.path().join("file");
        assert_eq!(FileStamp::of(&path), None);
        fs::write(&path, "a").expect("the path is free");
        let first = FileStamp::of(&path).expect("the file exists");
        assert_eq!(FileStamp::of(&path), Some(first.clone()));
        fs::write(&path, "ab").expect("the file is ours");
        assert_ne!(FileStamp::of(&path), Some(first.clone()));
        let old = FileStamp { changed: (1_000_000_000, 0), ..first.clone() };
        let future = FileStamp { changed: (i64::MAX / 2, 0), ..first };
        assert!(old.is_settled());
        assert!(future.is_settled());
    }
}
