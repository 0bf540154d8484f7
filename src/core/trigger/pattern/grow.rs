//! Decides whether a match that ends at the end of the text could grow when more text comes.

use regex_syntax::hir::{Hir, HirKind};

/// Returns whether a match of the pattern at the end of the text could grow.
pub(super) fn can_grow(hir: &Hir) -> bool {
    grows(hir, Then::Nothing)
}

/// What follows a part of a pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Nothing,
    /// An anchor or a word boundary, which can make a lazy part take more.
    Look,
}

/// Returns whether a match of this part at the end of the text could change when more text comes.
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
        // `None` also stands for an alternation with a branch that never matches, such as `[a&&b]`.
        if properties.minimum_len().is_some_and(|least| least > 0) {
            return false;
        }
        if !properties.look_set().is_empty() {
            then = Then::Look;
        }
    }
    false
}

/// Returns whether one branch is a prefix of another: `foobar|foo`. The longer branch must come first, since the
/// first is preferred, unless what follows can reject the shorter one.
fn branch_grows(branches: &[Hir], then: Then) -> bool {
    branches.iter().enumerate().any(|(i, short)| {
        let others = if then == Then::Look { branches } else { &branches[..i] };
        others.iter().any(|long| begins_with(long, short))
    })
}

/// Returns whether `long` extends `short`. Recognizes literals and the empty branch.
fn begins_with(long: &Hir, short: &Hir) -> bool {
    match (long.kind(), short.kind()) {
        (HirKind::Literal(long), HirKind::Literal(short)) => {
            long.0.len() > short.0.len() && long.0.starts_with(&short.0)
        }
        (_, HirKind::Empty) => long.properties().maximum_len() != Some(0),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::core::trigger::Pattern;

    fn can_grow(text: &str) -> bool {
        Pattern::parse(text).expect("the pattern is valid").info().can_grow
    }

    #[test]
    fn growing_patterns_are_recognized() {
        for text in [
            "task (.*)",
            r"\d+",
            r"\d+(?:|[a&&b])",
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
            assert!(can_grow(text), "{text}");
        }
    }

    #[test]
    fn other_patterns_do_not_grow() {
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
            assert!(!can_grow(text), "{text}");
        }
    }
}
