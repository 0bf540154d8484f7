//! The screen compared with its repainting, and with other emulations (`judges`).

use proptest::prelude::*;

use super::*;
use crate::core::split::at_every_split;
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

/// Fails if the cells after `bytes` depend on how these are cut.
fn assert_cuts_change_nothing(bytes: &[u8]) {
    at_every_split(bytes, |pieces| {
        let mut screen = screen(b"");
        pieces.iter().for_each(|piece| _ = screen.feed(piece, &mut Work::unlimited()));
        screen_cells(&screen)
    });
}

/// Bytes that are not UTF-8, among them parts of characters with controls in between.
fn broken() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop_oneof![
            2 => 0x80_u8..=0xff,
            2 => prop::sample::select(vec![0xc3, 0xe4, 0xf0]),
            3 => 0xa0_u8..=0xbf,
            1 => prop::sample::select(vec![0, 0x7f, 0x80]),
        ],
        0..9,
    )
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

/// The second column of the character came to a row of its own, of which REP and other text were longer than the row.
#[test]
fn wide_character_takes_one_column_where_there_is_no_other() {
    for (cols, text) in [(2, "\u{4e2d}"), (4, "a\u{4e2d}b"), (3, "\u{4e2d}\u{4e2d}"), (2, "\u{4e2d}\u{301}")] {
        for more in ["\x1b[b", "\x1b[3b\u{4e2d}", "x", "\x1b[4hx", "\x1b[D\x1b[P"] {
            let mut screen = Screen::new(Size { cols, ..SIZE });
            screen.feed(text.as_bytes(), &mut Work::unlimited());
            screen.resize(Size { cols: 1, ..SIZE }, &mut Work::unlimited());
            let widths = |screen: &Screen| {
                (0..8).map(|row| screen.text(row).chars().filter(|&c| c != '\u{301}').count()).collect::<Vec<_>>()
            };
            assert!(widths(&screen).iter().all(|&width| width <= 1), "{text:?}: {:?}", widths(&screen));
            screen.feed(format!("{more}\u{a2}").as_bytes(), &mut Work::unlimited());
            assert!(widths(&screen).iter().all(|&width| width <= 1), "{text:?} {more:?}: {:?}", widths(&screen));
        }
    }
}

/// There the last row does not scroll. Whole lines were taken as if each came to a blank row.
#[test]
fn lines_below_region_do_not_depend_on_cuts() {
    let bytes = b"\x1b[1;4r\x1b[7;1Hone\r\nlast\r\n\r\n";
    assert_cuts_change_nothing(bytes);
}

/// The cursor is not in front of blank cells there. Text that came at once was taken to be on a blank row.
#[test]
fn erasure_behind_wrap_onto_text_does_not_depend_on_cuts() {
    for text in ["abcd", "a   ", "\x1b[1mabcd", "\u{4e2d}cd"] {
        for erasure in ["\x1b[K", "\x1b[0K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[X", "\x1b[P", "\x1b[@"] {
            assert_cuts_change_nothing(format!("\x1b[8;9HZ\x1b[7;19H{text}{erasure}\r\nx").as_bytes());
        }
    }
}

/// Bytes that are not UTF-8 were taken for a character where nothing with text was between them, but not when they were counted.
#[test]
fn bytes_around_removed_control_do_not_depend_on_cuts() {
    for between in ["\0", "\x7f", "\x1b[1m", "\x1b]0;t\x07", "\x07", "\x1b[b"] {
        for (first, rest) in [
            (&b"\xf0"[..], &b"\xa0\xa0\xa0"[..]),
            (b"\xf0\xa0", b"\xa0\xa0"),
            (b"\xe4\xb8", b"\xad"),
            (b"\xc3", b"\xa9"),
        ] {
            for start in ["", "\x1b[1;18H", "\x1b[1;19Ha", "\x1b[1;20H"] {
                let bytes = [start.as_bytes(), b"\xff", first, between.as_bytes(), rest, b"\xa0x\r\n\xff"].concat();
                assert_cuts_change_nothing(&bytes);
            }
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
    fn feed_does_not_depend_on_cuts(bytes in stream(), broken in broken()) {
        let bytes = [bytes, broken, b"x".to_vec()].concat();
        assert_cuts_change_nothing(&bytes);
    }
}
