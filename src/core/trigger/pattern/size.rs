//! Decides whether a pattern is too large when compiled. The size is estimated; only a doubtful pattern is compiled.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::fault::BadPattern;

/// Maximum size of a compiled pattern in bytes, the default of the regex crate.
pub(in crate::core::trigger) const LIMIT: usize = 10 << 20;
/// Estimate below which a pattern is certainly not too large.
const SURELY_SMALL: usize = LIMIT / 10;

/// Refuses a pattern that is too large, given as text and in both parsed forms.
pub(super) fn check(text: &str, ast: &Ast, hir: &Hir) -> Result<(), BadPattern> {
    if size(hir) > SURELY_SMALL {
        compile(text, LIMIT).map_err(|_| too_big(text, ast))?;
    }
    Ok(())
}

pub(super) fn compile(text: &str, limit: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(text).size_limit(limit).build()
}

/// Estimates the bytes of memory of a compiled part; never much too low.
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

/// Returns the fault of a pattern that is too large, at its largest counted repetition.
fn too_big(text: &str, ast: &Ast) -> BadPattern {
    let limit = LIMIT >> 20;
    let reason = format!("too big when compiled (more than {limit} MiB): repeat less, or try (?-u)");
    let mut largest = Largest::default();
    let visited = ast::visit(ast, &mut largest);
    debug_assert!(visited.is_ok(), "the visitor has no errors");
    BadPattern::new(text, largest.span, reason)
}

/// Visitor that finds the repetition with the highest count.
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
    use crate::core::trigger::Pattern;

    #[test]
    fn size_is_not_underestimated() {
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
            let hir = Pattern::parse(text).expect("the pattern is valid").hir();
            let estimate = 2 * size(&hir) + 1024;
            let real = compile(text, estimate);
            assert!(real.is_ok(), "{text}: more than {estimate}");
        }
    }
}
