//! A row of a screen: what stands on it, as bytes while it was written from left to right, else as cells.

use super::clusters::{BLANK, Clusters, HOLE, TAIL, cell_of, count_singles};
use super::style::StyleId;
use super::{scan, utf8};

mod narrow;

pub(super) use narrow::FEW;

/// Content of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RawCell {
    pub(super) glyph: u32,
    pub(super) style: StyleId,
}

/// A row.
#[derive(Clone, Debug, Default)]
pub(super) struct ScreenRow {
    /// Identity of the line that begins on this row. It stays when the row scrolls or is drawn again.
    pub(super) id: u64,
    /// Number of the line that begins on this row; 0 before it has one.
    pub(super) number: u64,
    /// Stream offsets of the line's first byte and of the end of its last report.
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether the line of the row above goes on here.
    pub(super) continues: bool,
    /// Whether the line's number was told to a client, so that no other line may have it.
    pub(super) told: bool,
    /// Whether the row has changed since the report of its line.
    pub(super) dirty: bool,
    /// Whether the row has changed since the rows that have were taken.
    pub(super) changed: bool,
    /// Hash of the text when the changed rows were last taken.
    pub(super) taken: u64,
    /// Whether the spaces at the row's end are padding of a shell, and no text.
    pub(super) padded: bool,
    /// Whether coshell itself wrote the row.
    pub(super) own: bool,
    /// Style of the cells behind those that are kept.
    pub(super) fill: StyleId,
    /// Text from the first column on, while `cells` is empty. NUL is a column that was skipped.
    flat: Vec<u8>,
    /// Whether `flat` is known to have one byte for each column, none with a style, while `cells` is empty.
    narrow: bool,
    /// Styles in `flat`: each from this byte on. Before the first it is the default.
    runs: Vec<(u32, StyleId)>,
    /// Style of the last column behind `flat`, which a wide character left empty.
    hole: Option<StyleId>,
    cells: Vec<u32>,
    /// Style of each cell; empty while all are the default.
    styles: Vec<StyleId>,
}

/// Returns the parts of `text` with their styles, of which the first is `first` and each of `runs` holds from a byte on.
pub(super) fn styled_parts<'a>(
    text: &'a [u8],
    runs: &'a [(u32, StyleId)],
    first: StyleId,
) -> impl Iterator<Item = (&'a [u8], StyleId)> {
    let starts = std::iter::once((0, first)).chain(runs.iter().copied());
    let ends = runs.iter().map(|&(at, _)| at as usize).chain(std::iter::once(text.len()));
    starts.zip(ends).map(|((start, style), end)| (&text[start as usize..end], style))
}

impl ScreenRow {
    /// Creates a blank row.
    pub(super) fn new(id: u64) -> Self {
        Self { id, ..Self::default() }
    }

    /// Returns a copy of the row, which is blank, with this text in these styles.
    pub(super) fn with_text(&self, flat: &[u8], runs: &[(u32, StyleId)]) -> Self {
        Self { flat: flat.to_vec(), runs: runs.to_vec(), narrow: false, ..self.clone() }
    }

    /// Returns whether the row is held as text that is not empty.
    pub(super) fn is_text(&self) -> bool {
        !self.flat.is_empty()
    }

    /// Empties the row and gives it a new identity. It keeps its memory.
    pub(super) fn renew(&mut self, id: u64, fill: StyleId) {
        self.clear(fill);
        (self.id, self.number, self.start, self.end, self.taken) = (id, 0, 0, 0, 0);
        (self.continues, self.told, self.own, self.dirty) = (false, false, false, false);
    }

    /// Blanks all cells.
    pub(super) fn clear(&mut self, fill: StyleId) {
        self.flat.clear();
        self.runs.clear();
        self.cells.clear();
        self.styles.clear();
        self.fill = fill;
        self.hole = None;
        (self.changed, self.padded, self.narrow) = (true, false, false);
    }

    /// Blanks the spaces of a row that has nothing else. It looks as before.
    pub(super) fn erase_spaces(&mut self, cols: usize, clusters: &mut Clusters) {
        self.make_cells(cols, clusters);
        self.cells.fill(BLANK);
        (self.changed, self.padded) = (true, false);
    }

    /// Returns whether no cell is written.
    pub(super) fn is_blank(&self) -> bool {
        self.flat.iter().all(|&byte| byte == 0) && self.cells.iter().all(|&cell| cell == BLANK)
    }

    /// Returns whether only spaces are written, or nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.flat.iter().all(|&byte| matches!(byte, 0 | b' '))
            && self.cells.iter().all(|&cell| matches!(cell, BLANK) || cell == u32::from(b' '))
    }

    /// Whether the row was never written since it was cleared; cheaper than `is_blank`.
    pub(super) fn is_unwritten(&self) -> bool {
        self.flat.is_empty() && self.cells.is_empty()
    }

    /// Returns whether the row is unwritten, in the default colour.
    pub(super) fn is_plain(&self) -> bool {
        self.is_unwritten() && self.fill == StyleId::DEFAULT
    }

    /// Sets the content of a blank row, and returns the row's old buffers in place of these.
    pub(super) fn swap_flat(&mut self, flat: &mut Vec<u8>, runs: &mut Vec<(u32, StyleId)>) {
        std::mem::swap(&mut self.flat, flat);
        std::mem::swap(&mut self.runs, runs);
        (self.changed, self.narrow) = (true, false);
    }

    /// Sets the content of a blank row.
    pub(super) fn set_flat(&mut self, flat: &[u8]) {
        self.flat.clear();
        self.flat.extend_from_slice(flat);
        (self.changed, self.narrow) = (true, false);
    }

    /// Marks the last column of a flat row, which a wide character left empty.
    pub(super) fn set_hole(&mut self, hole: Option<StyleId>) {
        self.hole = hole;
        self.narrow = false;
    }

    /// Appends a style to the runs of a flat row.
    pub(super) fn push_run(&mut self, at: u32, style: StyleId) {
        self.narrow = false;
        self.runs.push((at, style));
    }

    /// Returns the text of a row that is held as bytes, if no column in it was skipped.
    pub(super) fn as_text(&self) -> Option<&[u8]> {
        (self.cells.is_empty() && memchr::memchr(0, &self.flat).is_none()).then_some(&self.flat)
    }

    /// Turns bytes into cells.
    #[inline]
    pub(super) fn make_cells(&mut self, cols: usize, clusters: &mut Clusters) {
        if !self.flat.is_empty() {
            self.load(cols, clusters);
        }
    }

    fn load(&mut self, cols: usize, clusters: &mut Clusters) {
        let flat = std::mem::take(&mut self.flat);
        let runs = std::mem::take(&mut self.runs);
        for (part, style) in styled_parts(&flat, &runs, StyleId::DEFAULT) {
            self.load_part(part, style, cols, clusters);
        }
        if let Some(style) = self.hole.take() {
            self.put_hole(cols - 1, style);
        }
        (self.flat, self.runs, self.narrow) = (flat, runs, false);
        self.flat.clear();
        self.runs.clear();
    }

    fn load_part(&mut self, text: &[u8], style: StyleId, cols: usize, clusters: &mut Clusters) {
        let mut rest = text;
        while !rest.is_empty() {
            let (singles, behind) = rest.split_at(scan::singles(rest));
            let from = self.cells.len();
            self.cells.extend(singles.iter().map(|&byte| if byte == 0 { BLANK } else { u32::from(byte) }));
            self.style_from(from, style);
            rest = behind;
            if rest.is_empty() {
                return;
            }
            let (what, len) = utf8::first(rest);
            let (bytes, behind) = rest.split_at(len);
            rest = behind;
            let at = self.cells.len();
            match what.map_or(1, utf8::width) {
                // A mark without a character before it on the row is dropped.
                0 if at == 0 => {}
                0 => self.mark(at - 1, bytes, clusters),
                2 if cols > 1 => {
                    self.cells.extend([cell_of(what), TAIL]);
                    self.style_from(at, style);
                }
                _ => {
                    self.cells.push(cell_of(what));
                    self.style_from(at, style);
                }
            }
        }
    }

    /// Gives the cells from `from` on this style.
    fn style_from(&mut self, from: usize, style: StyleId) {
        let len = self.cells.len();
        if style != StyleId::DEFAULT && self.styles.len() < from {
            self.styles.resize(from, StyleId::DEFAULT);
        }
        if style != StyleId::DEFAULT || !self.styles.is_empty() {
            self.styles.resize(len, style);
            self.styles[from..].fill(style);
        }
    }

    /// Returns the number of cells that are kept; those behind are blank, of the style `fill`.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Returns the content of a column of a row that is held as cells.
    pub(super) fn cell(&self, at: usize) -> RawCell {
        let glyph = self.cells.get(at).copied().unwrap_or(BLANK);
        let style = match self.styles.get(at) {
            Some(&style) => style,
            None if at < self.cells.len() => StyleId::DEFAULT,
            None => self.fill,
        };
        RawCell { glyph, style }
    }

    /// Keeps cells up to `len`.
    fn extend_to(&mut self, len: usize) {
        let from = self.cells.len();
        if from < len {
            self.cells.resize(len, BLANK);
            self.style_from(from, self.fill);
        }
    }

    /// Blanks both halves of a wide character whose second column is at `at`, as xterm does when one half is overwritten.
    #[inline]
    fn split_wide(&mut self, at: usize) {
        if self.cells.get(at) == Some(&TAIL) {
            self.cells[at] = BLANK;
            if at > 0 {
                self.cells[at - 1] = BLANK;
            }
        }
    }

    /// Does the same where a half is erased or shifted: both get this style, as in xterm.
    fn erase_wide(&mut self, at: usize, style: StyleId) {
        if at > 0 && self.cells.get(at) == Some(&TAIL) {
            self.split_wide(at);
            self.set_styles(at - 1, at + 1, style);
        }
    }

    /// Gives the cells `from..to`, which were written, this style.
    #[inline]
    pub(super) fn set_styles(&mut self, from: usize, to: usize, style: StyleId) {
        if style == StyleId::DEFAULT && self.styles.is_empty() {
            return;
        }
        self.styles.resize(self.cells.len(), StyleId::DEFAULT);
        self.styles[from..to].fill(style);
    }

    /// Takes note that the row is written, by coshell's `own` bytes or not. `start` is the offset of the first byte of what is
    /// drawn on it, if it is a row of the alternate screen.
    #[inline]
    pub(super) fn touch(&mut self, own: bool, start: Option<u64>) {
        if let Some(start) = start.filter(|_| !self.changed) {
            self.start = start;
        }
        (self.own, self.dirty, self.padded) = (own, !own, false);
    }

    /// Writes single-byte glyphs into the cells from `at` on.
    #[inline]
    pub(super) fn put_singles(&mut self, at: usize, run: &[u8], style: StyleId) {
        self.changed = true;
        let end = at + run.len();
        self.split_wide(at);
        self.split_wide(end);
        if end > self.cells.len() {
            self.extend_to(end);
        }
        for (cell, &byte) in self.cells[at..end].iter_mut().zip(run) {
            *cell = u32::from(byte);
        }
        self.set_styles(at, end, style);
    }

    /// Writes glyphs into the cells from `at` on; behind a wide one is [`TAIL`].
    pub(super) fn put(&mut self, at: usize, glyphs: &[u32], style: StyleId) {
        self.changed = true;
        let end = at + glyphs.len();
        self.split_wide(at);
        self.split_wide(end);
        self.extend_to(end);
        self.cells[at..end].copy_from_slice(glyphs);
        self.set_styles(at, end, style);
    }

    /// Adds a combining mark to the character whose last cell is `at`.
    pub(super) fn mark(&mut self, at: usize, mark: &[u8], clusters: &mut Clusters) {
        let at = if self.cells.get(at) == Some(&TAIL) { at.saturating_sub(1) } else { at };
        if let Some(joined) = clusters.join(self.cell(at).glyph, mark) {
            self.extend_to(at + 1);
            self.cells[at] = joined;
            self.changed = true;
        }
    }

    /// Blanks the cells `from..to` of a row of `cols` columns; it may be narrow where `style` is the default.
    pub(super) fn erase(&mut self, from: usize, to: usize, cols: usize, style: StyleId) {
        self.changed = true;
        if !self.flat.is_empty() {
            return self.erase_narrow(from, to, cols);
        }
        self.erase_wide(from, style);
        if to >= cols {
            if from > self.cells.len() && style != self.fill {
                self.extend_to(from);
            }
            self.cells.truncate(from);
            self.styles.truncate(from);
            self.fill = style;
            return;
        }
        self.erase_wide(to, style);
        if style != self.fill {
            self.extend_to(to);
        }
        let to = to.min(self.cells.len());
        if from < to {
            self.cells[from..to].fill(BLANK);
            self.set_styles(from, to, style);
        }
    }

    /// Shifts the cells from `at` on right by `count` in a row of `cols` columns (ICH).
    pub(super) fn insert(&mut self, at: usize, count: usize, cols: usize, style: StyleId) {
        self.changed = true;
        let count = count.min(cols - at);
        self.erase_wide(at, style);
        self.erase_wide(cols - count, style);
        if style != self.fill {
            self.extend_to(at);
        }
        if at >= self.cells.len() && style == self.fill {
            return;
        }
        self.extend_to((self.cells.len() + count).min(cols));
        if !self.styles.is_empty() || style != StyleId::DEFAULT {
            self.styles.resize(self.cells.len(), StyleId::DEFAULT);
            self.styles[at..].rotate_right(count.min(self.cells.len() - at));
        }
        let len = self.cells.len();
        self.cells[at..].rotate_right(count.min(len - at));
        self.cells[at..(at + count).min(len)].fill(BLANK);
        self.set_styles(at, (at + count).min(len), style);
    }

    /// Removes `count` cells at `at` and shifts those behind them left, in a row of `cols` columns (DCH).
    pub(super) fn delete(&mut self, at: usize, count: usize, cols: usize, style: StyleId) {
        self.changed = true;
        let count = count.min(cols - at);
        self.erase_wide(at, style);
        self.erase_wide(at + count, style);
        if style != self.fill {
            self.extend_to(cols);
        }
        let len = self.cells.len();
        if at >= len {
            return;
        }
        let gone = count.min(len - at);
        self.cells.drain(at..at + gone);
        if !self.styles.is_empty() {
            self.styles.drain(at..at + gone);
        }
        if style != self.fill {
            self.cells.resize(cols, BLANK);
            self.style_from(cols - gone, style);
        }
    }

    /// Marks the cell that a wide character left empty at the end of a row.
    pub(super) fn put_hole(&mut self, at: usize, style: StyleId) {
        self.put(at, &[HOLE], style);
    }

    /// Returns the column behind the last character that is no space, of a row that is held as cells.
    pub(super) fn visible_len(&self) -> usize {
        let is_visible = |&cell: &u32| cell != BLANK && cell != u32::from(b' ');
        self.cells.iter().rposition(is_visible).map_or(0, |last| last + 1)
    }

    /// Returns how many spaces are written in the row.
    pub(super) fn spaces(&self) -> usize {
        let in_cells = self.cells.iter().filter(|&&cell| cell == u32::from(b' ')).count();
        in_cells + memchr::memchr_iter(b' ', &self.flat).count()
    }

    /// Appends the text of the columns `from..to` to `out`. Blank columns are spaces, except those at the end, unless
    /// `padded`.
    pub(super) fn push_text(&self, from: usize, to: usize, padded: bool, clusters: &Clusters, out: &mut Vec<u8>) {
        if self.cells.is_empty() {
            debug_assert!(from == 0 || self.flat.is_empty(), "a row whose text begins within it is held as cells");
            let flat = if to == usize::MAX || padded { &self.flat[..] } else { &self.flat[..self.flat.len().min(to)] };
            let end =
                if padded { flat.len() } else { flat.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1) };
            let begin = out.len();
            out.extend_from_slice(&flat[..end]);
            if memchr::memchr(0, &out[begin..]).is_some() {
                out[begin..].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
            }
            if padded && to != usize::MAX && self.narrow && end > 0 {
                out.resize(out.len() + to.saturating_sub(end), b' ');
            }
            return;
        }
        let cells = &self.cells[from.min(self.cells.len())..to.min(self.cells.len())];
        let is_text = |&cell: &u32| cell != BLANK && !(self.padded && cell == u32::from(b' '));
        let end = cells.iter().rposition(is_text).map_or(0, |last| last + 1);
        let mut rest = &cells[..if padded { cells.len() } else { end }];
        loop {
            let singles = count_singles(rest);
            out.extend(rest[..singles].iter().map(|&cell| if cell == BLANK { b' ' } else { cell.to_le_bytes()[0] }));
            let Some((&cell, behind)) = rest[singles..].split_first() else { break };
            rest = behind;
            if !matches!(cell, TAIL | HOLE) {
                clusters.push_text(cell, out);
            }
        }
        if padded && to != usize::MAX {
            out.resize(out.len() + to.saturating_sub(self.cells.len().max(from)), b' ');
        }
    }

    /// Returns the cells, for a sweep of the clusters.
    pub(super) fn cells_mut(&mut self) -> impl Iterator<Item = &mut u32> {
        self.cells.iter_mut()
    }

    /// Returns all styles of the row, for a sweep of the table.
    pub(super) fn styles_mut(&mut self) -> impl Iterator<Item = &mut StyleId> {
        let runs = self.runs.iter_mut().map(|(_, style)| style);
        self.styles.iter_mut().chain(runs).chain(&mut self.hole).chain(std::iter::once(&mut self.fill))
    }

    /// Drops the cells from `cols` on. A row that is held as bytes is narrow, as all of the alternate screen are.
    pub(super) fn crop(&mut self, cols: usize) {
        self.flat.truncate(cols);
        self.split_wide(cols);
        self.cells.truncate(cols);
        self.styles.truncate(cols);
    }

    /// Replaces the content by cells, for a change of the size.
    pub(super) fn set_cells(&mut self, cells: &[RawCell]) {
        let fill = self.fill;
        self.clear(fill);
        self.cells.extend(cells.iter().map(|cell| cell.glyph));
        if cells.iter().any(|cell| cell.style != StyleId::DEFAULT) {
            self.styles.extend(cells.iter().map(|cell| cell.style));
        }
    }

    /// Forgets the attributes.
    pub(super) fn drop_styles(&mut self) {
        self.fill = StyleId::DEFAULT;
        self.hole = self.hole.map(|_| StyleId::DEFAULT);
        self.styles = Vec::new();
        self.runs = Vec::new();
    }
}
