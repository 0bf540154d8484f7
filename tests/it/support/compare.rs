//! The same script straight on the terminal and through coshell.

use termios::Termios;

use super::launch::{Launch, direct, wrapped};
use super::show;
use super::terminal::Ended;

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
    Outcome { bytes: terminal.seen().to_vec(), ended }
}

/// The modes of a terminal that nobody has changed.
pub fn fresh_modes() -> Termios {
    let mut terminal = direct(&["true"]).start();
    terminal.wait_end();
    terminal.modes()
}

/// The script's two outcomes: direct, and through coshell, both launched as `dress` says.
#[track_caller]
pub fn both(script: &str, dress: impl Fn(Launch) -> Launch) -> (Outcome, Outcome) {
    let plain = run(dress(direct(&["sh", "-c", script])));
    let through = run(dress(wrapped(&[], script)));
    (plain, through)
}

/// Fails unless both outcomes are the same, byte for byte, and gives what was shown.
#[track_caller]
pub fn same(script: &str, dress: impl Fn(Launch) -> Launch) -> Vec<u8> {
    let (plain, through) = both(script, dress);
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
