//! The end and the stop of the session: what coshell waits for, and what it restores.

use super::*;
use crate::types::WriteError;

#[test]
fn end_of_session_ends_coprocess() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.input(Input::Exited(Child::Shell, ExitStatus::Code(7))).input(Input::Closed(Source::Pty));
    assert!(bench.has(&Effect::CloseWrite(Sink::Coproc)));
    bench.wait(999);
    assert!(!bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.wait(1);
    assert!(bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.wait(2000);
    assert!(bench.has(&Effect::Signal(Child::Coproc, 9)));
    assert!(!bench.has(&Effect::Finish(ExitStatus::Code(7))));
    bench.coproc_exits(ExitStatus::Signal(9), b"");
    assert!(bench.has(&Effect::Finish(ExitStatus::Code(7))));
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Warn(_))));
}

#[test]
fn only_modes_left_on_are_turned_off_at_exit() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"\x1b[?2004h\x1b[?1000h\x1b[?1000l");
    bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0))).input(Input::Closed(Source::Pty));
    assert!(bench.shown.ends_with(b"\x1b[?1000l\x1b[?2004l"), "{}", bench.shown.escape_ascii());
}

#[test]
fn closed_terminal_does_not_delay_exit() {
    let mut bench = Bench::new(&["-c", "bot"]);
    bench.shell(b"\x1b[?2004h$ ").input(Input::Closed(Source::Keyboard));
    assert!(bench.has(&Effect::HangUp) && bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.shown.clear();
    bench.shell(b"hangup\r\n").wait(501);
    assert!(bench.has(&Effect::Finish(ExitStatus::Signal(1))));
    assert_eq!(bench.shown, b"");
}

#[test]
fn unwritable_output_ends_session_with_warning_unless_pipe_closed() {
    let said = |effects: &[Effect]| effects.iter().any(|effect| matches!(effect, Effect::Warn(_)));
    let (device, refused) = (WriteError::Device("Input/output error"), WriteError::Refused("No space left on device"));
    let table = [
        (OutputKind::Terminal, device, ExitStatus::Signal(1)),
        (OutputKind::Pipe, WriteError::NoReader, ExitStatus::Signal(13)),
        (OutputKind::Pipe, device, ExitStatus::Code(125)),
        (OutputKind::Pipe, refused, ExitStatus::Code(125)),
    ];
    for (medium, loss, exit) in table {
        let mut bench = Bench::new(&["-q"]);
        bench.core.settings.screen = medium;
        bench.shell(b"one").input(Input::WriteClosed(Sink::Terminal, loss)).wait(501);
        assert!(bench.has(&Effect::HangUp) && bench.has(&Effect::Finish(exit)), "{medium:?} {loss:?}");
        assert_eq!(said(&bench.effects), exit == ExitStatus::Code(125), "{medium:?} {loss:?}");
    }
}

/// A bench whose terminal has stopped reading, with a mode on.
fn stalled() -> (Bench, Vec<Effect>) {
    let (mut bench, mut out) = (Bench::new(&[]), Vec::new());
    bench.shell(b"\x1b[?2004h$ ");
    bench.core.handle(bench.now, Input::Bytes(Source::Pty, b"more"), &mut out);
    (bench, out)
}

/// Lets time pass, deadline by deadline, while the terminal does not read. Returns the time to the last deadline.
fn let_pass(bench: &mut Bench, out: &mut Vec<Effect>) -> Duration {
    let begun = bench.now;
    while !out.iter().any(|effect| matches!(effect, Effect::Finish(_)))
        && let Some(at) = bench.core.deadline()
    {
        bench.now = at;
        bench.core.handle(at, Input::Deadline, out);
    }
    bench.now - begun
}

#[test]
fn hang_up_waits_1_s_for_stalled_terminal() {
    let (mut bench, mut out) = stalled();
    bench.core.handle(bench.now, Input::Terminate(15), &mut out);
    assert_eq!(let_pass(&mut bench, &mut out), Duration::from_secs(1));
    assert!(out.contains(&Effect::Finish(ExitStatus::Signal(15))), "{out:?}");
    assert_eq!(bench.core.restoring(), b"\x1b[?2004l", "it is still to be put back");
    assert_eq!(bench.core.deadline(), None);
}

#[test]
fn exit_of_shell_waits_for_stalled_terminal() {
    let (mut bench, mut out) = stalled();
    bench.core.handle(bench.now, Input::Exited(Child::Shell, ExitStatus::Code(3)), &mut out);
    bench.core.handle(bench.now, Input::Closed(Source::Pty), &mut out);
    let_pass(&mut bench, &mut out);
    assert!(!out.contains(&Effect::Finish(ExitStatus::Code(3))), "{out:?}");
    bench.core.handle(bench.now, Input::Terminate(1), &mut out);
    assert_eq!(let_pass(&mut bench, &mut out), Duration::from_secs(1));
    assert!(out.contains(&Effect::Finish(ExitStatus::Signal(1))), "{out:?}");
    assert_eq!(bench.core.restoring(), b"\x1b[?2004l");

    let (mut bench, mut out) = stalled();
    bench.core.handle(bench.now, Input::Exited(Child::Shell, ExitStatus::Code(3)), &mut out);
    bench.core.handle(bench.now, Input::Closed(Source::Pty), &mut out);
    bench.drain();
    assert!(bench.shown.ends_with(b"more\x1b[?2004l") && bench.has(&Effect::Finish(ExitStatus::Code(3))));
    assert_eq!(bench.core.restoring(), b"");
}

#[test]
fn stopped_shell_stops_coshell_and_is_continued_afterwards() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"$ ").input(Input::ShellStopped);
    let pair = [Effect::Suspend(Suspension::Shell), Effect::Signal(Child::Shell, SIGCONT)];
    assert!(bench.effects.windows(2).any(|effects| effects == pair), "{:?}", bench.effects);
    bench.effects.clear();
    bench.shell(b"more");
    assert!(!bench.has(&Effect::Suspend(Suspension::Shell)));
}

#[test]
fn modes_are_off_while_coshell_is_stopped_and_screen_is_drawn_again() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"$ vi\r\n\x1b[?1049h\x1b[?1006h\x1b[?25lfile");
    bench.shown.clear();
    bench.input(Input::Suspend);
    assert!(bench.has(&Effect::Suspend(Suspension::Coshell)));
    let shown = String::from_utf8_lossy(&bench.shown).into_owned();
    assert!(["\x1b[?1049l", "\x1b[?1006l", "\x1b[?25h"].iter().all(|off| shown.contains(off)), "{shown:?}");
    assert_eq!(bench.core.restoring(), b"");
    bench.shown.clear();
    bench.input(Input::Resumed);
    let shown = String::from_utf8_lossy(&bench.shown).into_owned();
    assert!(["\x1b[?1049h", "file", "\x1b[?1006h", "\x1b[?25l"].iter().all(|on| shown.contains(on)), "{shown:?}");
    bench.shown.clear();
    bench.input(Input::Terminate(15)).wait(501);
    assert!(String::from_utf8_lossy(&bench.shown).contains("\x1b[?1049l"), "{}", bench.shown.escape_ascii());
}

#[test]
fn modes_stay_off_when_signal_ends_stopped_coshell() {
    let mut bench = Bench::new(&[]);
    bench.shell(b"\x1b[?1049h\x1b[?2004hfile").input(Input::Suspend);
    bench.shown.clear();
    bench.input(Input::Terminate(15)).input(Input::Resumed).wait(501);
    assert!(bench.has(&Effect::Finish(ExitStatus::Signal(15))));
    assert_eq!(bench.shown, b"");
}

#[test]
fn shell_that_stops_while_terminal_is_lent_stops_coshell_afterwards() {
    let mut bench = Bench::new(&[]);
    let program =
        LentProgram { command: vec!["true".to_owned()], directory: None, environment: Vec::new(), streams: Vec::new() };
    bench.core.lend.request(bench.now, RequestId(1), program);
    bench.input(Input::Deadline).input(Input::Suspend).input(Input::ShellStopped);
    assert!(!bench.effects.iter().any(|effect| matches!(effect, Effect::Suspend(_))));
    bench.input(Input::Exited(Child::Lent, ExitStatus::Code(0)));
    assert!(bench.has(&Effect::Suspend(Suspension::Shell)) && bench.has(&Effect::Signal(Child::Shell, SIGCONT)));
}

#[test]
fn stop_of_coshell_takes_no_byte_from_line_of_trigger() {
    let mut bench = Bench::new(&["-t", "^go", "-s", "bot"]);
    bench.shell(b"\x1b[?2004h$ ").wait(30).input(Input::Suspend).input(Input::Resumed);
    bench.shell(b"x\r\n\x1b[?2004l\rgo now\r\n");
    assert_eq!(bench.read.escape_ascii().to_string(), "\\x1b[?2004l\\rgo now\\r\\n");
}

/// Between the end of a program that has the terminal and coshell's raw mode, the line discipline makes signals of keys.
#[test]
fn key_pressed_while_terminal_is_taken_back_does_not_end_the_session() {
    let program = serde_json::json!({"command": ["vi"], "directory": null, "environment": [], "streams": []});
    let lend = |bench: &mut Bench| {
        let request = Request::read("lend", Some(program.clone())).expect("a good request");
        bench.input(Input::Request(RequestId(1), request, Requester::default()));
        assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::Lend(..))), "{:?}", bench.effects);
    };
    let mut bench = Bench::new(&[]);
    lend(&mut bench);
    bench.input(Input::Exited(Child::Lent, ExitStatus::Code(0))).input(Input::Terminate(2));
    assert_eq!(bench.typed, b"\x03");
    bench.wait(2000).input(Input::Terminate(2));
    assert!(bench.has(&Effect::HangUp), "{:?}", bench.effects);
}
