//! Files that coshell keeps for the user alone: the debug log, the histories of the menu and of `ask`.

use std::error::Error;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use nix::unistd::geteuid;

use crate::types::reason;

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading. Other users must not be able to write to the file.
    Read,
    /// Appending; a file that does not exist is created with mode 0600. Other users must have no access to the file.
    Append,
    /// Writing to a new file, which is created with mode 0600.
    New,
    /// Writing to a file in place of its content; it is created with mode 0600 where it does not exist. Other users must have
    /// no access to it.
    Replace,
}

/// Why a file is not used. Displayed as a clause.
#[derive(Debug)]
pub enum PrivateFileError {
    /// A system call failed.
    System(io::Error),
    /// The path is a symbolic link.
    Link,
    /// The path is a FIFO, a device or a directory.
    NotRegular,
    /// The file belongs to another user, who can read and change it whatever its mode.
    OtherOwner,
    /// The mode of the file gives other users the access that `Access` excludes.
    Shared(Access),
    /// The file has a second name: another user may have linked a file of this user here.
    SecondName,
}

impl Error for PrivateFileError {}

impl fmt::Display for PrivateFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System(error) => return f.write_str(&reason(error)),
            Self::Link => "it is a symbolic link",
            Self::NotRegular => "it is not a regular file",
            Self::OtherOwner => "it belongs to another user",
            Self::Shared(Access::Read) => "other users can write to it",
            Self::Shared(_) => "other users can read it or write to it",
            Self::SecondName => "it has a second name (a hard link)",
        })
    }
}

/// Opens a regular file of this user, to which others have no access that `access` excludes. Never waits, and follows no
/// symbolic link at the end of the path.
pub fn open(path: &Path, access: Access) -> Result<File, PrivateFileError> {
    let mut options = OpenOptions::new();
    match access {
        Access::Read => options.read(true),
        Access::Append => options.append(true).create(true).mode(0o600),
        Access::New => options.write(true).create_new(true).mode(0o600),
        // Its content is cut off below, once the file is known to be the user's own.
        Access::Replace => options.write(true).create(true).truncate(false).mode(0o600),
    };
    // O_NONBLOCK: opening a FIFO would wait for its other end (fifo(7)), and a device for its line. It has no effect on a
    // regular file (open(2)).
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NOCTTY | libc::O_CLOEXEC | libc::O_NONBLOCK);
    let file = options.open(path).map_err(open_error)?;
    // Of the open file, not of the path, which may name another file by now.
    let metadata = file.metadata().map_err(PrivateFileError::System)?;
    let excluded = match access {
        Access::Read => 0o022,
        Access::Append | Access::New | Access::Replace => 0o077,
    };
    if !metadata.is_file() {
        Err(PrivateFileError::NotRegular)
    } else if metadata.uid() != geteuid().as_raw() {
        Err(PrivateFileError::OtherOwner)
    } else if metadata.mode() & excluded != 0 {
        Err(PrivateFileError::Shared(access))
    } else if access != Access::Read && metadata.nlink() > 1 {
        Err(PrivateFileError::SecondName)
    } else {
        if access == Access::Replace {
            file.set_len(0).map_err(PrivateFileError::System)?;
        }
        Ok(file)
    }
}

fn open_error(error: io::Error) -> PrivateFileError {
    match error.raw_os_error() {
        // O_NOFOLLOW: ELOOP in POSIX and on Linux, EMLINK on FreeBSD (open(2)).
        Some(libc::ELOOP | libc::EMLINK) => PrivateFileError::Link,
        // A FIFO without a reader, or a socket: open(2).
        Some(libc::ENXIO | libc::EISDIR | libc::EOPNOTSUPP) => PrivateFileError::NotRegular,
        _ => PrivateFileError::System(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use nix::sys::stat::Mode;
    use nix::unistd::{Uid, chown, mkfifo};

    use super::*;

    fn outcome(path: &Path, access: Access) -> String {
        open(path, access).map_or_else(|refusal| refusal.to_string(), |_| "opened".to_owned())
    }

    #[test]
    fn only_private_regular_file_of_own_user_is_opened() {
        let dir = tempfile::tempdir().expect("a temporary directory is created");
        let path = |name: &str| dir.path().join(name);
        for (name, mode) in [("own", 0o600), ("readable", 0o644), ("writable", 0o620), ("twice", 0o600)] {
            fs::write(path(name), "").expect("the path is free");
            fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).expect("the file is ours");
        }
        fs::hard_link(path("twice"), path("second")).expect("the path is free");
        symlink(path("own"), path("link")).expect("the path is free");
        symlink("/dev/null", path("link to device")).expect("the path is free");
        fs::create_dir(path("directory")).expect("the path is free");
        for name in ["fifo", "read fifo"] {
            mkfifo(&path(name), Mode::S_IRUSR | Mode::S_IWUSR).expect("the path is free");
        }
        let flags = libc::O_NONBLOCK;
        let _reader = OpenOptions::new().read(true).custom_flags(flags).open(path("read fifo")).expect("a FIFO");
        let _listener = UnixListener::bind(path("socket")).expect("the path is free");
        let not_regular = "it is not a regular file";
        for (name, read, append) in [
            ("own", "opened", "opened"),
            ("readable", "opened", "other users can read it or write to it"),
            ("writable", "other users can write to it", "other users can read it or write to it"),
            ("twice", "opened", "it has a second name (a hard link)"),
            ("link", "it is a symbolic link", "it is a symbolic link"),
            ("link to device", "it is a symbolic link", "it is a symbolic link"),
            ("directory", not_regular, not_regular),
            ("fifo", not_regular, not_regular),
            ("read fifo", not_regular, not_regular),
            ("socket", not_regular, not_regular),
            ("missing", "No such file or directory", "opened"),
        ] {
            assert_eq!(outcome(&path(name), Access::Read), read, "{name}");
            assert_eq!(outcome(&path(name), Access::Append), append, "{name}");
        }
        for name in ["readable", "twice", "link", "directory", "fifo"] {
            assert_eq!(outcome(&path(name), Access::Replace), outcome(&path(name), Access::Append), "{name}");
            let refusal = outcome(&path(name), Access::New);
            assert!(["File exists", "it is a symbolic link"].contains(&&*refusal), "{name}: {refusal}");
        }
        fs::write(path("own"), "old").expect("the file is ours");
        assert_eq!(
            (outcome(&path("own"), Access::New), outcome(&path("new"), Access::New)),
            ("File exists".into(), "opened".into())
        );
        assert_eq!(outcome(&path("own"), Access::Replace), "opened");
        assert_eq!(fs::read(path("own")).expect("it exists"), b"");
        assert_eq!(fs::metadata(path("new")).expect("it was created").mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path("missing")).expect("it was created").mode() & 0o777, 0o600);
        assert_eq!(outcome(Path::new("/dev/null"), Access::Append), not_regular);
        if geteuid().is_root() {
            chown(&path("own"), Some(Uid::from_raw(65534)), None).expect("root may give a file away");
            for access in [Access::Read, Access::Append] {
                assert_eq!(outcome(&path("own"), access), "it belongs to another user");
            }
        }
    }
}
