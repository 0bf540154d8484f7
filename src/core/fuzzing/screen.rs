//! The screen model.

use super::script::{Script, cut};
use crate::core::vt::screen::{Position, Screen, Style};
use crate::core::vt::work::Work;
use crate::types::Size;

/// What a screen shows.
#[derive(Debug, PartialEq, Eq)]
struct Picture {
    cells: Vec<Vec<(String, u8, Style)>>,
    wraps: Vec<bool>,
    cursor: Position,
    alternate: bool,
}

fn cells(screen: &Screen) -> Vec<Vec<(String, u8, Style)>> {
    let row =
        |row| screen.cells(row).into_iter().map(|cell| (cell.glyph.to_string(), cell.width, cell.style)).collect();
    (0..screen.rows()).map(row).collect()
}

fn picture(screen: &Screen) -> Picture {
    let (cells, cursor) = (cells(screen), screen.cursor());
    assert!(cursor.row < screen.rows() && cursor.column < screen.columns(), "the cursor is on the screen");
    assert!(cells.iter().all(|row| row.len() == screen.columns()), "rows are full");
    assert!(screen.bottom() < screen.rows() && screen.blank_below() <= screen.rows());
    let wraps = (0..screen.rows()).map(|row| screen.wraps(row)).collect();
    Picture { cells, wraps, cursor, alternate: screen.alt_screen() }
}

fn feed(screen: &mut Screen, bytes: &[u8]) {
    let used = screen.feed(bytes, &mut Work::unlimited());
    assert_eq!(used, bytes.len(), "everything is taken");
}

/// Feeds a stream, resized at the byte 0xff, cut by `seed`.
fn fed(size: Size, seed: u8, stream: &[u8]) -> Screen {
    let mut screen = Screen::new(size);
    for (i, stretch) in stream.split(|byte| *byte == 0xff).enumerate() {
        if let (true, Some((sides, _))) = (i > 0, stretch.split_first()) {
            let (rows, cols) = (u16::from(sides >> 4), u16::from(sides & 15));
            screen.resize(Size { rows, cols, ..Size::default() }, &mut Work::unlimited());
        }
        cut(seed, stretch).for_each(|piece| feed(&mut screen, piece));
    }
    screen
}

/// Checks that the picture does not depend on how the stream is cut, and that a repaint reproduces it.
pub fn screen(input: &[u8]) {
    let mut script = Script::new(input);
    let (sides, seed) = (script.byte(), script.byte());
    let size = Size { rows: 1 + u16::from(sides >> 4), cols: 1 + u16::from(sides & 15), ..Size::default() };
    let stream = script.rest();
    let whole = fed(size, 0, stream);
    let expected = picture(&whole);
    assert_eq!(picture(&fed(size, seed.max(1), stream)), expected, "cut");

    let (rows, cols) = (whole.rows(), whole.columns());
    let mut other = Screen::new(Size { rows: rows as u16, cols: cols as u16, ..Size::default() });
    let full = [&b"\x1b[41m"[..], &b"#".repeat(rows * cols)].concat();
    feed(&mut other, &[full, whole.repaint(), whole.resume(false)].concat());
    assert_eq!(cells(&other), expected.cells, "repainted");
    let seen = |cursor: Position| Position { visible: true, ..cursor };
    assert_eq!(seen(other.cursor()), seen(expected.cursor), "the cursor is put back");
}
