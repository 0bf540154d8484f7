//! A trigger and what it does, made of its pattern and its options: those of the command line, of a configuration, of
//! a control client alike.

use std::time::Duration;

use super::action;
use super::action::{Action, ActionKind};
use super::{Pattern, TriggerOptions, When};
use crate::core::request::OptionArg;

/// A trigger and what it does.
#[derive(Debug)]
pub struct TriggerDef {
    /// When it fires.
    pub spec: TriggerOptions,
    /// What follows.
    pub reaction: TriggerActions,
}

/// What a trigger does when it fires.
#[derive(Debug)]
pub struct TriggerActions {
    /// What is done, in order.
    pub actions: Vec<Box<dyn Action>>,
    /// The options that the trigger was made of.
    pub items: Vec<OptionArg>,
}

/// An option that says something of the trigger before it.
#[derive(Debug)]
pub struct Modifier {
    /// The option without dashes.
    pub name: &'static str,
    /// What its value is called, if it takes one.
    pub value: Option<&'static str>,
    /// One line for the help, without a period.
    pub summary: &'static str,
}

/// What opens a trigger.
pub const TRIGGER: &str = "trigger";

/// Every modifier there is.
pub const MODIFIERS: &[Modifier] = &[
    Modifier { name: "name", value: Some("NAME"), summary: "call the trigger NAME in notices" },
    Modifier { name: "all", value: None, summary: "fire for every match in a line" },
    Modifier { name: "once", value: None, summary: "fire once in the session" },
    Modifier { name: "instant", value: None, summary: "do not wait 20 ms for a pause" },
    Modifier { name: "cooldown", value: Some("DURATION"), summary: "not again within DURATION (500ms, 5s, 2m)" },
    Modifier {
        name: "when",
        value: Some("CONDITION"),
        summary: "only if [no-]alt-screen, no-echo, job=NAME, [no-]coproc",
    },
];

/// Which option is at fault, and why: a sentence without its subject.
pub type Refused = (String, String);

impl TriggerDef {
    /// A trigger that looks for `regex`, with these options.
    pub fn new(regex: String, items: Vec<OptionArg>) -> Result<Self, Refused> {
        if regex.is_empty() {
            return Err((
                TRIGGER.to_owned(),
                "the pattern is empty; write what to look for, or ^ for every line".into(),
            ));
        }
        let pattern = Pattern::parse(regex).map_err(|fault| (TRIGGER.to_owned(), fault.to_string()))?;
        let reaction = TriggerActions { actions: Vec::with_capacity(items.len()), items: Vec::new() };
        let mut rule = Self { spec: TriggerOptions::new(pattern), reaction };
        for item in &items {
            rule.take(item).map_err(|reason| (item.name.to_string(), reason))?;
        }
        if rule.reaction.actions.is_empty() {
            let sentence = "has no action: put one behind it, such as --coproc CMD, --send TEXT or --bell";
            return Err((TRIGGER.to_owned(), format!("'{}' {sentence}", rule.spec.pattern.text())));
        }
        rule.reaction.items = items;
        Ok(rule)
    }

    fn take(&mut self, item: &OptionArg) -> Result<(), String> {
        match action::kind(&item.name) {
            Some(kind) => self.act(kind, item),
            None => self.modify(item),
        }
    }

    fn act(&mut self, kind: &ActionKind, item: &OptionArg) -> Result<(), String> {
        without_value(kind.value, item)?;
        if kind.starts.is_some() && self.spec.starts.is_some() {
            return Err("a session has one coprocess at a time: give only one behind a --trigger".to_owned());
        }
        self.reaction.actions.push((kind.parse)(&item.value, &self.spec.pattern)?);
        self.spec.starts = self.spec.starts.or(kind.starts);
        self.spec.stops |= kind.stops;
        self.spec.feeds_back |= kind.feeds_back;
        Ok(())
    }

    fn modify(&mut self, item: &OptionArg) -> Result<(), String> {
        let Some(modifier) = MODIFIERS.iter().find(|modifier| modifier.name == item.name) else {
            let known = action::KINDS.iter().map(|kind| kind.name).chain(MODIFIERS.iter().map(|known| known.name));
            return Err(format!("is no option of a trigger; there are {}", known.collect::<Vec<_>>().join(", ")));
        };
        without_value(modifier.value, item)?;
        let spec = &mut self.spec;
        match modifier.name {
            "name" => spec.name = Some(item.value.clone()),
            "all" => spec.all = true,
            "once" => spec.once = true,
            "instant" => spec.instant = true,
            "cooldown" => spec.cooldown = Some(duration(&item.value)?),
            "when" => spec.when.push(item.value.parse::<When>().map_err(|fault| fault.to_string())?),
            other => debug_assert!(false, "{other} has no arm"),
        }
        Ok(())
    }
}

fn without_value(value: Option<&str>, item: &OptionArg) -> Result<(), String> {
    if value.is_none() && !item.value.is_empty() {
        return Err(format!("takes no value, but was given '{}'", item.value));
    }
    Ok(())
}

/// A time as people write it: a number and its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let refused = || format!("'{text}' is no duration: write a number and a unit, such as 500ms, 5s, 1.5s, 2m or 1h");
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

    #[test]
    fn durations() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for bad in ["", "s", "5", "5 s", "1e9999h", "-1s", "5d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_modifier_has_an_arm() {
        for modifier in MODIFIERS {
            let value = match modifier.name {
                "cooldown" => "5s",
                "when" => "coproc",
                "name" => "n",
                _ => "",
            };
            let item = |name: &str, value: &str| OptionArg { name: name.to_owned().into(), value: value.to_owned() };
            let items = vec![item("bell", ""), item(modifier.name, value)];
            assert!(TriggerDef::new("a".to_owned(), items).is_ok(), "{}", modifier.name);
        }
    }

    #[test]
    fn a_trigger_starts_one_coprocess_at_most() {
        let item = |name: &'static str, value: &str| OptionArg { name: name.into(), value: value.to_owned() };
        for (first, second) in [("coproc", "coproc"), ("coproc", "silent-coproc"), ("silent-coproc", "coproc")] {
            let items = vec![item(first, "a"), item("bell", ""), item(second, "b")];
            let (option, reason) = TriggerDef::new("x".to_owned(), items).expect_err("it is refused");
            assert!(option == second && reason.contains("one coprocess at a time"), "{option}: {reason}");
        }
    }

    #[test]
    fn an_option_that_there_is_not_is_named_with_those_that_there_are() {
        let item = OptionArg { name: "beep".into(), value: String::new() };
        let (option, reason) = TriggerDef::new("a".to_owned(), vec![item]).expect_err("it is refused");
        assert!(option == "beep" && reason.contains("bell") && reason.contains("cooldown"), "{reason}");
    }
}
