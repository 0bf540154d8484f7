//! Silent coprocesses: while one runs, it alone gets the shell's output, and unread output is shown at its end.

use std::time::Duration;

use crate::support::{Ended, PROMPT, Terminal, TestDir, bash, contains, proc, run, shell, show, wrapped};

/// Python program that reads byte by byte up to a word, sleeps, and exits.
const READER: &str = "
import os, sys, time
seen = b''
while not seen.endswith(sys.argv[1].encode()):
    byte = os.read(0, 1)
    if not byte: break
    seen += byte
open(sys.argv[2], 'wb').write(seen)
time.sleep(float(sys.argv[3]))
";

/// Returns the command of a coprocess that reads up to `word`, stores its input, and sleeps for `rest` seconds.
fn reader_command(dir: &TestDir, word: &str, rest: &str) -> String {
    let script = dir.write_file("reader.py", READER);
    format!("python3 {script} '{word}' {} {rest}", dir.path_str("read"))
}

/// Returns a shell loop that waits until the reader has stored its input.
fn until_reader_done(dir: &TestDir) -> String {
    format!("until [ -s {} ]; do sleep 0.02; done", dir.path_str("read"))
}

/// Runs `script` in a terminal in which nothing scrolls out, and returns the rows that are not blank.
fn shown_rows(options: &[&str], script: &str) -> Vec<String> {
    let mut term = wrapped(options, script).size(1500, 80, 0, 0).start();
    term.wait_end();
    term.rows().into_iter().filter(|row| !row.is_empty()).collect()
}

#[test]
fn output_read_by_silent_coproc_is_not_shown() {
    let dir = TestDir::new();
    let command = reader_command(&dir, "hidden", "0");
    let script = format!("echo start-silent; sleep 0.3; echo hid''den; {}; echo later", until_reader_done(&dir));
    let script = script.as_str();
    let rows = shown_rows(&["-q", "-t", "start-silent", "-s", &command], script);
    assert_eq!(rows, ["start-silent", "later"]);
    assert_eq!(show(&dir.read("read")), show(b"start-silent\r\nhidden"));
}

#[test]
fn unread_output_is_shown_in_order_after_silent_coproc() {
    let dir = TestDir::new();
    let command = reader_command(&dir, "STOP\r\n".trim_end(), "0.4");
    let script = "echo start-silent; sleep 0.4; seq 1 2000; printf STOP; seq 3000 4000; echo done";
    let script = format!("{script}; {}; echo last", until_reader_done(&dir));
    let rows = shown_rows(&["-q", "-t", "start-silent", "-s", &command], &script);
    let want: Vec<String> = ["start-silent".to_owned()]
        .into_iter()
        .chain((3000..=4000).map(|n| n.to_string()))
        .chain(["done".to_owned(), "last".to_owned()])
        .collect();
    assert_eq!(rows, want);
}

#[test]
fn output_sent_to_silent_coproc_that_never_reads_is_shown() {
    let rows = shown_rows(
        &["-q", "-t", "start-silent", "-s", "sleep 1"],
        "echo start-silent; sleep 0.4; seq 1 1000; sleep 1.5; echo last",
    );
    let numbers: Vec<_> = rows.iter().filter(|row| row.parse::<u32>().is_ok()).collect();
    assert_eq!(numbers.len(), 1000, "{} rows", rows.len());
    assert!(numbers.iter().zip(1..).all(|(row, n): (_, u32)| **row == n.to_string()));
    assert_eq!(rows.last().unwrap(), "last");
}

#[test]
fn short_silent_coproc_writes_no_byte() {
    // The coprocess ends when it has read the line that started it, and the word.
    let command = "head -c 20 > /dev/null; : > over";
    // Several rounds, since a loaded machine may take longer than the 0.3 s after which the progress line is due.
    let script = "echo start-silent; printf hid''den; until [ -e over ]; do sleep 0.02; done; sleep 0.2; echo later";
    let options = ["-q", "--indicator", "none", "-t", "start-silent", "-s", command];
    let clean = |_: i32| run(wrapped(&options, script)).bytes == b"start-silent\r\nlater\r\n";
    assert!((0..40).any(clean), "{}", show(&run(wrapped(&options, script)).bytes));
}

#[test]
fn progress_line_is_removed_without_trace() {
    let command = "until [ -e enough ]; do sleep 0.05; done";
    let mut term = shell(&["-t", "start-silent", "-s", command]).start();
    term.wait(PROMPT);
    term.send("echo above; echo start'-'silent\r");
    term.wait("start-silent\r\n");
    let progress = |term: &Terminal| term.rows().into_iter().find(|row| row.contains("enough"));
    term.wait_until("the line of progress, and how to stop it", |term| {
        progress(term).is_some_and(|row| row.contains("Ctrl-C") || row.contains("^C"))
    });
    std::fs::write(term.home().join("enough"), "").unwrap();
    term.wait_until("its end", |term| progress(term).is_none());
    term.wait_until("the prompt in its place", |term| {
        let rows: Vec<_> = term.rows().into_iter().filter(|row| !row.is_empty()).collect();
        rows == ["ready> echo above; echo start'-'silent", "above", "start-silent", "ready>"]
    });
    let screen = term.screen();
    assert!(!screen.hide_cursor() && screen.cursor_position() == (3, 7), "{:?}", screen.cursor_position());
    term.send("echo us'able'\r");
    term.wait("usable\r\n");
}

#[test]
fn progress_line_of_long_command_names_ctrl_c() {
    let command = format!("sleep 100; : {}", "a long command ".repeat(10));
    let mut term = wrapped(&["-t", "start-silent", "-s", &command], "echo start-silent; sleep 100").start();
    term.wait_until("how to stop it", |term| {
        term.rows().iter().any(|row| row.contains("sleep 100") && row.contains("Ctrl-C"))
    });
}

/// Starts a silent coprocess beside a shell that reads a line, and waits until the coprocess runs.
fn start_beside_question(options: &[&str], command: &str) -> Terminal {
    let command = format!("echo > there; {command}");
    let options = [options, &["-t", "start-silent", "-s", &command]].concat();
    let mut term = wrapped(&options, "echo start-silent; read -r a; echo \"got [$a]\"; sleep 0.2").start();
    term.wait_until("the coprocess", |term| term.read_home("there").is_some());
    term
}

#[test]
fn keyboard_is_locked_during_silent_coproc() {
    let mut term = start_beside_question(&["-q"], "sleep 1; echo typed");
    term.send("stray");
    term.wait("got [typed]");
    assert_eq!(term.wait_end(), Ended::Code(0));
}

#[test]
fn silent_keys_pass_lets_keys_through() {
    // The coprocess reads the line that started it, and the echo of the keys.
    let mut term = start_beside_question(&["-q", "--silent-keys", "pass"], "head -c 19 > /dev/null; echo typed");
    term.send("stray");
    term.wait("got [straytyped]");
}

/// Waits until `sleep 1000` or `sleep 1001` runs, or none does.
fn wait_sleep(term: &mut Terminal, is_there: bool) {
    term.wait_until("sleep to run or to be gone", |term| {
        term.descendants().iter().any(|&pid| proc::command_line(pid).starts_with("sleep 100")) == is_there
    });
}

#[test]
fn ctrl_c_stops_silent_coproc_and_not_shell() {
    let mut term = start_beside_question(&[], "exec sleep 1000");
    wait_sleep(&mut term, true);
    term.send("\x03");
    wait_sleep(&mut term, false);
    // Keys are passed on a moment after the process has ended, so the answer is typed repeatedly.
    term.wait_for("the answer", |term| {
        contains(term.output(), "got [").then_some(()).or_else(|| {
            term.send_some(b"back\r");
            None
        })
    });
    assert!(contains(term.output(), "got [back"), "{}", show(term.output()));
}

#[test]
fn ctrl_c_stops_silent_coproc_ignoring_signals() {
    let mut term = start_beside_question(&[], "trap '' TERM INT HUP; sleep 1000; sleep 1001");
    wait_sleep(&mut term, true);
    term.send("\x03");
    wait_sleep(&mut term, false);
}

/// The shell of the command ends at once, its child does not.
#[test]
fn ctrl_c_stops_children_ignoring_signals() {
    let mut term = start_beside_question(&[], "sh -c 'trap \"\" TERM INT HUP; sleep 1000; sleep 1001'; echo over");
    wait_sleep(&mut term, true);
    term.send("\x03");
    wait_sleep(&mut term, false);
}

#[test]
fn triggers_do_not_fire_during_silent_coproc() {
    let dir = TestDir::new();
    let command = reader_command(&dir, "STOP", "0.1");
    let out = dir.path_str("out");
    let fired = format!("echo fired >> {out}");
    let fires = format!("until [ -s {out} ]; do sleep 0.02; done");
    let script = "echo start-silent; sleep 0.4; echo a hit; echo STOP; \"$WRAP\" wait; echo another hit";
    run(wrapped(
        &["-q", "-t", "start-silent", "-s", &command, "-t", "hit", "--run", &fired],
        &format!("{script}; {fires}; sleep 0.2"),
    ));
    assert_eq!(show(&dir.read("out")), "fired\\n\n");
}

#[test]
fn shell_end_ends_silent_coproc_and_shows_unread_output() {
    let mut term = wrapped(
        &["-q", "-t", "start-silent", "-s", "exec sleep 1000"],
        "echo start-silent; sleep 0.4; echo last words; exit 3",
    )
    .start();
    assert_eq!(term.wait_end(), Ended::Code(3));
    let rows: Vec<_> = term.rows().into_iter().filter(|row| !row.is_empty()).collect();
    assert_eq!(rows, ["start-silent", "last words"]);
    term.wait_until("nothing to be left", |term| term.descendants().is_empty());
}

#[test]
fn silent_coproc_from_start_hides_first_prompt() {
    let dir = TestDir::new();
    let command = reader_command(&dir, "open", "0");
    let mut term = bash(&["-q", "-s", &command]).start();
    let runs = |term: &Terminal| term.descendants().iter().any(|&pid| proc::command_line(pid).contains("reader.py"));
    term.wait_until("it to run", runs);
    // The prompt goes to the coprocess, and the keyboard is locked.
    term.read_for(Duration::from_millis(200));
    assert!(!contains(term.output(), PROMPT), "{}", show(term.output()));
    term.send("\x03");
    term.wait_until("its end", |term| !runs(term));
    term.wait_for("the shell", |term| {
        contains(term.output(), "usable\r\n").then_some(()).or_else(|| {
            term.send_some(b"echo us'able'\r");
            None
        })
    });
}
