//! Properties of a pattern, derived from its parsed form.

use std::sync::Arc;

use regex_syntax::hir::{Hir, HirKind, Look};

use super::grow;

/// Properties of a pattern.
#[derive(Debug)]
pub(in crate::core::trigger) struct PatternInfo {
    /// Name of each group; group 0 is the whole match and has none.
    pub(in crate::core::trigger) names: Arc<[Option<Box<str>>]>,
    /// Whether a match at the line's end could grow when more text comes.
    pub(in crate::core::trigger) can_grow: bool,
    /// Whether the pattern has a `^`, which must not match at the start of a continued piece.
    pub(in crate::core::trigger) looks_at_start: bool,
}

impl PatternInfo {
    pub(super) fn of(hir: &Hir) -> Self {
        let starts = [Look::Start, Look::StartLF, Look::StartCRLF];
        let looks = hir.properties().look_set();
        let mut names = vec![None];
        collect_names(hir, &mut names);
        Self {
            names: names.into(),
            can_grow: grow::can_grow(hir),
            looks_at_start: starts.into_iter().any(|look| looks.contains(look)),
        }
    }
}

/// Collects the names of groups. Numbers may be missing, since the parser leaves out parts repeated zero times.
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
