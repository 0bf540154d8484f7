//! The profiles and triggers in a file.

use serde_json::{Map, Value};

use super::document::DocumentError;

/// Maximum number of triggers in a file.
const TRIGGERS: usize = 10_000;

/// A profile with its triggers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Its name; `None` for triggers without a profile.
    pub name: Option<String>,
    /// Whether its parameters are interpolated strings; `None` if the file does not say so.
    pub(super) interpolates: Option<bool>,
    /// The triggers, as they are in the file.
    pub(super) triggers: Vec<Value>,
}

/// A trigger of iTerm2.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TriggerRecord {
    pub(super) name: Option<String>,
    pub(super) action: String,
    pub(super) regex: String,
    pub(super) parameter: Value,
    pub(super) is_instant: bool,
    pub(super) is_disabled: bool,
    /// 0 for a pattern, from 100 on an event.
    pub(super) match_type: u64,
    pub(super) event: Map<String, Value>,
    pub(super) job: Option<String>,
    pub(super) provenance: Option<String>,
}

/// Finds the profiles in a file: one, an array, those of Dynamic Profiles, those of iTerm2's settings, or triggers alone.
pub(super) fn profiles(file: Value) -> Result<Vec<Profile>, DocumentError> {
    let list = |list: &mut Value| match list.take() {
        Value::Array(profiles) => Some(profiles.into_iter().filter_map(profile).collect()),
        _ => None,
    };
    let found = match file {
        Value::Array(values) if values.iter().all(is_trigger) => {
            Some(vec![Profile { triggers: values, ..Profile::default() }])
        }
        Value::Array(values) if values.iter().all(is_profile) => Some(values.into_iter().filter_map(profile).collect()),
        Value::Object(mut map) => match ["New Bookmarks", "Profiles"].into_iter().find(|key| map.contains_key(*key)) {
            Some(key) => map.get_mut(key).and_then(list),
            None => profile(Value::Object(map)).map(|profile| vec![profile]),
        },
        _ => None,
    };
    let found = found.ok_or(DocumentError::NoProfiles)?;
    let triggers: usize = found.iter().map(|profile| profile.triggers.len()).sum();
    if triggers > TRIGGERS { Err(DocumentError::TooManyTriggers) } else { Ok(found) }
}

fn is_trigger(value: &Value) -> bool {
    value.get("action").is_some()
}

fn is_profile(value: &Value) -> bool {
    ["Triggers", "Name", "Guid"].iter().any(|key| value.get(key).is_some())
}

/// Returns the profile in a dictionary, or the trigger as a profile of its own.
fn profile(value: Value) -> Option<Profile> {
    if is_trigger(&value) {
        return Some(Profile { triggers: vec![value], ..Profile::default() });
    }
    if !is_profile(&value) {
        return None;
    }
    let Value::Object(mut map) = value else { return None };
    let triggers = match map.remove("Triggers") {
        Some(Value::Array(triggers)) => triggers,
        _ => Vec::new(),
    };
    let interpolates = map.get("Triggers Use Interpolated Strings").map(is_true);
    Some(Profile { name: text(&map, "Name"), interpolates: Some(interpolates.unwrap_or(false)), triggers })
}

impl TriggerRecord {
    /// Reads a trigger; `None` if it has no action.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let map = value.as_object()?;
        let flag = |key| map.get(key).is_some_and(is_true);
        Some(Self {
            name: text(map, "name"),
            action: text(map, "action")?,
            regex: text(map, "regex").unwrap_or_default(),
            parameter: map.get("parameter").cloned().unwrap_or_default(),
            is_instant: flag("partial"),
            is_disabled: flag("disabled"),
            match_type: map.get("matchType").and_then(number).unwrap_or_default() as u64,
            event: map.get("eventParams").and_then(Value::as_object).cloned().unwrap_or_default(),
            job: text(map, "job"),
            provenance: text(map, "provenance"),
        })
    }

    /// Returns the parameter as text.
    pub(super) fn text(&self) -> String {
        match &self.parameter {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        }
    }
}

/// Returns a text that is not blank.
fn text(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key)?.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// Returns a number, also one that is written as text.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|number: &f64| number.is_finite())
}

fn is_true(value: &Value) -> bool {
    value.as_bool().or_else(|| number(value).map(|number| number != 0.0)).unwrap_or(value == "true" || value == "YES")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn profiles_are_found_in_each_kind_of_file() {
        let bell = json!({"action": "BellTrigger", "regex": "a"});
        let one = json!({"Name": "One", "Triggers": [bell], "Triggers Use Interpolated Strings": 1});
        let two = json!({"Name": "Two", "Guid": "2"});
        for (file, names) in [
            (one.clone(), &[Some("One")][..]),
            (json!([one, two]), &[Some("One"), Some("Two")]),
            (json!({"Profiles": [one, two]}), &[Some("One"), Some("Two")]),
            (json!({"New Bookmarks": [two, one], "NoSyncX": true}), &[Some("Two"), Some("One")]),
            (bell.clone(), &[None]),
            (json!([bell, bell]), &[None]),
            (json!([]), &[None]),
        ] {
            let found = profiles(file.clone()).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!(found.iter().map(|profile| profile.name.as_deref()).collect::<Vec<_>>(), names, "{file}");
            let triggers: usize = found.iter().map(|profile| profile.triggers.len()).sum();
            assert_eq!(triggers, file.to_string().matches("BellTrigger").count(), "{file}");
        }
        for file in [json!({}), json!({"a": 1}), json!([1]), json!("a"), json!({"Profiles": 1}), json!(null)] {
            assert_eq!(profiles(file.clone()), Err(DocumentError::NoProfiles), "{file}");
        }
        let many = json!({"Triggers": vec![bell; TRIGGERS + 1]});
        assert_eq!(profiles(many), Err(DocumentError::TooManyTriggers));
    }

    #[test]
    fn record_reads_numbers_and_flags_in_any_form() {
        for (yes, no) in
            [(json!(true), json!(false)), (json!(1), json!(0)), (json!("1"), json!("0")), (json!("YES"), json!(null))]
        {
            let value = json!({"action": "A", "partial": yes, "disabled": no, "matchType": "101", "job": " "});
            let record = TriggerRecord::read(&value).expect("it has an action");
            assert_eq!(
                (record.is_instant, record.is_disabled, record.match_type, record.job),
                (true, false, 101, None)
            );
        }
        for value in [json!(1), json!({}), json!({"action": 1}), json!({"action": ""})] {
            assert_eq!(TriggerRecord::read(&value), None, "{value}");
        }
    }
}
