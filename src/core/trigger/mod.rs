//! Which trigger fires on which line. It knows no actions, and what a line is it is told.
//!
//! A line is put to the triggers when it is finished and when the output rests on it ([`LineStage`]). One pass over it
//! (`prefilter`) says which patterns may match; their own regexes then decide (`regex_cache`), and what has been seen on the
//! line (`dedup`), the conditions (`condition`) and the loop guard (`loop_guard`) say which of the matches fire. A try is
//! planned first and carried out then (`plan`), so one that needs to know more leaves no trace.
//!
//! Decisions where the contract leaves room:
//!
//! - A held match stops nobody: later triggers fire while it waits, even if it has the action `stop`. A trigger with
//!   `stop` that has fired on a line goes on stopping the later ones there, for as long as its match stands.
//! - A match that is passed over because a coprocess runs or a cooldown does counts as seen: it does not fire later,
//!   when it would be stale. One whose conditions do not hold does not count: it fires if they hold at the next try.
//! - A trigger that the loop guard has stopped is tried like any other, and fires again at the first match that comes
//!   [`GUARD_PAUSE`] after the one before it. The matches up to there count as seen. A match that could not fire in
//!   any case, by its conditions, a cooldown or a coprocess that runs, does not count as one of them.
//! - What `all` finds in one try is one firing for the cooldown and the loop guard. Of a trigger that is `dedup` or that
//!   starts a coprocess, only the first match fires.
//! - An empty text is tried only as a finished line. In a piece of a long line `^` does not match at its start, unless
//!   it is the first; `$` matches at its end.

pub mod action;
mod captures;
mod condition;
mod dedup;
pub mod definition;
mod error;
#[cfg(test)]
mod everyday;
mod loop_guard;
mod pattern;
mod plan;
mod prefilter;
mod regex_cache;
pub mod table;
mod template;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memchr;

use super::request::Visibility;

pub use captures::Captures;
pub use condition::{ConditionFacts, When};
pub use dedup::HOLD;
pub use error::{ConditionError, DurationError, OptionError, TemplateError, TemplateErrorKind, TriggerError};
pub use loop_guard::{MOST as GUARD_MOST, PAUSE as GUARD_PAUSE, WINDOW as GUARD_WINDOW};
pub use pattern::{BadPattern, Pattern};
pub use template::Template;

use dedup::{HeldLines, SeenMatches};
use loop_guard::LoopGuard;
use plan::Plan;
use prefilter::{Prefilter, PrefilterForm};
use regex_cache::RegexCache;

/// A block is searched in stretches of about this length, between which the set may be changed for a better one.
const STRETCH: usize = 16 << 10;

/// What the triggers that can still fire want of the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TriggerDemand {
    /// There is at least one.
    pub any: bool,
    /// One may start a coprocess, which is given its line's raw bytes.
    pub starts: bool,
    /// One may start a silent coprocess: what stands behind its line is not shown.
    pub silences: bool,
    /// One is tried on every chunk.
    pub instant: bool,
}

/// What the configuration says of one trigger, apart from its actions.
#[derive(Clone, Debug)]
pub struct TriggerOptions {
    /// What it is called, where that is not its pattern.
    pub name: Option<String>,
    /// What it looks for.
    pub pattern: Pattern,
    /// Fires for every match in a line, not only for the first.
    pub all: bool,
    /// Fires once in a session.
    pub once: bool,
    /// Is tried after every chunk, and does not wait for a match to grow.
    pub instant: bool,
    /// Is tried at all.
    pub enabled: bool,
    /// Does not fire again within this time.
    pub cooldown: Option<Duration>,
    /// Fires only while all of these hold.
    pub when: Vec<When>,
    /// Would start a coprocess, so it does not fire while one runs.
    pub starts: Option<Visibility>,
    /// Nothing after it is tried on a line on which it has fired.
    pub stops: bool,
    /// What it does may come back as output, so the loop guard counts its firings.
    pub feeds_back: bool,
}

impl TriggerOptions {
    /// A trigger that looks for this, with no modifiers.
    pub fn new(pattern: Pattern) -> Self {
        Self {
            name: None,
            pattern,
            all: false,
            once: false,
            instant: false,
            enabled: true,
            cooldown: None,
            when: Vec::new(),
            starts: None,
            stops: false,
            feeds_back: false,
        }
    }

    /// What notices and lists call it.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.pattern.text())
    }
}

/// When a line is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStage {
    /// After a chunk of output: only the instant triggers are tried.
    Chunk,
    /// The output has rested on the line.
    Paused,
    /// A held match has waited long enough.
    Settled,
    /// The line is finished.
    Finished,
}

/// A line, or a piece of a long one, as a person reads it.
#[derive(Clone, Copy, Debug)]
pub struct LineRef<'a> {
    /// The same for the same line, whatever becomes of its text.
    pub id: u64,
    /// Without the line's end. There is no line feed in it.
    pub text: &'a [u8],
    /// Whether it is a piece of a line, and not the first.
    pub continued: bool,
}

/// What a try came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Tried {
    /// There is nothing more to do until the line changes.
    Done,
    /// A match waits, since it could still grow.
    Held {
        /// Then the line is to be tried as [`LineStage::Settled`], unless it has been finished before.
        until: Instant,
    },
    /// Nothing was done and nothing has changed: [`ConditionFacts::pty_state`] is needed for the same call.
    NeedsPtyState,
}

/// What came of a match.
#[derive(Clone, Debug)]
pub enum Firing {
    /// A trigger fires.
    Hit(Hit),
    /// The loop guard does not let a trigger fire until its matches have paused.
    Stopped {
        /// Its index.
        trigger: usize,
    },
}

/// A trigger that fires, with what it matched.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its index.
    pub trigger: usize,
    /// What its pattern captured.
    pub captures: Captures,
    /// The line on which it fires; the captures share it.
    pub line: Arc<[u8]>,
}

/// How busy a trigger has been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// How often it fired.
    pub fired: u64,
    /// On how many lines its own pattern was searched for, after the set had said that it may match.
    pub tried: u64,
}

/// A trigger in a session.
struct Trigger {
    options: TriggerOptions,
    /// It is `dedup` and has fired.
    spent: bool,
    last_fired: Option<Instant>,
    guard: LoopGuard,
    cost: Cost,
}

/// The triggers of a session.
pub struct Triggers {
    all: Vec<Trigger>,
    /// Absent after a change of what follows from it.
    demand: Option<TriggerDemand>,
    /// Over all that can fire; built when first needed, and again when that has changed.
    prefilter: Option<Prefilter>,
    /// Loose once the output has strained the tight one.
    form: PrefilterForm,
    regexes: RegexCache,
    seen: SeenMatches,
    held: HeldLines,
    /// Room for the candidates of one line, kept for its memory only.
    candidates: Vec<usize>,
    /// Room for a piece of a line with something in front of it, kept for its memory only.
    piece: Vec<u8>,
}

impl Triggers {
    /// The triggers in the order of the configuration. Nothing is compiled yet.
    pub fn new(options: impl IntoIterator<Item = TriggerOptions>) -> Self {
        let all: Vec<_> = options.into_iter().map(Trigger::new).collect();
        let regexes = RegexCache::new(all.len());
        Self {
            all,
            demand: None,
            prefilter: None,
            form: PrefilterForm::Tight,
            regexes,
            seen: SeenMatches::default(),
            held: HeldLines::default(),
            candidates: Vec::new(),
            piece: Vec::new(),
        }
    }

    /// Another one, behind the others.
    pub fn push(&mut self, options: TriggerOptions) {
        self.all.push(Trigger::new(options));
        self.regexes.grow(self.all.len());
        self.prefilter = None;
        self.demand = None;
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How many there are, the disabled ones included.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The trigger of an index below [`Triggers::len`], as it stands: `enabled` changes.
    pub fn options(&self, i: usize) -> &TriggerOptions {
        &self.all[i].options
    }

    /// Whether the loop guard would not let the trigger of an index below [`Triggers::len`] fire now.
    pub fn is_stopped(&self, i: usize, now: Instant) -> bool {
        self.all[i].guard.is_stopped(now)
    }

    /// How busy the trigger of an index below [`Triggers::len`] has been.
    pub fn cost(&self, i: usize) -> Cost {
        self.all[i].cost
    }

    /// Returns what the triggers that can still fire want of the lines. It is worked out anew only after a change.
    pub fn demand(&mut self) -> TriggerDemand {
        let all = &self.all;
        *self.demand.get_or_insert_with(|| {
            let live = all.iter().filter(|trigger| trigger.is_live()).map(|trigger| &trigger.options);
            live.fold(TriggerDemand::default(), |demand, options| TriggerDemand {
                any: true,
                starts: demand.starts | options.starts.is_some(),
                silences: demand.silences | (options.starts == Some(Visibility::Silent)),
                instant: demand.instant | options.instant,
            })
        })
    }

    /// How much memory the set takes; none before its first use.
    pub fn memory(&self) -> usize {
        self.prefilter.as_ref().map_or(0, Prefilter::memory)
    }

    /// Whether any line in this block of lines, ended by `\n` or `\r\n`, may match. A no is certain.
    pub fn block_may_match(&mut self, block: &[u8]) -> bool {
        self.next_line(block, 0).is_some()
    }

    /// Whether a line, without its end, may match. A no is certain.
    pub fn line_may_match(&mut self, line: &[u8]) -> bool {
        // A block without a byte has no line; a line without one is a line all the same.
        if line.is_empty() { self.prefilter().empty_may_match() } else { self.block_may_match(line) }
    }

    /// The first line in a block of lines that may match, at or after `from`, which is the start of a line. Its range
    /// is without the line's end. All lines before it certainly do not match.
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

    /// Tries a line, and appends what fires, in the order of the configuration.
    pub fn try_line(
        &mut self,
        now: Instant,
        line: LineRef<'_>,
        stage: LineStage,
        facts: &ConditionFacts,
        firings: &mut Vec<Firing>,
    ) -> Tried {
        let is_untried = line.text.is_empty() && stage != LineStage::Finished;
        if is_untried || (stage == LineStage::Chunk && !self.demand().instant) {
            return Tried::Done;
        }
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        self.prefilter().candidates(line.text, &mut candidates);
        let plan = Plan::new(self, &candidates, now, line, stage, facts);
        self.candidates = candidates;
        let Some(plan) = plan else { return Tried::NeedsPtyState };
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

    /// Switches a trigger on or off. For the loop guard it begins anew, also where it was on.
    pub fn set_enabled(&mut self, i: usize, on: bool) {
        let trigger = &mut self.all[i];
        trigger.guard = LoopGuard::default();
        if trigger.options.enabled != on {
            trigger.options.enabled = on;
            self.prefilter = None;
            self.demand = None;
        }
    }

    /// Forgets what has been seen on which line, for line numbers that begin anew.
    pub fn forget_lines(&mut self) {
        self.seen.clear();
        self.held.clear();
    }

    fn prefilter(&mut self) -> &mut Prefilter {
        if self.form == PrefilterForm::Tight && self.prefilter.as_ref().is_some_and(Prefilter::is_overloaded) {
            (self.form, self.prefilter) = (PrefilterForm::Loose, None);
        }
        let (all, form) = (&self.all, self.form);
        self.prefilter.get_or_insert_with(|| {
            let members: Vec<usize> = (0..all.len()).filter(|&i| all[i].is_live()).collect();
            // One after the other: the parsed forms of a thousand patterns are megabytes.
            let patterns = members.clone().into_iter().map(|i| all[i].options.pattern.hir());
            Prefilter::new(members, patterns, form)
        })
    }
}

impl Trigger {
    fn new(options: TriggerOptions) -> Self {
        let (guard, cost) = (LoopGuard::default(), Cost::default());
        Self { options, spent: false, last_fired: None, guard, cost }
    }

    /// Whether it still has something to say. One that is spent may yet stop others on the line on which it fired.
    fn is_live(&self) -> bool {
        self.options.enabled && (!self.spent || self.options.stops)
    }

    fn is_cooling_down(&self, now: Instant) -> bool {
        let since = self.last_fired.map(|last| now.saturating_duration_since(last));
        since.zip(self.options.cooldown).is_some_and(|(since, cooldown)| since < cooldown)
    }
}

impl std::fmt::Debug for Triggers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Triggers").field("len", &self.all.len()).finish_non_exhaustive()
    }
}
