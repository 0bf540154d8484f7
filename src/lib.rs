//! coshell gives any terminal *coprocesses* (a program that reads all that the shell prints, and whose output is
//! typed into it) and *triggers* (a regular expression on the output that starts an action). It starts the shell
//! in a pty of its own and stands between it and the real terminal.
//!
//! This library is the inside of the binary and exists for its tests and benches; it is no public interface.
//!
//! [`core`] decides everything and touches nothing: it takes `(now, Input)`, holds the bytes in transit, and appends
//! `Effect`s to a list. [`sys`] makes system calls and decides nothing. [`host`] is the loop that connects the two.
//! `ARCHITECTURE.md` follows a byte, a key, a request and an option through the modules, and says what each module is for
//! and where one thing is added; `tests/house.rs` enforces the layers.

pub mod cli;
pub mod cmd;
pub mod config;
pub mod core;
pub mod error;
pub mod host;
pub mod sys;
pub mod types;
pub mod wire;
