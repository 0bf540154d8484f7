//! Feeding of the bytes that went to the terminal into the emulation.

use avt::parser::Function;

use super::Screen;
use super::glyphs::{encode, is_mark};
use crate::core::vt::utf8;
use crate::core::vt::work::Work;

impl Screen {
    /// Executes bytes that went to the terminal, until they end or the budget of `work` is used up. Returns the number of
    /// bytes taken. The last function may exceed the budget by what it takes at most, a few times the screen's cells.
    pub fn feed(&mut self, bytes: &[u8], work: &mut Work) -> usize {
        self.repeat(work);
        if self.is_repeating() || work.is_spent() {
            return 0;
        }
        let before = self.partial.len();
        let joined;
        let all = if before == 0 {
            bytes
        } else {
            joined = [&self.partial, bytes].concat();
            &joined
        };
        let (whole, partial) = all.split_at(all.len() - utf8::incomplete_len(all));
        self.partial.clear();
        let used = self.feed_whole(whole, work);
        if used < whole.len() {
            return used - before;
        }
        self.partial.extend_from_slice(partial);
        bytes.len()
    }

    /// Whether a repetition is left for the next call of `feed`.
    pub fn is_repeating(&self) -> bool {
        self.repeats > 0
    }

    /// Executes bytes without an incomplete character at the end. Returns the number of bytes taken.
    fn feed_whole(&mut self, bytes: &[u8], work: &mut Work) -> usize {
        let mut used = 0;
        for chunk in bytes.utf8_chunks() {
            let (valid, invalid) = (chunk.valid(), chunk.invalid());
            let printed = self.print(valid, work);
            used += printed;
            if printed < valid.len() || self.is_repeating() || work.is_spent() {
                return used;
            }
            if !invalid.is_empty() {
                self.print("\u{fffd}", work);
                used += invalid.len();
            }
            if work.is_spent() {
                return used;
            }
        }
        used
    }

    /// Executes characters until they end or the budget is used up, at least one. Returns the number of bytes taken.
    fn print(&mut self, text: &str, work: &mut Work) -> usize {
        for (at, char) in text.char_indices() {
            work.charge(1);
            if let Some(function) = self.parser.feed(char) {
                work.charge(self.cost(&function));
                self.execute(function, work);
            }
            if work.is_spent() || self.is_repeating() {
                return at + char.len_utf8();
            }
        }
        text.len()
    }

    fn execute(&mut self, function: Function, work: &mut Work) {
        match function {
            Function::Print(char) if is_mark(char) => self.mark(char),
            Function::Print(char) => self.terminal.execute(Function::Print(encode(char))),
            Function::Rep(count) => {
                self.begin_repeat(count);
                self.repeat(work);
            }
            function => {
                self.track_origin(&function);
                self.track_insert(&function);
                self.terminal.execute(function);
            }
        }
        self.track_last_row();
    }

    /// Adds a combining mark to the character before the cursor, which is printed again as a cluster.
    fn mark(&mut self, mark: char) {
        let cursor = self.terminal.cursor();
        let Some(line) = self.terminal.screen().line(cursor.row) else { return };
        let before = line.cells().iter().enumerate().take(cursor.col);
        let Some((column, cell)) = before.rev().find(|(_, cell)| cell.width() > 0) else { return };
        let joined = self.glyphs.join(cell.char(), mark);
        if let (Some(joined), Ok(column)) = (joined, u16::try_from(column + 1)) {
            self.terminal.execute([Function::Cha(column), Function::Print(joined)]);
        }
    }
}
