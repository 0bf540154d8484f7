//! The arguments by which a subcommand finds the configuration.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// Where a subcommand finds the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct ConfigurationArgs {
    /// Configuration, instead of ~/.config/coshell/config.toml
    #[arg(long, short = 'f', value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Profile of the configuration to use as well
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}
