//! Notices on the screen: when they come, and what is left of everything else.

use super::*;

/// A bench whose coprocess fails when it is told to.
fn failing(options: &[&str]) -> Bench {
    Bench::new(&[options, &["--indicator", "none", "-c", "bot"]].concat())
}

fn fail(bench: &mut Bench) {
    bench.coproc_exits(Exit::Code(3), b"");
}

const NOTICE: &str = "coshell: coprocess \"bot\" failed: status 3";

#[test]
fn what_is_printed_next_goes_where_it_would_have_gone() {
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
fn a_prompt_of_two_lines_stays_in_one_piece_where_the_shell_says_what_it_is() {
    let prompt = b"before\r\n\x1b]133;A\x07~/src main\r\n$ \x1b]133;B\x07ls";
    let mut bench = failing(&[]);
    bench.shell(prompt);
    fail(&mut bench);
    assert_eq!(bench.lines(), ["before", NOTICE, "~/src main", "$ ls"]);
    bench.core.notice("a sentence", &[], &mut Vec::new());
    bench.shell(b" -l");
    assert_eq!(bench.lines(), ["before", NOTICE, "coshell: a sentence", "~/src main", "$ ls -l"]);
    bench.shell(b"\r\n\x1b]133;C\x07out").core.notice("another", &[], &mut Vec::new());
    bench.shell(b"put");
    assert_eq!(bench.lines()[4..], ["$ ls -l", "coshell: another", "output"]);
}

#[test]
fn waits_for_the_end_of_a_sequence_and_of_a_character() {
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
fn waits_for_the_main_screen_and_for_a_silent_coprocess() {
    let mut bench = failing(&[]);
    bench.shell(b"$ \x1b[?1049hfull");
    fail(&mut bench);
    assert_eq!(bench.lines(), ["full"]);
    bench.shell(b"\x1b[?1049l");
    assert_eq!(bench.lines(), [NOTICE, "$"]);

    let mut bench = Bench::new(&["-s", "bot", "-t", "x", "--run", "false"]);
    bench.core.notice("a sentence", &[], &mut Vec::new());
    bench.shell(b"hidden").wait(100);
    assert_eq!(bench.lines(), Vec::<String>::new());
    bench.coproc_exits(Exit::Code(0), b"");
    assert_eq!(bench.lines(), ["coshell: a sentence"]);
}

#[test]
fn comes_when_the_menu_is_closed() {
    let mut bench = failing(&[]);
    bench.shell(b"$ ls").keys(b"\x1d");
    fail(&mut bench);
    assert!(!bench.lines().contains(&NOTICE.to_owned()));
    bench.keys(b"\x1b").wait(30);
    assert_eq!(bench.lines(), [NOTICE, "$ ls"]);
}

#[test]
fn none_where_none_is_wanted() {
    let mut bench = failing(&["-q"]);
    bench.shell(b"$ ls");
    fail(&mut bench);
    assert_eq!(bench.lines(), ["$ ls"]);
}
