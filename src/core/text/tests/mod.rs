//! Streams, and what is read from them.

mod lines;
