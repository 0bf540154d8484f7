//! The bytes that draw coshell's own rows on the main screen and restore the cursor: a notice above the cursor's line, a
//! progress line below it. `terminal::own_rows` sends them.
//!
//! The terminal itself moves the line (IL, `CSI L`), so that only the cursor's position in it has to be known. DECSC is not
//! used, since it would overwrite a cursor that a program has saved.

use crate::core::vt::Cursor;
use crate::core::width::truncate_to_width;

/// Style of a notice or a progress line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoticeStyle {
    /// Faint.
    #[default]
    Faint,
    /// Without attributes.
    Plain,
}

impl NoticeStyle {
    /// Returns the bytes that turn on only this style.
    fn begin(self) -> &'static str {
        match self {
            Self::Faint => "\x1b[0;2m",
            Self::Plain => "\x1b[0m",
        }
    }
}

/// Inserts `lines` above the cursor's line. `back` restores the attributes.
pub(super) fn above(cursor: &Cursor, cols: u16, back: &[u8], style: NoticeStyle, lines: &[String]) -> Vec<u8> {
    let below = cursor.rows - 1 - cursor.row;
    let count = lines.len();
    let mut out = String::from("\r\x1b[0m");
    // At the bottom of the screen this scrolls, elsewhere it only moves the cursor.
    push_move(&mut out, usize::from(below), 'B');
    out.push_str(&"\n".repeat(count));
    push_move(&mut out, count + usize::from(cursor.rows) - 1, 'A');
    push_move(&mut out, count, 'L');
    for line in lines {
        out.push_str(style.begin());
        push_row(&mut out, line, cols);
        out.push_str("\x1b[0m\r\n");
    }
    push_move(&mut out, usize::from(cursor.row), 'B');
    push_move(&mut out, usize::from(cursor.column), 'C');
    [out.as_bytes(), back].concat()
}

/// Deletes the `count` rows above the rows in which the cursor is.
pub(super) fn lift(cursor: &Cursor, back: &[u8], count: usize) -> Vec<u8> {
    let mut out = String::from("\r\x1b[0m");
    push_move(&mut out, usize::from(cursor.row) + count, 'A');
    push_move(&mut out, count, 'M');
    push_move(&mut out, usize::from(cursor.row), 'B');
    push_move(&mut out, usize::from(cursor.column), 'C');
    [out.as_bytes(), back].concat()
}

/// Draws `line` on the row below the cursor's line, or clears that row where `line` is empty.
pub(super) fn below(cursor: &Cursor, cols: u16, back: &[u8], style: NoticeStyle, line: &str) -> Vec<u8> {
    let rows = usize::from(cursor.rows - 1 - cursor.row);
    let mut out = String::from("\r\x1b[0m");
    push_move(&mut out, rows, 'B');
    out.push('\n');
    if !line.is_empty() {
        out.push_str(style.begin());
        push_row(&mut out, line, cols);
        out.push_str("\x1b[0m");
    }
    out.push_str("\x1b[K\r");
    push_move(&mut out, rows + 1, 'A');
    push_move(&mut out, usize::from(cursor.column), 'C');
    [out.as_bytes(), back].concat()
}

/// Clears the cursor's line and leaves the cursor at its start.
pub(super) fn wipe(cursor: &Cursor) -> Vec<u8> {
    let mut out = String::from("\r");
    push_move(&mut out, usize::from(cursor.row), 'A');
    out.push_str("\x1b[J");
    out.into_bytes()
}

fn push_move(out: &mut String, n: usize, how: char) {
    if n > 0 {
        out.push_str(&format!("\x1b[{n}{how}"));
    }
}

/// Prints a row of text, for a terminal that wraps (DECAWM). It leaves the last column free, and does not wrap where the
/// terminal gives it a greater width.
fn push_row(out: &mut String, text: &str, cols: u16) {
    out.push_str("\x1b[?7l");
    out.push_str(truncate_to_width(text, usize::from(cols.saturating_sub(1))));
    out.push_str("\x1b[?7h");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(column: u16, row: u16, rows: u16) -> Cursor {
        Cursor { column, row, rows, pending_wrap: false }
    }

    fn screen(rows: u16, cols: u16, bytes: &[u8]) -> vt100::Parser {
        let mut parser = vt100::Parser::new(rows, cols, 0);
        parser.process(bytes);
        parser
    }

    fn lines(parser: &vt100::Parser) -> Vec<String> {
        let text = parser.screen().contents();
        text.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    fn notice(parser: &mut vt100::Parser, cursor: &Cursor, cols: u16) {
        parser.process(&above(cursor, cols, b"", NoticeStyle::Faint, &["coshell: one".to_owned(), "  two".to_owned()]));
    }

    #[test]
    fn notice_is_inserted_above_line_and_cursor_stays() {
        let mut parser = screen(6, 20, b"first\r\n$ ls -l\x1b[3D");
        let place = parser.screen().cursor_position();
        notice(&mut parser, &at(4, 0, 1), 20);
        assert_eq!(lines(&parser), ["first", "coshell: one", "  two", "$ ls -l"]);
        assert_eq!(parser.screen().cursor_position(), (place.0 + 2, place.1));
    }

    #[test]
    fn notice_at_bottom_scrolls_screen() {
        let mut parser = screen(4, 20, b"a\r\nb\r\nc\r\n$ ls");
        notice(&mut parser, &at(4, 0, 1), 20);
        assert_eq!(lines(&parser), ["c", "coshell: one", "  two", "$ ls"]);
        assert_eq!(parser.screen().cursor_position(), (3, 4));
    }

    #[test]
    fn wrapped_line_moves_as_a_whole() {
        let mut parser = screen(5, 10, b"a\r\n$ 345678901234567890123\x1b[A\x1b[2D");
        assert_eq!(parser.screen().cursor_position(), (2, 1));
        notice(&mut parser, &at(1, 1, 3), 10);
        let rows: Vec<_> = parser.screen().rows(0, 10).collect();
        assert_eq!(rows, ["coshell: ", "  two", "$ 34567890", "1234567890", "123"]);
        assert_eq!(parser.screen().cursor_position(), (3, 1));
    }

    #[test]
    fn lifted_rows_leave_screen_unchanged() {
        for (before, cursor, rows, cols) in [
            (&b"first\r\n$ ls -l\x1b[3D"[..], at(4, 0, 1), 6, 20),
            (b"a\r\n$ 345678901234567890123\x1b[A\x1b[2D", at(1, 1, 3), 8, 10),
        ] {
            let mut parser = screen(rows, cols, before);
            let (lines_before, position) = (lines(&parser), parser.screen().cursor_position());
            notice(&mut parser, &cursor, cols);
            parser.process(&lift(&cursor, b"", 2));
            assert_eq!((lines(&parser), parser.screen().cursor_position()), (lines_before, position));
        }
    }

    #[test]
    fn cleared_progress_leaves_screen_unchanged() {
        let cursor = at(3, 0, 1);
        let mut parser = screen(4, 30, b"one\r\nabc");
        let before = lines(&parser);
        parser.process(&below(&cursor, 30, b"", NoticeStyle::Faint, "rz: 1 MB"));
        assert_eq!(lines(&parser), ["one", "abc", "rz: 1 MB"]);
        assert_eq!(parser.screen().cursor_position(), (1, 3));
        parser.process(&below(&cursor, 30, b"", NoticeStyle::Faint, ""));
        assert_eq!(lines(&parser), before);
    }
}
