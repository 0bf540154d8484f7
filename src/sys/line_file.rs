//! Lines that are kept in a file between sessions, oldest first: what was run from the menu, what was answered. The file is
//! the user's alone; one that cannot be read is left as it is.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use crate::types::reason;

/// The largest file that is read.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Where they are kept, if anywhere, and how many.
#[derive(Debug)]
pub struct LineFile {
    path: Option<PathBuf>,
    most: usize,
}

impl LineFile {
    /// At most so many, in this file.
    pub fn new(path: Option<PathBuf>, most: usize) -> Self {
        Self { path, most }
    }

    /// The lines, oldest first; none where there is no file yet.
    pub fn recall(&self) -> Result<Vec<String>, String> {
        let Some(path) = &self.path else { return Ok(Vec::new()) };
        read(path, self.most).map_err(|fault| {
            let path = path.display();
            format!("what was kept in {path} is not known: {fault}; remove the file or make it yours alone")
        })
    }

    /// Keeps another line, as the last one.
    pub fn keep(&self, line: &str) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        // Read again: another session may have kept some meanwhile.
        let mut lines = self.recall()?;
        lines.retain(|known| known != line);
        lines.push(line.to_owned());
        let last = &lines[lines.len().saturating_sub(self.most)..];
        let text: String = last.iter().map(|line| format!("{line}\n")).collect();
        replace(path, &text).map_err(|error| format!("nothing can be kept in {}: {}", path.display(), reason(&error)))
    }
}

fn read(path: &Path, most: usize) -> Result<Vec<String>, String> {
    let flags = libc::O_NOFOLLOW | libc::O_NOCTTY | libc::O_CLOEXEC | libc::O_NONBLOCK;
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(reason(&error)),
    };
    let metadata = file.metadata().map_err(|error| reason(&error))?;
    if !metadata.is_file() || metadata.uid() != nix::unistd::getuid().as_raw() || metadata.mode() & 0o022 != 0 {
        return Err("it is no file, or others may write it".to_owned());
    }
    let mut text = String::new();
    match file.take(LARGEST + 1).read_to_string(&mut text) {
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err("it is not UTF-8".to_owned()),
        Err(error) => return Err(reason(&error)),
        Ok(size) if size as u64 > LARGEST => return Err("it is too large".to_owned()),
        Ok(_) => {}
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains(char::is_control)).collect();
    Ok(lines[lines.len().saturating_sub(most)..].iter().map(|&line| line.to_owned()).collect())
}

/// Puts another file in its place, so that whoever reads it finds the one or the other whole.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let dir = path.parent().unwrap_or_else(|| Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let next = path.with_extension(format!("{}.new", process::id()));
    let written = write(&next, text).and_then(|()| fs::rename(&next, path));
    if written.is_err() {
        // The first error is the one to tell; a file that was never made cannot be removed.
        drop(fs::remove_file(&next));
    }
    written
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const MOST: usize = 50;

    fn kept(dir: &Path) -> (LineFile, PathBuf) {
        let path = dir.join("state/coshell/history");
        (LineFile::new(Some(path.clone()), MOST), path)
    }

    #[test]
    fn what_is_kept_is_recalled_each_once_and_bounded() {
        let dir = tempfile::tempdir().expect("a directory");
        let (kept, path) = kept(dir.path());
        assert_eq!(kept.recall(), Ok(Vec::new()));
        for command in ["one", "two", "one"] {
            kept.keep(command).expect("it can be kept");
        }
        assert_eq!(kept.recall(), Ok(vec!["two".to_owned(), "one".to_owned()]));
        let mode = |path: &Path| fs::metadata(path).expect("it is there").mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("a parent"))), (0o600, 0o700));
        fs::write(&path, "x\n".repeat(3 * MOST)).expect("it can be written");
        kept.keep("last").expect("it can be kept");
        assert_eq!(kept.recall().map(|lines| lines.len()), Ok(MOST));
    }

    #[test]
    fn a_bad_file_is_told_of_and_left_as_it_is() {
        let dir = tempfile::tempdir().expect("a directory");
        let (kept, path) = kept(dir.path());
        kept.keep("one").expect("it can be kept");
        fs::write(&path, b"\xff\n").expect("it can be written");
        let sentence = kept.keep("two").expect_err("it is refused");
        assert!(sentence.contains("history") && sentence.contains("UTF-8"), "{sentence}");
        assert_eq!(fs::read(&path).expect("it is there"), b"\xff\n");
        fs::write(&path, b"one\n").expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("its mode can be changed");
        assert!(kept.recall().is_err());
    }
}
