//! A stopped coshell: why it stops, which signals end it then, and to whom the terminal belongs meanwhile.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Ended, PROMPT, Terminal, TestDir, UNTIL_RELEASED, coshell, direct, proc};

/// Starts an outer shell that leaves the terminal modes alone, unlike bash.
fn outer_shell() -> Terminal {
    let mut term = direct(&["sh"]).start();
    term.wait(PROMPT);
    term
}

/// Waits for the coshell that the outer shell has started, and returns its pid.
fn wait_coshell(term: &mut Terminal) -> Pid {
    term.wait_for("a coshell", |term| {
        let is_coshell = |pid: &Pid| proc::command_line(*pid).starts_with(crate::support::COSHELL);
        term.descendants().into_iter().find(|pid| is_coshell(pid) && proc::parent(*pid) == Some(term.pid()))
    })
}

fn wait_state(term: &mut Terminal, pid: Pid, states: &str) {
    term.wait_until(&format!("state {states}"), |_| proc::state(pid).is_some_and(|state| states.contains(state)));
}

/// How coshell comes to be in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// In the foreground.
    Running,
    /// Stopped by SIGTTOU at its start in the background.
    StoppedAtStart,
    /// The same, with only the output on the terminal.
    StoppedAtStartWithoutKeyboard,
    /// Stopped by SIGTSTP.
    Suspended,
    /// Stopped by SIGTSTP, continued in the background, and stopped by SIGTTOU there.
    ContinuedInBackground,
    /// Stopped by SIGSTOP, which leaves the terminal raw.
    Frozen,
    /// Stopped because its command has stopped itself.
    StoppedWithCommand,
}

impl Phase {
    const ALL: [Self; 7] = [
        Self::Running,
        Self::StoppedAtStart,
        Self::StoppedAtStartWithoutKeyboard,
        Self::Suspended,
        Self::ContinuedInBackground,
        Self::Frozen,
        Self::StoppedWithCommand,
    ];

    /// Starts coshell from the shell in `term` and brings it into this state. Returns its pid.
    fn enter(self, term: &mut Terminal) -> Pid {
        let start = "\"$WRAP\" -q -- sh -c 'echo u''p; exec sleep 1000'";
        match self {
            Self::StoppedAtStart => term.send(format!("{start} &\r")),
            Self::StoppedAtStartWithoutKeyboard => term.send(format!("{start} </dev/null &\r")),
            Self::StoppedWithCommand => {
                term.send("\"$WRAP\" -q -- sh -c 'echo u''p; kill -STOP $$; exec sleep 1000'\r")
            }
            _ => term.send(format!("{start}\r")),
        }
        let session = wait_coshell(term);
        match self {
            Self::Running | Self::Suspended | Self::ContinuedInBackground | Self::Frozen => term.wait("up\r\n"),
            _ => {}
        }
        match self {
            Self::Running => return session,
            Self::Suspended | Self::ContinuedInBackground => kill(session, Signal::SIGTSTP).unwrap(),
            Self::Frozen => kill(session, Signal::SIGSTOP).unwrap(),
            _ => {}
        }
        wait_state(term, session, "T");
        if self == Self::ContinuedInBackground {
            term.wait(PROMPT);
            term.send("bg >/dev/null; echo continu''ed\r");
            term.wait("continued\r\n");
            wait_state(term, session, "T");
        }
        term.wait(PROMPT);
        session
    }
}

/// SIGSEGV stands for the signals that the event loop does not handle.
#[test]
fn every_terminating_signal_ends_coshell_in_every_phase() {
    let signals = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGSEGV];
    for phase in Phase::ALL {
        let mut term = outer_shell();
        let before = term.modes();
        for signal in signals {
            let case = format!("{phase:?}, {signal}");
            term.send("ulimit -c 0\r");
            term.wait(PROMPT);
            let session = phase.enter(&mut term);
            if phase == Phase::Frozen {
                // As a shell with line editing does. coshell itself had no chance to restore the modes.
                term.send("stty sane\n");
                term.wait(PROMPT);
            }
            let modes = term.modes();
            kill(session, signal).unwrap();
            // The second signal of `kill %1`, and of timeout(1).
            let _ = kill(session, Signal::SIGCONT);
            if phase == Phase::Running {
                term.wait(PROMPT);
                term.send("echo st''atus $?\r");
                assert_eq!(term.modes(), before, "{case}");
            } else {
                term.wait_until(&format!("the end: {case}"), |_| !proc::is_alive(session));
                assert_eq!(term.modes(), modes, "{case}");
                term.send(format!("wait {session}; echo st''atus $?\r"));
            }
            term.wait(&format!("status {}\r\n", 128 + signal as i32));
            term.wait(PROMPT);
            term.wait_until(&format!("nothing to be left: {case}"), |term| term.descendants().is_empty());
        }
    }
}

/// timeout(1) puts its command into a background process group, and sends SIGTERM and SIGCONT in the end.
#[test]
fn timeout_in_script_ends_coshell() {
    let mut term = outer_shell();
    term.send("sh -c 'timeout 0.2 \"$WRAP\" -q -- echo hi; echo st''atus $?'\r");
    term.wait("status 124\r\n");
    term.wait(PROMPT);
}

/// With TOSTOP the kernel stops a background process at each write.
#[test]
fn sigterm_ends_coshell_in_background_of_terminal_with_tostop() {
    let mut term = outer_shell();
    term.send("stty tostop; \"$WRAP\" -q -- yes </dev/null >/dev/null 2>&1 &\r");
    let session = wait_coshell(&mut term);
    kill(session, Signal::SIGTERM).unwrap();
    term.wait_until("the end", |_| !proc::is_alive(session));
    let session = Phase::Suspended.enter(&mut term);
    kill(session, Signal::SIGTERM).unwrap();
    kill(session, Signal::SIGCONT).unwrap();
    term.wait_until("the end", |_| !proc::is_alive(session));
    term.wait_until("nothing to be left", |term| term.descendants().is_empty());
}

/// Commands that stop themselves, by different processes and signals' targets, and then read a line.
const STOPS: &[(&str, &str)] = &[
    ("bash's suspend", "bash --norc --noprofile -ic 'suspend; read line; echo got-$line'"),
    ("SIGSTOP to itself", "sh -c 'kill -STOP $$; read line; echo got-$line'"),
    ("SIGSTOP to its group", "sh -c 'kill -STOP 0; read line; echo got-$line'"),
    ("SIGSTOP from a child", "sh -c '(kill -STOP $$); read line; echo got-$line'"),
];

#[test]
fn command_that_stops_itself_stops_coshell_and_fg_continues_both() {
    for (name, command) in STOPS {
        let mut term = outer_shell();
        let before = term.modes();
        term.send(format!("\"$WRAP\" -q -- {command}\r"));
        let session = wait_coshell(&mut term);
        term.wait("Stopped");
        term.wait(PROMPT);
        assert_eq!(proc::state(session), Some('T'), "{name}");
        assert_eq!(term.modes(), before, "{name}");
        term.resize(33, 99, 0, 0);
        term.send("fg\r");
        term.wait_until(&format!("raw again: {name}"), |term| term.modes() != before);
        term.send("one\r");
        term.wait("got-one\r\n");
        term.wait(PROMPT);
        assert_eq!(term.modes(), before, "{name}");
    }
}

/// As session leader, coshell's process group is orphaned: no shell can continue it.
#[test]
fn command_that_stops_itself_is_continued_in_orphaned_group() {
    for (name, command) in STOPS {
        let mut term = coshell(&["-q", "--", "sh", "-c", &format!("exec {command}")]).leader().start();
        // Typed ahead: the command reads it once it is continued.
        term.send("one\r");
        term.wait("got-one\r\n");
        assert_eq!(term.wait_end(), Ended::Code(0), "{name}");
    }
}

#[test]
fn command_that_stops_itself_is_continued_where_coshell_may_not_stop() {
    let command = format!("exec {}", STOPS[1].1);
    let mut term = coshell(&["-q", "--", "sh", "-c", &command]).ignored(Signal::SIGTSTP).start();
    term.send("one\r");
    term.wait("got-one\r\n");
    assert_eq!(term.wait_end(), Ended::Code(0));
}

#[test]
fn output_before_stop_of_command_is_shown_before_coshell_stops() {
    for n in 0..20 {
        let mut term = outer_shell();
        term.send(format!("\"$WRAP\" -q -- sh -c 'echo la''st-{n}; kill -STOP $$'\r"));
        term.wait("Stopped");
        let shown = term.text();
        assert!(shown.contains(&format!("last-{n}\r\n")), "{shown}");
    }
}

/// Starts coshell asynchronously from a script, in the script's process group and without a keyboard.
fn start_from_script(term: &mut Terminal, rest_of_script: &str) {
    let inside = format!("echo u''p; {UNTIL_RELEASED}; echo do''ne");
    term.send(format!("sh -c '\"$WRAP\" -q -- sh -c \"$0\" & {rest_of_script}' \"{}\"\r", inside.replace('"', "\\\"")));
    // The terminal's own output processing adds a CR.
    term.wait("up\r\r\n");
}

#[test]
fn asynchronous_coshell_of_script_leaves_terminal_modes_alone() {
    for rest_of_script in ["true", "until [ -e told ]; do sleep 0.02; done", "wait"] {
        let mut term = outer_shell();
        let before = term.modes();
        start_from_script(&mut term, rest_of_script);
        assert_eq!(term.modes(), before, "{rest_of_script}");
        term.release();
        term.wait("done\r\r\n");
        term.wait_until("nothing to be left", |term| term.descendants().is_empty());
        assert_eq!(term.modes(), before, "{rest_of_script}");
    }
}

/// Python program that takes the terminal away from coshell while it runs, as a shell does only after a stop, then types,
/// and gives the terminal back once coshell has stopped.
const TAKER: &str = r#"
import os, signal, sys, termios
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
mine = termios.tcgetattr(0)
child = os.fork()
if child == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpgrp())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(os.environ["WRAP"], ["coshell", "-q", "--", "sh", "-c", "echo up; read x; echo got-$x; exit 5"])
while not os.path.exists("taken"):
    pass
os.tcsetpgrp(0, os.getpgrp())
termios.tcsetattr(0, termios.TCSANOW, mine)
print("mine", flush=True)
pid, status = os.waitpid(child, os.WUNTRACED)
assert os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signal.SIGTTOU, status
assert termios.tcgetattr(0) == mine
sys.stdin.readline()
os.tcsetpgrp(0, child)
print("given", flush=True)
os.kill(child, signal.SIGCONT)
pid, status = os.waitpid(child, 0)
os.tcsetpgrp(0, os.getpgrp())
assert termios.tcgetattr(0) == mine
print("status", os.WEXITSTATUS(status), flush=True)
"#;

#[test]
fn coshell_that_loses_foreground_stops_at_next_key_and_goes_on_with_it() {
    let dir = TestDir::new();
    let mut term = direct(&["python3", &dir.write_file("taker.py", TAKER)]).start();
    term.wait("up\r\n");
    std::fs::write(term.home().join("taken"), "").unwrap();
    term.wait("mine");
    term.send("line\r");
    term.wait("given");
    term.send("one\r");
    term.wait("got-one");
    term.wait("status 5");
    assert_eq!(term.wait_end(), Ended::Code(0));
}
