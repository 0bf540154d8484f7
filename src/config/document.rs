//! One file of a configuration: TOML to options and triggers, each with its place. Reads no file.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::fault::ConfigFault;
use super::place::FilePlace;
use super::reader::{Entry, Reader};
use super::trigger::{FileTrigger, OPENERS};
use super::value::{KeyValue, kind_of};
use crate::cli::keys::{ConfigKey, KeyForm};
use crate::core::trigger::action;

/// Key of the tables that define triggers.
pub const TRIGGERS: &str = "trigger";
/// Key of the files that are read before the rest of the file.
pub const INCLUDE: &str = "include";
/// Key of the table of profiles.
pub const PROFILES: &str = "profile";
/// Key of the profile that is used unless another one is asked for.
pub const DEFAULT_PROFILE: &str = "default-profile";

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// Paths of files to read first.
    pub includes: Vec<(String, FilePlace)>,
    /// Name of the profile to use unless another one is asked for.
    pub default_profile: Option<(String, FilePlace)>,
    /// What is said outside of profiles.
    pub section: Section,
    /// The profiles by name.
    pub profiles: Vec<(String, Section)>,
}

/// Options and triggers.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// The options that are set.
    pub options: Vec<FileOption>,
    /// The triggers, in order.
    pub triggers: Vec<FileTrigger>,
}

impl Section {
    /// Adds a later section, whose options take the place of those of the same name, and whose coprocess that of another.
    pub(super) fn add(&mut self, later: Self) {
        let Self { options, triggers } = later;
        let replaces = |later: &FileOption, option: &FileOption| {
            later.key.name == option.key.name || (later.is_coproc() && option.is_coproc())
        };
        self.options.retain(|option| !options.iter().any(|later| replaces(later, option)));
        self.options.extend(options);
        self.triggers.extend(triggers);
    }
}

/// An option that a file sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOption {
    /// The key.
    pub key: ConfigKey,
    /// The values as on the command line: none if the option is not given, one empty text for an option without value.
    pub values: Vec<String>,
    /// Where the value stands.
    pub place: FilePlace,
    /// Where each of the values stands in that file.
    pub(super) spans: Vec<Range<usize>>,
}

impl FileOption {
    /// Returns whether the option starts a coprocess.
    pub(super) fn is_coproc(&self) -> bool {
        action::kind(&self.key.name).is_some()
    }

    /// Returns the option once for each of its values.
    pub(super) fn each_value(&self) -> impl Iterator<Item = Self> {
        self.values.iter().zip(&self.spans).map(|(value, span)| Self {
            key: self.key.clone(),
            values: vec![value.clone()],
            place: FilePlace { file: self.place.file, span: span.clone() },
            spans: vec![span.clone()],
        })
    }
}

impl Reader<'_> {
    /// Reads the text of the file.
    pub(super) fn read(&mut self) -> Document {
        let (root, mut errors) = DeTable::parse_recoverable(self.text);
        errors.sort_by_key(|error| error.span().map(|span| span.start));
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            self.syntax_fault(&span, error.message());
        }
        let mut document = Document::default();
        for (key, value) in self.entries(root.get_ref()) {
            match key.get_ref().as_ref() {
                INCLUDE => document.includes.extend(self.texts(INCLUDE, value)),
                DEFAULT_PROFILE => document.default_profile = self.texts(DEFAULT_PROFILE, value).pop(),
                PROFILES => document.profiles.extend(self.profiles(value)),
                _ => self.entry((key, value), &mut document.section, &[INCLUDE, PROFILES, DEFAULT_PROFILE]),
            }
        }
        document
    }

    /// Reads a key of the file or of a profile; `others` are keys that stand only here.
    fn entry(&mut self, (key, value): Entry<'_, '_>, section: &mut Section, others: &[&str]) {
        let name = key.get_ref().as_ref();
        if name == TRIGGERS {
            return section.triggers.extend(self.triggers(value));
        }
        let keys = self.keys;
        let Some(known) = keys.session.iter().find(|known| known.name == name) else {
            let names = keys.session.iter().map(|known| known.name.as_ref()).chain([TRIGGERS]);
            let fault = self.unknown(key, names.chain(others.iter().copied()));
            let of_trigger = keys.trigger.iter().any(|known| known.name == name)
                || OPENERS.iter().any(|(opener, _)| name == *opener);
            let help = "a key of a trigger stands below [[trigger]]".to_owned();
            return self.faults.push(if of_trigger { ConfigFault { help: Some(help), ..fault } } else { fault });
        };
        if let Some(values) = self.values(known, value) {
            let (values, spans) = values.into_iter().map(|value| (value.text, value.span)).unzip();
            section.options.push(FileOption { key: known.clone(), values, place: self.place(&value.span()), spans });
        }
    }

    fn profiles(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<(String, Section)> {
        let DeValue::Table(profiles) = value.get_ref() else {
            let message = format!("{PROFILES}: expected a table, found {}", kind_of(value.get_ref()));
            let help =
                format!("write {DEFAULT_PROFILE} = \"NAME\" to choose a profile, and [{PROFILES}.NAME] to define one");
            let fault = ConfigFault::new(self.place(&value.span()), message).with_help(help);
            self.faults.push(fault);
            return Vec::new();
        };
        self.entries(profiles).into_iter().filter_map(|(name, value)| self.profile(name, value)).collect()
    }

    fn profile(&mut self, name: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>) -> Option<(String, Section)> {
        let DeValue::Table(table) = value.get_ref() else {
            let found = kind_of(value.get_ref());
            self.fault(&value.span(), format!("profile '{}': expected a table, found {found}", name.get_ref()));
            return None;
        };
        let mut section = Section::default();
        for entry in self.entries(table) {
            self.entry(entry, &mut section, &[]);
        }
        Some((name.get_ref().to_string(), section))
    }

    fn triggers(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<FileTrigger> {
        let DeValue::Array(tables) = value.get_ref() else {
            let message = format!("{TRIGGERS}: expected tables [[{TRIGGERS}]], found {}", kind_of(value.get_ref()));
            let help = format!("write [[{TRIGGERS}]] with two brackets before each trigger");
            let fault = ConfigFault::new(self.place(&value.span()), message).with_help(help);
            self.faults.push(fault);
            return Vec::new();
        };
        tables.iter().filter_map(|table| self.trigger(table)).collect()
    }

    /// Returns the strings of a value: one, or those of an array.
    fn texts(&mut self, name: &'static str, value: &Spanned<DeValue<'_>>) -> Vec<(String, FilePlace)> {
        let key = ConfigKey {
            name: name.into(),
            value: "FILE".into(),
            form: KeyForm::Text,
            is_repeatable: name == INCLUDE,
            is_path: false,
            summary: "".into(),
        };
        let values = self.values(&key, value).unwrap_or_default();
        values.into_iter().map(|KeyValue { text, span }| (text, self.place(&span))).collect()
    }
}
