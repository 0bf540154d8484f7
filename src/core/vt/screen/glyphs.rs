//! Cell contents that avt, with one character per cell, cannot represent: a printed space (with attributes; an erased cell
//! has only a background) and a character with combining marks. Each is mapped to a private-use or unassigned code point
//! of the same width.

use std::collections::HashMap;
use std::fmt;

use unicode_width::UnicodeWidthChar;

/// Code point of a printed space.
const PRINTED_SPACE: char = '\u{f0020}';
/// First code point of narrow and of wide clusters.
const NARROW: u32 = 0xf_1000;
const WIDE: u32 = 0x3_a000;
/// Maximum number of distinct clusters; of further ones only the base character is kept.
const MAX_CLUSTERS: usize = 4096;
/// Maximum length of a cluster in bytes.
const MAX_CLUSTER_LEN: usize = 64;

/// Content of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellText<'a> {
    /// Never written, or erased.
    Nothing,
    /// Character.
    Char(char),
    /// Character with combining marks.
    Cluster(&'a str),
}

impl CellText<'_> {
    /// Appends the content to a text.
    pub fn push_to(self, text: &mut String) {
        match self {
            Self::Nothing => text.push(' '),
            Self::Char(char) => text.push(char),
            Self::Cluster(cluster) => text.push_str(cluster),
        }
    }
}

impl fmt::Display for CellText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str(" "),
            Self::Char(char) => write!(f, "{char}"),
            Self::Cluster(text) => f.write_str(text),
        }
    }
}

/// Table of the clusters seen.
#[derive(Debug, Default)]
pub(super) struct Glyphs {
    clusters: Vec<String>,
    /// Index of each cluster in `clusters`.
    known: HashMap<String, usize>,
}

/// Returns whether `char` is a combining mark, which takes no column.
pub(super) fn is_mark(char: char) -> bool {
    char >= '\u{300}' && char.width() == Some(0)
}

/// Returns the code point that represents a printed character.
pub(super) fn encode(char: char) -> char {
    if char == ' ' { PRINTED_SPACE } else { char }
}

impl Glyphs {
    /// Decodes a code point of the emulation.
    pub(super) fn decode(&self, char: char) -> CellText<'_> {
        match (char, cluster_index(char)) {
            (' ', _) => CellText::Nothing,
            (PRINTED_SPACE, _) => CellText::Char(' '),
            (_, Some(at)) => self.clusters.get(at).map_or(CellText::Char(char), |text| CellText::Cluster(text)),
            (_, None) => CellText::Char(char),
        }
    }

    /// Returns the code point of `char` with `mark` added; `None` if the table is full or the cluster too long.
    pub(super) fn join(&mut self, char: char, mark: char) -> Option<char> {
        let cluster = format!("{}{mark}", self.decode(char));
        let at = match self.known.get(&cluster) {
            Some(at) => *at,
            None if self.clusters.len() < MAX_CLUSTERS && cluster.len() <= MAX_CLUSTER_LEN => {
                self.clusters.push(cluster.clone());
                self.known.insert(cluster, self.clusters.len() - 1);
                self.clusters.len() - 1
            }
            None => return None,
        };
        let base = if char.width() == Some(2) { WIDE } else { NARROW };
        char::from_u32(base + u32::try_from(at).ok()?)
    }
}

/// Returns the index of the cluster that a code point represents.
fn cluster_index(char: char) -> Option<usize> {
    let code = u32::from(char);
    let base = [NARROW, WIDE].into_iter().find(|&base| code >= base && code - base < MAX_CLUSTERS as u32)?;
    Some((code - base) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_points_have_width_of_their_text() {
        for (base, width) in [(NARROW, 1), (WIDE, 2)] {
            let mut all = (base..base + MAX_CLUSTERS as u32).filter_map(char::from_u32);
            assert!(all.all(|char| char.width() == Some(width)));
        }
        assert_eq!(PRINTED_SPACE.width(), Some(1));
    }

    #[test]
    fn cluster_is_joined_and_decoded() {
        let mut glyphs = Glyphs::default();
        let one = glyphs.join('e', '\u{301}').expect("the table has space");
        let two = glyphs.join(one, '\u{323}').expect("the table has space");
        let wide = glyphs.join('\u{4e2d}', '\u{301}').expect("the table has space");
        let texts: Vec<_> = [one, two, wide, PRINTED_SPACE, 'x'].map(|char| glyphs.decode(char).to_string()).into();
        assert_eq!(texts, ["e\u{301}", "e\u{301}\u{323}", "\u{4e2d}\u{301}", " ", "x"]);
        assert_eq!(wide.width(), Some(2));
    }

    #[test]
    fn cluster_table_is_bounded() {
        let mut glyphs = Glyphs::default();
        let letters = (0x4e00..0x9000_u32).filter_map(char::from_u32);
        assert_eq!(letters.filter_map(|char| glyphs.join(char, '\u{301}')).count(), MAX_CLUSTERS);
        let (mut last, mut marks) = ('e', 0);
        let mut glyphs = Glyphs::default();
        while let Some(next) = glyphs.join(last, '\u{301}') {
            (last, marks) = (next, marks + 1);
        }
        assert!(marks < MAX_CLUSTER_LEN);
    }
}
