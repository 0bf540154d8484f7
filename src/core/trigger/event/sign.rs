//! What the output shows of an event.

use super::{EventSet, TriggerEvent};
use crate::core::vt::{PromptMarkKind, prompt_mark};

/// A sign of an event in the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum OutputSign {
    /// A prompt begins.
    Prompt,
    /// BEL.
    Bell,
    /// A program has set this window title.
    Title(Vec<u8>),
    /// A program shows a desktop notification.
    Notification {
        /// Its title, where it has one.
        title: Option<Vec<u8>>,
        /// Its text.
        text: Vec<u8>,
    },
    /// A program has switched to the alternate screen.
    FullScreen,
}

impl OutputSign {
    /// Returns the sign in the payload of an OSC, if it has one of an event that is wanted.
    pub(in crate::core) fn of_osc(payload: &[u8], wanted: EventSet) -> Option<Self> {
        if wanted.has(TriggerEvent::Prompt) && matches!(prompt_mark(payload), Some((PromptMarkKind::Prompt, _))) {
            return Some(Self::Prompt);
        }
        if wanted.has(TriggerEvent::Notification) { notification(payload) } else { None }
    }
}

/// Parses OSC 9 of iTerm2, OSC 777 of rxvt-unicode and OSC 99 of kitty.
fn notification(payload: &[u8]) -> Option<OutputSign> {
    let (number, rest) = split(payload)?;
    let (title, text) = match number {
        b"9" if !is_conemu(rest) => (None, rest),
        b"777" => {
            let both = rest.strip_prefix(b"notify;")?;
            split(both).map_or((Some(both), &b""[..]), |(title, text)| (Some(title), text))
        }
        b"99" => kitty(rest)?,
        _ => return None,
    };
    // A title alone is the text.
    let (title, text) = if text.is_empty() { (None, title.unwrap_or_default()) } else { (title, text) };
    (!text.is_empty()).then(|| OutputSign::Notification { title: title.map(<[u8]>::to_vec), text: text.to_vec() })
}

/// Returns title and text of an OSC 99, `metadata;payload`. A piece behind which others come (`d=0`), one in base64 (`e=1`),
/// and one that is no text (`p=close`, `icon`, ...) shows nothing.
fn kitty(rest: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let (metadata, text) = split(rest)?;
    let has = |pair: &[u8]| metadata.split(|&byte| byte == b':').any(|known| known == pair);
    let kind = metadata.split(|&byte| byte == b':').find_map(|pair| pair.strip_prefix(b"p="));
    let is_text = matches!(kind, None | Some(b"title" | b"body"));
    (is_text && !has(b"d=0") && !has(b"e=1")).then_some((None, text))
}

/// Returns whether an OSC 9 is a command of ConEmu, such as a progress (`9;4;1;50`): a number, alone or with parameters.
fn is_conemu(rest: &[u8]) -> bool {
    let number = split(rest).map_or(rest, |(number, _)| number);
    !number.is_empty() && number.len() <= 2 && number.iter().all(u8::is_ascii_digit)
}

/// Splits bytes at the first semicolon.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b';', bytes)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> EventSet {
        let mut all = EventSet::default();
        super::super::EVENTS.iter().for_each(|row| all.insert(row.event));
        all
    }

    #[test]
    fn notifications_of_three_terminals_are_parsed() {
        for (payload, want) in [
            ("9;done", Some((None, "done"))),
            ("9;2 tests; 1 failed", Some((None, "2 tests; 1 failed"))),
            ("9;4;1;50", None),
            ("9;9;/tmp", None),
            ("9;4", None),
            ("9;", None),
            ("777;notify;make;done; 3 s", Some((Some("make"), "done; 3 s"))),
            ("777;notify;done", Some((None, "done"))),
            ("777;precmd", None),
            ("99;;done", Some((None, "done"))),
            ("99;i=1:p=body;done", Some((None, "done"))),
            ("99;i=1:d=0;first", None),
            ("99;i=1:p=close;", None),
            ("99;e=1;ZG9uZQ==", None),
            ("133;A", None),
            ("8;;x", None),
        ] {
            let sign = notification(payload.as_bytes());
            let want = want.map(|(title, text): (Option<&str>, &str)| OutputSign::Notification {
                title: title.map(|title| title.as_bytes().to_vec()),
                text: text.as_bytes().to_vec(),
            });
            assert_eq!(sign, want, "{payload}");
        }
    }

    #[test]
    fn only_wanted_signs_are_reported() {
        for payload in ["133;A", "9;done"] {
            assert!(OutputSign::of_osc(payload.as_bytes(), all()).is_some(), "{payload}");
            assert_eq!(OutputSign::of_osc(payload.as_bytes(), EventSet::default()), None, "{payload}");
        }
        for payload in ["133;B", "133;A;k=s", "133;D", "0;title"] {
            assert_eq!(OutputSign::of_osc(payload.as_bytes(), all()), None, "{payload}");
        }
    }
}
