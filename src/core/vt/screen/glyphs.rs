//! What the emulation has one character for, and a terminal more: a blank that was written (it has attributes, one
//! that was erased only a background), and a character with combining marks. Such a thing is given a character that no
//! text uses. It must not know where on the screen anything stands.

use std::fmt;

use unicode_width::UnicodeWidthChar;

/// A blank that was written.
const BLANK: char = '\u{f0020}';
/// The first of those that stand for a narrow character with marks, and for a wide one.
const NARROW: u32 = 0xf_1000;
const WIDE: u32 = 0x3_a000;
/// How many characters with marks are told apart; of the others only the character is kept.
const MOST: usize = 4096;
/// How long one of them may become, in bytes.
const LONGEST: usize = 64;

/// What stands in a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellText<'a> {
    /// Nobody has written there, or it was erased.
    Nothing,
    /// A character.
    Char(char),
    /// A character with combining marks.
    Cluster(&'a str),
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

/// The characters with marks that were seen.
#[derive(Debug, Default)]
pub(super) struct Glyphs {
    clusters: Vec<String>,
}

/// Whether this takes no column of its own.
pub(super) fn is_mark(char: char) -> bool {
    char >= '\u{300}' && char.width() == Some(0)
}

/// What the emulation is given for a character.
pub(super) fn written(char: char) -> char {
    if char == ' ' { BLANK } else { char }
}

impl Glyphs {
    /// What the emulation's character stands for.
    pub(super) fn read(&self, char: char) -> CellText<'_> {
        match (char, place(char)) {
            (' ', _) => CellText::Nothing,
            (BLANK, _) => CellText::Char(' '),
            (_, Some(at)) => self.clusters.get(at).map_or(CellText::Char(char), |text| CellText::Cluster(text)),
            (_, None) => CellText::Char(char),
        }
    }

    /// What stands for the emulation's character with a mark behind it; `None` if that is too much.
    pub(super) fn join(&mut self, char: char, mark: char) -> Option<char> {
        let cluster = format!("{}{mark}", self.read(char));
        let at = match self.clusters.iter().position(|known| *known == cluster) {
            Some(at) => at,
            None if self.clusters.len() < MOST && cluster.len() <= LONGEST => {
                self.clusters.push(cluster);
                self.clusters.len() - 1
            }
            None => return None,
        };
        let base = if char.width() == Some(2) { WIDE } else { NARROW };
        char::from_u32(base + u32::try_from(at).ok()?)
    }
}

/// The place among the clusters of what stands for one.
fn place(char: char) -> Option<usize> {
    let code = u32::from(char);
    let base = [NARROW, WIDE].into_iter().find(|&base| code >= base && code - base < MOST as u32)?;
    Some((code - base) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_others_has_their_width() {
        for (base, width) in [(NARROW, 1), (WIDE, 2)] {
            let mut all = (base..base + MOST as u32).filter_map(char::from_u32);
            assert!(all.all(|char| char.width() == Some(width)));
        }
        assert_eq!(BLANK.width(), Some(1));
    }

    #[test]
    fn joins_and_reads() {
        let mut glyphs = Glyphs::default();
        let one = glyphs.join('e', '\u{301}').expect("there is room");
        let two = glyphs.join(one, '\u{323}').expect("there is room");
        let wide = glyphs.join('\u{4e2d}', '\u{301}').expect("there is room");
        let read: Vec<_> = [one, two, wide, BLANK, 'x'].map(|char| glyphs.read(char).to_string()).into();
        assert_eq!(read, ["e\u{301}", "e\u{301}\u{323}", "\u{4e2d}\u{301}", " ", "x"]);
        assert_eq!(wide.width(), Some(2));
    }

    #[test]
    fn is_bounded() {
        let mut glyphs = Glyphs::default();
        let letters = (0x4e00..0x9000_u32).filter_map(char::from_u32);
        assert_eq!(letters.filter_map(|char| glyphs.join(char, '\u{301}')).count(), MOST);
        let (mut last, mut marks) = ('e', 0);
        let mut glyphs = Glyphs::default();
        while let Some(next) = glyphs.join(last, '\u{301}') {
            (last, marks) = (next, marks + 1);
        }
        assert!(marks < LONGEST);
    }
}
