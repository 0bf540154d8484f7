//! A checked pattern: its text and its properties. It is not compiled here: compiling is expensive and left to the
//! first search.
//!
//! `glance` accepts most patterns quickly, `check` finds the faults of the others, with `size` for those that are too
//! large when compiled; `fault` displays a fault. `info` holds the properties of a pattern, with `grow` for whether a
//! match may grow; `required` finds the literals that each match has.

mod check;
mod fault;
mod glance;
mod grow;
mod info;
mod required;
mod size;

use std::sync::{Arc, OnceLock};

use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::groups::{GroupOwner, Groups};
pub use fault::BadPattern;
use info::PatternInfo;
pub(super) use required::{LONGEST as LONGEST_LITERAL, Literal, Required};
pub(super) use size::LIMIT as SIZE_LIMIT;

/// A regular expression in the syntax of the `regex` crate, on bytes, with Unicode on. Clones are cheap.
#[derive(Clone, Debug)]
pub struct Pattern {
    inner: Arc<PatternInner>,
}

#[derive(Debug)]
struct PatternInner {
    text: String,
    /// Number of groups, if `glance` accepted the pattern.
    groups: Option<usize>,
    /// Computed at first use, since that costs several times as much as the check.
    info: OnceLock<PatternInfo>,
    /// Computed at first use.
    required: OnceLock<Box<[Required]>>,
}

impl Pattern {
    /// Parses and checks a pattern.
    ///
    /// # Errors
    ///
    /// A fault in the syntax, or a size above the limit when compiled.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadPattern> {
        let text = text.into();
        let groups = glance::groups(&text);
        let info = if groups.is_some() { None } else { check::check(&text)? };
        let info = info.map_or_else(OnceLock::new, OnceLock::from);
        Ok(Self { inner: Arc::new(PatternInner { text, groups, info, required: OnceLock::new() }) })
    }

    /// Returns the text of the pattern.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// Parses the pattern again and returns its parsed form, which would take too much memory if kept.
    pub(super) fn hir(&self) -> Hir {
        let parsed = ParserBuilder::new().utf8(false).build().parse(self.text());
        parsed.expect("Pattern::parse has found no fault in this text")
    }

    /// Returns whether the pattern matches `text`. Compiles it for this call.
    pub fn is_match(&self, text: &[u8]) -> bool {
        size::compile(self.text(), 2 * SIZE_LIMIT).is_ok_and(|regex| regex.is_match(text))
    }

    /// Returns the choices of literals of which each match has one, the rarest first; none where a match may have no literal.
    pub(super) fn required(&self) -> &[Required] {
        let choices = || match self.inner.groups {
            Some(_) => required::of_text(self.text()),
            None => required::required(&self.hir()),
        };
        self.inner.required.get_or_init(|| choices().into())
    }

    /// Returns whether `required` costs nothing, since it was called before.
    pub(super) fn is_prepared(&self) -> bool {
        self.inner.required.get().is_some()
    }

    pub(super) fn info(&self) -> &PatternInfo {
        self.inner.info.get_or_init(|| PatternInfo::of(&self.hir()))
    }
}

impl Groups for Pattern {
    fn count(&self) -> usize {
        self.inner.groups.unwrap_or_else(|| self.info().names.len())
    }

    fn names(&self) -> Box<dyn Iterator<Item = Option<&str>> + '_> {
        Box::new(self.info().names.iter().map(Option::as_deref))
    }

    fn owner(&self) -> GroupOwner {
        GroupOwner::Pattern
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::captures::Captures;

    impl Pattern {
        /// Returns the first match in a line, with a regex compiled for this call.
        pub(in crate::core) fn search(&self, line: &[u8]) -> Option<Captures> {
            let found = size::compile(self.text(), 2 * SIZE_LIMIT).ok()?.captures(line)?;
            let group = |i| found.get(i).map(|group| group.range());
            Some(Captures::new(line.into(), Arc::clone(&self.info().names), group))
        }
    }

    fn parsed(text: &str) -> Pattern {
        Pattern::parse(text).expect("the pattern is valid")
    }

    #[test]
    fn groups_have_numbers_and_names() {
        let pattern = parsed(r"(?<file>\S+):(\d+):(?P<text>.*)");
        assert_eq!(pattern.count(), 4);
        assert_eq!(pattern.names().collect::<Vec<_>>(), [None, Some("file"), None, Some("text")]);
        assert_eq!(parsed("a").names().collect::<Vec<_>>(), [None]);
        assert_eq!(parsed("(?<n>a){0}").count(), 1);
        let gap = parsed("(?<n>a){0}(?<m>b)");
        assert_eq!(gap.names().collect::<Vec<_>>(), [None, None, Some("m")]);
        let captures = gap.search(b"b").expect("the pattern matches");
        assert_eq!((captures.group(1), captures.name("m")), (None, Some(&b"b"[..])));
    }

    #[test]
    fn start_anchor_is_recognized_anywhere() {
        for text in ["^a", "b|(?:^a)", "(?m)^a", r"\Aa"] {
            assert!(parsed(text).info().looks_at_start, "{text}");
        }
        assert!(!parsed(r"\ba$").info().looks_at_start);
    }

    #[test]
    fn text_need_not_be_utf8() {
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
