//! Definition of a trigger: what opens it, and its options, as given by the command line, a configuration or a client.

use super::action::{self, Action, ActionKind};
use super::error::{OptionError, TriggerError};
use super::event::{EventRule, TriggerEvent};
use super::{Opener, Pattern, Template, TriggerOptions, When};
use crate::core::annotations::check_name;
use crate::core::request::OptionArg;
use crate::types::parse_duration;

/// A trigger with its actions.
#[derive(Debug)]
pub struct TriggerDef {
    /// What opens the trigger, and modifiers.
    pub options: TriggerOptions,
    /// The actions, and the options that define them.
    pub actions: TriggerActions,
    /// Whether the configuration defines the trigger, and may change or remove it later.
    pub is_configured: bool,
}

/// A fault of a definition.
#[derive(Debug)]
pub struct TriggerFault {
    /// Index of the option at fault; `None` for the trigger itself.
    pub index: Option<usize>,
    /// The fault.
    pub error: TriggerError,
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
    /// Whether each one counts where it is repeated; else the last one does.
    pub is_repeatable: bool,
    /// The triggers that it may change.
    pub scope: Scope,
    /// Applies the option with this value, which is empty where it takes none.
    pub apply: fn(&mut TriggerOptions, &str) -> Result<(), OptionError>,
}

/// Triggers that a modifier may change.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// All.
    All,
    /// Those that a pattern opens.
    Patterns,
    /// Those that one of these events opens: a filter.
    Events(&'static [TriggerEvent]),
}

/// Maximum number of lines before the line that commands of a trigger get.
pub const MOST_CONTEXT: usize = 1000;

/// The option that begins a trigger with a pattern.
pub const TRIGGER: &str = "trigger";
/// The option that begins a trigger with an event.
pub const EVENT: &str = "event";

/// Returns whether the option called `name` begins a trigger.
pub fn opens(name: &str) -> bool {
    name == TRIGGER || name == EVENT
}

/// The modifier that says whether a trigger is enabled at first.
pub const ENABLED: &str = "enabled";

/// Every modifier.
pub const MODIFIERS: &[Modifier] = &[
    Modifier {
        name: "name",
        value: Some("NAME"),
        summary: "Set the name that notices and lists show",
        is_repeatable: false,
        scope: Scope::All,
        apply: |options, name| set(&mut options.name, Some(name.to_owned())),
    },
    Modifier {
        name: "all",
        value: None,
        summary: "Fire for every match in a line",
        is_repeatable: false,
        scope: Scope::Patterns,
        apply: |options, _| set(&mut options.all, true),
    },
    Modifier {
        name: "once",
        value: None,
        summary: "Fire only once per session",
        is_repeatable: false,
        scope: Scope::All,
        apply: |options, _| set(&mut options.once, true),
    },
    Modifier {
        name: "instant",
        value: None,
        summary: "Fire without waiting 20 ms for a pause",
        is_repeatable: false,
        scope: Scope::Patterns,
        apply: |options, _| set(&mut options.instant, true),
    },
    Modifier {
        name: "cooldown",
        value: Some("DURATION"),
        summary: "Fire at most once within DURATION (500ms, 5s, 2m)",
        is_repeatable: false,
        scope: Scope::All,
        apply: |options, duration| set(&mut options.cooldown, Some(parse_duration(duration)?)),
    },
    Modifier {
        name: "when",
        value: Some("CONDITION"),
        summary: When::SUMMARY,
        is_repeatable: true,
        scope: Scope::All,
        apply: |options, condition| {
            options.when.push(condition.parse()?);
            Ok(())
        },
    },
    Modifier {
        name: ENABLED,
        value: Some("BOOL"),
        summary: "Whether it is enabled at first: true or false [true]",
        is_repeatable: false,
        scope: Scope::All,
        apply: |options, text| {
            let enabled = text.parse().map_err(|_| OptionError::Bool(text.to_owned()))?;
            set(&mut options.enabled, enabled)
        },
    },
    Modifier {
        name: "confirm",
        value: None,
        summary: "Ask before the actions run: y allows them",
        is_repeatable: false,
        scope: Scope::All,
        apply: |options, _| set(&mut options.confirm, true),
    },
    Modifier {
        name: "context",
        value: Some("LINES"),
        summary: "Hand that many lines before to --run and --coproc too",
        is_repeatable: false,
        scope: Scope::All,
        apply: |options, lines| {
            let known = lines.parse().ok().filter(|lines| (1..=MOST_CONTEXT).contains(lines));
            set(&mut options.context, known.ok_or_else(|| OptionError::Lines(lines.to_owned()))?)
        },
    },
    Modifier {
        name: "until",
        value: Some("REGEX"),
        summary: "Collect lines until one matches REGEX; fire then, with all of them",
        is_repeatable: false,
        scope: Scope::Patterns,
        apply: |options, regex| set(&mut options.until, Some(Pattern::parse(regex)?)),
    },
    Modifier {
        name: "notify-title",
        value: Some("TITLE"),
        summary: "Title of the notifications of --notify",
        is_repeatable: false,
        scope: Scope::All,
        apply: |options, title| {
            options.notify_title = Some(Template::parse(title, options.opener.groups())?);
            Ok(())
        },
    },
    Modifier {
        name: "after",
        value: Some("DURATION"),
        summary: "Time that makes the event: of silence [30s], of a long command [60s]",
        is_repeatable: false,
        scope: Scope::Events(&[TriggerEvent::LongCommand, TriggerEvent::Idle, TriggerEvent::Activity]),
        apply: |options, duration| {
            let duration = parse_duration(duration)?;
            filter(options, |rule| rule.after = Some(duration))
        },
    },
    Modifier {
        name: "status",
        value: Some("STATUS"),
        summary: "Fire only for this exit status: a number, or nonzero",
        is_repeatable: false,
        scope: Scope::Events(&[TriggerEvent::CommandFinished, TriggerEvent::Exit]),
        apply: |options, status| {
            let status = status.parse()?;
            filter(options, |rule| rule.status = Some(status))
        },
    },
    Modifier {
        name: "longer",
        value: Some("DURATION"),
        summary: "Fire only if the command took at least DURATION",
        is_repeatable: false,
        scope: Scope::Events(&[TriggerEvent::CommandFinished]),
        apply: |options, duration| {
            let duration = parse_duration(duration)?;
            filter(options, |rule| rule.longer = Some(duration))
        },
    },
    Modifier {
        name: "variable",
        value: Some("NAME"),
        summary: "Fire only if it is this variable that has changed",
        is_repeatable: false,
        scope: Scope::Events(&[TriggerEvent::Variable]),
        apply: |options, name| {
            check_name(name)?;
            filter(options, |rule| rule.variable = Some(name.to_owned()))
        },
    },
    Modifier {
        name: "matching",
        value: Some("REGEX"),
        summary: "Fire only if the event's text matches: command, directory, line",
        is_repeatable: false,
        scope: Scope::Events(&[
            TriggerEvent::Prompt,
            TriggerEvent::CommandFinished,
            TriggerEvent::LongCommand,
            TriggerEvent::Directory,
            TriggerEvent::Host,
            TriggerEvent::User,
            TriggerEvent::Variable,
            TriggerEvent::Title,
            TriggerEvent::Notification,
            TriggerEvent::Idle,
            TriggerEvent::Asks,
            TriggerEvent::Password,
        ]),
        apply: |options, regex| {
            let pattern = Pattern::parse(regex)?;
            filter(options, |rule| rule.matching = Some(pattern))
        },
    },
];

/// Changes the filters of a trigger, which `Scope` has found to be opened by an event.
fn filter(options: &mut TriggerOptions, change: impl FnOnce(&mut EventRule)) -> Result<(), OptionError> {
    if let Opener::Event(rule) = &mut options.opener {
        change(rule);
    }
    Ok(())
}

fn set<T>(option: &mut T, value: T) -> Result<(), OptionError> {
    *option = value;
    Ok(())
}

impl TriggerDef {
    /// Creates a trigger that looks for `regex`, with these options in order.
    pub fn new(regex: String, options: Vec<OptionArg>) -> Result<Self, TriggerError> {
        Self::of_option(TRIGGER, regex, options)
    }

    /// Creates a trigger that the event called `name` opens, with these options in order.
    pub fn of_event(name: &str, options: Vec<OptionArg>) -> Result<Self, TriggerError> {
        Self::of_option(EVENT, name.to_owned(), options)
    }

    /// Creates a trigger from the option called `begin`, [`TRIGGER`] or [`EVENT`], and those behind it.
    pub fn of_option(begin: &str, value: String, options: Vec<OptionArg>) -> Result<Self, TriggerError> {
        Self::checked(begin, value, options).map_err(|mut faults| faults.swap_remove(0).error)
    }

    /// Creates a trigger as [`TriggerDef::of_option`] does, or returns all faults of its definition, at least one.
    pub fn checked(begin: &str, value: String, options: Vec<OptionArg>) -> Result<Self, Vec<TriggerFault>> {
        let mut faults = Vec::new();
        let mut fault = |index: Option<usize>, option: &str, kind| {
            faults.push(TriggerFault { index, error: TriggerError { option: option.to_owned(), kind } });
        };
        let opener = Opener::of_option(begin, value);
        let has_opener = opener.is_ok();
        let opener = opener.unwrap_or_else(|kind| {
            fault(None, begin, kind);
            // Stands in for the opener while the options are checked.
            Opener::Pattern(Pattern::parse("").expect("an empty pattern has no fault"))
        });
        let actions = TriggerActions { list: Vec::with_capacity(options.len()), options: Vec::new() };
        let mut definition = Self { options: TriggerOptions::of(opener), actions, is_configured: false };
        for (index, option) in options.iter().enumerate() {
            match definition.apply(option) {
                Err(kind) if !has_opener && kind.is_about_opener() => {}
                Err(kind) => fault(Some(index), &option.name, kind),
                Ok(()) => {}
            }
        }
        if !options.iter().any(|option| action::kind(&option.name).is_some()) {
            fault(None, begin, OptionError::NoAction(definition.options.opener.text().to_owned()));
        }
        definition.actions.options = options;
        if faults.is_empty() { Ok(definition) } else { Err(faults) }
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
        modifier.scope.check(&self.options.opener)?;
        (modifier.apply)(&mut self.options, &option.value)
    }

    fn add_action(&mut self, kind: &ActionKind, value: &str) -> Result<(), OptionError> {
        if kind.starts.is_some() && self.options.starts.is_some() {
            return Err(OptionError::SecondCoproc);
        }
        let action = (kind.parse)(value, self.options.opener.groups())?;
        if let (true, Opener::Event(rule)) = (action.decorates(), &self.options.opener) {
            return Err(OptionError::NotOfEvent(rule.event.name()));
        }
        self.options.decorates |= action.decorates();
        self.options.acts |= !action.decorates() && !kind.stops;
        self.actions.list.push(action);
        self.options.starts = self.options.starts.or(kind.starts);
        self.options.stops |= kind.stops;
        Ok(())
    }
}

impl Opener {
    /// Creates what the option called `begin` opens a trigger with.
    fn of_option(begin: &str, value: String) -> Result<Self, OptionError> {
        if begin == EVENT {
            let event = value.parse().map_err(OptionError::Event)?;
            return Ok(Self::Event(EventRule::new(event)));
        }
        if value.is_empty() {
            return Err(OptionError::EmptyPattern);
        }
        Pattern::parse(value).map(Self::Pattern).map_err(OptionError::Pattern)
    }
}

impl Scope {
    /// Refuses a modifier of this scope for a trigger that `opener` opens.
    fn check(self, opener: &Opener) -> Result<(), OptionError> {
        let event = match opener {
            Opener::Pattern(_) => None,
            Opener::Event(rule) => Some(rule.event),
        };
        match (self, event) {
            (Self::All, _) | (Self::Patterns, None) => Ok(()),
            (Self::Patterns, Some(event)) => Err(OptionError::NotOfEvent(event.name())),
            (Self::Events(events), Some(event)) if events.contains(&event) => Ok(()),
            (Self::Events(events), event) => Err(OptionError::NotOfOpener {
                event: event.map(TriggerEvent::name),
                events: events.iter().map(|event| event.name()).collect(),
            }),
        }
    }
}

/// Refuses a value where the row of the option has none.
fn check_value(row: Option<&str>, option: &OptionArg) -> Result<(), OptionError> {
    if row.is_none() && !option.value.is_empty() {
        return Err(OptionError::Value(option.value.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::trigger::event::EVENTS;

    fn option(name: &'static str, value: &str) -> OptionArg {
        OptionArg { name: name.into(), value: value.to_owned() }
    }

    /// Returns an option and a value that it takes.
    fn valued(modifier: &Modifier) -> OptionArg {
        let value = match modifier.value {
            None => "",
            Some("DURATION") => "5s",
            Some("CONDITION") => "coproc",
            Some("STATUS" | "LINES") => "1",
            Some("BOOL") => "false",
            Some(_) => "n",
        };
        option(modifier.name, value)
    }

    #[test]
    fn each_modifier_changes_the_options() {
        for modifier in MODIFIERS {
            let (begin, value) = match modifier.scope {
                Scope::All | Scope::Patterns => (TRIGGER, "a"),
                Scope::Events(events) => (EVENT, events[0].name()),
            };
            let options = |given: Vec<OptionArg>| {
                let definition = TriggerDef::of_option(begin, value.to_owned(), given).expect("the options are valid");
                format!("{:?}", definition.options)
            };
            let plain = options(vec![option("bell", "")]);
            assert_ne!(options(vec![option("bell", ""), valued(modifier)]), plain, "{}", modifier.name);
        }
    }

    #[test]
    fn modifier_counts_as_often_as_its_row_says() {
        for modifier in MODIFIERS.iter().filter(|modifier| modifier.value.is_some()) {
            let (begin, value) = match modifier.scope {
                Scope::All | Scope::Patterns => (TRIGGER, "a"),
                Scope::Events(events) => (EVENT, events[0].name()),
            };
            let options = |given: Vec<OptionArg>| {
                let given = [vec![option("bell", "")], given].concat();
                let definition = TriggerDef::of_option(begin, value.to_owned(), given).expect("the options are valid");
                format!("{:?}", definition.options)
            };
            let (first, last) = (other(modifier), valued(modifier));
            let both_count = options(vec![first, last.clone()]) != options(vec![last]);
            assert_eq!(both_count, modifier.is_repeatable, "{}", modifier.name);
        }
    }

    /// Returns the option of `valued` with another value.
    fn other(modifier: &Modifier) -> OptionArg {
        let value = match modifier.value {
            None => "",
            Some("DURATION") => "6s",
            Some("CONDITION") => "output",
            Some("STATUS" | "LINES") => "2",
            Some("BOOL") => "true",
            Some(_) => "m",
        };
        option(modifier.name, value)
    }

    #[test]
    fn modifier_of_another_opener_is_refused_by_name() {
        for modifier in MODIFIERS {
            let given = || vec![option("bell", ""), valued(modifier)];
            let refusal = TriggerDef::new("a".to_owned(), given()).err().map(|error| error.to_string());
            let is_filter = matches!(modifier.scope, Scope::Events(_));
            assert_eq!(refusal.is_some(), is_filter, "{}: {refusal:?}", modifier.name);
            for row in EVENTS {
                let refusal = TriggerDef::of_event(row.name, given()).err().map(|error| error.to_string());
                let holds = match modifier.scope {
                    Scope::All => true,
                    Scope::Patterns => false,
                    Scope::Events(events) => events.contains(&row.event),
                };
                assert_eq!(refusal.is_none(), holds, "{} {}", row.name, modifier.name);
                let named = |refusal: &str| refusal.starts_with(modifier.name) && refusal.contains(row.name);
                assert!(refusal.is_none_or(|refusal| named(&refusal)), "{} {}", row.name, modifier.name);
            }
        }
    }

    #[test]
    fn value_that_the_event_lacks_is_refused() {
        for row in EVENTS {
            for value in
                ["status", "duration", "command", "directory", "title", "host", "user", "name", "value", "none"]
            {
                let notify = vec![option("notify", &format!("$0 ${{{value}}}"))];
                let refusal = TriggerDef::of_event(row.name, notify).err().map(|error| error.to_string());
                assert_eq!(refusal.is_none(), row.values.contains(&value), "{} {value}", row.name);
                let sentence = refusal.unwrap_or_default();
                assert!(
                    sentence.is_empty() || sentence.contains(&format!("event {} has no value", row.name)),
                    "{sentence}"
                );
            }
        }
        let unknown = TriggerDef::of_event("beep", vec![option("bell", "")]).expect_err("there is no such event");
        assert!(unknown.to_string().starts_with("event: there is no event 'beep'; the events are start, prompt, "));
        let idle = TriggerDef::of_event("idle", Vec::new()).expect_err("it has no action");
        assert!(idle.to_string().starts_with("event: 'idle' has no action"), "{idle}");
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let faults = |begin, opener: &str, given: &[(&'static str, &str)]| -> Vec<(Option<usize>, String)> {
            let options = given.iter().map(|(name, value)| option(name, value)).collect();
            let faults = TriggerDef::checked(begin, opener.to_owned(), options).expect_err("the trigger has faults");
            faults.into_iter().map(|fault| (fault.index, fault.error.option)).collect()
        };
        let named = |index, name: &str| (index, name.to_owned());
        let given = [("send", "$1"), ("cooldown", "5"), ("beep", ""), ("send", "\\q"), ("bell", "x"), ("status", "0")];
        for (begin, opener) in [(TRIGGER, "a("), (EVENT, "beep")] {
            assert_eq!(
                faults(begin, opener, &given),
                [
                    named(None, begin),
                    named(Some(1), "cooldown"),
                    named(Some(2), "beep"),
                    named(Some(3), "send"),
                    named(Some(4), "bell"),
                ],
                "group and filter may be those of the opener"
            );
        }
        assert_eq!(
            faults(TRIGGER, "a", &[("send", "$1")]),
            [named(Some(0), "send")],
            "there is an action, with a fault"
        );
        assert_eq!(faults(TRIGGER, "a", &[("when", "x")]), [named(Some(0), "when"), named(None, "trigger")]);
        assert_eq!(faults(TRIGGER, "", &[]), [named(None, "trigger"), named(None, "trigger")]);
        assert_eq!(faults(EVENT, "bell", &[]), [named(None, "event")]);
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
            assert_eq!(error.to_string(), format!("{name}: takes no value, but was given 'x': leave that out"));
        }
    }
}
