//! A file that `rz` receives: it is written as `.NAME.part`, and has its name, time and mode when it is whole.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::sys::part_file::{OpenPart, PartFile};
use crate::wire::zmodem::crc32;
use crate::zmodem::offer::FileOffer;

/// Number of bytes that are written at once.
const BUFFER_LEN: usize = 64 * 1024;
/// Maximum number that is added to a name.
const NUMBER_MAX: u32 = 9999;
/// Permission bits of a mode, without set-user-id, set-group-id and sticky.
const PERMISSIONS: u32 = 0o777;

/// What is done about a file that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existing {
    /// It stays, and the new one gets a number.
    Number,
    /// It is replaced.
    Overwrite,
    /// It stays, and the new one is skipped.
    Skip,
}

/// A file that is being received.
pub(super) struct ReceivedFile {
    directory: PathBuf,
    name: OsString,
    path: PathBuf,
    part: PartFile,
    buffer: Vec<u8>,
    existing: Existing,
    offer: FileOffer,
}

impl ReceivedFile {
    /// Opens the part of the file `name` in `directory`.
    pub(super) fn open(directory: &Path, name: Vec<u8>, existing: Existing, offer: FileOffer) -> io::Result<Self> {
        let name = OsString::from_vec(name);
        if existing == Existing::Skip && fs::symlink_metadata(directory.join(&name)).is_ok() {
            return Err(io::Error::new(ErrorKind::AlreadyExists, "it exists"));
        }
        let path = directory.join(part_name(&name));
        let OpenPart::Open(part) = PartFile::open(&path)? else {
            return Err(io::Error::other("another transfer writes it"));
        };
        let buffer = Vec::with_capacity(BUFFER_LEN);
        Ok(Self { directory: directory.to_owned(), name, path, part, buffer, existing, offer })
    }

    /// Returns the file's name for messages.
    pub(super) fn shown_name(&self) -> String {
        self.name.display().to_string()
    }

    /// Returns the size that the sender has told.
    pub(super) fn size(&self) -> Option<u64> {
        self.offer.size
    }

    /// Returns the number of bytes that the part has from an earlier transfer, if they can be the beginning of the file.
    pub(super) fn part_len(&mut self) -> io::Result<u32> {
        let len = self.part.file().metadata()?.len();
        let fits = self.offer.size.is_some_and(|size| len <= size);
        Ok(u32::try_from(len).ok().filter(|_| fits).unwrap_or(0))
    }

    /// Returns the CRC-32 of the part.
    pub(super) fn part_crc(&mut self) -> io::Result<u32> {
        crc_of(self.part.file(), u64::MAX)
    }

    /// Keeps the first `len` bytes of the part.
    pub(super) fn begin(&mut self, len: u32) -> io::Result<()> {
        self.part.file().set_len(u64::from(len))?;
        self.part.file().seek(SeekFrom::Start(u64::from(len))).map(drop)
    }

    /// Appends `data`.
    pub(super) fn store(&mut self, data: &[u8]) -> io::Result<()> {
        if self.buffer.len() + data.len() > BUFFER_LEN {
            self.flush()?;
        }
        self.buffer.extend_from_slice(data);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.part.file().write_all(&self.buffer);
        self.buffer.clear();
        written
    }

    /// Gives the whole file its time, its mode and its name, which is returned.
    pub(super) fn finish(mut self) -> io::Result<PathBuf> {
        self.flush()?;
        if let Some(mode) = self.offer.mode {
            self.part.file().set_permissions(Permissions::from_mode(mode & PERMISSIONS))?;
        }
        let modified =
            self.offer.modified.and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds)));
        if let Some(modified) = modified {
            // A time that the file system cannot store is no reason to lose the file.
            let _ = self.part.file().set_times(FileTimes::new().set_modified(modified));
        }
        let target = self.target()?;
        fs::rename(&self.path, &target)?;
        Ok(target)
    }

    /// Returns the path for the whole file, which is this process's own unless the file is to be overwritten.
    fn target(&self) -> io::Result<PathBuf> {
        let plain = self.directory.join(&self.name);
        if self.existing == Existing::Overwrite {
            return Ok(plain);
        }
        for number in 0..=NUMBER_MAX {
            let path = if number == 0 { plain.clone() } else { numbered(&plain, number) };
            // The name is taken by an empty file, since a rename would replace one that came meanwhile.
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(path),
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                Err(error) if self.existing == Existing::Skip => return Err(error),
                Err(_) => {}
            }
        }
        Err(io::Error::other(format!("it exists, and so do those with the numbers 1 to {NUMBER_MAX}")))
    }

    /// Ends a file that was cut. What has arrived stays in the part, whose path is returned; an empty part is removed.
    pub(super) fn cut(mut self) -> io::Result<Option<PathBuf>> {
        self.flush()?;
        if self.part.file().metadata()?.len() > 0 {
            return Ok(Some(self.path));
        }
        fs::remove_file(&self.path)?;
        Ok(None)
    }
}

fn part_name(name: &OsString) -> OsString {
    OsString::from_vec([b".", name.as_bytes(), b".part"].concat())
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(format!(".{number}"));
    path.into()
}

/// Returns the CRC-32 of the first `len` bytes of `file`.
pub(super) fn crc_of(file: &mut File, len: u64) -> io::Result<u32> {
    file.seek(SeekFrom::Start(0))?;
    let (mut left, mut crc, mut buffer) = (file.take(len), 0, vec![0; BUFFER_LEN]);
    loop {
        match left.read(&mut buffer) {
            Ok(0) => return Ok(crc),
            Ok(n) => crc = crc32(crc, &buffer[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
