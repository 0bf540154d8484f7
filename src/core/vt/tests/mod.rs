//! Streams of terminal output and the expected lines, ids and modes.

mod ids;
mod limits;
mod lines;
mod modes;
pub(in crate::core) mod random;
mod recorded;
