//! Modifiers that change nothing, since the trigger has no action on which they act.

use std::fmt;

use super::action::{self, Action, ActionKind};
use super::definition::TriggerDef;

/// A modifier of a trigger without effect. Displayed as a sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleModifier {
    name: &'static str,
    /// The actions on which it acts, in words.
    needs: &'static str,
}

impl fmt::Display for IdleModifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no effect: add {}, or remove it", self.name, self.needs)
    }
}

/// A modifier that acts on some actions only.
struct Dependent {
    modifier: IdleModifier,
    /// Returns whether it acts on this action.
    acts_on: fn(&ActionKind, &dyn Action) -> bool,
}

const DEPENDENT: &[Dependent] = &[
    Dependent {
        modifier: IdleModifier { name: "notify-title", needs: "notify" },
        acts_on: |kind, _| kind.name == "notify",
    },
    Dependent {
        modifier: IdleModifier { name: "context", needs: "run or coproc" },
        acts_on: |kind, _| kind.name == "run" || kind.starts.is_some(),
    },
    Dependent { modifier: IdleModifier { name: "confirm", needs: MORE }, acts_on: has_effect },
    Dependent { modifier: IdleModifier { name: "until", needs: MORE }, acts_on: has_effect },
];

const MORE: &str = "an action that does more than colour, link or stop";

/// Returns whether an action does something when the trigger fires.
fn has_effect(kind: &ActionKind, action: &dyn Action) -> bool {
    !kind.stops && !action.decorates()
}

impl TriggerDef {
    /// Returns the modifiers that have no effect.
    pub fn idle_modifiers(&self) -> impl Iterator<Item = IdleModifier> {
        let options = &self.actions.options;
        let kinds = options.iter().filter_map(|option| action::kind(&option.name));
        let actions: Vec<_> = kinds.zip(&self.actions.list).collect();
        let is_idle = move |dependent: &&Dependent| {
            let acts = actions.iter().any(|(kind, action)| (dependent.acts_on)(kind, &***action));
            !acts && options.iter().any(|option| option.name == dependent.modifier.name)
        };
        DEPENDENT.iter().filter(is_idle).map(|dependent| dependent.modifier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::request::OptionArg;

    #[test]
    fn modifier_is_idle_without_its_actions() {
        let colours = ["highlight=red", "highlight-line=red", "link=x", "stop"];
        for (modifier, acting) in [
            ("notify-title=x", &["notify=x"][..]),
            ("context=1", &["run=x", "coproc=x", "silent-coproc=x"]),
            ("confirm", &["send=x", "bell", "notify=x", "capture", "run=x", "coproc=x"]),
            ("until=x", &["send=x", "bell", "notify=x", "capture", "run=x", "coproc=x"]),
        ] {
            let idle = |actions: &[&str]| {
                let given = actions.iter().chain([&modifier]).map(|text| {
                    let (name, value) = text.split_once('=').unwrap_or((text, ""));
                    OptionArg { name: name.to_owned().into(), value: value.to_owned() }
                });
                let definition = TriggerDef::new("a".to_owned(), given.collect()).expect("the trigger is valid");
                definition.idle_modifiers().map(|idle| idle.to_string()).collect::<Vec<_>>()
            };
            let name = modifier.split('=').next().expect("there is a name");
            let sentences = idle(&colours);
            assert!(
                sentences.len() == 1 && sentences[0].starts_with(&format!("{name} has no effect: ")),
                "{sentences:?}"
            );
            for action in acting {
                assert_eq!(idle(&[&colours[..], &[action]].concat()), [""; 0], "{modifier} {action}");
            }
        }
        let plain = TriggerDef::new("a".to_owned(), vec![OptionArg { name: "stop".into(), value: String::new() }]);
        assert_eq!(plain.expect("the trigger is valid").idle_modifiers().count(), 0);
    }
}
