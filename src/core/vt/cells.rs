//! A line whose columns matter: one cell for each, row after row of the terminal's width.

use super::{scan, utf8};

/// A cell that nobody has written.
const BLANK: u32 = u32::MAX;
/// The second column of a wide character.
const TAIL: u32 = u32::MAX - 1;
/// The last column of a row on which a wide character found no room: no text at all.
const HOLE: u32 = u32::MAX - 2;
/// With this bit, and below `HOLE`: a place in `clusters`.
const CLUSTER: u32 = 1 << 29;
/// From here on: this much more than the code of a character. Below: an ASCII character, or a byte that is not UTF-8.
const CODES: u32 = 0x100;
const ABOVE_CODE: u32 = CODES - 0x80;

/// Whether a cell is of one byte, or nobody has written it.
#[inline]
fn is_single(cell: u32) -> bool {
    // The blank one becomes 0.
    cell.wrapping_add(1) <= CODES
}

/// How many cells from the first on are of one byte, or were never written.
fn singles(cells: &[u32]) -> usize {
    // Without a branch for each, so that this becomes vector code.
    let all = |eight: &[u32; 8]| eight.iter().fold(true, |all, &cell| all & is_single(cell));
    let (eights, _) = cells.as_chunks::<8>();
    let whole = 8 * eights.iter().take_while(|eight| all(eight)).count();
    whole + cells[whole..].iter().take_while(|&&cell| is_single(cell)).count()
}

fn is_cluster(cell: u32) -> bool {
    cell & CLUSTER != 0 && cell < HOLE
}

/// What is put into a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph(u32);

impl Glyph {
    /// Of a character, or of a byte that is not UTF-8.
    pub(super) fn new(what: Result<char, u8>) -> Self {
        Self(match what {
            Ok(char) if char.is_ascii() => u32::from(char),
            Ok(char) => ABOVE_CODE + u32::from(char),
            Err(byte) => u32::from(byte),
        })
    }

    /// Of a byte that is a character of its own, or is not UTF-8.
    pub(super) fn single(byte: u8) -> Self {
        Self(u32::from(byte))
    }

    /// Its bytes.
    pub(super) fn encode(self, buffer: &mut [u8; 4]) -> &[u8] {
        if self.0 < CODES {
            buffer[0] = self.0.to_le_bytes()[0];
            return &buffer[..1];
        }
        let char = char::from_u32(self.0 - ABOVE_CODE).unwrap_or(' ');
        char.encode_utf8(buffer).as_bytes()
    }
}

/// The cells of a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    /// Up to the last one that was written.
    cells: Vec<u32>,
    /// Characters with combining marks.
    clusters: Vec<Vec<u8>>,
}

impl Cells {
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.clusters.clear();
    }

    /// The length of these cells without the blanks at their end, whether they were written or not.
    pub(super) fn trimmed(&self, from: usize, to: usize) -> usize {
        let seen = |&cell: &u32| cell != BLANK && cell != u32::from(b' ');
        let cells = self.cells.get(from..to.min(self.cells.len())).unwrap_or_default();
        cells.iter().rposition(seen).map_or(0, |last| last + 1)
    }

    /// How many spaces were written from this cell on.
    pub(super) fn spaces(&self, from: usize) -> usize {
        self.cells.iter().skip(from).filter(|&&cell| cell == u32::from(b' ')).count()
    }

    /// Whether nothing was written into this cell, or it was erased.
    pub(super) fn is_blank(&self, at: usize) -> bool {
        self.cells.get(at).is_none_or(|&cell| cell == BLANK)
    }

    /// Whether anything was written from this cell on, and not erased.
    pub(super) fn any_from(&self, at: usize) -> bool {
        self.cells.get(at..).is_some_and(|cells| cells.iter().any(|&cell| cell != BLANK))
    }

    /// Everything from this cell on is gone.
    pub(super) fn truncate(&mut self, len: usize) {
        self.part(len);
        self.cells.truncate(len);
    }

    /// A wide character that lies on both sides of this cell's left edge is split: its halves become blank.
    fn part(&mut self, at: usize) {
        if self.cells.get(at) == Some(&TAIL) {
            self.cells[at] = BLANK;
            self.cells[at - 1] = BLANK;
        }
    }

    fn reach(&mut self, len: usize) {
        if self.cells.len() < len {
            self.cells.resize(len, BLANK);
        }
    }

    /// Puts bytes that each stand for themselves into the cells from `at` on.
    pub(super) fn put_singles(&mut self, at: usize, run: &[u8]) {
        if at == self.cells.len() {
            self.cells.extend(run.iter().map(|&byte| u32::from(byte)));
            return;
        }
        self.part(at);
        self.part(at + run.len());
        self.reach(at);
        let over = run.len().min(self.cells.len() - at);
        for (cell, &byte) in self.cells[at..at + over].iter_mut().zip(run) {
            *cell = u32::from(byte);
        }
        self.cells.extend(run[over..].iter().map(|&byte| u32::from(byte)));
    }

    /// Puts one glyph of one or two columns.
    pub(super) fn put(&mut self, at: usize, glyph: Glyph, width: usize) {
        self.part(at);
        self.part(at + width);
        self.reach(at + width);
        self.cells[at] = glyph.0;
        if width == 2 {
            self.cells[at + 1] = TAIL;
        }
    }

    /// The cell that a wide character had to leave empty.
    pub(super) fn put_hole(&mut self, at: usize) {
        self.part(at);
        self.part(at + 1);
        self.reach(at + 1);
        self.cells[at] = HOLE;
    }

    /// Adds a combining mark to the character whose last cell this is; says whether there is one.
    pub(super) fn mark(&mut self, at: usize, mark: &[u8]) -> bool {
        let Some(&cell) = self.cells.get(at) else { return false };
        let at = if cell == TAIL { at - 1 } else { at };
        let cell = self.cells[at];
        if cell == HOLE {
            return false;
        }
        if is_cluster(cell) {
            self.clusters[(cell ^ CLUSTER) as usize].extend_from_slice(mark);
            return true;
        }
        let base = if cell == BLANK { Glyph(u32::from(b' ')) } else { Glyph(cell) };
        let mut cluster = Vec::with_capacity(8);
        cluster.extend_from_slice(base.encode(&mut [0; 4]));
        cluster.extend_from_slice(mark);
        self.cells[at] = CLUSTER | u32::try_from(self.clusters.len()).expect("a line is 64 KiB");
        self.clusters.push(cluster);
        true
    }

    /// Makes these cells blank.
    pub(super) fn erase(&mut self, from: usize, to: usize) {
        let to = to.min(self.cells.len());
        if from < to {
            self.part(from);
            self.part(to);
            self.cells[from..to].fill(BLANK);
        }
    }

    /// Moves the cells from `at` to the end of the row at `end` by `count` to the right.
    pub(super) fn insert(&mut self, at: usize, end: usize, count: usize) {
        if at >= self.cells.len() {
            return;
        }
        let count = count.min(end - at);
        self.part(at);
        self.part(end - count);
        self.reach((self.cells.len() + count).min(end));
        let row_end = end.min(self.cells.len());
        self.cells[at..row_end].rotate_right(count.min(row_end - at));
        self.cells[at..(at + count).min(row_end)].fill(BLANK);
    }

    /// Takes `count` cells out at `at`; those up to the end of the row at `end` move to the left.
    pub(super) fn delete(&mut self, at: usize, end: usize, count: usize) {
        let end = end.min(self.cells.len());
        if at >= end {
            return;
        }
        let count = count.min(end - at);
        self.part(at);
        self.part(at + count);
        self.cells[at..end].rotate_left(count);
        self.cells[end - count..end].fill(BLANK);
    }

    /// The length of the text, blank cells counted; forgets clusters that were overprinted.
    pub(super) fn weigh(&mut self) -> usize {
        let mut kept = Vec::new();
        let mut size = 0;
        for cell in &mut self.cells {
            size += match *cell {
                TAIL | HOLE => 0,
                BLANK => 1,
                code if code < CODES => 1,
                code if is_cluster(code) => {
                    let cluster = std::mem::take(&mut self.clusters[(code ^ CLUSTER) as usize]);
                    let size = cluster.len();
                    *cell = CLUSTER | u32::try_from(kept.len()).expect("a line is 64 KiB");
                    kept.push(cluster);
                    size
                }
                code => char::from_u32(code - ABOVE_CODE).map_or(1, char::len_utf8),
            };
        }
        self.clusters = kept;
        size
    }

    /// Appends the text, without the blank cells at its end and, if told so, at its start.
    pub(super) fn render(&self, trim_start: bool, out: &mut Vec<u8>) {
        let written = |cell: &u32| *cell != BLANK;
        let end = self.cells.iter().rposition(written).map_or(0, |last| last + 1);
        let start = self.cells[..end].iter().position(written).unwrap_or(0);
        let cells = &self.cells[if trim_start { start } else { 0 }..end];
        let mut rest = cells;
        loop {
            let singles = singles(rest);
            out.extend(rest[..singles].iter().map(|&cell| if cell == BLANK { b' ' } else { cell.to_le_bytes()[0] }));
            let Some((&cell, behind)) = rest[singles..].split_first() else { return };
            rest = behind;
            match cell {
                TAIL | HOLE => {}
                code if is_cluster(code) => {
                    out.extend_from_slice(&self.clusters[(code ^ CLUSTER) as usize]);
                }
                code => out.extend_from_slice(Glyph(code).encode(&mut [0; 4])),
            }
        }
    }

    /// Becomes the cells of a text that begins in column `origin` and was never overprinted; NUL is a cell that nobody wrote.
    pub(super) fn load(&mut self, text: &[u8], origin: usize, cols: usize) {
        self.clear();
        self.reach(origin);
        let mut rest = text;
        loop {
            let (singles, behind) = rest.split_at(scan::singles(rest));
            self.cells.extend(singles.iter().map(|&byte| if byte == 0 { BLANK } else { u32::from(byte) }));
            rest = behind;
            if rest.is_empty() {
                return;
            }
            let (what, len) = utf8::first(rest);
            let (bytes, behind) = rest.split_at(len);
            rest = behind;
            let at = self.cells.len();
            match what.map_or(1, utf8::width) {
                0 => {
                    // Without a character before it there is nothing to add it to.
                    let _ = at > origin && self.mark(at - 1, bytes);
                }
                2 if cols > 1 => {
                    if at % cols == cols - 1 {
                        self.put_hole(at);
                    }
                    self.put(self.cells.len(), Glyph::new(what), 2);
                }
                _ => self.put(at, Glyph::new(what), 1),
            }
        }
    }
}
