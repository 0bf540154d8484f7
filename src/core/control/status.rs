//! The status of a session, for a client and for the menu.

use std::time::Instant;

use crate::core::coproc::CoprocSlot;
use crate::core::output::terminal::OutputKind;
use crate::core::response::{StateResponse, StatusResponse, StreamKind};
use crate::core::settings::Settings;
use crate::core::trigger::table::{TriggerState, TriggerTable};

/// Returns the status for a client.
pub(in crate::core) fn status(
    now: Instant,
    settings: &Settings,
    (alternate_screen, state): (bool, StateResponse),
    triggers: &TriggerTable,
    waiting_texts: usize,
    coproc: &CoprocSlot,
) -> StatusResponse {
    let stream = |kind| if kind == OutputKind::Terminal { StreamKind::Terminal } else { StreamKind::Stream };
    let (coprocess, last_coprocess) = coproc.status(now);
    StatusResponse {
        session: settings.session.clone(),
        name: settings.name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        command: settings.command.clone(),
        tty: settings.tty.clone(),
        rows: settings.size.rows,
        cols: settings.size.cols,
        keyboard: stream(settings.keyboard),
        screen: stream(settings.screen),
        alternate_screen,
        state: Box::new(state),
        triggers: triggers.standing().count(),
        waiting_texts,
        coprocess,
        last_coprocess,
    }
}

/// Returns the status as a sentence for the menu.
pub(in crate::core) fn sentence(now: Instant, triggers: &TriggerTable, coproc: &CoprocSlot) -> String {
    let in_state = |state| triggers.standing().filter(|(i, _)| triggers.state(*i, now) == state).count();
    let stopped = Some(in_state(TriggerState::Stopped)).filter(|&stopped| stopped > 0);
    let stopped = stopped.map(|stopped| format!(", {stopped} stopped")).unwrap_or_default();
    let triggers = format!("{} triggers, {} on{stopped}", triggers.standing().count(), in_state(TriggerState::On));
    let Some((name, status)) = coproc.name().zip(coproc.status(now).0) else {
        return format!("no coprocess is running; {triggers}");
    };
    let (read, typed, minutes, seconds) =
        (status.bytes_read, status.bytes_typed, status.seconds / 60, status.seconds % 60);
    format!("{name} has been running for {minutes}:{seconds:02}: {read} bytes read, {typed} typed; {triggers}")
}
