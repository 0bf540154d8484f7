//! Text put on the line that the cursor is on.

use super::cells::Glyph;
use super::current_line::{LeftRow, Storage};
use super::layout::CellSpan;
use super::lines::Lines;
use super::strip_controls::{Stripped, WINDOW};
use super::{LINE_LIMIT, VtSink, utf8};

impl Lines {
    /// Puts text, which is valid UTF-8 without controls, and whose first byte is at the offset `at`.
    #[inline]
    pub(super) fn text(&mut self, text: &[u8], at: u64, sink: &mut impl VtSink) {
        let draft = &mut self.draft;
        let fits = draft.flat.len() + text.len() <= LINE_LIMIT;
        if draft.form == Storage::Flat && draft.gap == 0 && fits {
            draft.flat.extend_from_slice(text);
            draft.put = true;
            return;
        }
        let mut done = 0;
        while done < text.len() {
            done += self.some_text(&text[done..], at + done as u64, sink);
        }
    }

    /// Puts a byte that is not UTF-8.
    pub(super) fn raw(&mut self, byte: u8, at: u64, sink: &mut impl VtSink) {
        let draft = &mut self.draft;
        if draft.form == Storage::Flat && draft.gap == 0 && draft.flat.len() < LINE_LIMIT {
            draft.flat.push(byte);
            draft.put = true;
            return;
        }
        loop {
            let used = match self.draft.form {
                Storage::Flat => self.append(&[byte], at, sink),
                Storage::Returned => {
                    self.cells();
                    0
                }
                Storage::Cells => self.overprint(Glyph::new(Err(byte)), 1, 1, at, sink),
            };
            if used > 0 {
                return;
            }
        }
    }

    /// Whether what comes out of the sieve can be put without the line having to be cut for it.
    #[inline]
    pub(super) fn takes_sieved(&self) -> bool {
        let draft = &self.draft;
        let weight = match draft.form {
            Storage::Flat => draft.flat.len() + draft.gap,
            Storage::Cells => {
                let cell = draft.place.row * self.cols + draft.place.col;
                draft.weight + cell.saturating_sub(draft.cells.len())
            }
            Storage::Returned => draft.flat.len() + draft.origin,
        };
        // A mark may count for a blank cell too.
        weight + 2 * WINDOW <= LINE_LIMIT && !self.modes.graphics
    }

    /// Puts what has come through the sieve, which began at the offset `at`.
    #[inline]
    pub(super) fn sieved(&mut self, sieved: &Stripped, at: u64, sink: &mut impl VtSink) {
        let text = sieved.text();
        if text.is_empty() {
            return;
        }
        if self.draft.form == Storage::Flat {
            self.close_gap();
            self.draft.flat.extend_from_slice(text);
            self.draft.put = true;
            return;
        }
        if self.draft.form == Storage::Returned {
            self.cells();
        }
        let mut done = 0;
        while done < text.len() {
            let singles = sieved.singles(done);
            if singles > 0 {
                self.singles(&text[done..done + singles], at, sink);
                done += singles;
                continue;
            }
            let together = sieved.seamless(done);
            let (what, len) = utf8::first(together);
            match what {
                Ok(_) => self.text(&together[..len], at, sink),
                Err(_) => self.singles(&together[..1], at, sink),
            }
            done += len;
        }
    }

    /// Puts bytes that each stand for themselves into cells.
    fn singles(&mut self, run: &[u8], at: u64, sink: &mut impl VtSink) {
        let mut done = 0;
        while done < run.len() {
            done += self.overprint_singles(&run[done..], at, sink);
        }
    }

    /// Puts some of a text and says how much; it may be nothing, and then something else has changed.
    fn some_text(&mut self, text: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        match self.draft.form {
            Storage::Flat => self.append(text, at, sink),
            Storage::Returned => {
                self.cells();
                0
            }
            Storage::Cells if text[0] < 0x80 => {
                let run = text.iter().position(|&byte| byte >= 0x80).unwrap_or(text.len());
                self.overprint_singles(&text[..run], at, sink)
            }
            Storage::Cells => {
                let (what, len) = utf8::first(text);
                match what.map_or(1, utf8::width) {
                    0 => self.mark(&text[..len], at, sink),
                    width => self.overprint(Glyph::new(what), width, len, at, sink),
                }
            }
        }
    }

    /// Adds text at the end of the flat line.
    fn append(&mut self, text: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        let draft = &mut self.draft;
        let mut room = LINE_LIMIT.saturating_sub(draft.flat.len() + draft.gap).min(text.len());
        // Not in the middle of a character.
        while room > 0 && text.get(room).is_some_and(|byte| matches!(byte, 0x80..=0xbf)) {
            room -= 1;
        }
        if room == 0 {
            self.flush(at, sink);
            return 0;
        }
        self.close_gap();
        self.draft.flat.extend_from_slice(&text[..room]);
        self.draft.put = true;
        room
    }

    /// Before something is added to the flat line: the columns that were passed over belong to it.
    #[inline]
    fn close_gap(&mut self) {
        let draft = &mut self.draft;
        if draft.gap == 0 {
            return;
        }
        if draft.left == LeftRow::Unknown && !draft.put {
            let col = draft.col();
            draft.clear(col);
        } else {
            draft.flat.resize(draft.flat.len() + draft.gap, 0);
            (draft.gap, draft.gaps) = (0, true);
        }
    }

    /// Before something is put into cells: the cell it goes to, if the row or the line has to change for it.
    fn target(&mut self, width: usize) -> usize {
        let cols = self.cols;
        if self.draft.place.col + width > cols {
            if self.modes.autowrap {
                if self.draft.place.col < cols {
                    let hole = self.draft.place.row * cols + self.draft.place.col;
                    self.draft.cells.put_hole(hole);
                }
                self.draft.place = CellSpan { row: self.draft.place.row + 1, col: 0 };
                self.step_down();
            } else {
                self.draft.place.col = cols - width;
            }
        }
        self.draft.place.row * cols + self.draft.place.col
    }

    /// Whether the line has room for `len` more bytes at a cell; otherwise makes some, by counting or by a flush.
    fn has_room(&mut self, cell: usize, len: usize, at: u64, sink: &mut impl VtSink) -> bool {
        let blank = cell.saturating_sub(self.draft.cells.len());
        if self.draft.weight + blank + len <= LINE_LIMIT {
            return true;
        }
        let exact = self.draft.cells.weigh();
        // Half of it, so that counting is not needed again soon.
        if exact > LINE_LIMIT / 2 {
            self.flush(at, sink);
        } else {
            self.draft.weight = exact;
        }
        false
    }

    fn overprint(&mut self, glyph: Glyph, width: usize, len: usize, at: u64, sink: &mut impl VtSink) -> usize {
        let width = width.min(self.cols);
        let cell = self.target(width);
        if !self.has_room(cell, len, at, sink) {
            return 0;
        }
        let draft = &mut self.draft;
        draft.weight += cell.saturating_sub(draft.cells.len()) + len;
        if self.modes.insert {
            draft.cells.insert(cell, (draft.place.row + 1) * self.cols, width);
        }
        draft.end_wrap(cell + width, self.cols);
        draft.cells.put(cell, glyph, width);
        draft.place.col += width;
        draft.last = Some(glyph);
        draft.put = true;
        len
    }

    fn overprint_singles(&mut self, run: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        if self.modes.insert {
            return self.overprint(Glyph::single(run[0]), 1, 1, at, sink);
        }
        let cell = self.target(1);
        if !self.has_room(cell, 1, at, sink) {
            return 0;
        }
        let draft = &mut self.draft;
        draft.weight += cell.saturating_sub(draft.cells.len());
        let len = run.len().min(self.cols - draft.place.col).min(LINE_LIMIT - draft.weight);
        draft.end_wrap(cell + len, self.cols);
        draft.cells.put_singles(cell, &run[..len]);
        draft.weight += len;
        draft.place.col += len;
        draft.last = Some(Glyph::single(run[len - 1]));
        draft.put = true;
        len
    }

    /// Adds a combining mark to the character before the cursor.
    fn mark(&mut self, mark: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        let cell = self.draft.place.row * self.cols + self.draft.place.col;
        if !self.has_room(0, mark.len(), at, sink) {
            return 0;
        }
        if cell > 0 && self.draft.cells.mark(cell - 1, mark) {
            // A blank cell becomes a space with a mark.
            self.draft.weight += mark.len() + 1;
            self.draft.put = true;
        }
        mark.len()
    }
}
