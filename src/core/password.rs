//! Whether a program in the pty reads a password. The line discipline does not say so: a program that reads one turns ECHO
//! off, and so do line editors and full-screen programs.
//!
//! ECHO off with ICANON on is a password. ECHO and ICANON off with ISIG on is one where the program draws a star for each
//! character: only if a process of the foreground process group that has no child in it is one of [`PASSWORD_JOBS`] or
//! was named by the user. sudo(8) that runs a command has a child, ssh(1) in a session has ISIG off, and a line editor
//! belongs to a shell. One look is not enough, since shells turn ECHO off for an instant: see [`STEADY`].

use std::time::{Duration, Instant};

use super::event::PtyState;
use crate::types::Echo;

/// Programs that are known to draw stars.
const PASSWORD_JOBS: [&str; 6] = ["sudo", "su", "doas", "ssh", "gpg", "passwd"];
/// Words of which one is in a prompt for a secret.
const WORDS: [&str; 6] = ["password", "passphrase", "passcode", "verification code", "pin", "otp"];
/// Time between two looks at the pty that must both find the same foreground process group reading a password.
pub(super) const STEADY: Duration = Duration::from_millis(200);
/// Maximum time between two looks of one row. Between looks further apart the group may have read anything.
const ROW: Duration = Duration::from_secs(1);

/// Returns whether `line` ends as a prompt for a secret does: with one of [`WORDS`], and a colon or a question mark behind it.
pub fn asks_secret(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line).to_lowercase();
    let asks = |word: &&str| {
        let behind = text.rfind(word).map(|at| &text[at + word.len()..]);
        behind.is_some_and(|behind| behind.contains([':', '?']))
    };
    WORDS.iter().any(asks)
}

/// Result of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// No program reads a password.
    No,
    /// A program seems to; a look at this time will tell.
    Perhaps(Instant),
    /// A program reads a password.
    Yes,
}

/// A row of looks that found the same group reading a password.
#[derive(Clone, Copy, Debug)]
struct Row {
    group: i32,
    first: Instant,
    last: Instant,
}

/// Watches the pty for a program that reads a password.
#[derive(Debug, Default)]
pub(super) struct PasswordWatch {
    /// Names from the user.
    jobs: Vec<String>,
    row: Option<Row>,
}

impl PasswordWatch {
    /// Creates a watch; `jobs` are further programs that draw stars.
    pub(super) fn new(jobs: Vec<String>) -> Self {
        Self { jobs, row: None }
    }

    /// Replaces the names of further programs that draw stars.
    pub(super) fn set_jobs(&mut self, jobs: Vec<String>) {
        self.jobs = jobs;
    }

    /// Takes a look.
    pub(super) fn look(&mut self, now: Instant, state: &PtyState) -> Reading {
        if !self.hides_input(state) {
            self.row = None;
            return Reading::No;
        }
        let goes_on = |row: &Row| row.group == state.group && now < row.last + ROW;
        let first = self.row.filter(goes_on).map_or(now, |row| row.first);
        self.row = Some(Row { group: state.group, first, last: now });
        if now >= first + STEADY { Reading::Yes } else { Reading::Perhaps(first + STEADY) }
    }

    /// Whether the last look found a program that reads a password.
    pub(super) fn is_read(&self) -> bool {
        self.row.is_some_and(|row| row.last >= row.first + STEADY)
    }

    fn hides_input(&self, state: &PtyState) -> bool {
        let known = |name: &String| PASSWORD_JOBS.contains(&name.as_str()) || self.jobs.contains(name);
        match state.echo {
            Echo::On => false,
            Echo::OffInLines => true,
            Echo::OffInKeys => state.readers.iter().any(known),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(echo: Echo, group: i32, readers: &[&str]) -> PtyState {
        PtyState {
            echo,
            is_canonical: false,
            group,
            readers: readers.iter().map(|&name| name.to_owned()).collect(),
            ..PtyState::default()
        }
    }

    #[test]
    fn password_is_told_by_modes_and_processes() {
        for (echo, readers, reads) in [
            (Echo::On, &["sudo"][..], false),
            (Echo::OffInLines, &[], true),
            (Echo::OffInLines, &["cat"], true),
            (Echo::OffInKeys, &[], false),
            (Echo::OffInKeys, &["bash"], false),
            (Echo::OffInKeys, &["less"], false),
            (Echo::OffInKeys, &["sudo"], true),
            (Echo::OffInKeys, &["tee", "passwd"], true),
            (Echo::OffInKeys, &["pinentry-curses"], true),
            (Echo::OffInKeys, &["sudoedit"], false),
        ] {
            let mut watch = PasswordWatch::new(vec!["pinentry-curses".to_owned()]);
            let (now, state) = (Instant::now(), state(echo, 7, readers));
            let first = watch.look(now, &state);
            assert_eq!(first, if reads { Reading::Perhaps(now + STEADY) } else { Reading::No }, "{state:?}");
            let second = watch.look(now + STEADY, &state);
            assert_eq!(second, if reads { Reading::Yes } else { Reading::No }, "{state:?}");
        }
    }

    #[test]
    fn two_looks_of_one_row_are_needed() {
        use Echo::{OffInLines, On};
        for (looks, last) in [
            (&[(0, OffInLines, 7), (199, OffInLines, 7)][..], Reading::Perhaps as fn(Instant) -> Reading),
            (&[(0, OffInLines, 7), (100, OffInLines, 7), (200, OffInLines, 7)], |_| Reading::Yes),
            (&[(0, OffInLines, 7), (150, On, 7), (200, OffInLines, 7)], Reading::Perhaps),
            (&[(0, OffInLines, 7), (200, OffInLines, 8)], Reading::Perhaps),
            (&[(0, OffInLines, 7), (1000, OffInLines, 7)], Reading::Perhaps),
            (&[(0, OffInLines, 7), (200, On, 7)], |_| Reading::No),
        ] {
            let (mut watch, start) = (PasswordWatch::default(), Instant::now());
            let found = looks.iter().map(|&(ms, echo, group)| {
                let found = watch.look(start + Duration::from_millis(ms), &state(echo, group, &[]));
                if let Reading::Perhaps(_) = found { Reading::Perhaps(start) } else { found }
            });
            assert_eq!(found.last(), Some(last(start)), "{looks:?}");
        }
    }
}
