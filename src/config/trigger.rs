//! One `[[trigger]]` of a configuration: its keys, in order, are the options of the trigger.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeValue};

use super::fault::ConfigFault;
use super::place::{FilePlace, part_of_string};
use super::reader::Reader;
use super::value::{KeyValue, kind_of};
use crate::cli::keys::KeyForm;
use crate::core::request::OptionArg;
use crate::core::trigger::definition::{EVENT, TRIGGER, TriggerDef, TriggerFault};
use crate::core::trigger::{OptionError, TemplateError};

/// Key of a trigger's pattern.
pub const REGEX: &str = "regex";
/// Keys that open a trigger, each with the option that it stands for.
pub const OPENERS: [(&str, &str); 2] = [(REGEX, TRIGGER), (EVENT, EVENT)];
/// Key of a trigger's name.
pub const NAME: &str = "name";

/// A trigger that a file defines.
#[derive(Debug)]
pub struct FileTrigger {
    /// The trigger.
    pub definition: TriggerDef,
    /// Where its name stands, or its pattern or event where it has no name.
    pub place: FilePlace,
}

/// What was read of a trigger, with the places.
#[derive(Default)]
struct TriggerTableText {
    /// What opens it: the key and the option, and the value.
    opener: Option<(&'static str, &'static str, KeyValue)>,
    options: Vec<OptionArg>,
    /// Where the value of each option stands.
    spans: Vec<Range<usize>>,
    /// Whether a key was left out because of a fault.
    is_partial: bool,
}

impl Reader<'_> {
    /// Reads a trigger; `None` after a fault.
    pub(super) fn trigger(&mut self, value: &Spanned<DeValue<'_>>) -> Option<FileTrigger> {
        let DeValue::Table(table) = value.get_ref() else {
            self.fault(&value.span(), format!("trigger: expected a table, found {}", kind_of(value.get_ref())));
            return None;
        };
        let mut read = TriggerTableText::default();
        let entries = self.entries(table);
        read.is_partial = entries.len() < table.len();
        for (key, value) in entries {
            match OPENERS.iter().find(|(name, _)| key.get_ref() == name) {
                Some((name, option)) => self.opener((*name, *option), key, value, &mut read),
                None => self.option(key, value, &mut read),
            }
        }
        let header = value.span();
        let Some((key, begin, opener)) = read.opener.take() else {
            if !read.is_partial {
                self.fault(&header, "the trigger has no pattern and no event: add regex = '...' or event = 'NAME'");
            }
            return None;
        };
        let name = read.options.iter().position(|option| option.name == NAME);
        let place = self.place(name.map_or(&opener.span, |at| &read.spans[at]));
        match TriggerDef::checked(begin, opener.text.clone(), std::mem::take(&mut read.options)) {
            Ok(definition) if !read.is_partial => {
                Some(FileTrigger { definition: TriggerDef { is_configured: true, ..definition }, place })
            }
            Ok(_) => None,
            Err(faults) => {
                for fault in faults {
                    self.trigger_fault(fault, key, &opener, &read);
                }
                None
            }
        }
    }

    fn opener(
        &mut self,
        (name, option): (&'static str, &'static str),
        key: &Spanned<DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
        read: &mut TriggerTableText,
    ) {
        let opener = match (value.get_ref(), &read.opener) {
            (_, Some((other, ..))) => {
                Err((key.span(), format!("the trigger has {other} too: leave out one of the two")))
            }
            (DeValue::String(text), None) => Ok(KeyValue { text: text.to_string(), span: value.span() }),
            (other, None) => Err((value.span(), format!("{name}: expected a string, found {}", kind_of(other)))),
        };
        match opener {
            Ok(opener) => read.opener = Some((name, option, opener)),
            Err((span, fault)) => {
                read.is_partial = true;
                self.fault(&span, fault);
            }
        }
    }

    fn option(&mut self, key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>, read: &mut TriggerTableText) {
        let keys = self.keys;
        let name = key.get_ref().as_ref();
        let Some(known) = keys.trigger.iter().find(|known| known.name == name) else {
            let openers = OPENERS.iter().map(|(name, _)| *name);
            let names = openers.chain(keys.trigger.iter().map(|known| known.name.as_ref()));
            let fault = self.unknown(key, names);
            let is_of_file = keys.session.iter().any(|known| known.name == name);
            let help = format!("{name} is a key of the whole file: put it above the first [[trigger]]");
            read.is_partial = true;
            return self.faults.push(if is_of_file { fault.with_help(help) } else { fault });
        };
        let values = self.values(known, value);
        read.is_partial |= values.is_none();
        for KeyValue { text, span } in values.unwrap_or_default() {
            read.options.push(OptionArg { name: known.name.clone(), value: text });
            read.spans.push(span);
        }
    }

    /// Returns where in the string at `span` the fault of a template is: the value of the key `name`.
    fn template_part(&self, name: &str, span: &Range<usize>, error: &TemplateError) -> Range<usize> {
        let key = self.keys.trigger.iter().find(|key| key.name == name);
        // The template of NAME=VALUE is a part of it.
        let is_whole = key.is_some_and(|key| key.form != KeyForm::Assignments);
        let value = DeValue::parse(&self.text[span.clone()]).ok().filter(|_| is_whole);
        let text = value.as_ref().and_then(|value| value.get_ref().as_str()).unwrap_or_default();
        let fault = text.char_indices().nth(error.position - 1);
        fault.map_or_else(
            || span.clone(),
            |(at, char)| part_of_string(self.text, span, text, &(at..at + char.len_utf8())),
        )
    }

    /// Reports a fault that the definition of the trigger has, which `opener` opens, the value of the key `key`.
    fn trigger_fault(&mut self, fault: TriggerFault, key: &str, opener: &KeyValue, read: &TriggerTableText) {
        let TriggerFault { index, error } = fault;
        let span = &opener.span;
        let place = |index: usize| read.spans.get(index).unwrap_or(span);
        match (error.kind, index) {
            // The action may be what was left out.
            (OptionError::NoAction(_), _) if read.is_partial => {}
            (OptionError::NoAction(_), _) => {
                let fault = ConfigFault::new(self.place(span), "the trigger has no action");
                let help = "add one, such as send = \"TEXT\", notify = \"TEXT\" or bell = true";
                self.faults.push(fault.with_help(help));
            }
            (OptionError::Pattern(bad), None) => {
                let part = part_of_string(self.text, span, &opener.text, &bad.span());
                self.fault(&part, format!("{key}: {}", bad.reason()));
            }
            (OptionError::Pattern(bad), Some(index)) => {
                let span = place(index).clone();
                let value = DeValue::parse(&self.text[span.clone()]).ok();
                let text = value.as_ref().and_then(|value| value.get_ref().as_str());
                let part =
                    text.map_or_else(|| span.clone(), |text| part_of_string(self.text, &span, text, &bad.span()));
                self.fault(&part, format!("{}: {}", error.option, bad.reason()));
            }
            (OptionError::Template(fault), Some(index)) => {
                let part = self.template_part(&error.option, place(index), &fault);
                self.fault(&part, format!("{}: {fault}", error.option));
            }
            (kind, None) => self.fault(span, format!("{key}: {kind}")),
            (kind, Some(index)) => self.fault(place(index), format!("{}: {kind}", error.option)),
        }
    }
}
