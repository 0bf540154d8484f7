//! Faults of patterns, displayed below the pattern.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthChar;

/// Maximum columns of a displayed pattern; of a longer pattern, the part around the fault is shown.
const COLUMNS: usize = 76;
/// Columns shown before the fault of a pattern that is too long to be shown whole.
const BEFORE: usize = 30;

/// Fault of a pattern. Displayed on three lines: the reason, the pattern, and carets below the fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPattern {
    reason: String,
    pattern: String,
    /// Range of bytes within the pattern, on character boundaries.
    span: Range<usize>,
}

impl BadPattern {
    pub(super) fn new(pattern: &str, span: Range<usize>, reason: impl Into<String>) -> Self {
        let end = pattern.len().min(span.end);
        let start = span.start.min(end);
        Self { reason: reason.into(), pattern: pattern.to_owned(), span: start..end }
    }

    /// Returns the reason without the pattern.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the range of bytes at fault within the pattern, on character boundaries.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Creates the fault from the parser's error, without its rendering on several lines.
    pub(super) fn of_parser(pattern: &str, error: &regex_syntax::Error) -> Self {
        match error {
            regex_syntax::Error::Parse(error) => Self::new(pattern, range(error.span()), error.kind().to_string()),
            regex_syntax::Error::Translate(error) => Self::new(pattern, range(error.span()), error.kind().to_string()),
            other => Self::new(pattern, 0..0, other.to_string()),
        }
    }
}

fn range(span: &regex_syntax::ast::Span) -> Range<usize> {
    span.start.offset..span.end.offset
}

impl std::error::Error for BadPattern {}

impl fmt::Display for BadPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let drawing = Drawing::of(&self.pattern, &self.span);
        let (indent, carets) = (" ".repeat(drawing.caret), "^".repeat(drawing.carets));
        write!(f, "{}\n  {}\n  {indent}{carets}", self.reason, drawing.shown)
    }
}

/// A displayed pattern, and the columns of its fault.
struct Drawing {
    shown: String,
    caret: usize,
    carets: usize,
}

impl Drawing {
    fn of(pattern: &str, span: &Range<usize>) -> Self {
        let before = width(&pattern[..span.start]);
        let total = width(pattern);
        let skip = if total > COLUMNS { before.saturating_sub(BEFORE) } else { 0 };
        let mut drawing = Self { shown: String::new(), caret: 0, carets: 0 };
        let (mut column, mut drawn) = (0, 0);
        if skip > 0 {
            drawing.shown.push('…');
            drawn = 1;
        }
        drawing.caret = drawn;
        for (at, char) in pattern.char_indices() {
            let (cell, wide) = cell(char);
            column += wide;
            if column <= skip {
                continue;
            }
            if drawn + wide > COLUMNS {
                drawing.shown.push('…');
                break;
            }
            drawing.shown.push_str(&cell);
            drawn += wide;
            if at < span.start {
                drawing.caret = drawn;
            } else if at < span.end {
                drawing.carets += wide;
            }
        }
        drawing.carets = drawing.carets.max(1);
        drawing
    }
}

fn width(text: &str) -> usize {
    text.chars().map(|char| cell(char).1).sum()
}

/// Returns a character in a form for one line, and its columns. Characters that move the cursor are escaped.
fn cell(char: char) -> (String, usize) {
    match char.width() {
        Some(wide) if wide > 0 => (char.to_string(), wide),
        _ if char.is_ascii_control() && !matches!(char, '\t' | '\n' | '\r') => (format!("\\x{:02x}", char as u32), 4),
        _ => {
            let escaped = char.escape_default().to_string();
            let wide = escaped.len();
            (escaped, wide)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;

    fn shown(pattern: &str) -> String {
        Pattern::parse(pattern).expect_err("the pattern is invalid").to_string()
    }

    #[test]
    fn carets_stand_below_the_fault() {
        for (pattern, reason, rest) in [
            ("(foo", "unclosed group", "  (foo\n  ^"),
            ("foo)", "unopened group", "  foo)\n     ^"),
            ("[a-", "unclosed character class", "  [a-\n  ^"),
            ("*", "repetition operator missing expression", "  *\n  ^"),
            ("日本(", "unclosed group", "  日本(\n      ^"),
            ("a\tb\x1b(", "unclosed group", "  a\\tb\\x1b(\n          ^"),
            ("e\u{301}(", "unclosed group", "  e\\u{301}(\n          ^"),
            (r"\pX", "Unicode property not found", "  \\pX\n  ^^^"),
            (r"(?-u:\pL)", "Unicode not allowed here", "  (?-u:\\pL)\n       ^^^"),
            ("x{3,1}", "invalid repetition count range", "  x{3,1}\n   ^^^^^"),
            (r"(a)\1", "backreferences are not supported", "  (a)\\1\n     ^^"),
            ("a(?=b)", "look-around", "  a(?=b)\n   ^^^"),
            (r"\", "incomplete escape", "  \\\n  ^"),
            (r"\y", "unrecognized escape", "  \\y\n  ^^"),
            ("(?<n>a)(?<n>b)", "duplicate capture group name", "  (?<n>a)(?<n>b)\n            ^"),
            ("[z-a]", "invalid character class range", "  [z-a]\n   ^^^"),
        ] {
            let text = shown(pattern);
            let (first, drawing) = text.split_once('\n').expect("a fault has three lines");
            assert!(first.starts_with(reason), "{pattern}: {first}");
            assert_eq!(drawing, rest, "{pattern}");
        }
    }

    #[test]
    fn long_pattern_is_shown_around_its_fault() {
        let text = shown(&format!("{}({}", "a".repeat(500), "日".repeat(500)));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(width(lines[1]) <= COLUMNS + 4);
        let column = lines[2].find('^').expect("a fault has carets");
        assert_eq!(lines[1].chars().nth(column), Some('('));
        assert!(lines[1].starts_with("  …a") && lines[1].ends_with("日…"));
    }

    #[test]
    fn pattern_too_big_when_compiled_is_refused() {
        for pattern in [r"\w{5000}", "(((a{100}){100}){100}){100}", r"(\pL{500}){500}"] {
            let text = shown(pattern);
            assert!(text.starts_with("too big when compiled"), "{text}");
            assert_eq!(text.lines().count(), 3, "{text}");
        }
        assert!(shown("ab(x{900000000})").ends_with("\n      ^^^^^^^^^^^"));
    }
}
