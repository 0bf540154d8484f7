//! The end: the status is the command's own, nobody is waited for who does not matter, and nothing is left behind.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Ended, Place, Terminal, coshell, proc, run, shell, show, takes_less_than, wrapped};

#[test]
fn the_exit_status_is_the_commands_own() {
    for code in [0, 1, 2, 7, 124, 125, 126, 127, 128, 255] {
        assert_eq!(run(wrapped(&[], &format!("exit {code}"))).ended, Ended::Code(code));
    }
}

#[test]
fn a_command_that_a_signal_ends_gives_128_and_its_number() {
    for signal in [1, 2, 3, 6, 9, 11, 13, 14, 15, 10] {
        let script = format!("ulimit -c 0; kill -{signal} $$; echo not ended");
        assert_eq!(run(wrapped(&["-q"], &script)).ended, Ended::Code(128 + signal), "signal {signal}");
    }
}

/// From the job's last word to the end of coshell; the machine may be slow, the job is not waited for.
#[test]
fn a_background_job_does_not_hold_the_session() {
    let begun = Instant::now();
    let mut term = wrapped(&[], "(trap '' HUP; sleep 30) & echo hi").start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(show(term.seen()), "hi\\r\\n\n");
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
}

/// The claim is 0.1 s.
#[test]
fn with_a_background_job_it_leaves_within_a_tenth_of_a_second() {
    takes_less_than(Duration::from_millis(250), || {
        let mut term = wrapped(&[], "(trap '' HUP; exec sleep 30) & echo hi").start();
        term.wait("hi");
        let shown = Instant::now();
        assert_eq!(term.wait_end(), Ended::Code(0));
        shown.elapsed()
    });
}

#[test]
fn a_background_job_that_prints_for_ever_does_not_hold_the_session() {
    let mut term = wrapped(&[], "(trap '' HUP; exec yes) & sleep 0.2; exit 6").start();
    let begun = Instant::now();
    assert_eq!(term.wait_end(), Ended::Code(6));
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
}

/// Closes the terminal and waits until coshell and all that it started are gone.
fn goes_with_the_terminal(mut term: Terminal) {
    let inside = proc::children(term.pid());
    assert!(!inside.is_empty(), "no shell: {}", show(term.seen()));
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
    term.wait_until("the shell to be hung up", |_| inside.iter().all(|&pid| !proc::lives(pid)));
}

#[test]
fn when_the_terminal_closes_the_session_is_hung_up() {
    let mut term = shell(&[]).start();
    term.wait("ready> ");
    goes_with_the_terminal(term);
}

#[test]
fn when_the_terminal_of_a_session_leader_closes_the_session_is_hung_up() {
    let mut term = shell(&[]).leader().start();
    term.wait("ready> ");
    goes_with_the_terminal(term);
}

#[test]
fn when_the_terminal_closes_with_hup_ignored_and_blocked_the_session_is_hung_up() {
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
fn when_the_terminal_closes_in_a_flood_the_session_ends() {
    let mut term = wrapped(&[], "echo up; exec yes").start();
    term.wait("up");
    term.look_away(Duration::from_millis(300));
    term.close();
    term.wait_until("coshell to leave", |term| term.ended().is_some());
    term.wait_until("no process to be left", |term| term.relatives().is_empty());
}

#[test]
fn the_shell_gets_a_hang_up_when_the_terminal_closes() {
    let mut term = wrapped(&[], "trap 'echo hung up > hup; exit' HUP; echo up; while :; do sleep 0.1; done").start();
    term.wait("up");
    term.close();
    term.wait_until("the trap to run", |term| term.read_home("hup").is_some());
}

#[test]
fn a_killed_coshell_leaves_no_shell_behind() {
    let mut term = wrapped(&[], "echo up; exec sleep 100").start();
    term.wait("up");
    kill(term.pid(), Signal::SIGKILL).unwrap();
    assert_eq!(term.wait_end(), Ended::Signal(libc::SIGKILL));
    term.wait_until("no process to be left", |term| term.relatives().is_empty());
}

#[test]
fn no_zombie_is_left_while_a_session_runs() {
    let mut term = shell(&["--trigger", "go-(\\d+)", "--run", "true"]).start();
    term.wait("ready> ");
    for n in 0..10 {
        term.send(format!("echo go'-{n}'\r"));
        term.wait(&format!("go-{n}\r\n"));
    }
    let zombies = |pid: Pid| proc::children(pid).into_iter().filter(|&child| !proc::lives(child)).count();
    term.wait_until("no zombies", |term| proc::children(term.pid()).len() == 1 && zombies(term.pid()) == 0);
}

#[test]
fn an_idle_session_never_wakes_up() {
    // Where no other test looks for sessions: each is asked then.
    let place = Place::new();
    let launch = shell(&["--trigger", "never", "--bell"]).env("XDG_RUNTIME_DIR", place.dir());
    let mut term = launch.start();
    term.wait("ready> ");
    // Whatever follows the prompt (its pause is noticed after 20 ms) is over then.
    term.settle();
    term.watch(Duration::from_secs(1));
    let (naps, cpu) = (proc::naps(term.pid()), proc::cpu_ms(term.pid()));
    term.watch(Duration::from_secs(2));
    assert_eq!(proc::naps(term.pid()), naps, "it woke up");
    assert_eq!(proc::cpu_ms(term.pid()), cpu);
}

/// The command is gone long before the terminal has taken what it wrote, part of which is still in the pty inside.
#[test]
fn output_is_whole_when_the_terminal_is_slower_than_the_end() {
    let mut term = coshell(&["-q", "--", "seq", "1", "3000"]).start();
    term.look_away(Duration::from_millis(500));
    term.wait_end();
    let shown = term.seen();
    assert!(shown.ends_with(b"\n2999\r\n3000\r\n"), "{}", show(&shown[shown.len().saturating_sub(100)..]));
}

#[test]
fn output_is_whole_when_the_command_ends_at_once_after_much_of_it() {
    for _ in 0..10 {
        let shown = run(coshell(&["--", "seq", "1", "40000"])).bytes;
        assert!(shown.ends_with(b"\n40000\r\n"), "{}", show(&shown[shown.len().saturating_sub(100)..]));
    }
}
