//! A pattern that is known to be good. It is parsed to find every fault, unless a glance shows that it has none; compiling,
//! which is dear, is left to the first need.

use std::sync::{Arc, OnceLock};

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::translate::{Translator, TranslatorBuilder};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::captures::Captures;
use super::fault::BadPattern;
use super::glance;

/// A pattern may be so large when compiled, as is the regex crate's own default.
pub(super) const SIZE_LIMIT: usize = 10 << 20;
/// Below this estimate a pattern is certainly not too large, and is not compiled to find out.
const SURELY_SMALL: usize = SIZE_LIMIT / 10;
/// So many characters without a counted repetition are not too large either.
const SURELY_SHORT: usize = 256;

/// A regular expression in the syntax of the `regex` crate, on bytes, with Unicode on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pattern {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    text: String,
    /// How many groups it has, where a glance told.
    groups: Option<usize>,
    /// Found out when first needed, since it costs several times what the check for faults does.
    about: OnceLock<About>,
}

#[derive(Debug)]
pub(super) struct About {
    /// The name of each group; the first is the whole match and has none.
    pub(super) names: Arc<[Option<Box<str>>]>,
    can_grow: bool,
    looks_at_start: bool,
}

impl Pattern {
    /// Parses a pattern, and finds every fault that it may have.
    ///
    /// # Errors
    ///
    /// It says why the pattern cannot be used: a fault in its syntax, or its size when compiled.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadPattern> {
        let text = text.into();
        let groups = glance::groups(&text);
        let about = if groups.is_some() { None } else { check(&text)? };
        let about = about.map_or_else(OnceLock::new, OnceLock::from);
        Ok(Self { inner: Arc::new(Inner { text, groups, about }) })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Whether a match that touches the line's end could still grow, if more text came.
    pub fn can_grow(&self) -> bool {
        self.about().can_grow
    }

    /// How many groups there are, the whole match included.
    pub fn groups(&self) -> usize {
        self.inner.groups.unwrap_or_else(|| self.about().names.len())
    }

    /// The name of each group, in order; the first is the whole match and has none.
    pub fn names(&self) -> impl Iterator<Item = Option<&str>> {
        self.about().names.iter().map(Option::as_deref)
    }

    /// The first match in a line, found the slow way: the pattern is compiled for this one search.
    pub fn search(&self, line: &[u8]) -> Option<Captures> {
        let found = compile(self.text(), 2 * SIZE_LIMIT).ok()?.captures(line)?;
        let group = |i| found.get(i).map(|group| group.range());
        Some(Captures::new(line.into(), self.shared_names(), group))
    }

    pub(super) fn shared_names(&self) -> Arc<[Option<Box<str>>]> {
        Arc::clone(&self.about().names)
    }

    /// Whether it has a `^`, for which the start of a piece is not the start of a line.
    pub(super) fn looks_at_start(&self) -> bool {
        self.about().looks_at_start
    }

    /// The parsed form, for the set. It is parsed anew: kept, it would take more memory than all else here.
    pub(super) fn hir(&self) -> Hir {
        let text = self.text();
        let ast = ast::parse::Parser::new().parse(text).ok();
        let hir = ast.and_then(|ast| translator().translate(text, &ast).ok());
        hir.expect("Pattern::parse has found no fault in this text")
    }

    fn about(&self) -> &About {
        self.inner.about.get_or_init(|| About::of(&self.hir()))
    }
}

/// Finds every fault that a pattern may have. What it learns of the pattern on the way it says, which may be nothing.
pub(super) fn check(text: &str) -> Result<Option<About>, BadPattern> {
    let bad = |error| BadPattern::of_parser(text, &error);
    let ast = ast::parse::Parser::new().parse(text).map_err(|error| bad(error.into()))?;
    if is_plain(text) {
        return Ok(None);
    }
    let hir = translator().translate(text, &ast).map_err(|error| bad(error.into()))?;
    if size(&hir) > SURELY_SMALL {
        compile(text, SIZE_LIMIT).map_err(|_| too_big(text, &ast))?;
    }
    Ok(Some(About::of(&hir)))
}

impl About {
    pub(super) fn of(hir: &Hir) -> Self {
        let starts = [Look::Start, Look::StartLF, Look::StartCRLF];
        let looks = hir.properties().look_set();
        Self {
            names: names(hir),
            can_grow: grows(hir, Then::Nothing),
            looks_at_start: starts.into_iter().any(|look| looks.contains(look)),
        }
    }
}

/// Whether a pattern whose syntax is right certainly has no other fault: a Unicode class that does not exist, something
/// that is not allowed where Unicode is switched off, or its size.
fn is_plain(text: &str) -> bool {
    let is_flag = |char: &char| char.is_ascii_alphabetic() || *char == '-';
    let switches = |rest: &str| rest.chars().take_while(is_flag).any(|flag| flag == 'u');
    text.len() <= SURELY_SHORT
        && !["{", "\\p", "\\P"].iter().any(|risk| text.contains(risk))
        && !text.match_indices('?').any(|(at, _)| switches(&text[at + 1..]))
}

fn translator() -> Translator {
    TranslatorBuilder::new().utf8(false).unicode(true).build()
}

fn compile(text: &str, limit: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).unicode(true).size_limit(limit).build()
}

fn names(hir: &Hir) -> Arc<[Option<Box<str>>]> {
    let mut names = vec![None];
    collect_names(hir, &mut names);
    names.into()
}

/// Numbers may be missing: the parser leaves out what is repeated zero times.
fn collect_names(hir: &Hir, names: &mut Vec<Option<Box<str>>>) {
    if hir.properties().explicit_captures_len() == 0 {
        return;
    }
    if let HirKind::Capture(capture) = hir.kind() {
        let index = capture.index as usize;
        names.resize(names.len().max(index + 1), None);
        names[index].clone_from(&capture.name);
    }
    for sub in hir.kind().subs() {
        collect_names(sub, names);
    }
}

/// What stands behind a part of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Nothing,
    /// An anchor or a word boundary, for the sake of which a part takes more than it would by itself.
    Look,
}

/// Whether a match of this part that ends with the text could be another one if more text came.
fn grows(hir: &Hir, then: Then) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
        HirKind::Capture(capture) => grows(&capture.sub, then),
        HirKind::Repetition(rep) => {
            if rep.sub.properties().maximum_len() == Some(0) || rep.max == Some(0) {
                return false;
            }
            let takes_more = rep.greedy || then == Then::Look;
            (rep.max != Some(rep.min) && takes_more) || (rep.min > 0 && grows(&rep.sub, then))
        }
        HirKind::Concat(parts) => concat_grows(parts, then),
        HirKind::Alternation(branches) => {
            branches.iter().any(|branch| grows(branch, then)) || branch_grows(branches, then)
        }
    }
}

fn concat_grows(parts: &[Hir], mut then: Then) -> bool {
    for part in parts.iter().rev() {
        if grows(part, then) {
            return true;
        }
        let properties = part.properties();
        if properties.minimum_len() != Some(0) {
            return false;
        }
        if !properties.look_set().is_empty() {
            then = Then::Look;
        }
    }
    false
}

/// Whether one branch begins as another one ends: `foobar|foo`. The branch that stands first is preferred, so it
/// has to be the longer one, unless what follows can reject the shorter.
fn branch_grows(branches: &[Hir], then: Then) -> bool {
    branches.iter().enumerate().any(|(i, short)| {
        let others = if then == Then::Look { branches } else { &branches[..i] };
        others.iter().any(|long| begins_with(long, short))
    })
}

/// Whether `long` can be what `short` is and then more. Seen for literals and for the empty branch.
fn begins_with(long: &Hir, short: &Hir) -> bool {
    match (long.kind(), short.kind()) {
        (HirKind::Literal(long), HirKind::Literal(short)) => {
            long.0.len() > short.0.len() && long.0.starts_with(&short.0)
        }
        (_, HirKind::Empty) => long.properties().maximum_len() != Some(0),
        _ => false,
    }
}

/// About how much memory a part takes when compiled. Never much too low.
fn size(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 32,
        HirKind::Literal(literal) => 32 * literal.0.len(),
        HirKind::Class(Class::Bytes(_)) => 64,
        HirKind::Class(Class::Unicode(class)) => 64 * class.ranges().len(),
        HirKind::Capture(capture) => 96 + size(&capture.sub),
        HirKind::Repetition(rep) => {
            let times = rep.max.unwrap_or_else(|| rep.min.saturating_add(1)) as usize;
            times.saturating_mul(size(&rep.sub).saturating_add(32))
        }
        HirKind::Concat(subs) | HirKind::Alternation(subs) => subs.iter().map(size).fold(32, usize::saturating_add),
    }
}

/// Says that a pattern is too big, and points at its largest counted repetition.
fn too_big(text: &str, ast: &Ast) -> BadPattern {
    let limit = SIZE_LIMIT >> 20;
    let reason = format!("too big when compiled (more than {limit} MiB): repeat less, or try (?-u)");
    let mut largest = Largest::default();
    let visited = ast::visit(ast, &mut largest);
    debug_assert!(visited.is_ok(), "the visitor has no errors");
    BadPattern::new(text, largest.span, reason)
}

/// Looks for the repetition with the highest count.
#[derive(Default)]
struct Largest {
    count: u32,
    span: std::ops::Range<usize>,
}

impl ast::Visitor for &mut Largest {
    type Output = ();
    type Err = std::convert::Infallible;

    fn finish(self) -> Result<(), Self::Err> {
        Ok(())
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), Self::Err> {
        use ast::{RepetitionKind::Range, RepetitionRange};
        if let Ast::Repetition(rep) = ast {
            let Range(range) = &rep.op.kind else { return Ok(()) };
            let (RepetitionRange::Exactly(count)
            | RepetitionRange::AtLeast(count)
            | RepetitionRange::Bounded(_, count)) = *range;
            if count > self.count {
                self.count = count;
                self.span = rep.op.span.start.offset..rep.op.span.end.offset;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Pattern {
        Pattern::parse(text).expect("the pattern is good")
    }

    #[test]
    fn what_can_grow() {
        for text in [
            "task (.*)",
            r"\d+",
            "x+",
            "(ab)*",
            "a?",
            "foo(bar)?",
            "x{2,5}",
            "x{2,}",
            ".*$",
            r"(\w+)$",
            r"\w+\b",
            r"\w+?\b",
            "(.*?)$",
            "foo|ba+",
            "ba+|foo",
            "foobar|foo",
            "(?:bar|)",
            "(foo|foobar)$",
            "(a|b+)c?",
            "a+b??",
            "(?:a+){3}",
            "(x(y(z*)))",
            "(?i)err(or)?",
            "a*b*",
            "[ab]+(?:$|c)",
            r"a+\b{end}",
            "(?s).*",
        ] {
            assert!(parsed(text).can_grow(), "{text}");
        }
    }

    #[test]
    fn what_cannot_grow() {
        for text in [
            "assword: $",
            "rz waiting",
            "foo$",
            "foo",
            "",
            "^",
            "^$",
            "(.*)x",
            r"\d+ failed",
            "x{3}",
            "(ab){2}",
            "x+?",
            "x*?",
            "foo(.*?)",
            "foo|bar",
            "foo|foobar",
            "a*b",
            "a+b",
            "[ab]",
            r"\bfoo\b",
            "(?:|bar)",
            r"\d+%",
            "x{0}",
            "(?:)*",
            "a{0}b*c",
            "(?i)error",
            r"\$ $",
            r"[#$] \z",
        ] {
            assert!(!parsed(text).can_grow(), "{text}");
        }
    }

    #[test]
    fn groups_have_names() {
        let pattern = parsed(r"(?<file>\S+):(\d+):(?P<text>.*)");
        assert_eq!(pattern.groups(), 4);
        assert_eq!(pattern.names().collect::<Vec<_>>(), [None, Some("file"), None, Some("text")]);
        assert_eq!(parsed("a").names().collect::<Vec<_>>(), [None]);
        assert_eq!(parsed("(?<n>a){0}").groups(), 1);
        let gap = parsed("(?<n>a){0}(?<m>b)");
        assert_eq!(gap.names().collect::<Vec<_>>(), [None, None, Some("m")]);
        let captures = gap.search(b"b").expect("it matches");
        assert_eq!((captures.group(1), captures.name("m")), (None, Some(&b"b"[..])));
    }

    #[test]
    fn a_start_is_seen_wherever_it_stands() {
        for text in ["^a", "b|(?:^a)", "(?m)^a", r"\Aa"] {
            assert!(parsed(text).looks_at_start(), "{text}");
        }
        assert!(!parsed(r"\ba$").looks_at_start());
    }

    #[test]
    fn the_estimate_is_not_too_low() {
        for text in [
            r"\w",
            r"\w+",
            r"\pL{3}",
            r"\d{1,9}",
            ".",
            ".*",
            r"\S+",
            "[^a]",
            "abcdefgh",
            "(?i)abcdefgh",
            r"\W\D\S",
            "(a|b|cc|ddd)*",
            r"\p{Greek}+",
            "[a-zàéîõü]+",
            r"(\w+)\s(\d+)",
            "(?-u:[^a])*",
            r"\pM",
            r"\p{Lu}",
        ] {
            let estimate = 2 * size(&parsed(text).hir()) + 1024;
            let real = compile(text, estimate);
            assert!(real.is_ok(), "{text}: more than {estimate}");
        }
    }

    #[test]
    fn bytes_need_not_be_utf8() {
        for (text, line) in [
            (r"(?-u)\xff+", &b"a\xff\xffb"[..]),
            (r"a.*b", b"a\xe4\xb8\xadb"),
            (r"(?-u:a.*b)", b"a\xffb"),
            (r"\bzażółć\b", "x zażółć.".as_bytes()),
        ] {
            assert!(parsed(text).search(line).is_some(), "{text}");
        }
        assert!(parsed("^a.b$").search(b"a\xffb").is_none());
    }
}
