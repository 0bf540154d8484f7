//! The fuzz target of the import: any file, and any pattern.

use super::{ImportedFile, convert, pattern, read};
use crate::core::trigger::Pattern;

/// Checks that no file makes the import panic or write anything but TOML, and that a translated pattern is one.
pub fn import(input: &[u8]) {
    let profiles = match (read(input), std::str::from_utf8(input)) {
        (Ok(profiles), _) => profiles,
        // Most inputs are no file: they serve as the pattern and the parameter of a trigger.
        (Err(_), Ok(text)) => {
            if let Ok(translation) = pattern::translate(text)
                && let Err(error) = Pattern::parse(&*translation.text)
            {
                assert!(error.to_string().starts_with("too big"), "{text} became {}: {error}", translation.text);
            }
            read(&trigger_of(text)).unwrap_or_default()
        }
        (Err(_), Err(_)) => return,
    };
    let conversion = convert(&[ImportedFile { name: "file".to_owned(), profiles }]);
    let table: toml::Table = conversion.text.parse().unwrap_or_else(|error| panic!("{error}\n{}", conversion.text));
    let carried = |table: &toml::Table| table.get("trigger").and_then(toml::Value::as_array).map_or(0, Vec::len);
    let profiles = table.get("profile").and_then(toml::Value::as_table).into_iter().flatten();
    let in_profiles: usize = profiles.filter_map(|(_, profile)| profile.as_table()).map(carried).sum();
    assert_eq!(carried(&table) + in_profiles, conversion.carried, "{}", conversion.text);
}

/// Returns triggers with the text in each place.
fn trigger_of(text: &str) -> Vec<u8> {
    let actions = [
        "SendTextTrigger",
        "ScriptTrigger",
        "HighlightTrigger",
        "iTermSGRTrigger",
        "iTermSetUserVariableTrigger",
        "MarkTrigger",
    ];
    let triggers: Vec<serde_json::Value> = actions
        .into_iter()
        .map(
            |action| serde_json::json!({"action": action, "regex": text, "parameter": text, "name": text, "job": text}),
        )
        .collect();
    serde_json::json!([{"Name": text, "Triggers": triggers}]).to_string().into_bytes()
}
