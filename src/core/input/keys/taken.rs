//! Keys that coshell took: where the kitty protocol reports event types, a program must see neither the repeats nor the
//! release of a key whose press it did not get.

use super::chord::{KeySequence, PRESS, REPEAT};

/// Maximum number of keys that are remembered, more than can be held down. The oldest is forgotten first.
const MOST: usize = 16;

/// What a key event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventType {
    Press,
    Repeat,
    Release,
}

/// A key: its number and the final byte of its sequences, by the kitty protocol.
type KeyId = (u32, u8);

/// Keys whose press the menu or the hotkey took and whose release has not come.
#[derive(Debug, Default)]
pub(in crate::core) struct TakenKeys(Vec<KeyId>);

impl TakenKeys {
    /// Notes the press of the key with these bytes.
    pub(in crate::core) fn press(&mut self, bytes: &[u8]) {
        if let Some((id, EventType::Press)) = event(bytes) {
            self.0.retain(|taken| *taken != id);
            self.0.push(id);
            self.0.drain(..self.0.len().saturating_sub(MOST));
        }
    }

    /// Returns whether the bytes are a repeat or the release of a key that was taken, and so are for no program.
    pub(super) fn follows(&mut self, bytes: &[u8]) -> bool {
        match event(bytes) {
            Some((id, EventType::Repeat)) => self.0.contains(&id),
            Some((id, EventType::Release)) => {
                let before = self.0.len();
                self.0.retain(|taken| *taken != id);
                self.0.len() < before
            }
            _ => false,
        }
    }

    /// Forgets keys that are pressed in `bytes`, which a program gets: the release of an earlier press was lost, or the
    /// terminal reports none.
    pub(in crate::core) fn pass(&mut self, bytes: &[u8]) {
        if self.0.is_empty() {
            return;
        }
        match event(bytes) {
            Some((id, EventType::Press)) => self.0.retain(|taken| *taken != id),
            Some(_) => {}
            None => self.0.retain(|taken| !bytes.iter().any(|&byte| plain(byte) == *taken)),
        }
    }
}

/// Whether the bytes are the release of a key.
pub(super) fn is_release(bytes: &[u8]) -> bool {
    matches!(event(bytes), Some((_, EventType::Release)))
}

/// Returns the key and the type of an event; `None` where the bytes are not one key.
fn event(bytes: &[u8]) -> Option<(KeyId, EventType)> {
    let press = |id| Some((id, EventType::Press));
    match bytes {
        [0x1b, b'O', fin] => press((1, *fin)),
        [0x1b, b'[', body @ .., fin] => {
            let [first, [_, event, _], third] = KeySequence::read(body)?.groups;
            match (fin, event) {
                (b'~', _) if first[0] == 27 => press((third[0], b'u')),
                (b'u' | b'~' | b'A'..=b'H' | b'P' | b'Q' | b'S', _) => {
                    let event = match event {
                        0 | PRESS => EventType::Press,
                        REPEAT => EventType::Repeat,
                        _ => EventType::Release,
                    };
                    Some(((first[0].max(1), *fin), event))
                }
                _ => None,
            }
        }
        &[byte] => press(plain(byte)),
        bytes => {
            let mut chars = std::str::from_utf8(bytes).ok()?.chars();
            let character = chars.next().filter(|_| chars.next().is_none())?;
            press((u32::from(character.to_lowercase().next()?), b'u'))
        }
    }
}

/// Returns the key that sends one byte: the protocol numbers a key by its character without Shift and Ctrl.
fn plain(byte: u8) -> KeyId {
    let code = match byte {
        b'\t' | b'\r' | 0x1b => byte,
        1..=26 => byte | 0x60,
        0x1c..=0x1f => byte | 0x40,
        _ => byte.to_ascii_lowercase(),
    };
    (u32::from(code), b'u')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeat_and_release_of_taken_key_follow_its_press() {
        for (press, repeat, release) in [
            ("\x1b[27u", "\x1b[27;1:2u", "\x1b[27;1:3u"),
            ("\x1b[27;1:1u", "\x1b[27;129:2u", "\x1b[27;129:3u"),
            ("\x1d", "\x1b[93;5:2u", "\x1b[93;5:3u"),
            ("\x1b[93;5u", "\x1b[93;5:2u", "\x1b[93;1:3u"),
            ("\x1b[27;5;93~", "\x1b[93;5:2u", "\x1b[93;5:3u"),
            ("r", "\x1b[114;1:2u", "\x1b[114;1:3u"),
            ("R", "\x1b[114;2:2u", "\x1b[114:82;1:3u"),
            ("\u{e4}", "\x1b[228;1:2u", "\x1b[228;1:3u"),
            ("\r", "\x1b[13;1:2u", "\x1b[13;1:3u"),
            ("\x1b[A", "\x1b[1;1:2A", "\x1b[1;1:3A"),
            ("\x1bOA", "\x1b[1;1:2A", "\x1b[1;1:3A"),
            ("\x1b[3~", "\x1b[3;1:2~", "\x1b[3;1:3~"),
        ] {
            let mut taken = TakenKeys::default();
            assert!(!taken.follows(repeat.as_bytes()) && !taken.follows(release.as_bytes()), "{press:?}");
            taken.press(press.as_bytes());
            assert!(!taken.follows(press.as_bytes()) && !taken.follows(b"\x1b[120;1:3u"), "{press:?}");
            assert!(taken.follows(repeat.as_bytes()) && taken.follows(release.as_bytes()), "{press:?}");
            assert!(!taken.follows(release.as_bytes()), "{press:?}");
            taken.press(press.as_bytes());
            taken.pass(press.as_bytes());
            assert!(!taken.follows(release.as_bytes()), "a program got {press:?} since");
        }
    }

    #[test]
    fn taken_keys_are_bounded() {
        let mut taken = TakenKeys::default();
        (0..1000).for_each(|code| taken.press(format!("\x1b[{code}u").as_bytes()));
        assert_eq!(taken.0.len(), MOST);
        assert!(taken.follows(b"\x1b[999;1:3u") && !taken.follows(b"\x1b[0;1:3u"));
    }
}
