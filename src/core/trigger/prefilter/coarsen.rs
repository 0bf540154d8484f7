//! A form of a pattern that is coarser still, for text on which the automaton of the relaxed ones is_overloaded.
//!
//! After `word1` a `word1.*x|word2.*y` is in another state than before, after `word2` in a third: with hundreds of
//! such patterns and lines full of their words nearly every byte leads to a state never seen before, and making one is
//! dear. Of a pattern with gaps in it only the strongest part between two gaps is kept, if it is strong enough to be
//! rare; what is kept needs no more states than it has bytes.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A part stands for the whole if at least so many of its bytes are given.
const STRONG: usize = 4;
/// A class of so many bytes counts as a given one: a letter in either case.
const FEW: usize = 3;

/// The loose form of a relaxed pattern. It matches wherever that matches.
pub(in crate::core::trigger) fn loosen(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Alternation(branches) => Hir::alternation(branches.iter().map(loosen).collect()),
        HirKind::Concat(parts) => strongest(parts).unwrap_or_else(|| hir.clone()),
        _ => hir.clone(),
    }
}

/// The strongest run of parts without a gap, if there are gaps and it is strong.
fn strongest(parts: &[Hir]) -> Option<Hir> {
    if !parts.iter().any(has_gap) {
        return None;
    }
    let best = parts.split(has_gap).max_by_key(|run| strength(run))?;
    (strength(best) >= STRONG).then(|| Hir::concat(best.to_vec()))
}

/// Whether a part may be of any of several lengths, for the sake of which an automaton has to remember.
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

/// How many bytes of a part are given.
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
    fn the_strongest_part_is_kept() {
        let relaxed = |text| relax(Pattern::parse(text).expect("the pattern is good").hir());
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
