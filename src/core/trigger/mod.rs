//! Decides which triggers fire on a line. Lines come from the caller; actions are opaque.
//!
//! A line is tried when it is finished and when the output pauses on it ([`LineStage`]). One pass over the line
//! (`prefilter`) finds the patterns that may match, and the patterns' own regexes decide (`regex_cache`). The matches
//! seen on the line (`dedup`), the conditions (`condition`) and the loop guard (`loop_guard`) decide which matches
//! fire. A try is planned before it is executed (`plan`), so a try that needs more facts changes nothing.
//!
//! Decisions:
//!
//! - A held match does not block: later triggers fire while it is held, even if its trigger has the action `stop`. A
//!   trigger with `stop` that has fired on a line stops the later triggers there for as long as its match is present.
//! - A match that is passed over because of a running coprocess or a cooldown counts as seen: it does not fire later,
//!   when it would be stale. A match whose conditions do not hold does not count as seen: it fires if they hold at
//!   the next try.
//! - A trigger that the loop guard has stopped is tried like any other, and fires at the first match that comes
//!   [`GUARD_PAUSE`] after the match before it. The matches up to there count as seen. A match that could not fire
//!   because of its conditions, a cooldown or a running coprocess does not restart the pause.
//! - The matches of a trigger on a line are forgotten when the line is tried at rest, paused or finished, and the trigger
//!   does not match; the next text that matches fires, though it stood there before. A line that cannot match is not
//!   tried but passed over ([`Triggers::pass_over`]), with the same effect. A blank line that is finished does not count.
//! - All matches of an `all` trigger in one try are one firing for the cooldown and the loop guard. A trigger that is
//!   `once` or that starts a coprocess fires for its first match only.
//! - An empty text is tried only as a finished line. In a continued piece of a long line `^` does not match at the
//!   start; `$` matches at the end of every piece.

pub mod action;
mod captures;
mod condition;
mod cost;
mod decorate;
mod dedup;
pub mod definition;
mod error;
pub mod event;
mod event_plan;
mod groups;
mod identity;
mod idle;
mod line_matches;
mod loop_guard;
pub mod near_miss;
mod pattern;
mod plan;
mod prefilter;
mod prepare;
mod regex_cache;
pub mod rehearsal;
pub(in crate::core) mod search;
pub mod table;
mod template;
pub mod verdict;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memchr;

use super::request::Visibility;

pub use captures::Captures;
pub use condition::{ConditionFacts, When};
pub use cost::{Cost, CostClock, SlowTrigger};
pub use decorate::{Decoration, Look};
pub use dedup::HOLD;
pub use error::{
    ConditionError, DurationError, OptionError, StatusError, StyleError, TemplateError, TemplateErrorKind, TriggerError,
};
pub use groups::{GroupOwner, Groups};
pub use line_matches::LineMatches;
pub use loop_guard::{MOST as GUARD_MOST, PAUSE as GUARD_PAUSE, WINDOW as GUARD_WINDOW};
pub use pattern::{BadPattern, Pattern};
pub use template::Template;

use cost::CostMeter;
use dedup::{HeldLines, SeenMatches};
use event::{EventDemand, EventRule, TriggerEvent};
use loop_guard::LoopGuard;
use plan::{Plan, TryContext};
use prepare::PreparedPrefilter;
use regex_cache::RegexCache;
use verdict::TriggerVerdict;

/// Bytes searched before the prefilter is checked for overload and perhaps replaced.
const STRETCH: usize = 16 << 10;

/// What the triggers that can still fire need of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TriggerDemand {
    /// Whether a trigger can fire.
    pub any: bool,
    /// Whether a trigger may start a coprocess, which reads the raw bytes of the line.
    pub starts: bool,
    /// Whether a trigger may start a silent coprocess, so that the output behind the line is not shown.
    pub silences: bool,
    /// Whether a trigger is tried after every chunk.
    pub instant: bool,
    /// Number of finished lines that triggers hand to their commands.
    pub lines: usize,
    /// Whether a trigger changes how its match is shown.
    pub decorates: bool,
    /// Whether one does so under conditions that depend on the state of the pty.
    pub decorates_by_pty: bool,
    /// Whether one asks for the focus of the window.
    pub focus: bool,
}

impl TriggerDemand {
    /// Combines the demand of two groups of triggers.
    pub fn and(self, other: Self) -> Self {
        Self {
            any: self.any | other.any,
            starts: self.starts | other.starts,
            silences: self.silences | other.silences,
            instant: self.instant | other.instant,
            lines: self.lines.max(other.lines),
            decorates: self.decorates | other.decorates,
            decorates_by_pty: self.decorates_by_pty | other.decorates_by_pty,
            focus: self.focus | other.focus,
        }
    }
}

/// What opens a trigger.
#[derive(Clone, Debug)]
pub enum Opener {
    /// A match of this pattern in a line.
    Pattern(Pattern),
    /// An event that passes these filters.
    Event(EventRule),
}

impl Opener {
    /// Returns what its actions may refer to.
    pub fn groups(&self) -> &dyn Groups {
        match self {
            Self::Pattern(pattern) => pattern,
            Self::Event(rule) => &rule.event,
        }
    }

    /// Returns the pattern, or the name of the event.
    pub fn text(&self) -> &str {
        match self {
            Self::Pattern(pattern) => pattern.text(),
            Self::Event(rule) => rule.event.name(),
        }
    }
}

/// Options of a trigger, apart from its actions.
#[derive(Clone, Debug)]
pub struct TriggerOptions {
    /// The name, if it differs from the pattern or the name of the event.
    pub name: Option<String>,
    /// What opens the trigger.
    pub opener: Opener,
    /// Whether the trigger fires for every match in a line, not only for the first.
    pub all: bool,
    /// Whether the trigger fires once in a session.
    pub once: bool,
    /// Whether the trigger is tried after every chunk, and its matches are not held.
    pub instant: bool,
    /// Whether the trigger is tried.
    pub enabled: bool,
    /// Time after a firing in which the trigger does not fire.
    pub cooldown: Option<Duration>,
    /// Conditions that must all hold.
    pub when: Vec<When>,
    /// Whether the user is asked before the actions run.
    pub confirm: bool,
    /// Number of lines before the line that commands of the trigger get.
    pub context: usize,
    /// Pattern of the last line of the block that commands of the trigger get.
    pub until: Option<Pattern>,
    /// Title of the trigger's desktop notifications, if it is not the default.
    pub notify_title: Option<Template>,
    /// Visibility of the coprocess that the trigger starts. Such a trigger does not fire while a coprocess runs.
    pub starts: Option<Visibility>,
    /// Whether later triggers are not tried on a line on which this one has fired.
    pub stops: bool,
    /// Whether an action changes how the match is shown.
    pub decorates: bool,
    /// Whether an action does anything else than that and `stop`.
    pub acts: bool,
}

impl TriggerOptions {
    /// Creates the options of a trigger with this pattern and no modifiers.
    pub fn new(pattern: Pattern) -> Self {
        Self::of(Opener::Pattern(pattern))
    }

    /// Creates the options of a trigger that this opens, with no modifiers.
    pub fn of(opener: Opener) -> Self {
        Self {
            name: None,
            opener,
            all: false,
            once: false,
            instant: false,
            enabled: true,
            cooldown: None,
            when: Vec::new(),
            confirm: false,
            context: 0,
            until: None,
            notify_title: None,
            starts: None,
            stops: false,
            decorates: false,
            acts: false,
        }
    }

    /// Returns the name for notices and lists: the name, or the pattern, or the name of the event.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.opener.text())
    }

    /// Returns the pattern that the trigger looks for, unless an event opens it.
    pub fn pattern(&self) -> Option<&Pattern> {
        match &self.opener {
            Opener::Pattern(pattern) => Some(pattern),
            Opener::Event(_) => None,
        }
    }

    /// Returns the event that opens the trigger with its filters, unless a pattern does.
    pub fn event(&self) -> Option<&EventRule> {
        match &self.opener {
            Opener::Pattern(_) => None,
            Opener::Event(rule) => Some(rule),
        }
    }
}

/// Stage of a line at which it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStage {
    /// A chunk of output has been processed: only instant triggers are tried.
    Chunk,
    /// The output goes on, but the line has waited long enough: its text may be incomplete.
    Unrested,
    /// The output has paused on the line.
    Paused,
    /// A held match has waited for [`HOLD`].
    Settled,
    /// The line is finished.
    Finished,
}

/// A line, or a piece of a long line, without escape sequences.
#[derive(Clone, Copy, Debug)]
pub struct LineRef<'a> {
    /// Identifies the line, even if its text changes.
    pub id: u64,
    /// Number of the line, for people.
    pub number: u64,
    /// The text without the line's end; contains no line feed.
    pub text: &'a [u8],
    /// Whether the text is a piece of a line, and not the first.
    pub continued: bool,
    /// Matches that were found in it before.
    pub found: Option<&'a LineMatches>,
}

/// Result of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Tried {
    /// Nothing is left to do until the line changes.
    Done,
    /// A match is held, since it could still grow.
    Held {
        /// Time at which the line is to be tried as [`LineStage::Settled`], unless it is finished before.
        until: Instant,
    },
    /// Nothing has changed: the call must be repeated with [`ConditionFacts::pty_state`].
    NeedsPtyState,
}

/// Result of a match.
#[derive(Clone, Debug)]
pub enum Firing {
    /// A trigger fires.
    Hit(Hit),
    /// The loop guard has stopped a trigger, until its matches pause.
    Stopped {
        /// Index of the trigger.
        trigger: usize,
    },
}

/// A trigger that fires, with its match or its event.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Index of the trigger.
    pub trigger: usize,
    /// The groups of the match, or the text and the values of the event.
    pub captures: Captures,
    /// The line on which the trigger fires, or the text of the event.
    pub line: Arc<[u8]>,
    /// The event, if one fires the trigger.
    pub event: Option<TriggerEvent>,
    /// Further lines for the commands of the trigger.
    pub lines: HandedLines,
}

/// Lines that the commands of a trigger get besides the line on which it fires, each ended by LF.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HandedLines {
    /// None.
    #[default]
    None,
    /// The lines before it.
    Before(Vec<u8>),
    /// The block that it begins, with the line itself, and perhaps lines before it.
    Block(Vec<u8>),
}

impl HandedLines {
    /// Returns the lines.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::None => b"",
            Self::Before(lines) | Self::Block(lines) => lines,
        }
    }
}

impl Hit {
    /// Returns the input of a command: the line, with the lines before it, or the block.
    pub fn input(&self) -> Vec<u8> {
        let line = [&self.line[..], b"\n"];
        match &self.lines {
            HandedLines::None => line.concat(),
            HandedLines::Before(before) => [&before[..], line[0], line[1]].concat(),
            HandedLines::Block(block) => block.clone(),
        }
    }
}

struct Trigger {
    options: TriggerOptions,
    /// Place among all triggers in the order in which they are tried.
    rank: usize,
    /// Whether the trigger is `once` and has fired.
    spent: bool,
    last_fired: Option<Instant>,
    /// Id of the line on which the trigger fired last.
    fired_line: Option<u64>,
    /// Time and id of the line that was decorated last or, of a trigger that acts as well, that was to be.
    decorated: Option<(Instant, u64)>,
    guard: LoopGuard,
    cost: Cost,
}

/// The triggers of a session.
pub struct Triggers {
    all: Vec<Trigger>,
    /// `None` after a change of the triggers that can fire.
    demand: Option<TriggerDemand>,
    /// As old as `demand`.
    event_demand: EventDemand,
    /// Indexes of the triggers that can fire on events, as old as `demand`.
    on_events: Vec<usize>,
    /// Over all triggers that can fire. Built at first use, and again after a change.
    prefilter: PreparedPrefilter,
    regexes: RegexCache,
    /// Those of the ends of blocks.
    ends: RegexCache,
    meter: CostMeter,
    seen: SeenMatches,
    held: HeldLines,
    /// Number of patterns that were replaced.
    generation: u64,
    /// Reused buffer for the candidates of a line.
    candidates: Vec<usize>,
    /// Reused buffer for a continued piece with a byte in front.
    piece: Vec<u8>,
    /// Whether each try leaves its verdicts: on the triggers that it searched for, or, if true, on all.
    gives_verdicts: Option<bool>,
    /// Verdicts of the last try.
    verdicts: Vec<(usize, TriggerVerdict)>,
}

impl Triggers {
    /// Creates the triggers in the order of the configuration. Their regexes are compiled at first use.
    pub fn new(options: impl IntoIterator<Item = TriggerOptions>) -> Self {
        let all: Vec<_> = options.into_iter().enumerate().map(|(rank, options)| Trigger::new(options, rank)).collect();
        let [regexes, ends] = [(); 2].map(|()| RegexCache::new(all.len()));
        Self {
            all,
            demand: None,
            event_demand: EventDemand::default(),
            on_events: Vec::new(),
            prefilter: PreparedPrefilter::default(),
            regexes,
            ends,
            meter: CostMeter::default(),
            seen: SeenMatches::default(),
            held: HeldLines::default(),
            generation: 0,
            candidates: Vec::new(),
            piece: Vec::new(),
            gives_verdicts: None,
            verdicts: Vec::new(),
        }
    }

    /// Has each later try leave its verdicts: on the triggers that it searched for, or on all.
    pub fn give_verdicts(&mut self, on_all: bool) {
        self.gives_verdicts = Some(on_all);
    }

    /// Takes the verdicts of the last try.
    pub fn take_verdicts(&mut self) -> Vec<(usize, TriggerVerdict)> {
        std::mem::take(&mut self.verdicts)
    }

    /// Measures costs by these clocks.
    pub fn measure(&mut self, clock: CostClock) {
        self.meter = CostMeter::new(clock);
    }

    /// Takes a trigger that was found to take more than half of coshell's CPU time. Each trigger is found once.
    pub fn take_slow(&mut self) -> Option<SlowTrigger> {
        self.meter.take_slow()
    }

    /// Adds a trigger behind the others.
    pub fn push(&mut self, options: TriggerOptions) {
        self.all.push(Trigger::new(options, self.all.len()));
        self.regexes.grow(self.all.len());
        self.ends.grow(self.all.len());
        self.prefilter.clear();
        self.demand = None;
    }

    /// Replaces the options of trigger `i`, which is below [`Triggers::len`]. Its state stays.
    pub fn replace(&mut self, i: usize, options: TriggerOptions) {
        self.generation += 1;
        let trigger = &mut self.all[i];
        let mut options = options;
        match (&trigger.options.opener, &mut options.opener) {
            // What is known of the pattern stays.
            (Opener::Pattern(old), Opener::Pattern(new)) if old.text() == new.text() => *new = old.clone(),
            (Opener::Event(_), Opener::Event(_)) => {}
            _ => self.seen.forget_trigger(i),
        }
        // The regexes of the pattern or the filter, and of the end of a block.
        self.regexes.forget(i);
        self.ends.forget(i);
        trigger.spent &= options.once;
        // A trigger that becomes `once` fires once more, and its match is shown so once more.
        trigger.decorated.take_if(|_| options.once != trigger.options.once);
        trigger.options = options;
        self.prefilter.clear();
        self.demand = None;
    }

    /// Sets the order in which the triggers are tried: `order` has the index of each trigger once.
    pub fn set_order(&mut self, order: impl IntoIterator<Item = usize>) {
        order.into_iter().enumerate().for_each(|(rank, i)| self.all[i].rank = rank);
        self.prefilter.clear();
        self.demand = None;
    }

    /// Returns the place of trigger `i`, which is below [`Triggers::len`], in the order in which the triggers are tried.
    pub fn rank(&self, i: usize) -> usize {
        self.all[i].rank
    }

    /// Returns whether there are no triggers.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the number of triggers, the disabled ones included.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns the options of trigger `i`, which is below [`Triggers::len`]; `enabled` is its current state.
    pub fn options(&self, i: usize) -> &TriggerOptions {
        &self.all[i].options
    }

    /// Returns whether `line` is the last one of a block of trigger `i`, which is below [`Triggers::len`].
    pub fn ends_block(&mut self, i: usize, line: &[u8]) -> bool {
        let Some(until) = &self.all[i].options.until else { return true };
        self.ends.get(i, until).is_none_or(|regex| regex.find(line, 0).is_some())
    }

    /// Records that trigger `i`, which is below [`Triggers::len`], fires at the end of a block.
    pub fn count_firing(&mut self, i: usize, now: Instant) {
        self.all[i].cost.fired += 1;
        if self.all[i].fires(now) {
            self.demand = None;
        }
    }

    /// Returns whether the loop guard would stop a match of trigger `i`, which is below [`Triggers::len`].
    pub fn is_stopped(&self, i: usize, now: Instant) -> bool {
        self.all[i].guard.is_stopped(now)
    }

    /// Records that coshell has typed or shown something for trigger `i`, which is below [`Triggers::len`].
    pub fn acted(&mut self, i: usize) {
        self.all[i].guard.acted();
    }

    /// Returns the statistics of trigger `i`, which is below [`Triggers::len`].
    pub fn cost(&self, i: usize) -> Cost {
        self.all[i].cost
    }

    /// Returns what the triggers that can still fire need of the lines. Computed after a change only.
    pub fn demand(&mut self) -> TriggerDemand {
        if let Some(demand) = self.demand {
            return demand;
        }
        self.update_event_demand();
        let focus = [TriggerEvent::Focused, TriggerEvent::Unfocused].map(|event| self.event_demand.wanted.has(event));
        let live = self.all.iter().filter(|trigger| trigger.is_live()).map(|trigger| &trigger.options);
        let demand =
            live.fold(TriggerDemand { focus: focus.contains(&true), ..TriggerDemand::default() }, |demand, options| {
                demand.and(TriggerDemand {
                    any: true,
                    starts: options.starts.is_some(),
                    silences: options.starts == Some(Visibility::Silent),
                    instant: options.instant,
                    lines: options.context.max(usize::from(options.until.is_some())),
                    decorates: options.decorates,
                    decorates_by_pty: options.decorates_by_pty(),
                    focus: options.when.iter().any(When::needs_focus),
                })
            });
        *self.demand.insert(demand)
    }

    /// Returns the bytes of memory that the prefilter takes; 0 before its first use.
    pub fn memory(&self) -> usize {
        self.prefilter.memory()
    }

    /// Returns whether any line in a block of lines, each ended by `\n` or `\r\n`, may match. False is certain.
    pub fn block_may_match(&mut self, block: &[u8]) -> bool {
        self.next_line(block, 0).is_some()
    }

    /// Returns whether a line without its end may match. False is certain.
    pub fn line_may_match(&mut self, line: &[u8]) -> bool {
        // An empty block has no line; an empty line is one.
        if line.is_empty() { self.prefilter().empty_may_match() } else { self.block_may_match(line) }
    }

    /// Returns the range, without the line's end, of the first line at or after `from` that may match. `from` is the
    /// start of a line in `block`. No line before the returned one matches.
    pub fn next_line(&mut self, block: &[u8], from: usize) -> Option<Range<usize>> {
        let mut from = from;
        while from < block.len() {
            let feed = block.get(from + STRETCH..).and_then(|rest| memchr(b'\n', rest));
            let end = feed.map_or(block.len(), |feed| from + STRETCH + feed + 1);
            let found = self.prefilter().next_line(&block[..end], from);
            if found.is_some() {
                return found;
            }
            from = end;
        }
        None
    }

    /// Tries the triggers on a line, and appends what fires in the order of the configuration.
    pub fn try_line(
        &mut self,
        now: Instant,
        line: LineRef<'_>,
        stage: LineStage,
        facts: &ConditionFacts,
        firings: &mut Vec<Firing>,
    ) -> Tried {
        if line.text.is_empty() && stage != LineStage::Finished {
            if stage.is_rest() {
                self.pass_over(line);
            }
            return Tried::Done;
        }
        if stage == LineStage::Chunk && !self.demand().instant {
            return Tried::Done;
        }
        let candidates = self.candidates(line.text);
        let mut context = TryContext::new(now, line, stage, facts);
        let plan = Plan::new(self, &candidates, &mut context);
        self.candidates = candidates;
        let Some(plan) = plan else { return Tried::NeedsPtyState };
        if let Some(of_all) = self.gives_verdicts {
            self.verdicts = plan.verdicts(self, of_all, &context);
        }
        plan.without_match().for_each(|i| self.prefilter.searched_in_vain(i));
        if stage.is_rest() && !(stage == LineStage::Finished && line.is_passing()) {
            self.forget(line, |_, rank| plan.has_lost(rank));
        }
        let is_held = plan.has_held_match();
        plan.execute(self, now, line, firings);
        match stage {
            LineStage::Chunk => Tried::Done,
            _ if is_held => Tried::Held { until: self.held.hold(line.id, now) },
            _ => {
                self.held.release(line.id);
                Tried::Done
            }
        }
    }

    /// Records that a line has rested with a text that is not tried, since it does not match: [`Triggers::line_may_match`]
    /// has returned false, or it is empty.
    pub fn pass_over(&mut self, line: LineRef<'_>) {
        if self.seen.has_line(line.id) {
            let candidates = self.candidates(line.text);
            self.forget(line, |i, _| !candidates.contains(&i));
            self.candidates = candidates;
        }
    }

    /// Records the same of a finished line, of which there are many.
    #[inline]
    pub fn pass_over_finished(&mut self, line: LineRef<'_>) {
        if self.seen.has_line(line.id) && !line.is_passing() {
            self.pass_over(line);
        }
    }

    /// Forgets the matches on `line` of the triggers for whose index and rank `is_lost` holds, as far as they can fire: a
    /// disabled trigger is not tried, so that nothing is known of it.
    fn forget(&mut self, line: LineRef<'_>, is_lost: impl Fn(usize, usize) -> bool) {
        if self.seen.has_line(line.id) && !line.continued {
            let Self { all, seen, .. } = self;
            seen.forget(line.id, |i| all[i].is_live() && is_lost(i, all[i].rank));
        }
    }

    /// Forgets all matches on the line `id`, which was erased.
    pub fn forget_line(&mut self, id: u64) {
        self.seen.forget(id, |_| true);
    }

    /// Returns the indexes of the triggers that may match `text`, in order, in the reused buffer.
    fn candidates(&mut self, text: &[u8]) -> Vec<usize> {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        self.prefilter().candidates(text, &mut candidates);
        candidates
    }

    /// Switches trigger `i` on or off, and resets its loop guard.
    pub fn set_enabled(&mut self, i: usize, on: bool) {
        let trigger = &mut self.all[i];
        trigger.guard = LoopGuard::default();
        if trigger.options.enabled != on {
            trigger.options.enabled = on;
            self.prefilter.clear();
            self.demand = None;
        }
    }

    /// Forgets the matches of all lines, for line numbers that restart.
    pub fn forget_lines(&mut self) {
        self.seen.clear();
        self.held.clear();
    }
}

impl LineStage {
    /// Returns whether the line keeps its text for now.
    fn is_rest(self) -> bool {
        match self {
            Self::Chunk | Self::Unrested => false,
            Self::Paused | Self::Settled | Self::Finished => true,
        }
    }
}

impl LineRef<'_> {
    /// Returns whether the text of the finished line is blank: programs erase rows, and move the cursor over them, before
    /// they draw the same again. A row that stays blank is paused.
    fn is_passing(&self) -> bool {
        self.text.trim_ascii().is_empty()
    }
}

impl Trigger {
    fn new(options: TriggerOptions, rank: usize) -> Self {
        let (guard, cost) = (LoopGuard::default(), Cost::default());
        Self { options, rank, spent: false, last_fired: None, fired_line: None, decorated: None, guard, cost }
    }

    /// Returns whether the trigger can still fire, decorate or stop others: a spent trigger with `stop` still stops later
    /// triggers on the line on which it fired.
    fn is_live(&self) -> bool {
        self.options.enabled && (!self.spent || self.options.stops || self.awaits_decoration())
    }

    /// Records that the trigger fires. Returns whether it cannot fire any more.
    fn fires(&mut self, now: Instant) -> bool {
        self.guard.record(now);
        self.last_fired = Some(now);
        self.spent |= self.options.once;
        self.spent
    }

    /// Returns whether a match fires the trigger, and does not begin a block at whose end it fires.
    fn fires_at_match(&self) -> bool {
        self.options.until.is_none()
    }

    /// Returns the rest of the cooldown; zero where the trigger may fire.
    fn cooldown_left(&self, now: Instant) -> Duration {
        let since = self.last_fired.map(|last| now.saturating_duration_since(last));
        let left = since.zip(self.options.cooldown).map(|(since, cooldown)| cooldown.saturating_sub(since));
        left.unwrap_or_default()
    }
}

impl std::fmt::Debug for Triggers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Triggers").field("len", &self.all.len()).finish_non_exhaustive()
    }
}
