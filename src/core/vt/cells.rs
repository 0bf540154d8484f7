//! A line held as cells: one per column, row after row of the terminal's width.

use std::cell::Cell;

use super::{scan, utf8};

/// Cell that was never written, or was erased.
const BLANK: u32 = u32::MAX;
/// Second column of a wide character.
const TAIL: u32 = u32::MAX - 1;
/// Last column of a row, left empty because a wide character did not fit: no text at all.
const HOLE: u32 = u32::MAX - 2;
/// Bit of a cell below `HOLE` that holds an index into `clusters`.
const CLUSTER: u32 = 1 << 29;
/// Cells below `CODES` are an ASCII character or a byte that is not UTF-8; from `CODES` on, a character plus `ABOVE_CODE`.
const CODES: u32 = 0x100;
const ABOVE_CODE: u32 = CODES - 0x80;

/// Returns whether a cell is a single byte or blank.
#[inline]
fn is_single_byte(cell: u32) -> bool {
    // `BLANK` wraps to 0.
    cell.wrapping_add(1) <= CODES
}

/// Returns how many leading cells are single bytes or blank.
fn count_singles(cells: &[u32]) -> usize {
    // No branch for each cell, so that the compiler vectorises the loop.
    let all = |eight: &[u32; 8]| eight.iter().fold(true, |all, &cell| all & is_single_byte(cell));
    let (eights, _) = cells.as_chunks::<8>();
    let whole = 8 * eights.iter().take_while(|eight| all(eight)).count();
    whole + cells[whole..].iter().take_while(|&&cell| is_single_byte(cell)).count()
}

fn is_cluster(cell: u32) -> bool {
    cell & CLUSTER != 0 && cell < HOLE
}

/// Content of a cell: a character, or a byte that is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph(u32);

impl Glyph {
    /// Creates a glyph of a character, or of a byte that is not UTF-8.
    pub(super) fn new(what: Result<char, u8>) -> Self {
        Self(match what {
            Ok(char) if char.is_ascii() => u32::from(char),
            Ok(char) => ABOVE_CODE + u32::from(char),
            Err(byte) => u32::from(byte),
        })
    }

    /// Creates a glyph of an ASCII byte or a byte that is not UTF-8.
    pub(super) fn single(byte: u8) -> Self {
        Self(u32::from(byte))
    }

    /// Encodes the glyph as bytes of text.
    pub(super) fn encode(self, buffer: &mut [u8; 4]) -> &[u8] {
        if self.0 < CODES {
            buffer[0] = self.0.to_le_bytes()[0];
            return &buffer[..1];
        }
        let char = char::from_u32(self.0 - ABOVE_CODE).unwrap_or(' ');
        char.encode_utf8(buffer).as_bytes()
    }
}

/// Cells of a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    /// Cells up to the last one that was written.
    cells: Vec<u32>,
    /// Characters with combining marks.
    clusters: Vec<Vec<u8>>,
    /// Number of cells that were read or written, apart from those that text was printed to.
    scanned: Cell<usize>,
}

impl Cells {
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Counts cells or bytes that were read or written.
    pub(super) fn count(&self, scanned: usize) {
        self.scanned.set(self.scanned.get() + scanned);
    }

    /// Returns the number of cells that were read or written since the last call.
    pub(super) fn take_scanned(&self) -> usize {
        self.scanned.take()
    }

    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.clusters.clear();
    }

    /// Returns the length of cells `from..to` without trailing blanks and spaces.
    pub(super) fn trimmed(&self, from: usize, to: usize) -> usize {
        let seen = |&cell: &u32| cell != BLANK && cell != u32::from(b' ');
        let cells = self.cells.get(from..to.min(self.cells.len())).unwrap_or_default();
        self.count(cells.len());
        cells.iter().rposition(seen).map_or(0, |last| last + 1)
    }

    /// Returns how many spaces were written from the cell `from` on.
    pub(super) fn spaces(&self, from: usize) -> usize {
        self.count(self.cells.len().saturating_sub(from));
        self.cells.iter().skip(from).filter(|&&cell| cell == u32::from(b' ')).count()
    }

    /// Returns whether the cell was never written or was erased.
    pub(super) fn is_blank(&self, at: usize) -> bool {
        self.cells.get(at).is_none_or(|&cell| cell == BLANK)
    }

    /// Returns whether any cell from `at` on is written and not erased.
    pub(super) fn any_from(&self, at: usize) -> bool {
        self.count(self.cells.len().saturating_sub(at));
        self.cells.get(at..).is_some_and(|cells| cells.iter().any(|&cell| cell != BLANK))
    }

    /// Removes the cells from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        self.split_wide(len);
        self.cells.truncate(len);
    }

    /// Blanks both halves of a wide character whose second column is at `at`, as xterm does when one half is overwritten.
    fn split_wide(&mut self, at: usize) {
        if self.cells.get(at) == Some(&TAIL) {
            self.cells[at] = BLANK;
            self.cells[at - 1] = BLANK;
        }
    }

    fn extend_to(&mut self, len: usize) {
        if self.cells.len() < len {
            self.cells.resize(len, BLANK);
        }
    }

    /// Writes single-byte glyphs into the cells from `at` on.
    pub(super) fn put_singles(&mut self, at: usize, run: &[u8]) {
        if at == self.cells.len() {
            self.cells.extend(run.iter().map(|&byte| u32::from(byte)));
            return;
        }
        self.split_wide(at);
        self.split_wide(at + run.len());
        self.extend_to(at);
        let over = run.len().min(self.cells.len() - at);
        for (cell, &byte) in self.cells[at..at + over].iter_mut().zip(run) {
            *cell = u32::from(byte);
        }
        self.cells.extend(run[over..].iter().map(|&byte| u32::from(byte)));
    }

    /// Writes a glyph of one or two columns.
    pub(super) fn put(&mut self, at: usize, glyph: Glyph, width: usize) {
        self.split_wide(at);
        self.split_wide(at + width);
        self.extend_to(at + width);
        self.cells[at] = glyph.0;
        if width == 2 {
            self.cells[at + 1] = TAIL;
        }
    }

    /// Marks the cell that a wide character left empty at the end of a row.
    pub(super) fn put_hole(&mut self, at: usize) {
        self.split_wide(at);
        self.split_wide(at + 1);
        self.extend_to(at + 1);
        self.cells[at] = HOLE;
    }

    /// Adds a combining mark to the character whose last cell is `at`; returns whether the cell can take one.
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

    /// Blanks the cells `from..to`.
    pub(super) fn erase(&mut self, from: usize, to: usize) {
        let to = to.min(self.cells.len());
        if from < to {
            self.count(to - from);
            self.split_wide(from);
            self.split_wide(to);
            self.cells[from..to].fill(BLANK);
        }
    }

    /// Shifts the cells from `at` to the row's end `end` right by `count` (ICH).
    pub(super) fn insert(&mut self, at: usize, end: usize, count: usize) {
        if at >= self.cells.len() {
            return;
        }
        self.count(end - at);
        let count = count.min(end - at);
        self.split_wide(at);
        self.split_wide(end - count);
        self.extend_to((self.cells.len() + count).min(end));
        let row_end = end.min(self.cells.len());
        self.cells[at..row_end].rotate_right(count.min(row_end - at));
        self.cells[at..(at + count).min(row_end)].fill(BLANK);
    }

    /// Removes `count` cells at `at` and shifts those up to the row's end `end` left (DCH).
    pub(super) fn delete(&mut self, at: usize, end: usize, count: usize) {
        let end = end.min(self.cells.len());
        if at >= end {
            return;
        }
        self.count(end - at);
        let count = count.min(end - at);
        self.split_wide(at);
        self.split_wide(at + count);
        self.cells[at..end].rotate_left(count);
        self.cells[end - count..end].fill(BLANK);
    }

    /// Returns the text's length in bytes, blank cells included, and drops clusters that were overwritten.
    pub(super) fn measure(&mut self) -> usize {
        self.count(self.cells.len());
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

    /// Appends the text to `out`, without trailing blank cells and, with `trim_start`, without leading ones.
    pub(super) fn render(&self, trim_start: bool, out: &mut Vec<u8>) {
        self.count(self.cells.len());
        let written = |cell: &u32| *cell != BLANK;
        let end = self.cells.iter().rposition(written).map_or(0, |last| last + 1);
        let start = self.cells[..end].iter().position(written).unwrap_or(0);
        let cells = &self.cells[if trim_start { start } else { 0 }..end];
        let mut rest = cells;
        loop {
            let singles = count_singles(rest);
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

    /// Loads the cells of `text` beginning in column `origin`; NUL stands for a blank cell.
    pub(super) fn load(&mut self, text: &[u8], origin: usize, cols: usize) {
        self.count(origin + text.len());
        self.clear();
        self.extend_to(origin);
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
                    // A mark without a character before it on the line is dropped.
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
