//! Recovery from a broken transfer: hides the protocol bytes that the far side still sends, and brings its shell back to a
//! prompt.

use std::time::{Duration, Instant};

use memchr::memmem;

use super::interrupts::Interrupts;
use super::messages::Messages;
use super::peer_stream::{PeerStream, StreamPart};
use super::{push_bounded, text};
use crate::display::Bytes;
use crate::wire::zmodem::CANCEL_SEQUENCE;

/// Time without bytes after which the far side's last bytes are examined.
const SETTLED: Duration = Duration::from_millis(150);
/// The same time behind data of a far sender.
const SENDER_SETTLED: Duration = Duration::from_millis(500);
/// Maximum time to wait for text.
const PATIENCE: Duration = Duration::from_secs(2);
/// Maximum delay of the text of a shell to which no data was typed.
const TEXT_TIMEOUT: Duration = Duration::from_millis(600);
/// Maximum number of bytes kept.
const KEPT: usize = 64 * 1024;
/// Number of bytes of such text from which it is shown at once, before any is lost.
const FLUSH_AT: usize = KEPT / 2;
const CANCELS: u8 = 2;
/// Time to the first drawing of the progress, and from one to the next.
const FIRST_DRAWING: Duration = Duration::from_secs(1);
const NEXT_DRAWING: Duration = Duration::from_millis(500);

/// Recovery of the far side of a broken transfer. The far side still sends data, its own cancel, messages, and its shell's
/// prompt; only text is shown.
#[derive(Debug)]
pub(in crate::core) struct Recovery {
    /// Time of the last keys typed, or of the last frame: a slow link delivers for minutes what was sent ahead.
    since: Instant,
    last_input: Instant,
    bytes: Vec<u8>,
    stream: PeerStream,
    far: FarState,
    /// Whether the far shell runs on the pty, so that the modes of the pty are those that it sees.
    is_local: bool,
    /// The Ctrl-C typed to a shell that got data.
    interrupts: Interrupts,
    /// Number of cancels to type while no prompt comes. One that meets a starting sender is lost, since lrzsz flushes its
    /// input there.
    cancels: u8,
    /// What the far side printed between its frames.
    messages: Messages,
    /// Number of bytes that were hidden.
    hidden: u64,
    /// Time of the next drawing of the progress, and whether it stands on the screen.
    next_drawing: Instant,
    is_drawn: bool,
}

/// Assumed state of the far side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FarState {
    /// A sender, to which only headers were typed.
    Sender,
    /// A receiver to which only headers were typed. lrzsz's may leave without a message then.
    ReceiverNoData,
    /// A receiver to which data was typed. It answers a cancel with its own.
    Receiver,
    /// A shell to which no data was typed. Nothing is typed to it.
    ShellNoData,
    /// A shell to which data was typed.
    Shell,
}

/// Next step of the recovery.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::core) enum RecoveryStep {
    /// Type these bytes and wait for the result.
    Type(&'static [u8]),
    /// End: show the first bytes and type the second.
    End(Vec<u8>, &'static [u8]),
}

impl Recovery {
    /// Creates a recovery that begins now, with the far side's stream so far and its last bytes. `is_local` is whether the far shell
    /// runs on the pty.
    pub(super) fn new(
        now: Instant,
        far: FarState,
        stream: PeerStream,
        tail: &[u8],
        messages: Messages,
        is_local: bool,
    ) -> Self {
        let bytes = tail.to_vec();
        let next_drawing = now + FIRST_DRAWING;
        let (hidden, is_drawn) = (0, false);
        Self {
            since: now,
            last_input: now,
            bytes,
            stream,
            far,
            is_local,
            interrupts: Interrupts::default(),
            cancels: CANCELS,
            messages,
            hidden,
            next_drawing,
            is_drawn,
        }
    }

    /// Takes bytes of the far side.
    pub(in crate::core) fn push(&mut self, now: Instant, bytes: &[u8]) {
        self.last_input = now;
        self.hidden += bytes.len() as u64;
        push_bounded(&mut self.bytes, bytes, KEPT);
        let mut rest = bytes;
        // Behind an answer are more of them.
        let may_tell = matches!(self.far, FarState::Receiver | FarState::Shell) && !self.interrupts.are_answered();
        while let Some(part) = self.stream.next(&mut rest) {
            match part {
                // A program tells its reason behind its cancel.
                StreamPart::Outside(text) if may_tell => self.messages.push(text),
                StreamPart::Outside(_) | StreamPart::Broken => {}
                _ => self.since = now,
            }
        }
    }

    fn type_and_wait(&mut self, now: Instant, keys: &'static [u8]) -> RecoveryStep {
        (self.since, self.last_input) = (now, now);
        self.bytes.clear();
        RecoveryStep::Type(keys)
    }

    /// Whether no data was typed, so that everything but protocol is the shell's output.
    fn no_data_typed(&self) -> bool {
        matches!(self.far, FarState::ReceiverNoData | FarState::ShellNoData)
    }

    /// Returns the text to show.
    fn text(&self) -> Vec<u8> {
        match self.far {
            _ if self.no_data_typed() => text::between(&self.bytes),
            FarState::Shell => text::behind(self.interrupts.last_printed(&self.bytes), false).to_vec(),
            _ => text::behind(&self.bytes, self.stream.may_be_in_data()).to_vec(),
        }
    }

    /// Returns when `step` is due.
    pub(in crate::core) fn deadline(&self) -> Instant {
        let (patience, most) = match self.far {
            FarState::Shell => self.interrupts.patience(&self.bytes),
            _ if self.text().is_empty() => (PATIENCE, 2 * PATIENCE),
            FarState::Sender => (SENDER_SETTLED, 2 * PATIENCE),
            FarState::Receiver => (SETTLED, 2 * PATIENCE),
            _ if self.bytes.len() < FLUSH_AT => (SETTLED, TEXT_TIMEOUT),
            _ => (Duration::ZERO, Duration::ZERO),
        };
        (self.last_input + patience).min(self.since + most)
    }

    /// Returns the time of the next drawing of the progress.
    pub(in crate::core) fn next_drawing(&self) -> Instant {
        self.next_drawing
    }

    /// Returns the progress, if it is due: a slow link delivers for minutes what was sent ahead.
    pub(in crate::core) fn draw(&mut self, now: Instant) -> Option<String> {
        if now < self.next_drawing {
            return None;
        }
        (self.next_drawing, self.is_drawn) = (now + NEXT_DRAWING, true);
        Some(format!("waiting for the other side to stop: {} not shown", Bytes(self.hidden)))
    }

    /// Whether the progress stands on the screen and must be cleared.
    pub(in crate::core) fn is_drawn(&self) -> bool {
        self.is_drawn
    }

    /// Returns whether the pty may be in the raw mode of a program that SIGKILL ended: the shell that runs on it is silent.
    pub(in crate::core) fn suspects_raw_mode(&self) -> bool {
        self.is_local && self.interrupts.are_silent()
    }

    /// Whether Ctrl-C is typed to a shell that got data, and what comes behind each is taken for its answer.
    pub(in crate::core) fn types_interrupts(&self) -> bool {
        self.far == FarState::Shell
    }

    /// Returns whether the shell has not answered Ctrl-C as one at an empty prompt does.
    pub(in crate::core) fn has_failed(&self) -> bool {
        self.interrupts.have_failed()
    }

    /// Returns the next step; with `last`, the end.
    pub(in crate::core) fn step(&mut self, now: Instant, last: bool) -> RecoveryStep {
        // A receiver answers a cancel with its own. Behind that its shell prints, unless it is busy with data.
        if self.far == FarState::Receiver && (!self.stream.cancelled || self.text().is_empty()) {
            self.far = FarState::Shell;
        }
        if self.far == FarState::Shell
            && !last
            && let Some(keys) = self.interrupts.next(&self.bytes)
        {
            return self.type_and_wait(now, keys);
        }
        let text = self.text();
        let may_be_there = matches!(self.far, FarState::Sender | FarState::ReceiverNoData);
        if text.is_empty() && self.cancels > 0 && may_be_there && !last {
            self.cancels -= 1;
            return self.type_and_wait(now, CANCEL_SEQUENCE);
        }
        // Data that stands on the line of a shell would be a command.
        let keys: &[u8] = if text.is_empty() && self.far != FarState::Shell { b"\r" } else { b"" };
        // The last messages may be in the text.
        let messages = self.messages.shown();
        let lines = messages.split_inclusive(|byte| *byte == b'\n');
        let earlier = lines.filter(|line| memmem::find(&text, line.trim_ascii_end()).is_none());
        RecoveryStep::End([earlier.collect::<Vec<_>>().concat(), text].concat(), keys)
    }
}

#[cfg(test)]
mod tests {
    use super::super::interrupts::INTERRUPT;
    use super::*;
    use crate::wire::zmodem::escape::Escaping;
    use crate::wire::zmodem::header::{FrameHeader, FrameType, HeaderForm};
    use crate::wire::zmodem::subpacket::{self, SubpacketEnd};

    #[test]
    fn recovery_waits_for_prompt_then_types_enter() {
        let now = Instant::now();
        let mut recovery = Recovery::new(now, FarState::Sender, PeerStream::new(true), b"", Messages::default(), false);
        assert_eq!(recovery.deadline(), now + PATIENCE);
        recovery.push(now, b"\x18Kdata");
        assert_eq!(recovery.deadline(), now + PATIENCE);
        for _ in 0..CANCELS {
            assert_eq!(recovery.step(now, false), RecoveryStep::Type(CANCEL_SEQUENCE));
        }
        assert_eq!(recovery.step(now, false), RecoveryStep::End(Vec::new(), b"\r"));
        recovery.push(now, b"\x18\x18\x08\x08$ ");
        assert_eq!(recovery.deadline(), now + SENDER_SETTLED);
        assert_eq!(recovery.step(now, false), RecoveryStep::End(b"$ ".to_vec(), b""));
    }

    /// The rest of a subpacket, which a sender may still print before it leaves without a cancel of its own, can be letters only.
    #[test]
    fn rest_of_data_behind_typed_cancel_is_hidden() {
        let now = Instant::now();
        let mut begun = Vec::new();
        FrameHeader::at(FrameType::ZData, 0).append(HeaderForm::Binary32, Escaping::Needed, &mut begun);
        subpacket::append(b"letters", SubpacketEnd::GoesOn, HeaderForm::Binary32, Escaping::Needed, &mut begun);
        for (behind, shown, keys) in [
            (&b"more letters\x1b[?2004h$ "[..], &b"\x1b[?2004h$ "[..], &b""[..]),
            (b"more letters\r\n$ ", b"$ ", b""),
            // Where nothing tells the prompt from data, Enter brings another one.
            (b"more letters$ ", b"", b"\r"),
        ] {
            let (stream, messages) = (PeerStream::new(true), Messages::default());
            let mut recovery = Recovery::new(now, FarState::Sender, stream, b"", messages, false);
            recovery.push(now, &[&begun[..], b"more"].concat());
            assert_eq!(recovery.step(now, false), RecoveryStep::Type(CANCEL_SEQUENCE));
            recovery.push(now, behind);
            let end = recovery.step(now, true);
            assert_eq!(end, RecoveryStep::End(shown.to_vec(), keys), "{}", behind.escape_ascii());
        }
    }

    /// As a slow link delivers what was sent ahead of the cancel.
    #[test]
    fn frames_are_hidden_however_long_they_come() {
        let start = Instant::now();
        let mut recovery =
            Recovery::new(start, FarState::Sender, PeerStream::new(true), b"", Messages::default(), false);
        let mut frame = Vec::new();
        FrameHeader::at(FrameType::ZData, 0).append(HeaderForm::Binary32, Escaping::Needed, &mut frame);
        subpacket::append(b"$ ls\r\n$ ", SubpacketEnd::FrameEnd, HeaderForm::Binary32, Escaping::Needed, &mut frame);
        let mut now = start;
        for _ in 0..100 {
            now += SENDER_SETTLED - Duration::from_millis(1);
            assert!(recovery.deadline() > now);
            recovery.push(now, &frame);
        }
        // Text without frames is the shell's.
        let last = now;
        while recovery.deadline() > now {
            now += SETTLED;
            recovery.push(now, b"line\r\n");
        }
        assert!(now - last <= 2 * PATIENCE + SETTLED);
    }

    /// The prompt that the Ctrl-C bring follows; the echo of data between does not.
    #[test]
    fn reason_of_receiver_that_cancels_is_shown() {
        let now = Instant::now();
        let mut recovery = Recovery::new(now, FarState::Shell, PeerStream::new(false), b"", Messages::default(), false);
        assert_eq!(recovery.step(now, false), RecoveryStep::Type(INTERRUPT));
        // rz takes a second to leave.
        recovery.push(now, b"rz: no space\r\n\x1b[?2004hready> da");
        recovery.push(now, b"ta\r\nmore data\r\n");
        for _ in 0..2 {
            assert_eq!(recovery.step(now, false), RecoveryStep::Type(INTERRUPT));
            recovery.push(now, b"^C\r\nready> ");
        }
        assert_eq!(recovery.step(now, false), RecoveryStep::End(b"rz: no space\r\nready> ".to_vec(), b""));
    }

    #[test]
    fn raw_mode_is_suspected_where_shell_on_the_pty_is_silent() {
        for is_local in [false, true] {
            let (now, stream) = (Instant::now(), PeerStream::new(false));
            let mut recovery = Recovery::new(now, FarState::Shell, stream, b"data", Messages::default(), is_local);
            let suspected = [(); 3].map(|()| {
                recovery.step(now, false);
                recovery.suspects_raw_mode()
            });
            assert_eq!(suspected, [false, false, is_local]);
        }
    }

    #[test]
    fn text_of_shell_without_typed_data_is_shown_before_loss() {
        let (now, later) = (Instant::now(), Instant::now() + TEXT_TIMEOUT - SETTLED / 2);
        let mut recovery =
            Recovery::new(now, FarState::ReceiverNoData, PeerStream::new(false), b"", Messages::default(), false);
        recovery.push(now, b"rc=128\r\n");
        assert_eq!(recovery.deadline(), now + SETTLED);
        recovery.push(later, b"line\r\n");
        assert_eq!(recovery.deadline(), now + TEXT_TIMEOUT, "it does not wait for a moment without text");
        recovery.push(later, &[b'x'; FLUSH_AT]);
        assert!(recovery.deadline() <= later);
    }
}
