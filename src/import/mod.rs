//! Triggers of iTerm2 as a configuration of coshell. No I/O: bytes come in, text and findings go out, and nothing that a
//! file contains is run.

pub mod pattern;
