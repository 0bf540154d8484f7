//! Tries the triggers that events open. As for a line, a try is planned before it is executed.

use std::sync::Arc;
use std::time::Instant;

use super::event::{EventDemand, Occurrence};
use super::plan::Decision;
use super::verdict::{Cause, TriggerVerdict};
use super::{ConditionFacts, Firing, HandedLines, Hit, Tried, Triggers, When};

impl Triggers {
    /// Tries the triggers on an event, and appends what fires in the order of the configuration.
    pub fn try_event(
        &mut self,
        now: Instant,
        occurrence: &Occurrence,
        facts: &ConditionFacts,
        firings: &mut Vec<Firing>,
    ) -> Tried {
        self.demand();
        let Some(plan) = self.plan_event(now, occurrence, facts) else { return Tried::NeedsPtyState };
        if self.gives_verdicts.is_some() {
            let failing = plan.iter().filter(|(_, decision)| *decision == Decision::Prevented(Cause::Conditions));
            let verdict = |&(i, _): &(usize, Decision)| {
                (i, TriggerVerdict::Conditions(When::that_fail(&self.all[i].options.when, facts)))
            };
            self.verdicts = failing.map(verdict).collect();
        }
        for (i, decision) in plan {
            self.execute_event(now, i, decision, occurrence, firings);
        }
        Tried::Done
    }

    /// Returns what the triggers that can fire need of the events, as of the last call of [`Triggers::demand`].
    pub(super) fn event_demand(&self) -> &EventDemand {
        &self.event_demand
    }

    pub(super) fn update_event_demand(&mut self) {
        let live = (0..self.all.len()).filter(|&i| self.all[i].is_live());
        self.on_events = live.filter(|&i| self.all[i].options.event().is_some()).collect();
        self.on_events.sort_by_key(|&i| self.all[i].rank);
        let mut demand = EventDemand::default();
        for options in self.on_events.iter().map(|&i| &self.all[i].options) {
            let Some(rule) = options.event() else { continue };
            demand.wanted.insert(rule.event);
            demand.times.extend(rule.time().map(|time| (rule.event, time)));
        }
        demand.times.sort_unstable_by_key(|(event, time)| (*event as u32, *time));
        demand.times.dedup();
        self.event_demand = demand;
    }

    /// Returns the triggers whose filters let the event pass, and the decision about each. `None` if a condition depends on
    /// the pty state, which is not known.
    fn plan_event(
        &mut self,
        now: Instant,
        occurrence: &Occurrence,
        facts: &ConditionFacts,
    ) -> Option<Vec<(usize, Decision)>> {
        let (mut plan, mut coproc) = (Vec::new(), facts.coproc);
        for i in self.on_events.clone() {
            if !self.passes(i, occurrence) {
                continue;
            }
            let trigger = &self.all[i];
            let decision = Decision::of(trigger, now, facts, coproc)?;
            let fires = decision == Decision::Fire;
            coproc |= fires && trigger.options.starts.is_some();
            let stops = fires && trigger.options.stops;
            plan.push((i, decision));
            if stops {
                break;
            }
        }
        Some(plan)
    }

    fn passes(&mut self, i: usize, occurrence: &Occurrence) -> bool {
        let trigger = &self.all[i];
        let Some(rule) = trigger.options.event().filter(|rule| trigger.is_live() && rule.passes(occurrence)) else {
            return false;
        };
        let Some(pattern) = &rule.matching else { return true };
        // Its slot is free: no pattern opens the trigger.
        self.regexes.get(i, pattern).is_some_and(|regex| regex.find(occurrence.text(), 0).is_some())
    }

    fn execute_event(
        &mut self,
        now: Instant,
        i: usize,
        decision: Decision,
        occurrence: &Occurrence,
        firings: &mut Vec<Firing>,
    ) {
        let trigger = &mut self.all[i];
        match decision {
            Decision::Prevented(Cause::Loop) => {
                if trigger.guard.stop(now) {
                    firings.push(Firing::Stopped { trigger: i });
                }
            }
            Decision::NoneFresh | Decision::Prevented(_) => {}
            Decision::Fire => {
                trigger.cost.fired += 1;
                if trigger.fires(now) {
                    self.demand = None;
                }
                let (captures, line) = (occurrence.captures(), Arc::clone(occurrence.text()));
                let (event, lines) = (Some(occurrence.event()), HandedLines::None);
                firings.push(Firing::Hit(Hit { trigger: i, captures, line, event, lines }));
            }
        }
    }
}
