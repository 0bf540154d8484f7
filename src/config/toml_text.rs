//! Writes TOML: the triggers of a session as a configuration.

use std::collections::HashSet;

use super::{NAME, REGEX, TRIGGERS};
use crate::cli::keys::{ConfigKey, KeyForm, trigger_keys};
use crate::core::request::OptionArg;
use crate::core::response::TriggerResponse;
use crate::core::trigger::definition::{ENABLED, EVENT};
use crate::display::toml_string;

/// Returns the triggers of a session as a configuration that defines them.
pub fn triggers(triggers: &[TriggerResponse]) -> String {
    let (keys, mut names) = (trigger_keys(), HashSet::new());
    let mut written = |trigger| one(trigger, &keys, &mut names);
    triggers.iter().map(&mut written).collect::<Vec<_>>().join("\n")
}

/// Returns the trigger that `opener`, a key with its value, opens as a configuration that defines it.
pub fn trigger(opener: (&str, &str), options: &[OptionArg]) -> String {
    let written = written_options(options, &trigger_keys()).into_iter().map(|(_, line)| line);
    lines([opener].into_iter(), written)
}

/// Writes a trigger; `names` are those of the triggers before it.
fn one<'a>(trigger: &'a TriggerResponse, keys: &[ConfigKey], names: &mut HashSet<&'a str>) -> String {
    let is_named_alike = trigger.name.as_deref().is_some_and(|name| !names.insert(name));
    let openers = [(REGEX, &trigger.regex), (EVENT, &trigger.event)];
    let openers = openers.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
    let options = written_options(&trigger.options, keys).into_iter().map(|(name, line)| {
        // A configuration has each name once; a command line may have it more often.
        if is_named_alike && name == NAME { format!("# {line}") } else { line }
    });
    // A client may have switched it.
    let enabled = (!trigger.enabled).then(|| format!("{ENABLED} = false"));
    lines(openers, options.chain(enabled))
}

/// Returns a table of these openers, keys with their values, and these lines.
fn lines<'a>(openers: impl Iterator<Item = (&'a str, &'a str)>, options: impl Iterator<Item = String>) -> String {
    let openers = openers.map(|(key, value)| format!("{key} = {}", toml_string(value)));
    let lines = std::iter::once(format!("[[{TRIGGERS}]]")).chain(openers).chain(options);
    lines.map(|line| line + "\n").collect()
}

/// Returns the name and the line of each option but [`ENABLED`], each name once.
fn written_options(options: &[OptionArg], keys: &[ConfigKey]) -> Vec<(String, String)> {
    let mut written: Vec<&str> = vec![ENABLED];
    let mut all = Vec::new();
    for option in options {
        if !written.contains(&&*option.name) {
            written.push(&option.name);
            let line = format!("{} = {}", option.name, value(&option.name, options, keys));
            all.push((option.name.to_string(), line));
        }
    }
    all
}

/// Returns the value of the key `name`, which several of `options` may give.
fn value(name: &str, options: &[OptionArg], keys: &[ConfigKey]) -> String {
    let key = keys.iter().find(|key| key.name == name);
    let form = key.map_or(&KeyForm::Text, |key| &key.form);
    let is_repeatable = key.is_none_or(|key| key.is_repeatable);
    let values: Vec<String> = options
        .iter()
        .filter(|option| option.name == name)
        .map(|option| match form {
            KeyForm::Flag => "true".to_owned(),
            KeyForm::OptionalText if option.value.is_empty() => "true".to_owned(),
            KeyForm::Bool => option.value.clone(),
            KeyForm::Number | KeyForm::NumberOrText => {
                number(&option.value).unwrap_or_else(|| toml_string(&option.value))
            }
            _ => toml_string(&option.value),
        })
        .collect();
    match &values[..] {
        // An option that is given twice without need counts once, or its last value does.
        [.., last] if values.len() == 1 || !is_repeatable => last.clone(),
        values => format!("[{}]", values.join(", ")),
    }
}

/// Returns a number of the command line as one of TOML, which has no zeros and no plus in front.
fn number(text: &str) -> Option<String> {
    text.parse::<u32>().ok().map(|number| number.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::DeValue;

    use super::*;

    proptest! {
        #[test]
        fn string_has_its_value_when_read(text in "[\\x00-\\x7f'\"\\\\é\u{85}\u{2028}]{0,12}") {
            let written = toml_string(&text);
            let read = DeValue::parse(&written).map_err(|error| TestCaseError::fail(format!("{written}: {error}")))?;
            prop_assert_eq!(read.get_ref().as_str(), Some(text.as_str()), "{}", written);
        }
    }
}
