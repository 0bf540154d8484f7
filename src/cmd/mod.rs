//! One file for each thing that the binary does.

pub mod answer;
pub mod client;
pub mod manual;
pub mod session;
pub mod start_up;
