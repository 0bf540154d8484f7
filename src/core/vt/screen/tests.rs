//! The screen compared with the vt100 crate, and its repainting with the screen.

use proptest::prelude::*;

use super::*;
use crate::core::vt::work::Work;

mod bounds;

const SIZE: Size = Size { rows: 8, cols: 20, xpixel: 0, ypixel: 0 };

/// Glyph, colours and attributes of a cell that both emulations have; empty for the second column of a wide character.
type CellView = (String, Option<CellColour>, Option<CellColour>, Vec<&'static str>);

fn screen(bytes: &[u8]) -> Screen {
    let mut screen = Screen::new(SIZE);
    screen.feed(bytes, &mut Work::unlimited());
    screen
}

fn oracle(bytes: &[u8]) -> vt100::Parser {
    let mut parser = vt100::Parser::new(SIZE.rows, SIZE.cols, 0);
    parser.process(bytes);
    parser
}

fn screen_cells(screen: &Screen) -> Vec<Vec<CellView>> {
    let seen = |cell: Cell| {
        if cell.width == 0 {
            return CellView::default();
        }
        let Style { foreground, background, .. } = cell.style;
        let attributes = cell.style.attributes().map(|(name, _)| name).collect();
        (cell.glyph.to_string(), foreground, background, attributes)
    };
    (0..screen.rows()).map(|row| screen.cells(row).into_iter().map(seen).collect()).collect()
}

fn oracle_cells(parser: &vt100::Parser) -> Vec<Vec<CellView>> {
    let colour = |colour| match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(n) => Some(CellColour::Indexed(n)),
        vt100::Color::Rgb(r, g, b) => Some(CellColour::Rgb(r, g, b)),
    };
    let screen = parser.screen();
    let (rows, cols) = screen.size();
    let seen = |row, col| {
        let cell = screen.cell(row, col).expect("the cell is on the screen");
        if cell.is_wide_continuation() {
            return CellView::default();
        }
        if !cell.has_contents() {
            return (" ".to_owned(), None, colour(cell.bgcolor()), Vec::new());
        }
        let all = [
            ("bold", cell.bold()),
            ("italic", cell.italic()),
            ("underline", cell.underline()),
            ("inverse", cell.inverse()),
        ];
        let attributes = all.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect();
        (cell.contents().to_owned(), colour(cell.fgcolor()), colour(cell.bgcolor()), attributes)
    };
    (0..rows).map(|row| (0..cols).map(|col| seen(row, col)).collect()).collect()
}

/// Panics if the two screens differ.
fn compare(bytes: &[u8], screen: &Screen, parser: &vt100::Parser) {
    let (ours, theirs) = (screen_cells(screen), oracle_cells(parser));
    for (row, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        let ours_len = ours.len();
        for (column, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            // Where a wide character does not fit, xterm.js and alacritty blank the last column, and vt100 does not.
            if column + 1 == ours_len && screen.wraps(row) && ours.0 == " " {
                continue;
            }
            assert_eq!(ours, theirs, "row {row} column {column}, after {}", escaped(bytes));
        }
    }
    let cursor = screen.cursor();
    let (row, column) = parser.screen().cursor_position();
    let last = screen.columns() - 1;
    assert_eq!((cursor.row, cursor.column), (row.into(), usize::from(column).min(last)), "after {}", escaped(bytes));
    assert_eq!(cursor.visible, !parser.screen().hide_cursor());
    assert_eq!(screen.alt_screen(), parser.screen().alternate_screen());
}

fn escaped(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).escape_debug().to_string()
}

/// Generates streams that both emulations treat alike. They differ in controls on a full row, so these come elsewhere; and
/// in the remaining half of a split wide character, so a stream has either wide characters, or attributes and sequences
/// that split characters.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    any::<bool>().prop_flat_map(|wide| {
        let token = token().prop_filter("wide or with attributes", move |token| {
            let plain = token.is_ascii();
            let attributes = token.starts_with("\x1b[") && token.ends_with('m') || token.contains("\x1b[48");
            if wide { !attributes && !token.ends_with(['@', 'P', 'X']) } else { plain || token.contains('\u{301}') }
        });
        prop::collection::vec(token, 1..60).prop_map(|tokens| tokens.concat().into_bytes())
    })
}

fn token() -> impl Strategy<Value = String> {
    let small = 1..12_u16;
    let control = prop_oneof![
        prop::sample::select(vec!["\u{8}", "\t", "\x1bM", "\x1b7\x1b[4;4Hxyz\x1b8", "\n"]).prop_map(str::to_owned),
        (small.clone(), prop::sample::select("ABCDGdLMPX@ST".chars().collect::<Vec<_>>()))
            // vt100 leaves the cursor's column at IL and DL, where xterm moves it to the first.
            .prop_map(|(n, fin)| format!("\x1b[{n}{fin}{}", if matches!(fin, 'L' | 'M') { "\r" } else { "" })),
        (0..3_u16, prop::sample::select(vec!['J', 'K'])).prop_map(|(n, fin)| format!("\x1b[{n}{fin}")),
    ];
    let scroll = prop::sample::select(vec!["\r\nab", "\x1bM", "\x1b[L", "\x1b[2M", "\x1b[S", "\x1b[T", "\n\n\n"]);
    prop_oneof![
        4 => "[a-z ]{1,9}",
        1 => "[\u{4e2d}\u{e9}\u{1f600}]{1,3}",
        1 => Just("e\u{301}".to_owned()),
        2 => prop::sample::select(vec!["\r\n", "\r"]).prop_map(str::to_owned),
        7 => (1..20_u16, control).prop_map(|(column, control)| format!("\x1b[{column}G{control}")),
        2 => (small, 1..25_u16).prop_map(|(row, col)| format!("\x1b[{row};{col}H")),
        1 => (1..4_u16, 5..9_u16, prop::collection::vec(scroll, 1..6))
            .prop_map(|(top, end, all)| format!("\x1b[{top};{end}r\x1b[{top}H{}\x1b[r\x1b[H", all.concat())),
        2 => prop::sample::select(vec![0, 1, 3, 4, 7, 22, 23, 24, 27, 31, 39, 93])
            .prop_map(|code| format!("\x1b[{code}m")),
        1 => Just("\x1b[38;5;200m".to_owned()),
        // They differ in whether rows that scroll in take the background, so one is set only briefly.
        1 => prop::sample::select(vec!["\x1b[K", "\x1b[2J", "\x1b[1J", "\x1b[3X", "abc"])
            .prop_map(|what| format!("\r\x1b[48;2;1;2;3m{what}\r\x1b[102m{what}\x1b[49m")),
        1 => prop::sample::select(vec![
            "\x1b[?1049h\x1b[m\x1b[2J\x1b[H\x1b7", "\x1b[?1049l\x1b[m\x1b[H", "\x1b[?25l", "\x1b[?25h",
        ])
        .prop_map(str::to_owned),
    ]
}

proptest! {
    #[test]
    fn screen_agrees_with_vt100(bytes in stream()) {
        compare(&bytes, &screen(&bytes), &oracle(&bytes));
    }

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
