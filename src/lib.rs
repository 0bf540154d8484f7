//! coshell gives any terminal coprocesses and triggers. This library is the binary's inside and exists for its
//! tests; it is no public interface.

pub mod cli;
pub mod cmd;
pub mod config;
pub mod core;
pub mod error;
pub mod host;
pub mod sys;
pub mod words;
