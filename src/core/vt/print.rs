//! Printing of characters.

use super::clusters::{TAIL, cell_of};
use super::row::FEW;
use super::screens::{Screens, Storage};
use super::strip_controls::{Stripped, WINDOW};
use super::style::StyleId;
use super::{LINE_LIMIT, VtSink, utf8};

/// Maximum number of characters that REP prints: more than any program asks for, and few enough that a stream of such
/// sequences costs no more than its bytes by some hundred times.
const MAX_REPEAT: usize = 4096;

/// The same for characters of several bytes that are inserted (IRM).
const MAX_INSERTED: usize = 64;

/// Maximum number of cells that are written to a row at once.
const RUN: usize = 64;

impl Screens {
    /// Prints `text`, valid UTF-8 without controls, whose first byte is at the offset `at`.
    #[inline]
    pub(super) fn print(&mut self, text: &[u8], at: u64, sink: &mut impl VtSink) {
        self.printed_to = at + text.len() as u64;
        if self.appends(text.len()) {
            self.push_flat(text, text.len());
            return;
        }
        self.print_slowly(text, at, sink);
    }

    /// Prints the first `len` bytes of `output`, ASCII text without controls.
    #[inline]
    pub(super) fn print_ascii(&mut self, output: &[u8], len: usize, at: u64, sink: &mut impl VtSink) {
        if self.current.storage == Storage::Settled && self.takes(len) {
            self.printed_to = at + len as u64;
            return self.put_ascii(output, len, sink);
        }
        if self.appends(len) {
            self.printed_to = at + len as u64;
            return self.push_flat(output, len);
        }
        self.print(&output[..len], at, sink);
    }

    /// Returns whether `len` bytes are just appended to the flat text.
    #[inline]
    fn appends(&self, len: usize) -> bool {
        self.current.storage == Storage::Flat && self.current.gap == 0 && self.fits_flat(len)
    }

    /// Returns whether `len` bytes can be appended to the flat text without a report of a piece.
    #[inline]
    fn fits_flat(&self, len: usize) -> bool {
        self.current.unreported_len() + len <= LINE_LIMIT
    }

    /// Appends the first `len` bytes of `output` to the flat text.
    #[inline]
    fn push_flat(&mut self, output: &[u8], len: usize) {
        let current = &mut self.current;
        if self.pen != current.flat_style {
            current.runs.push((current.flat.len() as u32, self.pen));
            current.flat_style = self.pen;
        }
        match output.first_chunk::<FEW>() {
            Some(few) if len <= FEW => {
                // A copy of constant length is faster than one of the length of a word.
                let end = current.flat.len() + len;
                current.flat.extend_from_slice(few);
                current.flat.truncate(end);
            }
            _ => current.flat.extend_from_slice(&output[..len]),
        }
        current.touched = true;
    }

    fn print_slowly(&mut self, text: &[u8], at: u64, sink: &mut impl VtSink) {
        let mut done = 0;
        while done < text.len() {
            let rest = &text[done..];
            match self.current.storage {
                Storage::Flat => done += self.append(rest, at + done as u64, sink),
                Storage::Returned => self.settle(sink),
                Storage::Settled => {
                    let len = self.room_for(rest);
                    if len == 0 {
                        self.make_room(at + done as u64, sink);
                    }
                    self.put_bytes(&rest[..len], sink);
                    done += len;
                }
            }
        }
    }

    /// Prints a byte that is not UTF-8.
    pub(super) fn print_byte(&mut self, byte: u8, at: u64, sink: &mut impl VtSink) {
        if self.joins_flat(&[byte]) {
            self.settle(sink);
        }
        self.print(&[byte], at, sink);
    }

    /// Returns whether `text` would be part of a character with bytes at the end of the flat text. Something without text was in
    /// between, so that each byte is a glyph of its own, as it is on the grid.
    fn joins_flat(&self, text: &[u8]) -> bool {
        self.current.storage == Storage::Flat && utf8::joins(&self.current.flat, text)
    }

    /// Appends text to the flat line and returns how much of it; 0 after the report of a piece.
    fn append(&mut self, text: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        let used = self.current.unreported_len();
        let len = utf8::part_len(text, LINE_LIMIT.saturating_sub(used));
        if len == 0 {
            self.flush(at, sink);
            return 0;
        }
        self.close_gap();
        self.push_flat(text, len);
        len
    }

    /// Adds the columns that the cursor skipped to the flat text.
    #[inline]
    fn close_gap(&mut self) {
        let current = &mut self.current;
        if current.gap == 0 {
            return;
        }
        if current.flat_style != StyleId::DEFAULT {
            current.runs.push((current.flat.len() as u32, StyleId::DEFAULT));
            current.flat_style = StyleId::DEFAULT;
        }
        let gap = std::mem::take(&mut current.gap);
        current.flat.resize(current.flat.len() + gap, 0);
        self.count(gap);
    }

    /// Returns whether the line has room for a [`Stripped`] window without the report of a piece.
    #[inline]
    pub(super) fn fits_stripped(&self) -> bool {
        self.fits_flat(2 * WINDOW) && self.modes.charset == Default::default()
    }

    /// Prints stripped text; its window began at the offset `at`.
    #[inline]
    pub(super) fn print_stripped(&mut self, stripped: &Stripped, at: u64, sink: &mut impl VtSink) {
        let text = stripped.text();
        if text.is_empty() {
            return;
        }
        // What was removed in between is a control, behind which REP repeats nothing.
        self.printed_to = if stripped.ends_in_text() { at + stripped.used as u64 } else { u64::MAX };
        let mut done = 0;
        if self.current.storage == Storage::Flat {
            let joint = if self.joins_flat(text) { Some(0) } else { stripped.joint() };
            done = joint.unwrap_or(text.len());
            if done > 0 {
                self.close_gap();
                self.push_flat(text, done);
            }
            if joint.is_none() {
                return;
            }
        }
        self.settle(sink);
        self.current.bound += text.len() - done;
        while done < text.len() {
            let singles = stripped.singles(done);
            if singles > 0 {
                self.put_singles(&text[done..done + singles], sink);
                done += singles;
                continue;
            }
            let adjacent = stripped.contiguous(done);
            let (what, len) = utf8::first(adjacent);
            let len = if what.is_ok() { len } else { 1 };
            self.put_char(what, &adjacent[..len], sink);
            done += len;
        }
    }

    /// Counts `len` bytes on a settled line, unless its length has to be measured before. Returns whether it did.
    #[inline]
    fn takes(&mut self, len: usize) -> bool {
        if self.on_alternate || self.own {
            return true;
        }
        let takes = self.current.bound + len <= LINE_LIMIT;
        self.current.bound += if takes { len } else { 0 };
        takes
    }

    /// Returns how much of `text` can be printed on a settled line before its length has to be measured, and counts it.
    fn room_for(&mut self, text: &[u8]) -> usize {
        if self.on_alternate || self.own {
            return text.len();
        }
        let len = utf8::part_len(text, LINE_LIMIT.saturating_sub(self.current.bound));
        self.current.bound += len;
        len
    }

    /// Measures a settled line, and reports a piece of it if it is long.
    fn make_room(&mut self, at: u64, sink: &mut impl VtSink) {
        self.render_current();
        // At most half full, so that the next measurement is far off.
        if self.text.len() > LINE_LIMIT / 2 {
            self.flush(at, sink);
        } else {
            self.current.bound = self.text.len();
        }
    }

    /// Prints bytes on the grid.
    pub(super) fn put_bytes(&mut self, text: &[u8], sink: &mut impl VtSink) {
        let mut rest = text;
        while !rest.is_empty() {
            let ascii = rest.iter().position(|&byte| byte >= 0x80).unwrap_or(rest.len());
            if ascii > 0 {
                self.put_ascii(rest, ascii, sink);
                rest = &rest[ascii..];
                continue;
            }
            let run = self.put_run(rest);
            if run > 0 {
                rest = &rest[run..];
                continue;
            }
            let (what, len) = utf8::first(rest);
            self.put_char(what, &rest[..len], sink);
            rest = &rest[len..];
        }
    }

    /// Prints what `run` begins with on the alternate screen, up to the end of the row or to bytes that are no text; returns its
    /// length. The length of a line need not be measured there, so that what is text is found while it is printed.
    pub(super) fn print_on_row(&mut self, run: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        if !self.on_alternate || self.own {
            return 0;
        }
        let mut used = 0;
        while used < run.len() {
            let rest = &run[used..];
            let ascii = rest.iter().position(|&byte| byte >= 0x80).unwrap_or(rest.len());
            if ascii > 0 {
                self.put_ascii(rest, ascii, sink);
                used += ascii;
                continue;
            }
            match self.put_run(rest) {
                0 => break,
                len => used += len,
            }
        }
        if used > 0 {
            self.printed_to = at + used as u64;
        }
        used
    }

    /// Prints the characters that `text` begins with, up to the end of the row, a combining mark, ASCII text, or bytes that are
    /// no text. Returns their length; 0 where each character has to be printed on its own.
    fn put_run(&mut self, text: &[u8]) -> usize {
        let (row, col) = (self.grid.row, self.grid.col);
        if self.modes.insert || self.current.piece.is_some() {
            return 0;
        }
        let mut glyphs = [0; RUN];
        let room = (self.cols - col).min(RUN);
        let (mut used, mut len) = (0, 0);
        // Frames and bars repeat a character, which then is not decoded again.
        let mut last = None;
        while let [first, ..] = text[used..] {
            if first.is_ascii() && text[used..].first_chunk::<8>().is_some_and(|next| next.is_ascii()) {
                break;
            }
            let three = text[used..].first_chunk::<3>();
            if last.is_some() && last == three && len < room {
                glyphs[len] = glyphs[len - 1];
                (used, len) = (used + 3, len + 1);
                continue;
            }
            let (Ok(char), bytes) = utf8::first(&text[used..]) else { break };
            let width = utf8::width(char);
            if width == 0 || len + width > room {
                break;
            }
            glyphs[len] = cell_of(Ok(char));
            if width == 2 {
                glyphs[len + 1] = TAIL;
            }
            last = three.filter(|_| (bytes, width) == (3, 1));
            (used, len) = (used + bytes, len + width);
        }
        if len == 0 {
            return 0;
        }
        if col + len == self.cols {
            self.end_wrap(row);
        }
        self.touch();
        let place = &mut self.grid.rows[row];
        place.make_cells(self.cols, &mut self.clusters);
        place.put(col, &glyphs[..len], self.pen);
        self.grid.col += len;
        used
    }

    /// Takes note that the cursor's row is written.
    #[inline]
    fn touch(&mut self) {
        let (row, col) = (self.grid.row, self.grid.col);
        if let Some((piece, from)) = self.current.piece
            && col < from
            && piece == self.absolute_row(row)
        {
            self.current.piece = Some((piece, col));
        }
        let (own, start) = (self.own, self.on_alternate.then_some(self.current.start));
        self.grid.cursor_row().touch(own, start);
    }

    /// Prints the first `len` bytes of `output`, ASCII text, on the grid.
    #[inline]
    fn put_ascii(&mut self, output: &[u8], len: usize, sink: &mut impl VtSink) {
        let (col, end) = (self.grid.col, self.grid.col + len);
        if end > self.cols || self.modes.insert || self.current.piece.is_some() {
            return self.put_singles(&output[..len], sink);
        }
        if end == self.cols {
            self.end_wrap(self.grid.row);
        }
        let (own, start) = (self.own, self.on_alternate.then_some(self.current.start));
        let row = &mut self.grid.rows[self.grid.row];
        row.touch(own, start);
        if self.pen == StyleId::DEFAULT && row.is_narrow() {
            row.put_ascii(col, output, len);
        } else {
            row.make_cells(self.cols, &mut self.clusters);
            row.put_singles(col, &output[..len], self.pen);
        }
        self.grid.col = end;
    }

    /// Prints single-byte glyphs on the grid.
    fn put_singles(&mut self, run: &[u8], sink: &mut impl VtSink) {
        let mut rest = run;
        while !rest.is_empty() {
            if self.grid.col >= self.cols {
                if self.modes.autowrap {
                    self.wrap_down(sink);
                } else {
                    // DECAWM reset: the last column is overwritten, at last by the last character.
                    self.grid.col = self.cols - 1;
                    rest = &rest[rest.len() - 1..];
                }
            }
            self.touch();
            let (cols, col, row, pen) = (self.cols, self.grid.col, self.grid.row, self.pen);
            let len = rest.len().min(cols - col);
            if self.modes.insert {
                self.count(cols);
                self.grid.rows[row].make_cells(cols, &mut self.clusters);
                self.grid.rows[row].insert(col, len, cols, self.eraser);
            }
            if col + len == cols {
                self.end_wrap(row);
            }
            let place = &mut self.grid.rows[row];
            place.make_cells(cols, &mut self.clusters);
            place.put_singles(col, &rest[..len], pen);
            self.grid.col += len;
            rest = &rest[len..];
        }
    }

    /// Prints a character, or a byte that is not UTF-8, on the grid.
    fn put_char(&mut self, what: Result<char, u8>, bytes: &[u8], sink: &mut impl VtSink) {
        let width = what.map_or(1, utf8::width).min(self.cols);
        if width == 0 {
            return self.put_mark(bytes);
        }
        self.put_glyph(cell_of(what), width, sink);
    }

    fn put_glyph(&mut self, glyph: u32, width: usize, sink: &mut impl VtSink) {
        let cols = self.cols;
        if self.grid.col + width > cols {
            if self.modes.autowrap {
                if self.grid.col < cols {
                    let (row, col) = (self.grid.row, self.grid.col);
                    self.grid.rows[row].make_cells(cols, &mut self.clusters);
                    self.grid.rows[row].put_hole(col, self.pen);
                }
                self.wrap_down(sink);
            } else if width == 2 {
                // Without a wrap a wide character is not printed where it does not fit (xterm.js, tmux, alacritty).
                self.grid.col = cols - 1;
                return;
            } else {
                self.grid.col = cols - 1;
            }
        }
        self.touch();
        let (col, row) = (self.grid.col, self.grid.row);
        if col + width == cols {
            self.end_wrap(row);
        }
        let place = &mut self.grid.rows[row];
        place.make_cells(cols, &mut self.clusters);
        if self.modes.insert {
            place.insert(col, width, cols, self.eraser);
            self.count(cols);
        }
        self.grid.rows[row].put(col, &[glyph, TAIL][..width], self.pen);
        self.grid.col += width;
    }

    /// Adds a combining mark to the character before the cursor.
    fn put_mark(&mut self, mark: &[u8]) {
        let (row, cols) = (self.grid.row, self.cols);
        // On the first column the mark joins the last character of the row above, if the line wraps there.
        let (row, col) = match self.grid.col {
            0 if self.grid.rows[row].continues && row > 0 => (row - 1, cols),
            col => (row, col),
        };
        if col == 0 {
            return;
        }
        self.touch();
        self.sweep_clusters();
        let place = &mut self.grid.rows[row];
        place.make_cells(cols, &mut self.clusters);
        place.mark(col - 1, mark, &mut self.clusters);
    }

    /// Moves the cursor to the first column of the next row after a wrap.
    pub(super) fn wrap_down(&mut self, sink: &mut impl VtSink) {
        self.current.wraps += 1;
        // Each wrap takes at least one byte of the line, so the id is unique.
        let fresh = self.current.start + self.current.wraps;
        let before = self.absolute_row(self.grid.row);
        self.move_down(fresh, sink);
        self.grid.col = 0;
        if self.absolute_row(self.grid.row) == before && self.grid.row != self.grid.bottom {
            // Below the scrolling region there is no next row.
            return;
        }
        let own = self.own;
        let row = self.grid.cursor_row();
        row.continues = !own;
        if !own {
            (row.number, row.told) = (0, false);
        }
    }

    /// Ends the line on row `row` if its last column, which was empty, is about to be filled, and only blanks follow on the next
    /// row. By this write readline undoes its wrap at the end of a command that fills the row.
    #[inline]
    fn end_wrap(&mut self, row: usize) {
        if !self.grid.continues(row + 1) || !self.grid.rows[row + 1].is_empty() {
            return;
        }
        let cols = self.cols;
        self.grid.rows[row].make_cells(cols, &mut self.clusters);
        if self.grid.rows[row].cell(cols - 1).glyph == super::clusters::BLANK {
            let next = &mut self.grid.rows[row + 1];
            next.continues = false;
            next.erase_spaces(cols, &mut self.clusters);
        }
    }

    /// Executes REP: prints the character again that was printed just before the sequence, which begins at the offset `from`.
    pub(super) fn repeat(&mut self, count: usize, from: u64, sink: &mut impl VtSink) {
        if self.printed_to != from {
            return;
        }
        self.settle(sink);
        let (row, col, cols) = (self.grid.row, self.grid.col, self.cols);
        if col == 0 {
            return;
        }
        let place = &mut self.grid.rows[row];
        place.make_cells(cols, &mut self.clusters);
        let last = place.cell(col - 1).glyph;
        let glyph = if last == TAIL && col > 1 { place.cell(col - 2).glyph } else { last };
        let width = if last == TAIL { 2 } else { 1 };
        let single = u8::try_from(glyph);
        // Each glyph that is inserted shifts the rest of its row.
        let most = if single.is_err() && self.modes.insert { MAX_INSERTED } else { MAX_REPEAT };
        let count = count.min(most);
        self.count(8 * count);
        if !self.on_alternate && !self.own {
            if self.current.bound + 4 * count > LINE_LIMIT {
                self.make_room(from, sink);
            }
            self.current.bound += 4 * count;
        }
        match single {
            Ok(byte) => self.put_singles(&vec![byte; count], sink),
            Err(_) => (0..count).for_each(|_| self.put_glyph(glyph, width, sink)),
        }
    }
}
