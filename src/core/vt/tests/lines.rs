//! Streams and their lines, fed whole and split at every byte.

use crate::core::split::at_every_split;
use crate::core::vt::{Cursor, Line, LineId, VtSink, VtState};
use crate::types::Size;

/// Owned copy of a reported line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OwnedLine {
    pub(super) text: String,
    pub(super) id: LineId,
    pub(super) number: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) more: bool,
    pub(super) continued: bool,
}

impl OwnedLine {
    pub(super) fn new(line: &Line<'_>) -> Self {
        let text =
            String::from_utf8(line.text.to_vec()).unwrap_or_else(|_| format!("bytes {}", line.text.escape_ascii()));
        let Line { id, number, start, end, more, continued, .. } = *line;
        Self { text, id, number, start, end, more, continued }
    }
}

/// All reported lines and events, and the state at the end of the stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recorder {
    pub(super) lines: Vec<OwnedLine>,
    pub(super) events: Vec<String>,
    pub(super) partial: Option<OwnedLine>,
    pub(super) cursor: Cursor,
    pub(super) in_ground_state: bool,
    pub(super) restore: String,
}

impl Recorder {
    pub(super) fn texts(&self) -> Vec<&str> {
        self.lines.iter().map(|line| line.text.as_str()).collect()
    }
}

impl VtSink for Recorder {
    fn line(&mut self, line: &Line<'_>) {
        self.lines.push(OwnedLine::new(line));
    }
    fn bell(&mut self) {
        self.events.push("bell".to_owned());
    }
    fn title(&mut self, title: &[u8]) {
        self.events.push(format!("title {}", title.escape_ascii()));
    }
    fn osc(&mut self, payload: &[u8], _: std::ops::Range<u64>) {
        self.events.push(format!("osc {}", payload.escape_ascii()));
    }
    fn alt_screen(&mut self, on: bool) {
        self.events.push(format!("alt {on}"));
    }
}

/// Returns the size of a terminal of `cols` columns and 5 rows.
pub(super) fn size(cols: u16) -> Size {
    Size { rows: 5, cols, ..Size::default() }
}

pub(super) fn feed_pieces(cols: u16, pieces: &[&[u8]]) -> Recorder {
    let mut vt = VtState::new(size(cols));
    vt.assemble(true);
    let mut recorded = Recorder::default();
    for piece in pieces {
        vt.feed(piece, &mut recorded);
    }
    recorded.in_ground_state = vt.in_ground_state();
    recorded.cursor = vt.cursor();
    recorded.restore = vt.modes().reset_bytes().escape_ascii().to_string();
    recorded.partial = vt.partial().map(|line| OwnedLine::new(&line));
    recorded
}

/// Feeds a stream at every split and returns the result, which must be the same for each.
pub(super) fn feed_at_every_split(cols: u16, stream: impl AsRef<[u8]>) -> Recorder {
    at_every_split(stream.as_ref(), |pieces| feed_pieces(cols, pieces))
}

/// Name, stream, finished lines, and text of the unfinished line.
type Row<'a> = (&'a str, &'a [u8], &'a [&'a str], Option<&'a str>);

#[track_caller]
fn check(cols: u16, table: &[Row<'_>]) {
    for (name, stream, lines, partial) in table {
        let recorded = feed_at_every_split(cols, stream);
        assert_eq!(recorded.texts(), *lines, "{name}: lines");
        let text = recorded.partial.as_ref().map(|line| line.text.as_str());
        assert_eq!(text, *partial, "{name}: partial");
    }
}

#[test]
fn text_and_controls_make_lines() {
    check(
        80,
        &[
            ("lines", b"one\r\ntwo\r\n", &["one", "two"], None),
            ("an empty line", b"one\r\n\r\ntwo\r\n", &["one", "", "two"], None),
            ("a prompt", b"one\r\n$ ", &["one"], Some("$ ")),
            ("nothing", b"", &[], None),
            ("CR CR LF", b"one\r\r\ntwo\r\r\n", &["one", "two"], None),
            ("colours", b"\x1b[1;31merror\x1b[0m: \x1b[38;5;4mx\x1b[m\r\n", &["error: x"], None),
            ("OSC with BEL", b"a\x1b]0;title\x07b\r\n", &["ab"], None),
            ("OSC with ST", b"a\x1b]8;;http://x\x1b\\b\x1b]8;;\x1b\\\r\n", &["ab"], None),
            (
                "DCS, APC, PM, SOS",
                b"a\x1bPq\r\n\x07\x1b\\b\x1b_x\x1b\\c\x1b^x\x1b\\d\x1bXx\x1b\\e\r\n",
                &["abcde"],
                None,
            ),
            ("CAN in a sequence", b"a\x1b[3\x18b\r\n", &["ab"], None),
            ("bell, NUL, DEL", b"a\x07\x00\x7fb\r\n", &["ab"], None),
            ("CR overprints", b"50%\r100%\r\n", &["100%"], None),
            ("CR overprints a part", b"abcdef\rxy\r\n", &["xycdef"], None),
            ("progress", b"  1%\r  2%\r 10%", &[], Some(" 10%")),
            ("progress erased", b"loading 99\r\x1b[Kdone\r\n", &["done"], None),
            ("erased and left", b"loading\r\x1b[K\r\n", &[""], None),
            ("erased before", b"loading\r\x1b[2Kdone", &[], Some("done")),
            ("BS", b"abd\x08c\r\n", &["abc"], None),
            ("BS erases", b"abc\x08 \x08\r\n", &["ab "], None),
            ("EL erases", b"abc\x08\x1b[K\r\n", &["ab"], None),
            ("BS at the margin", b"\x08\x08a\r\n", &["a"], None),
            ("a tab", b"a\tb\r\n", &["a       b"], None),
            ("tabs at the end", b"a\t\t\r\n", &["a"], None),
            ("a tab over text", b"abcdefghij\r\tx\r\n", &["abcdefghxj"], None),
            ("CUF", b"a\x1b[3Cb\r\n", &["a   b"], None),
            ("CUB", b"abc\x1b[2Dx\r\n", &["axc"], None),
            ("CHA and HPA", b"abc\x1b[2Gx\x1b[5`y\r\n", &["axc y"], None),
            ("ICH", b"ac\x08\x1b[@b\r\n", &["abc"], None),
            ("DCH", b"abbc\x1b[3G\x1b[P\r\n", &["abc"], None),
            ("ECH", b"abcd\x1b[2G\x1b[2X\r\n", &["a  d"], None),
            ("EL to the left", b"abcd\x1b[2G\x1b[1K\r\n", &["  cd"], None),
            ("REP", b"a-\x1b[4bb\r\n", &["a-----b"], None),
            ("REP behind CR", b"ab\r\x1b[4b\r\n", &["ab"], None),
            ("insert mode", b"bc\r\x1b[4ha\x1b[4l\r\n", &["abc"], None),
            ("LF alone", b"abc\ndef\r\nghi", &["abc", "   def"], Some("ghi")),
            ("LF alone, twice", b"ab\n\nc\r\n", &["ab", "", "  c"], None),
            ("newline mode", b"\x1b[20hab\ncd\n", &["ab", "cd"], None),
            ("IND and NEL", b"ab\x1bDc\x1bEd\r\n", &["ab", "  c", "d"], None),
            ("VT and FF", b"ab\x0bc\x0cd\r\n", &["ab", "  c", "   d"], None),
            ("line graphics", b"\x1b(0lqqk\x1b(B x\r\n", &["┌──┐ x"], None),
            ("a C0 inside a sequence", b"abc\x1b[\r31mx\r\n", &["xbc"], None),
        ],
    );
}

#[test]
fn wide_combining_and_invalid_characters() {
    check(
        80,
        &[
            ("wide", "漢字\x08\x08x\r\n".as_bytes(), &["漢x"], None),
            ("half of a wide one", "漢字\rx\r\n".as_bytes(), &["x 字"], None),
            ("the other half", "漢字\x1b[2Gx\r\n".as_bytes(), &[" x字"], None),
            ("combining marks", "e\u{301}a\x08o\r\n".as_bytes(), &["e\u{301}o"], None),
            ("a mark on a cell", "ae\x08\x08xx\u{301}\r\n".as_bytes(), &["xx\u{301}"], None),
            ("a mark of nothing", "\u{301}a\r\n".as_bytes(), &["\u{301}a"], None),
            ("emoji", "👩\u{200d}🔬|\x08!\r\n".as_bytes(), &["👩\u{200d}🔬!"], None),
            ("a column behind wide ones", "漢\tb\r\n".as_bytes(), &["漢      b"], None),
            ("not UTF-8", b"caf\xe9 \xff\xfe\r\n", &["bytes caf\\xe9 \\xff\\xfe"], None),
            ("not UTF-8, overprinted", b"caf\xe9\rC\r\n", &["bytes Caf\\xe9"], None),
            ("cut off", b"a\xe2\x82b\r\n", &["bytes a\\xe2\\x82b"], None),
            ("cut off by an escape", b"a\xe2\x82\x1b[mb\r\n", &["bytes a\\xe2\\x82b"], None),
            ("cut off, then a C1", b"a\xe2\x82\x1b[m\x84b\r\n", &["bytes a\\xe2\\x82b"], None),
            ("open at the end", b"a\xe2\x82", &[], Some("a")),
            ("a C1 as one byte", b"a\x8ab\x9b31mc\r\n", &["ab31mc"], None),
            ("a C1 in UTF-8", b"a\xc2\x9bb\r\n", &["ab"], None),
            (
                "rz",
                b"rz waiting to receive.**\x18B0100000023be50\r\x8a\x11",
                &[],
                Some("rz waiting to receive.**B0100000023be50"),
            ),
            ("sz", b"rz\r**\x18B00000000000000\r\x8a\x11", &[], Some("**B00000000000000")),
        ],
    );
}

#[test]
fn rz_leaves_cursor_in_first_column() {
    let recorded = feed_at_every_split(80, b"rz waiting to receive.**\x18B0100000023be50\r\x8a\x11");
    assert_eq!(recorded.cursor, Cursor { column: 0, row: 0, rows: 1, pending_wrap: false });
    assert!(recorded.in_ground_state);
}

#[test]
fn text_wraps_at_last_column() {
    check(
        10,
        &[
            ("one line", b"0123456789abcde\r\n", &["0123456789abcde"], None),
            ("exactly a row", b"0123456789\r\nx\r\n", &["0123456789", "x"], None),
            ("CR on a filled row", b"0123456789\rx\r\n", &["x123456789"], None),
            ("CR on the second row", b"0123456789ab\rx\r\n", &["0123456789xb"], None),
            ("BS on a filled row", b"0123456789\x08x\r\n", &["01234567x9"], None),
            ("BS stops at the row's start", b"0123456789a\x08\x08x\r\n", &["0123456789x"], None),
            ("up within the line", b"0123456789abc\x1b[Ax\r\n\r\n", &["012x456789abc"], None),
            ("up beyond the line", b"abc\r\ndef\x1b[A!\r\n", &["abc", "def", "abc!"], None),
            ("a wide one at the edge", "012345678漢x\r\n".as_bytes(), &["012345678漢x"], None),
            ("overprinted behind the edge", "012345678漢x\r!\r\n".as_bytes(), &["012345678! x"], None),
            ("no autowrap", b"\x1b[?7l0123456789abc\r\n", &["012345678c"], None),
            ("a tab at the edge", b"012345678\t\tx\ty\r\n", &["012345678xy"], None),
            ("EL on a filled row", b"0123456789\x1b[K\r\n", &["0123456789"], None),
            ("REP over the edge", b"0123456-\x1b[5b\r\n", &["0123456------"], None),
            ("CUF stops at the edge", b"\x1b[99Cxy\r\n", &["         xy"], None),
            ("readline's wrap", b"$ 23456789 \rab\r\n", &["$ 23456789ab"], None),
            ("zsh's wrap", b"% echo 789 \r\x1b[Ka\rabc\r\n", &["% echo 789abc"], None),
            (
                "bash's edit of two rows",
                b"$ 23456789abc\x1b[A\x1b[K\r\n\r\x1b[K\x1b[A\x1b[C\x1b[Cexit\r\n",
                &["$ exit"],
                None,
            ),
            ("zsh's prompt on a fresh row", b"one\r\n%         \r \r\r\x1b[J$ ", &["one"], Some("$ ")),
            ("zsh's prompt behind output", b"one%         \r \r\r\x1b[J$ ", &["one%"], Some("$ ")),
            ("fish's prompt behind output", "one⏎         \r⏎ \r\x1b[K$ ".as_bytes(), &["one⏎"], Some("$ ")),
            ("fish's prompt on a fresh row", "one\r\n⏎         \r⏎ \r\x1b[K$ ".as_bytes(), &["one"], Some("$ ")),
        ],
    );
}

/// The streams are those of readline at the end of a command, on a terminal of 10 columns.
#[test]
fn output_after_row_filling_command_is_separate_line() {
    check(
        10,
        &[
            (
                "a row",
                b"$ echo 789 \r\x1b[A\x1b[9C\x1b[K9\r\nOUTPUT\r\nnext\r\n",
                &["$ echo 789", "OUTPUT", "next"],
                None,
            ),
            ("two rows", b"$ echo 7890123456789 \r\x1b[A\x1b[9C\x1b[K9\r\nx\r\n", &["$ echo 7890123456789", "x"], None),
            ("a wide one last", "$ echo 7漢 \r\x1b[A\x1b[8C\x1b[K漢\r\nx\r\n".as_bytes(), &["$ echo 7漢", "x"], None),
            ("no output", b"$ echo 789 \r\x1b[A\x1b[9C\x1b[K9\r\n$ ", &["$ echo 789"], Some("$ ")),
            ("one less", b"$ echo 78\r\nx\r\n", &["$ echo 78", "x"], None),
            ("one more", b"$ echo 789 \r0\r\nx\r\n", &["$ echo 7890", "x"], None),
            (
                "shortened and filled again",
                b"$ echo 789 \r\x1b[A\x1b[9C\x1b[K\r\n\r\x1b[K\x1b[A\x1b[9C8 \r\x1b[A\x1b[9C\x1b[K8\r\nx\r\n",
                &["$ echo 788", "x"],
                None,
            ),
            (
                "shortened",
                b"$ echo 789 \r\x1b[A\x1b[9C\x1b[K\r\n\r\x1b[K\x1b[A\x1b[9C\r\nx\r\n",
                &["$ echo 78", "x"],
                None,
            ),
            (
                "to its start and to its end, and more",
                b"$ echo 789 \r\x1b[A\x1b[2C\r\n\r01\r\nx\r\n",
                &["$ echo 78901", "x"],
                None,
            ),
            (
                "taken while the cursor is at its start",
                b"\x1b[?2004h$ echo 789 \r\x1b[A\x1b[2C\r\n\r\x1b[?2004l\rx\r\n",
                &["$ echo 789", "x"],
                None,
            ),
            (
                "taken by zsh, which leaves a row empty",
                b"\x1b[?2004h$ echo 789 \r\x1b[K\x1b[K\x1b[?2004l\r\r\nx\r\n",
                &["$ echo 789", "x"],
                None,
            ),
            (
                "taken while it is at the end of two rows",
                b"\x1b[?2004h$ echo 789 \r01\r\n\x1b[?2004l\rx\r\n",
                &["$ echo 78901", "x"],
                None,
            ),
        ],
    );
}

#[test]
fn vertical_motion_ends_line() {
    check(
        20,
        &[
            ("up and down again", b"a\r\nb\r\n\x1b[2AA\x1b[B\x08B\r\n", &["a", "b", "A", "B"], None),
            ("nothing put", b"a\r\n\x1b[A\x1b[B\x1b[A", &["a"], None),
            ("blanks only", b"a\r\n  \x1b[A", &["a"], None),
            ("LF over what is reported", b"a\r\n\x1b[A\r\n", &["a"], None),
            ("absolute", b"\x1b[2;5Hhi\x1b[3;1Hho\x1b[1;1H", &["    hi", "ho"], None),
            ("on the same row", b"\x1b[2;5Hhi\x1b[2;9Hho\x1b[2;1H>\x1b[H", &[">   hi  ho"], None),
            ("from the right to the left", b"\x1b[2;9Hho\x1b[2;5Hhi\x1b[H", &["    hi  ho"], None),
            ("VPA", b"one\x1b[2dtwo\x1b[H", &["one", "   two"], None),
            ("CNL and CPL", b"\x1b[2;3Hone\x1b[Etwo\x1b[Fthree\x1b[H", &["  one", "two", "three"], None),
            ("save and restore", b"one\x1b7\x1b[3;1Hbar\x1b8two\r\n", &["bar", "onetwo"], None),
            ("save and not restore", b"one\x1b7\x1b[3;1Hbar\r\n", &["bar", "one"], None),
            ("save and restore on the row", b"one\x1b7   right\x1b8two\r\n", &["onetworight"], None),
            ("RI", b"one\x1bMtwo\r\n", &["one", "   two"], None),
            ("clear", b"$ clear\r\n$ \x1b[H\x1b[2J\x1b[3J$ ", &["$ clear", "$ "], Some("$ ")),
            ("clear without a motion", b"abc\x1b[2J\rx", &["abc"], Some("x")),
            ("ED to the end", b"abc\x08\x08\x1b[Jx\r\n", &["ax"], None),
            ("RIS", b"abc\x1bcx\r\n", &["abc", "x"], None),
            ("scrolled away", b"abc\x1b[Sdef\r\n", &["abc", "   def"], None),
            (
                "the alternate screen",
                b"$ vi\r\n\x1b[?1049h\x1b[H~\x1b[2H~\x1b[5Hstatus\x1b[?1049l$ ",
                &["$ vi"],
                Some("$ "),
            ),
            ("a prompt left for it", b"$ x\x1b[?1049hA\x1b[?1049ly", &[], Some("$ xy")),
            ("LF there", b"\x1b[?1049h\x1b[Ha\r\n\r\nb\r\n", &[], None),
        ],
    );
}

#[test]
fn output_mark_is_taken_on_any_row() {
    // On the first row of a line that has scrolled off in part, and behind a prompt whose row was erased.
    let scrolled = [&[b'x'; 60][..], b"\x1b[H\x1b]133;C\x07y\r\n"].concat();
    let erased = b"a\n\x1b]133;B\x07\n\x1b]133;C\x07b\r\n".to_vec();
    for (stream, texts) in [(scrolled, &[][..]), (erased, &["a", "", " b"])] {
        assert_eq!(feed_at_every_split(10, stream).texts(), texts);
    }
}
