//! The work of every control sequence is bounded: a slice of it exceeds its budget by at most one function, and slices
//! give the same screen as no slices.

use super::*;
/// Every function of the emulation, with parameters that make it do as much as it can.
const SEQUENCES: [&str; 52] = [
    "a\x1b[65535b",
    "\u{4e2d}\x1b[65535b",
    "\x1b[4ha\x1b[65535b",
    "\x1b[?7la\x1b[65535b",
    "\x1b[5;9r\x1b[9Ha\x1b[65535b",
    "\x1bc",
    "\x1bca",
    "\x1b#8",
    "\x1b#8a",
    "\x1b[J",
    "\x1b[H\x1b[J",
    "\x1b[1J",
    "\x1b[999H\x1b[1J",
    "\x1b[2J",
    "\x1b[2Ja",
    "\x1b[3J",
    "\x1b[K",
    "\x1b[1K",
    "\x1b[2K",
    "\x1b[65535L",
    "\x1b[L",
    "\x1b[65535M",
    "\x1b[65535@",
    "\x1b[65535P",
    "\x1b[65535X",
    "\x1b[65535S",
    "\x1b[S",
    "\x1b[65535T",
    "\x1b[65535A",
    "\x1b[65535B",
    "\x1b[65535C",
    "\x1b[65535D",
    "\x1b[65535I",
    "\x1b[65535Z",
    "\t",
    "\x1bH",
    "\x1b[3g",
    "\x1b[2;5r\x1b[5H\n",
    "\x1b[H\x1bM",
    "\n",
    "\r\na",
    "\x1bD\x1bE",
    "\x1b[?1049h\x1b[?1049l",
    "\x1b[?1047h\x1b[?1047l",
    "\x1b[?47h\x1b[?47l",
    "\x1b7\x1b8",
    "\x1b[!p",
    "\x1b[1;3;4;38;2;1;2;3;48;5;9mx",
    "e\u{301}",
    "\u{4e2d}\u{301}\u{302}",
    "\x1b]133;A\x07$ ",
    "\x1b]0;title\x07\x1bP+q\x1b\\",
];

/// Returns the whole state that later output depends on.
fn state(screen: &Screen) -> (Vec<Vec<CellView>>, Position, Vec<u8>) {
    (screen_cells(screen), screen.cursor(), screen.resume(false))
}

/// Returns the maximum number of operations of a kilobyte on a screen of `cells` cells: of sequences of three bytes that
/// fill the screen, or of six that repeat a character.
fn most_at_once(cells: usize) -> usize {
    1024 + (1024 / 3 * cells).max(1024 / 6 * 9 * 4096)
}

/// Checks slices of `budget` operations of 100 kB of `sequence`, or of what takes `most` operations.
fn check(size: Size, sequence: &str, budget: usize, most: usize) {
    let text: String = (0..size.rows).map(|row| format!("{row} row of text\r\n")).collect();
    let bytes = [text, sequence.repeat(100_000 / sequence.len())].concat().into_bytes();
    let cells = usize::from(size.rows) * usize::from(size.cols);
    let (mut sliced, mut used, mut done) = (Screen::new(size), 0, 0);
    while used < bytes.len() && done < most {
        let mut work = Work::of(budget);
        let piece = &bytes[used..bytes.len().min(used + 4096)];
        let taken = sliced.feed(piece, &mut work);
        used += taken;
        assert!(work.is_spent() || taken == piece.len(), "{sequence:?}: a slice stops before its end");
        assert!(work.done() <= budget + most_at_once(cells), "{sequence:?}: {} operations", work.done());
        done += work.done();
    }
    let mut whole = Screen::new(size);
    assert_eq!(whole.feed(&bytes[..used], &mut Work::unlimited()), used);
    assert_eq!(state(&sliced), state(&whole), "{sequence:?} in slices");
}

#[test]
fn every_sequence_is_bounded_at_usual_size() {
    let size = Size { rows: 24, cols: 80, ..SIZE };
    SEQUENCES.iter().for_each(|sequence| check(size, sequence, 20_000, 150_000));
}

#[test]
fn every_sequence_is_bounded_at_large_size() {
    let size = Size { rows: 500, cols: 1000, ..SIZE };
    // Comparing large screens takes long: only those that take a screenful, or repeat.
    SEQUENCES[..8].iter().for_each(|sequence| check(size, sequence, 200_000, 400_000));
}

#[test]
fn large_window_is_bounded() {
    let screen = Screen::new(Size { rows: 65_535, cols: 65_535, ..SIZE });
    assert!(screen.rows() * screen.columns() <= 512 * 1024 && screen.rows() > 200);
}
