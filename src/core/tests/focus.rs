//! The focus of the window: when the terminal is asked to report it, who gets the reports, and what fires by them.

use super::*;
use crate::core::split::at_every_split;

const ON: &str = "\x1b[?1004h";
const OFF: &str = "\x1b[?1004l";
const LOST: &[u8] = b"\x1b[O";
const GOT: &[u8] = b"\x1b[I";
const UNFOCUSED: &[&str] = &["-t", "done", "--when", "unfocused", "--send", "u"];

/// Returns whether the terminal reports the focus after these bytes.
fn reports(shown: &[u8]) -> bool {
    let at = |sequence: &str| memchr::memmem::rfind(shown, sequence.as_bytes());
    at(ON) > at(OFF)
}

#[test]
fn terminal_is_asked_only_for_triggers_that_need_it() {
    let table: &[(&[&str], bool)] = &[
        (&["-t", "done", "--send", "x"], false),
        (&["-t", "done", "--when", "asks", "--send", "x"], false),
        (UNFOCUSED, true),
        (&["-t", "done", "--when", "focused", "--highlight", "bold"], true),
        (&["--event", "unfocused", "--send", "x"], true),
        (&["--event", "focused", "--send", "x"], true),
        (&["--event", "bell", "--when", "unfocused", "--send", "x"], true),
    ];
    for (options, asks) in table {
        let mut bench = Bench::new(options);
        bench.shell(b"$ ");
        assert_eq!(reports(&bench.shown), *asks, "{options:?}");
        if !asks {
            bench.keys(LOST);
            assert_eq!(bench.typed, LOST, "{options:?}");
        }
        bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0))).input(Input::Closed(Source::Pty));
        assert!(!reports(&bench.shown), "{options:?}: {}", bench.shown.escape_ascii());
    }
}

#[test]
fn condition_follows_reports_which_the_shell_does_not_get() {
    let keys = [b"a", LOST, b"b", GOT, b"c", LOST, b"\r"].concat();
    at_every_split(&keys, |pieces| {
        let mut bench = Bench::new(UNFOCUSED);
        // Where the Escape key sends ESC alone, an ESC at the end of a read is not held: the key must not be delayed.
        bench.shell(b"\x1b[>1udone\r\n");
        pieces.iter().for_each(|piece| {
            bench.keys(piece);
        });
        bench.shell(b"done\r\n").keys(GOT).shell(b"done\r\n");
        assert_eq!(bench.typed, b"abc\ru");
    });
}

#[test]
fn events_fire_when_focus_changes() {
    let mut bench = Bench::new(&["--event", "unfocused", "--send", "u", "--event", "focused", "--send", "f"]);
    // The window has the focus at the start.
    bench.keys(GOT).keys(LOST).keys(LOST).keys(GOT).keys(LOST);
    assert_eq!(bench.typed, b"ufu");
}

#[test]
fn program_that_asks_gets_its_reports() {
    let mut bench = Bench::new(UNFOCUSED);
    bench.shell(ON.as_bytes()).keys(LOST);
    assert_eq!(bench.typed, LOST);
    bench.shell(b"done\r\n");
    assert_eq!(bench.typed, [LOST, b"u"].concat());
    // Behind the program the reports are coshell's own again.
    for end in [OFF, "\x1b[?1004h\x1b[?1004l", "\x1bc", "\x1b[?1004h\x1bc"] {
        bench.shown.clear();
        bench.typed.clear();
        bench.shell(end.as_bytes()).keys(GOT);
        assert_eq!(bench.typed, b"", "{end:?}");
        assert!(bench.shown.ends_with(ON.as_bytes()), "{end:?}");
    }
    // DECSTR leaves the mode as it is.
    bench.shown.clear();
    bench.shell(b"\x1b[!p").keys(LOST);
    assert_eq!((&bench.typed[..], &bench.shown[..]), (&b""[..], &b"\x1b[!p"[..]));
}

#[test]
fn terminal_is_asked_at_the_end_of_a_sequence() {
    at_every_split(b"x\x1b[?1004l\x1b[1;31mred\xc3\xa9", |pieces| {
        let mut bench = Bench::new(UNFOCUSED);
        bench.shown.clear();
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        let shown = String::from_utf8_lossy(&bench.shown).into_owned();
        assert_eq!(shown.replace(ON, ""), "x\x1b[?1004l\x1b[1;31mred\u{e9}");
        assert_eq!(shown.matches(ON).count(), 1);
    });
}

#[test]
fn reports_end_with_the_last_trigger_that_needs_them() {
    let mut bench = Bench::new(&[UNFOCUSED, &["--once"]].concat());
    bench.keys(LOST).shell(b"done\r\n");
    assert!(!reports(&bench.shown), "{}", bench.shown.escape_ascii());
    bench.typed.clear();
    bench.keys(LOST);
    assert_eq!(bench.typed, LOST);
}

#[test]
fn open_menu_leaves_reports_to_coshell() {
    let mut bench = Bench::new(UNFOCUSED);
    bench.shell(b"$ ").keys(b"\x1d").wait(100).keys(LOST).keys(b"\x1b").wait(100).shell(b"done\r\n");
    assert_eq!(bench.typed, b"u");
}

#[test]
fn redirected_output_is_asked_nothing() {
    let mut settings = Bench::settings(UNFOCUSED);
    settings.screen = OutputKind::Pipe;
    let mut bench = Bench::of(settings);
    bench.shell(b"done\r\n");
    assert_eq!(bench.shown, b"done\r\n");
}
