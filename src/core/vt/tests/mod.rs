//! Streams, and what is read from them.

mod ids;
mod limits;
mod lines;
mod modes;
pub(in crate::core) mod random;
mod recorded;
