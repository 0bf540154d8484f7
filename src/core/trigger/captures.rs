//! What a pattern has captured in a line.

use std::ops::Range;
use std::sync::Arc;

/// One match: its groups, by number and by name. It shares its line, so it is cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    line: Arc<[u8]>,
    /// Group 0 is there always; every range lies within the line.
    groups: Box<[Option<Range<usize>>]>,
    /// As many as there are groups.
    names: Arc<[Option<Box<str>>]>,
}

impl Captures {
    /// A match in a line, given where its groups stand.
    pub(super) fn new(
        line: Arc<[u8]>,
        names: Arc<[Option<Box<str>>]>,
        group: impl Fn(usize) -> Option<Range<usize>>,
    ) -> Self {
        Self { line, groups: (0..names.len()).map(group).collect(), names }
    }

    /// What a group has captured; group 0 is the whole match. Absent where the group took no part, or is none.
    pub fn group(&self, i: usize) -> Option<&[u8]> {
        self.range(i).map(|range| &self.line[range])
    }

    /// What the group of this name has captured.
    pub fn name(&self, name: &str) -> Option<&[u8]> {
        let of_name = |known: &Option<Box<str>>| known.as_deref() == Some(name);
        self.group(self.names.iter().position(of_name)?)
    }

    /// Where in the line a group stands.
    pub fn range(&self, i: usize) -> Option<Range<usize>> {
        self.groups.get(i)?.clone()
    }

    /// The whole match.
    pub fn whole(&self) -> &[u8] {
        self.group(0).unwrap_or_default()
    }

    /// Where in the line the match begins.
    pub fn start(&self) -> usize {
        self.range(0).map_or(0, |range| range.start)
    }

    /// Where in the line the match ends.
    pub fn end(&self) -> usize {
        self.range(0).map_or(0, |range| range.end)
    }

    /// The line, or the piece of it, that was searched.
    pub fn line(&self) -> &Arc<[u8]> {
        &self.line
    }

    /// How many groups there are, the whole match included.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Never: the whole match is a group.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Every group, in order: its name, where it has one, and what it has captured.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, Option<&[u8]>)> {
        self.names.iter().enumerate().map(|(i, name)| (name.as_deref(), self.group(i)))
    }
}

#[cfg(test)]
mod tests {
    use crate::core::trigger::Pattern;

    #[test]
    fn groups_by_number_and_name() {
        let pattern = Pattern::parse(r"(?<n>\d+) (a)?(?<word>\w+)").expect("the pattern is good");
        let captures = pattern.search("é 12 bé".as_bytes()).expect("it matches");
        assert_eq!(captures.whole(), "12 bé".as_bytes());
        assert_eq!((captures.start(), captures.end()), (3, 9));
        assert_eq!(captures.group(1), Some(&b"12"[..]));
        assert_eq!(captures.group(2), None);
        assert_eq!(captures.group(9), None);
        assert_eq!(captures.name("word"), Some("bé".as_bytes()));
        assert_eq!(captures.name("none"), None);
        assert_eq!(captures.len(), 4);
        let named: Vec<_> = captures.iter().map(|(name, value)| (name, value.is_some())).collect();
        assert_eq!(named, [(None, true), (Some("n"), true), (None, false), (Some("word"), true)]);
        assert!(pattern.search(b"none").is_none());
    }
}
