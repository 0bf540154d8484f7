//! End of a session: exit status, background jobs, hangup, and processes left behind.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{
    Ended, Terminal, TestDir, UNTIL_RELEASED, coshell, proc, run, shell, show, takes_less_than, wrapped,
};

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

/// Limits the time generously: a slow machine is no failure, waiting for the job's 30 s is.
#[test]
fn background_job_does_not_delay_exit() {
    let begun = Instant::now();
    let mut term = wrapped(&[], "(trap '' HUP; sleep 30) & echo hi").start();
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert_eq!(show(term.output()), "hi\\r\\n\n");
    assert!(begun.elapsed() < Duration::from_secs(20), "took {:?}", begun.elapsed());
}

/// The target is 0.1 s; the limit leaves room for a busy machine.
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

/// Closes the terminal, and fails unless coshell and its children end soon without spinning.
fn assert_close_ends_session(mut term: Terminal) {
    let inside = proc::children(term.pid());
    assert!(!inside.is_empty(), "no shell: {}", show(term.output()));
    let before = proc::cpu_ms(term.pid()).expect("the process exists");
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
    // The command inherits the ignored SIGHUP and may stay; coshell may not.
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
    let mut term = shell(&["--trigger", "never", "--bell"]).start();
    term.wait("ready> ");
    // Work after the prompt, such as the 20 ms pause timer, is done by then.
    term.wait_quiet();
    term.read_for(Duration::from_secs(1));
    let (sleeps, cpu) = (proc::sleep_count(term.pid()), proc::cpu_ms(term.pid()));
    term.read_for(Duration::from_secs(2));
    assert_eq!(proc::sleep_count(term.pid()), sleeps, "it woke up");
    assert_eq!(proc::cpu_ms(term.pid()), cpu);
}

/// The command ends long before the terminal has taken its output, part of which is still in the inner pty.
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

/// The kernel takes the controlling terminal away from a session when the last descriptor of it is closed.
#[test]
fn output_after_all_have_closed_pty_for_a_moment_is_shown() {
    let script = format!(
        "exec 0<&- 1>&- 2>&-; : >closed; {UNTIL_RELEASED}; exec </dev/tty >/dev/tty 2>&1; echo back; read x; \
         echo got-$x; exit 3"
    );
    let mut term = wrapped(&["-q"], &script).start();
    term.wait_until("the pty to be closed", |term| term.read_home("closed").is_some());
    term.wait_quiet();
    term.release();
    term.wait("back\r\n");
    term.send("one\r");
    term.wait("got-one\r\n");
    assert_eq!(term.wait_end(), Ended::Code(3));
}

/// Python program that disconnects every descriptor of its terminal and opens it again, as login(1) does.
const VHANGUP: &str = r#"
import ctypes, os, signal, sys
name = os.ttyname(0)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
print("before", flush=True)
sys.stdin.readline()
if ctypes.CDLL(None).vhangup() != 0:
    sys.exit(9)
for fd in 0, 1, 2:
    os.close(fd)
for _ in range(3):
    os.open(name, os.O_RDWR)
os.write(1, b"after\n")
os.write(1, b"got-" + os.read(0, 100))
os._exit(3)
"#;

/// vhangup(2) wants CAP_SYS_TTY_CONFIG.
#[test]
fn output_after_vhangup_is_shown() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let dir = TestDir::new();
    for _ in 0..10 {
        let mut term = coshell(&["-q", "--", "python3", &dir.write_file("vhangup.py", VHANGUP)]).start();
        term.wait("before\r\n");
        term.send("go\r");
        term.wait("after\r\n");
        term.send("one\r");
        term.wait("got-one\r\n");
        assert_eq!(term.wait_end(), Ended::Code(3));
    }
}
