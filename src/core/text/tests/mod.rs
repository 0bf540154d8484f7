//! Streams, and what is read from them.

mod ids;
mod limits;
mod lines;
mod modes;
mod random;
mod recorded;
