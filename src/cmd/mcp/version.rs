//! Versions of the Model Context Protocol. Up to 2025-11-25 a client begins with `initialize`; since 2026-07-28 each request
//! names its version.

use serde_json::{Map, Value};

/// Key of a request's version in its `_meta`.
pub(super) const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
/// Key of what the client can do, which such a request needs too.
pub(super) const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";
/// Key of the client's name and version.
pub(super) const CLIENT_KEY: &str = "io.modelcontextprotocol/clientInfo";
/// Key of the server's name and version in the `_meta` of a result.
pub(super) const SERVER_KEY: &str = "io.modelcontextprotocol/serverInfo";

/// A version of the protocol, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ProtocolVersion {
    V2024November,
    /// The only one with batches. Adds annotations of tools.
    V2025March,
    /// Adds titles and structured results.
    V2025June,
    V2025November,
    /// Has no `initialize`, `ping` and sessions.
    V2026July,
}

impl ProtocolVersion {
    /// Every version, the newest first.
    pub(super) const ALL: [Self; 5] =
        [Self::V2026July, Self::V2025November, Self::V2025June, Self::V2025March, Self::V2024November];

    /// Returns the name of the version: its date.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V2024November => "2024-11-05",
            Self::V2025March => "2025-03-26",
            Self::V2025June => "2025-06-18",
            Self::V2025November => "2025-11-25",
            Self::V2026July => "2026-07-28",
        }
    }

    /// Returns the version that `initialize` agrees on where the client asks for `wanted`: that one, or the newest that has
    /// `initialize`.
    pub(super) fn agreed(wanted: &str) -> Self {
        let known = Self::ALL.into_iter().find(|version| version.name() == wanted);
        known.filter(|version| !version.is_stateless()).unwrap_or(Self::V2025November)
    }

    /// Whether each request names its version, and `initialize` does not exist.
    pub(super) fn is_stateless(self) -> bool {
        self >= Self::V2026July
    }
}

/// Returns the member `key` of the parameters' `_meta`.
pub(super) fn meta<'a>(params: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    params.get("_meta")?.get(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_agreed_on() {
        for (wanted, agreed) in [
            ("2024-11-05", "2024-11-05"),
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("2026-07-28", "2025-11-25"),
            ("1999-01-01", "2025-11-25"),
            ("", "2025-11-25"),
        ] {
            assert_eq!(ProtocolVersion::agreed(wanted).name(), agreed, "{wanted}");
        }
        assert!(ProtocolVersion::ALL.is_sorted_by(|one, other| one > other));
    }
}
