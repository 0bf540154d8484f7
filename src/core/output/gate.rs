//! Why the shell's output is not shown right now, decided in one place.

/// What the shell's output goes through, the most urgent reason against showing it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::core) enum Gate {
    /// It is shown.
    Open,
    /// It waits until the host has looked at the pty: a trigger's condition depends on that.
    AwaitingPtyState,
    /// A silent coprocess alone is given it.
    SilentCoproc,
    /// It is what the far side of a broken file transfer still sends.
    TransferRecovery,
    /// It waits until the menu is closed.
    Menu,
    /// It waits until the terminal is coshell's again.
    Lent,
}

/// What the gate depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) struct GateState {
    pub(in crate::core) awaits_pty_state: bool,
    pub(in crate::core) silent: bool,
    pub(in crate::core) recovering: bool,
    pub(in crate::core) menu: bool,
    pub(in crate::core) lent: bool,
}

impl Gate {
    /// Decides.
    pub(in crate::core) fn of(state: GateState) -> Self {
        let reasons = [
            (state.awaits_pty_state, Self::AwaitingPtyState),
            (state.silent, Self::SilentCoproc),
            (state.recovering, Self::TransferRecovery),
            (state.menu, Self::Menu),
            (state.lent, Self::Lent),
        ];
        reasons.into_iter().find(|(holds, _)| *holds).map_or(Self::Open, |(_, gate)| gate)
    }

    /// Whether output is kept until the gate opens, rather than given to another reader.
    pub(in crate::core) fn withholds(self) -> bool {
        matches!(self, Self::AwaitingPtyState | Self::Menu | Self::Lent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_urgent_reason_decides() {
        let all = GateState { awaits_pty_state: true, silent: true, recovering: true, menu: true, lent: true };
        let (none, mut state) = (GateState::default(), all);
        for (gate, clear) in [
            (Gate::AwaitingPtyState, (|state| state.awaits_pty_state = false) as fn(&mut GateState)),
            (Gate::SilentCoproc, |state| state.silent = false),
            (Gate::TransferRecovery, |state| state.recovering = false),
            (Gate::Menu, |state| state.menu = false),
            (Gate::Lent, |state| state.lent = false),
        ] {
            assert_eq!(Gate::of(state), gate);
            clear(&mut state);
        }
        assert_eq!((state, Gate::of(none)), (none, Gate::Open));
    }
}
