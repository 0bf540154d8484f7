//! Whether lines are put together, and how closely they are looked at. While nothing reads them they are not put together,
//! and bytes pass.

use crate::core::trigger::TriggerDemand;

/// How closely the lines of the output are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) enum Granularity {
    /// Not at all.
    #[default]
    None,
    /// A whole chunk at a time.
    Chunks,
    /// Line by line, because a trigger may silence the rest of a chunk.
    Lines,
}

/// What the readers of lines want, derived at the end of every turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) struct LineDemand {
    /// How closely triggers and subscribers want them looked at.
    pub(in crate::core) granularity: Granularity,
    /// Whether lines are put together.
    pub(in crate::core) assembles: bool,
    /// Whether the raw bytes of the unfinished line are kept.
    pub(in crate::core) keeps_raw: bool,
    /// Whether the unfinished line is tried after every chunk.
    pub(in crate::core) instant: bool,
}

impl LineDemand {
    /// Works out the demand of the triggers, of subscribers to lines and of a coprocess that reads lines.
    pub(in crate::core) fn of(triggers: TriggerDemand, subscribed: bool, read_by_coproc: bool) -> Self {
        let granularity = match (triggers.any, triggers.silences) {
            (_, true) => Granularity::Lines,
            (true, false) => Granularity::Chunks,
            (false, false) if subscribed => Granularity::Chunks,
            (false, false) => Granularity::None,
        };
        let assembles = granularity != Granularity::None || read_by_coproc;
        Self { granularity, assembles, keeps_raw: triggers.starts, instant: triggers.instant }
    }
}
