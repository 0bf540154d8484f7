//! Scores in the test suites of other emulations. `COSHELL_SCORES` names a folder with clones of alacritty, xterm.js, vt100-rust
//! and libvterm, of which nothing is kept here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Judge, fed, libvterm, our_view};
use crate::core::vt::screen::Screen;
use crate::core::vt::work::Work;
use crate::types::Size;

/// A check by its name, with what is wrong.
pub(super) type Check = (String, Option<String>);

/// Function that performs the checks of a suite, of which a clone is in a folder.
type Suite = fn(&Path) -> Vec<Check>;

fn size(rows: u16, cols: u16) -> Size {
    Size { rows, cols, xpixel: 0, ypixel: 0 }
}

/// Returns the files of a folder that end in `end`, sorted.
pub(super) fn files(dir: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder is readable").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(end));
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_stem().expect("the file has a name").to_string_lossy().into_owned()
}

/// Returns the rows of the screen as text.
fn texts(screen: &Screen) -> Vec<String> {
    (0..screen.rows()).map(|row| screen.text(row)).collect()
}

/// Returns the first row that is not as expected.
fn row_difference(ours: &[String], expected: &[String]) -> Option<String> {
    let row = ours.iter().zip(expected).position(|(our, their)| our != their)?;
    Some(format!("row {row}: {:?}, expected {:?}", ours[row], expected[row]))
}

/// Size in `size.json` of alacritty's recordings.
#[derive(Deserialize)]
struct Recorded {
    columns: u16,
    screen_lines: u16,
}

/// Checks text, attributes and cursor after alacritty's recordings, of which alacritty passes all.
fn alacritty(dir: &Path) -> Vec<Check> {
    let check = |dir: PathBuf| {
        let bytes = fs::read(dir.join("alacritty.recording")).expect("a recording");
        let size_text = fs::read_to_string(dir.join("size.json")).expect("its size");
        let Recorded { columns, screen_lines } = serde_json::from_str(&size_text).expect("a size");
        let size = size(screen_lines, columns);
        let theirs = Judge::Alacritty.view(&bytes, size).expect("alacritty is linked");
        (name(&dir), Judge::Alacritty.difference(&our_view(&fed(&bytes, size)), &theirs))
    };
    files(&dir.join("alacritty_terminal/tests/ref"), "").into_iter().map(check).collect()
}

/// Checks the text after the escape sequence files of xterm.js, whose expected texts are those of a real xterm.
fn xterm(dir: &Path) -> Vec<Check> {
    let check = |path: PathBuf| {
        let expected = fs::read_to_string(path.with_extension("text")).expect("the expected text");
        let expected: Vec<String> = expected.lines().map(|row| row.trim_end().to_owned()).collect();
        // They are printed in a terminal with OPOST and ONLCR.
        let text = fs::read_to_string(&path).expect("a stream").replace('\n', "\r\n");
        let screen = fed(text.as_bytes(), size(25, 80));
        (name(&path), row_difference(&texts(&screen), &expected))
    };
    files(&dir.join("test/fixtures/escape_sequence_files"), ".in").into_iter().map(check).collect()
}

/// State in the fixtures of vt100-rust.
#[derive(Deserialize)]
struct Fixture {
    /// Cells that are not blank, by row and column.
    cells: BTreeMap<String, FixtureCell>,
    cursor_position: (usize, usize),
}

/// Cell of a [`Fixture`].
#[derive(Deserialize, Default)]
#[serde(default)]
struct FixtureCell {
    contents: String,
    bold: bool,
    italic: bool,
    underline: bool,
    inverse: bool,
}

fn fixture_difference(screen: &Screen, fixture: &Fixture) -> Option<String> {
    let view = our_view(screen);
    for (row, cells) in view.rows.iter().enumerate() {
        for (column, (text, .., attributes)) in cells.iter().enumerate() {
            let empty = FixtureCell::default();
            let cell = fixture.cells.get(&format!("{row},{column}")).unwrap_or(&empty);
            let expected: Vec<&str> = [
                (cell.bold, "bold"),
                (cell.italic, "italic"),
                (cell.underline, "underline"),
                (cell.inverse, "inverse"),
            ]
            .into_iter()
            .filter_map(|(on, name)| on.then_some(name))
            .collect();
            let attributes: Vec<&str> = attributes.iter().copied().filter(|name| *name != "faint").collect();
            if text.trim_end() != cell.contents.trim_end() || text != " " && attributes != expected {
                return Some(format!(
                    "row {row} column {column}: {text:?} {attributes:?}, expected {:?}",
                    cell.contents
                ));
            }
        }
    }
    let expected = (fixture.cursor_position.0, fixture.cursor_position.1.min(79));
    (view.cursor != expected).then(|| format!("cursor {:?}, expected {expected:?}", view.cursor))
}

/// Checks text, attributes and cursor after each step of the fixtures of vt100-rust.
fn vt100(dir: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    for folder in files(&dir.join("tests/data/fixtures"), "").into_iter().filter(|path| path.is_dir()) {
        let mut screen = Screen::new(size(24, 80));
        for step in 1.. {
            let Ok(bytes) = fs::read(folder.join(format!("{step}.typescript"))) else { break };
            screen.feed(&bytes, &mut Work::unlimited());
            let json = fs::read_to_string(folder.join(format!("{step}.json"))).expect("the state after it");
            let fixture: Fixture = serde_json::from_str(&json).expect("a state");
            checks.push((format!("{}/{step}", name(&folder)), fixture_difference(&screen, &fixture)));
        }
    }
    checks
}

#[test]
#[ignore = "needs clones of other projects, which COSHELL_SCORES names"]
fn scores() {
    let dir = PathBuf::from(std::env::var_os("COSHELL_SCORES").expect("COSHELL_SCORES names a folder"));
    let suites: [(&str, Suite); 4] =
        [("alacritty", alacritty), ("xterm.js", xterm), ("vt100-rust", vt100), ("libvterm", libvterm::checks)];
    for (suite, checks) in suites {
        let checks = checks(&dir.join(suite));
        let failed: Vec<_> =
            checks.iter().filter_map(|(name, wrong)| wrong.as_ref().map(|wrong| (name, wrong))).collect();
        println!("{suite}: {} of {}", checks.len() - failed.len(), checks.len());
        failed.iter().for_each(|(name, wrong)| println!("    {name}: {wrong}"));
    }
}
