//! The tasks of the binary, one file each: a session, the subcommands, and the man page.

mod answer;
mod archive;
pub mod ask;
mod check;
pub mod client;
mod completion;
mod configuration;
mod connection;
mod follow;
mod import;
mod lend;
mod listing;
pub mod manual;
pub mod output;
mod own_terminal;
mod received_file;
mod replay;
mod rz;
pub mod session;
mod sessions;
mod shell;
pub mod start_up;
mod stdin;
pub(crate) mod suggest;
mod sz;
mod transfer_link;
mod transfer_report;
