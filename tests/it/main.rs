//! End-to-end tests: coshell runs in real terminals with real programs inside.
//!
//! Each file covers one subject; `support` is the test harness. Tests wait for events, each with a deadline, and never
//! for a fixed time in the hope that something has happened.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, reason = "tests")]

mod answered_links;
mod answered_multiplexers;
mod answered_transfers;
mod ask;
mod ask_phone;
mod captured;
mod command_line;
mod completions;
mod configuration;
mod confirm;
mod coproc;
mod coproc_faults;
mod coproc_lifecycle;
mod driving;
mod exit;
mod explainer;
mod explainer_session;
mod failing_calls;
mod faults;
mod flow_control;
mod highlighting;
mod import;
mod import_icu;
mod indicator;
mod inside;
mod job_control;
mod keys;
mod lend;
mod lines_of_programs;
mod mcp;
mod menu;
mod notices;
mod notices_in_programs;
mod python_client;
mod recording;
mod redaction;
mod redirection;
mod relay;
mod replay;
mod run_script;
mod screen_and_lines;
mod shell_integration;
mod signals;
mod silent_coproc;
mod soak;
mod socket;
mod states;
mod stopping;
mod subcommands;
mod suggest;
mod support;
mod terminal_modes;
mod transfer_roles;
mod transparency;
mod trigger_actions;
mod trigger_events;
mod triggers;
mod trzsz;
mod typed_ahead;
mod untrusted_output;
mod window_size;
mod zmodem;
