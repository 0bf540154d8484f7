//! What a coprocess says: how much it wrote, whether more may come, and the end of its stderr. The bytes of its stdout
//! are typed by others.

use super::super::tail::{self, Tail};

/// What its stdout can still hold once it has exited: a pipe's capacity on Linux.
const LAST_WORDS: usize = 64 * 1024;

/// How its stdout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stdout {
    /// More may come.
    Open,
    /// It has exited; this much has come since, and its last words may still be on the way.
    Last(usize),
    /// Everything that it wrote has been read.
    Done,
}

/// What it wrote.
#[derive(Debug)]
pub(in crate::core) struct Speech {
    /// How much it wrote to stdout in all.
    pub(in crate::core) typed: u64,
    stdout: Stdout,
    /// The end of its stderr.
    pub(in crate::core) stderr: Tail,
    /// The first bytes of a character of stderr whose rest is on the way.
    half: Vec<u8>,
}

impl Speech {
    /// Of one that has said nothing yet.
    pub(super) fn new() -> Self {
        Self { typed: 0, stdout: Stdout::Open, stderr: Tail::default(), half: Vec::new() }
    }

    /// It wrote `n` bytes to stdout.
    pub(super) fn said(&mut self, n: usize) {
        self.typed += n as u64;
        if let Stdout::Last(since) = &mut self.stdout {
            *since += n;
            if *since >= LAST_WORDS {
                self.stdout = Stdout::Done;
            }
        }
    }

    /// A read of its stdout found nothing more for now.
    pub(in crate::core) fn said_nothing(&mut self) {
        if let Stdout::Last(_) = self.stdout {
            self.stdout = Stdout::Done;
        }
    }

    /// Its stdout has ended: it may live on.
    pub(in crate::core) fn closed(&mut self) {
        self.stdout = Stdout::Done;
    }

    /// Its process has exited.
    pub(super) fn exited(&mut self) {
        if self.stdout == Stdout::Open {
            self.stdout = Stdout::Last(0);
        }
    }

    /// Whether its stdout is of interest.
    pub(in crate::core) fn goes_on(&self) -> bool {
        self.stdout != Stdout::Done
    }

    /// Bytes of its stderr; what can be told of them now, which ends with a whole character.
    pub(in crate::core) fn complained(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.stderr.push(bytes);
        let mut told = std::mem::take(&mut self.half);
        told.extend_from_slice(bytes);
        self.half = told.split_off(told.len() - tail::unfinished(&told));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_after_its_end_is_a_pause_the_end_of_what_it_says() {
        let mut speech = Speech::new();
        speech.said(LAST_WORDS);
        speech.said_nothing();
        speech.exited();
        assert!(speech.goes_on());
        speech.said(LAST_WORDS - 1);
        assert!(speech.goes_on());
        speech.said_nothing();
        assert!(!speech.goes_on());
    }

    #[test]
    fn one_who_goes_on_writing_after_its_end_is_not_heard_for_ever() {
        let mut speech = Speech::new();
        speech.exited();
        speech.said(LAST_WORDS);
        assert!(!speech.goes_on());
    }
}
