//! Window size: all four fields are passed on before the first command and after every change.

use std::time::Duration;

use crate::support::{Ended, PROMPT, TestDir, bash, coshell, run, same_output, show, wrapped};

/// Python program that prints the window size at start, on each SIGWINCH, and for each line read.
const SIZES: &str = r#"
import fcntl, os, select, signal, struct, termios
def show():
    rows, cols, x, y = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))
    os.write(1, f"size {rows} {cols} {x} {y} .\n".encode())
# A signal just before a blocking read would be handled behind it only.
wakeup, write_end = os.pipe()
os.set_blocking(write_end, False)
signal.set_wakeup_fd(write_end)
signal.signal(signal.SIGWINCH, lambda *_: None)
show()
while True:
    ready = select.select([0, wakeup], [], [])[0]
    if not os.read(ready[0], 1024): break
    show()
"#;

#[test]
fn size_is_set_before_first_command() {
    assert_eq!(same_output("stty size", |l| l.size(31, 97, 0, 0)), b"31 97\r\n");
}

#[test]
fn size_in_pixels_is_passed_on() {
    let dir = TestDir::new();
    let sizes = dir.write_file("sizes.py", SIZES);
    let mut term = coshell(&["--", "python3", &sizes]).size(33, 101, 909, 660).start();
    term.wait("size 33 101 909 660 .");
    term.resize(20, 60, 540, 400);
    term.wait("size 20 60 540 400 .");
}

#[test]
fn size_zero_is_passed_on() {
    same_output("stty size; stty -a | head -1", |l| l.size(0, 0, 0, 0));
}

#[test]
fn size_zero_is_drawn_as_24_by_80() {
    let mut term = bash(&["--indicator", "none"]).size(0, 0, 0, 0).start();
    term.wait(PROMPT);
    term.send("coshell() { \"$WRAP\" \"$@\"; }; clear; stty size\r");
    term.wait("0 0\r\n");
    term.wait(PROMPT);
    term.send("\x1d");
    term.wait("\x1b[24H");
    term.wait(" r run  s stop  e errors  t triggers  n notes  q status  Esc closes");
    term.send("\x1b");
    // The cursor is on the row below the output of stty.
    term.wait("\x1b[2H");
    term.send("coshell run 'exit 3'\r");
    term.wait("coshell: coprocess \"exit 3\" failed: status 3");
}

#[test]
fn last_of_many_size_changes_arrives() {
    let dir = TestDir::new();
    let sizes = dir.write_file("sizes.py", SIZES);
    let mut term = coshell(&["--", "python3", &sizes]).start();
    term.wait("size 24 80");
    for n in 1..=100 {
        term.resize(24 + n, 80 + n, 8 * n, 16 * n);
    }
    term.wait("size 124 180 800 1600 .");
}

/// Resizes from before the program is loaded until its first line is shown.
#[test]
fn size_change_during_startup_is_not_lost() {
    for round in 0..20 {
        let mut term = wrapped(&[], "echo up; read x; stty size").start();
        let mut n: u16 = 0;
        while !term.text().contains("up") {
            n += 1;
            assert!(n < 20_000, "round {round}: not up: {}", show(term.output()));
            term.resize(24 + n % 100, 81 + n % 100, 0, 0);
            term.read_for(Duration::from_micros(200));
        }
        let (rows, cols) = (24 + n % 100, 81 + n % 100);
        term.send("\r");
        assert_eq!(term.wait_end(), Ended::Code(0));
        let last = format!("{rows} {cols}\r\n");
        assert!(term.text().ends_with(&last), "round {round}: not {last:?} but {}", show(term.output()));
    }
}

#[test]
fn size_without_terminal_on_stdin_is_that_of_stdout() {
    let dir = TestDir::new();
    let input = dir.write_file("input", "stty size\n");
    let script = format!("\"$WRAP\" -- sh < {input}");
    let shown = run(crate::support::direct(&["sh", "-c", &script]).size(30, 90, 0, 0)).bytes;
    assert!(String::from_utf8_lossy(&shown).contains("30 90"), "{}", show(&shown));
}

#[test]
fn size_without_terminal_on_stdin_and_stdout_is_that_of_stderr() {
    let dir = TestDir::new();
    let input = dir.write_file("input", "stty size\n");
    let output = dir.path_str("output");
    let script = format!("\"$WRAP\" -- sh < {input} > {output}");
    run(crate::support::direct(&["sh", "-c", &script]).size(30, 90, 0, 0));
    let output = dir.read("output");
    assert!(String::from_utf8_lossy(&output).contains("30 90"), "{}", show(&output));
}

#[test]
fn size_without_any_terminal_is_24_by_80() {
    let dir = TestDir::new();
    let input = dir.write_file("input", "stty size\n");
    let output = dir.path_str("output");
    // setsid removes the controlling terminal, which coshell would find otherwise.
    let script = format!("setsid -w \"$WRAP\" -- sh < {input} > {output} 2>&1");
    let outcome = run(crate::support::direct(&["sh", "-c", &script]).size(30, 90, 0, 0));
    let output = dir.read("output");
    assert!(String::from_utf8_lossy(&output).contains("24 80"), "{outcome:?} {}", show(&output));
}

/// Such a session gets no SIGWINCH: setsid(1), su -c and some containers start one.
#[test]
fn size_change_without_controlling_terminal_arrives_with_next_bytes() {
    let mut term = crate::support::direct(&["sh", "-c", "setsid -w \"$WRAP\" -q -- sh"]).start();
    term.wait(PROMPT);
    term.resize(31, 99, 700, 500);
    // The size is looked at four times a second at most.
    let mut shown = String::new();
    for _ in 0..200 {
        term.send("stty size\r");
        shown = term.wait_match(r"(\d+ \d+)\r\n");
        term.wait(PROMPT);
        if shown == "31 99" {
            break;
        }
    }
    assert_eq!(shown, "31 99");
}
