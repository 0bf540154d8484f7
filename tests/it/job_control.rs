//! Job control: keys stop and continue jobs inside the session, and coshell itself stops, continues and runs in the
//! background like any job.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use termios::Termios;

use crate::support::{Ended, PROMPT, Terminal, bash, direct, proc, shell, show};

/// Starts an outer shell that leaves the terminal modes alone, unlike bash.
fn outer_shell() -> Terminal {
    let mut term = direct(&["sh"]).start();
    term.wait(PROMPT);
    term
}

/// Starts coshell with an inner shell that has another prompt, and returns coshell's pid.
fn start_inner_shell(term: &mut Terminal) -> Pid {
    term.send("PS1='inner> ' \"$WRAP\" -q -- sh\r");
    term.wait("sh\r\n");
    term.wait("inner> ");
    wait_coshell(term)
}

/// Waits for the coshell that the outer shell has started, and returns its pid.
fn wait_coshell(term: &mut Terminal) -> Pid {
    term.wait_for("a coshell", |term| {
        let is_coshell = |pid: &Pid| proc::command_line(*pid).starts_with(crate::support::COSHELL);
        proc::children(term.pid()).into_iter().find(is_coshell)
    })
}

fn wait_state(term: &mut Terminal, pid: Pid, states: &str) {
    term.wait_until(&format!("state {states}"), |_| proc::state(pid).is_some_and(|state| states.contains(state)));
}

fn exit_both_shells(term: &mut Terminal, modes: &Termios) {
    term.send("exit\r");
    term.wait(PROMPT);
    assert_eq!(&term.modes(), modes);
    term.send("exit\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
}

#[test]
fn ctrl_z_stops_inner_job_and_fg_continues_it() {
    let mut term = bash(&[]).start();
    term.wait(PROMPT);
    term.send("sh -c 'echo u''p; exec cat'\r");
    term.wait("up\r\n");
    term.send("one\r");
    term.wait("one\r\none");
    term.send("\x1a");
    term.wait("Stopped");
    term.wait(PROMPT);
    assert_ne!(proc::state(term.pid()), Some('T'), "coshell itself was stopped");
    term.send("fg\r");
    term.wait("exec cat'\r\n");
    term.wait_until("cat to go on", |term| {
        let cats: Vec<_> = term.descendants().into_iter().filter(|&pid| proc::command_line(pid) == "cat").collect();
        cats.iter().all(|&pid| proc::state(pid) != Some('T'))
    });
    term.send("two\r");
    term.wait("two\r\ntwo");
    term.send("\x03");
    term.wait("^C");
    term.wait(PROMPT);
    term.send("exit 3\r");
    assert_eq!(term.wait_end(), Ended::Code(3));
}

#[test]
fn stopped_coshell_restores_modes_and_fg_applies_new_size() {
    let mut term = outer_shell();
    let before = term.modes();
    let session = start_inner_shell(&mut term);
    assert_ne!(term.modes(), before);
    for round in 0..3_u16 {
        kill(session, Signal::SIGTSTP).unwrap();
        term.wait("Stopped");
        term.wait(PROMPT);
        assert_eq!(term.modes(), before, "cooked while stopped");
        term.resize(40 + round, 100, 0, 0);
        term.send("echo out'side'\r");
        term.wait("outside");
        term.wait(PROMPT);
        term.send("fg\r");
        term.wait("fg\r\n");
        term.wait_until("raw again", |term| term.modes() != before);
        term.send("stty size\r");
        term.wait(&format!("{} 100\r\n", 40 + round));
        term.wait("inner> ");
    }
    exit_both_shells(&mut term, &before);
}

#[test]
fn session_goes_on_after_sigstop_and_fg() {
    let mut term = outer_shell();
    let before = term.modes();
    let session = start_inner_shell(&mut term);
    kill(session, Signal::SIGSTOP).unwrap();
    term.wait("Stopped");
    term.wait(PROMPT);
    // The terminal is still raw: SIGSTOP cannot be caught, so coshell could not restore it.
    term.send("fg\n");
    wait_state(&mut term, session, "SR");
    term.send("echo in'side'\r");
    term.wait("inside\r\n");
    term.wait("inner> ");
    exit_both_shells(&mut term, &before);
}

#[test]
fn modes_changed_while_stopped_are_kept_at_exit() {
    let mut term = outer_shell();
    let session = start_inner_shell(&mut term);
    kill(session, Signal::SIGTSTP).unwrap();
    term.wait("Stopped");
    term.wait(PROMPT);
    term.send("stty erase ^H\r");
    term.wait(PROMPT);
    let changed = term.modes();
    term.send("fg\r");
    term.wait_until("raw again", |term| term.modes() != changed);
    exit_both_shells(&mut term, &changed);
}

/// As session leader, coshell's process group is orphaned, and the kernel does not stop it.
#[test]
fn stop_signal_in_orphaned_group_does_not_end_session() {
    let mut term = shell(&[]).leader().start();
    term.wait(PROMPT);
    let raw = term.modes();
    term.signal(Signal::SIGTSTP);
    term.send("echo st'ill'\r");
    term.wait("still\r\n");
    term.wait_until("raw again", |term| term.modes() == raw);
    term.send("exit\r");
    assert_eq!(term.wait_end(), Ended::Code(0));
}

#[test]
fn ignored_stop_signal_does_not_stop_coshell() {
    let mut term = shell(&[]).ignored(Signal::SIGTSTP).start();
    term.wait(PROMPT);
    term.signal(Signal::SIGTSTP);
    term.send("echo st'ill'\r");
    term.wait("still\r\n");
}

/// A SIGCONT that arrives at once must not be lost, since no other follows; nor must keys change that arrive while coshell
/// restores the terminal. Either is a matter of microseconds.
#[test]
fn session_goes_on_after_immediate_stop_and_continue() {
    let mut term = shell(&[]).start();
    for n in 0..200 {
        term.wait(PROMPT);
        term.signal(Signal::SIGTSTP);
        term.signal(Signal::SIGCONT);
        term.send(format!("echo st'ill'-{n}\r"));
        term.wait(&format!("still-{n}\r\n"));
    }
}

#[test]
fn background_start_stops_without_changing_modes_until_fg() {
    for outer_shell in ["sh", "bash"] {
        let argv: &[&str] = if outer_shell == "sh" { &["sh"] } else { &["bash", "--norc", "--noprofile"] };
        let mut term = direct(argv).start();
        term.wait(PROMPT);
        term.send("stty -g; PS1='inner> ' \"$WRAP\" -q -- sh &\r");
        let modes = term.wait_match(r"[\r\n]([0-9a-f:]{40,})\r");
        let session = wait_coshell(&mut term);
        wait_state(&mut term, session, "T");
        term.send("stty -g\r");
        assert_eq!(term.wait_match(r"[\r\n]([0-9a-f:]{40,})\r"), modes, "{outer_shell}");
        term.wait(PROMPT);
        term.send("fg\r");
        term.wait("-- sh\r\n");
        term.wait("inner> ");
        term.send("echo in'side'\r");
        term.wait("inside\r\n");
        term.send("exit\r");
        term.wait(PROMPT);
        term.send("exit\r");
        term.wait_end();
    }
}

#[test]
fn background_start_with_all_streams_redirected_runs() {
    let mut term = outer_shell();
    term.send("\"$WRAP\" -q -- sh -c 'echo in; exit 5' </dev/null >out 2>&1 &\r");
    term.wait(PROMPT);
    term.send("wait $!; echo status $?\r");
    term.wait("status 5\r\n");
    let out = term.read_home("out").expect("the shell created the file");
    assert!(crate::support::contains(&out, "in\r\n"), "{}", show(&out));
}

#[test]
fn ctrl_z_stops_inner_job_not_coshell() {
    let mut term = outer_shell();
    let session = start_inner_shell(&mut term);
    term.send("sh -c 'echo u''p; exec sleep 100'\r");
    term.wait("up\r\n");
    term.send("\x1a");
    term.wait("Stopped");
    term.wait("inner> ");
    assert_ne!(proc::state(session), Some('T'));
    term.send("kill %1\rexit\r");
}
