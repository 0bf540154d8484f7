//! One file for each thing that the binary does.

pub mod manual;
pub mod session;
