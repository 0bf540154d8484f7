//! Recordings of real programs in a terminal of 80 columns and 24 rows, with the screens on which other emulations agree.
//!
//! `COSHELL_BLESS=1` writes the expected screen of a recording anew, as most emulations have it.

use std::fs;
use std::path::Path;

use super::scores::files;
use super::{Judge, View, our_view};
use crate::core::vt::screen::Screen;
use crate::core::vt::work::Work;
use crate::types::Size;

const SIZE: Size = Size { rows: 24, cols: 80, xpixel: 0, ypixel: 0 };

/// Number of emulations that have to agree on an expected screen.
const AGREEING: usize = 2;

/// Returns the rows as text, and the cursor on a last line.
fn text(view: &View) -> String {
    let row = |cells: &Vec<super::CellView>| {
        let text: String = cells.iter().map(|cell| cell.0.as_str()).collect();
        format!("{}\n", text.trim_end())
    };
    let rows: String = view.rows.iter().map(row).collect();
    format!("{rows}cursor {} {}\n", view.cursor.0, view.cursor.1)
}

/// Returns what the screen shows after `bytes` in pieces of this length.
fn shown(bytes: &[u8], piece: usize) -> String {
    let mut screen = Screen::new(SIZE);
    bytes.chunks(piece).for_each(|piece| _ = screen.feed(piece, &mut Work::unlimited()));
    text(&our_view(&screen))
}

#[test]
fn recordings_show_what_other_emulations_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/recordings");
    let recordings = files(&folder, ".raw");
    assert!(recordings.len() > 9);
    for recording in recordings {
        let bytes = fs::read(&recording).expect("the recording is readable");
        let theirs: Vec<String> =
            Judge::ALL.iter().filter_map(|judge| judge.view(&bytes, SIZE)).map(|view| text(&view)).collect();
        let agreeing = |shown: &String| theirs.iter().filter(|their| *their == shown).count();
        let file = recording.with_extension("screen");
        if std::env::var_os("COSHELL_BLESS").is_some() {
            let agreed = theirs.iter().max_by_key(|shown| agreeing(shown)).expect("two emulations are linked");
            fs::write(&file, agreed).expect("the folder is writable");
        }
        let expected = fs::read_to_string(&file).expect("the expected screen is readable");
        if theirs.len() == Judge::ALL.len() {
            assert!(agreeing(&expected) >= AGREEING, "{}: {} agree", file.display(), agreeing(&expected));
        }
        for piece in [1, 7, 512, bytes.len()] {
            assert_eq!(shown(&bytes, piece), expected, "{} in pieces of {piece}", recording.display());
        }
    }
}
