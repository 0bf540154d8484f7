//! Coprocesses that are stopped, block, flood, fail or ignore signals: the terminal stays usable.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Ended, PROMPT, Terminal, TestDir, bash, contains, count, proc, shell, show, wrapped};

/// Waits for the pid that the coprocess has written into `pid` in the home.
fn wait_coproc_pid(term: &mut Terminal) -> Pid {
    term.wait_for("the coprocess's pid", |term| {
        let text = String::from_utf8(term.read_home("pid")?).ok()?;
        text.trim().parse().ok().map(Pid::from_raw)
    })
}

/// Prints 600,000 lines in the shell, waits for their end, and fails unless a notice contains `notice`.
fn assert_flood_passes(term: &mut Terminal, notice: &str) {
    let begun = Instant::now();
    term.send("seq 1 600000; echo flood'-'end\r");
    term.wait("flood-end\r\n");
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
    term.wait(PROMPT);
    term.send("echo still'-'here\r");
    term.wait("still-here\r\n");
    let text = term.text().to_lowercase();
    let notices: Vec<_> = text.lines().filter(|line| line.contains("coshell")).collect();
    assert!(notices.iter().any(|line| line.contains(notice)), "no notice with {notice:?}: {notices:?}");
    assert!(proc::peak_kib(term.pid()) < 12_000, "{} KiB", proc::peak_kib(term.pid()));
}

#[test]
fn stopped_coproc_is_disconnected_with_notice() {
    let mut term = shell(&["-c", "echo $$ > pid; exec cat > /dev/null"]).start();
    term.wait(PROMPT);
    let pid = wait_coproc_pid(&mut term);
    kill(pid, Signal::SIGSTOP).unwrap();
    assert_flood_passes(&mut term, "read nothing");
    assert_eq!(proc::state(pid), Some('T'), "it was killed");
}

#[test]
fn coproc_that_never_reads_is_disconnected_and_still_types() {
    let mut term = shell(&["-c", "while [ ! -e go ]; do sleep 0.1; done; echo echo ty'p'ed-late; sleep 100"]).start();
    term.wait(PROMPT);
    assert_flood_passes(&mut term, "read nothing");
    std::fs::write(term.home().join("go"), "").unwrap();
    term.wait("typed-late");
}

#[test]
fn ctrl_c_works_while_stopped_coproc_blocks_output() {
    let mut term = bash(&["-c", "echo $$ > pid; exec cat > /dev/null"]).start();
    term.wait(PROMPT);
    let pid = wait_coproc_pid(&mut term);
    kill(pid, Signal::SIGSTOP).unwrap();
    term.send("yes\r");
    term.wait("y\r\ny\r\n");
    term.read_for(Duration::from_millis(1200));
    term.skip_unread();
    term.send("\x03");
    term.wait(PROMPT);
    term.send("echo still'-'here\r");
    term.wait("still-here\r\n");
}

#[test]
fn ctrl_c_reaches_shell_while_coproc_floods_input() {
    // The shell reads no input: the flood fills the input queue of the inner terminal before the key.
    let mut term = bash(&["-t", "start-flood", "-c", "exec yes y"]).start();
    term.wait(PROMPT);
    term.send("echo start'-'flood; sleep 100; echo sleep-over\r");
    term.wait("start-flood\r\n");
    term.read_for(Duration::from_millis(500));
    let begun = Instant::now();
    term.send("\x03");
    term.wait_until("the sleep to end", |term| {
        !term.descendants().into_iter().any(|pid| proc::command_line(pid) == "sleep 100")
    });
    assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
    assert!(proc::peak_kib(term.pid()) < 12_000, "{} KiB", proc::peak_kib(term.pid()));
}

#[test]
fn cat_as_coproc_and_job_loops_until_ctrl_c() {
    let mut term = bash(&["-t", "start-cat", "-c", "exec cat"]).start();
    term.wait(PROMPT);
    term.send("echo start'-'cat; cat\r");
    term.wait("start-cat\r\n");
    term.send("round and round\r");
    // A few were printed: every further line has gone through both programs. Which line goes round is left to chance: in
    // some runs the loop of the first line is full of line ends before the keys are read.
    term.wait_until("the loop to form", |term| count(term.output(), "\r\n") >= 1000);
    term.send("\x03");
    term.wait_until("the shell's cat to end", |term| {
        let shells: Vec<_> = proc::children(term.pid());
        let jobs = shells.iter().flat_map(|&pid| proc::children(pid));
        !jobs.into_iter().any(|pid| proc::command_line(pid) == "cat")
    });
    assert!(proc::peak_kib(term.pid()) < 12_000, "{} KiB", proc::peak_kib(term.pid()));
}

#[test]
fn coproc_failure_shows_status_and_last_stderr_line() {
    let mut term = shell(&["-t", "go-now", "-c", "echo one line >&2; echo the reason >&2; exit 3"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    term.wait_match(r"(?s)status 3.*the reason|the reason.*status 3");
    term.send("echo still'-'here\r");
    term.wait("still-here\r\n");
}

#[test]
fn coproc_killed_by_signal_shows_notice() {
    let mut term = shell(&["-t", "go-now", "-c", "kill -KILL $$"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    term.wait_match(r"(?i)signal|killed");
}

#[test]
fn coproc_success_shows_no_notice() {
    let mut term =
        wrapped(&["--indicator", "none", "-t", "go-now", "-c", "exit 0"], "echo go-now; read x; echo end").start();
    term.wait("go-now\r\n");
    term.read_for(Duration::from_millis(500));
    term.send("\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(show(term.output()), "go-now\\r\\n\n\\r\\n\nend\\r\\n\n");
}

#[test]
fn escape_sequences_in_coproc_stderr_are_not_interpreted() {
    let mut term = shell(&["-t", "go-now", "-c", "printf '\\033]0;evil\\007\\033[2Jreason' >&2; exit 3"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    term.wait("reason");
    assert!(!contains(term.output(), "\x1b]0;evil"), "{}", show(term.output()));
}

#[test]
fn ctrl_c_does_not_signal_coproc() {
    let mut term = bash(&["-c", "echo $$ > pid; trap 'echo int > int' INT; while :; do sleep 0.05; done"]).start();
    term.wait(PROMPT);
    let pid = wait_coproc_pid(&mut term);
    term.send("sh -c 'echo u''p; exec sleep 100'\r");
    term.wait("up\r\n");
    term.send("\x03");
    term.wait("^C");
    term.wait(PROMPT);
    assert!(proc::is_alive(pid) && term.read_home("int").is_none());
}

#[test]
fn notice_appears_above_typed_line_and_keeps_it() {
    let mut term = shell(&["-t", "go-now", "-c", "sleep 0.4; echo why >&2; exit 3"]).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    term.wait("go-now\r\n");
    term.wait(PROMPT);
    term.send("half a li");
    term.wait("why");
    term.wait_until("the line below the notice", |term| {
        let (row, column) = term.screen().cursor_position();
        let rows = term.rows();
        rows[usize::from(row)] == "ready> half a li" && column == 16 && rows[usize::from(row) - 1] != "go-now"
    });
    term.send("ne\x15echo ok'ay'\r");
    term.wait("okay\r\n");
}

#[test]
fn notice_waits_for_end_of_alternate_screen() {
    let script =
        "printf '\\033[?1049h\\033[Hfull screen'; echo go-now; read x; printf '\\033[?1049l'; sleep 1; echo end";
    let mut term = wrapped(&["-t", "go-now", "-c", "echo the-reason >&2; exit 3"], script).start();
    term.wait("go-now");
    term.read_for(Duration::from_millis(700));
    assert!(!contains(term.output(), "the-reason"), "{}", show(term.output()));
    term.send("\r");
    term.wait("\x1b[?1049l");
    term.wait("the-reason");
}

#[test]
fn notice_in_narrow_terminal_is_shortened() {
    let dir = TestDir::new();
    let mut term = shell(&["-t", "go-now", "-c", "echo why >&2; exit 3"]).cwd(dir.root()).size(3, 10, 0, 0).start();
    term.wait(PROMPT);
    term.send("echo go'-'now\r");
    // The notice is cut to the width of the terminal.
    term.wait("coshe ...");
    term.send("echo ok'ay'\r");
    term.wait("okay");
}
