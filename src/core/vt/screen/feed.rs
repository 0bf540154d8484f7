//! What went to the terminal, put into the emulation. What comes of it others look at.

use avt::parser::Function;

use super::Screen;
use super::glyphs::{is_mark, written};
use crate::core::vt::utf8;

impl Screen {
    /// Bytes went to the terminal.
    pub fn feed(&mut self, bytes: &[u8]) {
        let joined;
        let bytes = if self.open.is_empty() {
            bytes
        } else {
            joined = [&self.open, bytes].concat();
            &joined
        };
        let (whole, open) = bytes.split_at(bytes.len() - utf8::open(bytes));
        self.open = open.to_vec();
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
                Function::Print(char) => self.terminal.execute(Function::Print(written(char))),
                function => {
                    self.learn(&function);
                    self.terminal.execute(function);
                }
            }
            self.learn_of_last_row();
        }
    }

    /// A combining mark belongs to the character in front of the cursor, which is put once more.
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
