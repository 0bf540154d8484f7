//! Actions of triggers that are not done at once: commands in the background, and notifications that come too often.

use super::background::Background;
use super::notifications::Notifications;
use super::trigger::action::Protocol;

/// The pending actions.
#[derive(Debug)]
pub(super) struct PendingActions {
    pub(super) background: Background,
    pub(super) notifications: Notifications,
}

impl PendingActions {
    /// Creates the actions of a session that starts.
    pub(super) fn new(protocol: Protocol) -> Self {
        Self { background: Background::default(), notifications: Notifications::new(protocol) }
    }
}
