//! System calls behind small owned types. All `unsafe` and every `cfg` of the project live here; nothing here
//! decides anything.

#![allow(unsafe_code)]

pub mod child;
pub mod crash;
pub mod foreground;
pub mod line_file;
pub mod memory;
pub mod process;
pub mod pty;
pub mod signals;
pub mod socket;
pub mod stream;
pub mod tty;
pub mod watchdog;
