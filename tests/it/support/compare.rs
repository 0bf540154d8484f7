//! Scripts that run to completion: directly and through coshell, until a condition holds, and in timed rounds.

use std::time::Duration;

use termios::Termios;

use super::launch::{Launch, direct, wrapped};
use super::show;
use super::terminal::{Ended, Terminal};

/// Shell loop that waits for `Terminal::release`. It reads no input and prints nothing.
pub const UNTIL_RELEASED: &str = "until [ -e \"$HOME/told\" ]; do sleep 0.02; done";

/// Bytes that a finished run showed, and its end.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub bytes: Vec<u8>,
    pub ended: Ended,
}

/// Starts `launch` and waits for its end.
#[track_caller]
pub fn run(launch: Launch) -> Outcome {
    let mut terminal = launch.start();
    let ended = terminal.wait_end();
    Outcome { bytes: terminal.output().to_vec(), ended }
}

/// Returns the modes of an unmodified terminal.
pub fn fresh_modes() -> Termios {
    let mut terminal = direct(&["true"]).start();
    terminal.wait_end();
    terminal.modes()
}

/// Runs `script` through coshell and keeps it from ending until `holds` returns true, so that programs started by
/// coshell finish however slow the machine is. `what` names the condition in the failure message.
#[track_caller]
pub fn run_until(options: &[&str], script: &str, what: &str, mut holds: impl FnMut() -> bool) -> Outcome {
    let mut terminal = wrapped(options, &format!("{script}; {UNTIL_RELEASED}")).start();
    terminal.wait_until(what, |_| holds());
    terminal.release();
    let ended = terminal.wait_end();
    Outcome { bytes: terminal.output().to_vec(), ended }
}

/// Fails unless one of 40 calls of `round` returns less than `limit`. Stops at the first one that does: a single slow
/// round proves nothing on a busy machine.
#[track_caller]
pub fn takes_less_than(limit: Duration, mut round: impl FnMut() -> Duration) {
    const ROUNDS: usize = 40;
    let mut times = Vec::new();
    while times.len() < ROUNDS {
        times.push(round());
        if times.last().is_some_and(|time| *time < limit) {
            return;
        }
    }
    panic!("not one of {ROUNDS} rounds took less than {limit:?}: {times:?}");
}

/// Runs `script` directly and through coshell, both launched as `configure` returns them, and returns the two
/// outcomes.
#[track_caller]
pub fn run_both(script: &str, configure: impl Fn(Launch) -> Launch) -> (Outcome, Outcome) {
    let plain = run(configure(direct(&["sh", "-c", script])));
    let through = run(configure(wrapped(&[], script)));
    (plain, through)
}

/// Fails unless `script` ends the same way and shows the same bytes directly and through coshell. Returns these
/// bytes.
#[track_caller]
pub fn same_output(script: &str, configure: impl Fn(Launch) -> Launch) -> Vec<u8> {
    let (plain, through) = run_both(script, configure);
    assert_eq!(plain.ended, through.ended, "shown through coshell: {}", show(&through.bytes));
    assert!(
        plain.bytes == through.bytes,
        "{} bytes directly, the last: {}\n{} through coshell, the last: {}",
        plain.bytes.len(),
        show(&plain.bytes),
        through.bytes.len(),
        show(&through.bytes),
    );
    plain.bytes
}
