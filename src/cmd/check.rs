//! `coshell check`: says what a configuration does, or all that is wrong with it.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::output::{Form, print, print_as};
use super::{configuration, output};
use crate::cli::CheckArgs;
use crate::config::load::{LoadError, Loaded};
use crate::config::schema::schema;
use crate::config::{FileOption, FileTrigger, NAME};
use crate::core::request::OptionArg;
use crate::core::trigger::definition::TriggerDef;
use crate::core::trigger::{Pattern, action};
use crate::display::{one_line, toml_string};
use crate::error::{Failure, Usage};

/// Exit status for a configuration with faults.
const FAULTY: u8 = 2;

/// Checks the configuration; returns the exit status.
pub(super) fn run(args: &CheckArgs, json: bool) -> Result<u8, Failure> {
    if args.schema {
        return print_as(&schema(), Form::Json).map(|_| 0);
    }
    let mut files = configuration::files(&args.configuration)?;
    let path = files.shown_path();
    match files.load() {
        Ok(Some(loaded)) if json => print_as(&format!("{}\n", as_json(&loaded)), Form::Json).map(|_| 0),
        Ok(Some(loaded)) => print(&as_text(&loaded)).map(|_| 0),
        Ok(None) => Err(missing(&path, args.configuration.profile.as_deref())),
        Err(LoadError::Faulty(sources, faults)) if json => {
            let faults: Vec<Value> = faults.list().iter().map(|fault| fault.json(&sources)).collect();
            print_as(&format!("{}\n", json!({"errors": faults})), Form::Json).map(|_| FAULTY)
        }
        Err(error) => {
            output::fail(&configuration::failure(error));
            Ok(FAULTY)
        }
    }
}

fn missing(path: &str, profile: Option<&str>) -> Failure {
    let sentence = configuration::missing(path);
    let profile = profile.map(|name| format!("--profile {name}: ")).unwrap_or_default();
    Failure::Usage(Usage::of("check", &format!("{profile}{sentence}")))
}

fn as_text(loaded: &Loaded) -> String {
    let files = loaded.sources.files.iter().map(|file| one_line(&file.path.to_string_lossy()));
    let mut lines: Vec<String> = files.map(|file| format!("file {file}")).collect();
    lines.extend(loaded.profile.as_ref().map(|name| format!("profile {}", one_line(name))));
    let others = loaded.profiles.iter().filter(|name| Some(*name) != loaded.profile.as_ref());
    lines.extend(others.map(|name| format!("profile {} (not in use)", one_line(name))));
    lines.extend(loaded.options.iter().map(option_line));
    lines.extend(loaded.triggers.iter().enumerate().map(|(i, trigger)| trigger_line(i + 1, &trigger.definition)));
    lines.extend(warnings(loaded).into_iter().map(|warning| format!("warning: {warning}")));
    lines.join("\n") + "\n"
}

/// Returns an option as it is written on a command line.
fn option_line(option: &FileOption) -> String {
    let name = &option.key.name;
    match &option.values[..] {
        [] => format!("option --{name} off"),
        values => {
            let values = values.iter().filter(|value| !value.is_empty()).map(|value| toml_string(value));
            let values: String = values.map(|value| format!(" {}", one_line(&value))).collect();
            format!("option --{name}{values}")
        }
    }
}

/// Returns what a trigger looks for, does, and on which conditions, in the words of the help.
fn trigger_line(number: usize, trigger: &TriggerDef) -> String {
    let name = trigger.options.name.as_ref().map(|name| format!("{}: ", one_line(name))).unwrap_or_default();
    let (actions, modifiers): (Vec<&OptionArg>, Vec<&OptionArg>) =
        trigger.actions.options.iter().partition(|option| action::kind(&option.name).is_some());
    let actions: Vec<String> = actions.into_iter().map(action_words).collect();
    let modifiers = modifiers.into_iter().filter(|option| option.name != NAME);
    let modifiers: Vec<String> = modifiers.map(|option| format!("{} {}", option.name, option.value)).collect();
    let modifiers: Vec<&str> = modifiers.iter().map(|modifier| modifier.trim_end()).collect();
    let suffix = if modifiers.is_empty() { String::new() } else { format!(" ({})", one_line(&modifiers.join(", "))) };
    let event = if trigger.options.event().is_some() { "event " } else { "" };
    let opener = one_line(trigger.options.opener.text());
    format!("{number:>3}  {name}on {event}{opener}  {}{suffix}", actions.join("; "))
}

/// Returns what an action does: its line of help, with the value in place of its name.
fn action_words(option: &OptionArg) -> String {
    let Some(kind) = action::kind(&option.name) else { return String::new() };
    let value = one_line(&toml_string(&option.value));
    let name = kind.value.unwrap_or_default().trim_matches(['[', ']']);
    // What stands in parentheses explains the value; a semicolon stands between actions here.
    let summary = kind.summary.split([';', '(']).next().unwrap_or_default().trim_end();
    let summary = match (summary.split_once(name), option.value.is_empty()) {
        (_, true) => summary.to_owned(),
        (Some((before, after)), false) if !name.is_empty() => format!("{before}{value}{after}"),
        (_, false) => format!("{summary}: {value}"),
    };
    let mut chars = summary.chars();
    let first = chars.next().map(|first| first.to_lowercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

/// Returns what is allowed and has no effect.
fn warnings(loaded: &Loaded) -> Vec<String> {
    let (mut warnings, mut stopping) = (Vec::new(), HashMap::new());
    for trigger in &loaded.triggers {
        let options = &trigger.definition.options;
        let idle = trigger.definition.idle_modifiers();
        warnings.extend(idle.map(|idle| format!("trigger {}: {idle}", one_line(options.label()))));
        // An event has filters, so that two triggers of one are not the same.
        let Some(pattern) = options.pattern().map(Pattern::text) else { continue };
        let name = one_line(options.label());
        if let Some(before) = stopping.get(pattern) {
            let sentence = "before it has the same pattern and stops";
            warnings.push(format!("trigger {name} never fires: trigger {before} {sentence}"));
        }
        let always = options.enabled && options.when.is_empty() && !options.once && options.cooldown.is_none();
        // One that starts a coprocess does not fire while another one runs.
        if options.stops && always && options.starts.is_none() {
            stopping.entry(pattern).or_insert(name);
        }
    }
    warnings
}

fn as_json(loaded: &Loaded) -> Value {
    let files: Vec<String> = loaded.sources.files.iter().map(|file| file.path.to_string_lossy().into_owned()).collect();
    let options: Vec<Value> =
        loaded.options.iter().map(|option| json!({"name": option.key.name, "values": option.values})).collect();
    let trigger = |trigger: &FileTrigger| {
        let TriggerDef { options, actions, .. } = &trigger.definition;
        let (line, _) = loaded.sources.line_and_column(&trigger.place);
        json!({
            "name": options.name,
            "regex": options.pattern().map(Pattern::text),
            "event": options.event().map(|rule| rule.event.name()),
            "options": actions.options,
            "enabled": options.enabled,
            "file": files[trigger.place.file],
            "line": line,
        })
    };
    let triggers: Vec<Value> = loaded.triggers.iter().map(trigger).collect();
    json!({
        "files": files,
        "profile": loaded.profile,
        "profiles": loaded.profiles,
        "options": options,
        "triggers": triggers,
        "warnings": warnings(loaded),
    })
}
