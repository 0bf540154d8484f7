//! File names in the answer to `ask --files`: typed in the quoting of a shell, dropped on the terminal, or pasted.

use std::borrow::Cow;
use std::env;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::unistd::{User, getuid};

use super::words::{Quote, URL, Word, shown, split};
use crate::types::reason;

/// Why a line gives no names.
#[derive(Debug)]
pub(super) enum NamesError {
    /// The line is blank, or a name is empty.
    Blank,
    /// A name that no file has, as it was read from the line.
    Missing { name: Vec<u8>, unclosed: bool, error: io::Error },
}

impl fmt::Display for NamesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blank => f.write_str("type the name of a file; Tab completes it, Esc ends the question"),
            Self::Missing { name, unclosed, error } => {
                write!(f, "{}: {}", shown(name), reason(error))?;
                f.write_str(if *unclosed { "; the quote is not closed" } else { "" })
            }
        }
    }
}

/// Returns the names of existing files on `line`; relative names are in `dir`, or else in the working directory. The names
/// are words of a shell. Where these name no file, the line is one name without quoting, or each of several lines is read
/// by itself: some terminals insert a dropped file's path as it is.
pub(super) fn read(line: &str, dir: Option<&Path>) -> Result<Vec<PathBuf>, NamesError> {
    match read_one_line(line, dir) {
        Err(NamesError::Missing { .. }) if line.trim().contains('\n') => {
            let lines = line.lines().filter(|line| !line.trim().is_empty());
            Ok(lines.map(|line| read_one_line(line, dir)).collect::<Result<Vec<_>, _>>()?.concat())
        }
        read => read,
    }
}

fn read_one_line(line: &str, dir: Option<&Path>) -> Result<Vec<PathBuf>, NamesError> {
    let words = split(line);
    if words.is_empty() {
        return Err(NamesError::Blank);
    }
    let names: Result<_, NamesError> = words.iter().map(|word| existing(word, dir)).collect();
    names.or_else(|missing| {
        let whole = Word::unquoted(line.trim().as_bytes().to_vec());
        // The words are what the user most likely meant, so the message is about them.
        existing(&whole, dir).map(|name| vec![name]).map_err(|_| missing)
    })
}

/// Returns the path that `word` names, below `dir`, if there is such a file.
fn existing(word: &Word, dir: Option<&Path>) -> Result<PathBuf, NamesError> {
    if word.text.is_empty() {
        return Err(NamesError::Blank);
    }
    let path = match word.text.strip_prefix(URL) {
        Some(url) => Cow::Owned(path_of_url(url)),
        None => expand(&word.text, word.unquoted),
    };
    let path = within(dir, &path);
    match fs::metadata(&path) {
        Ok(_) => Ok(path),
        Err(error) => {
            Err(NamesError::Missing { name: word.text.clone(), unclosed: word.open != Quote::Backslash, error })
        }
    }
}

/// Returns `path`, below `dir` if it is relative.
pub(super) fn within(dir: Option<&Path>, path: &[u8]) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(path));
    dir.map_or_else(|| path.to_owned(), |dir| dir.join(path))
}

/// Returns `text` with the home directory in place of `~` or `~USER`, unless that is quoted, or there is no such user.
/// `unquoted` is the number of unquoted bytes at the start.
pub(super) fn expand(text: &[u8], unquoted: usize) -> Cow<'_, [u8]> {
    let end = tilde(text, unquoted);
    match std::str::from_utf8(&text[..end]).ok().and_then(|tilde| home(tilde.strip_prefix('~')?)) {
        Some(home) => Cow::Owned([home.into_os_string().into_vec().as_slice(), &text[end..]].concat()),
        None => Cow::Borrowed(text),
    }
}

/// Returns the length of `~` or `~USER` at the start of `text`: 0 if there is none, or if it is quoted.
pub(super) fn tilde(text: &[u8], unquoted: usize) -> usize {
    let end = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
    if text.starts_with(b"~") && end <= unquoted { end } else { 0 }
}

/// Returns the home directory of `user`, or of the user of this process if `user` is empty.
fn home(user: &str) -> Option<PathBuf> {
    if !user.is_empty() {
        // A password database that cannot be read has no such user.
        return Some(User::from_name(user).ok()??.dir);
    }
    let variable = env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    variable.or_else(|| Some(User::from_uid(getuid()).ok()??.dir))
}

/// Returns the path of the URL behind `file://`. The host is left out: a file manager names this one.
fn path_of_url(url: &[u8]) -> Vec<u8> {
    let path = &url[url.iter().position(|byte| *byte == b'/').unwrap_or(url.len())..];
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((byte, behind)) = rest.split_first() {
        let hex = (*byte == b'%').then(|| behind.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        let code = hex.filter(|hex| !hex.starts_with('+')).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(code.unwrap_or(*byte));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the names on `line` below a directory with the files `files`, or the message.
    fn names(files: &[&[u8]], line: &str) -> Result<Vec<Vec<u8>>, String> {
        let dir = tempfile::tempdir().expect("a directory can be created");
        for name in files {
            fs::write(within(Some(dir.path()), name), "").expect("the file can be written");
        }
        let line = line.replace("DIR", dir.path().to_str().expect("the path is UTF-8"));
        let below = |path: PathBuf| path.strip_prefix(dir.path()).unwrap_or(&path).as_os_str().as_bytes().to_vec();
        match read(&line, Some(dir.path())) {
            Ok(paths) => Ok(paths.into_iter().map(below).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn names_are_read_in_each_quoting() {
        let files: &[&[u8]] = &[b"a", b"my file", b"it's", b"100% \xc3\xa9", b"caf\xe9", b"-n", b"#x", b"a\nb"];
        for (line, expected) in [
            ("a", &[&b"a"[..]][..]),
            (" a  my\\ file ", &[b"a", b"my file"]),
            // As terminals insert dropped files: VTE and Konsole, Windows Terminal, iTerm2.
            ("'DIR/my file' 'DIR/it'\\''s' ", &[b"my file", b"it's"]),
            ("\"DIR/my file\"", &[b"my file"]),
            ("DIR/my\\ file DIR/it\\'s ", &[b"my file", b"it's"]),
            ("DIR/my file", &[b"my file"]),
            ("DIR/it's", &[b"it's"]),
            ("DIR/my file\nDIR/it's\n\nDIR/a DIR/-n\n", &[b"my file", b"it's", b"a", b"-n"]),
            ("a\nmy\\ file\n", &[b"a", b"my file"]),
            ("file://DIR/my%20file file://localhostDIR/it's", &[b"my file", b"it's"]),
            ("file://DIR/100%25%20%C3%A9\nfile://DIR/caf%e9", &[b"100% \xc3\xa9", b"caf\xe9"]),
            (r"$'caf\xe9' $'a\nb' 'a", &[b"caf\xe9", b"a\nb", b"a"]),
            ("-n #x ./a", &[b"-n", b"#x", b"a"]),
        ] {
            let names = names(files, line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
            let names: Vec<&[u8]> = names.iter().map(|name| name.strip_prefix(b"./").unwrap_or(name)).collect();
            assert_eq!(names, expected, "{line:?}");
        }
    }

    #[test]
    fn words_come_before_line_as_one_name() {
        assert_eq!(names(&[b"a", b"b", b"a b"], "a b"), Ok(vec![b"a".to_vec(), b"b".to_vec()]));
        assert_eq!(names(&[b"my file", b"my\\ file"], "my\\ file"), Ok(vec![b"my file".to_vec()]));
    }

    #[test]
    fn missing_name_is_told_as_it_was_read() {
        for (line, message) in [
            ("a b\\ c", "b c: No such file or directory"),
            ("a 'b c", "b c: No such file or directory; the quote is not closed"),
            ("a\nno file\nnothing", "no: No such file or directory"),
            ("a/b", "a/b: Not a directory"),
            (r"$'\x1b[m\xff'", r"$'\x1b[m\xff': No such file or directory"),
            ("a ''", "type the name of a file; Tab completes it, Esc ends the question"),
            (" \n", "type the name of a file; Tab completes it, Esc ends the question"),
        ] {
            assert_eq!(names(&[b"a"], line), Err(message.to_owned()), "{line:?}");
        }
    }

    #[test]
    fn tilde_is_home_directory_unless_quoted() {
        let own = home("").expect("there is a home directory").into_os_string().into_vec();
        let root = home("root").expect("there is root").into_os_string().into_vec();
        for (text, unquoted, expected) in [
            ("~", 1, own.clone()),
            ("~/a b", 2, [&own, &b"/a b"[..]].concat()),
            ("~root/a", 7, [&root, &b"/a"[..]].concat()),
            ("~/a", 0, b"~/a".to_vec()),
            ("~root/a", 3, b"~root/a".to_vec()),
            ("~no such user/a", 15, b"~no such user/a".to_vec()),
            ("a~/b", 4, b"a~/b".to_vec()),
        ] {
            assert_eq!(*expand(text.as_bytes(), unquoted), expected, "{text:?}");
        }
    }
}
