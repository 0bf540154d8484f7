//! Approximates a pattern by a smaller and coarser one, for the prefilter.
//!
//! The relaxed pattern matches somewhere in a block of lines whenever the pattern matches one of these lines; it may
//! match more. Relaxing removes what makes an automaton large or slow: Unicode word boundaries (one of them and one
//! non-ASCII byte end the fast path), the two hundred states of a `\w`, high counts, and repetitions at the ends.

use std::mem;

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, ClassUnicode, Hir, HirKind, Look, Repetition};

/// Maximum number of bytes in the copies of a counted repetition that is kept.
const MOST_COPIED: u32 = 48;

/// Returns the relaxed form of a pattern. Consumes the pattern, since copies of a thousand are expensive.
pub(in crate::core::trigger) fn relax(hir: Hir) -> Hir {
    trim(trim(coarse(hir), Side::Front), Side::Back)
}

fn coarse(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(Class::Bytes(class)) => coarse_bytes(class),
        HirKind::Class(Class::Unicode(class)) => coarse_unicode(&class),
        HirKind::Look(look) => coarse_look(look),
        HirKind::Repetition(rep) => coarse_repetition(rep),
        HirKind::Capture(capture) => coarse(*capture.sub),
        HirKind::Concat(subs) => Hir::concat(subs.into_iter().map(coarse).collect()),
        HirKind::Alternation(subs) => Hir::alternation(subs.into_iter().map(coarse).collect()),
    }
}

/// Turns anchors of a text or a line into anchors of a line in a block; drops word boundaries.
fn coarse_look(look: Look) -> Hir {
    match look {
        Look::Start | Look::StartLF | Look::StartCRLF => Hir::look(Look::StartCRLF),
        Look::End | Look::EndLF | Look::EndCRLF => Hir::look(Look::EndCRLF),
        _ => Hir::empty(),
    }
}

/// Removes the line feed from a class: no line contains one, and no match extends over the lines of a block.
fn coarse_bytes(mut class: ClassBytes) -> Hir {
    class.difference(&line_feed());
    Hir::class(Class::Bytes(class))
}

fn line_feed() -> ClassBytes {
    bytes(&[(b'\n', b'\n')])
}

fn bytes(ranges: &[(u8, u8)]) -> ClassBytes {
    ClassBytes::new(ranges.iter().map(|&(start, end)| ClassBytesRange::new(start, end)))
}

/// Keeps the ASCII part of a class; of the rest, only the lead bytes of the characters.
fn coarse_unicode(class: &ClassUnicode) -> Hir {
    let mut ascii = ClassBytes::empty();
    let mut leads: [ClassBytes; 3] = std::array::from_fn(|_| ClassBytes::empty());
    for range in class.ranges() {
        let (start, end) = (u32::from(range.start()), u32::from(range.end()));
        push_part(&mut ascii, (start, end), (0, 0x7f), |code| code);
        push_part(&mut leads[0], (start, end), (0x80, 0x7ff), |code| 0xc0 | (code >> 6));
        push_part(&mut leads[1], (start, end), (0x800, 0xffff), |code| 0xe0 | (code >> 12));
        push_part(&mut leads[2], (start, end), (0x10000, 0x0010_ffff), |code| 0xf0 | (code >> 18));
    }
    ascii.difference(&line_feed());
    let mut branches = vec![Hir::class(Class::Bytes(ascii))];
    for (lead, followers) in leads.into_iter().zip(1..) {
        if !lead.ranges().is_empty() {
            let mut parts = vec![Hir::class(Class::Bytes(lead))];
            parts.extend((0..followers).map(|_| Hir::class(Class::Bytes(bytes(&[(0x80, 0xbf)])))));
            branches.push(Hir::concat(parts));
        }
    }
    Hir::alternation(branches)
}

/// Adds the first bytes of the characters of `range` that lie within `limits`.
fn push_part(class: &mut ClassBytes, range: (u32, u32), limits: (u32, u32), first_byte: impl Fn(u32) -> u32) {
    let (start, end) = (range.0.max(limits.0), range.1.min(limits.1));
    if start > end {
        return;
    }
    let byte = |code| u8::try_from(first_byte(code)).unwrap_or(u8::MAX);
    class.push(ClassBytesRange::new(byte(start), byte(end)));
}

/// Turns high counts into lower bounds.
fn coarse_repetition(rep: Repetition) -> Hir {
    let sub = coarse(*rep.sub);
    let copies = MOST_COPIED / weight(&sub).clamp(1, MOST_COPIED);
    let (mut min, mut max) = (rep.min, rep.max);
    if max.unwrap_or(min) > copies {
        min = min.min(copies);
        max = None;
    }
    Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(sub) })
}

/// Estimates the number of states of a part.
fn weight(hir: &Hir) -> u32 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(_) => 1,
        HirKind::Literal(literal) => u32::try_from(literal.0.len()).unwrap_or(u32::MAX),
        HirKind::Capture(capture) => weight(&capture.sub),
        HirKind::Repetition(rep) => weight(&rep.sub).saturating_mul(rep.max.unwrap_or(rep.min).max(1)),
        HirKind::Concat(subs) | HirKind::Alternation(subs) => subs.iter().map(weight).fold(0, u32::saturating_add),
    }
}

#[derive(Clone, Copy)]
enum Side {
    Front,
    Back,
}

/// Reduces a repetition at one end to its least count, which does not change whether there is a match.
fn trim(hir: Hir, side: Side) -> Hir {
    match hir.into_kind() {
        HirKind::Repetition(rep) => match rep.min {
            0 => Hir::empty(),
            1 => trim(*rep.sub, side),
            min => Hir::repetition(Repetition { max: Some(min), greedy: true, ..rep }),
        },
        HirKind::Alternation(subs) => Hir::alternation(subs.into_iter().map(|sub| trim(sub, side)).collect()),
        HirKind::Concat(subs) => trim_concat(subs, side),
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => Hir::look(look),
        HirKind::Capture(capture) => Hir::capture(capture),
    }
}

/// Trims the outermost part, and the next one if nothing is left of it.
fn trim_concat(mut subs: Vec<Hir>, side: Side) -> Hir {
    while !subs.is_empty() {
        let outer = match side {
            Side::Front => 0,
            Side::Back => subs.len() - 1,
        };
        subs[outer] = trim(mem::replace(&mut subs[outer], Hir::empty()), side);
        if !matches!(subs[outer].kind(), HirKind::Empty) {
            break;
        }
        subs.remove(outer);
    }
    Hir::concat(subs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;

    fn relaxed(text: &str) -> Hir {
        relax(Pattern::parse(text).expect("the pattern is valid").hir())
    }

    #[test]
    fn repetitions_at_ends_are_trimmed() {
        for (text, same) in [
            ("(foo.*)", "(?-u)foo"),
            ("a+b{2,5}", "(?-u)ab{2}"),
            ("x*y?z", "(?-u)z"),
            (r"\bfoo\b", "(?-u)foo"),
            ("(ab)+c", "(?-u)abc"),
            ("(?:a*|b+)?foo", "(?-u)foo"),
            ("(a+|b)+c", "(?-u)(?:a|b)c"),
            (".*", ""),
            ("^foo$", "(?Rm-u)^foo$"),
            ("foo{0}(?m)^", "(?Rm-u)fo^"),
            (
                "a[^b]c",
                "(?-u)a(?:[\\x00-\\x09\\x0b-ac-\\x7f]|[\\xc2-\\xdf][\\x80-\\xbf]|[\\xe0-\\xef][\\x80-\\xbf][\\x80-\\xbf]|[\\xf0-\\xf4][\\x80-\\xbf][\\x80-\\xbf][\\x80-\\xbf])c",
            ),
            ("(?-u:a[^b]c)", "(?-u)a[^b\\n]c"),
            (
                r"a[é\s]c",
                "(?-u)a(?:[\\x09\\x0b-\\x0d ]|[\\xc2\\xc3][\\x80-\\xbf]|[\\xe1-\\xe3][\\x80-\\xbf][\\x80-\\xbf])c",
            ),
        ] {
            let want = regex_syntax::ParserBuilder::new().utf8(false).build().parse(same);
            assert_eq!(relaxed(text).to_string(), want.expect("the pattern is valid").to_string(), "{text}");
        }
    }

    #[test]
    fn high_counts_are_reduced() {
        for text in ["ax{1000}b", "a(bc{9}){0,900}d", r"a\w{200,}b", "a((b{40}){40}){40}c"] {
            assert!(weight(&relaxed(text)) < 200, "{text}: {}", relaxed(text));
        }
    }
}
