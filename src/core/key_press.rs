//! Keys by the names of tmux(1): `C-c`, `M-x`, `Up`, `F5`, `Enter`. `input::keys::encode` makes bytes of them.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Modifiers, as the kitty protocol and xterm send them with 1 added.
pub(super) const SHIFT: u8 = 1;
pub(super) const ALT: u8 = 2;
pub(super) const CTRL: u8 = 4;

/// Prefixes of a name for modifiers, in upper case.
const PREFIXES: [(u8, u8); 3] = [(b'C', CTRL), (b'M', ALT), (b'S', SHIFT)];

/// A press of a key with modifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyPress {
    /// The name that was given.
    name: String,
    pub(super) code: KeyCode,
    pub(super) modifiers: u8,
}

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyCode {
    /// The key of a character, which is in lower case where it has a lower case.
    Char(char),
    Enter,
    Tab,
    Escape,
    Backspace,
    Home,
    End,
    /// A key of the form `CSI letter`.
    Letter(u8),
    /// A key of the form `CSI number ~`.
    Number(u8),
    /// F1 to F4.
    Function(u8),
    /// A key of the numeric keypad, by its character; `\r` for its Enter.
    Keypad(char),
}

/// The names of keys without modifiers, in lower case, as tmux(1) lists them. They are compared without regard to case.
const NAMES: &[(&[&str], KeyCode)] = &[
    (&["enter"], KeyCode::Enter),
    (&["tab"], KeyCode::Tab),
    (&["escape"], KeyCode::Escape),
    (&["bspace"], KeyCode::Backspace),
    (&["space"], KeyCode::Char(' ')),
    (&["up"], KeyCode::Letter(b'A')),
    (&["down"], KeyCode::Letter(b'B')),
    (&["right"], KeyCode::Letter(b'C')),
    (&["left"], KeyCode::Letter(b'D')),
    (&["home"], KeyCode::Home),
    (&["end"], KeyCode::End),
    (&["ic", "insert"], KeyCode::Number(2)),
    (&["dc", "delete"], KeyCode::Number(3)),
    (&["ppage", "pageup", "pgup"], KeyCode::Number(5)),
    (&["npage", "pagedown", "pgdn"], KeyCode::Number(6)),
    (&["f1"], KeyCode::Function(1)),
    (&["f2"], KeyCode::Function(2)),
    (&["f3"], KeyCode::Function(3)),
    (&["f4"], KeyCode::Function(4)),
    (&["f5"], KeyCode::Number(15)),
    (&["f6"], KeyCode::Number(17)),
    (&["f7"], KeyCode::Number(18)),
    (&["f8"], KeyCode::Number(19)),
    (&["f9"], KeyCode::Number(20)),
    (&["f10"], KeyCode::Number(21)),
    (&["f11"], KeyCode::Number(23)),
    (&["f12"], KeyCode::Number(24)),
    (&["kpenter"], KeyCode::Keypad('\r')),
];

/// Characters of the keypad, each behind `KP` in a name.
pub(super) const KEYPAD: &str = "0123456789./*-+";

/// Name of Tab with Shift.
const BACK_TAB: &str = "btab";

/// Returns the names of all keys that are no characters, one for each key, as tmux(1) writes them.
pub fn names() -> impl Iterator<Item = String> {
    let written = |name: &str| match name {
        "bspace" => "BSpace".to_owned(),
        "ppage" => "PPage".to_owned(),
        "npage" => "NPage".to_owned(),
        "kpenter" => "KPEnter".to_owned(),
        "ic" | "dc" => name.to_ascii_uppercase(),
        name => name[..1].to_ascii_uppercase() + &name[1..],
    };
    let named = NAMES.iter().map(move |(names, _)| written(names[0]));
    named.chain(["BTab".to_owned()]).chain(KEYPAD.chars().map(|character| format!("KP{character}")))
}

/// A name that no key has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNameError(String);

impl Error for KeyNameError {}

impl fmt::Display for KeyNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.escape_debug();
        write!(f, "there is no key '{shown}'; write one character, or a name such as Enter, Up, F5, C-c or M-x")
    }
}

impl FromStr for KeyPress {
    type Err = KeyNameError;

    fn from_str(name: &str) -> Result<Self, KeyNameError> {
        let unknown = || KeyNameError(name.to_owned());
        let (mut rest, mut modifiers) = (name, 0);
        while let &[letter, b'-', _, ..] = rest.as_bytes() {
            let prefix = PREFIXES.iter().find(|(prefix, _)| *prefix == letter.to_ascii_uppercase());
            modifiers |= prefix.ok_or_else(unknown)?.1;
            rest = &rest[2..];
        }
        // tmux takes ^c for C-c.
        if let Some(character) = rest.strip_prefix('^').filter(|character| !character.is_empty()) {
            (rest, modifiers) = (character, modifiers | CTRL);
        }
        let mut characters = rest.chars();
        let (code, shift) = match (characters.next(), characters.next()) {
            (Some(character), None) => character_key(character, modifiers).ok_or_else(unknown)?,
            _ => named_key(rest).ok_or_else(unknown)?,
        };
        Ok(Self { name: name.to_owned(), code, modifiers: modifiers | shift })
    }
}

/// Returns the key of a character, and its further modifiers. `C-A` is `C-a`, while `M-A` is `M-S-a`.
fn character_key(character: char, modifiers: u8) -> Option<(KeyCode, u8)> {
    let shift = if character.is_ascii_uppercase() && modifiers & CTRL == 0 { SHIFT } else { 0 };
    (!character.is_control()).then_some((KeyCode::Char(character.to_ascii_lowercase()), shift))
}

fn named_key(name: &str) -> Option<(KeyCode, u8)> {
    let name = name.to_ascii_lowercase();
    if name == BACK_TAB {
        return Some((KeyCode::Tab, SHIFT));
    }
    let keypad = name.strip_prefix("kp").filter(|character| character.len() == 1 && KEYPAD.contains(*character));
    let keypad = keypad.and_then(|character| character.chars().next()).map(KeyCode::Keypad);
    let named = || NAMES.iter().find(|(names, _)| names.contains(&&*name)).map(|(_, code)| *code);
    keypad.or_else(named).map(|code| (code, 0))
}

impl TryFrom<String> for KeyPress {
    type Error = KeyNameError;

    fn try_from(name: String) -> Result<Self, KeyNameError> {
        name.parse()
    }
}

impl From<KeyPress> for String {
    fn from(key: KeyPress) -> Self {
        key.name
    }
}

impl fmt::Display for KeyPress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_tmux() {
        for (name, code, modifiers) in [
            ("a", KeyCode::Char('a'), 0),
            ("A", KeyCode::Char('a'), SHIFT),
            ("\u{e9}", KeyCode::Char('\u{e9}'), 0),
            ("-", KeyCode::Char('-'), 0),
            ("^", KeyCode::Char('^'), 0),
            ("C-c", KeyCode::Char('c'), CTRL),
            ("C-C", KeyCode::Char('c'), CTRL),
            ("c-c", KeyCode::Char('c'), CTRL),
            ("^c", KeyCode::Char('c'), CTRL),
            ("C--", KeyCode::Char('-'), CTRL),
            ("M-x", KeyCode::Char('x'), ALT),
            ("M-X", KeyCode::Char('x'), ALT | SHIFT),
            ("M-C-x", KeyCode::Char('x'), ALT | CTRL),
            ("C-M-S-Up", KeyCode::Letter(b'A'), SHIFT | ALT | CTRL),
            ("enter", KeyCode::Enter, 0),
            ("BTab", KeyCode::Tab, SHIFT),
            ("S-Tab", KeyCode::Tab, SHIFT),
            ("Space", KeyCode::Char(' '), 0),
            ("F1", KeyCode::Function(1), 0),
            ("F12", KeyCode::Number(24), 0),
            ("PPage", KeyCode::Number(5), 0),
            ("PgDn", KeyCode::Number(6), 0),
            ("KP-", KeyCode::Keypad('-'), 0),
            ("KPEnter", KeyCode::Keypad('\r'), 0),
        ] {
            let key: KeyPress = name.parse().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!((key.code, key.modifiers, key.to_string()), (code, modifiers, name.to_owned()), "{name}");
        }
    }

    #[test]
    fn every_listed_name_is_a_key_of_its_own() {
        let keys: Vec<KeyPress> = names().map(|name| name.parse().unwrap_or_else(|error| panic!("{error}"))).collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(keys[..i].iter().all(|other| (other.code, other.modifiers) != (key.code, key.modifiers)), "{key}");
        }
    }

    #[test]
    fn name_of_no_key_is_an_error_that_shows_it() {
        for name in ["", "Return", "F13", "F0", "C-", "X-a", "C-xy", "ab", "\r", "C-\t", "KP", "KPx", "C-Return"] {
            let sentence = name.parse::<KeyPress>().expect_err(name).to_string();
            assert!(sentence.contains(&format!("no key '{}'", name.escape_debug())), "{sentence}");
        }
    }
}
