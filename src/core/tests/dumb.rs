//! A dumb terminal, on which nothing can be drawn: notices come in lines of their own, and nothing else is shown.

use super::*;
use crate::core::notices::SeeAlso;
use crate::core::request::Request;
use crate::types::RequestId;

fn dumb(argv: &[&str]) -> Bench {
    let environment = Environment { term_caps: TermCaps::Dumb, ..Environment::default() };
    Bench::within(&environment, Size::default(), argv)
}

/// Returns everything that was printed.
fn printed(bench: &Bench) -> String {
    String::from_utf8_lossy(&bench.shown).into_owned()
}

#[test]
fn notice_is_printed_between_lines_at_every_split() {
    crate::core::split::at_every_split(b" ls\r\n\x1b]2;a\nb\x07one\r\ntwo\r\n$ ", |pieces| {
        let mut bench = dumb(&["-c", "bot"]);
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
fn notice_is_printed_at_once_only_at_start_of_line() {
    for (before, start) in [("", ""), ("$ ls\r\n", ""), ("$ ls\n", "\r")] {
        let mut bench = dumb(&[]);
        bench.shell(before.as_bytes()).notice("one");
        let notice = Notice::new("two").with(vec!["more".to_owned()], SeeAlso::Nowhere);
        bench.core.output.notice(notice);
        bench.input(Input::Deadline);
        assert_eq!(printed(&bench), format!("{before}{start}coshell: one\r\ncoshell: two\r\n  more\r\n"));
    }
    for before in ["$ ", "progress 10%\r", "$ \x1b[?1049h\r\n", "\x1b]0;title"] {
        let mut bench = dumb(&[]);
        bench.shell(before.as_bytes()).notice("one");
        bench.input(Input::Deadline);
        assert_eq!(printed(&bench), before);
    }
}

#[test]
fn unprinted_notice_is_printed_at_exit() {
    let mut bench = dumb(&["-c", "bot"]);
    bench.shell(b"$ ").coproc_exits(ExitStatus::Code(3), b"");
    bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0))).input(Input::Closed(Source::Pty)).wait(200);
    assert!(bench.has(&Effect::Warn("coshell: coprocess \"bot\" failed: status 3".to_owned())));
    assert_eq!(printed(&bench), "$ ");
}

#[test]
fn hotkey_is_typed_and_nothing_drawn() {
    let mut bench = dumb(&["-s", "rz", "--silent-keys", "pass"]);
    bench.keys(b"a\x1d").shell(b"hidden").wait(1000).coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!((bench.typed.as_slice(), bench.shown.as_slice()), (&b"a\x1d"[..], &b""[..]));
}

#[test]
fn lent_dumb_terminal_gets_only_mode_changes() {
    let mut bench = dumb(&[]);
    let guest = serde_json::json!({"command": ["cat"]});
    let lend = Request::read("lend", Some(guest)).expect("a good request");
    bench.shell(b"$ \x1b[?2004h").input(Input::Request(RequestId(1), lend, Requester::default()));
    assert_eq!(printed(&bench), "$ \x1b[?2004h\x1b[?2004l");
    bench.input(Input::Exited(Child::Lent, ExitStatus::Code(0)));
    assert_eq!(printed(&bench), "$ \x1b[?2004h\x1b[?2004l\x1b[?2004h");
}
