//! One file for each thing that the binary does.

pub mod answer;
pub mod ask;
pub mod client;
mod lend;
pub mod manual;
pub mod session;
pub mod start_up;
pub mod stdin;
