//! Signals: dispositions and masks are inherited, and the terminal is restored whichever signal, or panic, ends
//! coshell in whichever phase.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};

use crate::support::terminal::DEADLINE;
use crate::support::{
    Ended, Launch, Terminal, contains, coshell, direct, fresh_modes, proc, run, same_output, show, wrapped,
};

/// Fails unless the signal masks of `grep` are the same directly and through coshell, and returns them. No shell
/// stands in between, which would clear its mask.
fn assert_same_masks(configure: impl Fn(Launch) -> Launch) -> String {
    let inspect = ["grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"];
    let plain = run(configure(direct(&inspect)));
    let through = run(configure(coshell(&[&["--"], &inspect[..]].concat())));
    assert_eq!(show(&plain.bytes), show(&through.bytes));
    String::from_utf8(plain.bytes).unwrap()
}

#[test]
fn signal_masks_and_dispositions_are_inherited() {
    assert_same_masks(|l| l);
    let shown = assert_same_masks(|l| l.ignored(Signal::SIGUSR1).ignored(Signal::SIGPIPE).blocked(Signal::SIGWINCH));
    assert!(shown.contains("SigBlk:\t0000000008000000"), "{shown}");
    assert_same_masks(|l| {
        l.ignored(Signal::SIGCHLD).ignored(Signal::SIGTERM).ignored(Signal::SIGINT).blocked(Signal::SIGUSR2)
    });
    assert_same_masks(|l| l.blocked(Signal::SIGTERM).ignored(Signal::SIGTSTP).ignored(Signal::SIGHUP));
    assert_same_masks(|l| l.ignored(Signal::SIGXFSZ));
}

#[test]
fn blocked_sigchld_is_inherited_and_does_not_delay_exit() {
    assert_same_masks(|l| l.blocked(Signal::SIGCHLD));
}

#[test]
fn session_with_every_signal_blocked_runs_and_ends() {
    let shown = same_output("echo hi; exit 3", |mut l| {
        for signal in Signal::iterator() {
            l = l.blocked(signal);
        }
        l
    });
    assert_eq!(shown, b"hi\r\n");
}

#[test]
fn environment_directory_and_descriptors_are_inherited() {
    let dir = crate::support::TestDir::new();
    let script = "env | grep -v '^RIG=\\|^COSHELL_\\|^_=' | sort; pwd; ls /proc/$$/fd";
    let shown = same_output(script, |l| {
        l.cwd(dir.root()).env("HOME", dir.root()).env("XDG_RUNTIME_DIR", dir.root()).env("ODD", "a b\tc=d")
    });
    assert!(contains(&shown, "ODD=a b\tc=d"), "{}", show(&shown));
}

#[test]
fn umask_limits_and_niceness_are_inherited() {
    let inspect = "umask; ulimit -a; nice; id; cat /proc/self/cgroup";
    let prepare = "umask 027; ulimit -n 99; ulimit -c 0; ulimit -s 4096";
    let plain = run(direct(&["sh", "-c", &format!("{prepare}; exec nice -n 3 sh -c '{inspect}'")]));
    let through = run(direct(&["sh", "-c", &format!("{prepare}; exec nice -n 3 \"$WRAP\" -- sh -c '{inspect}'")]));
    assert!(contains(&plain.bytes, "0027"), "{}", show(&plain.bytes));
    assert_eq!(show(&plain.bytes), show(&through.bytes));
}

#[test]
fn term_hup_int_and_quit_end_session_with_128_plus_number() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
        let mut term = wrapped(&[], "trap 'echo hup > hup; exit' HUP; echo up; while :; do sleep 0.05; done").start();
        term.wait("up");
        term.signal(signal);
        assert_eq!(term.wait_end(), Ended::Code(128 + signal as i32), "{signal}");
        assert_eq!(term.modes(), fresh_modes(), "{signal}");
        term.wait_until("the session inside to be hung up", |term| {
            term.descendants().is_empty() && term.read_home("hup").is_some()
        });
    }
}

#[test]
fn sigterm_ends_session_whose_shell_ignores_sighup() {
    let mut term = wrapped(&[], "trap '' HUP TERM INT; echo up; while :; do sleep 0.05; done").start();
    term.wait("up");
    term.signal(Signal::SIGTERM);
    assert_eq!(term.wait_end(), Ended::Code(128 + 15));
    assert_eq!(term.modes(), fresh_modes());
}

/// Reads no output until `holds` returns true.
fn pause_until(term: &mut Terminal, what: &str, holds: impl Fn(&Terminal) -> bool) {
    let until = Instant::now() + DEADLINE;
    while !holds(term) {
        assert!(Instant::now() < until, "timed out waiting for: {what}");
        term.pause_reading(Duration::from_millis(20));
    }
}

/// A frozen connection never reads again: unread output is discarded so that the modes can be turned off.
#[test]
fn term_and_hup_end_session_with_blocked_terminal() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut term = wrapped(&[], "printf '\\033[?2004h\\033[?25l'; echo up; exec yes").start();
        term.wait("up");
        pause_until(&mut term, "all to wait", |term| {
            proc::is_asleep(term.pid()) && proc::children(term.pid()).into_iter().all(proc::is_asleep)
        });
        term.signal(signal);
        pause_until(&mut term, "the end", |term| term.ended().is_some());
        assert_eq!(term.ended(), Some(Ended::Code(128 + signal as i32)), "{signal}");
        assert_eq!(term.modes(), fresh_modes(), "{signal}");
        term.wait_end();
        let screen = term.screen();
        let tail = term.output().len().saturating_sub(200);
        assert!(!screen.bracketed_paste() && !screen.hide_cursor(), "{signal}: {}", show(&term.output()[tail..]));
        term.wait_until("nothing to be left", |term| term.descendants().is_empty());
    }
}

/// Sends each signal: the terminal is restored at the end, and a mode left on is turned off.
#[test]
fn every_catchable_signal_leaves_terminal_restored() {
    let before = fresh_modes();
    let uncatchable = [Signal::SIGKILL, Signal::SIGSTOP];
    let stops = [Signal::SIGTSTP, Signal::SIGTTIN, Signal::SIGTTOU];
    let named = Signal::iterator().filter(|signal| !uncatchable.contains(signal) && !stops.contains(signal));
    let real_time = [libc::SIGRTMIN(), libc::SIGRTMAX()];
    for signal in named.map(|signal| signal as i32).chain(real_time) {
        let mut term = wrapped(&["-q"], "ulimit -c 0; printf '\\033[?2004h'; echo up; read x").start();
        term.wait("up");
        term.signal_number(signal);
        // Ends the script where the signal did not end coshell.
        term.send("\r");
        let ended = term.wait_end();
        assert_eq!(term.modes(), before, "{signal}: {ended:?}");
        assert!(contains(term.output(), "\x1b[?2004l"), "{signal}: {ended:?}: {}", show(term.output()));
    }
}

#[test]
fn signal_during_startup_leaves_terminal_restored() {
    let before = fresh_modes();
    for (round, signal) in
        [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT].into_iter().cycle().take(60).enumerate()
    {
        let mut term = wrapped(&["-q"], "sleep 20").start();
        term.read_for(Duration::from_micros(150) * u32::try_from(round).unwrap());
        term.signal(signal);
        let ended = term.wait_end();
        assert_eq!(term.modes(), before, "round {round}, {signal}: {ended:?}");
        term.wait_until("nothing to be left", |term| term.descendants().is_empty());
    }
}

#[test]
fn signal_during_exit_leaves_terminal_restored() {
    let before = fresh_modes();
    for round in 0..40 {
        let mut term = wrapped(&["-q"], "echo up; read x").start();
        term.wait("up");
        term.send("\r");
        term.read_for(Duration::from_micros(50) * round);
        // Fails with ESRCH where coshell has ended already.
        let _ = kill(term.pid(), Signal::SIGTERM);
        let ended = term.wait_end();
        assert!(matches!(ended, Ended::Code(0 | 143)), "round {round}: {ended:?}");
        assert_eq!(term.modes(), before, "round {round}: {ended:?}");
    }
}

/// Builds with debug assertions, as those of tests, honour the variable.
#[test]
fn panic_before_shell_starts_leaves_terminal_restored() {
    let before = fresh_modes();
    for phase in ["start", "raw"] {
        let mut term = wrapped(&[], "echo up").env("COSHELL_TEST_PANIC", phase).start();
        assert_eq!(term.wait_end(), Ended::Code(125), "{phase}: {}", show(term.output()));
        assert_eq!(term.modes(), before, "{phase}");
        assert!(term.text().contains("a fault in coshell ended the session"), "{phase}: {}", show(term.output()));
        assert!(term.descendants().is_empty(), "{phase}");
    }
}

#[test]
fn winch_and_cont_to_coshell_do_not_reach_shell() {
    // The last signal is the shell's own: it shows that the trap works.
    let script = "trap 'echo got it' WINCH CONT; echo up; read x; echo bye; read x; kill -WINCH $$";
    let mut term = wrapped(&[], script).start();
    term.wait("up");
    term.signal(Signal::SIGWINCH);
    term.signal(Signal::SIGCONT);
    term.send("\r");
    term.wait("bye");
    assert!(!contains(term.output(), "got it"), "{}", show(term.output()));
    term.send("\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
    assert!(contains(term.unread(), "got it"), "{}", show(term.output()));
}
