//! The bytes that move the cursor to the menu's row, draw it, and restore the screen. `terminal::menu` sends them.
//!
//! The row is the last one of the screen where the cursor's row is known, as after a full-screen program has placed the
//! cursor. On the primary screen it is not known until the output has reached the last row; there the menu takes the
//! first blank row below the cursor.

use crate::core::vt::Modes;
use crate::core::vt::screen::Screen;
use crate::core::width::truncate_to_width;

/// Contents of the menu's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::core) struct MenuText {
    pub(in crate::core) text: String,
    /// Byte offset in `text` at which the cursor is shown; `None` hides it.
    pub(in crate::core) cursor: Option<usize>,
}

/// Position of the menu's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MenuRowPosition {
    Last,
    /// This number of rows below the cursor's.
    Below(usize),
}

/// The menu's row, while it is shown.
#[derive(Clone, Copy, Debug)]
pub(in crate::core) struct MenuRow {
    position: MenuRowPosition,
}

/// Returns the menu's row and the bytes that move the cursor to its start and turn off modes that change text. The
/// cursor's own position is known from `screen`.
pub(super) fn open(screen: &Screen, modes: &Modes) -> (MenuRow, Vec<u8>) {
    let mut out = modes.plain_text_bytes().0;
    if !screen.origin_known() {
        let below = screen.blank_below();
        out.extend_from_slice(b"\r\x1b[m");
        if below > 1 {
            out.extend_from_slice(format!("\x1b[{}B", below - 1).as_bytes());
        }
        // On the last row this scrolls, elsewhere it only moves the cursor.
        out.push(b'\n');
        return (MenuRow { position: MenuRowPosition::Below(below) }, out);
    }
    if modes.origin() {
        out.extend_from_slice(b"\x1b[?6l");
    }
    out.extend_from_slice(last_row(screen).as_bytes());
    (MenuRow { position: MenuRowPosition::Last }, out)
}

fn last_row(screen: &Screen) -> String {
    format!("\x1b[{}H", screen.rows())
}

/// Returns the bytes that draw the row, for a cursor that is on it and a terminal that wraps (DECAWM). They work for any
/// width that the terminal gives the text: the blanks come first, wrapping is off, and the text in front of the cursor
/// is printed again to place the cursor.
pub(super) fn draw(row: &MenuText, cols: u16) -> Vec<u8> {
    let room = usize::from(cols.saturating_sub(1));
    let (text, blanks) = (truncate_to_width(&row.text, room), " ".repeat(room));
    let mut out = format!("\x1b[?25l\x1b[?7l\r\x1b[0;7m{blanks}\x1b[m\x1b[K\r\x1b[7m{text}\x1b[m\r");
    if let Some(cursor) = row.cursor {
        let before = &text[..cursor.min(text.len())];
        out.push_str(&format!("\x1b[7m{before}\x1b[m\x1b[?25h"));
    }
    out.push_str("\x1b[?7h");
    out.into_bytes()
}

impl MenuRow {
    /// Returns the bytes that restore the screen, for a cursor that is on the row. `pen` turns on the current attributes.
    pub(super) fn close(self, screen: &Screen, modes: &Modes, pen: &[u8]) -> Vec<u8> {
        let mut out = b"\r\x1b[m".to_vec();
        match self.position {
            MenuRowPosition::Below(below) => {
                out.extend_from_slice(format!("\x1b[K\x1b[{below}A").as_bytes());
                out.extend_from_slice(&screen.put_cursor());
            }
            MenuRowPosition::Last => {
                out.extend_from_slice(&screen.repaint_row(screen.rows() - 1));
                out.extend_from_slice(&screen.resume(modes.origin()));
            }
        }
        out.extend_from_slice(&modes.plain_text_bytes().1);
        out.extend_from_slice(pen);
        out.extend_from_slice(if screen.cursor().visible { b"\x1b[?25h" } else { b"\x1b[?25l" });
        out
    }

    /// Returns the bytes that redraw after a change of the window size, which may have moved everything. Where the menu is
    /// on the last row, the whole screen is redrawn; elsewhere only the rows from the cursor's on.
    pub(super) fn resized(&mut self, screen: &Screen) -> Vec<u8> {
        match self.position {
            MenuRowPosition::Last => [&b"\x1b[m"[..], &screen.repaint(), last_row(screen).as_bytes()].concat(),
            MenuRowPosition::Below(_) => {
                self.position = MenuRowPosition::Below(screen.blank_below());
                b"\r\x1b[m\x1b[J".to_vec()
            }
        }
    }

    /// Whether the whole screen is redrawn at a change of its size.
    pub(super) fn redraws_all(self) -> bool {
        self.position == MenuRowPosition::Last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::vt::NullSink;
    use crate::core::vt::VtState;
    use crate::core::vt::work::Work;
    use crate::types::Size;

    const SIZE: Size = Size { rows: 6, cols: 20, xpixel: 0, ypixel: 0 };

    /// A terminal that shows `before` and was then given `bytes` by a session.
    fn terminal(before: &str, bytes: &[u8]) -> vt100::Parser {
        let mut terminal = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
        terminal.process(before.as_bytes());
        terminal.process(bytes);
        terminal
    }

    /// Returns all visible state.
    fn visible(terminal: &vt100::Parser) -> (Vec<u8>, (u16, u16), bool, Vec<u8>) {
        let screen = terminal.screen();
        (screen.contents_formatted(), screen.cursor_position(), screen.hide_cursor(), screen.attributes_formatted())
    }

    /// Opens and closes the menu's row on the given screen. Returns the rows while it was open.
    fn open_and_close(before: &str, bytes: &[u8]) -> Vec<String> {
        let (mut screen, mut text) = (Screen::new(SIZE), VtState::new(SIZE));
        text.assemble(true);
        screen.feed(bytes, &mut Work::unlimited());
        text.feed(bytes, &mut NullSink);
        let mut seen = terminal(before, bytes);
        let (row, opening) = open(&screen, text.modes());
        seen.process(&opening);
        seen.process(&draw(&MenuText { text: "menu".to_owned(), cursor: None }, SIZE.cols));
        let rows = seen.screen().rows(0, SIZE.cols).map(|row| row.trim_end().to_owned()).collect();
        seen.process(&row.close(&screen, text.modes(), &[&b"\x1b[m"[..], &text.modes().sgr_bytes()].concat()));
        let (mut plain, mut after) = (terminal(before, bytes), seen);
        if !screen.origin_known() && plain.screen().cursor_position().0 + 1 == SIZE.rows {
            // The screen has scrolled.
            plain.process(b"\x1b[S\x1b[A");
        }
        assert_eq!(visible(&after), visible(&plain), "{}", bytes.escape_ascii());
        // Later output looks the same, modes and pending wrap included.
        for next in [&b"next"[..], b"\r\n\x1b[2;2Hlast"] {
            plain.process(next);
            after.process(next);
            assert_eq!(visible(&after), visible(&plain), "{}", bytes.escape_ascii());
        }
        rows
    }

    #[test]
    fn menu_is_on_last_row_where_that_is_known() {
        for bytes in [
            &b"\x1b[2J\x1b[Hhome"[..],
            b"\x1b[?1049h\x1b[H1\r\n2\r\n\x1b[31m3\r\n4\r\n5\r\n\x1b[44mlast\x1b[2;3H",
            b"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7$ ls",
            b"1\r\n2\r\n3\r\n4\r\n5\r\n\x1b[1;32m12345678901234567890",
            b"1\r\n2\r\n3\r\n4\r\n5\r\nlast row that is full\x1b[3;1H\x1b[7m12345678901234567890",
            "1\r\n2\r\n3\r\n4\r\n5\r\n\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}\u{6f22}\u{5b57}"
                .as_bytes(),
            b"\x1b[2J\x1b[2;4r\x1b[3;1Hregion\x1b[?25l",
            b"\x1b[2J\x1b[2;4r\x1b[?6h\x1b[2;3Horigin",
        ] {
            assert_eq!(open_and_close("", bytes)[5], "menu", "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn menu_is_below_cursor_where_row_is_unknown() {
        assert_eq!(open_and_close("old\r\nold\r\n", b"$ ls")[..4], ["old", "old", "$ ls", "menu"]);
        assert_eq!(open_and_close("1\r\n2\r\n3\r\n4\r\n5\r\n", b"$ ls")[3..], ["5", "$ ls", "menu"]);
        // A list of completions stands below the prompt.
        let fish = b"$ l\x1b[s\r\none  two\r\nthree\x1b[2A\x1b[3G";
        assert_eq!(open_and_close("old\r\n", fish)[1..5], ["$ l", "one  two", "three", "menu"]);
        assert_eq!(open_and_close("old\r\n", b"\x1b[31m12345678901234567890")[1..3], ["12345678901234567890", "menu"]);
    }

    #[test]
    fn cursor_is_shown_where_line_is_edited() {
        let mut seen = terminal("", b"");
        seen.process(&draw(&MenuText { text: "run: ab".to_owned(), cursor: Some(6) }, SIZE.cols));
        assert_eq!((seen.screen().cursor_position(), seen.screen().hide_cursor()), ((0, 6), false));
    }
}
