//! The terminal's output assembled into lines.

use super::script::{Script, cut};
use crate::core::vt::{Cursor, LINE_LIMIT, Line, LineId, VtSink, VtState};
use crate::types::Size;

/// Everything that is reported about a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Reports {
    events: Vec<Report>,
    more: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Report {
    Line { id: LineId, number: u64, text: Vec<u8>, start: u64, end: u64, more: bool, continued: bool },
    Bell,
    Title(Vec<u8>),
    Osc(Vec<u8>, std::ops::Range<u64>),
    AltScreen(bool),
    Rest(State),
}

/// State in which a piece of the stream has left the terminal.
#[derive(Debug, PartialEq, Eq)]
struct State {
    cursor: Cursor,
    partial: Option<(LineId, Vec<u8>)>,
    ground: bool,
    reset: Vec<u8>,
}

impl VtSink for Reports {
    fn line(&mut self, line: &Line<'_>) {
        assert!(line.text.len() <= LINE_LIMIT, "a line is bounded");
        assert!(!line.text.contains(&b'\n'), "a line has no line feed");
        assert!(line.start <= line.end && line.number > 0);
        assert_eq!(line.continued, self.more, "a piece with `more` is continued");
        self.more = line.more;
        let Line { id, number, text, start, end, more, continued } = *line;
        self.events.push(Report::Line { id, number, text: text.to_vec(), start, end, more, continued });
    }

    fn bell(&mut self) {
        self.events.push(Report::Bell);
    }

    fn title(&mut self, title: &[u8]) {
        self.events.push(Report::Title(title.to_vec()));
    }

    fn osc(&mut self, payload: &[u8], at: std::ops::Range<u64>) {
        self.events.push(Report::Osc(payload.to_vec(), at));
    }

    fn alt_screen(&mut self, on: bool) {
        self.events.push(Report::AltScreen(on));
    }
}

impl Reports {
    fn rest(&mut self, vt: &mut VtState) {
        let cursor = vt.cursor();
        assert!(cursor.row < cursor.rows, "the cursor is on the line");
        let partial = vt.partial().map(|line| {
            assert!(line.text.len() <= LINE_LIMIT && line.start <= line.end, "an unfinished line is bounded");
            (line.id, line.text.to_vec())
        });
        let (ground, reset) = (vt.in_ground_state(), vt.modes().reset_bytes());
        self.events.push(Report::Rest(State { cursor, partial, ground, reset }));
    }
}

/// Feeds a stream, resized at the byte 0xff, cut by `seed`.
fn reports(size: Size, seed: u8, long: bool, stream: &[u8]) -> Reports {
    let (mut vt, mut reports) = (VtState::new(size), Reports::default());
    vt.assemble(true);
    if long {
        // The end of this line is in the stream, near the limit of a line.
        vt.feed(&[b'x'; LINE_LIMIT - 8], &mut reports);
    }
    for (i, stretch) in stream.split(|byte| *byte == 0xff).enumerate() {
        if i > 0 {
            let cols = 2 + u16::from(stretch.first().copied().unwrap_or(78));
            vt.resize(Size { rows: 1 + cols % 7, cols, ..Size::default() }, &mut reports);
        }
        cut(seed, stretch).for_each(|piece| {
            vt.feed(piece, &mut reports);
        });
        reports.rest(&mut vt);
    }
    assert_eq!(
        vt.offset(),
        (stream.iter().filter(|byte| **byte != 0xff).count() + if long { LINE_LIMIT - 8 } else { 0 }) as u64
    );
    reports
}

/// Checks that lines, events, cursor and modes do not depend on how the stream is cut, and that lines are bounded.
pub fn lines(input: &[u8]) {
    let mut script = Script::new(input);
    let (rows, cols) = (1 + u16::from(script.byte() % 8), 1 + u16::from(script.byte()));
    let (seed, long) = (script.byte(), script.byte() == b'L');
    let size = Size { rows, cols, ..Size::default() };
    let stream = script.rest();
    let whole = reports(size, 0, long, stream);
    assert_eq!(reports(size, 1, long, stream), whole, "byte by byte");
    if seed > 1 {
        assert_eq!(reports(size, seed, long, stream), whole, "cut");
    }
}
