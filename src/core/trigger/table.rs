//! The triggers of a session with their actions: tries, lists, adds, removes and switches them.

use std::error::Error;
use std::fmt;
use std::time::Instant;

use super::action::{self, ActionContext, ActionEffect};
use super::definition::{TriggerActions, TriggerDef};
use super::event::{EventWatch, Occurrence};
use super::identity::{Predecessors, TriggerIdentity};
use super::rehearsal::{
    FiringPlace, Rehearsal, RehearsalEvent, RehearsedAction, RehearsedFiring, TriedEvent, TriedLine,
};
use super::verdict::TriggerVerdict;
use super::{
    ConditionFacts, CostClock, Decoration, Firing, GUARD_MOST, GUARD_PAUSE, GUARD_WINDOW, Hit, LineMatches, LineRef,
    LineStage, SlowTrigger, Tried, TriggerDemand, TriggerOptions, Triggers,
};
use crate::core::notices::Notice;
use crate::core::request::{OptionArg, TriggerRequest};
use crate::core::response::{
    Response, TriggerListResponse, TriggerNumberResponse, TriggerResponse, TriggerSwitchResponse,
};
use crate::core::rpc_error::{ErrorCode, RpcError};

/// Maximum number of triggers in a session, removed ones included.
const MOST: usize = 100_000;

/// Maximum number of decorations on a line, each of which is compared with each change of attributes in the line.
const MOST_DECORATIONS: usize = 256;

/// Whether a trigger fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum TriggerState {
    On,
    Off,
    /// The loop guard has stopped it for a while.
    Stopped,
}

/// All triggers. A trigger keeps its number when others are removed, and when the configuration is read again.
#[derive(Debug)]
pub(in crate::core) struct TriggerTable {
    /// Finds the events that open triggers.
    pub(in crate::core) events: EventWatch,
    triggers: Triggers,
    /// By index of the trigger; `None` if it was removed.
    entries: Vec<Option<TriggerEntry>>,
    /// The record of what is not done, in a rehearsal.
    rehearsal: Option<Rehearsal>,
}

/// What the table keeps of a trigger besides its state.
#[derive(Debug)]
struct TriggerEntry {
    actions: TriggerActions,
    /// Whether the configuration defines the trigger.
    is_configured: bool,
    /// Whether its definition enables it; a client may have switched it since.
    starts_enabled: bool,
}

/// A session has had the maximum number of triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyTriggers;

impl Error for TooManyTriggers {}

impl fmt::Display for TooManyTriggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the session has had {MOST} triggers, removed ones included, and accepts no more: start another one")
    }
}

impl TriggerTable {
    /// Creates a table of these triggers, for a session that starts. Their costs are measured by `clock`.
    pub(in crate::core) fn new(now: Instant, definitions: Vec<TriggerDef>, clock: CostClock) -> Self {
        let mut entries = Vec::with_capacity(definitions.len());
        let mut triggers = Triggers::new(definitions.into_iter().map(|definition| {
            let (options, entry) = TriggerEntry::of(definition);
            entries.push(Some(entry));
            options
        }));
        triggers.measure(clock);
        Self { events: EventWatch::new(now), triggers, entries, rehearsal: None }
    }

    /// Records from now on in `rehearsal` what triggers do, and does nothing of it.
    pub(in crate::core) fn rehearse(&mut self, rehearsal: Rehearsal) {
        self.triggers.give_verdicts(rehearsal.gives_all_verdicts());
        // No key waits in a rehearsal.
        self.triggers.prepare_all();
        self.rehearsal = Some(rehearsal);
    }

    /// Takes the events of the rehearsal since the last call.
    pub(in crate::core) fn take_rehearsed(&mut self) -> Vec<RehearsalEvent> {
        self.rehearsal.as_mut().map(|rehearsal| std::mem::take(&mut rehearsal.events)).unwrap_or_default()
    }

    /// Returns what the triggers that can still fire need of the lines.
    pub(in crate::core) fn demand(&mut self) -> TriggerDemand {
        let demand = self.triggers.demand();
        self.events.set_demand(self.triggers.event_demand());
        // A rehearsal numbers the lines to its end, also behind the last firing of triggers that are `once`.
        TriggerDemand { any: demand.any || self.rehearsal.is_some(), ..demand }
    }

    /// Whether every line is tried, since one is explained or all are recorded.
    fn tries_all(&self) -> bool {
        self.rehearsal.as_ref().is_some_and(Rehearsal::tries_all)
    }

    /// Returns whether lines can be searched without delay.
    pub(in crate::core) fn is_prepared(&self) -> bool {
        self.triggers.is_prepared()
    }

    /// Returns whether `prepare` is to be called, in turns of its own.
    pub(in crate::core) fn is_preparing(&self) -> bool {
        self.triggers.is_preparing()
    }

    /// Does a step of the preparation of the patterns.
    pub(in crate::core) fn prepare(&mut self) {
        self.triggers.prepare();
    }

    /// Prepares all patterns, at the end of the session.
    pub(in crate::core) fn prepare_all(&mut self) {
        self.triggers.prepare_all();
    }

    /// Returns whether a block of whole lines may contain a match.
    pub(in crate::core) fn block_may_match(&mut self, block: &[u8]) -> bool {
        self.triggers.block_may_match(block) || self.tries_all()
    }

    /// Returns whether a line may match.
    pub(in crate::core) fn line_may_match(&mut self, line: &[u8]) -> bool {
        self.triggers.line_may_match(line) || self.tries_all()
    }

    /// Records that a finished line was not tried, since it cannot match.
    #[inline]
    pub(in crate::core) fn pass_over_finished(&mut self, line: LineRef<'_>) {
        self.triggers.pass_over_finished(line);
    }

    /// Tries all triggers on a line, and appends what fires to `firings`.
    pub(in crate::core) fn try_line(
        &mut self,
        now: Instant,
        line: LineRef<'_>,
        stage: LineStage,
        facts: &ConditionFacts,
        firings: &mut Vec<Firing>,
    ) -> Tried {
        let tried = self.triggers.try_line(now, line, stage, facts, firings);
        if tried != Tried::NeedsPtyState && self.rehearsal.is_some() {
            self.record_try(line, stage, facts);
        }
        tried
    }

    fn record_try(&mut self, line: LineRef<'_>, stage: LineStage, facts: &ConditionFacts) {
        let Some(rehearsal) = &mut self.rehearsal else { return };
        let mut verdicts = self.triggers.take_verdicts();
        if !rehearsal.explains(line.number) {
            verdicts.retain(|(_, verdict)| !matches!(verdict, TriggerVerdict::NoMatch | TriggerVerdict::NotInstant));
        }
        if !verdicts.is_empty() || rehearsal.records_all() {
            let LineRef { number, text, .. } = line;
            let &ConditionFacts { alt_screen, zone, .. } = facts;
            let tried = TriedLine { number, stage, alt_screen, zone, text: text.to_vec(), verdicts };
            rehearsal.events.push(RehearsalEvent::Tried(tried));
        }
    }

    /// Tries all triggers on an event that has happened at this place, and appends what fires to `firings`.
    pub(in crate::core) fn try_event(
        &mut self,
        now: Instant,
        occurrence: &Occurrence,
        place: FiringPlace,
        facts: &ConditionFacts,
        firings: &mut Vec<Firing>,
    ) -> Tried {
        let tried = self.triggers.try_event(now, occurrence, facts, firings);
        if let Some(rehearsal) = self.rehearsal.as_mut().filter(|_| tried != Tried::NeedsPtyState) {
            let verdicts = self.triggers.take_verdicts();
            if !verdicts.is_empty() {
                let (event, text) = (occurrence.event(), occurrence.text().to_vec());
                rehearsal.events.push(RehearsalEvent::TriedEvent(TriedEvent { event, place, text, verdicts }));
            }
        }
        tried
    }

    /// Returns what the triggers, given by their indexes, would show in another way on a line that is about to be shown; what is
    /// later lies on top. Returns the matches as well, for the try of the line.
    pub(in crate::core) fn decorations(
        &mut self,
        now: Instant,
        line: LineRef<'_>,
        facts: &ConditionFacts,
    ) -> (Vec<(usize, Decoration)>, LineMatches) {
        let (entries, mut all) = (&self.entries, Vec::new());
        let found = self.triggers.for_each_decorated(now, line, facts, |i, captures| {
            let list = entries[i].iter().flat_map(|entry| &entry.actions.list);
            all.extend(list.filter_map(|action| Some((i, action.decorate(captures)?))));
            all.len() < MOST_DECORATIONS
        });
        (all, found)
    }

    /// Returns whether trigger `i` may decorate the line of this id now, by what has been shown before.
    pub(in crate::core) fn shows_on(&self, i: usize, now: Instant, line: u64) -> bool {
        self.triggers.shows_on(i, now, line)
    }

    /// Records that the line of this id is shown with the decorations of trigger `i`.
    pub(in crate::core) fn decorated(&mut self, i: usize, now: Instant, line: u64) {
        self.triggers.decorated(i, now, line);
    }

    /// Forgets the matches on the line `id`, which was erased.
    pub(in crate::core) fn forget_line(&mut self, id: u64) {
        self.triggers.forget_line(id);
    }

    /// Returns the name of trigger `i`, or if it has none its pattern or its event.
    pub(in crate::core) fn name(&self, i: usize) -> &str {
        self.triggers.options(i).label()
    }

    /// Returns the notice that the loop guard has stopped a trigger.
    pub(in crate::core) fn stopped_notice(&self, i: usize) -> Notice {
        let (name, window, pause) = (self.name(i), GUARD_WINDOW.as_secs(), GUARD_PAUSE.as_secs());
        Notice::new(format!(
            "trigger \"{name}\" fired {GUARD_MOST} times in {window} s on what was typed or shown for it: it is stopped until it \
             has not matched for {pause} s; coshell trigger enable restarts it now"
        ))
    }

    /// Returns the notice that a trigger takes more than half of coshell's time, once for each.
    pub(in crate::core) fn slow_notice(&mut self) -> Option<Notice> {
        let SlowTrigger { trigger, time, of } = self.triggers.take_slow()?;
        let (name, time, of) = (self.name(trigger), time.as_secs_f64(), of.as_secs_f64());
        Some(Notice::new(format!(
            "trigger \"{name}\" took {time:.1} s of the last {of:.1} s for which coshell was busy: make its pattern simpler, or \
             turn it off with coshell trigger disable"
        )))
    }

    /// Records that coshell has typed or shown something for trigger `i`.
    pub(in crate::core) fn acted(&mut self, i: usize) {
        self.triggers.acted(i);
    }

    /// Returns whether a block of trigger `i` goes on.
    pub(in crate::core) fn collects_block(&self, i: usize) -> bool {
        let options = self.triggers.options(i);
        options.enabled && options.until.is_some()
    }

    /// Returns whether `line` is the last one of a block of trigger `i`.
    pub(in crate::core) fn ends_block(&mut self, i: usize, line: &[u8]) -> bool {
        self.triggers.ends_block(i, line)
    }

    /// Records that trigger `i` fires at the end of a block.
    pub(in crate::core) fn fired_with_block(&mut self, i: usize, now: Instant) {
        self.triggers.count_firing(i, now);
    }

    /// Returns the effects of the actions of a trigger that fired at this place; `None` if it has been removed since, and in a
    /// rehearsal, which records them.
    pub(in crate::core) fn act(&mut self, hit: &Hit, place: FiringPlace) -> Option<Vec<ActionEffect>> {
        if self.rehearsal.is_some() {
            self.record_firing(hit, place);
            return None;
        }
        let actions = &self.entries[hit.trigger].as_ref()?.actions;
        let mut cx = self.action_context(hit);
        actions.list.iter().for_each(|action| action.fire(hit, &mut cx));
        Some(cx.effects)
    }

    fn action_context(&self, hit: &Hit) -> ActionContext<'_> {
        let notify_title = self.triggers.options(hit.trigger).notify_title.as_ref();
        ActionContext { trigger: self.name(hit.trigger), notify_title, effects: Vec::new() }
    }

    fn record_firing(&mut self, hit: &Hit, place: FiringPlace) {
        let Some(TriggerEntry { actions: of_trigger, .. }) = &self.entries[hit.trigger] else { return };
        let mut cx = self.action_context(hit);
        let named = of_trigger.options.iter().filter(|option| action::kind(&option.name).is_some());
        let mut actions = Vec::new();
        for (option, action) in named.zip(&of_trigger.list) {
            action.fire(hit, &mut cx);
            let (name, effects) = (option.name.to_string(), std::mem::take(&mut cx.effects));
            actions.push(RehearsedAction { name, effects, decoration: action.describe(&hit.captures) });
        }
        if let Some(rehearsal) = &mut self.rehearsal {
            rehearsal.events.push(RehearsalEvent::Fired(RehearsedFiring { hit: hit.clone(), place, actions }));
        }
    }

    /// Returns the number of triggers, the removed ones included.
    pub(in crate::core) fn len(&self) -> usize {
        self.triggers.len()
    }

    /// Returns the options of trigger `i`, which is below [`TriggerTable::len`].
    pub(in crate::core) fn options(&self, i: usize) -> &TriggerOptions {
        self.triggers.options(i)
    }

    /// Returns the triggers that have not been removed, in the order in which they are tried: their indexes and names.
    pub(in crate::core) fn standing(&self) -> impl Iterator<Item = (usize, &str)> {
        self.ranked().map(|(i, _)| (i, self.name(i)))
    }

    /// Returns the number of triggers that the configuration defines.
    pub(in crate::core) fn configured(&self) -> usize {
        self.entries.iter().flatten().filter(|entry| entry.is_configured).count()
    }

    /// Returns the triggers that have not been removed, in the order in which they are tried.
    fn ranked(&self) -> impl Iterator<Item = (usize, &TriggerEntry)> {
        let entries = self.entries.iter().enumerate();
        let mut standing: Vec<_> = entries.filter_map(|(i, entry)| Some((i, entry.as_ref()?))).collect();
        standing.sort_by_key(|(i, _)| self.triggers.rank(*i));
        standing.into_iter()
    }

    /// Returns whether trigger `i` fires.
    pub(in crate::core) fn state(&self, i: usize, now: Instant) -> TriggerState {
        match (self.triggers.options(i).enabled, self.triggers.is_stopped(i, now)) {
            (false, _) => TriggerState::Off,
            (true, true) => TriggerState::Stopped,
            (true, false) => TriggerState::On,
        }
    }

    /// Switches trigger `i` on or off.
    pub(in crate::core) fn set_enabled(&mut self, i: usize, on: bool) {
        self.triggers.set_enabled(i, on);
    }

    /// Measures costs by this clock.
    #[cfg(test)]
    pub(in crate::core) fn measure(&mut self, clock: CostClock) {
        self.triggers.measure(clock);
    }

    /// Returns how often trigger `i` has fired.
    #[cfg(test)]
    pub(in crate::core) fn fired(&self, i: usize) -> u64 {
        self.triggers.cost(i).fired
    }

    /// Lists the triggers with the numbers of their firings and of the tries of their own regexes.
    fn list(&self, now: Instant) -> TriggerListResponse {
        let info = |(i, entry): (usize, &TriggerEntry)| {
            let (options, cost) = (self.triggers.options(i), self.triggers.cost(i));
            TriggerResponse {
                number: i + 1,
                name: options.name.clone(),
                regex: options.pattern().map(|pattern| pattern.text().to_owned()),
                event: options.event().map(|rule| rule.event.name().to_owned()),
                options: entry.actions.options.clone(),
                enabled: options.enabled,
                stopped: self.triggers.is_stopped(i, now),
                fired: cost.fired,
                searched: cost.tried,
                microseconds: cost.time.as_micros().try_into().unwrap_or(u64::MAX),
            }
        };
        TriggerListResponse { triggers: self.ranked().map(info).collect() }
    }

    /// Serves a client.
    pub(in crate::core) fn request(&mut self, now: Instant, request: TriggerRequest) -> Result<Response, RpcError> {
        Ok(match request {
            TriggerRequest::List { .. } => self.list(now).into(),
            TriggerRequest::Add { regex, event, options } => self.add(regex, event.as_deref(), options.0)?.into(),
            TriggerRequest::Remove { trigger } => self.remove(&trigger)?.into(),
            TriggerRequest::Enable { trigger } => self.switch(&trigger, true)?.into(),
            TriggerRequest::Disable { trigger } => self.switch(&trigger, false)?.into(),
        })
    }

    /// Adds a trigger that this pattern or this event opens behind the others.
    fn add(
        &mut self,
        regex: Option<String>,
        event: Option<&str>,
        options: Vec<OptionArg>,
    ) -> Result<TriggerNumberResponse, RpcError> {
        let definition = match (regex, event) {
            (Some(regex), None) => TriggerDef::new(regex, options),
            (None, Some(event)) => TriggerDef::of_event(event, options),
            (Some(_), Some(_)) | (None, None) => {
                let sentence = "a trigger has a regex or an event: give one of them";
                return Err(RpcError::new(ErrorCode::Params, sentence));
            }
        };
        let definition = definition.map_err(|error| RpcError::new(ErrorCode::Params, error))?;
        if self.entries.len() >= MOST {
            return Err(RpcError::new(ErrorCode::Full, TooManyTriggers));
        }
        Ok(TriggerNumberResponse { number: self.push(definition) + 1 })
    }

    /// Adds a trigger behind the others; returns its index.
    fn push(&mut self, definition: TriggerDef) -> usize {
        let (options, entry) = TriggerEntry::of(definition);
        self.triggers.push(options);
        self.entries.push(Some(entry));
        self.entries.len() - 1
    }

    /// Replaces the triggers of the configuration by `definitions`. One that had a predecessor keeps its state and its number
    /// (see `identity`). The triggers of the configuration are tried first, in their order, then all others.
    pub(in crate::core) fn reload(&mut self, definitions: Vec<TriggerDef>) -> Result<(), TooManyTriggers> {
        let Predecessors { of_each, left } = Predecessors::find(self.described(), &definitions);
        let new = of_each.iter().filter(|predecessor| predecessor.is_none()).count();
        if self.entries.len() + new > MOST {
            return Err(TooManyTriggers);
        }
        left.into_iter().for_each(|i| self.remove_at(i));
        let others: Vec<usize> = self.ranked().filter(|(_, entry)| !entry.is_configured).map(|(i, _)| i).collect();
        let pairs = of_each.into_iter().zip(definitions);
        let mut order: Vec<usize> = pairs
            .map(|(predecessor, definition)| match predecessor {
                Some(i) => self.replace(i, definition),
                None => self.push(definition),
            })
            .collect();
        order.extend(others);
        order.extend((0..self.entries.len()).filter(|&i| self.entries[i].is_none()));
        self.triggers.set_order(order);
        Ok(())
    }

    /// Returns the triggers of the configuration with their indexes.
    fn described(&self) -> impl Iterator<Item = (usize, TriggerIdentity<'_>)> {
        let configured = self.ranked().filter(|(_, entry)| entry.is_configured);
        configured.map(|(i, entry)| (i, TriggerIdentity::of(self.triggers.options(i), &entry.actions)))
    }

    /// Gives trigger `i` this definition; returns `i`. A trigger that a client has switched stays as it is, unless its new
    /// definition says otherwise than its old one.
    fn replace(&mut self, i: usize, definition: TriggerDef) -> usize {
        let before = self.entries[i].as_ref().map(|entry| entry.starts_enabled);
        let (mut options, entry) = TriggerEntry::of(definition);
        if before == Some(entry.starts_enabled) {
            options.enabled = self.triggers.options(i).enabled;
        }
        self.triggers.replace(i, options);
        self.entries[i] = Some(entry);
        i
    }

    fn remove_at(&mut self, i: usize) {
        self.triggers.set_enabled(i, false);
        self.entries[i] = None;
    }

    /// Removes a trigger.
    fn remove(&mut self, trigger: &str) -> Result<TriggerNumberResponse, RpcError> {
        let i = self.find(trigger)?;
        self.remove_at(i);
        Ok(TriggerNumberResponse { number: i + 1 })
    }

    /// Switches a trigger on or off.
    fn switch(&mut self, trigger: &str, on: bool) -> Result<TriggerSwitchResponse, RpcError> {
        let i = self.find(trigger)?;
        self.triggers.set_enabled(i, on);
        Ok(TriggerSwitchResponse { number: i + 1, enabled: on })
    }

    /// Finds a trigger by its name, its pattern, its event or its number.
    fn find(&self, wanted: &str) -> Result<usize, RpcError> {
        let by_name: Vec<usize> = self.standing().filter(|(_, name)| *name == wanted).map(|(i, _)| i).collect();
        match by_name[..] {
            [only] => return Ok(only),
            [] => {}
            _ => {
                let numbers: Vec<String> = by_name.iter().map(|i| (i + 1).to_string()).collect();
                let sentence =
                    format!("more than one trigger is called '{wanted}'; use its number: {}", numbers.join(", "));
                return Err(RpcError::new(ErrorCode::Unknown, sentence));
            }
        }
        let number = wanted.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        number.filter(|&i| self.entries.get(i).is_some_and(Option::is_some)).ok_or_else(|| {
            RpcError::new(
                ErrorCode::Unknown,
                format!("there is no trigger '{wanted}'; coshell trigger list shows them"),
            )
        })
    }
}

impl TriggerEntry {
    /// Splits a definition into the options and the entry of the trigger.
    fn of(definition: TriggerDef) -> (TriggerOptions, Self) {
        let TriggerDef { options, actions, is_configured } = definition;
        let entry = Self { actions, is_configured, starts_enabled: options.enabled };
        (options, entry)
    }
}
