//! What those who use a pattern have to know of it, found out from its parsed form.

use std::sync::Arc;

use regex_syntax::hir::{Hir, HirKind, Look};

use super::grow;

/// What is known of a pattern.
#[derive(Debug)]
pub(in crate::core::trigger) struct PatternInfo {
    /// The name of each group; the first is the whole match and has none.
    pub(in crate::core::trigger) names: Arc<[Option<Box<str>>]>,
    /// A match that touches the line's end could still grow, if more text came.
    pub(in crate::core::trigger) can_grow: bool,
    /// It has a `^`, for which the start of a piece is not the start of a line.
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
