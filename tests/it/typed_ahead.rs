//! Keys typed before coshell has the terminal mean what the terminal's settings say, as they do without coshell.

use std::time::{Duration, Instant};

use crate::support::{Ended, Launch, UNTIL_RELEASED, direct, needs};

/// Prints `up`, and then what each read(2) gives, until one gives nothing.
const READER: &str = r#"
import os, signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.write(1, b"up\n")
while True:
    got = os.read(0, 4096)
    os.write(1, b"read %s\n" % repr(got).encode())
    if not got:
        break
"#;

/// What a terminal showed before the reader ran, what it showed besides the reader's words, what was read, the status.
type Outcome = (String, String, String, i32);

/// Starts `before` and then the reader, without coshell or in it. Sends `early` before the reader is started, and `late` to
/// the running reader, before which raw mode is ended.
fn read_by(wrap: &str, before: &str, early: &str, late: &str) -> Outcome {
    let after = if before.contains("raw") { "stty sane" } else { ":" };
    let script = format!("{before}; echo set; {UNTIL_RELEASED}; {after}; exec {wrap} python3 -c \"$READER\"");
    let mut term = direct(&["sh", "-c", &script]).env("READER", READER).start();
    term.wait("set\r\n");
    term.send(early);
    term.process_keys();
    term.release();
    term.wait("up\r\n");
    term.send(late);
    let ended = term.wait_end();
    let text = term.text();
    let (shown, behind) = text.split_once("up\r\n").expect("it has come");
    // The echo of `late` may come before or behind what the reader prints.
    let (read, echoed): (Vec<&str>, Vec<&str>) = behind.split_inclusive('\n').partition(|line| line.contains("read "));
    (shown.to_owned(), echoed.concat(), read.concat(), status(ended))
}

#[test]
fn keys_typed_before_start_are_read_as_on_bare_terminal() {
    needs("python3");
    for (before, early, late) in [
        (":", "\x04", ""),
        (":", "a\r\x04", ""),
        (":", "a\x04b\r", "\x04"),
        (":", "one\rtwo\rthree", "\r\x04"),
        (":", "one\ntwo", "\x04\x04"),
        (":", "abc\x7f\x7fd\r", "\x04"),
        (":", "abc\x7f", "\x7fd\r\x04"),
        (":", "one two\x17three\r", "\x04"),
        (":", "one\x15two\r", "\x04"),
        (":", "one", "\x15two\r\x04"),
        (":", "\x16\x04\x16\x03\x16\x16\r", "\x04"),
        (":", "a\x16\nb\r", "\x04"),
        (":", "a\tb\u{e9}\u{4e2d}\x01\r", "\x04"),
        (":", "a\x12b\r", "\x04"),
        (":", "x\x1dq\r", "\x04"),
        ("stty eol ';'", "a;b;\x04", "\x04"),
        ("stty eof x", "a\x04x\rx", ""),
        ("stty -icrnl", "a\rb\n", "\x04"),
        ("stty inlcr igncr", "a\rb\n", "\x04\x04"),
        ("stty -echo", "one\rtwo", "\r\x04"),
        ("stty -echoctl", "one\x01\r\x04", ""),
        // As a line editor leaves the terminal: the keys are a line without an end.
        ("stty raw opost", "one\r", "\x04"),
        ("stty raw opost", "one\rtwo", "\x04"),
    ] {
        let bare = read_by("", before, early, late);
        let inside = read_by("\"$WRAP\" --", before, early, late);
        assert_eq!(inside, bare, "{before:?} {early:?} {late:?}");
    }
}

/// Returns the exit status as a shell reports it.
fn status(ended: Ended) -> i32 {
    match ended {
        Ended::Code(code) => code,
        Ended::Signal(signal) => 128 + signal,
    }
}

/// Returns what a reader read and its status; the keys are sent this long after its start.
fn read_after(launch: Launch, delay: Duration, keys: &str) -> (String, i32) {
    let mut term = launch.env("READER", READER).start();
    let from = Instant::now();
    while from.elapsed() < delay {
        std::hint::spin_loop();
    }
    term.send(keys);
    let ended = term.wait_end();
    let text = term.text();
    let read: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once("read ")?.1)).collect();
    (read.join(" "), status(ended))
}

#[test]
fn keys_typed_during_start_are_read_as_on_bare_terminal() {
    needs("python3");
    // No Ctrl-C: on a bare terminal too its signal is lost where no process has the terminal yet.
    for (keys, read, status) in [
        ("\x04", "b''", 0),
        ("abc\x7fd\x04\x04", "b'abd' b''", 0),
        ("one\x15two\rab\x7fc\n\x04", "b'two\\n' b'ac\\n' b''", 0),
    ] {
        for delay in (0..=5).map(Duration::from_millis) {
            let launch = |wrap: &str| direct(&["sh", "-c", &format!("exec {wrap} python3 -c \"$READER\"")]);
            for wrap in ["", "\"$WRAP\" --"] {
                let (got, ended) = read_after(launch(wrap), delay, keys);
                assert_eq!((got, ended), (read.to_owned(), status), "{wrap} {keys:?} {delay:?}");
            }
        }
    }
}
