//! Streams that nobody thought of.

use proptest::prelude::*;

use super::lines::{Heard, hear, size};
use crate::core::split::everywhere;
use crate::core::vt::{LINE_LIMIT, Line, Text, VtSink};
use crate::types::Size;

/// Pieces of streams, the kinds that terminals act on more often than chance would have it.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![6 => 0u32..12, 1 => Just(999), 1 => Just(4_000_000_000)];
    let csi = (prop::sample::select(&b"@ABCDEFGHIJKLMPSTXZ`abdefrsu"[..]), prop::collection::vec(number, 0..3))
        .prop_map(|(fin, params)| {
            let params: Vec<String> = params.iter().map(u32::to_string).collect();
            format!("\x1b[{}{}", params.join(";"), char::from(fin)).into_bytes()
        });
    let sequence = prop::sample::select(vec![
        "\x1b[m",
        "\x1b[1;31m",
        "\x1b[?7l",
        "\x1b[?7h",
        "\x1b[4h",
        "\x1b[4l",
        "\x1b[?6h",
        "\x1b[?6l",
        "\x1b[?1049h",
        "\x1b[?1049l",
        "\x1b[?47h",
        "\x1b[?47l",
        "\x1bM",
        "\x1bD",
        "\x1bE",
        "\x1b7",
        "\x1b8",
        "\x1bc",
        "\x1b]0;t\x07",
        "\x1b]8;;\x1b\\",
        "\x1b(0",
        "\x1b(B",
        "\x1b[20h",
        "\x1b[20l",
        "\x1b[!p",
        "\x1b[3",
        "\x1b",
    ]);
    prop_oneof![
        6 => "[ -~]{0,12}".prop_map(String::into_bytes),
        2 => "[漢字é\u{301}\u{fe0f}👩]{1,4}".prop_map(String::into_bytes),
        3 => Just(b"\r\n".to_vec()),
        2 => prop::sample::select(&b"\r\n\x08\t\x07\x18\x7f"[..]).prop_map(|byte| vec![byte]),
        4 => csi,
        2 => sequence.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ]
}

pub(in crate::core) fn stream(pieces: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..pieces).prop_map(|pieces| pieces.concat())
}

/// Checks what has to hold for every stream.
#[derive(Default)]
struct Checks {
    end: u64,
    more: bool,
    lines: usize,
}

impl VtSink for Checks {
    fn line(&mut self, line: &Line<'_>) {
        assert!(line.text.len() <= LINE_LIMIT, "a line is bounded");
        assert!(self.end <= line.start && line.start <= line.end, "lines follow one another");
        assert_eq!(line.continued, self.more, "what goes on is continued");
        (self.end, self.more) = (line.end, line.more);
        self.lines += 1;
    }
}

proptest! {
    #[test]
    fn cuts_change_nothing(bytes in stream(25), cols in 1u16..25) {
        everywhere(&bytes, |pieces| hear(cols, pieces));
    }

    #[test]
    fn bytes_without_sense(bytes in prop::collection::vec(any::<u8>(), 0..60), cols in 1u16..12) {
        everywhere(&bytes, |pieces| hear(cols, pieces));
    }

    #[test]
    fn every_stream_is_bounded(
        bytes in stream(400),
        sizes in prop::collection::vec((0u16..40, 0u16..200), 1..5),
    ) {
        let mut checks = Checks::default();
        let mut text = Text::new(size(80));
        text.assemble(true);
        for (chunk, (rows, cols)) in bytes.chunks(97).zip(sizes.iter().cycle()) {
            text.feed(chunk, &mut checks);
            let cursor = text.cursor();
            assert!(cursor.row < cursor.rows);
            if let Some(line) = text.partial() {
                assert!(line.text.len() <= LINE_LIMIT && line.start <= line.end);
            }
            text.resize(Size { rows: *rows, cols: *cols, ..Size::default() });
        }
    }

    /// Without lines the state of the terminal is the same.
    #[test]
    fn modes_do_not_need_lines(bytes in stream(40)) {
        let mut text = Text::new(size(80));
        let mut with = Text::new(size(80));
        with.assemble(true);
        for byte in bytes.chunks(3) {
            text.feed(byte, &mut Heard::default());
            with.feed(byte, &mut Heard::default());
            prop_assert_eq!(text.in_ground_state(), with.in_ground_state());
            prop_assert_eq!(text.modes().restore(), with.modes().restore());
        }
    }
}

/// What vt100 shows on its last row after the same stream, which has no line ends.
fn oracle(stream: &[u8]) -> String {
    let mut parser = vt100::Parser::new(1, 200, 0);
    parser.process(stream);
    parser.screen().contents().trim_end().to_owned()
}

/// Text and what acts on one row, never as much as a row holds.
fn row(letters: &'static str, motions: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let csi = (prop::sample::select(motions), 0u32..6).prop_map(|(fin, number)| {
        let number = if fin == b'K' { number % 3 } else { number };
        format!("\x1b[{number}{}", char::from(fin)).into_bytes()
    });
    let piece = prop_oneof![
        5 => letters.prop_map(String::into_bytes),
        2 => Just(b"\r".to_vec()),
        2 => Just(b"\x08".to_vec()),
        1 => Just(b"\t".to_vec()),
        1 => Just(b"\x1b[31m".to_vec()),
        4 => csi,
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn agrees(bytes: &[u8]) -> Result<(), TestCaseError> {
    let heard = hear(200, &[bytes]);
    let text = heard.partial.map(|line| line.text).unwrap_or_default();
    prop_assert_eq!(text.trim_end(), oracle(bytes));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_row_reads_as_vt100_shows_it(bytes in row("[a-zé ]{0,5}", b"@CDGKPX")) {
        agrees(&bytes)?;
    }

    /// vt100 does not split a wide character that something is inserted into.
    #[test]
    fn so_does_one_of_wide_characters(bytes in row("[a-z漢字]{0,3}", b"CDG")) {
        agrees(&bytes)?;
    }
}
