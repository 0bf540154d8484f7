//! The signs that the far program has left and its shell answers, before the protocol has ended.
//!
//! A frame is no sign, whatever is in it. Signs are what only a shell or a line discipline prints: the sequence in front of a
//! prompt, the echo of what was typed, and another foreground process group of the pty, if the far program runs on it.
//! Text that ends like a prompt and rests is a guess, which is made outside of frames only.

use std::time::{Duration, Instant};

use memchr::memmem;

/// Turns on bracketed paste, as a shell does in front of its prompt.
pub(super) const PROMPTS: &[u8] = b"\x1b[?2004h";
/// Echo of CAN by the line discipline (ECHOCTL): the far side has left the raw mode.
pub(super) const ECHOED_CAN: &[u8] = b"^X";
/// Number of echoes from which the far side is taken to have left.
const ECHOES: usize = 8;
/// Maximum distance of the first and the last of them, in bytes.
const MOST_APART: usize = 510;
/// Number of last bytes that are kept.
const TEXT_LEN: usize = 512;
/// Time without a frame behind the sequence in front of a prompt. What is typed may be echoed meanwhile.
const QUIET: Duration = Duration::from_millis(300);
/// The same time behind text that may be a prompt.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time without bytes after which the foreground process group is looked up again, and then once more.
const FIRST_LOOK: Duration = Duration::from_millis(300);
const NEXT_LOOK: Duration = Duration::from_secs(1);

/// The signs that have come.
#[derive(Clone, Debug)]
pub(super) struct FarShell {
    /// The last bytes outside of frames, since the last frame.
    text: Vec<u8>,
    /// Time at which the sequence in front of a prompt came, since the last frame.
    prompted: Option<Instant>,
    /// Number of bytes outside of frames, and those of them at the ends of the last echoes; 0 for none.
    printed: usize,
    echoes: [usize; ECHOES],
    /// The last bytes of all since the near side's last header, and the digits of that header.
    behind_header: Vec<u8>,
    digits: Option<Vec<u8>>,
    /// The foreground process group at the start, once it is known, and whether another one has had it since.
    group: Option<i32>,
    is_in_front: bool,
    /// Time of the last bytes, and of the next look at the group.
    last: Instant,
    next_look: Instant,
    /// Whether that look comes at once, however many bytes follow.
    is_look_urgent: bool,
}

impl FarShell {
    /// Creates the signs of a far side that has just sent a header.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            text: Vec::new(),
            prompted: None,
            printed: 0,
            echoes: [0; ECHOES],
            behind_header: Vec::new(),
            digits: None,
            group: None,
            is_in_front: false,
            last: now,
            next_look: now,
            // Behind data that never rests a later look would find the shell that has come back.
            is_look_urgent: true,
        }
    }

    /// Takes bytes of the far side behind its last frame, if there are any. Returns whether they echo the near side's last
    /// header.
    pub(super) fn echoes_header(&mut self, now: Instant, bytes: &[u8]) -> bool {
        self.last = now;
        if !self.is_look_urgent {
            self.next_look = now + FIRST_LOOK;
        }
        let Some(digits) = &self.digits else { return false };
        self.behind_header.extend_from_slice(bytes);
        let echoes = memmem::find(&self.behind_header, digits).is_some();
        self.behind_header.drain(..self.behind_header.len().saturating_sub(TEXT_LEN));
        echoes
    }

    /// Records a header that the near side has sent, in these digits.
    pub(super) fn near_sent(&mut self, digits: Vec<u8>) {
        self.digits = Some(digits);
        self.behind_header.clear();
    }

    /// Records a frame of the far side, which is still there.
    pub(super) fn has_sent_frame(&mut self) {
        self.text.clear();
        self.prompted = None;
        self.echoes = [0; ECHOES];
        self.behind_header.clear();
        self.digits = None;
    }

    /// Takes bytes of the far side outside of frames. Returns whether they echo what was typed.
    pub(super) fn prints(&mut self, now: Instant, bytes: &[u8]) -> bool {
        let known = self.text.len();
        self.text.extend_from_slice(bytes);
        if self.prompted.is_none() && memmem::find(&self.text, PROMPTS).is_some() {
            self.prompted = Some(now);
            // The shell would go on reading data until the prompt has rested.
            (self.next_look, self.is_look_urgent) = (now, true);
        }
        let mut answers = false;
        for at in known..self.text.len() {
            self.printed += 1;
            if self.text[..=at].ends_with(ECHOED_CAN) {
                self.echoes.rotate_left(1);
                self.echoes[ECHOES - 1] = self.printed;
                answers |= self.echoes[0] > 0 && self.printed - self.echoes[0] <= MOST_APART;
            }
        }
        self.text.drain(..self.text.len().saturating_sub(TEXT_LEN));
        answers
    }

    /// Takes the foreground process group of the pty, 0 for none. Returns whether another one had it at the start.
    pub(super) fn has_other_group(&mut self, group: i32) -> bool {
        let is_other = group != 0 && group != *self.group.get_or_insert(group);
        self.is_in_front |= is_other;
        is_other
    }

    /// Returns whether the shell runs on the pty, and has come back to its foreground.
    pub(super) fn is_in_front(&self) -> bool {
        self.is_in_front
    }

    /// Returns when the foreground process group is to be looked up.
    pub(super) fn next_look(&self) -> Instant {
        self.next_look
    }

    /// Returns whether the foreground process group is to be looked up now.
    pub(super) fn is_look_due(&mut self, now: Instant) -> bool {
        let is_due = now >= self.next_look;
        if is_due {
            (self.next_look, self.is_look_urgent) = (now + NEXT_LOOK, false);
        }
        is_due
    }

    /// Returns when the text outside of frames is taken for a prompt, if it may be one. Before the near side has said anything
    /// (`has_begun`) the far program may have printed more than its header.
    pub(super) fn prompt_due(&self, has_begun: bool) -> Option<Instant> {
        if let Some(prompted) = self.prompted {
            return Some(prompted + QUIET);
        }
        if !has_begun {
            return None;
        }
        let line = &self.text[memchr::memrchr(b'\n', &self.text)? + 1..];
        let is_text = !line.is_empty() && line.iter().all(|byte| matches!(byte, b' '..=b'~' | 0x1b));
        let may_be = is_text && matches!(line.last(), Some(b' ' | b'$' | b'#' | b'>' | b'%'));
        may_be.then_some(self.last + PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The echo of data that the shell reads comes behind its prompt.
    #[test]
    fn group_is_looked_up_at_the_prompt_whatever_follows() {
        let now = Instant::now();
        let mut shell = FarShell::new(now);
        assert!(shell.is_look_due(now) && !shell.has_other_group(7));
        let prompt = now + NEXT_LOOK / 2;
        assert!(!shell.echoes_header(prompt, b"") && !shell.is_look_due(prompt));
        for text in [&b"\x1b[?20"[..], b"04h$ ", b"qwertz", b"uiop"] {
            assert!(!shell.prints(prompt, text) && !shell.echoes_header(prompt, text));
        }
        assert!(shell.is_look_due(prompt) && !shell.is_look_due(prompt));
        assert!(!shell.prints(prompt, b"asdf") && !shell.echoes_header(prompt, b"asdf"));
        assert!(!shell.is_look_due(prompt + FIRST_LOOK / 2) && shell.is_look_due(prompt + FIRST_LOOK));
    }
}
