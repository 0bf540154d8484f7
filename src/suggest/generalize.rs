//! Makes a pattern of a line: what differs from run to run becomes a class, all other text stays as it is.

use std::fmt::Write as _;

/// Characters that end a word besides white space.
const BRACKETS: &str = "()[]{}<>\"'`,;|=‘’“”«»";
/// Marks around a quotation.
const QUOTES: [(char, char); 6] = [('"', '"'), ('\'', '\''), ('`', '`'), ('‘', '’'), ('“', '”'), ('«', '»')];
/// Punctuation behind a word that does not belong to it.
const TRAILING: &[char] = &['.', ':', '!', '?'];
/// Number of equal characters from which on they are a rule, whose length depends on the width of the terminal.
const RULE: usize = 4;
/// Minimum length of a hash.
const HASH: usize = 7;

// Quotation marks by their codes, so that the pattern is a literal string in TOML.
const URL: &str = r"https?://[^\s<>\x22\x27]+";
const PATH: &str = r"\S+";
/// A date or a time.
pub(super) const STAMP: &str = r"[\d:.,/TZ+-]+";
const UUID: &str = r"[0-9a-fA-F-]{36}";
const HEX: &str = r"[0-9a-f]{7,}";
const HOST: &str = r"[\w.-]+";

/// Returns a pattern that matches `text`, without anchors.
///
/// # Examples
///
/// ```
/// use coshell::suggest::generalize;
/// assert_eq!(generalize("12 passed in 0.5s (~/a/b.rs)"), r"\d+ passed in [\d.,]+s \(\S+\)");
/// ```
pub fn generalize(text: &str) -> String {
    let (mut out, mut rest, mut before) = (String::new(), text, None);
    while let Some(first) = rest.chars().next() {
        let len = if first.is_whitespace() || BRACKETS.contains(first) {
            separator(rest, first, before, &mut out)
        } else {
            word(rest, word_len(rest), &mut out)
        };
        before = rest[..len].chars().next_back();
        rest = &rest[len..];
    }
    out
}

/// Returns the length of the word that `rest` begins with. A comma between digits is a part of it.
fn word_len(rest: &str) -> usize {
    let is_digit = |char: Option<char>| char.is_some_and(|char| char.is_ascii_digit());
    let ends = |(at, char): &(usize, char)| {
        let joins =
            *char == ',' && is_digit(rest[..*at].chars().next_back()) && is_digit(rest[at + 1..].chars().next());
        char.is_whitespace() || BRACKETS.contains(*char) && !joins
    };
    rest.char_indices().find(ends).map_or(rest.len(), |(at, _)| at)
}

/// Appends the pattern for a separator at the start of `rest`; returns its length.
fn separator(rest: &str, first: char, before: Option<char>, out: &mut String) -> usize {
    let run = rest.len() - rest.trim_start_matches(first).len();
    match first {
        ' ' if run > 1 => {
            out.push_str(" +");
            return run;
        }
        _ if !before.is_some_and(char::is_alphanumeric)
            && let Some((open, close)) = QUOTES.iter().find(|(open, _)| *open == first)
            && let Some(len) = quoted(rest, *open, *close) =>
        {
            let _infallible = write!(out, "{open}[^{close}]*{close}");
            return len;
        }
        _ if run / first.len_utf8() >= RULE => {
            push_literal(first, out);
            out.push('+');
            return run;
        }
        _ => {}
    }
    push_literal(first, out);
    first.len_utf8()
}

/// Returns the length of the quotation that `rest` begins with, if it ends where a word does.
fn quoted(rest: &str, open: char, close: char) -> Option<usize> {
    let inside = &rest[open.len_utf8()..];
    let end = open.len_utf8() + inside.find(close)? + close.len_utf8();
    (!rest[end..].starts_with(char::is_alphanumeric)).then_some(end)
}

/// Appends the pattern for the word of `len` bytes at the start of `rest`; returns the length of what it stands for.
fn word(rest: &str, len: usize, out: &mut String) -> usize {
    if let Some(behind) = rest.strip_prefix("https://").or_else(|| rest.strip_prefix("http://")) {
        let end = behind.find(|char: char| char.is_whitespace() || "\"'<>".contains(char)).unwrap_or(behind.len());
        if end > 0 {
            out.push_str(URL);
            return rest.len() - behind.len() + end;
        }
    }
    let whole = &rest[..len];
    let core = whole.trim_end_matches(TRAILING);
    if let Some(class) = class(core) {
        out.push_str(class);
        whole[core.len()..].chars().for_each(|char| push_literal(char, out));
    } else {
        push_text(whole, out);
    }
    len
}

/// Returns the class of a word, if it is one of those that differ from run to run.
fn class(word: &str) -> Option<&'static str> {
    let bytes = word.as_bytes();
    let is_hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let has_digit = bytes.iter().any(u8::is_ascii_digit);
    let has_letter = bytes.iter().any(u8::is_ascii_alphabetic);
    let dashes = memchr::memchr_iter(b'-', bytes).count();
    if bytes.len() == 36 && dashes == 4 && bytes.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-') {
        Some(UUID)
    } else if bytes.len() >= HASH && has_digit && has_letter && bytes.iter().all(is_hex) {
        Some(HEX)
    } else if is_stamp(bytes) {
        Some(STAMP)
    } else if is_path(word) || word.contains('@') && word.len() > 1 {
        Some(PATH)
    } else if is_host(word) {
        Some(HOST)
    } else {
        None
    }
}

/// Whether a word is the name of a host: at least three labels, of which two have letters. `v1.2.3` is a version.
fn is_host(word: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let labels = word.split('.');
    let with_letters = labels.clone().filter(|label| label.bytes().any(|byte| byte.is_ascii_alphabetic())).count();
    labels.clone().count() >= 3 && with_letters >= 2 && labels.into_iter().all(is_label)
}

/// Whether a word is a date or a time of day: digits with at least two separators, or one colon.
fn is_stamp(word: &[u8]) -> bool {
    let is_separator = |byte: &&u8| matches!(byte, b':' | b'-' | b'/');
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    let separators = word.iter().filter(is_separator).count();
    let colons = memchr::memchr_iter(b':', word).count();
    word.first().is_some_and(u8::is_ascii_digit)
        && word.iter().all(|byte| byte.is_ascii_digit() || b":.,/TZ+-".contains(byte))
        && digits >= 3
        && (separators >= 2 || colons == 1)
}

/// Whether a word is the path of a file, perhaps with a line behind it: `src/main.rs:12:3`, `~/x`, `main.rs:12`.
fn is_path(word: &str) -> bool {
    let name = word.split(':').next().unwrap_or_default();
    let has_line =
        word[name.len()..].starts_with(':') && word[name.len() + 1..].starts_with(|char: char| char.is_ascii_digit());
    let has_suffix = name.rfind('.').is_some_and(|dot| dot > 0 && dot + 1 < name.len());
    let is_rooted = ["/", "./", "../", "~/"].iter().any(|root| word.len() > root.len() && word.starts_with(root));
    let slashes = word.matches('/').count();
    is_rooted || slashes >= 2 || slashes == 1 && has_suffix || has_line && has_suffix
}

/// Appends text with classes for its numbers and rules.
fn push_text(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same = rest.len() - rest.trim_start_matches(first).len();
        let len = if first.is_ascii_digit() {
            let len = number(rest);
            out.push_str(if rest[..len].bytes().all(|byte| byte.is_ascii_digit()) { r"\d+" } else { r"[\d.,]+" });
            len
        } else if same / first.len_utf8() >= RULE && !first.is_alphanumeric() {
            push_literal(first, out);
            out.push('+');
            same
        } else {
            push_literal(first, out);
            first.len_utf8()
        };
        rest = &rest[len..];
    }
}

/// Returns the length of the number that `text` begins with: digits, with single points or commas between them.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut len = 0;
    while is_digit(len) || matches!(bytes.get(len), Some(b'.' | b',')) && is_digit(len + 1) {
        len += 1;
    }
    len
}

/// Appends a character that stands for itself.
fn push_literal(char: char, out: &mut String) {
    // regex_syntax::escape also escapes what has a meaning within brackets only, which is harder to read.
    if r"\.+*?()|[]{}^$".contains(char) {
        out.push('\\');
    }
    out.push(char);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::trigger::Pattern;

    #[test]
    fn text_that_differs_becomes_a_class() {
        for (text, pattern) in [
            ("", ""),
            ("Are you sure? [y/N] ", r"Are you sure\? \[y/N\] "),
            ("test result: ok. 12 passed; 0 failed", r"test result: ok\. \d+ passed; \d+ failed"),
            ("=== 3 failed, 1 passed in 0.12s ===", r"=== \d+ failed, \d+ passed in [\d.,]+s ==="),
            ("======== 1 passed ========", r"=+ \d+ passed =+"),
            ("2026-11-30 12:00:01,123 ERROR x", r"[\d:.,/TZ+-]+ [\d:.,/TZ+-]+ ERROR x"),
            ("[12:00:01] ERROR", r"\[[\d:.,/TZ+-]+\] ERROR"),
            ("src/main.rs:12:3: error: `x` is 'y'", r"\S+: error: `[^`]*` is '[^']*'"),
            ("don't use it's", r"don't use it's"),
            ("‘y’ undeclared, “z”", "‘[^’]*’ undeclared, “[^”]*”"),
            ("see https://h/x?a=(b) now", r"see https?://[^\s<>\x22\x27]+ now"),
            ("commit 1a2b3c4d5e deadbeef abcdefg", r"commit [0-9a-f]{7,} deadbeef abcdefg"),
            ("id 550e8400-e29b-41d4-a716-446655440000.", r"id [0-9a-fA-F-]{36}\."),
            ("me@host:~$ on db1.prod.example.com", r"\S+ on [\w.-]+"),
            ("and/or origin/main a/b/c x/y.z", r"and/or origin/main \S+ \S+"),
            ("a   b|c 1,000.5 v1.2.3", r"a +b\|c [\d.,]+ v[\d.,]+"),
            ("✓ é 漢", "✓ é 漢"),
        ] {
            assert_eq!(generalize(text), pattern, "{text}");
        }
    }

    /// Returns whether the pattern of a line matches the line.
    fn matches_itself(text: &str) -> bool {
        let pattern = format!("^{}$", generalize(text));
        Pattern::parse(pattern.as_str())
            .unwrap_or_else(|fault| panic!("{pattern}: {fault:?}"))
            .is_match(text.as_bytes())
    }

    proptest! {
        #[test]
        fn pattern_matches_its_line(
            words in prop::collection::vec(
                "[\\PC]{0,8}|[0-9:.,/TZ+-]{1,12}|[a-f0-9]{6,12}|[~./a-z]{1,8}:[0-9:]{0,4}|['\"`(){}\\[\\] =#*-]{1,6}|https?://\\PC{0,6}",
                0..8,
            ),
            glue in "[ ]{0,2}",
        ) {
            let text = words.join(&glue);
            prop_assert!(matches_itself(&text), "{:?}: {}", text, generalize(&text));
        }
    }
}
