//! What a client may do to a session: its level of access, and whether the user is asked before it types.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::display::one_line;
use crate::types::Child;

/// Maximum length of a client's name in characters, as it is shown to the user.
const NAME_LENGTH: usize = 40;

/// A level of access. Each includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum AccessLevel {
    /// Read what the session has printed and what it does, and wait.
    Look,
    /// Also add notes and show notifications.
    Annotate,
    /// Do all that a client can do: type, run, and change what coshell does.
    #[default]
    Type,
}

impl AccessLevel {
    /// Returns the name of the level.
    pub fn name(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Annotate => "annotate",
            Self::Type => "type",
        }
    }
}

/// What a client may do. It can have less of it, and never more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientAccess {
    /// The level, which the session may bound further.
    pub level: AccessLevel,
    /// Whether the user is asked before something is done that needs the level `type`.
    pub asks: bool,
    /// Name of the client for the user; empty where it has given none.
    pub name: String,
}

impl ClientAccess {
    /// Lowers the access to `level`, has the user asked if `asks`, and sets the name.
    pub fn limit(&mut self, level: AccessLevel, asks: bool, name: &str) {
        self.level = self.level.min(level);
        self.asks |= asks;
        self.name = one_line(name).trim().chars().take(NAME_LENGTH).collect();
    }
}

/// Who makes a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requester {
    /// The child of the session that leads the session (setsid(2)) of the client, if one does.
    pub child: Option<Child>,
    /// What the client may do.
    pub access: ClientAccess,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_only_becomes_less() {
        let mut access = ClientAccess::default();
        assert_eq!((access.level, access.asks), (AccessLevel::Type, false));
        access.limit(AccessLevel::Annotate, true, "a\x1b[31m\nb");
        access.limit(AccessLevel::Type, false, &"x".repeat(100));
        assert_eq!((access.level, access.asks, access.name.len()), (AccessLevel::Annotate, true, NAME_LENGTH));
        access.limit(AccessLevel::Look, false, "");
        assert_eq!((access.level, access.asks, &*access.name), (AccessLevel::Look, true, ""));
    }
}
