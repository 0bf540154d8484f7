//! Text of other programs made safe to show: decides which characters reach a terminal or a notification.

use std::fmt;

/// Columns of a comment of TOML. A longer word has a line of its own.
const TOML_COLUMNS: usize = 100;

/// Returns whether `char` does something instead of being shown: a control character (C0, DEL and C1: Unicode category
/// Cc), a line or paragraph separator, or a bidi control (property `Bidi_Control` of Unicode, UAX #9), which shows the text
/// around it in another order.
pub fn is_control(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns text for one row: with a space for each control character that is white space, and without all others.
pub fn one_line(text: &str) -> String {
    let shown = |char: char| match char {
        _ if !is_control(char) => Some(char),
        _ if char.is_whitespace() => Some(' '),
        _ => None,
    };
    text.chars().filter_map(shown).collect()
}

/// Returns text of any number of lines without control characters other than newlines and tabs.
pub fn lines(text: &str) -> String {
    text.chars().filter(|char| !is_control(*char) || matches!(char, '\n' | '\t')).collect()
}

/// Returns text as a string of TOML, without control characters, in the quotes that leave it the most readable: a literal
/// string where it can be one, as patterns are read best.
pub fn toml_string(text: &str) -> String {
    let is_plain = !text.chars().any(is_control);
    if is_plain && !text.contains('\'') {
        return format!("'{text}'");
    }
    if is_plain && !text.contains('"') && !text.contains('\\') {
        return format!("\"{text}\"");
    }
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            _ if is_control(char) => quoted.push_str(&format!("\\u{:04X}", u32::from(char))),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns text as a comment of TOML, in lines of up to [`TOML_COLUMNS`] columns.
pub fn toml_comment(text: &str) -> String {
    let (mut out, mut width) = (String::new(), TOML_COLUMNS);
    for word in one_line(text).split(' ').filter(|word| !word.is_empty()) {
        let len = word.chars().count() + 1;
        if width + len > TOML_COLUMNS {
            out.push_str(if out.is_empty() { "#" } else { "\n#" });
            width = 1;
        }
        out.push(' ');
        out.push_str(word);
        width += len;
    }
    out.push('\n');
    out
}

/// Returns the same JSON with control characters as escapes (RFC 8259, section 7). Outside of strings JSON has none but
/// newlines and tabs, which stay.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\t' => out.push(char),
            _ if is_control(char) => out.push_str(&format!("\\u{:04x}", char as u32)),
            _ => out.push(char),
        }
    }
    out
}

/// A number of bytes, displayed in powers of 1,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} B", self.0),
            1_000..1_000_000 => write!(f, "{:.1} kB", n / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.1} MB", n / 1e6),
            _ => write!(f, "{:.2} GB", n / 1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_are_not_shown() {
        for (text, row, several) in [
            ("a\x1b]0;x\x07b", "a]0;xb", "a]0;xb"),
            ("a\tb\nc\r\n", "a b c  ", "a\tb\nc\n"),
            ("a\x7fb\u{9b}31m\u{85}", "ab31m ", "ab31m"),
            ("a\u{202e}b\u{2066}c\u{2069}", "abc", "abc"),
            ("\u{200e}a\u{200f}b\u{61c}", "ab", "ab"),
            ("a\u{2028}b\u{2029}c", "a b c", "abc"),
            // Joiners and variation selectors are part of characters; letters of scripts from right to left are text.
            ("e\u{301}\u{1f469}\u{200d}\u{1f4bb}\u{fe0f}", "e\u{301}\u{1f469}\u{200d}\u{1f4bb}\u{fe0f}", "same"),
            ("\u{5d0}\u{627}\u{6f22}\u{a0}", "\u{5d0}\u{627}\u{6f22}\u{a0}", "same"),
        ] {
            assert_eq!(one_line(text), row, "{text:?}");
            assert_eq!(lines(text), if several == "same" { text } else { several }, "{text:?}");
        }
    }

    #[test]
    fn comment_is_folded_and_has_no_other_line() {
        let text = toml_comment(&format!("first\nsecond = 1\r{}", " word".repeat(50)));
        assert!(
            text.lines().count() == 3
                && text.lines().all(|line| line.starts_with("# ") && line.len() <= TOML_COLUMNS + 1)
        );
        assert!(text.starts_with("# first second = 1 word "), "{text}");
    }

    #[test]
    fn exactly_controls_separators_and_bidi_controls_are_controls() {
        let found: Vec<u32> = ('\0'..=char::MAX).filter(|char| is_control(*char)).map(u32::from).collect();
        let ranges = [0..=0x1f, 0x7f..=0x9f, 0x61c..=0x61c, 0x200e..=0x200f, 0x2028..=0x202e, 0x2066..=0x2069];
        assert_eq!(found, ranges.into_iter().flatten().collect::<Vec<u32>>());
    }

    proptest! {
        #[test]
        fn json_has_same_value_without_control_characters(text in "[\\x00-\\x20\u{7f}-\u{9f}\u{2028}-\u{202e}a\"\\\\]{0,20}") {
            let value = serde_json::json!({"text": text});
            let shown = json(&value.to_string());
            prop_assert!(!shown.contains(is_control), "{shown:?}");
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).expect("it is JSON"), value);
        }
    }
}
