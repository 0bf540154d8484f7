//! Values of keys: TOML to the texts that the option has on a command line.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::reader::Reader;
use crate::cli::keys::{ConfigKey, KeyForm};

/// A value of a key, as on the command line.
#[derive(Debug)]
pub(super) struct KeyValue {
    pub(super) text: String,
    /// Where it stands in the file.
    pub(super) span: Range<usize>,
}

impl Reader<'_> {
    /// Returns the values of `key`; `None` after a fault.
    pub(super) fn values(&mut self, key: &ConfigKey, value: &Spanned<DeValue<'_>>) -> Option<Vec<KeyValue>> {
        match value.get_ref() {
            DeValue::Array(values) if key.is_repeatable => {
                let values: Vec<_> = values.iter().map(|value| self.one(key, value)).collect();
                let values: Option<Vec<_>> = values.into_iter().collect();
                values.map(|values| values.into_iter().flatten().collect())
            }
            _ => self.one(key, value),
        }
    }

    /// Returns the values of a key that is given one value: none where it is `false`, several of a table.
    fn one(&mut self, key: &ConfigKey, value: &Spanned<DeValue<'_>>) -> Option<Vec<KeyValue>> {
        let text = |text: String| Some(vec![KeyValue { text, span: value.span() }]);
        match (&key.form, value.get_ref()) {
            (KeyForm::Flag | KeyForm::OptionalText, DeValue::Boolean(true)) => text(String::new()),
            (KeyForm::Flag | KeyForm::OptionalText, DeValue::Boolean(false)) => Some(Vec::new()),
            (KeyForm::Bool, DeValue::Boolean(value)) => text(value.to_string()),
            (KeyForm::Number | KeyForm::NumberOrText, DeValue::Integer(number)) => text(decimal(number)),
            (
                KeyForm::Text
                | KeyForm::NumberOrText
                | KeyForm::OptionalText
                | KeyForm::Choice(_)
                | KeyForm::Assignments,
                DeValue::String(value),
            ) => text(value.to_string()),
            (KeyForm::Assignments, DeValue::Table(table)) => self.assignments(key, table),
            (form, found) => {
                let (wanted, found) = (wanted(form, &key.value, key.is_repeatable), kind_of(found));
                self.fault(&value.span(), format!("{}: expected {wanted}, found {found}", key.name));
                None
            }
        }
    }

    /// Returns the entries of a table as `NAME=VALUE`.
    fn assignments(&mut self, key: &ConfigKey, table: &DeTable<'_>) -> Option<Vec<KeyValue>> {
        let mut all = Vec::new();
        for (name, value) in self.entries(table) {
            let DeValue::String(text) = value.get_ref() else {
                let found = kind_of(value.get_ref());
                self.fault(
                    &value.span(),
                    format!("{}: expected a string for {}, found {found}", key.name, name.get_ref()),
                );
                return None;
            };
            all.push(KeyValue { text: format!("{}={text}", name.get_ref()), span: value.span() });
        }
        Some(all)
    }
}

/// Returns an integer as it is written on a command line.
fn decimal(number: &DeInteger<'_>) -> String {
    let parsed = i128::from_str_radix(number.as_str(), number.radix());
    parsed.map_or_else(|_| number.as_str().to_owned(), |number| number.to_string())
}

/// Describes the values of a form; `value` is their name in the help.
pub(super) fn wanted(form: &KeyForm, value: &str, is_repeatable: bool) -> String {
    let value = value.trim_matches(['[', ']']);
    let one = match form {
        KeyForm::Flag | KeyForm::Bool => "true or false".to_owned(),
        KeyForm::Number => "a whole number".to_owned(),
        KeyForm::NumberOrText => format!("a whole number or a string ({value})"),
        KeyForm::Text => format!("a string ({value})"),
        KeyForm::OptionalText => format!("a string ({value}) or true"),
        KeyForm::Assignments => "a string (NAME=VALUE) or a table of strings".to_owned(),
        KeyForm::Choice(choices) => {
            let quoted: Vec<String> = choices.iter().map(|choice| format!("\"{choice}\"")).collect();
            format!("one of {}", quoted.join(", "))
        }
    };
    if is_repeatable { format!("{one}, or an array of these") } else { one }
}

/// Names the kind of a value.
pub(super) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
