//! The test harness: emulates the user's terminal, starts programs in it, and inspects them through `/proc`.
#![allow(dead_code, unused_imports, reason = "each subject uses its part")]

pub mod compare;
pub mod completer;
pub mod control;
pub mod launch;
pub mod proc;
pub mod programs;
mod spawn;
pub mod terminal;
pub mod test_dir;
pub mod title;
pub mod tools;
pub mod transfers;

pub use compare::{UNTIL_RELEASED, fresh_modes, run, run_both, run_until, same_output, takes_less_than};
pub use control::{CallResult, Client, Session};
pub use launch::{COSHELL, Launch, PROMPT, bash, coshell, direct, needs, shell, wrapped};
pub use terminal::{Ended, Terminal};
pub use test_dir::TestDir;

/// Returns at most the last 3,000 of `bytes`, with everything but printable ASCII escaped.
pub fn show(bytes: &[u8]) -> String {
    let from = bytes.len().saturating_sub(3000);
    bytes[from..].escape_ascii().to_string().replace("\\n", "\\n\n")
}

/// Reports whether `hay` contains `needle`.
pub fn contains(hay: &[u8], needle: &str) -> bool {
    terminal::find(hay, needle.as_bytes()).is_some()
}

/// Counts the occurrences of `needle` in `hay`.
pub fn count(hay: &[u8], needle: &str) -> usize {
    memchr::memmem::find_iter(hay, needle).count()
}

/// Returns `len` pseudo-random bytes (xorshift64*), the same ones for each `seed`.
pub fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}
