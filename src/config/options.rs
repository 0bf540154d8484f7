//! The options that a configuration sets, as arguments of a command line: one parser, and one sentence for a fault, wherever
//! an option stands.

use std::ffi::OsString;
use std::path::Path;

use super::document::FileOption;
use super::fault::{ConfigFault, ConfigFaults};
use super::place::expanded;
use super::{Environment, checked_settings};
use crate::cli;
use crate::cli::keys::KeyForm;
use crate::cli::{Answer, Args};
use crate::core::request::OptionArg;
use crate::error::Usage;

/// Returns the arguments of a command line that set `options`.
pub(super) fn arguments(options: &[FileOption], home: Option<&Path>) -> Vec<OsString> {
    options.iter().filter(|option| !option.is_coproc()).flat_map(|option| written(option, home)).collect()
}

fn written(option: &FileOption, home: Option<&Path>) -> Vec<OsString> {
    let name = &option.key.name;
    let written = |value: &String| match &option.key.form {
        KeyForm::Flag => OsString::from(format!("--{name}")),
        _ if option.key.is_path => {
            let mut word = OsString::from(format!("--{name}="));
            word.push(expanded(value, home));
            word
        }
        _ => OsString::from(format!("--{name}={value}")),
    };
    option.values.iter().map(written).collect()
}

/// Returns the coprocess that the session starts with, as an option.
pub(super) fn coproc(options: &[FileOption]) -> Vec<OptionArg> {
    let coprocs = options.iter().filter(|option| option.is_coproc());
    let option = |option: &FileOption| {
        let of_value = |value: &String| OptionArg { name: option.key.name.clone(), value: value.clone() };
        option.values.iter().map(of_value).collect::<Vec<_>>()
    };
    coprocs.flat_map(option).collect()
}

/// Reports the faults of the values in `options`.
pub(super) fn check_options(options: &[FileOption], home: Option<&Path>, faults: &mut ConfigFaults) {
    if options.is_empty() || parsed(options, home).is_ok() {
        return;
    }
    let mut is_found = false;
    for option in options.iter().flat_map(FileOption::each_value) {
        if let Err(usage) = parsed(std::slice::from_ref(&option), home) {
            faults.push(ConfigFault::new(option.place.clone(), message(&usage)));
            is_found = true;
        }
    }
    // Each is right by itself: two of them do not go together.
    if let (false, Err(usage)) = (is_found, parsed(options, home)) {
        let message = message(&usage);
        let is_named = |option: &&FileOption| message.split(':').next() == Some(option.key.name.as_ref());
        let place = options.iter().find(is_named).or_else(|| options.last()).map(|option| option.place.clone());
        place.into_iter().for_each(|place| faults.push(ConfigFault::new(place, message.clone())));
    }
}

/// Parses and checks `options` as those of a command line.
fn parsed(options: &[FileOption], home: Option<&Path>) -> Result<(), Usage> {
    let argv = [OsString::from("coshell")].into_iter().chain(arguments(options, home)).collect();
    let args = match cli::parse_session(argv) {
        Ok(args) => Args { trigger_options: coproc(options), ..args },
        Err(Answer::Refused(usage)) => return Err(usage),
        // No key asks for a page of help.
        Err(Answer::Page(_)) => return Ok(()),
    };
    // The programs that answer a transfer are checked with the option that they belong to.
    checked_settings(Args { zmodem: true, ..args }, &Environment::default()).map(|_| ())
}

/// Returns the sentence with the key in place of the option.
fn message(usage: &Usage) -> String {
    usage.to_string().trim_start_matches("--").to_owned()
}
