//! Converts one trigger.

use serde_json::Value;

use super::action::{self, ActionRow};
use super::checked;
use super::event;
use super::parameter::Captured;
use super::profile::TriggerRecord;
use super::reason::Reason;
use super::writer::{self, TomlValue};
use crate::core::request::OptionArg;
use crate::core::trigger::action::KINDS;
use crate::core::trigger::definition::{ENABLED, EVENT, TRIGGER, TriggerDef};
use crate::display::{one_line, toml_comment};

/// Maximum number of characters of a label.
const LABEL: usize = 60;

/// The key for the pattern in a configuration, and the one that switches a trigger off.
const REGEX: &str = "regex";
/// Modifiers of triggers.
const NAME: &str = "name";
const ALL: &str = "all";
const INSTANT: &str = "instant";
const WHEN: &str = "when";
/// All of the modifiers.
#[cfg(test)]
pub(super) const OPTIONS: &[&str] = &[NAME, ALL, INSTANT, WHEN];

/// The action by which triggers move files, and what their patterns have in common: the beginning of a ZMODEM header.
const SILENT_COPROC: &str = "silent-coproc";
const ZMODEM: &str = r"\*\*B0";

/// A key of a trigger in the configuration, with its value.
type WrittenKey = (&'static str, TomlValue);

/// A trigger in the configuration.
#[derive(Debug)]
pub(super) struct ConvertedTrigger {
    /// Comments in front of it.
    comments: Vec<String>,
    /// Its keys; of one that is left out, as far as they could be made.
    keys: Vec<WrittenKey>,
    /// Its name, pattern or action in quotes, for messages.
    pub(super) label: String,
    /// Why it is commented out, if it is.
    pub(super) left_out: Option<Reason>,
}

impl ConvertedTrigger {
    /// Converts a trigger as it is in a file.
    pub(super) fn new(value: &Value, interpolates: Option<bool>) -> Self {
        let Some(record) = TriggerRecord::read(value) else {
            let left_out = Some(Reason::NoTrigger);
            return Self { comments: Vec::new(), keys: Vec::new(), label: "unknown".to_owned(), left_out };
        };
        let row = action::of_class(&record.action);
        let title = row.as_ref().map_or(&*record.action, |row| row.title);
        let mut trigger = Self { comments: Vec::new(), keys: Vec::new(), label: label(&record, title), left_out: None };
        if let Some(provenance) = &record.provenance {
            trigger.comments.push(format!("Provenance: {provenance}"));
        }
        trigger.left_out = trigger.convert(&record, row, interpolates).err();
        trigger
    }

    /// Makes the keys, up to the first reason why there is no such trigger.
    fn convert(
        &mut self,
        record: &TriggerRecord,
        row: Result<&'static ActionRow, Reason>,
        interpolates: Option<bool>,
    ) -> Result<(), Reason> {
        self.keys.extend(record.name.clone().map(|name| (NAME, TomlValue::Text(name))));
        let opening = self.open(record);
        if let Some(job) = &record.job {
            self.keys.push((WHEN, TomlValue::Texts(vec![format!("job={}", job.trim())])));
            if job.contains(char::is_uppercase) {
                self.comments
                    .push("iTerm2 ignores case in the name of the job; here it is as ps -o comm shows it.".to_owned());
            }
        }
        let row = match row {
            Ok(row) => row,
            Err(reason) => {
                self.comments.extend(described(&record.action, record));
                return Err(reason);
            }
        };
        let captured = *opening.as_ref().unwrap_or(&Captured::Groups(usize::MAX));
        let option = row.option(record, interpolates, captured);
        self.comments.extend(row.note(record).filter(|_| option.is_ok() && opening.is_ok()));
        if matches!(option, Ok((SILENT_COPROC, _))) && record.regex.contains(ZMODEM) {
            let hint = "With zmodem = true coshell answers rz and sz itself, and needs no such trigger.";
            self.comments.push(hint.to_owned());
        }
        match &option {
            Ok((name, value)) => self.keys.push((name, value.clone())),
            Err(_) => {
                self.comments.extend(described(row.title, record));
                self.keys.extend(row.proposal(record));
            }
        }
        if record.is_disabled {
            self.keys.push((ENABLED, TomlValue::Flag(false)));
        }
        let captured = opening?;
        if row.needs_match && matches!(captured, Captured::Values(_)) {
            return Err(Reason::NoMatch(row.title));
        }
        option?;
        self.repeat(row);
        self.check()
    }

    /// Makes the keys that open the trigger; returns what its parameters can refer to.
    fn open(&mut self, record: &TriggerRecord) -> Result<Captured, Reason> {
        match record.match_type {
            0 => {
                self.keys.push((REGEX, TomlValue::Text(record.regex.clone())));
                let translation = checked::translate(&record.regex)?;
                if let Some((_, regex)) = self.keys.last_mut() {
                    *regex = TomlValue::Text(translation.text);
                }
                if record.is_instant {
                    self.keys.push((INSTANT, TomlValue::Flag(true)));
                }
                Ok(Captured::Groups(translation.groups))
            }
            event::FIRST.. => {
                let opening = event::opening(record)?;
                self.keys.extend(opening.options);
                Ok(Captured::Values(opening.values))
            }
            _ => Err(Reason::Browser),
        }
    }

    /// Lets the trigger act on each match, as it does in iTerm2, where a line may have several.
    fn repeat(&mut self, row: &ActionRow) {
        let place = self.keys.iter().position(|(name, _)| *name == REGEX);
        let Some(place) = place.filter(|_| row.repeats) else { return };
        if matches!(&self.keys[place].1, TomlValue::Text(regex) if may_repeat(regex)) {
            self.keys.insert(place + 1, (ALL, TomlValue::Flag(true)));
        }
    }

    /// Returns why coshell would refuse the trigger.
    fn check(&self) -> Result<(), Reason> {
        let opener = |name: &str| [(REGEX, TRIGGER), (EVENT, EVENT)].into_iter().find(|(key, _)| *key == name);
        let text = |(name, value): &(&'static str, TomlValue)| match value {
            TomlValue::Text(text) => Some((opener(name)?.1, text.clone())),
            _ => None,
        };
        let Some((begin, value)) = self.keys.iter().find_map(text) else { return Ok(()) };
        let others = self.keys.iter().filter(|(name, _)| opener(name).is_none());
        let mut options: Vec<OptionArg> = others.flat_map(|(name, value)| options(name, value)).collect();
        if !options.iter().any(|option| KINDS.iter().any(|kind| kind.name == option.name)) {
            // The pattern is checked all the same.
            options.extend(KINDS.iter().find(|kind| kind.value.is_none()).map(|kind| option(kind.name, "")));
        }
        TriggerDef::of_option(begin, value, options)
            .map(drop)
            .map_err(|refusal| Reason::refused(&refusal.option, refusal.kind))
    }

    /// Returns whether the trigger acts on each match in a line.
    pub(super) fn acts_on_all(&self) -> bool {
        self.left_out.is_none() && self.keys.iter().any(|(name, _)| *name == ALL)
    }

    /// Returns the name of the trigger.
    pub(super) fn name_mut(&mut self) -> Option<&mut String> {
        self.keys.iter_mut().find_map(|(key, value)| match value {
            TomlValue::Text(name) if *key == NAME => Some(name),
            _ => None,
        })
    }

    /// Writes the trigger with the header `table` of its table.
    pub(super) fn write(&self, table: &str, out: &mut String) {
        out.push('\n');
        if let Some(reason) = &self.left_out {
            out.push_str(&toml_comment(&format!("Left out: {reason}.")));
        }
        self.comments.iter().for_each(|comment| out.push_str(&toml_comment(comment)));
        let keys = self.keys.iter().map(|(name, value)| writer::key(name, value));
        let lines: String = std::iter::once(table.to_owned()).chain(keys).collect();
        match (&self.left_out, self.keys.is_empty()) {
            (None, _) => out.push_str(&lines),
            (Some(_), false) => out.push_str(&writer::commented_out(&lines)),
            (Some(_), true) => {}
        }
    }
}

/// Returns the trigger's name, pattern or action in quotes, in one line.
fn label(record: &TriggerRecord, title: &str) -> String {
    let name = record.name.as_deref().or(Some(&*record.regex)).filter(|name| !name.is_empty()).unwrap_or(title);
    let name = one_line(name);
    let mut chars = name.chars();
    let label: String = chars.by_ref().take(LABEL).collect();
    format!("'{label}{}'", if chars.next().is_some() { "…" } else { "" })
}

/// Returns the comment that shows the parameter of an action, if it has one.
fn described(action: &str, record: &TriggerRecord) -> Option<String> {
    let text = record.text();
    (!text.is_empty()).then(|| format!("The action was {action}: {text}"))
}

/// Returns whether a line may have several matches of a pattern; true if that is not plain.
fn may_repeat(regex: &str) -> bool {
    regex.contains('|') || !(regex.starts_with('^') || ["$", ".*", ".+"].iter().any(|end| regex.ends_with(end)))
}

/// Returns the options that a key stands for.
fn options(name: &'static str, value: &TomlValue) -> Vec<OptionArg> {
    match value {
        TomlValue::Text(text) => vec![option(name, text)],
        TomlValue::Flag(is_set) if name == ENABLED => vec![option(name, &is_set.to_string())],
        TomlValue::Flag(_) => vec![option(name, "")],
        TomlValue::Texts(texts) => texts.iter().map(|text| option(name, text)).collect(),
    }
}

fn option(name: &'static str, value: &str) -> OptionArg {
    OptionArg { name: name.into(), value: value.to_owned() }
}
