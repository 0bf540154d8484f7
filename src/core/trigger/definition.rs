//! Definition of a trigger: its pattern and its options, as given by the command line, a configuration or a client.

use std::time::Duration;

use super::action::{self, Action, ActionKind};
use super::error::{DurationError, OptionError, TriggerError};
use super::{Pattern, TriggerOptions, When};
use crate::core::request::OptionArg;

/// A trigger with its actions.
#[derive(Debug)]
pub struct TriggerDef {
    /// Pattern and modifiers.
    pub options: TriggerOptions,
    /// The actions, and the options that define them.
    pub actions: TriggerActions,
}

/// Actions of a trigger.
#[derive(Debug)]
pub struct TriggerActions {
    /// The actions, in order.
    pub list: Vec<Box<dyn Action>>,
    /// The options that define the trigger, in order.
    pub options: Vec<OptionArg>,
}

/// An option that changes how the trigger before it is tried.
#[derive(Debug)]
pub struct Modifier {
    /// The option without dashes, and the key in a configuration.
    pub name: &'static str,
    /// Name of its value in the help, if it takes one.
    pub value: Option<&'static str>,
    /// One line for the help, without a period.
    pub summary: &'static str,
    /// Applies the option with this value, which is empty where it takes none.
    pub apply: fn(&mut TriggerOptions, &str) -> Result<(), OptionError>,
}

/// The option that begins a trigger.
pub const TRIGGER: &str = "trigger";

/// Every modifier.
pub const MODIFIERS: &[Modifier] = &[
    Modifier {
        name: "name",
        value: Some("NAME"),
        summary: "Set the name that notices and lists show",
        apply: |options, name| set(&mut options.name, Some(name.to_owned())),
    },
    Modifier {
        name: "all",
        value: None,
        summary: "Fire for every match in a line",
        apply: |options, _| set(&mut options.all, true),
    },
    Modifier {
        name: "once",
        value: None,
        summary: "Fire only once per session",
        apply: |options, _| set(&mut options.once, true),
    },
    Modifier {
        name: "instant",
        value: None,
        summary: "Fire without waiting 20 ms for a pause",
        apply: |options, _| set(&mut options.instant, true),
    },
    Modifier {
        name: "cooldown",
        value: Some("DURATION"),
        summary: "Fire at most once within DURATION (500ms, 5s, 2m)",
        apply: |options, duration| set(&mut options.cooldown, Some(parse_duration(duration)?)),
    },
    Modifier {
        name: "when",
        value: Some("CONDITION"),
        summary: When::SUMMARY,
        apply: |options, condition| {
            options.when.push(condition.parse()?);
            Ok(())
        },
    },
];

fn set<T>(option: &mut T, value: T) -> Result<(), OptionError> {
    *option = value;
    Ok(())
}

impl TriggerDef {
    /// Creates a trigger that looks for `regex`, with these options in order.
    pub fn new(regex: String, options: Vec<OptionArg>) -> Result<Self, TriggerError> {
        let of_trigger = |kind| TriggerError { option: TRIGGER.to_owned(), kind };
        if regex.is_empty() {
            return Err(of_trigger(OptionError::EmptyPattern));
        }
        let pattern = Pattern::parse(regex).map_err(|error| of_trigger(OptionError::Pattern(error)))?;
        let actions = TriggerActions { list: Vec::with_capacity(options.len()), options: Vec::new() };
        let mut definition = Self { options: TriggerOptions::new(pattern), actions };
        for option in &options {
            definition.apply(option).map_err(|kind| TriggerError { option: option.name.to_string(), kind })?;
        }
        if definition.actions.list.is_empty() {
            let pattern = definition.options.pattern.text().to_owned();
            return Err(of_trigger(OptionError::NoAction(pattern)));
        }
        definition.actions.options = options;
        Ok(definition)
    }

    fn apply(&mut self, option: &OptionArg) -> Result<(), OptionError> {
        if let Some(kind) = action::kind(&option.name) {
            check_value(kind.value, option)?;
            return self.add_action(kind, &option.value);
        }
        let Some(modifier) = MODIFIERS.iter().find(|modifier| modifier.name == option.name) else {
            let modifiers = MODIFIERS.iter().map(|modifier| modifier.name);
            let known = action::KINDS.iter().map(|kind| kind.name).chain(modifiers).collect();
            return Err(OptionError::Unknown { known });
        };
        check_value(modifier.value, option)?;
        (modifier.apply)(&mut self.options, &option.value)
    }

    fn add_action(&mut self, kind: &ActionKind, value: &str) -> Result<(), OptionError> {
        if kind.starts.is_some() && self.options.starts.is_some() {
            return Err(OptionError::SecondCoproc);
        }
        self.actions.list.push((kind.parse)(value, &self.options.pattern)?);
        self.options.starts = self.options.starts.or(kind.starts);
        self.options.stops |= kind.stops;
        Ok(())
    }
}

/// Refuses a value where the row of the option has none.
fn check_value(row: Option<&str>, option: &OptionArg) -> Result<(), OptionError> {
    if row.is_none() && !option.value.is_empty() {
        return Err(OptionError::Value(option.value.clone()));
    }
    Ok(())
}

/// Parses a duration: a decimal number and its unit, `ms`, `s`, `m` or `h`.
fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let refused = || DurationError(text.to_owned());
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refused)?;
    let number: f64 = text[..unit].parse().map_err(|_| refused())?;
    let seconds = match &text[unit..] {
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err(refused()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(name: &'static str, value: &str) -> OptionArg {
        OptionArg { name: name.into(), value: value.to_owned() }
    }

    #[test]
    fn duration_is_a_number_and_a_unit() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "5", "5 s", "1e9999h", "-1s", "5d"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_modifier_changes_the_options() {
        let options = |given: Vec<OptionArg>| {
            let definition = TriggerDef::new("a".to_owned(), given).expect("the options are valid");
            format!("{:?}", definition.options)
        };
        let plain = options(vec![option("bell", "")]);
        for modifier in MODIFIERS {
            let value = match modifier.value {
                None => "",
                Some("DURATION") => "5s",
                Some("CONDITION") => "coproc",
                Some(_) => "n",
            };
            assert_ne!(options(vec![option("bell", ""), option(modifier.name, value)]), plain, "{}", modifier.name);
        }
    }

    #[test]
    fn second_coprocess_of_a_trigger_is_refused() {
        for (first, second) in [("coproc", "coproc"), ("coproc", "silent-coproc"), ("silent-coproc", "coproc")] {
            let options = vec![option(first, "a"), option("bell", ""), option(second, "b")];
            let error = TriggerDef::new("x".to_owned(), options).expect_err("a session has one coprocess");
            assert_eq!(error, TriggerError { option: second.to_owned(), kind: OptionError::SecondCoproc });
        }
    }

    #[test]
    fn unknown_option_is_refused_with_the_known_ones() {
        let error = TriggerDef::new("a".to_owned(), vec![option("beep", "")]).expect_err("the option is unknown");
        let sentence = error.to_string();
        assert!(sentence.starts_with("beep: is not an option of a trigger; the options are coproc, "), "{sentence}");
        assert!(sentence.contains(", bell, ") && sentence.contains(", cooldown, "), "{sentence}");
    }

    #[test]
    fn value_of_an_option_that_takes_none_is_refused() {
        for name in ["bell", "all"] {
            let error =
                TriggerDef::new("a".to_owned(), vec![option(name, "x")]).expect_err("the option takes no value");
            assert_eq!(error.to_string(), format!("{name}: takes no value, but was given 'x'"));
        }
    }
}
