//! Redirection: stdin and stdout of coshell are files, pipes, /dev/null or closed.

use crate::support::compare::Outcome;
use crate::support::{Ended, TestDir, contains, direct, fresh_modes, run, show};

/// Runs a line of shell that calls coshell as `$WRAP`.
fn run_line(script: &str, dir: &TestDir) -> Outcome {
    run(direct(&["sh", "-c", script]).cwd(dir.root()))
}

#[test]
fn script_on_stdin_runs_with_output_to_file() {
    let dir = TestDir::new();
    dir.write_file("script.sh", "echo sum $((40 + 2))\nexit 9\n");
    let outcome = run_line("\"$WRAP\" < script.sh > out.txt; echo status $?", &dir);
    let out = dir.read("out.txt");
    assert!(contains(&out, "sum 42\r\n"), "{}", show(&out));
    assert!(contains(&outcome.bytes, "status 9"), "{}", show(&outcome.bytes));
    assert!(!contains(&outcome.bytes, "sum"), "{}", show(&outcome.bytes));
}

#[test]
fn end_of_piped_input_becomes_end_of_file() {
    let dir = TestDir::new();
    let outcome = run_line("printf 'one\\ntwo\\n' | \"$WRAP\" -- wc -l", &dir);
    assert_eq!(outcome.ended, Ended::Code(0));
    assert!(contains(&outcome.bytes, "2\r\n"), "{}", show(&outcome.bytes));
}

/// The first end-of-file character only completes an unfinished line; a second one ends the input (termios(3), VEOF).
#[test]
fn piped_input_without_last_newline_ends() {
    let dir = TestDir::new();
    let outcome = run_line("printf 'one\\ntwo' | \"$WRAP\" -- wc -c", &dir);
    assert!(contains(&outcome.bytes, "7\r\n"), "{}", show(&outcome.bytes));
}

#[test]
fn end_of_input_uses_changed_eof_character() {
    let dir = TestDir::new();
    let inner = "stty eof ^Y; : > changed; head -1 >/dev/null; cat; echo over";
    let input = "echo a; until [ -e changed ]; do sleep 0.02; done; echo b";
    let outcome = run_line(&format!("({input}) | \"$WRAP\" -- sh -c '{inner}'"), &dir);
    assert!(contains(&outcome.bytes, "over"), "{}", show(&outcome.bytes));
}

#[test]
fn empty_input_is_immediate_end_of_file() {
    let dir = TestDir::new();
    dir.write_file("empty", "");
    for input in ["/dev/null", "empty"] {
        let outcome = run_line(&format!("\"$WRAP\" -- cat < {input}; echo status $?"), &dir);
        assert!(contains(&outcome.bytes, "status 0"), "{input}: {}", show(&outcome.bytes));
    }
}

#[test]
fn large_piped_input_arrives_complete() {
    let dir = TestDir::new();
    let outcome =
        run_line("seq 1 200000 | \"$WRAP\" -- sh -c 'md5sum > sum' > out; seq 1 200000 | md5sum | diff - sum", &dir);
    assert_eq!(outcome.ended, Ended::Code(0), "{}", show(&outcome.bytes));
}

#[test]
fn large_output_to_file_and_pipe_is_complete() {
    let dir = TestDir::new();
    let check = "tr -d '\\r' | (cmp - want && echo whole)";
    dir.write_file("want", (1..=200_000).map(|n| format!("{n}\n")).collect::<String>());
    let outcome = run_line(&format!("\"$WRAP\" -- seq 200000 > out; cat out | {check}"), &dir);
    assert!(contains(&outcome.bytes, "whole"), "{}", show(&outcome.bytes));
    let outcome = run_line(&format!("\"$WRAP\" -- seq 200000 | {check}"), &dir);
    assert!(contains(&outcome.bytes, "whole"), "{}", show(&outcome.bytes));
}

#[test]
fn output_to_dev_null_keeps_status() {
    let dir = TestDir::new();
    let outcome = run_line("\"$WRAP\" -- sh -c 'echo hi; exit 3' > /dev/null; echo status $?", &dir);
    assert_eq!(show(&outcome.bytes), "status 3\\r\\n\n");
}

#[test]
fn full_disk_ends_session_with_message() {
    let dir = TestDir::new();
    for (output, prepare, reason) in [("/dev/full", ":", "No space left"), ("out", "ulimit -f 8", "File too large")] {
        let outcome = run_line(&format!("{prepare}; \"$WRAP\" -- seq 100000 > {output}; echo status $?"), &dir);
        assert!(contains(&outcome.bytes, "coshell: standard output cannot be written: "), "{}", show(&outcome.bytes));
        assert!(contains(&outcome.bytes, reason), "{output}: {}", show(&outcome.bytes));
        assert!(contains(&outcome.bytes, "status 125"), "{output}: {}", show(&outcome.bytes));
    }
}

#[test]
fn log_at_file_size_limit_does_not_end_session() {
    let dir = TestDir::new();
    let script = "ulimit -f 20; COSHELL_LOG=trace \"$WRAP\" --log log -- sh -c 'seq 20000; exit 7'; echo status $?";
    let outcome = run_line(script, &dir);
    assert!(contains(&outcome.bytes, "\n20000\r\nstatus 7"), "{}", show(&outcome.bytes));
    assert_eq!(dir.read("log").len(), 20 * 512);
}

/// Other writers to the terminal need its output processing, without which a newline does not return the carriage.
#[test]
fn stdout_to_pipe_keeps_output_processing_of_terminal() {
    let mut term = direct(&["sh", "-c", "\"$WRAP\" -- sh -c 'echo up; read x; echo got-$x' | cat"]).start();
    term.wait("up");
    assert_eq!(term.modes().c_oflag, fresh_modes().c_oflag, "output modes");
    term.send("key\r");
    term.wait("got-key");
    term.wait_end();
    assert_eq!(term.modes(), fresh_modes());
}

#[test]
fn closed_output_pipe_ends_session() {
    let mut term = direct(&["sh", "-c", "\"$WRAP\" -- yes | head -n 3"]).start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(term.modes(), fresh_modes());
    term.wait_until("nothing to be left", |term| term.descendants().is_empty());
}

#[test]
fn closed_descriptors_do_not_prevent_session() {
    let dir = TestDir::new();
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&-"] {
        let outcome = run_line(&format!("\"$WRAP\" -- sh -c 'echo ran > ran; exit 7' {closed}; echo status $?"), &dir);
        assert!(contains(&outcome.bytes, "status 7"), "{closed}: {}", show(&outcome.bytes));
        assert_eq!(show(&dir.read("ran")), "ran\\n\n", "{closed}");
        std::fs::remove_file(dir.path("ran")).unwrap();
    }
}

#[test]
fn command_with_all_streams_redirected_has_terminal() {
    let dir = TestDir::new();
    run_line(
        "\"$WRAP\" -- sh -c 'test -t 0 && test -t 1 && test -t 2 && tty > tty' < /dev/null > /dev/null 2>&1",
        &dir,
    );
    assert!(dir.read("tty").starts_with(b"/dev/pts/"));
}

#[test]
fn inherited_pipe_is_never_made_non_blocking() {
    let dir = TestDir::new();
    let flags = |name: &str, fd: i32| format!("sed -n 's/^flags:[^0-9]*/{name} /p' /proc/self/fdinfo/{fd} >&2");
    // The command runs and has read from the pipe: coshell has set both descriptors up.
    let up = "until [ -e up ]; do sleep 0.02; done";
    let script = format!(
        "(echo x; {up}; {}) | \"$WRAP\" -- sh -c 'read x; : > up; cat' | ({up}; {}; cat > /dev/null)",
        flags("writer", 1),
        flags("reader", 0)
    );
    let outcome = run_line(&script, &dir);
    let shown = String::from_utf8_lossy(&outcome.bytes).into_owned();
    for end in ["writer ", "reader "] {
        let flags = shown.lines().find_map(|line| line.trim().strip_prefix(end)).unwrap_or_else(|| panic!("{shown}"));
        let flags = i32::from_str_radix(flags, 8).unwrap();
        assert_eq!(flags & libc::O_NONBLOCK, 0, "{end}: {shown}");
    }
}
