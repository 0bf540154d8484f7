//! A file that `rz` receives: it is written as `.NAME.part`, and has its name, time and mode when it is whole.

use std::ffi::{OsStr, OsString};
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
/// Maximum length of a name in a directory, in bytes.
const NAME_MAX: usize = 255;
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
        match (existing, fs::symlink_metadata(directory.join(&name))) {
            (Existing::Skip, Ok(_)) => return Err(io::Error::new(ErrorKind::AlreadyExists, "it exists")),
            (Existing::Overwrite, Ok(metadata)) if metadata.is_dir() => {
                return Err(io::Error::new(ErrorKind::IsADirectory, "it is a directory here"));
            }
            // The part may have a shorter name, and the whole file could not get its own.
            (_, Err(error)) if error.raw_os_error() == Some(libc::ENAMETOOLONG) => return Err(error),
            _ => {}
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
    pub(super) fn finish(&mut self) -> io::Result<PathBuf> {
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
        let (target, is_own) = self.target()?;
        let renamed = fs::rename(&self.path, &target);
        if renamed.is_err() && is_own {
            // The failure of the rename is what is told.
            let _ = fs::remove_file(&target);
        }
        renamed.map(|()| target)
    }

    /// Returns the path for the whole file, and whether an empty file was created there for it.
    fn target(&self) -> io::Result<(PathBuf, bool)> {
        let plain = self.directory.join(&self.name);
        if self.existing == Existing::Overwrite {
            return Ok((plain, false));
        }
        for number in 0..=NUMBER_MAX {
            let path = if number == 0 { plain.clone() } else { self.directory.join(numbered(&self.name, number)) };
            // The name is taken by an empty file, since a rename would replace one that came meanwhile.
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok((path, true)),
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                Err(error) if self.existing == Existing::Skip => return Err(error),
                Err(_) => {}
            }
        }
        Err(io::Error::other(format!("it exists, and so do those with the numbers 1 to {NUMBER_MAX}")))
    }

    /// Returns the path of the part.
    pub(super) fn part_path(&self) -> &Path {
        &self.path
    }

    /// Ends a file that is not whole. What has arrived stays in the part; an empty part is removed. Returns whether it stays.
    pub(super) fn cut(mut self) -> io::Result<bool> {
        let flushed = self.flush();
        if self.part.file().metadata()?.len() > 0 {
            return flushed.map(|()| true);
        }
        fs::remove_file(&self.path)?;
        flushed.map(|()| false)
    }
}

/// Returns the name of the part: `.NAME.part`, where a name that is too long for that is shortened and followed by its
/// CRC-32, which tells names with the same beginning apart.
fn part_name(name: &OsStr) -> OsString {
    let name = name.as_bytes();
    let (start, end): (&[u8], &[u8]) = (b".", b".part");
    if start.len() + name.len() + end.len() <= NAME_MAX {
        return OsString::from_vec([start, name, end].concat());
    }
    let sum = format!("~{:08x}", crc32(0, name));
    let kept = shortened(name, NAME_MAX - start.len() - sum.len() - end.len());
    OsString::from_vec([start, kept, sum.as_bytes(), end].concat())
}

/// Returns the name with a number, shortened where it would be too long.
fn numbered(name: &OsStr, number: u32) -> OsString {
    let end = format!(".{number}");
    OsString::from_vec([shortened(name.as_bytes(), NAME_MAX - end.len()), end.as_bytes()].concat())
}

/// Returns the beginning of `name` of at most `len` bytes, without a part of a character of UTF-8.
fn shortened(name: &[u8], len: usize) -> &[u8] {
    if name.len() <= len {
        return name;
    }
    // A character has at most three bytes behind its first. Where there are more, the name is not UTF-8.
    let is_start = |at: &usize| !(0x80..0xc0).contains(&name[*at]);
    let end = (len.saturating_sub(3)..=len).rev().find(is_start).unwrap_or(len);
    &name[..end]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened_between_characters_and_stay_distinct() {
        let long = |first: &str, len: usize| OsString::from(format!("{first}{}", "日".repeat(len)));
        for first in ["", "a", "ab", "abc"] {
            for len in [10, 80, 81, 82, 83, 84, 85] {
                let name = long(first, len);
                for changed in [part_name(&name), numbered(&name, 1), numbered(&name, NUMBER_MAX)] {
                    assert!(changed.len() <= NAME_MAX && changed.to_str().is_some(), "{changed:?}");
                }
                let other = OsString::from_vec([name.as_bytes(), b"x"].concat());
                assert_ne!(part_name(&name), part_name(&other));
                assert_eq!(part_name(&name), part_name(&name.clone()));
            }
        }
        assert_eq!(part_name(OsStr::new("data")), ".data.part");
        assert_eq!(numbered(OsStr::new("data"), 12), "data.12");
        assert_eq!(numbered(OsStr::from_bytes(&[0xa0; NAME_MAX]), 1).len(), NAME_MAX);
    }

    #[test]
    fn failed_rename_keeps_part_and_leaves_no_empty_file() {
        let directory = tempfile::tempdir().expect("a temporary directory is created");
        let open = |existing| {
            let file = ReceivedFile::open(directory.path(), b"data".to_vec(), existing, FileOffer::default());
            let mut file = file.expect("the part is opened");
            file.begin(0).expect("the part is writable");
            file.store(b"content").expect("the part is writable");
            file
        };
        let (data, part) = (directory.path().join("data"), directory.path().join(".data.part"));
        let mut file = open(Existing::Number);
        fs::rename(&part, directory.path().join("gone")).expect("the part is renamed");
        file.finish().expect_err("the part has another name");
        assert!(!data.exists());
        let mut file = open(Existing::Overwrite);
        fs::create_dir(&data).expect("a directory is created");
        file.finish().expect_err("a directory has the name");
        assert!(file.cut().expect("the part is kept"));
        assert_eq!(fs::read(&part).expect("the part is there"), b"content");
        let refused = ReceivedFile::open(directory.path(), b"data".to_vec(), Existing::Overwrite, FileOffer::default());
        assert_eq!(refused.err().map(|error| error.to_string()).as_deref(), Some("it is a directory here"));
    }
}
