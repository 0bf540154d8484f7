//! The JSON schema of configurations, with which editors complete and check them. It is committed as
//! `assets/coshell.schema.json`, and a test compares the two.

use serde_json::{Map, Value, json};

use super::{DEFAULT_PROFILE, INCLUDE, OPENERS, PROFILES, REGEX, TRIGGERS};
use crate::cli::keys::{ConfigKey, KeyForm, session_keys, trigger_keys};
use crate::core::trigger::action::KINDS;
use crate::core::trigger::definition::EVENT;
use crate::core::trigger::event::EVENTS;

/// Returns the schema as JSON with a newline at the end.
pub fn schema() -> String {
    let session = session_keys();
    let mut file = properties(&session);
    file.insert(INCLUDE.to_owned(), described(INCLUDE_SUMMARY, &several(&json!({"type": "string"}))));
    file.insert(DEFAULT_PROFILE.to_owned(), described(DEFAULT_PROFILE_SUMMARY, &json!({"type": "string"})));
    let triggers = json!({"type": "array", "items": {"$ref": "#/definitions/trigger"}});
    file.insert(TRIGGERS.to_owned(), described(TRIGGERS_SUMMARY, &triggers));
    let profiles = json!({"type": "object", "additionalProperties": {"$ref": "#/definitions/profile"}});
    file.insert(PROFILES.to_owned(), described(PROFILES_SUMMARY, &profiles));
    let mut profile = properties(&session);
    profile.insert(TRIGGERS.to_owned(), described(TRIGGERS_SUMMARY, &triggers));
    let mut trigger = properties(&trigger_keys());
    trigger.insert(REGEX.to_owned(), described(REGEX_SUMMARY, &json!({"type": "string", "minLength": 1})));
    let events: Vec<&str> = EVENTS.iter().map(|row| row.name).collect();
    trigger.insert(EVENT.to_owned(), described(EVENT_SUMMARY, &json!({"enum": events})));
    let openers = OPENERS.map(|(name, _)| json!({"required": [name]}));
    let actions: Vec<Value> = KINDS.iter().map(|kind| json!({"required": [kind.name]})).collect();
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Configuration of coshell",
        "type": "object",
        "additionalProperties": false,
        "properties": file,
        "definitions": {
            "profile": {"type": "object", "additionalProperties": false, "properties": profile},
            "trigger": {
                "type": "object",
                "additionalProperties": false,
                "oneOf": openers,
                "anyOf": actions,
                "properties": trigger,
            },
        },
    });
    format!("{schema:#}\n")
}

/// Summary of the key [`INCLUDE`].
pub const INCLUDE_SUMMARY: &str = "Files to read before this one";
/// Summary of the key [`DEFAULT_PROFILE`].
pub const DEFAULT_PROFILE_SUMMARY: &str = "Profile to use unless --profile names another one";
/// Summary of the key [`TRIGGERS`].
pub const TRIGGERS_SUMMARY: &str = "Triggers, in the order in which they are tried";
/// Summary of the key [`PROFILES`].
pub const PROFILES_SUMMARY: &str = "Options and triggers by the name of a profile";
/// Summary of the key [`REGEX`].
pub const REGEX_SUMMARY: &str = "Regular expression to match";
/// Summary of the key `event`.
pub const EVENT_SUMMARY: &str = "Event that opens the trigger in place of a match";

fn properties(keys: &[ConfigKey]) -> Map<String, Value> {
    keys.iter().map(|key| (key.name.to_string(), described(&key.summary, &value(key)))).collect()
}

fn described(summary: &str, value: &Value) -> Value {
    let mut value = value.clone();
    value["description"] = json!(summary);
    value
}

fn value(key: &ConfigKey) -> Value {
    let one = match &key.form {
        KeyForm::Flag | KeyForm::Bool => json!({"type": "boolean"}),
        KeyForm::Number => json!({"type": "integer", "minimum": 0}),
        KeyForm::NumberOrText => json!({"type": ["string", "integer"], "minimum": 0}),
        KeyForm::Text => json!({"type": "string"}),
        KeyForm::OptionalText => json!({"type": ["string", "boolean"]}),
        KeyForm::Assignments => {
            let table = json!({"type": "object", "additionalProperties": {"type": "string"}});
            json!({"anyOf": [{"type": "string"}, table]})
        }
        KeyForm::Choice(choices) => json!({"enum": choices}),
    };
    if key.is_repeatable { several(&one) } else { one }
}

fn several(one: &Value) -> Value {
    json!({"anyOf": [one, {"type": "array", "items": one}]})
}
