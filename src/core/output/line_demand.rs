//! Whether lines are assembled, and how closely they are examined. Without readers they are not assembled, and bytes pass
//! through.

use crate::core::trigger::TriggerDemand;

/// How closely the lines of the output are examined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) enum Granularity {
    /// Not at all.
    #[default]
    None,
    /// One read of the pty at a time.
    Chunks,
    /// Line by line, because a trigger may start a silent coprocess, which gets the rest of the read.
    Lines,
}

/// Demand of all readers of lines, derived at the end of every turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) struct LineDemand {
    /// How closely lines are examined for triggers and subscribers.
    pub(in crate::core) granularity: Granularity,
    /// Whether lines are assembled.
    pub(in crate::core) assembles: bool,
    /// Whether the raw bytes of the unfinished line are kept.
    pub(in crate::core) keeps_raw: bool,
    /// Whether the unfinished line is tried after every read of the pty.
    pub(in crate::core) instant: bool,
    /// Number of finished lines that are kept for commands of triggers.
    pub(in crate::core) recent: usize,
    /// Whether matches are shown in another way.
    pub(in crate::core) decorates: bool,
    /// Whether that depends on the state of the pty.
    pub(in crate::core) decorates_by_pty: bool,
}

impl LineDemand {
    /// Combines the demand of the triggers, of subscribers to lines, and of readers that need lines `assembled` and do not
    /// examine them here: a coprocess that reads lines, subscribers to commands.
    pub(in crate::core) fn of(triggers: TriggerDemand, subscribed: bool, assembled: bool) -> Self {
        let granularity = match (triggers.any, triggers.silences) {
            (_, true) => Granularity::Lines,
            (true, false) => Granularity::Chunks,
            (false, false) if subscribed => Granularity::Chunks,
            (false, false) => Granularity::None,
        };
        let assembles = granularity != Granularity::None || assembled;
        let TriggerDemand { starts, instant, lines, decorates, decorates_by_pty, .. } = triggers;
        Self { granularity, assembles, keeps_raw: starts, instant, recent: lines, decorates, decorates_by_pty }
    }
}
