//! System calls behind small owned types: all `unsafe` code and every `cfg(target)` of the project. No policy is here.

#![allow(unsafe_code)]

pub mod child;
pub mod clock;
pub mod crash;
pub mod duplex;
pub mod exit_signals;
mod fd_passing;
pub mod file_writer;
pub mod foreground;
pub mod line_file;
pub mod local_time;
pub mod memory;
pub mod part_file;
pub mod private_file;
pub mod process;
pub mod pty;
mod retry;
pub mod session_name;
pub mod signals;
pub mod socket;
mod stop_request;
pub mod stream;
pub mod trusted_file;
pub mod tty;
pub mod typed_ahead;
pub mod watchdog;
