//! coshell gives any terminal *coprocesses* (a program that reads the shell's output, and whose own output is typed into
//! the shell) and *triggers* (a regular expression on the output that starts an action). It runs the shell in a pty and
//! relays between that pty and the real terminal.
//!
//! This library holds the code of the binary so that tests can reach it; it is not a public interface. `ARCHITECTURE.md`
//! describes the modules and the path of an input through them; `tests/house.rs` enforces the layers.
//!
//! - [`types`]: types that all modules share.
//! - [`fault`]: the record of a panic, and forced panics for tests.
//! - [`display`]: text of other programs made safe to show.
//! - [`core`]: every decision, without I/O and clock: inputs become effects.
//! - [`sys`]: system calls behind owned types; all `unsafe` code.
//! - [`wire`]: encoding of protocol messages.
//! - [`zmodem`]: both roles of a ZMODEM transfer, without I/O.
//! - [`import`]: triggers of iTerm2 as a configuration, without I/O.
//! - [`suggest`]: triggers proposed from recordings, without I/O.
//! - [`error`]: errors and their exit statuses.
//! - [`cli`]: definition and parsing of the command line.
//! - [`host`]: the event loop that connects `core` and `sys`.
//! - [`config`]: checked settings from parsed arguments.
//! - [`cmd`]: the session command and the subcommands.

pub mod cli;
pub mod cmd;
pub mod config;
pub mod core;
pub mod display;
pub mod error;
pub mod fault;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod host;
pub mod import;
pub mod suggest;
pub mod sys;
pub mod types;
pub mod wire;
pub mod zmodem;
