//! Files of lines that persist between sessions, oldest first: commands run from the menu, answers to prompts. The file
//! is private to the user; a file that cannot be read is left unchanged.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use super::private_file;
use super::private_file::{Access, PrivateFileError};
use crate::types::{reason, unreadable};

/// Maximum size of a file that is read, in bytes.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// A bounded list of lines in a file, or no file at all.
#[derive(Debug)]
pub struct LineFile {
    path: Option<PathBuf>,
    max_lines: usize,
}

impl LineFile {
    /// Creates a list of at most `max_lines` lines in the file `path`; without a path it stays empty.
    pub fn new(path: Option<PathBuf>, max_lines: usize) -> Self {
        Self { path, max_lines }
    }

    /// Returns the path of the file, if there is one.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Loads the lines, oldest first; none where the file does not exist. The error is a sentence.
    pub fn load(&self) -> Result<Vec<String>, String> {
        let Some(path) = &self.path else { return Ok(Vec::new()) };
        read(path, self.max_lines).map_err(|fault| {
            let remedy = "remove the file, or make it writable by you only";
            unreadable(path.display(), format_args!("{fault}; {remedy}"))
        })
    }

    /// Appends `line`, removes an equal older line, and writes the file. The error is a sentence.
    pub fn append(&self, line: &str) -> Result<(), String> {
        let Some(path) = &self.path else { return Ok(()) };
        // Read again: another session may have appended lines meanwhile.
        let mut lines = self.load()?;
        lines.retain(|old| old != line);
        lines.push(line.to_owned());
        let last = &lines[lines.len().saturating_sub(self.max_lines)..];
        let text: String = last.iter().map(|line| format!("{line}\n")).collect();
        replace(path, &text).map_err(|error| format!("cannot save to {}: {}", path.display(), reason(&error)))
    }
}

fn read(path: &Path, max_lines: usize) -> Result<Vec<String>, String> {
    // A symbolic link, which is refused, would be written back as a plain file.
    let file = match private_file::open(path, Access::Read) {
        Ok(file) => file,
        Err(PrivateFileError::System(error)) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(refusal) => return Err(refusal.to_string()),
    };
    let mut text = String::new();
    match file.take(MAX_BYTES + 1).read_to_string(&mut text) {
        Err(error) if error.kind() == ErrorKind::InvalidData => return Err("it is not UTF-8".to_owned()),
        Err(error) => return Err(reason(&error)),
        Ok(size) if size as u64 > MAX_BYTES => return Err("it is too large".to_owned()),
        Ok(_) => {}
    }
    // A control character would reach the terminal when the line is shown.
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains(char::is_control)).collect();
    Ok(lines[lines.len().saturating_sub(max_lines)..].iter().map(|&line| line.to_owned()).collect())
}

/// Replaces the file `path` by rename(2), so that a concurrent reader finds the old or the new text whole.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let dir = path.parent().unwrap_or_else(|| Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let temporary = path.with_extension(format!("{}.new", process::id()));
    let written = write(&temporary, text).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is reported; a file that was never created cannot be removed.
        drop(fs::remove_file(&temporary));
    }
    written
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    const MAX_LINES: usize = 50;

    fn line_file(dir: &Path) -> (LineFile, PathBuf) {
        let path = dir.join("state/coshell/history");
        (LineFile::new(Some(path.clone()), MAX_LINES), path)
    }

    #[test]
    fn appended_lines_are_loaded_once_each_and_bounded() {
        let dir = tempfile::tempdir().expect("a temporary directory is created");
        let (line_file, path) = line_file(dir.path());
        assert_eq!(line_file.load(), Ok(Vec::new()));
        for command in ["one", "two", "one"] {
            line_file.append(command).expect("the directory is writable");
        }
        assert_eq!(line_file.load(), Ok(vec!["two".to_owned(), "one".to_owned()]));
        let mode = |path: &Path| fs::metadata(path).expect("the file was written").mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().expect("the path has a parent"))), (0o600, 0o700));
        fs::write(&path, "x\n".repeat(3 * MAX_LINES)).expect("the file is writable");
        line_file.append("last").expect("the directory is writable");
        assert_eq!(line_file.load().map(|lines| lines.len()), Ok(MAX_LINES));
    }

    #[test]
    fn bad_file_is_reported_and_left_unchanged() {
        let dir = tempfile::tempdir().expect("a temporary directory is created");
        let (line_file, path) = line_file(dir.path());
        line_file.append("one").expect("the directory is writable");
        fs::write(&path, b"\xff\n").expect("the file is writable");
        let sentence = line_file.append("two").expect_err("the file is not UTF-8");
        assert!(sentence.contains("history") && sentence.contains("UTF-8"), "{sentence}");
        assert_eq!(fs::read(&path).expect("the file was written"), b"\xff\n");
        fs::write(&path, b"one\n").expect("the file is writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("the file is ours");
        assert!(line_file.load().is_err());
    }
}
