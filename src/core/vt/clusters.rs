//! Contents of cells: a character, a byte that is not UTF-8, or a cluster of a character with combining marks, which is
//! kept in a table.

use std::collections::HashMap;

/// Cell that was never written, or was erased.
pub(super) const BLANK: u32 = u32::MAX;
/// Second column of a wide character.
pub(super) const TAIL: u32 = u32::MAX - 1;
/// Last column of a row, left empty because a wide character did not fit: no text at all.
pub(super) const HOLE: u32 = u32::MAX - 2;
/// Bit of a cell below `HOLE` that holds an index into [`Clusters`].
const CLUSTER: u32 = 1 << 29;
/// Cells below `CODES` are an ASCII character or a byte that is not UTF-8; from `CODES` on, a character plus `ABOVE_CODE`.
const CODES: u32 = 0x100;
const ABOVE_CODE: u32 = CODES - 0x80;

/// Maximum length of a cluster in bytes; further marks are dropped.
const MAX_CLUSTER_LEN: usize = 64;
/// Number of clusters from which those that no cell refers to are dropped.
const SWEEP_FROM: usize = 4096;

/// Returns the cell of a character, or of a byte that is not UTF-8.
pub(super) fn cell_of(what: Result<char, u8>) -> u32 {
    match what {
        Ok(char) if char.is_ascii() => u32::from(char),
        Ok(char) => ABOVE_CODE + u32::from(char),
        Err(byte) => u32::from(byte),
    }
}

/// Returns whether a cell is a single byte or blank.
#[inline]
fn is_single_byte(cell: u32) -> bool {
    // `BLANK` wraps to 0.
    cell.wrapping_add(1) <= CODES
}

/// Returns how many leading cells are single bytes or blank.
pub(super) fn count_singles(cells: &[u32]) -> usize {
    // No branch for each cell, so that the compiler vectorises the loop.
    let all = |eight: &[u32; 8]| eight.iter().fold(true, |all, &cell| all & is_single_byte(cell));
    let (eights, _) = cells.as_chunks::<8>();
    let whole = 8 * eights.iter().take_while(|eight| all(eight)).count();
    whole + cells[whole..].iter().take_while(|&&cell| is_single_byte(cell)).count()
}

/// Returns whether a cell holds an index into [`Clusters`].
fn is_cluster(cell: u32) -> bool {
    cell & CLUSTER != 0 && cell < HOLE
}

/// Table of the clusters that cells refer to.
#[derive(Clone, Debug, Default)]
pub(super) struct Clusters {
    texts: Vec<Box<[u8]>>,
    /// Index of each cluster in `texts`.
    known: HashMap<Box<[u8]>, u32>,
    /// Number of clusters from which the table is swept; 0 stands for `SWEEP_FROM`.
    sweep_from: usize,
}

impl Clusters {
    /// Returns the cell of `cell` with a combining mark added; `None` where the cell can take no mark.
    pub(super) fn join(&mut self, cell: u32, mark: &[u8]) -> Option<u32> {
        let mut text = Vec::with_capacity(8);
        match cell {
            HOLE | TAIL => return None,
            BLANK => text.push(b' '),
            cell => self.push_text(cell, &mut text),
        }
        text.extend_from_slice(mark);
        if text.len() > MAX_CLUSTER_LEN {
            return None;
        }
        if let Some(&known) = self.known.get(&text[..]) {
            return Some(CLUSTER | known);
        }
        let index = u32::try_from(self.texts.len()).ok().filter(|&index| index < CLUSTER)?;
        let text: Box<[u8]> = text.into();
        self.texts.push(text.clone());
        self.known.insert(text, index);
        Some(CLUSTER | index)
    }

    /// Appends the text of a cell that is neither blank nor without text.
    pub(super) fn push_text(&self, cell: u32, out: &mut Vec<u8>) {
        if cell < CODES {
            out.push(cell.to_le_bytes()[0]);
        } else if is_cluster(cell) {
            out.extend_from_slice(self.texts.get((cell ^ CLUSTER) as usize).map_or(&b" "[..], |text| text));
        } else {
            let char = char::from_u32(cell - ABOVE_CODE).unwrap_or(' ');
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Whether the table is so large that `sweep` should be called.
    pub(super) fn is_large(&self) -> bool {
        self.texts.len() >= self.sweep_from.max(SWEEP_FROM)
    }

    /// Drops the clusters that none of `cells` refers to, and changes the others' indices in `cells`.
    pub(super) fn sweep<'a>(&mut self, cells: impl Iterator<Item = &'a mut u32>) {
        let old = std::mem::take(self);
        let mut moved: HashMap<u32, u32> = HashMap::new();
        for cell in cells.filter(|cell| is_cluster(**cell)) {
            let texts = &mut self.texts;
            *cell = *moved.entry(*cell).or_insert_with_key(|cell| {
                let index = texts.len() as u32;
                texts.push(old.texts[(cell ^ CLUSTER) as usize].clone());
                CLUSTER | index
            });
        }
        self.known = self.texts.iter().cloned().zip(0..).collect();
        self.sweep_from = 2 * self.texts.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(clusters: &Clusters, cell: u32) -> String {
        let mut text = Vec::new();
        clusters.push_text(cell, &mut text);
        String::from_utf8(text).expect("it is UTF-8")
    }

    #[test]
    fn marks_join_their_character() {
        let mut clusters = Clusters::default();
        let one = clusters.join(cell_of(Ok('e')), "\u{301}".as_bytes()).expect("it fits");
        let two = clusters.join(one, "\u{323}".as_bytes()).expect("it fits");
        let wide = clusters.join(cell_of(Ok('漢')), "\u{301}".as_bytes()).expect("it fits");
        let texts = [one, two, wide, cell_of(Ok('x'))].map(|cell| text(&clusters, cell));
        assert_eq!(texts, ["e\u{301}", "e\u{301}\u{323}", "漢\u{301}", "x"]);
        assert_eq!(clusters.join(cell_of(Ok('e')), "\u{301}".as_bytes()), Some(one), "each is kept once");
        assert_eq!(clusters.join(TAIL, "\u{301}".as_bytes()), None);
    }

    #[test]
    fn clusters_without_cells_are_dropped() {
        let mut clusters = Clusters::default();
        let mut cells: Vec<u32> = ('一'..='龥')
            .take(SWEEP_FROM)
            .filter_map(|char| clusters.join(cell_of(Ok(char)), "\u{301}".as_bytes()))
            .collect();
        assert!(clusters.is_large());
        let mut kept = cells.split_off(SWEEP_FROM - 2);
        clusters.sweep(kept.iter_mut());
        assert_eq!((clusters.texts.len(), clusters.is_large()), (2, false));
        let last = char::from_u32('一' as u32 + SWEEP_FROM as u32 - 1).expect("it is a character");
        assert_eq!(text(&clusters, kept[1]), format!("{last}\u{301}"));
    }

    #[test]
    fn cluster_is_bounded() {
        let (mut clusters, mut cell, mut marks) = (Clusters::default(), cell_of(Ok('e')), 0);
        while let Some(next) = clusters.join(cell, "\u{301}".as_bytes()) {
            (cell, marks) = (next, marks + 1);
        }
        assert_eq!(marks, (MAX_CLUSTER_LEN - 1) / 2);
    }
}
