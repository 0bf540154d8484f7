//! Matches that are shown in colours: what else the terminal shows, and where the colours stand.

use std::ffi::OsString;
use std::time::Instant;

use super::script::{Script, cut};
use crate::cli;
use crate::config;
use crate::config::Environment;
use crate::core::event::Input;
use crate::core::vt::screen::{Cell, CellColour, CellText, Screen, Style};
use crate::core::vt::work::Work;
use crate::core::{Core, Settings};
use crate::types::{Sink, Size, Source};

/// A trigger whose pattern is plain text.
struct Rule {
    text: &'static str,
    /// Whether every match counts, and whether it stands for its line.
    all: bool,
    line: bool,
    style: &'static str,
    foreground: Option<CellColour>,
    background: Option<CellColour>,
    attributes: &'static [u8],
}

const RULES: [Rule; 5] = [
    Rule { foreground: Some(CellColour::Indexed(1)), ..rule("ERROR", true, false, "red") },
    Rule { background: Some(CellColour::Indexed(4)), ..rule("RR", false, false, "on blue") },
    Rule { attributes: &[1, 4], ..rule("字", true, false, "bold underline") },
    Rule {
        foreground: Some(CellColour::Indexed(2)),
        background: Some(CellColour::Rgb(16, 32, 48)),
        ..rule("warn", false, true, "green on #102030")
    },
    Rule { attributes: &[3], ..rule("e\u{301}", true, false, "italic") },
];

const fn rule(text: &'static str, all: bool, line: bool, style: &'static str) -> Rule {
    Rule { text, all, line, style, foreground: None, background: None, attributes: &[] }
}

/// Tokens of output that is printed from left to right.
const PLAIN: &[&str] = &[
    "ERROR",
    "ER",
    "RR",
    "OR\r\n",
    "\r\n",
    "\r\n",
    "warn",
    "漢字",
    "字",
    "e\u{301}",
    "e",
    "x ",
    " ",
    "abc",
    "\t",
    "a/b:1",
    "\x1b[m",
    "\x1b[31m",
    "\x1b[1;4m",
    "\x1b[22;39m",
    "\x1b[45m",
    "\x1b[4:3;58;5;9m",
    "\x1b[38;2;1;2;3m",
    "\x1b[7;2m",
    "\x1b[K",
    "\x1b]8;;http://a\x1b\\",
    "\x1b]8;id=1;b:c\x07",
    "\x1b]8;;\x1b\\",
    "\x1b]0;ERROR\x07",
    "\x1b[?25l",
    "\x1b(B",
    "\x07",
    "ERROR ERROR\r\n",
    "a long line with an ERROR in it\r\n",
];

/// Tokens that do anything else.
const OTHERS: &[&str] = &[
    "\n",
    "\r",
    "\x08",
    "\x1b[A",
    "\x1b[2A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[3D",
    "\x1b[H",
    "\x1b[2;3H",
    "\x1b[J",
    "\x1b[2J",
    "\x1b[1K",
    "\x1b[2K",
    "\x1b[G",
    "\x1b[2@",
    "\x1b[3P",
    "\x1b[L",
    "\x1b[M",
    "\x1b[X",
    "\x1b[2b",
    "\x1b[S",
    "\x1b[T",
    "\x1b[4h",
    "\x1b[4l",
    "\x1b[20h",
    "\x1b[20l",
    "\x1b[?7l",
    "\x1b[?7h",
    "\x1b[?6h",
    "\x1b[?6l",
    "\x1b[2;4r",
    "\x1b[r",
    "\x1b[?5h",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b7",
    "\x1b8",
    "\x1bM",
    "\x1bD",
    "\x1bE",
    "\x1bc",
    "\x1b[!p",
    "\x1b(0",
    "\x0e",
    "\x0f",
    "\x1bH",
    "\x1b[3g",
    "\x1b#8",
    "\x1b[?2004h",
    "\x1b[?2004l",
    "\x1b]133;A\x07",
    "\x1b]133;B\x07",
    "\x1b]133;C\x07",
    "\x1b]133;D;0\x07",
    "\x1bPERROR\x1b\\",
    "\x1b[3",
    "\x1b]0;",
    "\x18",
    "\x1b\\",
    "\u{85}",
    "\u{fe0f}",
    "👩\u{200d}🚀",
    "\x1b[73m",
];

/// A session in which matches are coloured.
#[derive(Debug)]
pub(in crate::core) struct Run {
    pub(in crate::core) size: Size,
    /// What the shell printed.
    pub(in crate::core) stream: Vec<u8>,
    /// What the terminal was given: of the whole stream at once, and in pieces.
    pub(in crate::core) shown: Vec<u8>,
    pub(in crate::core) shown_cut: Vec<u8>,
    /// Indexes of the rules.
    rules: Vec<usize>,
    /// Whether the stream has plain tokens only.
    is_plain: bool,
}

impl Run {
    /// Plays the session that `input` describes. One in two has plain tokens only.
    pub(in crate::core) fn new(input: &[u8]) -> Self {
        let mut script = Script::new(input);
        let (sides, rules, seed) = (script.byte(), script.byte(), script.byte());
        let size = Size { rows: 2 + u16::from(sides & 7), cols: 4 + 4 * u16::from(sides >> 4), ..Size::default() };
        let is_plain = sides & 8 == 0;
        let rules: Vec<usize> = (0..RULES.len()).filter(|rule| rules >> rule & 1 == 1).collect();
        let links = script.byte() & 1 == 1;
        let mut stream = Vec::new();
        while !script.is_over() {
            let token = script.below(PLAIN.len() + if is_plain { 0 } else { OTHERS.len() });
            let token = PLAIN.get(token).or_else(|| OTHERS.get(token - PLAIN.len())).copied().unwrap_or_default();
            stream.extend_from_slice(token.as_bytes());
        }
        let shown = |seed| play(settings(&rules, links, size), cut(seed, &stream));
        let (shown, shown_cut) = (shown(0), shown(seed.max(1)));
        Self { size, stream, shown, shown_cut, rules, is_plain }
    }

    /// Returns the style of text that was printed in `style` and to which these rules apply, in their order.
    fn over<'a>(style: &View, rules: impl Iterator<Item = &'a usize>) -> View {
        rules.fold(style.clone(), |mut view, &rule| {
            let rule = &RULES[rule];
            view.foreground = rule.foreground.or(view.foreground);
            view.background = rule.background.or(view.background);
            view.attributes.extend(rule.attributes);
            view.attributes.sort_unstable();
            view.attributes.dedup();
            view
        })
    }

    /// Checks that a cell has, besides what the program gave it, nothing but what rules give.
    fn check_cell(&self, plain: &Cell, shown: &Cell) {
        assert_eq!((&shown.glyph, shown.width), (&plain.glyph, plain.width));
        // Half of a wide character that is overwritten leaves the other half blank, in the character's colours.
        let has_halves = !self.is_plain && memchr::memmem::find(&self.stream, "字".as_bytes()).is_some();
        if plain.glyph == CellText::Nothing && plain.width == 1 && !has_halves {
            assert_eq!(shown.style, plain.style, "what was not printed has the colours of the program");
            return;
        }
        let (plain, shown) = (View::of(plain.style), View::of(shown.style));
        let given = |pick: fn(&Rule) -> Option<CellColour>, colour| {
            colour == pick(&rule("", false, false, "")) || self.rules.iter().any(|&rule| pick(&RULES[rule]) == colour)
        };
        assert!(shown.foreground == plain.foreground || given(|rule| rule.foreground, shown.foreground), "{shown:?}");
        assert!(shown.background == plain.background || given(|rule| rule.background, shown.background), "{shown:?}");
        let others = shown.attributes.iter().filter(|code| !plain.attributes.contains(code));
        let is_given = |code: &u8| self.rules.iter().any(|&rule| RULES[rule].attributes.contains(code));
        assert!(others.copied().all(|code| is_given(&code)), "{shown:?}");
        assert!(plain.attributes.iter().all(|code| shown.attributes.contains(code)), "{shown:?}");
    }

    /// Checks the colours of the finished lines of plain output, of those for which it is known that they are coloured.
    fn check_lines(&self, plain: &Screen, shown: &Screen) {
        let mut row = 0;
        while row < plain.cursor().row {
            let first = row;
            while plain.wraps(row) {
                row += 1;
            }
            row += 1;
            let cells: Vec<(Cell, Cell)> =
                (first..row).flat_map(|row| plain.cells(row).into_iter().zip(shown.cells(row))).collect();
            // The first row may be the rest of a longer line.
            if first > 0
                && row <= plain.cursor().row
                && (row == first + 1 || cells.iter().all(|(cell, _)| cell.width == 1))
            {
                self.check_line(&cells);
            }
        }
    }

    fn check_line(&self, cells: &[(Cell, Cell)]) {
        let (mut text, mut starts) = (String::new(), Vec::new());
        let printed = cells.iter().rposition(|(cell, _)| cell.glyph != CellText::Nothing).map_or(0, |last| last + 1);
        // Where terminals differ on a tab behind the last column, the line is left alone.
        if printed >= usize::from(self.size.cols) && self.stream.contains(&b'\t') {
            return;
        }
        for (cell, _) in &cells[..printed] {
            starts.push(text.len());
            if cell.width > 0 {
                cell.glyph.push_to(&mut text);
            }
        }
        for (at, (plain, shown)) in starts.iter().zip(cells).filter(|(_, (plain, _))| plain.glyph != CellText::Nothing)
        {
            let applies = |rule: &&usize| RULES[**rule].covers(&text, *at);
            let expected = Self::over(&View::of(plain.style), self.rules.iter().filter(applies));
            assert_eq!(View::of(shown.style), expected, "{text:?} at {at}");
        }
    }
}

impl Rule {
    /// Returns whether the rule applies to the character at `at` of a line.
    fn covers(&self, text: &str, at: usize) -> bool {
        let mut found = text.match_indices(self.text).take(if self.all { usize::MAX } else { 1 });
        found.any(|(start, found)| self.line || (start..start + found.len()).contains(&at))
    }
}

/// Colours and attributes of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct View {
    foreground: Option<CellColour>,
    background: Option<CellColour>,
    attributes: Vec<u8>,
}

impl View {
    fn of(style: Style) -> Self {
        let mut attributes: Vec<u8> = style.attributes().map(|(_, code)| code).collect();
        attributes.sort_unstable();
        Self { foreground: style.foreground, background: style.background, attributes }
    }
}

fn settings(rules: &[usize], links: bool, size: Size) -> Settings {
    let mut argv = vec!["coshell", "-q", "--hotkey", "none", "-t", "never", "--bell"];
    for &rule in rules {
        let Rule { text, all, line, style, .. } = RULES[rule];
        argv.extend(["-t", text, if line { "--highlight-line" } else { "--highlight" }, style]);
        argv.extend(all.then_some("--all"));
    }
    if links {
        argv.extend(["-t", r"\w/\w:\d", "--link", "/$0"]);
    }
    let args = cli::parse_session(argv.into_iter().map(OsString::from).collect()).expect("the options are known");
    let mut settings = config::settings(args, &Environment::default()).expect("the options are valid");
    settings.size = size;
    settings
}

/// Returns what the terminal is given of the stream that comes in these pieces.
fn play<'a>(settings: Settings, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (now, mut effects, mut shown) = (Instant::now(), Vec::new(), Vec::new());
    let mut core = Core::new(now, settings, &mut effects);
    for piece in pieces {
        core.handle(now, Input::Bytes(Source::Pty, piece), &mut effects);
        let bytes = core.pending(Sink::Terminal).to_vec();
        core.wrote(now, Sink::Terminal, bytes.len(), &mut effects);
        shown.extend(bytes);
    }
    shown
}

fn screen(bytes: &[u8], size: Size) -> Screen {
    let mut screen = Screen::new(size);
    screen.feed(bytes, &mut Work::unlimited());
    screen.laid_out().into_owned()
}

/// Checks that the terminal shows the program's output but for colours of matches, whose cells have the style, and that the
/// colours do not depend on how the output is cut.
pub fn highlight(input: &[u8]) {
    let run = Run::new(input);
    // The case at fault is the one printed last.
    println!("{:?} of {}, shown as {}", run.size, run.stream.escape_ascii(), run.shown.escape_ascii());
    println!("in pieces {}", run.shown_cut.escape_ascii());
    let [plain, shown, cut] = [&run.stream, &run.shown, &run.shown_cut].map(|bytes| screen(bytes, run.size));
    let state = |screen: &Screen| (screen.cursor(), screen.vt().modes().sgr_bytes(), screen.vt().modes().reset_bytes());
    assert_eq!(state(&shown), state(&plain), "cursor, attributes and modes");
    assert_eq!(state(&cut), state(&plain), "cursor, attributes and modes, of the stream in pieces");
    for row in 0..plain.rows() {
        assert_eq!((shown.wraps(row), cut.wraps(row)), (plain.wraps(row), plain.wraps(row)), "wraps");
        assert_eq!(cut.cells(row), shown.cells(row), "row {row} in pieces");
        for (plain, shown) in plain.cells(row).iter().zip(&shown.cells(row)) {
            run.check_cell(plain, shown);
        }
    }
    if run.is_plain {
        run.check_lines(&plain, &shown);
    }
}
