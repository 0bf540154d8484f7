//! Verdicts: why a trigger fired or did not fire in one try of a line. The plan of the try gives them.

use std::time::Duration;

use super::When;

/// What keeps a fresh match from firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A condition does not hold.
    Conditions,
    /// The trigger is `once`, and has fired.
    Spent,
    /// The trigger starts a coprocess, and one runs.
    CoprocRuns,
    /// The cooldown of the trigger has not passed.
    CoolingDown,
    /// The loop guard has stopped the trigger.
    Loop,
}

impl Cause {
    /// Returns whether the match counts as seen, so that it does not fire later either.
    pub(super) fn counts_as_seen(self) -> bool {
        match self {
            Self::Conditions | Self::Spent => false,
            Self::CoprocRuns | Self::CoolingDown | Self::Loop => true,
        }
    }
}

/// Result of one try for one trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerVerdict {
    /// It fires.
    Fires,
    /// The pattern does not match.
    NoMatch,
    /// The match could still grow, and is held back.
    Held,
    /// These conditions do not hold.
    Conditions(Vec<When>),
    /// The rest of the cooldown.
    CoolingDown(Duration),
    /// Another cause.
    Prevented(Cause),
    /// It has fired for the same text of the same line.
    FiredBefore,
    /// The same text of the same line was passed over, because of a coprocess, a cooldown or the loop guard.
    PassedBefore,
    /// The action `stop` of the trigger with this index ended the try.
    StoppedBy(usize),
    /// It is disabled.
    Off,
    /// The output has not paused, and the trigger is not `instant`.
    NotInstant,
}
