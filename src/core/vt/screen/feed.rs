//! Feeding of the bytes that went to the terminal into the emulation.

use avt::parser::Function;

use super::Screen;
use super::glyphs::{encode, is_mark};
use crate::core::vt::utf8;

impl Screen {
    /// Executes bytes that went to the terminal.
    pub fn feed(&mut self, bytes: &[u8]) {
        let joined;
        let bytes = if self.partial.is_empty() {
            bytes
        } else {
            joined = [&self.partial, bytes].concat();
            &joined
        };
        let (whole, partial) = bytes.split_at(bytes.len() - utf8::incomplete_len(bytes));
        self.partial = partial.to_vec();
        for chunk in whole.utf8_chunks() {
            self.print(chunk.valid());
            if !chunk.invalid().is_empty() {
                self.print("\u{fffd}");
            }
        }
    }

    fn print(&mut self, text: &str) {
        for char in text.chars() {
            let Some(function) = self.parser.feed(char) else { continue };
            match function {
                Function::Print(char) if is_mark(char) => self.mark(char),
                Function::Print(char) => self.terminal.execute(Function::Print(encode(char))),
                function => {
                    self.track_origin(&function);
                    self.terminal.execute(function);
                }
            }
            self.track_last_row();
        }
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
