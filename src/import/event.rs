//! The events that start triggers of iTerm2, and those of coshell.

use serde_json::Value;

use super::checked;
use super::profile::{TriggerRecord, number};
use super::reason::Reason;
use super::writer::TomlValue;
use crate::core::trigger::StatusError;
use crate::core::trigger::definition::EVENT;

/// An event of iTerm2: a row of the table.
#[derive(Debug)]
struct EventRow {
    match_type: u64,
    title: &'static str,
    /// The event of coshell with its values by their numbers in iTerm2, or what is missing.
    event: Result<(&'static str, &'static [&'static str]), &'static str>,
    filters: &'static [EventFilter],
}

/// A parameter of an event, and the option that it becomes.
#[derive(Debug)]
enum EventFilter {
    /// A duration in seconds, and iTerm2's default.
    Seconds(&'static str, f64),
    /// A pattern.
    Matching(&'static str),
    /// An exit status.
    Status(&'static str),
    /// The name of a variable that a program sets.
    Variable(&'static str),
}

/// The first match type that is an event.
pub(super) const FIRST: u64 = 100;
/// The options for the filters.
const AFTER: &str = "after";
const MATCHING: &str = "matching";
const STATUS: &str = "status";
const VARIABLE: &str = "variable";
/// All options of events.
#[cfg(test)]
pub(super) const OPTIONS: &[&str] = &[EVENT, AFTER, MATCHING, STATUS, VARIABLE];

/// What variables that programs set have in front of their names.
const USER: &str = "user.";
/// Variables that iTerm2 sets, and the events of coshell that tell of the same.
const OWN_VARIABLES: &[(&str, &str)] = &[("path", "directory"), ("hostname", "host"), ("username", "user")];

use EventFilter::{Matching, Seconds, Status, Variable};

const fn row(
    match_type: u64,
    title: &'static str,
    event: Result<(&'static str, &'static [&'static str]), &'static str>,
    filters: &'static [EventFilter],
) -> EventRow {
    EventRow { match_type, title, event, filters }
}

const EVENTS: &[EventRow] = &[
    row(100, "Prompt Detected", Ok(("prompt", &[])), &[]),
    row(101, "Command Finished", Ok(("command-finished", &["status"])), &[Status("exitCodeFilter")]),
    row(102, "Directory Changed", Ok(("directory", &["directory"])), &[Matching("directoryRegex")]),
    row(103, "Host Changed", Ok(("host", &["host"])), &[Matching("hostRegex")]),
    row(104, "User Changed", Ok(("user", &["user"])), &[Matching("userRegex")]),
    row(105, "Idle", Ok(("idle", &["duration"])), &[Seconds("timeout", 30.0)]),
    row(106, "Activity After Idle", Ok(("activity", &["duration"])), &[Seconds("timeout", 30.0)]),
    row(107, "Session Ended", Ok(("exit", &[])), &[]),
    row(108, "Bell Received", Ok(("bell", &[])), &[]),
    row(
        109,
        "Long-Running Command",
        Ok(("long-command", &["command", "duration"])),
        &[Seconds("threshold", 60.0), Matching("commandRegex")],
    ),
    row(
        110,
        "Custom Escape Sequence",
        Err("coshell takes no commands from output; a trigger on text or the event variable does the same"),
        &[],
    ),
    row(111, "Notification Posted", Ok(("notification", &["0"])), &[Matching("messageRegex")]),
    row(
        112,
        "Progress Bar Changed",
        Err("coshell does not follow progress bars; the event command-finished tells of the end"),
        &[],
    ),
    row(113, "Job Started", Err("coshell looks at jobs only when a trigger asks; when = [\"job=NAME\"] does"), &[]),
    row(
        114,
        "Job Ended",
        Err("coshell looks at jobs only when a trigger asks; the event command-finished is close"),
        &[],
    ),
    row(
        115,
        "Variable Changed",
        Ok(("variable", &["value", "name"])),
        &[Matching("variableValueRegex"), Variable("variableName")],
    ),
];

/// The opening of a trigger by an event.
#[derive(Debug)]
pub(super) struct EventOpening {
    /// The event and its filters, as options.
    pub(super) options: Vec<(&'static str, TomlValue)>,
    /// Names of the values, by their numbers in iTerm2.
    pub(super) values: &'static [&'static str],
}

/// Returns the opening for the event of `record`.
pub(super) fn opening(record: &TriggerRecord) -> Result<EventOpening, Reason> {
    let row = EVENTS.iter().find(|row| row.match_type == record.match_type);
    let row = row.ok_or(Reason::UnknownEvent(record.match_type))?;
    let (name, values) = row.event.map_err(|why| Reason::Event { title: row.title, why })?;
    let mut options = vec![(EVENT, TomlValue::Text(name.to_owned()))];
    for filter in row.filters {
        options.extend(filter.option(record)?);
    }
    Ok(EventOpening { options, values })
}

impl EventFilter {
    /// Returns the option for the parameter in `record`; `None` if it lets everything pass.
    fn option(&self, record: &TriggerRecord) -> Result<Option<(&'static str, TomlValue)>, Reason> {
        let text = |key: &str| match record.event.get(key) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let option = match self {
            Seconds(key, default) => {
                let seconds = record.event.get(*key).and_then(number).filter(|seconds| (0.0..1e9).contains(seconds));
                Some((AFTER, format!("{}s", seconds.unwrap_or(*default))))
            }
            Matching(key) => match text(key) {
                regex if regex.is_empty() => None,
                regex => Some((MATCHING, checked::translate(&regex)?.text)),
            },
            Status(key) => match &*text(key) {
                "" | "*" => None,
                "!0" => Some((STATUS, "nonzero".to_owned())),
                status if status.parse::<u8>().is_ok() => Some((STATUS, status.to_owned())),
                status => return Err(Reason::ExitStatus(StatusError::new(status))),
            },
            Variable(key) => {
                let name = text(key);
                let own = OWN_VARIABLES.iter().find(|(known, _)| *known == name);
                let reason = || Reason::Variable { name: name.clone(), event: own.map(|(_, event)| *event) };
                Some((VARIABLE, name.strip_prefix(USER).ok_or_else(reason)?.to_owned()))
            }
        };
        Ok(option.map(|(name, value)| (name, TomlValue::Text(value))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn opened(match_type: u64, event: &Value) -> Result<EventOpening, Reason> {
        let trigger = json!({"action": "BellTrigger", "matchType": match_type, "eventParams": event});
        opening(&TriggerRecord::read(&trigger).expect("it has an action"))
    }

    #[test]
    fn events_have_their_filters() {
        for (match_type, event, want) in [
            (100, json!({}), "event=prompt"),
            (101, json!({"exitCodeFilter": "*"}), "event=command-finished"),
            (101, json!({"exitCodeFilter": "!0"}), "event=command-finished status=nonzero"),
            (101, json!({"exitCodeFilter": 2}), "event=command-finished status=2"),
            (102, json!({"directoryRegex": "\\/src$"}), "event=directory matching=/src$"),
            (105, json!({"timeout": 12.5}), "event=idle after=12.5s"),
            (106, json!({"timeout": "7"}), "event=activity after=7s"),
            (106, json!({"timeout": -1}), "event=activity after=30s"),
            (107, json!(null), "event=exit"),
            (108, json!({}), "event=bell"),
            (109, json!({"commandRegex": "make"}), "event=long-command after=60s matching=make"),
            (103, json!({"hostRegex": "^web"}), "event=host matching=^web"),
            (104, json!({"userRegex": ""}), "event=user"),
            (111, json!({"messageRegex": ""}), "event=notification"),
            (
                115,
                json!({"variableName": "user.branch", "variableValueRegex": "^main$"}),
                "event=variable matching=^main$ variable=branch",
            ),
            (115, json!({"variableName": "user.a.b"}), "event=variable variable=a.b"),
        ] {
            let opening = opened(match_type, &event).unwrap_or_else(|reason| panic!("{match_type}: {reason}"));
            let options = opening.options.iter().map(|(name, value)| match value {
                TomlValue::Text(value) => format!("{name}={value}"),
                value => panic!("{value:?}"),
            });
            assert_eq!(options.collect::<Vec<_>>().join(" "), want, "{match_type}");
        }
    }

    #[test]
    fn other_events_are_named() {
        for match_type in [110, 112, 113, 114] {
            let reason = opened(match_type, &json!({})).expect_err("coshell has no such event");
            assert!(matches!(reason, Reason::Event { .. }), "{match_type}: {reason}");
        }
        assert_eq!(opened(116, &json!({})).expect_err("it is unknown"), Reason::UnknownEvent(116));
        let reason = opened(102, &json!({"directoryRegex": "(?=a)"})).expect_err("the pattern looks around");
        assert!(matches!(reason, Reason::Pattern(_)), "{reason}");
        let reason = opened(101, &json!({"exitCodeFilter": "no"})).expect_err("it is no status");
        assert_eq!(reason, Reason::ExitStatus(StatusError::new("no")));
        for (name, event) in [("", None), ("jobName", None), ("path", Some("directory")), ("hostname", Some("host"))] {
            let reason = opened(115, &json!({"variableName": name})).expect_err("programs set no such variable");
            assert_eq!(reason, Reason::Variable { name: name.to_owned(), event });
        }
        let types: Vec<u64> = EVENTS.iter().map(|row| row.match_type).collect();
        assert_eq!(types, (FIRST..=115).collect::<Vec<_>>());
    }
}
