//! Highlighted output against another emulation, which knows hyperlinks.

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::ansi::{Color, Processor, StdSyncHandler};
use proptest::prelude::*;

use crate::core::fuzzing::highlight::{Run, highlight};

fn emulated(run: &Run, bytes: &[u8]) -> Term<VoidListener> {
    let size = TermSize::new(run.size.cols.into(), run.size.rows.into());
    let mut term = Term::new(Config { scrolling_history: 100, ..Config::default() }, &size, VoidListener);
    Processor::<StdSyncHandler>::new().advance(&mut term, bytes);
    term
}

/// Returns what of a cell is the program's whatever is highlighted. A wide character leaves a cell empty in front of it that has
/// no text, so that it is not compared.
fn lasting(cell: &Cell) -> (char, Vec<char>, Flags) {
    let coloured = Flags::BOLD | Flags::ITALIC | Flags::ALL_UNDERLINES;
    (cell.c, cell.zerowidth().unwrap_or_default().to_vec(), cell.flags.difference(coloured))
}

fn uri(cell: &Cell) -> Option<String> {
    cell.hyperlink().map(|link| link.uri().to_owned())
}

fn pen(cell: &Cell) -> (Color, Color, Option<Color>, Flags, Option<String>) {
    (cell.fg, cell.bg, cell.underline_color(), cell.flags, uri(cell))
}

fn cells(term: &Term<VoidListener>) -> impl Iterator<Item = &Cell> {
    let grid = term.grid();
    let lines = grid.topmost_line().0..=grid.bottommost_line().0;
    lines.flat_map(move |line| (0..grid.columns()).map(move |column| &grid[Line(line)][Column(column)]))
}

fn check(input: &[u8]) {
    highlight(input);
    let run = Run::new(input);
    // alacritty does not have DECSTR.
    if memchr::memmem::find(&run.stream, b"\x1b[!p").is_some() {
        return;
    }
    let plain = emulated(&run, &run.stream);
    for bytes in [&run.shown, &run.shown_cut] {
        let shown = emulated(&run, bytes);
        for (ours, theirs) in cells(&shown).zip(cells(&plain)) {
            assert_eq!(lasting(ours), lasting(theirs), "{} for {}", bytes.escape_ascii(), run.stream.escape_ascii());
        }
        let (ours, theirs) = (&shown.grid().cursor, &plain.grid().cursor);
        assert_eq!((ours.point, ours.input_needs_wrap), (theirs.point, theirs.input_needs_wrap), "the cursor");
        assert_eq!(pen(&ours.template), pen(&theirs.template), "the pen and the open hyperlink");
        for (ours, theirs) in cells(&shown).zip(cells(&plain)) {
            let is_linked = uri(ours).is_some_and(|uri| uri.starts_with("file:///"));
            assert!(is_linked && "ab/:1".contains(ours.c) || uri(ours) == uri(theirs), "hyperlinks");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn terminal_shows_the_same_but_for_the_colours(input in prop::collection::vec(any::<u8>(), 4..60)) {
        check(&input);
    }
}
