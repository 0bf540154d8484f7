//! The decision whether the shell's output is shown now, and why not.

/// Destination of the shell's output. Where several reasons hold, the first of these wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum Gate {
    /// The terminal.
    Open,
    /// Withheld until the state of the pty is known, on which a trigger's condition depends.
    AwaitingPtyState,
    /// Withheld until the history is read, which the lines continue.
    AwaitingHistory,
    /// The silent coprocess.
    SilentCoproc,
    /// The recovery from a broken file transfer.
    TransferRecovery,
    /// Withheld from the first control on until the patterns of many triggers are prepared.
    AwaitingPatterns,
    /// Withheld until the menu is closed.
    Menu,
    /// Withheld until the lent terminal is taken back.
    Lent,
}

/// Reasons against showing output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) struct GateState {
    pub(in crate::core) awaits_pty_state: bool,
    pub(in crate::core) awaits_history: bool,
    pub(in crate::core) awaits_patterns: bool,
    pub(in crate::core) silent: bool,
    pub(in crate::core) recovering: bool,
    pub(in crate::core) menu: bool,
    pub(in crate::core) lent: bool,
}

impl Gate {
    /// Returns the destination for this state.
    pub(in crate::core) fn of(state: GateState) -> Self {
        match state {
            GateState { awaits_pty_state: true, .. } => Self::AwaitingPtyState,
            GateState { awaits_history: true, .. } => Self::AwaitingHistory,
            GateState { silent: true, .. } => Self::SilentCoproc,
            GateState { recovering: true, .. } => Self::TransferRecovery,
            GateState { awaits_patterns: true, .. } => Self::AwaitingPatterns,
            GateState { menu: true, .. } => Self::Menu,
            GateState { lent: true, .. } => Self::Lent,
            GateState { .. } => Self::Open,
        }
    }

    /// Whether output is withheld.
    pub(in crate::core) fn withholds(self) -> bool {
        match self {
            Self::AwaitingPtyState | Self::AwaitingHistory | Self::AwaitingPatterns | Self::Menu | Self::Lent => true,
            Self::Open | Self::SilentCoproc | Self::TransferRecovery => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_urgent_reason_decides() {
        let all = GateState {
            awaits_pty_state: true,
            awaits_history: true,
            awaits_patterns: true,
            silent: true,
            recovering: true,
            menu: true,
            lent: true,
        };
        let (none, mut state) = (GateState::default(), all);
        for (gate, clear) in [
            (Gate::AwaitingPtyState, (|state| state.awaits_pty_state = false) as fn(&mut GateState)),
            (Gate::AwaitingHistory, |state| state.awaits_history = false),
            (Gate::SilentCoproc, |state| state.silent = false),
            (Gate::TransferRecovery, |state| state.recovering = false),
            (Gate::AwaitingPatterns, |state| state.awaits_patterns = false),
            (Gate::Menu, |state| state.menu = false),
            (Gate::Lent, |state| state.lent = false),
        ] {
            assert_eq!(Gate::of(state), gate);
            clear(&mut state);
        }
        assert_eq!((state, Gate::of(none)), (none, Gate::Open));
    }
}
