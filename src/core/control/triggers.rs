//! Triggers that control clients list, add, remove, switch on and off.

use serde_json::{Value, json};

use super::super::Core;
use super::super::rule::{Item, Rule};
use super::{Code, Refusal, Reply};

/// More triggers than anybody has; what a client adds is bounded like everything else.
const MOST: usize = 100_000;

impl Core {
    pub(super) fn list_triggers(&self) -> Value {
        let told = |(i, rule): (usize, &Rule)| {
            let (spec, cost) = (self.triggers.spec(i), self.triggers.cost(i));
            json!({
                "number": i + 1,
                "name": spec.name,
                "regex": spec.pattern.text(),
                "options": rule.items,
                "enabled": spec.enabled,
                "fired": cost.fired,
                "searched": cost.tried,
            })
        };
        json!({"triggers": self.standing_rules().map(told).collect::<Vec<_>>()})
    }

    pub(super) fn add_trigger(&mut self, regex: &str, items: &[Item]) -> Reply {
        let rule = Rule::new(regex, items);
        let rule = rule.map_err(|(option, reason)| Refusal::new(Code::Params, format!("{option}: {reason}")))?;
        if self.rules.len() >= MOST {
            let sentence = format!("{MOST} triggers have been added, removed ones included: a session takes no more");
            return Err(Refusal::new(Code::Full, sentence));
        }
        self.triggers.push(rule.spec.clone());
        self.rules.push(Some(rule));
        self.watch();
        Ok(json!({"number": self.rules.len()}))
    }

    pub(super) fn remove_trigger(&mut self, trigger: &str) -> Reply {
        let i = self.find_trigger(trigger)?;
        self.triggers.set_enabled(i, false);
        self.rules[i] = None;
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

    /// The triggers that were not removed, with their places among all.
    pub(in crate::core) fn standing_rules(&self) -> impl Iterator<Item = (usize, &Rule)> {
        self.rules.iter().enumerate().filter_map(|(i, rule)| Some((i, rule.as_ref()?)))
    }

    /// The trigger of this name, pattern or number.
    fn find_trigger(&self, wanted: &str) -> Result<usize, Refusal> {
        let named = |rule: &Option<Rule>| rule.as_ref().is_some_and(|rule| rule.name() == wanted);
        let by_name: Vec<usize> = (0..self.rules.len()).filter(|&i| named(&self.rules[i])).collect();
        match by_name[..] {
            [only] => return Ok(only),
            [] => {}
            _ => {
                let numbers: Vec<String> = by_name.iter().map(|i| (i + 1).to_string()).collect();
                let sentence = format!("more than one trigger is called '{wanted}'; say which: {}", numbers.join(", "));
                return Err(Refusal::new(Code::Unknown, sentence));
            }
        }
        let number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        number.filter(|&i| self.rules.get(i).is_some_and(Option::is_some)).ok_or_else(|| {
            Refusal::new(Code::Unknown, format!("there is no trigger '{wanted}'; coshell trigger list shows them"))
        })
    }
}
