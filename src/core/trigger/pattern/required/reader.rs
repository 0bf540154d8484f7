//! Reads the literals from the text of a pattern that `glance` has accepted, in a tenth of the time that its parsed form takes.

use super::{LiteralByte, MOST_PARTS, Required, Visitor};

/// Returns the choices of literals of a pattern in the syntax that `glance` accepts.
pub(super) fn choices(pattern: &str) -> Vec<Required> {
    let fold = pattern.starts_with("(?i)");
    let text = pattern.strip_prefix("(?i)").unwrap_or(pattern).as_bytes();
    of_alternatives(text, fold, &mut { MOST_PARTS })
}

fn of_alternatives(text: &[u8], fold: bool, parts: &mut usize) -> Vec<Required> {
    let mut visitor = Visitor { parts, adjacent: Vec::new(), choices: Vec::new() };
    visitor.read(text, fold);
    visitor.end_literal();
    visitor.choices
}

/// A part of a pattern that can be repeated, or an assertion.
enum PatternPart<'a> {
    Byte(LiteralByte),
    /// A character of several bytes.
    Char(&'a [u8]),
    /// The text between the parentheses of a group, and whether letters in it are in either case.
    Group(&'a [u8], bool),
    /// `^`, `$` and their like, which have no width.
    Assertion,
    /// Any other class of characters.
    Class,
}

impl Visitor<'_> {
    /// Visits the alternatives of `text`, the whole pattern or a group.
    fn read(&mut self, text: &[u8], fold: bool) {
        let end = sequence_len(text);
        if end == text.len() {
            return self.read_sequence(text, fold);
        }
        let mut rest = Some(text);
        let branches = std::iter::from_fn(|| {
            let (branch, behind) = rest?.split_at(sequence_len(rest?));
            rest = behind.get(1..);
            Some(branch)
        });
        self.alternatives(branches, |branch, parts| of_alternatives(branch, fold, parts));
    }

    fn read_sequence(&mut self, text: &[u8], fold: bool) {
        let mut rest = text;
        while !rest.is_empty() {
            let (part, len) = part(rest, fold);
            rest = &rest[len..];
            let repeated = rest.first().copied().filter(|byte| matches!(byte, b'*' | b'+' | b'?'));
            if repeated.is_some() {
                let lazy = usize::from(rest.get(1) == Some(&b'?'));
                rest = &rest[1 + lazy..];
            }
            if matches!(repeated, None | Some(b'+')) {
                self.read_part(&part);
            }
            if repeated.is_some() {
                // More copies may follow the one that must be there.
                self.end_literal();
            }
        }
    }

    fn read_part(&mut self, part: &PatternPart<'_>) {
        match part {
            PatternPart::Byte(byte) => self.push(*byte),
            PatternPart::Char(bytes) => bytes.iter().for_each(|&byte| self.push(LiteralByte::exact(byte))),
            PatternPart::Group(text, fold) => self.read(text, *fold),
            PatternPart::Assertion => {}
            PatternPart::Class => self.end_literal(),
        }
    }
}

/// Returns the part that `text` begins with, and its length.
fn part(text: &[u8], fold: bool) -> (PatternPart<'_>, usize) {
    let len = part_len(text);
    let byte = |byte: u8| PatternPart::Byte(LiteralByte::folded(byte, fold));
    let part = match text[0] {
        b'(' => {
            let inside = &text[1..len - 1];
            match (inside.strip_prefix(b"?:"), inside.strip_prefix(b"?i:")) {
                (Some(inside), _) => PatternPart::Group(inside, fold),
                (_, Some(inside)) => PatternPart::Group(inside, true),
                (None, None) => PatternPart::Group(inside, fold),
            }
        }
        b'[' => match &text[1..len - 1] {
            class if !fold && class[0] >= 0x80 && part_len(class) == class.len() => PatternPart::Char(class),
            class => single(class, fold).map_or(PatternPart::Class, PatternPart::Byte),
        },
        b'\\' => match text[1] {
            b'b' | b'B' | b'A' | b'z' => PatternPart::Assertion,
            b'd' | b'D' | b's' | b'S' | b'w' | b'W' => PatternPart::Class,
            b'n' => byte(b'\n'),
            b'r' => byte(b'\r'),
            b't' => byte(b'\t'),
            other => byte(other),
        },
        b'^' | b'$' => PatternPart::Assertion,
        b'.' => PatternPart::Class,
        // What stands for a letter outside of ASCII in another case is not known here.
        0x80.. if fold => PatternPart::Class,
        0x80.. => PatternPart::Char(&text[..len]),
        other => byte(other),
    };
    (part, len)
}

/// Returns the length of the part that `text` begins with.
fn part_len(text: &[u8]) -> usize {
    match text[0] {
        b'\\' => 2,
        b'[' => class_len(text),
        b'(' => {
            let mut at = 1;
            while text[at] != b')' {
                at += part_len(&text[at..]);
            }
            at + 1
        }
        0x80.. => 1 + text[1..].iter().take_while(|&&byte| byte & 0xc0 == 0x80).count(),
        _ => 1,
    }
}

/// Returns the length of a class in brackets, the first character of which is no `]`.
fn class_len(text: &[u8]) -> usize {
    let mut at = 1;
    while text[at] != b']' {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

/// Returns the length of the first alternative.
fn sequence_len(text: &[u8]) -> usize {
    let mut at = 0;
    while at < text.len() && text[at] != b'|' {
        at += part_len(&text[at..]);
    }
    at
}

/// Returns the byte that a class in brackets stands for, if that is one ASCII character, or one letter in either case.
fn single(class: &[u8], fold: bool) -> Option<LiteralByte> {
    match *class {
        [b'^', ..] => None,
        [byte @ 0..0x80] => Some(LiteralByte::folded(byte, fold)),
        [b'\\', byte] if byte.is_ascii_punctuation() => Some(LiteralByte::folded(byte, fold)),
        [one, other] if one.is_ascii_alphabetic() && one ^ other == 0x20 => {
            let byte = LiteralByte::folded(one, true);
            Some(LiteralByte { has_other: byte.has_other && fold, ..byte })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::core::trigger::Pattern;
    use crate::core::trigger::pattern::glance;
    use crate::core::trigger::pattern::required::{of_text, required};

    const TOKENS: [&str; 30] = [
        "a", "sk", "Z", "0", "_", "é", "-", "[^a]", "[s]", "[sS]", "[a-c]", "[.]", "[\\]]", "[é]", "^", "$", "(",
        "(?:", "(?i:", ")", ".", "*", "+", "+?", "?", "\\d", "\\b", "\\.", "\\n", "word",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn literals_are_those_of_the_parsed_form(
            fold in any::<bool>(),
            tokens in prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..14),
        ) {
            let text = [if fold { "(?i)" } else { "" }, &tokens.concat()].concat();
            // An `é` in either case is not read, nor is it seen that a repeated group is empty.
            let empty = regex::Regex::new(r"\((\?i?:)?(\^|\$|\\b|\(|\?i?:|\)[*+?]*)*\)\+").expect("it is a pattern");
            if glance::groups(&text).is_none() || text.contains('é') && text.contains("(?i") || empty.is_match(&text) {
                return Ok(());
            }
            let hir = Pattern::parse(text.as_str()).expect("glance has accepted the pattern").hir();
            prop_assert_eq!(of_text(&text), required(&hir), "{}", text);
        }
    }

    #[test]
    fn literals_of_alternatives() {
        let shown = |pattern: &str| {
            assert!(glance::groups(pattern).is_some(), "{pattern}");
            let texts = |literal: &super::super::Literal| literal.texts(0, literal.len());
            let text = |literal| String::from_utf8(texts(literal).swap_remove(0)).expect("the text is UTF-8");
            let choices = of_text(pattern);
            choices
                .iter()
                .map(|choice| choice.literals.iter().map(text).collect::<Vec<_>>().join("|"))
                .collect::<Vec<_>>()
        };
        for (pattern, want) in [
            ("job (is done|was killed) after", &["is done|was killed", " after", "job "][..]),
            ("foo|bar", &["foo|bar"]),
            ("foo|", &[]),
            ("foo|x", &[]),
            ("(?:foo|bar|x)zap", &["zap"]),
            (r"foo|(\d|abc)def", &["foo|def"]),
            ("(foo|bar)?", &[]),
            ("(foo|bar)+qux", &["qux", "foo|bar"]),
            (r"a\|b|[|]cd", &["a|b||cd"]),
            ("端末1|naïve", &["端末1|naïve"]),
        ] {
            let (mut found, mut want) = (shown(pattern), want.to_vec());
            found.sort_unstable();
            want.sort_unstable();
            assert_eq!(found, want, "{pattern}");
        }
    }
}
