//! Actions of triggers that are not done at once: commands in the background, notifications that come too often, and
//! those that the user has to confirm.

use std::time::Instant;

use super::background::Background;
use super::confirm::Confirm;
use super::input::keys::Chord;
use super::notifications::Notifications;
use super::trigger::action::Protocol;

/// The pending actions.
#[derive(Debug)]
pub(super) struct PendingActions {
    pub(super) background: Background,
    pub(super) notifications: Notifications,
    pub(super) confirm: Confirm,
}

impl PendingActions {
    /// Creates the actions of a session that starts, on a terminal that knows this sequence for notifications.
    pub(super) fn new(now: Instant, protocol: Protocol, hotkey: Option<Chord>) -> Self {
        let (background, notifications) = (Background::default(), Notifications::new(protocol));
        Self { background, notifications, confirm: Confirm::new(now, hotkey) }
    }
}
