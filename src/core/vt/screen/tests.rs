//! The screen compared with its repainting, and with other emulations (`judges`).

use proptest::prelude::*;

use super::*;
use crate::core::vt::work::Work;
use judges::{CellView, our_view, tokens};

mod bounds;
mod judges;

const SIZE: Size = Size { rows: 8, cols: 20, xpixel: 0, ypixel: 0 };

fn screen(bytes: &[u8]) -> Screen {
    let mut screen = Screen::new(SIZE);
    screen.feed(bytes, &mut Work::unlimited());
    screen
}

fn screen_cells(screen: &Screen) -> Vec<Vec<CellView>> {
    our_view(screen).rows
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    tokens().prop_map(|tokens| tokens.concat().into_bytes())
}

#[test]
fn alternate_screen_is_cut_at_resize() {
    for text in ["0123456789abcdef", "\x1b[1m0123456789abcdef"] {
        let mut screen = screen(format!("\x1b[?1049h{text}").as_bytes());
        screen.resize(Size { cols: 10, ..SIZE }, &mut Work::unlimited());
        screen.resize(SIZE, &mut Work::unlimited());
        assert_eq!(screen.text(0), "0123456789");
    }
}

/// There the last row does not scroll. Whole lines were taken as if each came to a blank row.
#[test]
fn lines_below_region_do_not_depend_on_cuts() {
    let bytes = b"\x1b[1;4r\x1b[7;1Hone\r\nlast\r\n\r\n";
    let mut cut = screen(b"");
    for byte in bytes {
        cut.feed(&[*byte], &mut Work::unlimited());
    }
    assert_eq!(screen_cells(&screen(bytes)), screen_cells(&cut));
}

/// The cursor is not in front of blank cells there. Text that came at once was taken to be on a blank row.
#[test]
fn erasure_behind_wrap_onto_text_does_not_depend_on_cuts() {
    for text in ["abcd", "a   ", "\x1b[1mabcd", "\u{4e2d}cd"] {
        for erasure in ["\x1b[K", "\x1b[0K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[X", "\x1b[P", "\x1b[@"] {
            let bytes = format!("\x1b[8;9HZ\x1b[7;19H{text}{erasure}\r\nx");
            let mut cut = screen(b"");
            for byte in bytes.as_bytes() {
                cut.feed(&[*byte], &mut Work::unlimited());
            }
            assert_eq!(screen_cells(&screen(bytes.as_bytes())), screen_cells(&cut), "{}", bytes.escape_debug());
        }
    }
}

proptest! {
    #[test]
    fn repaint_reproduces_screen(bytes in stream()) {
        let screen = screen(&bytes);
        // A screen full of other text in colour must be overwritten completely.
        let full = [&b"\x1b[41m"[..], &b"#".repeat(8 * 20)].concat();
        let mut other = self::screen(&full);
        other.feed(&[screen.repaint(), screen.resume(false)].concat(), &mut Work::unlimited());
        prop_assert_eq!(screen_cells(&other), screen_cells(&screen));
        prop_assert_eq!(Position { visible: true, ..other.cursor() }, Position { visible: true, ..screen.cursor() });
    }

    #[test]
    fn repaint_row_changes_one_row(bytes in stream(), row in 0..8_usize) {
        let screen = screen(&bytes);
        let mut other = self::screen(&[&b"\x1b[41m"[..], &b"#".repeat(8 * 20)].concat());
        let mut expected = screen_cells(&other);
        expected[row] = screen_cells(&screen).swap_remove(row);
        other.feed(format!("\x1b[{}H", row + 1).as_bytes(), &mut Work::unlimited());
        other.feed(&screen.repaint_row(row), &mut Work::unlimited());
        prop_assert_eq!(screen_cells(&other), expected);
    }

    #[test]
    fn feed_does_not_depend_on_cuts(bytes in stream(), broken in prop::collection::vec(0x80_u8..=0xff, 0..9)) {
        let bytes = [bytes, broken, b"x".to_vec()].concat();
        let whole = screen_cells(&screen(&bytes));
        let mut single = Screen::new(SIZE);
        bytes.chunks(1).for_each(|byte| _ = single.feed(byte, &mut Work::unlimited()));
        prop_assert_eq!(screen_cells(&single), whole);
    }
}
