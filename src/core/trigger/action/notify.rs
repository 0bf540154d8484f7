//! `notify TEXT`: shows a desktop notification by the escape sequence of the terminal.

use super::{Action, ActionContext, ActionEffect, ActionKind};
use crate::core::trigger::{Hit, Template};
use crate::display::one_line;

pub(super) const KIND: ActionKind = ActionKind {
    name: "notify",
    letter: None,
    value: Some("TEXT"),
    summary: "Show a desktop notification",
    manual: "Shows \\fITEXT\\fR as a desktop notification. \\fB$0\\fR, \\fB$1\\fR and \\fB${name}\\fR in it stand \
             for the match. The escape sequence depends on the terminal: OSC 99 for kitty, OSC 777 for foot and \
             urxvt, OSC 9 for all others (iTerm2, WezTerm, Ghostty, Windows Terminal). In tmux it needs \
             \\fBallow-passthrough on\\fR.",
    starts: None,
    stops: false,
    // The sequence goes to the terminal alone, which sends no response.
    parse: |text, groups| Ok(Box::new(Notify(Template::parse(text, groups)?))),
};

/// Longest notification, in characters.
const LIMIT: usize = 1024;

/// Escape sequence for desktop notifications, and whether tmux has to pass it through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protocol {
    /// The sequence that the terminal knows.
    pub sequence: NotifySequence,
    /// Whether the sequence is wrapped in the DCS passthrough of tmux.
    pub tmux: bool,
}

/// Escape sequences for desktop notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NotifySequence {
    /// `OSC 9`, from iTerm2.
    #[default]
    Osc9,
    /// `OSC 777`, from rxvt-unicode.
    Osc777,
    /// `OSC 99`, from kitty.
    Osc99,
}

impl Protocol {
    /// Chooses the sequence by the environment variables of the terminal, which `env` looks up.
    pub fn of(env: impl Fn(&str) -> Option<String>) -> Self {
        let term = env("TERM").unwrap_or_default();
        let sequence = if env("KITTY_WINDOW_ID").is_some() || term == "xterm-kitty" {
            NotifySequence::Osc99
        } else if term.starts_with("foot") || term.starts_with("rxvt-unicode") {
            NotifySequence::Osc777
        } else {
            NotifySequence::Osc9
        };
        Self { sequence, tmux: env("TMUX").is_some() }
    }

    /// Returns the sequence for `text`, without control characters and truncated to the longest notification.
    pub fn notify(self, text: &[u8]) -> Vec<u8> {
        self.notification(&printable(text)).into_bytes()
    }

    /// Returns the sequence for `text`, which has no control characters.
    fn notification(self, text: &str) -> String {
        let plain = match self.sequence {
            NotifySequence::Osc9 => format!("\x1b]9;{text}\x07"),
            NotifySequence::Osc777 => format!("\x1b]777;notify;coshell;{}\x07", text.replace(';', ",")),
            NotifySequence::Osc99 => format!("\x1b]99;;{text}\x1b\\"),
        };
        if self.tmux {
            return format!("\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"));
        }
        plain
    }
}

#[derive(Debug)]
struct Notify(Template);

impl Action for Notify {
    fn fire(&self, hit: &Hit, cx: &mut ActionContext<'_>) {
        cx.effects.push(ActionEffect::Show(cx.protocol.notify(&self.0.expand(&hit.captures))));
    }
}

/// Returns text for the inside of an OSC sequence: without control characters, truncated to [`LIMIT`].
pub(super) fn printable(bytes: &[u8]) -> String {
    one_line(&String::from_utf8_lossy(bytes)).trim_end().chars().take(LIMIT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn protocol(env: &[(&str, &str)]) -> Protocol {
        Protocol::of(|name| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn sequence_is_chosen_by_the_environment() {
        assert_eq!(protocol(&[("TERM", "xterm-256color")]).notification("a;b"), "\x1b]9;a;b\x07");
        assert_eq!(protocol(&[("TERM", "foot")]).notification("a;b"), "\x1b]777;notify;coshell;a,b\x07");
        assert_eq!(protocol(&[("KITTY_WINDOW_ID", "1")]).notification("a"), "\x1b]99;;a\x1b\\");
    }

    #[test]
    fn sequence_is_wrapped_for_tmux() {
        assert_eq!(protocol(&[("TMUX", "x")]).notification("a"), "\x1bPtmux;\x1b\x1b]9;a\x07\x1b\\");
    }

    #[test]
    fn control_characters_are_removed_from_text() {
        assert_eq!(printable(b"a\x07b\x1b\\c\xc2\x9c\xe2\x80\xaed\r\n"), "ab\\cd");
    }
}
