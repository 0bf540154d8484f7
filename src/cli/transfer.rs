//! The arguments of `coshell rz` and `coshell sz`, with the option letters of lrzsz.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The arguments of `coshell rz`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct RzArgs {
    /// Directory to receive into; the working directory if not given
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,
    /// Overwrite files that exist
    #[arg(long, short = 'y', overrides_with_all = ["rename", "protect"])]
    pub overwrite: bool,
    /// Add a number to the name of a file that exists already; this is the default
    #[arg(long, short = 'E', overrides_with_all = ["overwrite", "protect"])]
    pub rename: bool,
    /// Skip files that exist
    #[arg(long, short = 'p', overrides_with_all = ["overwrite", "rename"])]
    pub protect: bool,
    /// Continue files of which a part was received before
    #[arg(long, short = 'r')]
    pub resume: bool,
    /// Ask the sender to escape all control characters
    #[arg(long, short = 'e')]
    pub escape: bool,
    /// Accepted as in rz(1): files are always received byte for byte
    #[arg(long, short = 'b')]
    pub binary: bool,
    /// Print errors only
    #[arg(long, short = 'q')]
    pub quiet: bool,
}

/// The arguments of `coshell sz`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct SzArgs {
    /// Files to send
    #[arg(value_name = "FILE", required_unless_present = "ask", num_args = 1.., value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Ask for the files on the session's terminal
    #[arg(long, conflicts_with = "files")]
    pub ask: bool,
    /// Ask the receiver to overwrite files that exist
    #[arg(long, short = 'y', overrides_with_all = ["rename", "protect"])]
    pub overwrite: bool,
    /// Let the receiver decide about files that exist; this is the default
    #[arg(long, short = 'E', overrides_with_all = ["overwrite", "protect"])]
    pub rename: bool,
    /// Ask the receiver to skip files that exist
    #[arg(long, short = 'p', overrides_with_all = ["overwrite", "rename"])]
    pub protect: bool,
    /// Continue files of which the receiver has a part
    #[arg(long, short = 'r')]
    pub resume: bool,
    /// Escape all control characters; this is the default
    #[arg(long, short = 'e', overrides_with = "escape_less")]
    pub escape: bool,
    /// Escape only what the protocol requires, for connections that pass control characters
    #[arg(long, overrides_with = "escape")]
    pub escape_less: bool,
    /// Accepted as in sz(1): files are always sent byte for byte
    #[arg(long, short = 'b')]
    pub binary: bool,
    /// Print errors only
    #[arg(long, short = 'q')]
    pub quiet: bool,
}
