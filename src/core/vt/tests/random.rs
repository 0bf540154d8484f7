//! Randomly generated streams.

use proptest::prelude::*;

use super::lines::{Recorder, feed_pieces, size};
use crate::core::split::at_every_split;
use crate::core::vt::{LINE_LIMIT, Line, VtSink, VtState};
use crate::types::Size;

/// Generates pieces of streams, with controls and sequences more frequent than in random bytes.
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

/// Sink that checks the invariants of every stream.
#[derive(Default)]
struct Checks {
    more: bool,
    lines: usize,
}

impl VtSink for Checks {
    fn line(&mut self, line: &Line<'_>) {
        assert!(line.text.len() <= LINE_LIMIT, "a line is bounded");
        assert!(line.start <= line.end && line.number > 0);
        assert_eq!(line.continued, self.more, "a piece with `more` is continued");
        self.more = line.more;
        self.lines += 1;
    }
}

proptest! {
    #[test]
    fn modes_do_not_depend_on_lines(bytes in stream(40)) {
        let [without, with] = [false, true].map(|assembles| {
            let mut vt = VtState::new(Size::default());
            vt.assemble(assembles);
            vt.feed(&bytes, &mut Checks::default());
            let modes = vt.modes();
            (modes.screen_bytes(), modes.set_bytes(), modes.reset_bytes(), modes.has_region_or_origin())
        });
        prop_assert_eq!(without, with);
    }

    #[test]
    fn result_does_not_depend_on_splits(bytes in stream(25), cols in 1u16..25) {
        at_every_split(&bytes, |pieces| feed_pieces(cols, pieces));
    }

    #[test]
    fn random_bytes_do_not_depend_on_splits(bytes in prop::collection::vec(any::<u8>(), 0..60), cols in 1u16..12) {
        at_every_split(&bytes, |pieces| feed_pieces(cols, pieces));
    }

    #[test]
    fn lines_and_cursor_are_bounded(
        bytes in stream(400),
        sizes in prop::collection::vec((0u16..40, 0u16..200), 1..5),
    ) {
        let mut checks = Checks::default();
        let mut vt = VtState::new(size(80));
        vt.assemble(true);
        for (chunk, (rows, cols)) in bytes.chunks(97).zip(sizes.iter().cycle()) {
            vt.feed(chunk, &mut checks);
            let cursor = vt.cursor();
            assert!(cursor.row < cursor.rows);
            if let Some(line) = vt.partial() {
                assert!(line.text.len() <= LINE_LIMIT && line.start <= line.end);
            }
            vt.resize(Size { rows: *rows, cols: *cols, ..Size::default() }, &mut checks);
        }
    }

    #[test]
    fn modes_are_equal_with_and_without_lines(bytes in stream(40)) {
        let mut vt = VtState::new(size(80));
        let mut with = VtState::new(size(80));
        with.assemble(true);
        for byte in bytes.chunks(3) {
            vt.feed(byte, &mut Recorder::default());
            with.feed(byte, &mut Recorder::default());
            prop_assert_eq!(vt.in_ground_state(), with.in_ground_state());
            prop_assert_eq!(vt.modes().reset_bytes(), with.modes().reset_bytes());
        }
    }
}

/// Returns the last row that vt100 shows after a stream without line ends.
fn oracle(stream: &[u8]) -> String {
    let mut parser = vt100::Parser::new(1, 200, 0);
    parser.process(stream);
    parser.screen().contents().trim_end().to_owned()
}

/// Generates text and motions on one row, which never fill it.
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

fn assert_agrees(bytes: &[u8]) -> Result<(), TestCaseError> {
    let recorded = feed_pieces(200, &[bytes]);
    let text = recorded.partial.map(|line| line.text).unwrap_or_default();
    prop_assert_eq!(text.trim_end(), oracle(bytes));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn row_text_agrees_with_vt100(bytes in row("[a-zé ]{0,5}", b"@CDGKPX")) {
        assert_agrees(&bytes)?;
    }

    /// Without ICH, since vt100 does not split a wide character that something is inserted into.
    #[test]
    fn wide_row_text_agrees_with_vt100(bytes in row("[a-z漢字]{0,3}", b"CDG")) {
        assert_agrees(&bytes)?;
    }
}
