//! The indicator in the window title.

use super::*;
use crate::core::request::Request;
use crate::types::RequestId;

/// Every title that the terminal was given, and what was done to its stack.
fn titles(bench: &Bench) -> Vec<String> {
    let text = String::from_utf8_lossy(&bench.shown).into_owned();
    let parts = text.split('\x1b').skip(1);
    let parts = parts.filter_map(|part| part.strip_prefix("]2;").or_else(|| part.strip_prefix('[')));
    parts.map(|part| part.split('\x07').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn title_shows_coprocess_while_it_runs() {
    let mut bench = Bench::new(&["-t", "go", "-c", "./bot.py -x"]);
    bench.shell(b"\x1b]2;mine\x07go\r\n").coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(titles(&bench), ["mine", "<> bot.py - mine", "mine"]);
}

#[test]
fn titles_of_programs_follow_indicator_at_every_split() {
    crate::core::split::at_every_split(b"\x1b]0;\xe2\x87\x84 one\x1b\\x\x1b]2;two\x07y", |pieces| {
        let mut bench = Bench::new(&["-c", "bot"]);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        let plain: Vec<u8> = bench.shown.iter().copied().filter(|byte| b"xy".contains(byte)).collect();
        assert_eq!(plain, b"xy");
        bench.coproc_exits(ExitStatus::Code(0), b"");
        let titles = titles(&bench);
        (titles[titles.len() - 2..].to_vec(), bench.lines())
    });
}

#[test]
fn title_waits_until_terminal_is_taken_back() {
    let mut bench = Bench::new(&["-c", "bot"]);
    let lend = Request::read("lend", Some(serde_json::json!({"command": ["fzf"]}))).expect("a good request");
    bench.shell(b"\x1b]2;mine\x07").input(Input::Request(RequestId(1), lend, Requester::default()));
    let before = bench.shown.len();
    bench.coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(bench.shown.len(), before, "nothing of coshell's gets into what the guest draws");
    bench.input(Input::Exited(Child::Lent, ExitStatus::Code(0)));
    assert_eq!(titles(&bench).last().map(String::as_str), Some("mine"));
}

#[test]
fn unset_title_is_restored_from_terminals_stack() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"x").coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(titles(&bench), ["22;2t", "<> bot - ", "", "23;2t"]);
}

#[test]
fn indicator_is_removed_at_end_of_session() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"\x1b]2;mine\x07").shell(b"\x1b]2;cut").input(Input::Terminate(15));
    bench.input(Input::Exited(Child::Shell, ExitStatus::Signal(1))).input(Input::Closed(Source::Pty)).wait(5000);
    assert_eq!(titles(&bench).last().map(String::as_str), Some("mine"));
}

#[test]
fn title_in_hidden_output_is_not_shown() {
    let mut bench = Bench::new(&["-t", "go", "-s", "rz"]);
    bench.shell(b"\x1b]2;mine\x07go\r\n\x1b]2;muted\x07").wait(100);
    assert_eq!(titles(&bench), ["mine", "<> rz - mine"]);
    bench.coproc_exits(ExitStatus::Code(0), b"\x1b]2;muted\x07");
    assert_eq!(titles(&bench)[2..], ["muted"]);
}

#[test]
fn indicator_none_leaves_title_alone() {
    let mut bench = Bench::new(&["--indicator", "none", "-t", "go", "-c", "bot"]);
    bench.shell(b"\x1b]2;mine\x07go\r\n").coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(titles(&bench), ["mine"]);
}

#[test]
fn title_of_trigger_replaces_program_title() {
    let mut bench = Bench::new(&["-c", "bot", "-t", "^go", "--title", "gone"]);
    bench.shell(b"go\r\n").coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(titles(&bench), ["22;2t", "<> bot - ", "<> bot - gone", "gone"]);
}

#[test]
fn crash_restores_short_title() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"\x1b]2;mine\x07");
    assert_eq!(bench.core.restoring(), b"\x1b]2;mine\x07");
    bench.coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(bench.core.restoring(), b"");
}
