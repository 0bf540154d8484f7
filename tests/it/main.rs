//! End-to-end tests: coshell in a real terminal, with real programs inside.
//!
//! One file a subject; `support` is the rig. No test sleeps and hopes: each waits for an event, with a deadline.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

mod actions;
mod client;
mod completions;
mod coproc;
mod coproc_life;
mod coproc_trouble;
mod exit;
mod explainer;
mod explaining;
mod flow;
mod indicator;
mod integration;
mod jobs;
mod lend;
mod menu;
mod modes;
mod notices;
mod programs;
mod reading;
mod redirect;
mod relay;
mod run_script;
mod safety;
mod signals;
mod silent;
mod size;
mod socket;
mod subcommands;
mod support;
mod triggers;
mod usage;
mod zmodem;
