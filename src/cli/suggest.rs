//! The arguments of `coshell suggest`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::replay::{check_recordings, format_parser};
use crate::types::parse_number;
use crate::wire::recording::RecordingFormat;

/// The arguments of `coshell suggest`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct SuggestArgs {
    /// Maximum number of triggers [20]
    #[arg(long, value_name = "N", value_parser = parse_number::<usize>, default_value = "20", hide_default_value = true)]
    pub max: usize,
    /// Format of the recordings: asciicast, typescript, raw or text; by default it is detected
    #[arg(long, value_name = "FORMAT", value_parser = format_parser(), hide_possible_values = true)]
    pub format: Option<RecordingFormat>,
    /// Timing file of a typescript
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub timing: Option<PathBuf>,
    /// Recordings; - reads standard input
    #[arg(value_name = "FILE", required = true, num_args = 1.., value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

impl SuggestArgs {
    /// Returns an error if options contradict each other: the name of one, and the reason.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.max == 0 {
            return Err(("max", "no trigger would be proposed; the least is 1".to_owned()));
        }
        check_recordings(self.timing.is_some(), self.format, self.files.len())
    }
}
