//! An even coarser form of a pattern, for text that overloads the automaton of the relaxed forms.
//!
//! After `word1` a `word1.*x|word2.*y` is in another state than before, after `word2` in a third: with hundreds of
//! such patterns and lines full of their words, nearly every byte leads to a new state, which is expensive to build.
//! Of a pattern with gaps only the strongest part between two gaps is kept, if it is strong enough to be rare; that
//! part needs no more states than it has bytes.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Number of fixed bytes from which a part can stand for the whole pattern.
const STRONG: usize = 4;
/// Size of a class up to which it counts as a fixed byte: a letter in either case.
const FEW: usize = 3;

/// Returns the loose form of a relaxed pattern, which matches wherever the relaxed form matches.
pub(in crate::core::trigger) fn loosen(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(loosen).collect()),
        HirKind::Concat(parts) => strongest(parts).unwrap_or_else(|| hir.clone()),
        _ => hir.clone(),
    }
}

/// Returns the strongest run of parts without a gap, if there are gaps and the run is strong.
fn strongest(parts: &[Hir]) -> Option<Hir> {
    if !parts.iter().any(has_gap) {
        return None;
    }
    let best = parts.split(has_gap).max_by_key(|run| strength(run))?;
    (strength(best) >= STRONG).then(|| Hir::concat(best.to_vec()))
}

/// Returns whether a part matches texts of several lengths, which multiplies the states of an automaton.
fn has_gap(hir: &Hir) -> bool {
    let varies = |(min, max)| max != Some(min);
    match hir.kind() {
        HirKind::Repetition(rep) => varies((rep.min, rep.max)) || has_gap(&rep.sub),
        kind => kind.subs().iter().any(has_gap),
    }
}

fn strength(run: &[Hir]) -> usize {
    run.iter().map(given).sum()
}

/// Returns the number of fixed bytes in a part.
fn given(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Bytes(class)) => {
            let bytes: usize = class.ranges().iter().map(|range| range.len()).sum();
            usize::from(bytes <= FEW)
        }
        HirKind::Repetition(rep) => given(&rep.sub).saturating_mul(rep.min as usize),
        HirKind::Concat(parts) => strength(parts),
        HirKind::Alternation(branches) => branches.iter().map(given).min().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::Pattern;
    use crate::core::trigger::prefilter::approximate::relax;

    #[test]
    fn strongest_part_is_kept() {
        let relaxed = |text| relax(Pattern::parse(text).expect("the pattern is valid").hir());
        for (text, same) in [
            ("error.*timeout12", "timeout12"),
            (r"word1 [^!]{5,40}!", "word1 "),
            (r"^\s*(\S+)\s+failed$", "failed$"),
            ("(?i)wait.*x", "(?i)wait"),
            ("foo.*x|bar.*timeout", "foo.*x|timeout"),
            ("foo.*bar", "foo.*bar"),
            ("timeout12", "timeout12"),
            ("(a.*b|timeouts).*abcd", "abcd"),
            ("(ab){3}.*x", "(ab){3}"),
        ] {
            assert_eq!(loosen(&relaxed(text)).to_string(), relaxed(same).to_string(), "{text}");
        }
    }
}
