//! The literals of a pattern: one of them is in each of its matches, so that only text with one of them can match.

mod reader;

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// Minimum length of a literal in bytes: shorter ones are found everywhere.
const SHORTEST: usize = 3;
/// Maximum length of a literal in bytes; of a longer one the rarest part is kept.
pub(in crate::core::trigger) const LONGEST: usize = 16;
/// Number of adjacent bytes in a pattern after which a literal ends, so that none of them is looked at too often.
const MOST_ADJACENT: usize = 64;
/// Maximum number of literals of a pattern with alternatives.
const MOST_ALTERNATIVES: usize = 16;
/// Maximum number of choices.
const MOST_CHOICES: usize = 3;
/// Maximum number of parts of a pattern that are visited; counted repetitions multiply them.
const MOST_PARTS: usize = 1024;
/// Maximum number of copies of a repetition that are visited.
const MOST_COPIES: u32 = 8;

/// A byte of a literal. A letter in either case is the lower-case letter with `fold` 0x20, which is or-ed to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LiteralByte {
    byte: u8,
    fold: u8,
    /// Whether a character outside of ASCII stands for the letter too: U+017F for s, U+212A for k.
    has_other: bool,
}

/// Bytes that are in the text, some of them in either case. Clones are cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core::trigger) struct Literal(Arc<[LiteralByte]>);

impl Hash for Literal {
    /// Hashes the bytes at once: a hash of each field of each byte takes most of the time in which a set is built.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut bytes = [0; LONGEST];
        bytes.iter_mut().zip(&self.0[..]).for_each(|(byte, of)| *byte = of.byte);
        state.write(&bytes);
    }
}

/// Literals of which each match has at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core::trigger) struct Required {
    pub(in crate::core::trigger) literals: Vec<Literal>,
    /// How rare they are supposed to be.
    rarity: u32,
}

/// Returns the choices of literals, the rarest first, at most [`MOST_CHOICES`]; none where a match may have no literal.
pub(super) fn required(pattern: &Hir) -> Vec<Required> {
    rarest_first(choices(pattern, &mut { MOST_PARTS }))
}

/// Returns the same of a pattern that `glance` has accepted, without its parsed form. Other literals may be found where it has
/// alternatives.
pub(super) fn of_text(pattern: &str) -> Vec<Required> {
    rarest_first(reader::choices(pattern))
}

fn rarest_first(mut choices: Vec<Required>) -> Vec<Required> {
    choices.sort_by_key(|choice| std::cmp::Reverse(choice.rarity));
    choices.truncate(MOST_CHOICES);
    choices.shrink_to_fit();
    choices
}

fn choices(pattern: &Hir, parts: &mut usize) -> Vec<Required> {
    let mut visitor = Visitor { parts, adjacent: Vec::new(), choices: Vec::new() };
    visitor.visit(pattern);
    visitor.end_literal();
    visitor.choices
}

/// Visitor of the parts of a pattern that each match goes through.
struct Visitor<'a> {
    /// Number of parts that may still be visited.
    parts: &'a mut usize,
    /// Bytes that follow each other in the text.
    adjacent: Vec<LiteralByte>,
    choices: Vec<Required>,
}

impl Visitor<'_> {
    fn visit(&mut self, part: &Hir) {
        if *self.parts == 0 {
            return self.end_literal();
        }
        *self.parts -= 1;
        match part.kind() {
            // An assertion has no width: the bytes around it are adjacent.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => literal.0.iter().for_each(|&byte| self.push(LiteralByte::exact(byte))),
            HirKind::Class(class) => match LiteralByte::of(class) {
                Some(byte) => self.push(byte),
                None => self.end_literal(),
            },
            HirKind::Capture(capture) => self.visit(&capture.sub),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.visit(part)),
            HirKind::Repetition(repetition) => self.repetition(repetition),
            HirKind::Alternation(branches) => self.alternatives(branches, choices),
        }
    }

    fn push(&mut self, byte: LiteralByte) {
        self.adjacent.push(byte);
        if self.adjacent.len() == MOST_ADJACENT {
            self.end_literal();
        }
    }

    fn repetition(&mut self, repetition: &Repetition) {
        let copies = repetition.min.min(MOST_COPIES);
        (0..copies).for_each(|_| self.visit(&repetition.sub));
        // More copies may follow those that must be there.
        if repetition.max != Some(copies) {
            self.end_literal();
        }
    }

    /// Visits alternatives; `choices` returns those of one, and counts down the number of parts that may still be visited.
    fn alternatives<B>(
        &mut self,
        branches: impl IntoIterator<Item = B>,
        choices: impl Fn(B, &mut usize) -> Vec<Required>,
    ) {
        self.end_literal();
        let mut all = Required { literals: Vec::new(), rarity: u32::MAX };
        for branch in branches {
            let best = choices(branch, self.parts).into_iter().max_by_key(|choice| choice.rarity);
            let Some(best) = best.filter(|best| all.literals.len() + best.literals.len() <= MOST_ALTERNATIVES) else {
                return;
            };
            all.literals.extend(best.literals);
            all.rarity = all.rarity.min(best.rarity);
        }
        if !all.literals.is_empty() {
            self.choices.push(all);
        }
    }

    /// Ends the literal, since other text may follow.
    fn end_literal(&mut self) {
        if self.adjacent.len() >= SHORTEST {
            let (literal, rarity) = rarest(&self.adjacent, LONGEST.min(self.adjacent.len()));
            let literals = vec![Literal(literal.into())];
            self.choices.push(Required { literals, rarity });
        }
        self.adjacent.clear();
    }
}

/// Returns the part of `len` bytes that is supposed to be the rarest, and its rarity.
fn rarest(bytes: &[LiteralByte], len: usize) -> (&[LiteralByte], u32) {
    let rarity = |part: &[LiteralByte]| part.iter().map(|byte| byte.rarity()).sum::<u32>();
    let parts = bytes.windows(len).map(|part| (part, rarity(part)));
    parts.max_by_key(|(_, rarity)| *rarity).expect("a literal has at least `len` bytes")
}

impl LiteralByte {
    fn exact(byte: u8) -> Self {
        Self { byte, fold: 0, has_other: false }
    }

    /// Returns an ASCII character or, with `fold`, a letter in either case.
    fn folded(byte: u8, fold: bool) -> Self {
        match byte.to_ascii_lowercase() {
            lower @ b'a'..=b'z' if fold => Self { byte: lower, fold: 0x20, has_other: matches!(lower, b's' | b'k') },
            _ => Self::exact(byte),
        }
    }

    /// Returns the byte of a class that is one ASCII character, or one letter in either case.
    fn of(class: &Class) -> Option<Self> {
        let mut members = [None; 4];
        let ranges: &mut dyn Iterator<Item = u32> = match class {
            Class::Unicode(class) => {
                &mut class.iter().flat_map(|range| u32::from(range.start())..=u32::from(range.end()))
            }
            Class::Bytes(class) => {
                &mut class.iter().flat_map(|range| u32::from(range.start())..=u32::from(range.end()))
            }
        };
        members.iter_mut().zip(ranges).for_each(|(member, code)| *member = Some(code));
        let letter = |upper: u32, lower: u32| {
            let lower = u8::try_from(lower).ok().filter(u8::is_ascii_lowercase)?;
            (u32::from(lower.to_ascii_uppercase()) == upper).then_some(Self {
                byte: lower,
                fold: 0x20,
                has_other: false,
            })
        };
        match members {
            [Some(code @ 0..=0x7f), None, ..] => u8::try_from(code).ok().map(Self::exact),
            [Some(upper), Some(lower), None, _] => letter(upper, lower),
            [Some(upper), Some(lower), Some(0x17f | 0x212a), None] => {
                letter(upper, lower).map(|letter| Self { has_other: true, ..letter })
            }
            _ => None,
        }
    }

    /// Guesses how rare the byte is in output, from 1.
    fn rarity(self) -> u32 {
        let rarity = match self.byte {
            b' ' | b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 2,
            b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' => 3,
            b'A'..=b'Z' | b':' | b'/' | b',' | b'=' => 4,
            _ => 5,
        };
        rarity - u32::from(self.fold != 0)
    }
}

impl Literal {
    /// Returns the length in bytes.
    pub(in crate::core::trigger) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the bytes of memory taken.
    pub(in crate::core::trigger) fn memory(&self) -> usize {
        size_of::<Self>() + size_of::<LiteralByte>() * self.0.len()
    }

    /// Returns whether text without this literal may match, in which a character outside of ASCII stands for a letter.
    pub(in crate::core::trigger) fn has_other(&self) -> bool {
        self.0.iter().any(|byte| byte.has_other)
    }

    /// Returns whether the literal stands in `text` at the index `at`.
    #[inline]
    pub(in crate::core::trigger) fn is_at(&self, text: &[u8], at: usize) -> bool {
        let here = text.get(at..at + self.len());
        here.is_some_and(|here| here.iter().zip(&self.0[..]).all(|(&byte, of)| byte | of.fold == of.byte))
    }

    /// Returns the offset of the rarest part of `len` bytes; `len` is at most the length.
    pub(in crate::core::trigger) fn rarest_part(&self, len: usize) -> usize {
        let (part, _) = rarest(&self.0, len);
        self.0.windows(len).position(|window| window == part).unwrap_or(0)
    }

    /// Returns all texts of the part of `len` bytes at the offset `from`: in each case of each letter.
    pub(in crate::core::trigger) fn texts(&self, from: usize, len: usize) -> Vec<Vec<u8>> {
        let mut texts = vec![Vec::with_capacity(len)];
        for of in &self.0[from..from + len] {
            if of.fold != 0 {
                let upper: Vec<Vec<u8>> = texts.iter().map(|text| [text, &[of.byte ^ of.fold][..]].concat()).collect();
                texts.iter_mut().for_each(|text| text.push(of.byte));
                texts.extend(upper);
            } else {
                texts.iter_mut().for_each(|text| text.push(of.byte));
            }
        }
        texts
    }

    /// Returns the number of `texts`.
    pub(in crate::core::trigger) fn count_texts(&self, from: usize, len: usize) -> usize {
        1 << self.0[from..from + len].iter().filter(|byte| byte.fold != 0).count()
    }

    /// Returns four bytes as they are in all texts of the literal, once 0x20 is or-ed to each byte.
    pub(in crate::core::trigger) fn folded_word(&self, from: usize) -> [u8; 4] {
        std::array::from_fn(|i| self.0[from + i].byte | 0x20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;

    /// Shows the choices, with letters in either case as `<x>`, or as `<x!>` where another character stands for them too.
    fn shown(pattern: &str) -> Vec<String> {
        let hir = Pattern::parse(pattern).expect("the pattern is valid").hir();
        let byte = |of: &LiteralByte| match (char::from(of.byte), of.fold, of.has_other) {
            (char, 0, _) => char.to_string(),
            (char, _, false) => format!("<{char}>"),
            (char, _, true) => format!("<{char}!>"),
        };
        let literal = |literal: &Literal| literal.0.iter().map(byte).collect::<String>();
        let choices = required(&hir);
        choices.iter().map(|choice| choice.literals.iter().map(literal).collect::<Vec<_>>().join("|")).collect()
    }

    #[test]
    fn literals_of_patterns() {
        for (pattern, want) in [
            ("rz waiting", &["rz waiting"][..]),
            ("^foo$", &["foo"]),
            (r"\bFAILED\b.*case_7\b", &["FAILED", "case_7"]),
            (r"(\d+) failed", &[" failed"]),
            ("job 7 (is done|was killed) after", &["job 7 ", "is done|was killed", " after"]),
            ("(?i)pass", &["<p><a><s!><s!>"]),
            ("(?i-u)ask", &["<a><s><k>"]),
            ("[e]rror[s5]end", &["error", "end"]),
            ("(abc)+def", &["abc", "def"]),
            ("(ab){3}c", &["abababc"]),
            ("(ab){2,3}c", &["abab"]),
            ("x{20}", &["xxxxxxxx"]),
            ("(?:foo|bar|x)", &[]),
            ("(?:foo|)", &[]),
            ("foo|bar", &["foo|bar"]),
            (r"foo|(\d|abc)def", &["foo|def"]),
            ("(abc)?", &[]),
            (r"\d+", &[]),
            ("[a&&b]xyz", &["xyz"]),
            ("ab", &[]),
            ("", &[]),
            ("aaaaaaaaaaaaaaaaaaaaaa=b", &["aaaaaaaaaaaaaa=b"]),
        ] {
            assert_eq!(shown(pattern), want, "{pattern}");
        }
    }

    #[test]
    fn work_is_bounded() {
        for pattern in ["((((((((a{9}b){9}){9}){9}){9}){9}){9}){9}){9}foobar", &"(abc|".repeat(10)[..]] {
            let hir = regex_syntax::ParserBuilder::new().nest_limit(100).build().parse(pattern);
            let mut parts = MOST_PARTS;
            hir.into_iter().for_each(|hir| _ = choices(&hir, &mut parts));
        }
    }
}
