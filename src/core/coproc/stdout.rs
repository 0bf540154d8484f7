//! What a coprocess says: how much it wrote, whether more may come, and the end of its stderr. The bytes of its stdout
//! are typed by others.

use crate::core::stderr_tail;
use crate::core::stderr_tail::StderrTail;

/// What its stdout can still hold once it has exited: a pipe's capacity on Linux.
const LAST_WORDS: usize = 64 * 1024;

/// How its stdout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StdoutState {
    /// More may come.
    Open,
    /// It has exited; this much has come since, and its last words may still be on the way.
    Last(usize),
    /// Everything that it wrote has been read.
    Done,
}

/// What it wrote.
#[derive(Debug)]
pub(super) struct CoprocOutput {
    /// How much it wrote to stdout in all.
    pub(super) typed: u64,
    stdout: StdoutState,
    /// The end of its stderr.
    pub(super) stderr: StderrTail,
    /// The first bytes of a character of stderr whose rest is on the way.
    half: Vec<u8>,
}

impl CoprocOutput {
    /// Of one that has said nothing yet.
    pub(super) fn new() -> Self {
        Self { typed: 0, stdout: StdoutState::Open, stderr: StderrTail::default(), half: Vec::new() }
    }

    /// It wrote `n` bytes to stdout.
    pub(super) fn said(&mut self, n: usize) {
        self.typed += n as u64;
        if let StdoutState::Last(since) = &mut self.stdout {
            *since += n;
            if *since >= LAST_WORDS {
                self.stdout = StdoutState::Done;
            }
        }
    }

    /// A read of its stdout found nothing more for now.
    pub(super) fn said_nothing(&mut self) {
        if let StdoutState::Last(_) = self.stdout {
            self.stdout = StdoutState::Done;
        }
    }

    /// Its stdout has ended: it may live on.
    pub(super) fn closed(&mut self) {
        self.stdout = StdoutState::Done;
    }

    /// Its process has exited.
    pub(super) fn exited(&mut self) {
        if self.stdout == StdoutState::Open {
            self.stdout = StdoutState::Last(0);
        }
    }

    /// Whether its stdout is of interest.
    pub(super) fn goes_on(&self) -> bool {
        self.stdout != StdoutState::Done
    }

    /// Bytes of its stderr; what can be told of them now, which ends with a whole character.
    pub(super) fn complained(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.stderr.push(bytes);
        let mut told = std::mem::take(&mut self.half);
        told.extend_from_slice(bytes);
        self.half = told.split_off(told.len() - stderr_tail::unfinished(&told));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_after_its_end_is_a_pause_the_end_of_what_it_says() {
        let mut output = CoprocOutput::new();
        output.said(LAST_WORDS);
        output.said_nothing();
        output.exited();
        assert!(output.goes_on());
        output.said(LAST_WORDS - 1);
        assert!(output.goes_on());
        output.said_nothing();
        assert!(!output.goes_on());
    }

    #[test]
    fn one_who_goes_on_writing_after_its_end_is_not_heard_for_ever() {
        let mut output = CoprocOutput::new();
        output.exited();
        output.said(LAST_WORDS);
        assert!(!output.goes_on());
    }
}
