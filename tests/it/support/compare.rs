//! Runs to the end: the same script straight on the terminal and through coshell, one that ends when something has come
//! of it, and rounds of which the quickest counts.

use std::time::Duration;

use termios::Termios;

use super::launch::{Launch, direct, wrapped};
use super::show;
use super::terminal::{Ended, Terminal};

/// What a script waits in until `Terminal::tell`. It reads nothing, and shows nothing.
pub const UNTIL_RELEASED: &str = "until [ -e \"$HOME/told\" ]; do sleep 0.02; done";

/// What a run showed and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub bytes: Vec<u8>,
    pub ended: Ended,
}

/// Runs to the end.
#[track_caller]
pub fn run(launch: Launch) -> Outcome {
    let mut terminal = launch.start();
    let ended = terminal.wait_end();
    Outcome { bytes: terminal.output().to_vec(), ended }
}

/// The modes of a terminal that nobody has changed.
pub fn fresh_modes() -> Termios {
    let mut terminal = direct(&["true"]).start();
    terminal.wait_end();
    terminal.modes()
}

/// Runs a script through coshell that does not end before this holds: what coshell has started has time to be done,
/// however slow the machine is.
#[track_caller]
pub fn run_until(options: &[&str], script: &str, what: &str, mut holds: impl FnMut() -> bool) -> Outcome {
    let mut terminal = wrapped(options, &format!("{script}; {UNTIL_RELEASED}")).start();
    terminal.wait_until(what, |_| holds());
    terminal.release();
    let ended = terminal.wait_end();
    Outcome { bytes: terminal.output().to_vec(), ended }
}

/// Fails unless a round takes less than `limit`. The quickest of many counts, and no more are done than it takes, since
/// the machine may be busy with something else.
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

/// The script's two outcomes: direct, and through coshell, both launched as `dress` says.
#[track_caller]
pub fn run_both(script: &str, configure: impl Fn(Launch) -> Launch) -> (Outcome, Outcome) {
    let plain = run(configure(direct(&["sh", "-c", script])));
    let through = run(configure(wrapped(&[], script)));
    (plain, through)
}

/// Fails unless both outcomes are the same, byte for byte, and gives what was shown.
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
