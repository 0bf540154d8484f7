//! Places in the files of a configuration, and from where in a string of TOML a part of its value comes.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A range of bytes in one of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePlace {
    /// Index of the file in [`Sources::files`].
    pub file: usize,
    /// The bytes.
    pub span: Range<usize>,
}

/// A file that was read.
#[derive(Debug)]
pub struct SourceFile {
    /// Its path, as users see it.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The files of a configuration.
#[derive(Debug, Default)]
pub struct Sources {
    /// The files, in the order in which they were opened.
    pub files: Vec<SourceFile>,
}

impl Sources {
    /// Returns the line and the column, in characters, at which `place` begins; both count from 1.
    pub fn line_and_column(&self, place: &FilePlace) -> (usize, usize) {
        let before = &self.files[place.file].text[..place.span.start];
        let line_start = before.rfind('\n').map_or(0, |feed| feed + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// Returns the bytes of `source` from which the bytes `part` of a string come. The string stands at `span`, with its quotes,
/// and has the value `value`. Where that cannot be told, as in a string that continues lines, the whole of `span`.
pub(super) fn part_of_string(source: &str, span: &Range<usize>, value: &str, part: &Range<usize>) -> Range<usize> {
    let raw = &source[span.clone()];
    let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
    let Some(body) = raw.get(quotes..) else { return span.clone() };
    // A newline right behind the opening quotes is no part of the value.
    let newline =
        if quotes == 1 { 0 } else { body.len() - body.trim_start_matches('\r').trim_start_matches('\n').len() };
    let start = span.start + quotes + newline;
    let found = if raw.starts_with('\'') {
        source.get(start..).filter(|body| body.starts_with(value)).map(|_| start + part.start..start + part.end)
    } else {
        let offsets = offsets(&source[start..span.end], value);
        let at = |offset: usize| offsets.get(offset).map(|&at| start + at);
        at(part.start).zip(at(part.end)).map(|(from, to)| from..to)
    };
    found.filter(|found| found.start <= found.end && found.end <= span.end).unwrap_or_else(|| span.clone())
}

/// Returns for each byte of `value`, and for its end, the offset in `body`, a basic string without its opening quotes, as
/// far as the two agree.
fn offsets(body: &str, value: &str) -> Vec<usize> {
    let (mut offsets, mut at) = (Vec::with_capacity(value.len() + 1), 0);
    for char in value.chars() {
        let Some(length) = spelled(&body[at..], char) else { return offsets };
        offsets.extend(std::iter::repeat_n(at, char.len_utf8()));
        at += length;
    }
    offsets.push(at);
    offsets
}

/// Returns the length of the spelling of `char` at the beginning of `text`.
fn spelled(text: &str, char: char) -> Option<usize> {
    let Some(escape) = text.strip_prefix('\\') else {
        return text.starts_with(char).then(|| char.len_utf8());
    };
    let of_code = |digits: usize| {
        let code = u32::from_str_radix(escape.get(1..=digits)?, 16).ok()?;
        (char::from_u32(code) == Some(char)).then_some(2 + digits)
    };
    match escape.chars().next()? {
        'x' => of_code(2),
        'u' => of_code(4),
        'U' => of_code(8),
        // A line that is continued has white space here.
        letter => letter.is_ascii_graphic().then_some(2),
    }
}

/// Returns `path` with the home directory in place of a `~` in front.
pub(super) fn expanded(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_is_found_behind_quotes_and_escapes() {
        for (source, value, part, found) in [
            ("'a(b'", "a(b", "(", "("),
            ("\"a(b\"", "a(b", "(", "("),
            ("\"\\t(\\\\d\"", "\t(\\d", "\\", "\\\\"),
            ("\"\\u00e9(\"", "é(", "(", "("),
            ("\"\\u00e9(\"", "é(", "é", "\\u00e9"),
            ("\"\\x41(\"", "A(", "A", "\\x41"),
            ("'''\na(b'''", "a(b", "(", "("),
            ("\"\"\"\na(b\"\"\"", "a(b", "(", "("),
            ("\"\"\"a\\\n  (b\"\"\"", "a(b", "(", "\"\"\"a\\\n  (b\"\"\""),
        ] {
            let text = format!("key = {source} # (");
            let span = 6..6 + source.len();
            let at = value.find(part).expect("the part is in the value");
            assert_eq!(&text[part_of_string(&text, &span, value, &(at..at + part.len()))], found, "{source}");
        }
    }

    #[test]
    fn columns_count_characters() {
        let text = "a\nüb = 1\n".to_owned();
        let sources = Sources { files: vec![SourceFile { path: PathBuf::from("x"), text }] };
        assert_eq!(sources.line_and_column(&FilePlace { file: 0, span: 4..5 }), (2, 2));
        assert_eq!(sources.line_and_column(&FilePlace { file: 0, span: 0..1 }), (1, 1));
    }
}
