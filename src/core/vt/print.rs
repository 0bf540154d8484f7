//! Printing of characters on the current line.

use super::cells::Glyph;
use super::current_line::{LeftRow, Storage};
use super::layout::CellPos;
use super::lines::Lines;
use super::strip_controls::{Stripped, WINDOW};
use super::{LINE_LIMIT, VtSink, utf8};

impl Lines {
    /// Prints `text`, valid UTF-8 without controls, whose first byte is at the offset `at`.
    #[inline]
    pub(super) fn print(&mut self, text: &[u8], at: u64, sink: &mut impl VtSink) {
        let current = &mut self.current;
        let fits = current.flat.len() + text.len() <= LINE_LIMIT;
        if current.storage == Storage::Flat && current.gap == 0 && fits {
            current.flat.extend_from_slice(text);
            current.written = true;
            return;
        }
        let mut done = 0;
        while done < text.len() {
            done += self.print_some(&text[done..], at + done as u64, sink);
        }
    }

    /// Prints a byte that is not UTF-8.
    pub(super) fn print_byte(&mut self, byte: u8, at: u64, sink: &mut impl VtSink) {
        let current = &mut self.current;
        if current.storage == Storage::Flat && current.gap == 0 && current.flat.len() < LINE_LIMIT {
            current.flat.push(byte);
            current.written = true;
            return;
        }
        loop {
            let used = match self.current.storage {
                Storage::Flat => self.append(&[byte], at, sink),
                Storage::Returned => {
                    self.use_cells();
                    0
                }
                Storage::Cells => self.overprint(Glyph::new(Err(byte)), 1, 1, at, sink),
            };
            if used > 0 {
                return;
            }
        }
    }

    /// Returns whether the line has room for a [`Stripped`] window without a flush.
    #[inline]
    pub(super) fn fits_stripped(&self) -> bool {
        let current = &self.current;
        let max_len = match current.storage {
            Storage::Flat => current.flat.len() + current.gap,
            Storage::Cells => {
                let cell = current.pos.row * self.cols + current.pos.col;
                current.max_len + cell.saturating_sub(current.cells.len())
            }
            Storage::Returned => current.flat.len() + current.origin,
        };
        // A combining mark may also turn a blank cell into a space.
        max_len + 2 * WINDOW <= LINE_LIMIT && !self.modes.graphics
    }

    /// Prints stripped text; its window began at the offset `at`.
    #[inline]
    pub(super) fn print_stripped(&mut self, stripped: &Stripped, at: u64, sink: &mut impl VtSink) {
        let text = stripped.text();
        if text.is_empty() {
            return;
        }
        if self.current.storage == Storage::Flat {
            self.close_gap();
            self.current.flat.extend_from_slice(text);
            self.current.written = true;
            return;
        }
        if self.current.storage == Storage::Returned {
            self.use_cells();
        }
        let mut done = 0;
        while done < text.len() {
            let singles = stripped.singles(done);
            if singles > 0 {
                self.print_singles(&text[done..done + singles], at, sink);
                done += singles;
                continue;
            }
            let adjacent = stripped.contiguous(done);
            let (what, len) = utf8::first(adjacent);
            match what {
                Ok(_) => self.print(&adjacent[..len], at, sink),
                Err(_) => self.print_singles(&adjacent[..1], at, sink),
            }
            done += len;
        }
    }

    /// Prints single-byte glyphs into cells.
    fn print_singles(&mut self, run: &[u8], at: u64, sink: &mut impl VtSink) {
        let mut done = 0;
        while done < run.len() {
            done += self.overprint_singles(&run[done..], at, sink);
        }
    }

    /// Prints a part of `text` and returns its length; 0 after a change of storage or a flush.
    fn print_some(&mut self, text: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        match self.current.storage {
            Storage::Flat => self.append(text, at, sink),
            Storage::Returned => {
                self.use_cells();
                0
            }
            Storage::Cells if text[0] < 0x80 => {
                let run = text.iter().position(|&byte| byte >= 0x80).unwrap_or(text.len());
                self.overprint_singles(&text[..run], at, sink)
            }
            Storage::Cells => {
                let (what, len) = utf8::first(text);
                match what.map_or(1, utf8::width) {
                    0 => self.print_mark(&text[..len], at, sink),
                    width => self.overprint(Glyph::new(what), width, len, at, sink),
                }
            }
        }
    }

    /// Appends text to the flat line and returns how much of it; 0 after a flush.
    fn append(&mut self, text: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        let current = &mut self.current;
        let mut len = LINE_LIMIT.saturating_sub(current.flat.len() + current.gap).min(text.len());
        // The cut must not split a character.
        while len > 0 && text.get(len).is_some_and(|byte| matches!(byte, 0x80..=0xbf)) {
            len -= 1;
        }
        if len == 0 {
            self.flush(at, sink);
            return 0;
        }
        self.close_gap();
        self.current.flat.extend_from_slice(&text[..len]);
        self.current.written = true;
        len
    }

    /// Adds the columns that the cursor skipped to the flat line, before text is appended.
    #[inline]
    fn close_gap(&mut self) {
        let current = &mut self.current;
        if current.gap == 0 {
            return;
        }
        if current.left == LeftRow::Unknown && !current.written {
            let col = current.col();
            current.clear(col);
        } else {
            current.cells.count(current.gap);
            current.flat.resize(current.flat.len() + current.gap, 0);
            (current.gap, current.gaps) = (0, true);
        }
    }

    /// Returns the cell that the next character of `width` columns goes to, after a pending wrap.
    fn target_cell(&mut self, width: usize) -> usize {
        let cols = self.cols;
        if self.current.pos.col + width > cols {
            if self.modes.autowrap {
                if self.current.pos.col < cols {
                    let hole = self.current.pos.row * cols + self.current.pos.col;
                    self.current.cells.put_hole(hole);
                }
                self.current.pos = CellPos { row: self.current.pos.row + 1, col: 0 };
                self.step_down();
            } else {
                // DECAWM reset: the last column is overwritten.
                self.current.pos.col = cols - width;
            }
        }
        self.current.pos.row * cols + self.current.pos.col
    }

    /// Returns whether `len` more bytes fit at `cell`; otherwise tightens the size estimate or flushes the line.
    fn fits(&mut self, cell: usize, len: usize, at: u64, sink: &mut impl VtSink) -> bool {
        let blank = cell.saturating_sub(self.current.cells.len());
        if self.current.max_len + blank + len <= LINE_LIMIT {
            return true;
        }
        let exact = self.current.cells.measure();
        // At most half full, so that the next measurement is far off.
        if exact > LINE_LIMIT / 2 {
            self.flush(at, sink);
        } else {
            self.current.max_len = exact;
        }
        false
    }

    fn overprint(&mut self, glyph: Glyph, width: usize, len: usize, at: u64, sink: &mut impl VtSink) -> usize {
        let width = width.min(self.cols);
        let cell = self.target_cell(width);
        if !self.fits(cell, len, at, sink) {
            return 0;
        }
        let current = &mut self.current;
        current.max_len += cell.saturating_sub(current.cells.len()) + len;
        if self.modes.insert {
            current.cells.insert(cell, (current.pos.row + 1) * self.cols, width);
        }
        current.end_wrap(cell + width, self.cols);
        current.cells.put(cell, glyph, width);
        current.pos.col += width;
        current.last = Some(glyph);
        current.written = true;
        len
    }

    fn overprint_singles(&mut self, run: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        if self.modes.insert {
            return self.overprint(Glyph::single(run[0]), 1, 1, at, sink);
        }
        let cell = self.target_cell(1);
        if !self.fits(cell, 1, at, sink) {
            return 0;
        }
        let current = &mut self.current;
        current.max_len += cell.saturating_sub(current.cells.len());
        let len = run.len().min(self.cols - current.pos.col).min(LINE_LIMIT - current.max_len);
        current.end_wrap(cell + len, self.cols);
        current.cells.put_singles(cell, &run[..len]);
        current.max_len += len;
        current.pos.col += len;
        current.last = Some(Glyph::single(run[len - 1]));
        current.written = true;
        len
    }

    /// Adds a combining mark to the character before the cursor.
    fn print_mark(&mut self, mark: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        let cell = self.current.pos.row * self.cols + self.current.pos.col;
        if !self.fits(0, mark.len(), at, sink) {
            return 0;
        }
        if cell > 0 && self.current.cells.mark(cell - 1, mark) {
            // The mark may turn a blank cell into a space.
            self.current.max_len += mark.len() + 1;
            self.current.written = true;
        }
        mark.len()
    }
}
