//! The bytes that draw what is seen. When they may be sent, and which modes the terminal must be in before, is for others.

use avt::parser::Function;
use avt::{Parser, Terminal};

use super::{Cell, CellText, Screen, Style};

impl Screen {
    /// The bytes that draw this row anew, attributes and all, for a cursor at its start. They leave the attributes at
    /// their defaults. The terminal must wrap (DECAWM), not insert (IRM), and show no line graphics.
    pub fn repaint_row(&self, row: usize) -> Vec<u8> {
        let mut out = b"\x1b[m".to_vec();
        let blank = Cell { glyph: CellText::Nothing, width: 1, style: Style::default() };
        let seen = self.columns() - self.cells(row).rev().take_while(|&cell| cell == blank).count();
        let mut now = Style::default();
        for cell in self.cells(row).take(seen).filter(|cell| cell.width > 0) {
            if cell.style != now {
                cell.style.begin(&mut out);
                now = cell.style;
            }
            out.extend_from_slice(cell.glyph.to_string().as_bytes());
        }
        if now != Style::default() {
            out.extend_from_slice(b"\x1b[m");
        }
        if seen < self.columns() {
            out.extend_from_slice(b"\x1b[K");
        }
        out
    }

    /// The bytes that draw the whole screen anew, without a word of modes and cursor. They leave the attributes at their
    /// defaults; the terminal must be as for `repaint_row`, and scroll as a whole.
    pub fn repaint(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for row in 0..self.rows() {
            out.extend_from_slice(format!("\x1b[{}H", row + 1).as_bytes());
            out.extend_from_slice(&self.repaint_row(row));
        }
        out
    }

    /// The bytes that put the scrolling region, the origin, the cursor and the attributes where they are, in a terminal
    /// whose region is the whole screen and that is as for `repaint_row`.
    pub fn resume(&self, origin: bool) -> Vec<u8> {
        let (margins, pen) = self.margins_and_pen();
        let mut out = Vec::new();
        if let Some((top, bottom)) = margins {
            out.extend_from_slice(format!("\x1b[{top};{bottom}r").as_bytes());
        }
        if origin {
            out.extend_from_slice(b"\x1b[?6h");
        }
        let first = margins.filter(|_| origin).map_or(0, |(top, _)| usize::from(top) - 1);
        let row = self.cursor().row.saturating_sub(first) + 1;
        out.extend_from_slice(format!("\x1b[{row}H").as_bytes());
        out.extend_from_slice(&self.put_cursor());
        pen.begin(&mut out);
        out
    }

    /// The scrolling region, where it is not the whole screen, and the attributes that are on: the emulation tells them
    /// only by the sequences that would bring them about.
    fn margins_and_pen(&self) -> (Option<(u16, u16)>, Style) {
        let (mut parser, mut margins, mut last) = (Parser::new(), None, None);
        for char in self.terminal.dump().chars() {
            match parser.feed(char) {
                Some(Function::Decstbm(top, bottom)) => margins = Some((top, bottom)),
                Some(sgr @ Function::Sgr(_)) => last = Some(sgr),
                _ => {}
            }
        }
        let mut probe = Terminal::new(2, 1).expect("both sides are at least 1");
        probe.execute(last.into_iter().chain([Function::Print('x')]));
        let pen = probe.screen().line(0).and_then(|line| line.cells().first().map(|cell| Style::of(cell.pen())));
        (margins, pen.unwrap_or_default())
    }

    /// The bytes that put the cursor, which is on its row already, where it is on that row, with what is pending. They
    /// leave the attributes at their defaults; the terminal must be as for `repaint_row`.
    pub fn put_cursor(&self) -> Vec<u8> {
        let cursor = self.cursor();
        let last = self.cells(cursor.row).last().filter(|_| cursor.pending_wrap);
        let column = cursor.column - usize::from(last.is_some_and(|cell| cell.width == 0));
        let mut out = format!("\x1b[m\x1b[{}G", column + 1).into_bytes();
        // What fills the last column is put once more, so that the next character goes to the next row.
        if let Some(cell) = self.cells(cursor.row).nth(column).filter(|_| cursor.pending_wrap) {
            cell.style.begin(&mut out);
            out.extend_from_slice(cell.glyph.to_string().as_bytes());
            out.extend_from_slice(b"\x1b[m");
        }
        out
    }
}
