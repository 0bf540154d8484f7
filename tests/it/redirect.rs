//! coshell in a pipeline: stdin and stdout may be files, pipes or nothing at all.

use crate::support::compare::Outcome;
use crate::support::{Ended, Place, contains, direct, fresh_modes, run, show};

/// Runs a line of shell that has coshell in it, as `$WRAP`.
fn line(script: &str, place: &Place) -> Outcome {
    run(direct(&["sh", "-c", script]).cwd(place.dir()))
}

#[test]
fn a_script_on_stdin_runs_and_its_output_goes_to_a_file() {
    let place = Place::new();
    place.file("script.sh", "echo sum $((40 + 2))\nexit 9\n");
    let outcome = line("\"$WRAP\" < script.sh > out.txt; echo status $?", &place);
    let out = place.read("out.txt");
    assert!(contains(&out, "sum 42\r\n"), "{}", show(&out));
    assert!(contains(&outcome.bytes, "status 9"), "{}", show(&outcome.bytes));
    assert!(!contains(&outcome.bytes, "sum"), "{}", show(&outcome.bytes));
}

#[test]
fn the_end_of_input_becomes_the_end_of_file() {
    let place = Place::new();
    let outcome = line("printf 'one\\ntwo\\n' | \"$WRAP\" -- wc -l", &place);
    assert_eq!(outcome.ended, Ended::Code(0));
    assert!(contains(&outcome.bytes, "2"), "{}", show(&outcome.bytes));
}

/// One end-of-file character only hands over an unfinished line; it takes another to end the input.
#[test]
fn input_without_a_last_newline_ends_too() {
    let place = Place::new();
    let outcome = line("printf 'one\\ntwo' | \"$WRAP\" -- wc -c", &place);
    assert!(contains(&outcome.bytes, "7"), "{}", show(&outcome.bytes));
}

#[test]
fn a_command_that_has_changed_its_end_of_file_key_gets_that_one() {
    let place = Place::new();
    let inner = "stty eof ^Y; : > changed; head -1 >/dev/null; cat; echo over";
    let input = "echo a; until [ -e changed ]; do sleep 0.02; done; echo b";
    let outcome = line(&format!("({input}) | \"$WRAP\" -- sh -c '{inner}'"), &place);
    assert!(contains(&outcome.bytes, "over"), "{}", show(&outcome.bytes));
}

#[test]
fn an_empty_input_is_an_end_of_file_at_once() {
    let place = Place::new();
    place.file("empty", "");
    for input in ["/dev/null", "empty"] {
        let outcome = line(&format!("\"$WRAP\" -- cat < {input}; echo status $?"), &place);
        assert!(contains(&outcome.bytes, "status 0"), "{input}: {}", show(&outcome.bytes));
    }
}

#[test]
fn a_large_file_on_stdin_arrives_whole() {
    let place = Place::new();
    let outcome =
        line("seq 1 200000 | \"$WRAP\" -- sh -c 'md5sum > sum' > out; seq 1 200000 | md5sum | diff - sum", &place);
    assert_eq!(outcome.ended, Ended::Code(0), "{}", show(&outcome.bytes));
}

#[test]
fn a_large_output_into_a_file_and_a_pipe_is_whole() {
    let place = Place::new();
    let check = "tr -d '\\r' | (cmp - want && echo whole)";
    place.file("want", (1..=200_000).map(|n| format!("{n}\n")).collect::<String>());
    let outcome = line(&format!("\"$WRAP\" -- seq 200000 > out; cat out | {check}"), &place);
    assert!(contains(&outcome.bytes, "whole"), "{}", show(&outcome.bytes));
    let outcome = line(&format!("\"$WRAP\" -- seq 200000 | {check}"), &place);
    assert!(contains(&outcome.bytes, "whole"), "{}", show(&outcome.bytes));
}

#[test]
fn output_into_nothing_is_no_error() {
    let place = Place::new();
    let outcome = line("\"$WRAP\" -- sh -c 'echo hi; exit 3' > /dev/null; echo status $?", &place);
    assert_eq!(show(&outcome.bytes), "status 3\\r\\n\n");
}

#[test]
fn a_full_disk_ends_the_session_with_a_word() {
    let place = Place::new();
    for (output, prepare, reason) in [("/dev/full", ":", "No space left"), ("out", "ulimit -f 8", "File too large")] {
        let outcome = line(&format!("{prepare}; \"$WRAP\" -- seq 100000 > {output}; echo status $?"), &place);
        assert!(contains(&outcome.bytes, "coshell: standard output cannot be written: "), "{}", show(&outcome.bytes));
        assert!(contains(&outcome.bytes, reason), "{output}: {}", show(&outcome.bytes));
        assert!(contains(&outcome.bytes, "status 125"), "{output}: {}", show(&outcome.bytes));
    }
}

#[test]
fn a_log_that_may_grow_no_further_does_not_end_the_session() {
    let place = Place::new();
    let script = "ulimit -f 20; COSHELL_LOG=trace \"$WRAP\" --log log -- sh -c 'seq 20000; exit 7'; echo status $?";
    let outcome = line(script, &place);
    assert!(contains(&outcome.bytes, "\n20000\r\nstatus 7"), "{}", show(&outcome.bytes));
    assert_eq!(place.read("log").len(), 20 * 512);
}

/// Other writers to the terminal need its output processing: their lines would become stairs.
#[test]
fn with_stdout_in_a_pipe_the_terminal_keeps_its_output_processing() {
    let mut term = direct(&["sh", "-c", "\"$WRAP\" -- sh -c 'echo up; read x; echo got-$x' | cat"]).start();
    term.wait("up");
    assert_eq!(term.modes().c_oflag, fresh_modes().c_oflag, "output modes");
    term.send("key\r");
    term.wait("got-key");
    term.wait_end();
    assert_eq!(term.modes(), fresh_modes());
}

#[test]
fn a_reader_that_leaves_the_pipe_ends_the_session() {
    let mut term = direct(&["sh", "-c", "\"$WRAP\" -- yes | head -n 3"]).start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(term.modes(), fresh_modes());
    term.wait_until("nothing to be left", |term| term.relatives().is_empty());
}

#[test]
fn closed_descriptors_are_no_trouble() {
    let place = Place::new();
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", "<&- >&- 2>&-"] {
        let outcome = line(&format!("\"$WRAP\" -- sh -c 'echo ran > ran; exit 7' {closed}; echo status $?"), &place);
        assert!(contains(&outcome.bytes, "status 7"), "{closed}: {}", show(&outcome.bytes));
        assert_eq!(show(&place.read("ran")), "ran\\n\n", "{closed}");
        std::fs::remove_file(place.path("ran")).unwrap();
    }
}

#[test]
fn inside_there_is_always_a_terminal() {
    let place = Place::new();
    line("\"$WRAP\" -- sh -c 'test -t 0 && test -t 1 && test -t 2 && tty > tty' < /dev/null > /dev/null 2>&1", &place);
    assert!(place.read("tty").starts_with(b"/dev/pts/"));
}

#[test]
fn the_inherited_pipe_is_never_made_non_blocking() {
    let place = Place::new();
    let flags = |name: &str, fd: i32| format!("sed -n 's/^flags:[^0-9]*/{name} /p' /proc/self/fdinfo/{fd} >&2");
    let script = format!(
        "(echo x; sleep 0.3; {}) | \"$WRAP\" -- cat | (sleep 0.2; {}; cat > /dev/null)",
        flags("writer", 1),
        flags("reader", 0)
    );
    let outcome = line(&script, &place);
    let shown = String::from_utf8_lossy(&outcome.bytes).into_owned();
    for end in ["writer ", "reader "] {
        let flags = shown.lines().find_map(|line| line.trim().strip_prefix(end)).unwrap_or_else(|| panic!("{shown}"));
        let flags = i32::from_str_radix(flags, 8).unwrap();
        assert_eq!(flags & libc::O_NONBLOCK, 0, "{end}: {shown}");
    }
}
