//! Encoder of keys: the bytes that a terminal sends for them in the modes that the program inside has set.
//!
//! The forms are those of xterm (ctlseqs, modifyOtherKeys), of the kitty keyboard protocol and of tmux's `send-keys`, which
//! agree wherever they have the same key. Of the kitty protocol presses are sent and no releases.

use std::fmt;

use crate::core::key_press::{ALT, CTRL, KEYPAD, KeyCode, KeyPress, SHIFT};
use crate::core::vt::Modes;

/// Flags of the kitty protocol.
const DISAMBIGUATE: u16 = 1;
const EVENT_TYPES: u16 = 2;
const ALTERNATES: u16 = 4;
const ALL_KEYS: u16 = 8;
const TEXT: u16 = 16;

/// First code of the keypad in the kitty protocol: that of 0. The others follow in the order of [`KEYPAD`].
const KITTY_KEYPAD: u32 = 57399;
const KITTY_KEYPAD_ENTER: u32 = 57414;

/// The keys of a terminal in which terminals differ whatever their modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) enum KeySet {
    /// As xterm has them.
    #[default]
    Xterm,
    /// Home and End are `CSI 1 ~` and `CSI 4 ~`, as tmux and screen have them.
    Vt220,
    /// As the console of Linux has them: those of a VT220, and F1 to F5 as `CSI [ A` to `CSI [ E`.
    Linux,
}

impl KeySet {
    /// Returns the keys of the terminal `term`, the value of `$TERM`.
    pub(in crate::core) fn of(term: Option<&str>) -> Self {
        let name = term.unwrap_or_default();
        let is = |family: &str| {
            name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
        };
        if is("linux") {
            Self::Linux
        } else if is("tmux") || is("screen") {
            Self::Vt220
        } else {
            Self::Xterm
        }
    }
}

/// What decides which bytes a key sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::core) struct KeyModes {
    /// Cursor keys send SS3 (DECCKM).
    pub(in crate::core) application_cursor: bool,
    /// The keypad sends SS3 (DECKPAM).
    pub(in crate::core) application_keypad: bool,
    /// Flags of the kitty protocol.
    pub(in crate::core) kitty: u16,
    /// Level of xterm's modifyOtherKeys.
    pub(in crate::core) modify_other_keys: u16,
    pub(in crate::core) keys: KeySet,
}

impl KeyModes {
    /// Returns the modes that the output has set on a terminal with these `keys`.
    pub(in crate::core) fn of(modes: &Modes, keys: KeySet) -> Self {
        Self {
            application_cursor: modes.application_cursor(),
            application_keypad: modes.application_keypad(),
            kitty: modes.kitty_flags(),
            modify_other_keys: modes.modify_other_keys_level(),
            keys,
        }
    }
}

/// A key for which a terminal in these modes sends nothing of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) struct NoKeyBytes(String);

impl fmt::Display for NoKeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.0;
        write!(
            f,
            "key '{name}' cannot be typed: no terminal has bytes for it unless the program asks for extended keys"
        )
    }
}

/// Returns the bytes of all `keys`, or the first key that has none.
pub(in crate::core) fn encode_all(keys: &[KeyPress], modes: KeyModes) -> Result<Vec<u8>, NoKeyBytes> {
    let bytes = keys.iter().map(|key| encode(key, modes).ok_or_else(|| NoKeyBytes(key.to_string())));
    Ok(bytes.collect::<Result<Vec<_>, _>>()?.concat())
}

/// Returns the bytes of a key, if it has any in these modes.
fn encode(key: &KeyPress, modes: KeyModes) -> Option<Vec<u8>> {
    let (code, modifiers) = (key.code, key.modifiers);
    if modes.kitty & (DISAMBIGUATE | EVENT_TYPES | ALL_KEYS) != 0
        && let Some(bytes) = kitty(code, modifiers, modes)
    {
        return Some(bytes);
    }
    if modes.kitty == 0 && is_other_key(code, modifiers, modes.modify_other_keys) {
        let code = other_key_code(code, modifiers)?;
        return Some(format!("\x1b[27;{};{code}~", modifiers + 1).into_bytes());
    }
    legacy(code, modifiers, modes)
}

/// Returns the bytes of a key in the kitty protocol; `None` where they are the legacy ones.
fn kitty(code: KeyCode, modifiers: u8, modes: KeyModes) -> Option<Vec<u8>> {
    let extends_text = modes.kitty & (DISAMBIGUATE | ALL_KEYS) != 0;
    let all = modes.kitty & ALL_KEYS != 0;
    let has_text = modifiers & (CTRL | ALT) == 0;
    let number = match code {
        KeyCode::Char(_) | KeyCode::Keypad('0'..='9' | '.' | '/' | '*' | '-' | '+')
            if !all && (has_text || !extends_text) =>
        {
            return None;
        }
        KeyCode::Enter | KeyCode::Tab | KeyCode::Backspace if !all && modifiers == 0 => return None,
        KeyCode::Escape if !extends_text && modifiers == 0 => return None,
        KeyCode::Char(character) => u32::from(character),
        KeyCode::Keypad('\r') => KITTY_KEYPAD_ENTER,
        KeyCode::Keypad(character) => KITTY_KEYPAD + KEYPAD.find(character).and_then(|at| u32::try_from(at).ok())?,
        KeyCode::Enter => 13,
        KeyCode::Tab => 9,
        KeyCode::Backspace => 127,
        KeyCode::Escape => 27,
        // The others have their legacy forms, without SS3 and, since CSI R is a cursor report, with a number for F3.
        KeyCode::Letter(letter) => return Some(lettered(letter, modifiers)),
        KeyCode::Home => return Some(lettered(b'H', modifiers)),
        KeyCode::End => return Some(lettered(b'F', modifiers)),
        KeyCode::Function(3) => return Some(numbered(13, modifiers)),
        KeyCode::Function(n) => return Some(lettered(b'O' + n, modifiers)),
        KeyCode::Number(number) => return Some(numbered(number, modifiers)),
    };
    let text = match code {
        KeyCode::Char(character) if has_text => Some(shifted(character, modifiers)?),
        KeyCode::Keypad(character) if has_text && character != '\r' => Some(character),
        _ => None,
    };
    let alternate =
        text.filter(|&text| modes.kitty & ALTERNATES != 0 && u32::from(text) != number && modifiers & SHIFT != 0);
    let alternate = alternate.map(|text| format!(":{}", u32::from(text))).unwrap_or_default();
    let text = text.filter(|_| modes.kitty & TEXT != 0).map(|text| format!(";{}", u32::from(text))).unwrap_or_default();
    let modifiers = match (modifiers, &*text) {
        (0, "") => String::new(),
        (0, _) => ";".to_owned(),
        _ => format!(";{}", modifiers + 1),
    };
    Some(format!("\x1b[{number}{alternate}{modifiers}{text}u").into_bytes())
}

/// Whether xterm sends a key as `CSI 27 ; modifiers ; code ~` at this level of modifyOtherKeys.
fn is_other_key(code: KeyCode, modifiers: u8, level: u16) -> bool {
    // Known to all programs, and left alone at level 1: modified-keys.html of xterm, and what tmux makes of it.
    let is_known = match code {
        KeyCode::Char(character) => {
            modifiers & CTRL == 0
                || (modifiers == CTRL || modifiers == CTRL | ALT)
                    && matches!(character, ' ' | '/' | '?' | '2'..='8' | '@'..='~')
        }
        KeyCode::Tab => modifiers == SHIFT,
        KeyCode::Enter | KeyCode::Escape => modifiers == ALT,
        KeyCode::Backspace => true,
        _ => return false,
    };
    let types_text = matches!(code, KeyCode::Char(_)) && modifiers == SHIFT;
    modifiers != 0 && !types_text && (level >= 2 || level == 1 && !is_known)
}

/// Returns the code of a key in modifyOtherKeys: that of the character which Shift makes of it.
fn other_key_code(code: KeyCode, modifiers: u8) -> Option<u32> {
    Some(match code {
        KeyCode::Char(character) => u32::from(shifted(character, modifiers)?),
        KeyCode::Enter => 13,
        KeyCode::Tab => 9,
        KeyCode::Escape => 27,
        KeyCode::Backspace => 127,
        _ => return None,
    })
}

/// Returns the bytes of a key without extensions.
fn legacy(code: KeyCode, modifiers: u8, modes: KeyModes) -> Option<Vec<u8>> {
    let bytes = match code {
        KeyCode::Char(character) => return character_bytes(character, modifiers),
        KeyCode::Enter => b"\r".to_vec(),
        KeyCode::Escape => b"\x1b".to_vec(),
        KeyCode::Tab if modifiers & SHIFT != 0 => b"\x1b[Z".to_vec(),
        KeyCode::Tab => b"\t".to_vec(),
        KeyCode::Backspace if modifiers & CTRL != 0 => b"\x08".to_vec(),
        KeyCode::Backspace => b"\x7f".to_vec(),
        KeyCode::Keypad(character) => keypad_bytes(character, modes.application_keypad),
        KeyCode::Home if modes.keys != KeySet::Xterm && modifiers == 0 => b"\x1b[1~".to_vec(),
        KeyCode::End if modes.keys != KeySet::Xterm && modifiers == 0 => b"\x1b[4~".to_vec(),
        KeyCode::Home => return Some(cursor_bytes(b'H', modifiers, modes)),
        KeyCode::End => return Some(cursor_bytes(b'F', modifiers, modes)),
        KeyCode::Letter(letter) => return Some(cursor_bytes(letter, modifiers, modes)),
        KeyCode::Function(n) if modes.keys == KeySet::Linux && modifiers == 0 => vec![0x1b, b'[', b'[', b'@' + n],
        KeyCode::Number(15) if modes.keys == KeySet::Linux && modifiers == 0 => b"\x1b[[E".to_vec(),
        KeyCode::Function(n) if modifiers == 0 => vec![0x1b, b'O', b'O' + n],
        KeyCode::Function(n) => return Some(lettered(b'O' + n, modifiers)),
        KeyCode::Number(number) => return Some(numbered(number, modifiers)),
    };
    Some(with_alt(bytes, modifiers))
}

fn cursor_bytes(letter: u8, modifiers: u8, modes: KeyModes) -> Vec<u8> {
    if modes.application_cursor && modifiers == 0 { vec![0x1b, b'O', letter] } else { lettered(letter, modifiers) }
}

fn lettered(letter: u8, modifiers: u8) -> Vec<u8> {
    let letter = char::from(letter);
    let text = if modifiers == 0 { format!("\x1b[{letter}") } else { format!("\x1b[1;{}{letter}", modifiers + 1) };
    text.into_bytes()
}

fn numbered(number: u8, modifiers: u8) -> Vec<u8> {
    let text = if modifiers == 0 { format!("\x1b[{number}~") } else { format!("\x1b[{number};{}~", modifiers + 1) };
    text.into_bytes()
}

fn keypad_bytes(character: char, application: bool) -> Vec<u8> {
    // The letters of SS3 stand 64 behind the characters: `j` for `*`, `M` for Enter (VT100 User Guide, table 3-8).
    if application { vec![0x1b, b'O', character as u8 + 64] } else { vec![character as u8] }
}

/// Returns the bytes of a character's key.
fn character_bytes(character: char, modifiers: u8) -> Option<Vec<u8>> {
    let bytes = if modifiers & CTRL != 0 {
        vec![control(character)?]
    } else {
        shifted(character, modifiers)?.to_string().into_bytes()
    };
    Some(with_alt(bytes, modifiers))
}

/// Returns what Shift makes of a character; `None` where that depends on the keyboard's layout.
fn shifted(character: char, modifiers: u8) -> Option<char> {
    match (modifiers & SHIFT, character) {
        (0, _) | (_, ' ') => Some(character),
        (_, 'a'..='z') => Some(character.to_ascii_uppercase()),
        _ => None,
    }
}

/// Returns the control character of a key, as a VT220 and xterm have them.
fn control(character: char) -> Option<u8> {
    match character {
        ' ' | '2' => Some(0),
        '3'..='7' => Some(character as u8 - b'3' + 0x1b),
        '8' | '?' => Some(0x7f),
        '/' => Some(0x1f),
        '@'..='~' => Some(character as u8 & 0x1f),
        _ => None,
    }
}

fn with_alt(mut bytes: Vec<u8>, modifiers: u8) -> Vec<u8> {
    if modifiers & ALT != 0 {
        bytes.insert(0, 0x1b);
    }
    bytes
}

#[cfg(test)]
mod tests;
