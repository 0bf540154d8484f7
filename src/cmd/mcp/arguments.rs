//! Arguments of tools: their JSON schemas, and values that fit them.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::display::one_line;

/// Form of an argument.
#[derive(Clone, Copy, Debug)]
pub(super) enum ArgumentForm {
    /// A string.
    Text,
    /// `true` or `false`; `false` where it is left out.
    Flag,
    /// A whole number in this range.
    Number(u64, u64),
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// A list of strings, at least one.
    List,
}

/// An argument of a tool.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToolArgument {
    pub(super) name: &'static str,
    pub(super) form: ArgumentForm,
    pub(super) is_required: bool,
    /// What it means, in a sentence for the model.
    pub(super) description: &'static str,
}

impl ToolArgument {
    /// Creates an argument that may be left out.
    pub(super) const fn optional(name: &'static str, form: ArgumentForm, description: &'static str) -> Self {
        Self { name, form, is_required: false, description }
    }

    /// Creates an argument that must be given.
    pub(super) const fn required(name: &'static str, form: ArgumentForm, description: &'static str) -> Self {
        Self { name, form, is_required: true, description }
    }

    /// Returns the JSON schema of the argument.
    fn schema(&self) -> Value {
        let mut schema = match self.form {
            ArgumentForm::Text => json!({"type": "string"}),
            ArgumentForm::Flag => json!({"type": "boolean"}),
            ArgumentForm::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            ArgumentForm::Choice(names) => json!({"type": "string", "enum": names}),
            ArgumentForm::List => json!({"type": "array", "items": {"type": "string"}, "minItems": 1}),
        };
        schema["description"] = self.description.into();
        schema
    }

    /// Returns what is wrong with a value, as the end of a sentence.
    fn fault(&self, value: &Value) -> Option<String> {
        let is_text = |names: &[&str]| value.as_str().is_some_and(|text| names.contains(&text));
        let fits = match self.form {
            ArgumentForm::Text => value.is_string(),
            ArgumentForm::Flag => value.is_boolean(),
            ArgumentForm::Number(least, most) => value.as_u64().is_some_and(|number| (least..=most).contains(&number)),
            ArgumentForm::Choice(names) => is_text(names),
            ArgumentForm::List => {
                value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string))
            }
        };
        (!fits).then(|| match self.form {
            ArgumentForm::Text => "must be a string".to_owned(),
            ArgumentForm::Flag => "must be true or false".to_owned(),
            ArgumentForm::Number(least, most) => format!("must be a whole number from {least} to {most}"),
            ArgumentForm::Choice(names) => format!("must be one of {}", names.join(", ")),
            ArgumentForm::List => "must be a list of strings, at least one".to_owned(),
        })
    }
}

/// Returns the JSON schema of all arguments of a tool.
pub(super) fn schema(arguments: &[ToolArgument]) -> Value {
    let properties: Map<String, Value> =
        arguments.iter().map(|argument| (argument.name.to_owned(), argument.schema())).collect();
    let required: Vec<&str> =
        arguments.iter().filter(|argument| argument.is_required).map(|argument| argument.name).collect();
    let mut schema = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

/// Values that were given for the arguments of a tool, which fit them.
#[derive(Debug)]
pub(super) struct GivenArguments<'a>(&'a Map<String, Value>);

impl<'a> GivenArguments<'a> {
    /// Checks the values `given` for `arguments`.
    ///
    /// # Errors
    ///
    /// A sentence about the first value that does not fit, is unknown, or is missing.
    pub(super) fn check(arguments: &[ToolArgument], given: &'a Map<String, Value>) -> Result<Self, String> {
        for (name, value) in given {
            let Some(argument) = arguments.iter().find(|argument| argument.name == name) else {
                let names: Vec<&str> = arguments.iter().map(|argument| argument.name).collect();
                let names = if names.is_empty() {
                    "it takes none".to_owned()
                } else {
                    format!("it takes {}", names.join(", "))
                };
                return Err(format!("there is no argument '{}'; {names}", one_line(name)));
            };
            if let Some(fault) = argument.fault(value) {
                return Err(format!("{name} {fault}"));
            }
        }
        match arguments.iter().find(|argument| argument.is_required && !given.contains_key(argument.name)) {
            Some(missing) => Err(format!("{} is missing", missing.name)),
            None => Ok(Self(given)),
        }
    }

    /// Returns a string.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str()
    }

    /// Returns a string that must be given.
    pub(super) fn required_text(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    /// Returns a flag.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Returns a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    /// Returns a number of seconds, or `default`.
    pub(super) fn seconds(&self, name: &str, default: u64) -> Duration {
        Duration::from_secs(self.number(name).unwrap_or(default))
    }

    /// Returns a list of strings.
    pub(super) fn list(&self, name: &str) -> Vec<&'a str> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }
}
