//! What the shell and programs in it report.

use std::sync::Arc;
use std::time::Duration;

/// An event that the shell or a program in it reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShellEvent {
    /// A command begins to run.
    CommandStart {
        /// Its number; the first of the session is 1.
        command: u64,
        /// Its text: as the shell gives it, else as it was typed, where lines are assembled.
        text: Option<Arc<str>>,
    },
    /// A command has ended.
    CommandEnd {
        /// Its number.
        command: u64,
        /// Its status, where the shell reports it.
        status: Option<i32>,
        /// Time for which it ran.
        took: Duration,
    },
    /// The shell has changed its directory.
    Directory {
        /// Its path.
        path: Arc<str>,
    },
    /// The shell is on another host.
    Host {
        /// The host and the user there.
        report: Arc<HostReport>,
    },
    /// The shell is that of another user.
    User {
        /// The user and the host.
        report: Arc<HostReport>,
    },
    /// A program has given a variable another value.
    Variable {
        /// The name of the variable.
        name: Arc<str>,
        /// Its value.
        value: Arc<str>,
    },
}

impl ShellEvent {
    /// Returns the host and the user of the shell, if they have changed.
    pub fn host(&self) -> Option<&Arc<HostReport>> {
        match self {
            Self::Host { report } | Self::User { report } => Some(report),
            _ => None,
        }
    }
}

/// The host and the user of the shell, as far as they are reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostReport {
    /// The host; empty until one is reported, and where OSC 7 names none.
    pub host: String,
    /// The user there; empty until one is reported.
    pub user: String,
}

impl HostReport {
    /// Returns whether `name` is the host. Case does not count, and a short name stands for a full one that begins with it.
    pub fn is_on(&self, name: &str) -> bool {
        is_same_host(&self.host, name)
    }
}

/// Returns whether two names are of one host: equal but for case, or one the other with a domain behind it. A shell reports both
/// where one script asks for the full name and another does not. Nothing is the host of no name.
fn is_same_host(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    let Some(begin) = long.get(..short.len()) else { return false };
    let behind = &long[short.len()..];
    begin.eq_ignore_ascii_case(short) && (behind.is_empty() || behind.starts_with('.') && !short.is_empty())
}
