//! The lists of keys in coshell.toml(5), made from the options of the command line.

use super::{sentence, text};
use crate::cli::keys;
use crate::cli::keys::{ConfigKey, KeyForm};
use crate::config::schema::{
    DEFAULT_PROFILE_SUMMARY, EVENT_SUMMARY, INCLUDE_SUMMARY, PROFILES_SUMMARY, REGEX_SUMMARY, TRIGGERS_SUMMARY,
};
use crate::config::{DEFAULT_PROFILE, INCLUDE, PROFILES, REGEX, TRIGGERS};
use crate::core::settings::start_settings as kept;
use crate::core::trigger::definition::EVENT;

/// Returns the keys of a file.
pub(super) fn file_keys() -> String {
    let options = keys::session_keys();
    let own = [
        entry(INCLUDE, "string, or array of strings", INCLUDE_SUMMARY),
        entry(DEFAULT_PROFILE, "string", DEFAULT_PROFILE_SUMMARY),
        entry(PROFILES, "tables", PROFILES_SUMMARY),
        entry(TRIGGERS, "tables", TRIGGERS_SUMMARY),
    ];
    options.iter().map(option).chain(own).collect()
}

/// Returns the keys of a trigger.
pub(super) fn trigger_keys() -> String {
    let openers = [entry(REGEX, "string", REGEX_SUMMARY), entry(EVENT, "string", EVENT_SUMMARY)];
    openers.into_iter().chain(keys::trigger_keys().iter().map(option)).collect()
}

/// Returns the names of the options that are no keys.
pub(super) fn command_line_only() -> String {
    // The key of that name has the profiles themselves.
    names(keys::command_line_only().filter(|name| *name != PROFILES))
}

/// Returns the keys of settings that a running session keeps.
pub(super) fn start_settings() -> String {
    names(kept())
}

fn names(names: impl Iterator<Item = &'static str>) -> String {
    let names: Vec<String> = names.map(|name| format!("\\fB{}\\fR", text(name))).collect();
    names.join(",\n") + ".\n"
}

fn option(key: &ConfigKey) -> String {
    let one = match &key.form {
        KeyForm::Flag | KeyForm::Bool => "true or false",
        KeyForm::Number => "whole number",
        KeyForm::NumberOrText => "whole number, or string",
        KeyForm::Text | KeyForm::Choice(_) => "string",
        KeyForm::OptionalText => "string, or true",
        KeyForm::Assignments => "string, or table of strings",
    };
    let form = if key.is_repeatable { format!("{one}, or array") } else { one.to_owned() };
    entry(&key.name, &form, &key.summary)
}

fn entry(name: &str, form: &str, summary: &str) -> String {
    format!(".TP\n\\fB{}\\fR (\\fI{}\\fR)\n{}\n", text(name), text(form), sentence(summary))
}
