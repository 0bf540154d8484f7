//! The keys of a configuration, made from the options of the command line: each key is an option without its dashes.

use std::borrow::Cow;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ValueHint};

use super::session;
use crate::core::trigger::action::{ActionKind, KINDS};
use crate::core::trigger::definition::{MODIFIERS, opens};

/// Options of a session that are no keys: they say where the configuration is, what is started and how, or, as the log of
/// what is typed, are meant for one session, as is a recording.
const COMMAND_LINE_ONLY: &[&str] =
    &["config", "no-config", "profile", "session-name", "login", "nested", "log", "record", "record-input"];

/// Returns the options of a session that are no keys of a configuration.
pub fn command_line_only() -> impl Iterator<Item = &'static str> {
    COMMAND_LINE_ONLY.iter().copied()
}

/// A key, with what it may be set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigKey {
    /// The key, which is the option without dashes.
    pub name: Cow<'static, str>,
    /// Name of the option's value in the help; empty if it takes none.
    pub value: Cow<'static, str>,
    /// Form of the value.
    pub form: KeyForm,
    /// Whether an array may give several values.
    pub is_repeatable: bool,
    /// Whether the value is a path, in which `~/` stands for the home directory.
    pub is_path: bool,
    /// One line of help, without a period.
    pub summary: Cow<'static, str>,
}

/// Form of a key's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// `true` gives the option, `false` does not.
    Flag,
    /// `true` or `false`, the value of the option.
    Bool,
    /// A whole number.
    Number,
    /// A string.
    Text,
    /// A whole number, or a string.
    NumberOrText,
    /// A string, or `true` for the option without its value.
    OptionalText,
    /// `NAME=VALUE`, or a table of names and values.
    Assignments,
    /// One of these strings.
    Choice(Vec<String>),
}

/// Returns the keys of a session: its options, and the coprocess that starts with it.
pub fn session_keys() -> Vec<ConfigKey> {
    let command = session();
    let is_key = |arg: &&Arg| {
        let name = arg.get_long().unwrap_or_default();
        let of_trigger = KINDS.iter().any(|kind| kind.name == name)
            || MODIFIERS.iter().any(|modifier| modifier.name == name)
            || opens(name);
        !name.is_empty() && !of_trigger && !COMMAND_LINE_ONLY.contains(&name) && !is_page(arg)
    };
    let coprocs = KINDS.iter().filter(|kind| kind.starts.is_some());
    let coprocs = coprocs.map(of_action);
    command.get_arguments().filter(is_key).map(of_option).chain(coprocs).collect()
}

/// Returns the keys of a trigger besides its pattern: actions and modifiers.
pub fn trigger_keys() -> Vec<ConfigKey> {
    let actions = KINDS.iter().map(of_action);
    let modifiers = MODIFIERS.iter().map(|modifier| ConfigKey {
        is_repeatable: modifier.is_repeatable,
        ..of_row(modifier.name, modifier.value, modifier.summary)
    });
    actions.chain(modifiers).collect()
}

/// Returns whether an option prints a page.
fn is_page(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Help | ArgAction::Version)
}

fn of_action(kind: &ActionKind) -> ConfigKey {
    let key = of_row(kind.name, kind.value, kind.summary);
    // A session has one coprocess.
    ConfigKey { is_repeatable: key.is_repeatable && kind.starts.is_none(), ..key }
}

fn of_option(arg: &Arg) -> ConfigKey {
    let value = arg.get_value_names().and_then(<[_]>::first).map(ToString::to_string).unwrap_or_default();
    let choices: Vec<String> = arg.get_possible_values().iter().map(|one| one.get_name().to_owned()).collect();
    let is_number = is_number(arg);
    let form = match arg.get_action() {
        ArgAction::SetTrue => KeyForm::Flag,
        _ if !choices.is_empty() => KeyForm::Choice(choices),
        _ if is_number => KeyForm::Number,
        _ => KeyForm::Text,
    };
    ConfigKey {
        name: arg.get_long().unwrap_or_default().to_owned().into(),
        value: if form == KeyForm::Flag { Cow::default() } else { value.into() },
        form,
        is_repeatable: matches!(arg.get_action(), ArgAction::Append),
        is_path: matches!(arg.get_value_hint(), ValueHint::DirPath | ValueHint::FilePath),
        summary: arg.get_help().map(ToString::to_string).unwrap_or_default().into(),
    }
}

/// Returns whether the value of an option is a whole number.
fn is_number(arg: &Arg) -> bool {
    let numbers: [ValueParser; 4] = [
        clap::value_parser!(usize).into(),
        clap::value_parser!(u64).into(),
        clap::value_parser!(u32).into(),
        clap::value_parser!(u16).into(),
    ];
    numbers.iter().any(|parser| parser.type_id() == arg.get_value_parser().type_id())
}

fn of_row(name: &'static str, value: Option<&'static str>, summary: &'static str) -> ConfigKey {
    let form = match value {
        None => KeyForm::Flag,
        Some("BOOL") => KeyForm::Bool,
        Some("N" | "LINES") => KeyForm::Number,
        Some("STATUS") => KeyForm::NumberOrText,
        Some("NAME=VALUE") => KeyForm::Assignments,
        Some(value) if value.starts_with('[') => KeyForm::OptionalText,
        Some(_) => KeyForm::Text,
    };
    ConfigKey {
        name: name.into(),
        value: value.unwrap_or_default().into(),
        is_repeatable: !matches!(form, KeyForm::Flag | KeyForm::Bool),
        form,
        is_path: false,
        summary: summary.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key<'a>(keys: &'a [ConfigKey], name: &str) -> &'a ConfigKey {
        keys.iter().find(|key| key.name == name).unwrap_or_else(|| panic!("{name} is a key"))
    }

    #[test]
    fn form_follows_from_the_option() {
        let keys = session_keys();
        for (name, form, is_repeatable, is_path) in [
            ("zmodem", KeyForm::Flag, false, false),
            ("history", KeyForm::Number, false, false),
            ("hotkey", KeyForm::Text, false, false),
            ("input", KeyForm::Choice(["raw", "text", "json"].map(str::to_owned).to_vec()), false, false),
            ("indicator", KeyForm::Choice(["title", "none"].map(str::to_owned).to_vec()), false, false),
            ("password-job", KeyForm::Text, true, false),
            ("zmodem-dir", KeyForm::Text, false, true),
            ("coproc", KeyForm::Text, false, false),
        ] {
            let key = key(&keys, name);
            assert_eq!((&key.form, key.is_repeatable, key.is_path), (&form, is_repeatable, is_path), "{name}");
        }
        let keys = trigger_keys();
        for (name, form) in [
            ("bell", KeyForm::Flag),
            ("enabled", KeyForm::Bool),
            ("mark", KeyForm::OptionalText),
            ("set", KeyForm::Assignments),
            ("cooldown", KeyForm::Text),
            ("context", KeyForm::Number),
            ("status", KeyForm::NumberOrText),
        ] {
            assert_eq!(key(&keys, name).form, form, "{name}");
        }
    }

    #[test]
    fn each_option_is_a_key_or_is_left_out_on_purpose() {
        let (session_keys, trigger_keys) = (session_keys(), trigger_keys());
        for arg in session().get_arguments() {
            let Some(name) = arg.get_long() else { continue };
            let is_key = session_keys.iter().chain(&trigger_keys).any(|key| key.name == name);
            let is_left_out = COMMAND_LINE_ONLY.contains(&name) || is_page(arg) || opens(name);
            assert!(is_key != is_left_out, "{name}");
        }
        assert!(COMMAND_LINE_ONLY.iter().all(|name| session_keys.iter().all(|key| key.name != *name)));
    }
}
