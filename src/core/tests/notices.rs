//! Notices on the screen: when they come, and that they leave the rest of the screen unchanged.

use super::*;
use crate::core::request::Request;
use crate::types::RequestId;

/// A bench whose coprocess fails when it is told to.
fn failing(options: &[&str]) -> Bench {
    Bench::new(&[options, &["--indicator", "none", "-c", "bot"]].concat())
}

fn fail(bench: &mut Bench) {
    bench.coproc_exits(ExitStatus::Code(3), b"");
}

const NOTICE: &str = "coshell: coprocess \"bot\" failed: status 3";

#[test]
fn notice_is_no_part_of_an_open_hyperlink() {
    let mut bench = failing(&[]);
    bench.shell(b"$ \x1b]8;id=1;https://a\x1b\\a link").shown.clear();
    fail(&mut bench);
    let shown = String::from_utf8_lossy(&bench.shown).into_owned();
    let (before, behind) = shown.split_once(NOTICE).expect("the notice is shown");
    assert_eq!((before.matches("\x1b]8;").count(), behind.matches("\x1b]8;").count()), (1, 1), "{shown:?}");
    assert!(before.starts_with("\x1b]8;;\x1b\\") && behind.ends_with("\x1b]8;id=1;https://a\x1b\\"), "{shown:?}");
}

#[test]
fn output_behind_notice_is_unchanged() {
    let full = "x".repeat(80);
    for shown in
        ["$ ls", "$ \x1b[1;31mred", &full, &format!("{full}{full}"), "\x1b[4h$ ls", "\x1b(0lqk", "a\r\nb\x1b[Ac"]
    {
        let (mut told, mut plain) = (failing(&[]), Bench::new(&["--indicator", "none"]));
        told.shell(shown.as_bytes());
        plain.shell(shown.as_bytes());
        fail(&mut told);
        for bench in [&mut told, &mut plain] {
            bench.shell(b"yz\r\nnext");
        }
        let mut rows = told.lines();
        let place = rows.iter().position(|row| row == NOTICE).unwrap_or_else(|| panic!("{shown:?}: {rows:#?}"));
        rows.remove(place);
        assert_eq!(rows, plain.lines(), "{shown:?}");
        let pen = |bench: &Bench| bench.screen().screen().attributes_formatted();
        assert_eq!(pen(&told), pen(&plain), "{shown:?}");
    }
}

#[test]
fn notice_is_above_marked_prompt_of_two_lines() {
    let prompt = b"before\r\n\x1b]133;A\x07~/src main\r\n$ \x1b]133;B\x07ls";
    let mut bench = failing(&[]);
    bench.shell(prompt);
    fail(&mut bench);
    assert_eq!(bench.lines(), ["before", NOTICE, "~/src main", "$ ls"]);
    bench.notice("a sentence");
    bench.shell(b" -l");
    assert_eq!(bench.lines(), ["before", NOTICE, "coshell: a sentence", "~/src main", "$ ls -l"]);
    bench.shell(b"\r\n\x1b]133;C\x07out").notice("another");
    bench.shell(b"put");
    assert_eq!(bench.lines()[4..], ["$ ls -l", "coshell: another", "output"]);
}

#[test]
fn notice_waits_for_end_of_sequence_and_character() {
    for (before, after) in [(&b"$ \x1b[3"[..], &b"1mx"[..]), (b"$ \x1b]0;ti", b"tle\x07x"), (b"$ \xe6\xbc", b"\xa2")] {
        let mut bench = failing(&[]);
        bench.shell(before);
        let shown = bench.shown.len();
        fail(&mut bench);
        assert_eq!(bench.shown.len(), shown);
        bench.shell(after);
        assert_eq!(bench.lines()[0], NOTICE);
    }
}

#[test]
fn notice_waits_for_main_screen_and_end_of_silence() {
    let mut bench = failing(&[]);
    bench.shell(b"$ \x1b[?1049hfull");
    fail(&mut bench);
    assert_eq!(bench.lines(), ["full"]);
    bench.shell(b"\x1b[?1049l");
    assert_eq!(bench.lines(), [NOTICE, "$"]);

    let mut bench = Bench::new(&["-s", "bot", "-t", "x", "--run", "false"]);
    bench.notice("a sentence");
    bench.shell(b"hidden").wait(100);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(bench.lines(), ["coshell: a sentence"]);
}

#[test]
fn all_waiting_notices_come_on_any_screen_size() {
    for rows in [8, 10, 24] {
        let mut bench = Bench::sized(rows, 60, &[]);
        bench.shell(b"$ less\r\n\x1b[?1049hfull");
        let long = "that is rather long so that it takes two rows of the terminal";
        let notes: Vec<String> = (0..7).map(|n| format!("number {n}: a sentence {long}")).collect();
        notes.iter().for_each(|note| bench.notice(note));
        bench.shell(b"\x1b[?1049l$ ");
        assert_eq!(bench.lines().last().map(String::as_str), Some("$"), "{rows} rows");
        // What has scrolled away stands on a longer sheet.
        bench.size.rows = 100;
        let sheet = bench.lines();
        let told: Vec<&String> = sheet.iter().filter(|row| row.starts_with("coshell: ")).collect();
        assert_eq!(told.len(), 7, "{sheet:#?}");
        for (n, row) in told.into_iter().enumerate() {
            assert!(row.starts_with(&format!("coshell: number {n}: a sentence")), "{sheet:#?}");
        }
        let whole = sheet.iter().filter(|row| row.ends_with("rows of the terminal")).count();
        assert_eq!(whole, 7, "{sheet:#?}");
    }
}

#[test]
fn wide_word_is_folded_and_long_notice_names_command() {
    let wide = "\u{6f22}\u{5b57}".repeat(48);
    let mut bench = Bench::sized(24, 80, &["-t", "^anchor$", "--annotate", &wide]);
    bench.shell(b"anchor\r\n$ ");
    let rows = bench.lines();
    assert_eq!(rows[1], "coshell: note on line 1: anchor");
    assert_eq!(rows[2..5].concat().replace(' ', ""), wide);
    assert_eq!(rows[5], "$");

    let long = (1..=900).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let note = Request::read("annotate", Some(serde_json::json!(["1", long]))).expect("a good request");
    let mut bench = Bench::sized(24, 80, &[]);
    bench.shell(b"anchor\r\n$ ").input(Input::Request(RequestId(1), note, Requester::default()));
    let rows = bench.lines();
    assert!(rows[22].ends_with("... (coshell notes)") && rows[22].len() < 80 && rows[23] == "$", "{rows:#?}");
    let mut bench = Bench::sized(5, 10, &["--indicator", "none", "-c", "exit 3"]);
    bench.shell(b"$ ").coproc_exits(ExitStatus::Code(3), b"");
    assert_eq!(bench.lines(), ["coshell:", "  coproce", "  ss ...", "$"]);
}

#[test]
fn notice_that_does_not_fit_delays_later_ones() {
    let mut bench = Bench::sized(6, 20, &[]);
    bench.shell("x".repeat(70).as_bytes());
    for sentence in ["one that takes more than a row", "two"] {
        bench.notice(sentence);
    }
    bench.shell(b"y");
    assert!(!bench.lines().concat().contains("coshell"));
    bench.shell(b"\r\n$ ");
    let rows = bench.lines();
    assert_eq!(rows[rows.len() - 2..], ["coshell: two", "$"], "{rows:#?}");
}

#[test]
fn notice_comes_after_menu_closes() {
    let mut bench = failing(&[]);
    bench.shell(b"$ ls").keys(b"\x1d");
    fail(&mut bench);
    assert!(!bench.lines().contains(&NOTICE.to_owned()));
    bench.keys(b"\x1b").wait(30);
    assert_eq!(bench.lines(), [NOTICE, "$ ls"]);
}

#[test]
fn quiet_session_shows_no_notice() {
    let mut bench = failing(&["-q"]);
    bench.shell(b"$ ls");
    fail(&mut bench);
    assert_eq!(bench.lines(), ["$ ls"]);
}
