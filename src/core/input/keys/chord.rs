//! A key with Ctrl: its names, and its encodings by terminals.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// Ctrl and a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chord {
    character: char,
}

/// The error of a bad hotkey name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadChord {
    name: String,
    reason: &'static str,
}

impl fmt::Display for BadChord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, reason } = self;
        write!(f, "'{name}' {reason}: write ctrl- and a letter or one of ] \\ ^ _ @, such as ctrl-], or none")
    }
}

impl Error for BadChord {}

/// Prefixes of the character in a name.
const NAMED: [&str; 5] = ["ctrl-", "ctrl+", "c-", "control-", "^"];

/// Characters that terminals send for another key too, or that programs need, with the reason.
const TAKEN: [(char, &str); 6] = [
    ('[', "is the Escape key"),
    ('c', "interrupts programs"),
    ('h', "is the Backspace key of many terminals"),
    ('i', "is the Tab key"),
    ('j', "is the Enter key of many programs"),
    ('m', "is the Enter key"),
];

/// Characters that Ctrl combines with, those of `TAKEN` included.
const CHARACTERS: &str = "abcdefghijklmnopqrstuvwxyz]\\^_@";

/// Characters that a US keyboard has on Shift and another key.
const SHIFTED: [(char, char); 3] = [('^', '6'), ('_', '-'), ('@', '2')];

impl FromStr for Chord {
    type Err = BadChord;

    fn from_str(name: &str) -> Result<Self, BadChord> {
        let bad = |reason| BadChord { name: name.to_owned(), reason };
        let lower = name.to_ascii_lowercase();
        let rest = NAMED.iter().find_map(|ctrl| lower.strip_prefix(ctrl)).unwrap_or_default();
        let character = match (rest, rest.chars().next()) {
            ("space", _) => '@',
            (_, Some(character)) if rest.len() == 1 => character,
            _ => return Err(bad("cannot be the hotkey")),
        };
        if let Some((_, reason)) = TAKEN.iter().find(|(taken, _)| *taken == character) {
            return Err(bad(reason));
        }
        if !CHARACTERS.contains(character) {
            return Err(bad("cannot be the hotkey"));
        }
        Ok(Self { character })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ctrl-{}", self.character.to_ascii_uppercase())
    }
}

impl Chord {
    /// Returns the names of all possible hotkeys.
    pub fn names() -> impl Iterator<Item = String> {
        let free = CHARACTERS.chars().filter(|character| TAKEN.iter().all(|(taken, _)| taken != character));
        free.map(|character| format!("ctrl-{character}"))
    }

    /// Returns the control character of the chord.
    pub(super) fn byte(self) -> u8 {
        self.character.to_ascii_uppercase() as u8 & 0x1f
    }

    /// Whether `CSI body fin` is a press of the chord, encoded by the kitty protocol
    /// (`CSI code:shifted:base ; modifiers:event u`) or by xterm's modifyOtherKeys (`CSI 27 ; modifiers ; code ~`).
    pub(super) fn is_spelled(self, body: &[u8], fin: u8) -> bool {
        let Some(sequence) = KeySequence::read(body) else { return false };
        let [first, second, third] = sequence.groups;
        match fin {
            b'u' => self.is_pressed(first, second),
            b'~' if first[0] == 27 => self.is_pressed([third[0], third[0], 0], second),
            _ => false,
        }
    }

    fn is_pressed(self, [code, shifted, base]: [u32; 3], [modifiers, event, _]: [u32; 3]) -> bool {
        if event > PRESS {
            return false;
        }
        let character = u32::from(self.character);
        match modifiers.saturating_sub(1) & !LOCKS {
            CTRL => {
                let space = self.character == '@' && code == 32;
                // Where the layout has no such key, the key in its position counts.
                code == character || space || (code > 127 && base == character)
            }
            CTRL_AND_SHIFT if !self.character.is_ascii_alphabetic() => {
                let pair = SHIFTED.iter().find(|(shifted, _)| *shifted == self.character);
                shifted == character || pair.is_some_and(|&(_, key)| code == u32::from(key))
            }
            _ => false,
        }
    }
}

/// Modifier bits of the kitty protocol and of xterm, which send them with 1 added.
pub(super) const SHIFT: u32 = 1;
pub(super) const ALT: u32 = 2;
pub(super) const CTRL: u32 = 4;
const CTRL_AND_SHIFT: u32 = CTRL | SHIFT;
/// Caps lock and Num lock.
pub(super) const LOCKS: u32 = 64 | 128;
/// Event types of the kitty protocol; 0 where absent, 3 for a release.
pub(super) const PRESS: u32 = 1;
pub(super) const REPEAT: u32 = 2;

/// Parameters of a key's control sequence: up to three groups of up to three numbers, 0 where absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct KeySequence {
    pub(super) groups: [[u32; 3]; 3],
}

impl KeySequence {
    /// Parses the bytes between CSI and the final byte; `None` unless they are numbers only.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let mut sequence = Self::default();
        for (n, group) in body.split(|&byte| byte == b';').enumerate() {
            for (m, number) in group.split(|&byte| byte == b':').enumerate() {
                let text = std::str::from_utf8(number).ok()?;
                let value = if text.is_empty() { 0 } else { text.parse().ok()? };
                if let Some(place) = sequence.groups.get_mut(n).and_then(|group| group.get_mut(m)) {
                    *place = value;
                }
            }
        }
        Some(sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(name: &str) -> Chord {
        name.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn names_of_chords() {
        for (name, byte, shown) in [
            ("ctrl-]", 0x1d, "Ctrl-]"),
            ("Ctrl+]", 0x1d, "Ctrl-]"),
            ("^]", 0x1d, "Ctrl-]"),
            ("C-a", 1, "Ctrl-A"),
            ("ctrl-\\", 0x1c, "Ctrl-\\"),
            ("ctrl-^", 0x1e, "Ctrl-^"),
            ("^^", 0x1e, "Ctrl-^"),
            ("ctrl-_", 0x1f, "Ctrl-_"),
            ("ctrl-space", 0, "Ctrl-@"),
        ] {
            assert_eq!((chord(name).byte(), chord(name).to_string()), (byte, shown.to_owned()), "{name}");
        }
    }

    #[test]
    fn bad_name_is_refused_with_reason_and_remedy() {
        for (name, reason) in [
            ("", "cannot be the hotkey"),
            ("]", "cannot be the hotkey"),
            ("f1", "cannot be the hotkey"),
            ("ctrl-", "cannot be the hotkey"),
            ("ctrl-1", "cannot be the hotkey"),
            ("ctrl-\u{fc}", "cannot be the hotkey"),
            ("ctrl-]]", "cannot be the hotkey"),
            ("alt-x", "cannot be the hotkey"),
            ("ctrl-[", "is the Escape key"),
            ("ctrl-I", "is the Tab key"),
            ("ctrl-m", "is the Enter key"),
        ] {
            let sentence = name.parse::<Chord>().expect_err(name).to_string();
            assert!(sentence.contains(reason) && sentence.ends_with("such as ctrl-], or none"), "{sentence}");
        }
    }

    #[test]
    fn every_listed_name_is_a_distinct_hotkey() {
        let bytes: std::collections::BTreeSet<u8> = Chord::names().map(|name| chord(&name).byte()).collect();
        assert_eq!(bytes.len(), Chord::names().count());
        assert!(bytes.contains(&chord("ctrl-]").byte()));
    }

    #[test]
    fn encodings_of_chords() {
        for (name, sequence, expected) in [
            ("ctrl-]", "93;5u", true),
            ("ctrl-]", "93;5:1u", true),
            ("ctrl-]", "93:125:93;5:1u", true),
            ("ctrl-]", "93;69u", true),
            ("ctrl-]", "93;133u", true),
            ("ctrl-]", "93;197:1u", true),
            ("ctrl-]", "27;5;93~", true),
            ("ctrl-]", "1098::93;5u", true),
            ("ctrl-]", "93;5:2u", false),
            ("ctrl-]", "93;5:3u", false),
            ("ctrl-]", "93u", false),
            ("ctrl-]", "93;6u", false),
            ("ctrl-]", "93;7u", false),
            ("ctrl-]", "93;13u", false),
            ("ctrl-]", "43::93;5u", false),
            ("ctrl-]", "94;5u", false),
            ("ctrl-]", "93;5~", false),
            ("ctrl-]", "27;5;94~", false),
            ("ctrl-]", "?93;5u", false),
            ("ctrl-]", "99999999999;5u", false),
            ("ctrl-^", "54:94;6u", true),
            ("ctrl-^", "54;6u", true),
            ("ctrl-^", "27;6;94~", true),
            ("ctrl-space", "32;5u", true),
            ("ctrl-a", "97;5u", true),
            ("ctrl-a", "97:65;6u", false),
        ] {
            let (body, fin) = sequence.split_at(sequence.len() - 1);
            assert_eq!(chord(name).is_spelled(body.as_bytes(), fin.as_bytes()[0]), expected, "{name} {sequence}");
        }
    }
}
