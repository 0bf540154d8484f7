//! The output of a coprocess: the number of bytes on stdout, whether more may come, and the end of stderr. `input` types
//! the bytes of stdout.

use crate::core::stderr_tail::StderrTail;
use crate::core::vt::utf8;

/// Maximum number of bytes in its stdout pipe at its exit: the capacity of a pipe on Linux (pipe(7)).
const PIPE_CAPACITY: usize = 64 * 1024;

/// State of stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StdoutState {
    /// More may come.
    Open,
    /// The process has exited; this many bytes were read since, and the pipe may hold more.
    Last(usize),
    /// Everything has been read.
    Done,
}

/// The output of a coprocess.
#[derive(Debug)]
pub(super) struct CoprocOutput {
    /// Number of bytes read from stdout.
    pub(super) written: u64,
    stdout: StdoutState,
    /// The end of stderr.
    pub(super) stderr: StderrTail,
    /// The beginning of a UTF-8 character of stderr whose rest has not been read.
    partial_char: Vec<u8>,
}

impl CoprocOutput {
    /// Creates the output of a coprocess that has written nothing.
    pub(super) fn new() -> Self {
        Self { written: 0, stdout: StdoutState::Open, stderr: StderrTail::default(), partial_char: Vec::new() }
    }

    /// Counts `n` bytes that were read from stdout.
    pub(super) fn wrote(&mut self, n: usize) {
        self.written += n as u64;
        if let StdoutState::Last(since) = &mut self.stdout {
            *since += n;
            if *since >= PIPE_CAPACITY {
                self.stdout = StdoutState::Done;
            }
        }
    }

    /// Records that a read of stdout found nothing.
    pub(super) fn found_empty(&mut self) {
        if let StdoutState::Last(_) = self.stdout {
            self.stdout = StdoutState::Done;
        }
    }

    /// Records the end of stdout. The process may live on.
    pub(super) fn closed(&mut self) {
        self.stdout = StdoutState::Done;
    }

    /// Records the exit of the process.
    pub(super) fn exited(&mut self) {
        if self.stdout == StdoutState::Open {
            self.stdout = StdoutState::Last(0);
        }
    }

    /// Whether stdout should be read.
    pub(super) fn is_open(&self) -> bool {
        self.stdout != StdoutState::Done
    }

    /// Records bytes of stderr. Returns those that can be passed on, up to the end of the last whole UTF-8 character.
    pub(super) fn wrote_stderr(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.stderr.push(bytes);
        let mut text = std::mem::take(&mut self.partial_char);
        text.extend_from_slice(bytes);
        self.partial_char = text.split_off(text.len() - utf8::incomplete_len(&text));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_read_ends_stdout_only_after_exit() {
        let mut output = CoprocOutput::new();
        output.wrote(PIPE_CAPACITY);
        output.found_empty();
        output.exited();
        assert!(output.is_open());
        output.wrote(PIPE_CAPACITY - 1);
        assert!(output.is_open());
        output.found_empty();
        assert!(!output.is_open());
    }

    #[test]
    fn stdout_ends_after_pipe_capacity_behind_exit() {
        let mut output = CoprocOutput::new();
        output.exited();
        output.wrote(PIPE_CAPACITY);
        assert!(!output.is_open());
    }
}
