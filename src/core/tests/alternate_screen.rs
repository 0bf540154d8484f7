//! Rows of the alternate screen, for triggers and readers of lines: as drawn, when the output rests.

use serde_json::json;

use super::*;
use crate::core::split::at_every_split;

/// A command, and the start of a full-screen program on line 2.
const START: &str = "$ top\r\n\x1b[?1049h\x1b[H\x1b[2J";

impl Bench {
    /// Returns the rows that triggers have captured, with their line numbers.
    fn captured_rows(&mut self) -> Vec<(u64, String)> {
        let captured = self.reply("captured", json!({}));
        let captured = captured["captured"].as_array().expect("it is a list");
        let row = |line: &serde_json::Value| {
            (line["line"].as_u64().expect("a number"), line["quote"].as_str().expect("a text").to_owned())
        };
        captured.iter().map(row).collect()
    }

    fn draws(&mut self, text: &str) -> &mut Self {
        self.shell(text.as_bytes())
    }
}

fn rows<const N: usize>(texts: [&str; N]) -> Vec<(u64, String)> {
    texts.into_iter().map(|text| (2, text.to_owned())).collect()
}

#[test]
fn row_is_matched_as_drawn_whatever_was_sent_last() {
    let drawn = format!("{START}\x1b[3;5Hjob 7: running    12 s\x1b[1;1Htitle");
    for (change, want) in [
        ("\x1b[3;12Hfailed \x1b[1;1H", vec!["    job 7: failed     12 s"]),
        // Only the cells between those that stay; the cursor does not leave the row.
        ("\x1b[3;12Hfa\x1b[1Clrd\x1b[3;14Hi\x1b[1Ce\x1b[1C \x1b[3;1H", vec!["    job 7: failed     12 s"]),
        ("\x1b[3;12H\x1b[1Cfailed\x1b[3;12H\x1b[P", vec!["    job 7: failed    12 s"]),
        // Another row, on which the program draws last.
        ("\x1b[3;12Hfailed \x1b[5;1Hjob 8: failed\x1b[1;1Htitle", vec!["    job 7: failed     12 s", "job 8: failed"]),
        // Overwritten before the output rests.
        ("\x1b[3;12Hfailed \x1b[3;12Hpassed \x1b[1;1H", vec![]),
        ("\x1b[3;12Hfailed \x1b[3;1H\x1b[K", vec![]),
    ] {
        let captured = at_every_split(change.as_bytes(), |pieces| {
            let mut bench = Bench::new(&["-t", r"job \d: failed", "--capture"]);
            bench.draws(&drawn).wait(30);
            pieces.iter().for_each(|piece| {
                bench.shell(piece);
            });
            bench.wait(19);
            assert!(bench.captured_rows().is_empty(), "the output has not rested");
            bench.wait(1).captured_rows()
        });
        assert_eq!(captured, want.iter().map(|row| (2, (*row).to_owned())).collect::<Vec<_>>(), "{change:?}");
    }
}

#[test]
fn row_fires_once_until_it_rests_without_a_match() {
    for (frames, want) in [
        (&["fail.", "fail.", "\x1b[1mfail.\x1b[m"][..], 1),
        (&["fail.", "pass.", "fail."], 2),
        (&["fail.", "     ", "fail."], 2),
        (&["fail.", "pass.\x1b[2;1Hfail."], 1),
        (&["fail.", "\x1b[K\x1b[3;1Hother\x1b[2;1Hfail."], 1),
        (&["fail 1.", "fail 2.", "fail 1."], 2),
    ] {
        let mut bench = Bench::new(&["-t", r"fail( \d)?\.", "--capture"]);
        bench.draws(START);
        for frame in frames {
            bench.draws("\x1b[2;1H").draws(frame).draws("\x1b[1;1H").wait(30);
        }
        assert_eq!(bench.captured_rows().len(), want, "{frames:?}");
    }
}

#[test]
fn program_without_rest_is_read_ten_times_a_second() {
    let mut bench = Bench::new(&["-t", "fail$", "--capture"]);
    bench.draws(START);
    for frame in 0..60 {
        let state = ["fail", "pass", "fail"][frame / 20];
        bench.draws(&format!("\x1b[2;1Hframe {frame:02}\x1b[3;1Hstate: {state}")).wait(16);
    }
    assert_eq!(bench.captured_rows(), rows(["state: fail", "state: fail"]));
    // Each frame erases the row first, and some reads end there.
    let mut bench = Bench::new(&["-t", "fail$", "--capture"]);
    bench.draws(START);
    for frame in 0..200 {
        bench.draws(&format!("\x1b[2;1Hframe {frame:03}\x1b[3;1H\x1b[K")).wait(8);
        bench.draws("\x1b[3;1Hstate: fail").wait(8);
    }
    assert_eq!(bench.captured_rows(), rows(["state: fail"]));
}

#[test]
fn nothing_is_tried_amid_a_synchronized_update_or_a_sequence() {
    for (open, close) in [("\x1b[?2026h", "\x1b[?2026l"), ("", "\x1b[4;1"), ("", "\x1b]0;tit"), ("", "\u{20ac}")] {
        let mut bench = Bench::new(&["-t", "^half", "--capture"]);
        // The rest of it comes later.
        let (first, last) = close.as_bytes().split_at(if open.is_empty() { close.len() - 1 } else { 0 });
        bench.draws(START).draws(open).draws("\x1b[2;1Hhalf").shell(first).wait(500);
        assert_eq!(bench.captured_rows(), [], "{open:?} {close:?}");
        bench.shell(&[last, b"H\x07\x1b[2;1H\x1b[Kwhole"].concat()).wait(500);
        assert_eq!(bench.captured_rows(), [], "{open:?} {close:?}");
        // An update that is not ended is read in the end.
        bench.draws(open).draws("\x1b[2;1H\x1b[Khalf\x1b[5;1H").draws(open).wait(if open.is_empty() {
            20
        } else {
            1100
        });
        assert_eq!(bench.captured_rows(), rows(["half"]), "{open:?} {close:?}");
    }
}

#[test]
fn growing_matches_of_several_rows_wait_for_half_a_second() {
    let mut bench = Bench::new(&["-t", "task (.*)", "--capture"]);
    bench.draws(START).draws("\x1b[2;1Htask a\x1b[3;1Htask b").wait(300);
    bench.draws("\x1b[3;7Hb").wait(199);
    assert_eq!(bench.captured_rows(), []);
    assert_eq!(bench.wait(21).captured_rows(), rows(["task a", "task bb"]));
    assert_eq!(bench.draws("\x1b[3;8Hb").wait(1000).captured_rows().len(), 2);
    // Its program has ended.
    bench.draws("\x1b[4;1Htask c").wait(100).draws("\x1b[?1049l$ ").wait(1000);
    assert_eq!(bench.captured_rows().len(), 2);
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn instant_trigger_is_tried_after_every_chunk() {
    let mut bench = Bench::new(&["-t", "job 1", "--instant", "--capture", "-t", "job", "--capture"]);
    bench.draws(START).draws("\x1b[2;1Hjob ").draws("1");
    assert_eq!(bench.captured_rows(), rows(["job 1"]));
    bench.draws("\x1b[1;1H").wait(30);
    assert_eq!(bench.captured_rows(), rows(["job 1", "job 1"]));
}

#[test]
fn readers_get_rows_as_lines() {
    let draws = ["\x1b[2;1Hjob: running\x1b[4;1H  \x1b[3;1Hload: 1", "\x1b[2;6Hfailed \x1b[3;1H", "\x1b[?1049l$ "];
    let read = |format: &str| {
        let mut bench = Bench::new(&["-i", format, "-c", "bot"]);
        bench.draws("$ top\r\n\x1b[?1049h\x1b[H\x1b[2J").wait(30);
        draws.iter().for_each(|drawn| {
            bench.draws(drawn).wait(30);
        });
        String::from_utf8_lossy(&bench.read).into_owned()
    };
    assert_eq!(read("text"), "$ top\njob: running\nload: 1\njob: failed\n$ ");
    let line = |number: u64, text: &str, kind: &str| json!({"type": kind, "number": number, "text": text}).to_string();
    let want = [
        line(1, "$ top", "line"),
        line(2, "job: running", "line"),
        line(2, "load: 1", "line"),
        line(2, "job: failed", "line"),
        line(2, "$ ", "prompt"),
    ];
    assert_eq!(read("json"), want.map(|line| line + "\n").concat());
}

#[test]
fn coprocess_started_on_a_row_gets_it_first() {
    for (format, want) in [("text", "go now\nmore\n"), ("raw", "")] {
        for silent in [false, true] {
            let mut bench = Bench::new(&["-i", format, "-t", "^go", if silent { "-s" } else { "-c" }, "bot"]);
            bench.draws(START).draws("\x1b[2;1Hgo\x1b[1;1H").draws("\x1b[2;4Hnow\x1b[1;1H").wait(30);
            assert_eq!(bench.started(), ["bot"]);
            let first = String::from_utf8_lossy(&bench.read).into_owned();
            let is_raw = |text: &str| text.contains("go") && text.ends_with("now\x1b[1;1H");
            assert!(
                if want.is_empty() { first.is_empty() || is_raw(&first) } else { first == "go now\n" },
                "{first:?}"
            );
            if silent || want.is_empty() {
                continue;
            }
            bench.draws("\x1b[5;1Hmore").wait(30);
            assert_eq!(String::from_utf8_lossy(&bench.read), want);
        }
    }
}

#[test]
fn wait_for_pty_state_keeps_rows_in_order() {
    let mut bench = Bench::new(&["-t", "job", "--when", "job=ssh", "--capture", "-t", "s", "--capture"]);
    bench.pty_state.jobs = vec!["ssh".to_owned()];
    bench.draws(START).draws("\x1b[2;1Hjob 1 s\x1b[3;1Hs\x1b[4;1Hjob 2").wait(30);
    assert_eq!(bench.captured_rows(), rows(["job 1 s", "job 1 s", "s", "job 2"]));
}
