//! The end: the status is the command's own, nobody is waited for who does not matter, and nothing is left behind.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Ended, Terminal, TestDir, coshell, proc, run, shell, show, takes_less_than, wrapped};

#[test]
fn exit_status_is_that_of_command() {
    for code in [0, 1, 2, 7, 124, 125, 126, 127, 128, 255] {
        assert_eq!(run(wrapped(&[], &format!("exit {code}"))).ended, Ended::Code(code));
    }
}

#[test]
fn command_ended_by_signal_gives_128_plus_number() {
    for signal in [1, 2, 3, 6, 9, 11, 13, 14, 15, 10] {
        let script = format!("ulimit -c 0; kill -{signal} $$; echo not ended");
        assert_eq!(run(wrapped(&["-q"], &script)).ended, Ended::Code(128 + signal), "signal {signal}");
    }
}

/// From the job's last word to the end of coshell; the machine may be slow, the job is not waited for.
#[test]
fn background_job_does_not_delay_exit() {
    let begun = Instant::now();
    let mut term = wrapped(&[], "(trap '' HUP; sleep 30) & echo hi").start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(show(term.output()), "hi\\r\\n\n");
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
}

/// The claim is 0.1 s.
#[test]
fn exit_with_background_job_takes_a_tenth_of_a_second() {
    takes_less_than(Duration::from_millis(250), || {
        let mut term = wrapped(&[], "(trap '' HUP; exec sleep 30) & echo hi").start();
        term.wait("hi");
        let shown = Instant::now();
        assert_eq!(term.wait_end(), Ended::Code(0));
        shown.elapsed()
    });
}

#[test]
fn background_job_printing_forever_does_not_delay_exit() {
    let mut term = wrapped(&[], "(trap '' HUP; exec yes) & sleep 0.2; exit 6").start();
    let begun = Instant::now();
    assert_eq!(term.wait_end(), Ended::Code(6));
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
}

/// Closes the terminal and waits until coshell and all that it started are gone.
fn assert_close_ends_session(mut term: Terminal) {
    let inside = proc::children(term.pid());
    assert!(!inside.is_empty(), "no shell: {}", show(term.output()));
    let before = proc::cpu_ms(term.pid()).expect("it lives");
    term.close();
    let closed = Instant::now();
    let mut used = before;
    term.wait_until("coshell to leave with its terminal", |term| {
        used = used.max(proc::cpu_ms(term.pid()).unwrap_or(0));
        term.ended().is_some()
    });
    assert!(closed.elapsed() < Duration::from_secs(10), "took {:?}", closed.elapsed());
    assert!(used - before < 300, "{} ms of processor time", used - before);
    term.wait_until("the shell to be hung up", |_| inside.iter().all(|&pid| !proc::is_alive(pid)));
}

#[test]
fn closed_terminal_hangs_session_up() {
    let mut term = shell(&[]).start();
    term.wait("ready> ");
    assert_close_ends_session(term);
}

#[test]
fn closed_terminal_of_session_leader_hangs_session_up() {
    let mut term = shell(&[]).leader().start();
    term.wait("ready> ");
    assert_close_ends_session(term);
}

#[test]
fn closed_terminal_with_hup_ignored_or_blocked_ends_coshell() {
    let mut term = wrapped(&[], "echo up; exec sleep 100").ignored(Signal::SIGHUP).start();
    term.wait("up");
    term.close();
    // The command inherits the ignored hang-up and may stay; coshell may not.
    term.wait_until("coshell to leave", |term| term.ended().is_some());
    let mut term = wrapped(&[], "echo up; exec sleep 100").blocked(Signal::SIGHUP).start();
    term.wait("up");
    term.close();
    term.wait_until("coshell to leave", |term| term.ended().is_some());
}

#[test]
fn closed_terminal_during_flood_ends_session() {
    let mut term = wrapped(&[], "echo up; exec yes").start();
    term.wait("up");
    term.pause_reading(Duration::from_millis(300));
    term.close();
    term.wait_until("coshell to leave", |term| term.ended().is_some());
    term.wait_until("no process to be left", |term| term.descendants().is_empty());
}

#[test]
fn closed_terminal_sends_sighup_to_shell() {
    let mut term = wrapped(&[], "trap 'echo hung up > hup; exit' HUP; echo up; while :; do sleep 0.1; done").start();
    term.wait("up");
    term.close();
    term.wait_until("the trap to run", |term| term.read_home("hup").is_some());
}

#[test]
fn killed_coshell_leaves_no_shell() {
    let mut term = wrapped(&[], "echo up; exec sleep 100").start();
    term.wait("up");
    kill(term.pid(), Signal::SIGKILL).unwrap();
    assert_eq!(term.wait_end(), Ended::Signal(libc::SIGKILL));
    term.wait_until("no process to be left", |term| term.descendants().is_empty());
}

#[test]
fn running_session_reaps_its_children() {
    let mut term = shell(&["--trigger", "go-(\\d+)", "--run", "true"]).start();
    term.wait("ready> ");
    for n in 0..10 {
        term.send(format!("echo go'-{n}'\r"));
        term.wait(&format!("go-{n}\r\n"));
    }
    let zombies = |pid: Pid| proc::children(pid).into_iter().filter(|&child| !proc::is_alive(child)).count();
    term.wait_until("no zombies", |term| proc::children(term.pid()).len() == 1 && zombies(term.pid()) == 0);
}

#[test]
fn idle_session_never_wakes_up() {
    // Where no other test looks for sessions: each is asked then.
    let dir = TestDir::new();
    let launch = shell(&["--trigger", "never", "--bell"]).env("XDG_RUNTIME_DIR", dir.root());
    let mut term = launch.start();
    term.wait("ready> ");
    // Whatever follows the prompt (its pause is noticed after 20 ms) is over then.
    term.wait_quiet();
    term.read_for(Duration::from_secs(1));
    let (sleeps, cpu) = (proc::sleep_count(term.pid()), proc::cpu_ms(term.pid()));
    term.read_for(Duration::from_secs(2));
    assert_eq!(proc::sleep_count(term.pid()), sleeps, "it woke up");
    assert_eq!(proc::cpu_ms(term.pid()), cpu);
}

/// The command is gone long before the terminal has taken what it wrote, part of which is still in the pty inside.
#[test]
fn output_is_complete_when_command_ends_before_terminal_reads() {
    let mut term = coshell(&["-q", "--", "seq", "1", "3000"]).start();
    term.pause_reading(Duration::from_millis(500));
    term.wait_end();
    let shown = term.output();
    assert!(shown.ends_with(b"\n2999\r\n3000\r\n"), "{}", show(&shown[shown.len().saturating_sub(100)..]));
}

#[test]
fn output_is_complete_when_command_ends_right_after_it() {
    for _ in 0..10 {
        let shown = run(coshell(&["--", "seq", "1", "40000"])).bytes;
        assert!(shown.ends_with(b"\n40000\r\n"), "{}", show(&shown[shown.len().saturating_sub(100)..]));
    }
}
