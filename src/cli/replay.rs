//! The arguments of `coshell replay`.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueHint};

use super::configuration::ConfigurationArgs;
use super::{trigger_args, trigger_options};
use crate::core::request::OptionArg;
use crate::core::trigger::When;
use crate::types::parse_number;
use crate::wire::recording::RecordingFormat;

/// The arguments of `coshell replay`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct ReplayArgs {
    /// The triggers, with their actions and modifiers
    #[command(flatten)]
    pub triggers: TriggerOptionArgs,
    /// The configuration
    #[command(flatten)]
    pub configuration: ConfigurationArgs,
    /// Format of the recordings: asciicast, typescript, raw or text; by default it is detected
    #[arg(long, value_name = "FORMAT", value_parser = format_parser(), hide_possible_values = true)]
    pub format: Option<RecordingFormat>,
    /// Timing file of a typescript
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub timing: Option<PathBuf>,
    /// Say why each trigger fires or does not fire on the line with this number
    #[arg(long, value_name = "LINE", value_parser = parse_number::<u64>)]
    pub explain: Option<u64>,
    /// Assume a condition that a recording does not tell: no-echo, asks, unfocused or job=NAME; repeatable
    #[arg(long, value_name = "CONDITION", value_parser = Assumption::from_str)]
    pub assume: Vec<Assumption>,
    /// Recordings; - reads standard input
    #[arg(value_name = "FILE", required = true, num_args = 1.., value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

impl ReplayArgs {
    /// Returns whether the triggers of a configuration are replayed: one is named, or no trigger is given.
    pub fn reads_configuration(&self) -> bool {
        self.configuration != ConfigurationArgs::default() || self.triggers.0.is_empty()
    }

    /// Returns an error if options contradict each other: the name of one, and the reason.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            Self { explain: Some(_), files, .. } if files.len() > 1 => Err(("explain", ONE_FILE.to_owned())),
            Self { explain: Some(0), .. } => Err(("explain", "there is no line 0: the first one is 1".to_owned())),
            _ => check_recordings(self.timing.is_some(), self.format, self.files.len()),
        }
    }
}

/// Reason why an option is refused that belongs to one recording of several.
const ONE_FILE: &str = "takes one FILE: name the recording that it belongs to";

/// Returns an error if a timing file does not belong to `files` recordings of this format.
pub(super) fn check_recordings(
    has_timing: bool,
    format: Option<RecordingFormat>,
    files: usize,
) -> Result<(), (&'static str, String)> {
    match format {
        _ if !has_timing => Ok(()),
        _ if files > 1 => Err(("timing", ONE_FILE.to_owned())),
        Some(format) if format != RecordingFormat::Typescript => {
            Err(("timing", format!("belongs to a typescript; leave out --format {}", format.name())))
        }
        _ => Ok(()),
    }
}

pub(super) fn format_parser() -> impl TypedValueParser<Value = RecordingFormat> {
    let names = RecordingFormat::NAMES;
    PossibleValuesParser::new(names.iter().map(|(name, _)| *name)).map(|text| {
        let format = names.iter().find(|(name, _)| *name == text).map(|(_, format)| *format);
        format.expect("the parser accepts these names only")
    })
}

/// Options of triggers, those that begin one included, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TriggerOptionArgs(pub Vec<OptionArg>);

impl Args for TriggerOptionArgs {
    fn augment_args(command: Command) -> Command {
        command.args(trigger_args())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TriggerOptionArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(trigger_options(matches)))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A condition that is assumed to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption(pub When);

/// A condition that cannot be assumed, since the recording tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssumptionError {
    /// It is none.
    Condition(String),
    /// The recording tells whether it holds.
    Known(When),
}

impl Error for AssumptionError {}

impl fmt::Display for AssumptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition(sentence) => f.write_str(sentence),
            Self::Known(condition) => {
                write!(
                    f,
                    "'{condition}' follows from the replay itself; only no-echo, asks, unfocused and job=NAME can be assumed"
                )
            }
        }
    }
}

impl FromStr for Assumption {
    type Err = AssumptionError;

    fn from_str(text: &str) -> Result<Self, AssumptionError> {
        let condition: When = text
            .parse()
            .map_err(|refusal: crate::core::trigger::ConditionError| AssumptionError::Condition(refusal.to_string()))?;
        if condition.needs_system() { Ok(Self(condition)) } else { Err(AssumptionError::Known(condition)) }
    }
}
