//! A terminal on which nothing can be drawn: what coshell has to say comes in lines of its own, and nothing else does.

use super::*;
use crate::core::notices::SeeAlso;
use crate::core::request::Request;
use crate::types::RequestId;

fn paper(argv: &[&str]) -> Bench {
    let environment = Environment { term_caps: TermCaps::Dumb, ..Environment::default() };
    Bench::within(&environment, Size::default(), argv)
}

/// What is on the paper.
fn printed(bench: &Bench) -> String {
    String::from_utf8_lossy(&bench.shown).into_owned()
}

#[test]
fn a_notice_is_a_line_of_its_own_where_the_next_one_begins_however_the_output_is_cut() {
    crate::core::split::at_every_split(b" ls\r\n\x1b]2;a\nb\x07one\r\ntwo\r\n$ ", |pieces| {
        let mut bench = paper(&["-c", "bot"]);
        bench.shell(b"$").coproc_exits(ExitStatus::Code(3), b"");
        assert_eq!(printed(&bench), "$");
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        let shown = printed(&bench);
        let notice = "coshell: coprocess \"bot\" failed: status 3\r\n";
        assert_eq!(shown, format!("$ ls\r\n{notice}\x1b]2;a\nb\x07one\r\ntwo\r\n$ "));
        shown
    });
}

#[test]
fn a_notice_comes_at_once_where_a_line_begins_and_not_over_what_stands_there() {
    for (before, start) in [("", ""), ("$ ls\r\n", ""), ("$ ls\n", "\r")] {
        let mut bench = paper(&[]);
        bench.shell(before.as_bytes()).notice("one");
        let notice = Notice::new("two").with(vec!["more".to_owned()], SeeAlso::Nowhere);
        bench.core.output.notice(notice);
        bench.input(Input::Deadline);
        assert_eq!(printed(&bench), format!("{before}{start}coshell: one\r\ncoshell: two\r\n  more\r\n"));
    }
    for before in ["$ ", "progress 10%\r", "$ \x1b[?1049h\r\n", "\x1b]0;title"] {
        let mut bench = paper(&[]);
        bench.shell(before.as_bytes()).notice("one");
        bench.input(Input::Deadline);
        assert_eq!(printed(&bench), before);
    }
}

#[test]
fn one_that_found_no_place_is_told_at_the_end() {
    let mut bench = paper(&["-c", "bot"]);
    bench.shell(b"$ ").coproc_exits(ExitStatus::Code(3), b"");
    bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0))).input(Input::Closed(Source::Pty)).wait(200);
    assert!(bench.has(&Effect::Warn("coshell: coprocess \"bot\" failed: status 3".to_owned())));
    assert_eq!(printed(&bench), "$ ");
}

#[test]
fn the_hotkey_is_the_shells_and_nothing_is_drawn() {
    let mut bench = paper(&["-s", "rz", "--silent-keys", "pass"]);
    bench.keys(b"a\x1d").shell(b"hidden").wait(1000).coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!((bench.typed.as_slice(), bench.shown.as_slice()), (&b"a\x1d"[..], &b""[..]));
}

#[test]
fn a_terminal_that_is_lent_is_left_as_it_is() {
    let mut bench = paper(&[]);
    let guest = serde_json::json!({"command": ["cat"]});
    let lend = Request::read("lend", Some(guest)).expect("a good request");
    bench.shell(b"$ \x1b[?2004h").input(Input::Request(RequestId(1), lend));
    assert_eq!(printed(&bench), "$ \x1b[?2004h\x1b[?2004l");
    bench.input(Input::Exited(Child::Lent, ExitStatus::Code(0)));
    assert_eq!(printed(&bench), "$ \x1b[?2004h\x1b[?2004l\x1b[?2004h");
}
