//! The groups of a match.

use std::ops::Range;
use std::sync::Arc;

/// A match: its groups by number and by name. Clones are cheap, since they share the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    line: Arc<[u8]>,
    /// Group 0 is always present; every range lies within the line.
    groups: Box<[Option<Range<usize>>]>,
    /// One entry for each group.
    names: Arc<[Option<Box<str>>]>,
    /// Whether the groups are texts by themselves, one behind the other, and no parts of a line.
    are_apart: bool,
}

impl Captures {
    /// Creates a match in `line`, with `group` returning the ranges of its groups.
    pub(super) fn new(
        line: Arc<[u8]>,
        names: Arc<[Option<Box<str>>]>,
        group: impl Fn(usize) -> Option<Range<usize>>,
    ) -> Self {
        Self { line, groups: (0..names.len()).map(group).collect(), names, are_apart: false }
    }

    /// Creates the values of an event, of which the first is its text.
    pub(super) fn of_values<'a>(values: impl Iterator<Item = (Option<&'static str>, Option<&'a [u8]>)>) -> Self {
        let (mut all, mut groups, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in values {
            groups.push(value.map(|value| all.len()..all.len() + value.len()));
            all.extend_from_slice(value.unwrap_or_default());
            names.push(name.map(Into::into));
        }
        Self { line: all.into(), groups: groups.into(), names: names.into(), are_apart: true }
    }

    /// Returns the text of group `i`; group 0 is the whole match. `None` if the group took no part in the match, or
    /// the pattern has no such group.
    pub fn group(&self, i: usize) -> Option<&[u8]> {
        self.range(i).map(|range| &self.line[range])
    }

    /// Returns the text of the group called `name`.
    pub fn name(&self, name: &str) -> Option<&[u8]> {
        let of_name = |known: &Option<Box<str>>| known.as_deref() == Some(name);
        self.group(self.names.iter().position(of_name)?)
    }

    /// Returns the range of group `i` in the line.
    pub fn range(&self, i: usize) -> Option<Range<usize>> {
        self.groups.get(i)?.clone()
    }

    /// Returns the text of the whole match.
    pub fn whole(&self) -> &[u8] {
        self.group(0).unwrap_or_default()
    }

    /// Returns the start of the match in the line.
    pub fn start(&self) -> usize {
        self.range(0).map_or(0, |range| range.start)
    }

    /// Returns the end of the match in the line.
    pub fn end(&self) -> usize {
        self.range(0).map_or(0, |range| range.end)
    }

    /// Returns the line, or the piece of a line, that was searched.
    pub fn line(&self) -> &Arc<[u8]> {
        &self.line
    }

    /// Returns whether the groups are values of an event, which are no parts of a line.
    pub fn are_apart(&self) -> bool {
        self.are_apart
    }

    /// Returns the number of groups, the whole match included.
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// Returns false: the whole match is a group.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Returns the name and the text of each group, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&str>, Option<&[u8]>)> {
        self.names.iter().enumerate().map(|(i, name)| (name.as_deref(), self.group(i)))
    }
}

#[cfg(test)]
mod tests {
    use crate::core::trigger::Pattern;

    #[test]
    fn groups_are_found_by_number_and_name() {
        let pattern = Pattern::parse(r"(?<n>\d+) (a)?(?<word>\w+)").expect("the pattern is valid");
        let captures = pattern.search("é 12 bé".as_bytes()).expect("the pattern matches");
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
