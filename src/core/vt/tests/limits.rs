//! Bounds of lines and parameters.

use super::lines::{OwnedLine, Recorder, size};
use crate::core::vt::{LINE_LIMIT, VtState};

/// Records a stream that is fed in chunks of `chunk` bytes.
fn in_chunks(stream: &[u8], chunk: usize) -> Recorder {
    let mut vt = VtState::new(size(80));
    vt.assemble(true);
    let mut recorded = Recorder::default();
    for piece in stream.chunks(chunk) {
        vt.feed(piece, &mut recorded);
    }
    recorded.partial = vt.partial().map(|line| OwnedLine::new(&line));
    recorded.cursor = vt.cursor();
    recorded
}

#[track_caller]
fn pieces(stream: &[u8]) -> Vec<(usize, bool, bool)> {
    let whole = in_chunks(stream, stream.len());
    for chunk in [1, 7, 4095, 65_535, 65_536, 65_537] {
        assert_eq!(in_chunks(stream, chunk), whole, "in chunks of {chunk}");
    }
    let lines = whole.lines.iter().chain(&whole.partial);
    lines.map(|line| (line.text.len(), line.more, line.continued)).collect()
}

#[test]
fn long_lines_are_reported_in_pieces() {
    let x = |len: usize| "x".repeat(len);
    for (name, stream, expected) in [
        ("just short enough", x(LINE_LIMIT) + "\r\n", vec![(LINE_LIMIT, false, false)]),
        ("one too long", x(LINE_LIMIT + 1) + "\r\n", vec![(LINE_LIMIT, true, false), (1, false, true)]),
        (
            "without an end",
            x(2 * LINE_LIMIT + 5),
            vec![(LINE_LIMIT, true, false), (LINE_LIMIT, true, true), (5, false, true)],
        ),
        ("wide characters", "漢".repeat(30_000) + "\r\n", vec![(65_535, true, false), (24_465, false, true)]),
        ("with colours", x(65_530) + "\x1b[m" + &x(10) + "\r\n", vec![(LINE_LIMIT, true, false), (4, false, true)]),
        ("with tabs", "\t".to_owned() + &x(LINE_LIMIT) + "\r\n", vec![(LINE_LIMIT, true, false), (8, false, true)]),
        (
            "marks without end",
            "e".to_owned() + &"\u{301}".repeat(40_000),
            vec![(65_535, true, false), (14_466, false, true)],
        ),
    ] {
        assert_eq!(pieces(stream.as_bytes()), expected, "{name}");
    }
}

#[test]
fn edited_lines_are_bounded() {
    let stream = "abc\x08d".repeat(30_000);
    let found = pieces(stream.as_bytes());
    assert!(found.len() >= 2, "{found:?}");
    let marks = "e\r".to_owned() + &"o\u{301}\r".repeat(60_000);
    assert_eq!(pieces(marks.as_bytes()).len(), 1, "overprinting does not make a line longer");
}

#[test]
fn cr_in_later_piece_returns_to_its_row() {
    let stream = "x".repeat(LINE_LIMIT) + "abc\r!\r\n";
    let recorded = in_chunks(stream.as_bytes(), 4095);
    // 65,536 is 16 columns into a row of 80, so the piece begins in the middle of a row.
    let texts: Vec<_> = recorded.lines.iter().map(|line| line.text.len()).collect();
    assert_eq!(texts, [LINE_LIMIT, 19]);
    assert!(recorded.lines[1].text.starts_with('!') && recorded.lines[1].text.ends_with("abc"));
}

#[test]
fn hostile_parameters_are_bounded() {
    let mut vt = VtState::new(size(80));
    vt.assemble(true);
    let mut recorded = Recorder::default();
    for stream in [
        "\x1b[999999999Cx",
        "\x1b[999999999@",
        "x\x1b[999999999b",
        "\x1b[999999999P",
        "\x1b[999999999X",
        "\x1b[999999999;999999999Hx",
        "\x1b[999999999S",
        "\x1b[999999999L",
        "\x1b[999999999I",
        "\x1b[999999999Z",
        "\x1b[999999999A",
        "\x1b[999999999B",
        "\x1b[999999999E",
        "\x1b[999999999;1r",
        "\x1b[>999u",
        "\x1b[<999999999u",
    ] {
        for _ in 0..200 {
            vt.feed(stream.as_bytes(), &mut recorded);
        }
    }
    assert!(recorded.lines.iter().all(|line| line.text.len() <= LINE_LIMIT));
}
