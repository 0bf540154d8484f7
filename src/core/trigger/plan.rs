//! Plans the try of one line without changing the triggers, and executes the plan.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::captures::Captures;
use super::condition::ConditionState;
use super::dedup::{MatchKey, MatchState, SeenMatches, hash};
use super::pattern::Pattern;
use super::regex_cache::CachedRegex;
use super::verdict::{Cause, TriggerVerdict};
use super::{ConditionFacts, Firing, HandedLines, Hit, LineRef, LineStage, Trigger, Triggers, When};

/// Maximum number of matches of one trigger that fire on a line.
const MOST_MATCHES: usize = 256;
/// Maximum number of searches for them in a line: bounds patterns with empty matches at every position.
const MOST_SEARCHES: usize = 1024;

/// What one try does.
pub(super) struct Plan {
    /// In the order in which the triggers are tried.
    steps: Vec<PlanStep>,
    /// Whether the last step keeps later triggers from being tried.
    stopped: bool,
}

/// What one try does for one trigger.
struct PlanStep {
    trigger: usize,
    /// Place of the trigger in the order.
    rank: usize,
    found: Vec<PlannedMatch>,
    decision: Decision,
}

struct PlannedMatch {
    key: MatchKey,
    state: PlannedState,
}

enum PlannedState {
    Known(MatchState),
    /// The match could still grow.
    Held,
    Fresh(Captures),
}

/// Decision about the fresh matches of a trigger, or about its event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// There are no fresh matches.
    NoneFresh,
    Fire,
    Prevented(Cause),
}

/// Facts about a try.
pub(super) struct TryContext<'a> {
    now: Instant,
    line: LineRef<'a>,
    stage: LineStage,
    facts: &'a ConditionFacts,
    /// Whether a coprocess runs, or an earlier trigger of this plan starts one.
    coproc: bool,
    /// The line's text, shared by all captures; made for the first of them.
    shared: Option<Arc<[u8]>>,
}

impl Plan {
    /// Plans a try of the candidates. `None` if a condition depends on the pty state, which is not known.
    pub(super) fn new(triggers: &mut Triggers, candidates: &[usize], context: &mut TryContext<'_>) -> Option<Self> {
        let (mut steps, mut stopped) = (Vec::new(), false);
        for &i in candidates {
            if !triggers.all[i].is_live() || !context.is_time_for(&triggers.all[i]) {
                continue;
            }
            let step = PlanStep::new(triggers, i, context)?;
            stopped = step.stops(&triggers.all[i]);
            steps.push(step);
            if stopped {
                break;
            }
        }
        Some(Self { steps, stopped })
    }

    /// Returns the triggers whose regexes have found nothing.
    pub(super) fn without_match(&self) -> impl Iterator<Item = usize> {
        self.steps.iter().filter(|step| step.found.is_empty()).map(|step| step.trigger)
    }

    /// Returns whether a match is held.
    pub(super) fn has_held_match(&self) -> bool {
        let mut found = self.steps.iter().flat_map(|step| &step.found);
        found.any(|found| matches!(found.state, PlannedState::Held))
    }

    /// Returns whether the line was searched for the trigger of this rank, or did not pass its prefilter, and there is no
    /// match.
    pub(super) fn has_lost(&self, rank: usize) -> bool {
        match self.steps.binary_search_by_key(&rank, |step| step.rank) {
            Ok(at) => self.steps[at].found.is_empty(),
            Err(at) => !self.stopped || at < self.steps.len(),
        }
    }

    /// Returns the verdict on each trigger of `triggers` that this plan has searched for, or on all.
    pub(super) fn verdicts(
        &self,
        triggers: &Triggers,
        all: bool,
        try_of: &TryContext<'_>,
    ) -> Vec<(usize, TriggerVerdict)> {
        if !all {
            let searched = |step: &PlanStep| (step.trigger, step.verdict(&triggers.all[step.trigger], try_of));
            return self.steps.iter().map(searched).collect();
        }
        triggers.all.iter().enumerate().map(|(i, trigger)| (i, self.verdict(trigger, try_of))).collect()
    }

    fn verdict(&self, trigger: &Trigger, try_of: &TryContext<'_>) -> TriggerVerdict {
        match (self.steps.binary_search_by_key(&trigger.rank, |step| step.rank), self.steps.last()) {
            (Ok(at), _) => self.steps[at].verdict(trigger, try_of),
            (Err(_), Some(last)) if self.stopped && last.rank < trigger.rank => TriggerVerdict::StoppedBy(last.trigger),
            _ if !trigger.options.enabled => TriggerVerdict::Off,
            _ if !trigger.is_live() => TriggerVerdict::Prevented(Cause::Spent),
            _ if !try_of.is_time_for(trigger) => TriggerVerdict::NotInstant,
            _ => TriggerVerdict::NoMatch,
        }
    }

    pub(super) fn execute(self, triggers: &mut Triggers, now: Instant, line: LineRef<'_>, firings: &mut Vec<Firing>) {
        for step in self.steps {
            triggers.all[step.trigger].cost.tried += 1;
            step.execute(triggers, now, line, firings);
        }
    }
}

impl PlanStep {
    fn new(triggers: &mut Triggers, i: usize, context: &mut TryContext<'_>) -> Option<Self> {
        let (trigger, rank) = (&triggers.all[i], triggers.all[i].rank);
        let mut found = Vec::new();
        if let Some(pattern) = trigger.options.pattern() {
            let search = Search { i, trigger, pattern, seen: &triggers.seen };
            let before = context.line.found.and_then(|found| found.of(i, triggers.generation));
            if let Some(before) = before {
                search.take(before, context, &mut found);
            } else if let Some(regex) = triggers.regexes.get(i, pattern) {
                let start = triggers.meter.start(&trigger.cost);
                search.run(regex, &mut triggers.piece, context, &mut found);
                triggers.meter.add(i, start, &mut triggers.all[i].cost);
            }
        }
        let trigger = &triggers.all[i];
        let fresh = found.iter().any(|found| matches!(found.state, PlannedState::Fresh(_)));
        let decision = if fresh { context.decide(trigger)? } else { Decision::NoneFresh };
        context.coproc |= decision == Decision::Fire && trigger.options.starts.is_some();
        Some(Self { trigger: i, rank, found, decision })
    }

    /// Returns whether no later trigger is tried on the line.
    fn stops(&self, trigger: &Trigger) -> bool {
        let fired = |found: &PlannedMatch| matches!(found.state, PlannedState::Known(MatchState::Fired));
        trigger.options.stops && (self.decision == Decision::Fire || self.found.iter().any(fired))
    }

    fn verdict(&self, trigger: &Trigger, try_of: &TryContext<'_>) -> TriggerVerdict {
        match (self.decision, self.found.first().map(|found| &found.state)) {
            (_, None) => TriggerVerdict::NoMatch,
            (Decision::Fire, _) => TriggerVerdict::Fires,
            (Decision::Prevented(Cause::Conditions), _) => {
                TriggerVerdict::Conditions(When::that_fail(&trigger.options.when, try_of.facts))
            }
            (Decision::Prevented(Cause::CoolingDown), _) => {
                TriggerVerdict::CoolingDown(trigger.cooldown_left(try_of.now))
            }
            (Decision::Prevented(cause), _) => TriggerVerdict::Prevented(cause),
            (Decision::NoneFresh, Some(PlannedState::Known(MatchState::Fired))) => TriggerVerdict::FiredBefore,
            (Decision::NoneFresh, Some(PlannedState::Known(_))) => TriggerVerdict::PassedBefore,
            (Decision::NoneFresh, Some(_)) => TriggerVerdict::Held,
        }
    }

    fn execute(self, triggers: &mut Triggers, now: Instant, line: LineRef<'_>, firings: &mut Vec<Firing>) {
        let trigger = &mut triggers.all[self.trigger];
        let mut left = match self.decision {
            Decision::Fire if trigger.options.once || trigger.options.starts.is_some() => 1,
            Decision::Fire => usize::MAX,
            _ => 0,
        };
        if self.decision == Decision::Prevented(Cause::Loop) && trigger.guard.stop(now) {
            firings.push(Firing::Stopped { trigger: self.trigger });
        }
        if self.decision == Decision::Fire {
            trigger.fired_line = Some(line.id);
        }
        let fires_now = trigger.fires_at_match();
        if self.decision == Decision::Fire && fires_now && trigger.fires(now) {
            triggers.demand = None;
        }
        for found in self.found {
            let text = &line.text[found.key.start..][..found.key.len];
            let seen = match (found.state, self.decision) {
                (PlannedState::Held, _) => continue,
                (PlannedState::Fresh(_), Decision::Prevented(cause)) if !cause.counts_as_seen() => continue,
                (PlannedState::Known(seen), _) => seen,
                (PlannedState::Fresh(captures), _) if left > 0 => {
                    left -= 1;
                    trigger.cost.fired += u64::from(fires_now);
                    let shared = Arc::clone(captures.line());
                    firings.push(Firing::Hit(Hit {
                        trigger: self.trigger,
                        captures,
                        line: shared,
                        event: None,
                        lines: HandedLines::None,
                    }));
                    MatchState::Fired
                }
                (PlannedState::Fresh(_), _) => MatchState::Passed,
            };
            triggers.seen.record(line.id, &found.key, text, seen);
        }
    }
}

impl<'a> TryContext<'a> {
    pub(super) fn new(now: Instant, line: LineRef<'a>, stage: LineStage, facts: &'a ConditionFacts) -> Self {
        Self { now, line, stage, facts, coproc: facts.coproc, shared: None }
    }

    fn is_time_for(&self, trigger: &Trigger) -> bool {
        self.stage != LineStage::Chunk || trigger.options.instant
    }

    /// Returns whether a match of `pattern` that ends at `end` is held.
    fn must_wait(&self, trigger: &Trigger, pattern: &Pattern, end: usize) -> bool {
        matches!(self.stage, LineStage::Unrested | LineStage::Paused)
            && end == self.line.text.len()
            && !trigger.options.instant
            && !trigger.spent
            && pattern.info().can_grow
    }

    /// Decides about fresh matches. `None` if only the pty state can tell.
    fn decide(&self, trigger: &Trigger) -> Option<Decision> {
        Decision::of(trigger, self.now, self.facts, self.coproc)
    }
}

impl Decision {
    /// Decides whether a trigger fires; `coproc` is whether a coprocess runs or an earlier trigger starts one. `None` if only
    /// the pty state can tell, which is checked last.
    pub(super) fn of(trigger: &Trigger, now: Instant, facts: &ConditionFacts, coproc: bool) -> Option<Self> {
        let options = &trigger.options;
        let holds = When::all_hold(&options.when, facts);
        Some(Self::Prevented(if holds == ConditionState::No {
            Cause::Conditions
        } else if trigger.spent {
            Cause::Spent
        } else if options.starts.is_some() && coproc {
            Cause::CoprocRuns
        } else if !trigger.cooldown_left(now).is_zero() {
            Cause::CoolingDown
        } else if holds == ConditionState::Unknown {
            return None;
        } else if trigger.guard.stops(now) {
            Cause::Loop
        } else {
            return Some(Self::Fire);
        }))
    }
}

/// Search for the matches of one trigger in a line.
struct Search<'a> {
    i: usize,
    trigger: &'a Trigger,
    pattern: &'a Pattern,
    seen: &'a SeenMatches,
}

impl Search<'_> {
    fn run(
        &self,
        regex: &mut CachedRegex,
        piece: &mut Vec<u8>,
        context: &mut TryContext<'_>,
        found: &mut Vec<PlannedMatch>,
    ) {
        let line = context.line;
        for_each_match((self.pattern, self.trigger.options.all), regex, piece, line, |regex, skip| {
            let Some(Range { start, end }) = regex.group(0) else { return };
            let (start, end) = (start - skip, end - skip);
            self.push(start..end, context, found, |context| {
                let shared = context.shared.get_or_insert_with(|| line.text.into());
                captures(self.pattern, shared, regex, skip)
            });
        });
    }

    /// Takes the matches that a search has found before.
    fn take(&self, before: &[Captures], context: &mut TryContext<'_>, found: &mut Vec<PlannedMatch>) {
        before.iter().for_each(|captures| {
            self.push(captures.start()..captures.end(), context, found, |_| captures.clone());
        });
    }

    /// Appends the match at `range` with its state; `captures` returns its groups.
    fn push(
        &self,
        range: Range<usize>,
        context: &mut TryContext<'_>,
        found: &mut Vec<PlannedMatch>,
        captures: impl FnOnce(&mut TryContext<'_>) -> Captures,
    ) {
        let line = context.line;
        let (end, text) = (range.end, &line.text[range.clone()]);
        let key = match_key(self.i, range.start, text, found);
        let state = match self.seen.state_of(line.id, &key, text) {
            MatchState::New if context.must_wait(self.trigger, self.pattern, end) => PlannedState::Held,
            MatchState::New => PlannedState::Fresh(captures(context)),
            seen => PlannedState::Known(seen),
        };
        found.push(PlannedMatch { key, state });
    }
}

/// Calls `with` for each match in `line` that counts: the first, or all. It gets the regex, whose groups have `skip` bytes in
/// front.
pub(super) fn for_each_match(
    (pattern, all): (&Pattern, bool),
    regex: &mut CachedRegex,
    piece: &mut Vec<u8>,
    line: LineRef<'_>,
    mut with: impl FnMut(&CachedRegex, usize),
) {
    // A byte in front keeps `^` from matching at the start of a continued piece.
    let skip = usize::from(line.continued && pattern.info().looks_at_start);
    let text = if skip > 0 { prefixed(piece, line.text) } else { line.text };
    let (max_matches, max_searches) = if all { (MOST_MATCHES, MOST_SEARCHES) } else { (1, 1) };
    let (mut at, mut last_end, mut empty, mut matches) = (skip, None, false, 0);
    for _ in 0..max_searches {
        if at > text.len() || matches >= max_matches {
            return;
        }
        let Some(Range { start, end }) = regex.find(text, at) else { return };
        at = if start == end { end + 1 } else { end };
        // An empty match counts once, and not at the end of another match.
        if start == end && (empty || last_end == Some(end)) {
            continue;
        }
        empty |= start == end;
        last_end = Some(end);
        matches += 1;
        with(regex, skip);
    }
}

/// Returns the captures of the last search, shifted back by `skip` bytes.
pub(super) fn captures(pattern: &Pattern, line: &Arc<[u8]>, regex: &CachedRegex, skip: usize) -> Captures {
    let group = |i| regex.group(i).map(|range| range.start - skip..range.end - skip);
    Captures::new(Arc::clone(line), Arc::clone(&pattern.info().names), group)
}

fn prefixed<'a>(piece: &'a mut Vec<u8>, text: &[u8]) -> &'a [u8] {
    piece.clear();
    piece.push(0);
    piece.extend_from_slice(text);
    piece
}

/// Returns the key of a match; `before` are the matches in front of it on the line.
fn match_key(trigger: usize, start: usize, text: &[u8], before: &[PlannedMatch]) -> MatchKey {
    let (len, hash) = (text.len(), hash(text));
    let same = |found: &&PlannedMatch| (found.key.len, found.key.hash) == (len, hash);
    MatchKey { trigger, start, len, hash, ordinal: before.iter().filter(same).count() }
}
