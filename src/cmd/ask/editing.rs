//! Completion and check of the line that `ask` edits.

use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use rustyline::completion::{Completer, Pair};
use rustyline::line_buffer::LineBuffer;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Changeset, Context};

use super::words::{Word, closing, quote, shown, split, whole_escapes};
use super::{LIMIT, names};
use crate::display::is_control;

/// Maximum number of names that completion collects. Of more it offers none, since their common beginning is not known.
const MOST_NAMES: usize = 65_536;
/// Maximum number of words that completion joins to a name with blanks.
const MOST_WORDS: usize = 32;

/// Kind of the answer, which decides what completion inserts and what the Enter key accepts.
#[derive(rustyline::Helper, rustyline::Hinter, rustyline::Highlighter)]
pub(super) enum AnswerKind {
    /// Any text. A completed name is inserted as it is.
    Text,
    /// Names of existing files in shell quoting.
    Names {
        /// Directory of relative names, if it is not the working directory.
        dir: Option<PathBuf>,
    },
}

impl Completer for AnswerKind {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(match self {
            Self::Text => complete_text(&line[..at]),
            Self::Names { dir } => complete_word(&line[..at], dir.as_ref()),
        })
    }

    fn update(&self, line: &mut LineBuffer, start: usize, elected: &str, changes: &mut Changeset) {
        // What several words have in common may end in a backslash, which would quote what the user types next.
        let elected = if matches!(self, Self::Names { .. }) { whole_escapes(elected) } else { elected };
        line.replace(start..line.pos(), elected, changes);
    }
}

impl Validator for AnswerKind {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let line = context.input();
        let message = match self {
            _ if line.len() >= LIMIT => Some(format!("\nthe answer takes {} KiB or more", LIMIT / 1024)),
            Self::Text => None,
            Self::Names { dir } => names::read(line, dir.as_deref()).err().map(|refusal| format!("\n{refusal}")),
        };
        Ok(message.map_or(ValidationResult::Valid(None), |message| ValidationResult::Invalid(Some(message))))
    }
}

/// A file whose name begins with the typed text.
struct Match {
    /// The name without its directory.
    name: Vec<u8>,
    is_dir: bool,
}

/// Returns the files whose names begin with `partial` in the directory `head`, which ends in a slash or is empty. Relative
/// names are in `dir`, or else in the working directory.
fn matches(head: &[u8], partial: &[u8], dir: Option<&PathBuf>) -> Vec<Match> {
    let head = if head.is_empty() { b"." } else { head };
    // A directory that cannot be read has no names to offer.
    let Ok(entries) = fs::read_dir(names::within(dir.map(PathBuf::as_path), head)) else { return Vec::new() };
    let found = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_vec();
        // The metadata is that of a link's target; a link without one cannot be read.
        let is_dir = || fs::metadata(entry.path()).map(|metadata| metadata.is_dir()).ok();
        name.starts_with(partial).then(is_dir).flatten().map(|is_dir| Match { name, is_dir })
    });
    let mut found: Vec<Match> = found.take(MOST_NAMES + 1).collect();
    if found.len() > MOST_NAMES {
        return Vec::new();
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Splits a name behind its last slash.
fn split_name(name: &[u8]) -> (&[u8], &[u8]) {
    name.split_at(name.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1))
}

/// Completes the name at the end of `line`, without quoting: the longest end of the line that begins a name, since a name
/// may have blanks. Returns its offset and the names. The line is text and holds neither names that are not UTF-8 nor
/// control characters.
fn complete_text(line: &str) -> (usize, Vec<Pair>) {
    let behind_blanks = line.rmatch_indices(char::is_whitespace).map(|(at, blank)| at + blank.len());
    let mut starts: Vec<usize> = behind_blanks.take(MOST_WORDS).collect();
    if starts.len() < MOST_WORDS {
        starts.push(0);
    }
    let complete = |start: &usize| {
        let (head, partial) = split_name(&line.as_bytes()[*start..]);
        let head = names::expand(head, head.len());
        let pair = |found: Match| {
            let slash = if found.is_dir { "/" } else { "" };
            let display = String::from_utf8(found.name).ok()? + slash;
            let replacement = format!("{}{display}", std::str::from_utf8(&head).ok()?);
            (!replacement.contains(is_control)).then_some(Pair { display, replacement })
        };
        let pairs: Vec<Pair> = matches(&head, partial, None).into_iter().filter_map(pair).collect();
        (!pairs.is_empty()).then_some((*start, pairs))
    };
    starts.iter().rev().find_map(complete).unwrap_or_default()
}

/// Completes the shell word at the end of `line`; returns its offset and the words. The quoting is the user's. A file's word
/// is closed and followed by a blank; a directory's ends in a slash and stays open.
fn complete_word(line: &str, dir: Option<&PathBuf>) -> (usize, Vec<Pair>) {
    let last = split(line).pop().filter(|word| word.end == line.len());
    let word = last.unwrap_or_else(|| Word { start: line.len(), ..Word::unquoted(Vec::new()) });
    let (head, partial) = split_name(&word.text);
    let tilde = names::tilde(head, word.unquoted);
    // The home directory stays as it was typed: quoted, `~` would be a name.
    let (home, rest) = head.split_at(if tilde > 0 { tilde + 1 } else { 0 });
    let pair = |found: Match| {
        let slash: &[u8] = if found.is_dir { b"/" } else { b"" };
        let (quoted, used) = quote(&[rest, &found.name, slash].concat(), word.open);
        let end = if found.is_dir { String::new() } else { format!("{} ", closing(used)) };
        let replacement = format!("{}{quoted}{end}", String::from_utf8_lossy(home));
        Pair { display: shown(&[&found.name, slash].concat()), replacement }
    };
    (word.start, matches(&names::expand(head, word.unquoted), partial, dir).into_iter().map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates a directory with the files `names`; a name that ends in a slash is a directory.
    fn directory(names: &[&[u8]]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory can be created");
        for name in names {
            let path = names::within(Some(dir.path()), name);
            let made = if name.ends_with(b"/") { fs::create_dir_all(path) } else { fs::write(path, "") };
            made.expect("the file can be created");
        }
        dir
    }

    fn replacements((start, pairs): (usize, Vec<Pair>)) -> (usize, Vec<String>) {
        (start, pairs.into_iter().map(|pair| pair.replacement).collect())
    }

    #[test]
    fn word_is_completed_in_its_quoting() {
        let dir = directory(&[
            b"my file",
            b"my dir/",
            b"my dir/it's",
            b"caf\xe9",
            b"caf\xe8",
            b"-n",
            b"~t",
            b"b(1)",
            b"b(2)",
        ]);
        let dir = dir.path().to_owned();
        for (line, start, words) in [
            ("my\\ f", 0, &["my\\ file "][..]),
            ("my", 0, &["my\\ dir/", "my\\ file "]),
            ("my\\", 0, &["my\\ dir/", "my\\ file "]),
            (
                "my ",
                3,
                &["-n ", "b\\(1\\) ", "b\\(2\\) ", "$'caf\\xe8' ", "$'caf\\xe9' ", "my\\ dir/", "my\\ file ", "\\~t "],
            ),
            ("'my", 0, &["'my dir/", "'my file' "]),
            ("-n \"my f", 3, &["\"my file\" "]),
            ("'my dir/", 0, &["'my dir/it'\\''s' "]),
            ("my\\ dir/", 0, &["my\\ dir/it\\'s "]),
            ("\"my dir/i", 0, &["\"my dir/it's\" "]),
            ("caf", 0, &["$'caf\\xe8' ", "$'caf\\xe9' "]),
            // What two names have in common may end within an escape sequence.
            ("$'caf\\xe", 0, &["$'caf\\xe8' ", "$'caf\\xe9' "]),
            ("$'caf\\xe9", 0, &["$'caf\\xe9' "]),
            ("x b", 2, &["b\\(1\\) ", "b\\(2\\) "]),
            ("none", 0, &[]),
        ] {
            let words = (start, words.iter().map(|word| (*word).to_owned()).collect());
            assert_eq!(replacements(complete_word(line, Some(&dir))), words, "{line:?}");
        }
    }

    #[test]
    fn completed_word_is_read_as_its_name() {
        let all: &[&[u8]] =
            &[b"my file", b"it's", b"a\nb", b"caf\xe9", b"$x `y` \"z\" \\", "\u{202e}".as_bytes(), b"~x"];
        let dir = directory(all);
        for name in all {
            for start in ["", "'", "\"", "$'"] {
                let (_, pairs) = complete_word(start, Some(&dir.path().to_owned()));
                let path = names::within(Some(dir.path()), name);
                let read = |pair: &Pair| names::read(&pair.replacement, Some(dir.path())).expect("the file exists");
                assert!(pairs.iter().any(|pair| read(pair) == [path.clone()]), "{start}: {name:?}");
                assert!(
                    !pairs
                        .iter()
                        .any(|pair| pair.display.contains(is_control) || pair.replacement.contains(is_control))
                );
            }
        }
    }

    #[test]
    fn text_is_completed_by_longest_name_without_quoting() {
        let dir = directory(&[b"my file", b"my", b"src/", b"src/it's", b"a\nb", b"caf\xe9"]);
        let at = dir.path().to_str().expect("the path is UTF-8");
        for (typed, start, ends) in [
            ("/my f", "", &["/my file"][..]),
            ("/m", "", &["/my", "/my file"]),
            ("/src/", "", &["/src/it's"]),
            ("/s", "fix ", &["/src/"]),
            ("/my f", "it's in  ", &["/my file"]),
            ("/c", "", &[]),
            ("/a", "", &[]),
        ] {
            let (found, words) = replacements(complete_text(&format!("{start}{at}{typed}")));
            let ends: Vec<String> = ends.iter().map(|end| format!("{at}{end}")).collect();
            assert_eq!((found, words), (if ends.is_empty() { 0 } else { start.len() }, ends), "{start}{typed}");
        }
    }
}
