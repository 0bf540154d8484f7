//! Triggers that control clients list, add, remove, switch on and off.

use std::time::Instant;

use serde_json::{Value, json};

use super::{ErrorCode, Reply, RpcError};
use crate::core::Core;
use crate::core::trigger::definition::{OptionArg, TriggerActions, TriggerDef};

/// More triggers than anybody has; what a client adds is bounded like everything else.
const MOST: usize = 100_000;

impl Core {
    pub(super) fn list_triggers(&self, now: Instant) -> Value {
        let told = |(i, reaction): (usize, &TriggerActions)| {
            let (spec, cost) = (self.triggers.spec(i), self.triggers.cost(i));
            json!({
                "number": i + 1,
                "name": spec.name,
                "regex": spec.pattern.text(),
                "options": reaction.items,
                "enabled": spec.enabled,
                "stopped": self.triggers.is_stopped(i, now),
                "fired": cost.fired,
                "searched": cost.tried,
            })
        };
        json!({"triggers": self.standing_triggers().map(told).collect::<Vec<_>>()})
    }

    pub(super) fn add_trigger(&mut self, regex: String, items: Vec<OptionArg>) -> Reply {
        let rule = TriggerDef::new(regex, items);
        let TriggerDef { spec, reaction } =
            rule.map_err(|(option, reason)| RpcError::new(ErrorCode::Params, format!("{option}: {reason}")))?;
        if self.reactions.len() >= MOST {
            let sentence = format!("{MOST} triggers have been added, removed ones included: a session takes no more");
            return Err(RpcError::new(ErrorCode::Full, sentence));
        }
        self.triggers.push(spec);
        self.reactions.push(Some(reaction));
        self.watch();
        Ok(json!({"number": self.reactions.len()}))
    }

    pub(super) fn remove_trigger(&mut self, trigger: &str) -> Reply {
        let i = self.find_trigger(trigger)?;
        self.triggers.set_enabled(i, false);
        self.reactions[i] = None;
        self.watch();
        Ok(json!({"number": i + 1}))
    }

    pub(super) fn switch_trigger(&mut self, trigger: &str, on: bool) -> Reply {
        let i = self.find_trigger(trigger)?;
        self.turn_trigger(i, on);
        Ok(json!({"number": i + 1, "enabled": on}))
    }

    /// Switches the trigger of this place among all on or off.
    pub(in crate::core) fn turn_trigger(&mut self, i: usize, on: bool) {
        self.triggers.set_enabled(i, on);
        self.watch();
    }

    /// The triggers that were not removed: their places among all, and what they do.
    pub(in crate::core) fn standing_triggers(&self) -> impl Iterator<Item = (usize, &TriggerActions)> {
        self.reactions.iter().enumerate().filter_map(|(i, reaction)| Some((i, reaction.as_ref()?)))
    }

    /// The trigger of this name, pattern or number.
    fn find_trigger(&self, wanted: &str) -> Result<usize, RpcError> {
        let standing = self.standing_triggers().map(|(i, _)| i);
        let by_name: Vec<usize> = standing.filter(|&i| self.triggers.spec(i).called() == wanted).collect();
        match by_name[..] {
            [only] => return Ok(only),
            [] => {}
            _ => {
                let numbers: Vec<String> = by_name.iter().map(|i| (i + 1).to_string()).collect();
                let sentence = format!("more than one trigger is called '{wanted}'; say which: {}", numbers.join(", "));
                return Err(RpcError::new(ErrorCode::Unknown, sentence));
            }
        }
        let number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        number.filter(|&i| self.reactions.get(i).is_some_and(Option::is_some)).ok_or_else(|| {
            RpcError::new(
                ErrorCode::Unknown,
                format!("there is no trigger '{wanted}'; coshell trigger list shows them"),
            )
        })
    }
}
