//! Ids of lines, and their offsets in the stream.

use super::lines::{OwnedLine, feed_at_every_split, feed_pieces, size};
use crate::core::vt::{Line, VtSink, VtState};

fn ids(stream: &str) -> Vec<u64> {
    feed_at_every_split(10, stream).lines.iter().map(|line| line.id.0).collect()
}

#[test]
fn reprinted_row_keeps_id() {
    let ids = ids("one\r\ntwo\r\nthree\r\n\x1b[2Atwo!\r\nthree!\r\nfour\r\n");
    assert_eq!(ids[3], ids[1]);
    assert_eq!(ids[4], ids[2]);
    assert!(!ids[..5].contains(&ids[5]));
}

/// Returns the ids of the rows drawn on the alternate screen, at the end of each stream.
fn drawn(streams: &[&str]) -> Vec<Vec<(u64, String)>> {
    let mut vt = VtState::new(size(10));
    vt.assemble(true);
    let rows = streams.iter().map(|stream| {
        vt.feed(stream.as_bytes(), &mut BlockRefuser::default());
        let text = |text| String::from_utf8(text).expect("it is UTF-8");
        let rows = vt.take_drawn_rows().into_iter().filter(|row| !row.text.is_empty());
        rows.map(|row| (row.id.0, text(row.text))).collect()
    });
    rows.collect()
}

#[test]
fn alternate_screen_redraw_keeps_ids() {
    let draw = "\x1b[2J\x1b[2;1Ha\x1b[3;1Hb";
    let drawn = drawn(&[&format!("\x1b[?1049h{draw}"), draw, "\x1b[H", "\x1b[3;1HB", "\x1b[?1049l"]);
    let (a, b) = (drawn[0][0].0, drawn[0][1].0);
    assert_ne!(a, b);
    let row = |id, text: &str| (id, text.to_owned());
    let both = vec![row(a, "a"), row(b, "b")];
    assert_eq!(drawn, [both, vec![], vec![], vec![row(b, "B")], vec![]], "what is drawn again is no change");
}

#[test]
fn drawn_row_is_whole_row() {
    let drawn = drawn(&["\x1b[?1049h\x1b[2;1Hjob: 1 ok", "\x1b[2;6H2", "\x1b[1;1H0123456789ab\x1b[2;2HB"]);
    let texts: Vec<Vec<&str>> = drawn.iter().map(|rows| rows.iter().map(|(_, text)| text.as_str()).collect()).collect();
    assert_eq!(texts, [vec!["job: 1 ok"], vec!["job: 2 ok"], vec!["0123456789aBb: 2 ok"]]);
}

#[test]
fn cleared_primary_screen_gets_new_ids() {
    let ids = ids("\x1b[2;1Ha\x1b[H\x1b[2J\x1b[2;1Ha\x1b[H");
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn primary_screen_keeps_ids_behind_alternate() {
    let ids = ids("\x1b[2;1Ha\x1b[3;1H\x1b[?1049h\x1b[2;1Ha\x1b[3;1H\x1b[?1049l\x1b[2;1Ha\x1b[3;1H");
    assert_eq!(ids, [ids[0], ids[0]]);
}

#[test]
fn scrolled_rows_keep_ids() {
    for (name, stream) in [
        ("LF at the bottom", "a\r\n\x1b[A\x1b[Bb\r\n\x1b[2Aa\r\n"),
        ("DL", "\x1b[2;1Ha\x1b[3;1Hb\x1b[1;1H\x1b[M\x1b[1;1Ha\x1b[2;1H"),
        ("IL", "\x1b[2;1Ha\x1b[3;1Hb\x1b[1;1H\x1b[L\x1b[3;1Ha\x1b[4;1H"),
        ("SU", "\x1b[2;1Ha\x1b[3;1Hb\x1b[1;1H\x1b[S\x1b[1;1Ha\x1b[2;1H"),
        ("SD", "\x1b[2;1Ha\x1b[3;1Hb\x1b[1;1H\x1b[T\x1b[3;1Ha\x1b[4;1H"),
        ("RI at the top", "\x1b[2;1Ha\x1b[3;1Hb\x1b[1;1H\x1bM\x1b[3;1Ha\x1b[4;1H"),
        ("in a region", "\x1b[2;4r\x1b[3;1Ha\x1b[4;1Hb\r\n\x1b[2;1Ha\x1b[1;1H"),
    ] {
        let ids = ids(stream);
        assert_eq!(ids[2], ids[0], "{name}");
        assert_ne!(ids[1], ids[0], "{name}");
    }
}

#[test]
fn rows_outside_region_keep_ids() {
    let ids = ids("\x1b[1;1Htop\x1b[2;4r\x1b[4;1Ha\r\nb\r\nc\r\n\x1b[1;1Htop\x1b[2;1H");
    assert_eq!(ids.first(), ids.last());
}

#[test]
fn wrapped_line_has_id_of_first_row() {
    let ids = ids("0123456789abc\r\nx\r\n\x1b[3A0123456789ABC\r\nx\r\n");
    assert_eq!(ids[2..], ids[..2]);
}

#[test]
fn ids_are_equal_with_and_without_block() {
    let stream = "a\r\n漢漢漢漢漢漢\r\n0123456789012345678901234\r\nb\r\nc\r\n\x1b[3Ax\r\ny\r\nz\r\n";
    let whole = feed_at_every_split(10, stream);
    let mut ids: Vec<u64> = whole.lines[..5].iter().map(|line| line.id.0).collect();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    assert_eq!(whole.lines[6].id, whole.lines[3].id);
    assert_eq!(whole.lines[7].id, whole.lines[4].id);
}

#[test]
fn block_longer_than_screen_assigns_ids() {
    let lines: Vec<String> = (0..9).map(|n| format!("{n:0>12}\r\n")).collect();
    let whole = feed_at_every_split(10, lines.concat() + "\x1b[2Ax\r\n\x1b[2Ay\r\n");
    // Each line takes two rows: with the cursor on row 4 of 0 to 4, the last line is on rows 2 and 3, the one before on 0 and 1.
    let id = |line: usize| whole.lines[line].id;
    assert_eq!(id(9), id(8));
    assert_ne!(id(10), id(8));
}

#[test]
fn line_offsets_include_sequences() {
    let recorded = feed_at_every_split(10, "one\r\n\x1b[31mtwo\x1b[m\r\n\x1b[2;1Hthree\x1b[1;1H\x1b]0;t\x07four\x1b[3");
    let spans: Vec<(u64, u64)> = recorded.lines.iter().map(|line| (line.start, line.end)).collect();
    assert_eq!(spans, [(0, 5), (5, 18), (24, 29)]);
    let partial = recorded.partial.expect("four was printed");
    assert_eq!((partial.start, partial.end), (35, 45));
}

/// Sink that records lines but refuses every block.
#[derive(Default)]
struct BlockRefuser {
    lines: Vec<OwnedLine>,
    skipped: usize,
    alternate: bool,
}

impl VtSink for BlockRefuser {
    fn block(&mut self, block: &[u8], lines: usize, _: u64) -> bool {
        assert_eq!(block.iter().filter(|&&byte| byte == b'\n').count(), lines);
        assert!(block.ends_with(b"\r\n"));
        assert!(!self.alternate);
        self.skipped += lines;
        false
    }
    fn line(&mut self, line: &Line<'_>) {
        self.lines.push(OwnedLine::new(line));
    }
    fn alt_screen(&mut self, on: bool) {
        self.alternate = on;
    }
}

#[test]
fn refused_blocks_skip_only_their_lines() {
    let stream =
        "one\r\ntwo\r\n\x1b[mthree\x1b[m\r\n1\r\n2\r\n0123456789ab\r\n4\r\n5\r\n6\r\n7\r\n\x1b[2Afo\x1b[mur\r\nlast";
    let all = feed_pieces(10, &[stream.as_bytes()]);
    let mut vt = VtState::new(size(10));
    vt.assemble(true);
    let mut refuser = BlockRefuser::default();
    vt.feed(stream.as_bytes(), &mut refuser);
    assert_eq!(refuser.skipped, 9);
    let three = all.lines.iter().filter(|line| ["three", "four"].contains(&line.text.as_str()));
    assert!(three.eq(&refuser.lines));
    assert_eq!(vt.partial().map(|line| OwnedLine::new(&line)), all.partial);
}

#[test]
fn lines_begin_where_assembly_is_enabled() {
    let mut vt = VtState::new(size(10));
    let mut refuser = BlockRefuser::default();
    vt.feed(b"abc", &mut refuser);
    vt.assemble(true);
    vt.feed(b"def\x08\r\n", &mut refuser);
    vt.assemble(false);
    vt.feed(b"skipped\r\n", &mut refuser);
    vt.assemble(true);
    vt.feed(b"ghi\x08\r\n", &mut refuser);
    let seen: Vec<_> = refuser.lines.iter().map(|line| (line.text.as_str(), line.start, line.end)).collect();
    assert_eq!(seen, [("def", 3, 9), ("ghi", 18, 24)]);
    assert_ne!(refuser.lines[0].id, refuser.lines[1].id);
}
