//! Decides everything and touches nothing. It takes `(now, Input)`, holds every byte in transit, and appends
//! `Effect`s to a list that the caller owns. It sees no file descriptor, no clock and no errno, so a session is
//! a list of inputs that a test can write down.
//!
//! The contract, for whoever drives it: after every call perform the effects in order, at once, and feed what
//! they answer (`PtyState`, `Unread`, `Interrupted`, `EndOfFile`, `StartFailed`) before anything else; then write what is
//! `pending`; read a port only while `wants_read`; wake up at `deadline` at the latest.

mod actions;
mod annotations;
mod background;
pub mod command_line;
pub mod control;
pub mod coproc;
mod event;
pub mod history;
mod input;
mod lend;
mod menu;
mod output;
mod popup;
mod ports;
pub mod request;
mod session;
mod shutdown;
mod stderr_tail;
mod transfer;
pub mod trigger;
pub mod vt;
mod width;
mod write_buffer;

#[cfg(test)]
mod split;

use std::collections::VecDeque;
use std::time::Instant;

use crate::types::{Child, ExitStatus, Size};
use annotations::Annotations;
use background::Background;
pub use background::SLOTS as RUN_SLOTS;
use control::{Control, Secret};
use coproc::{Coproc, Event, StopReason};
pub use event::{Effect, Input, NoticeOutput, Settings, SilentKeys};
use input::keyboard::EndOfInput;
pub use input::keys::Chord;
use input::keys::Keys;
use input::pty_input::PtyInput;
use lend::LendState;
pub use lend::LentProgram;
pub use output::indicator::Charset;
use output::line_demand::LineDemand;
use output::line_sinks::{CandidateLine, IdleTimer, LineBuffer};
use output::notices::{Notices, SeeAlso};
use output::terminal::TerminalOutput;
pub use output::terminal::{NoticeStyle, OutputKind, TermCaps};
pub use popup::MOST_RECENT;
use popup::OpenMenu;
use session::Session;
use transfer::{Recovery, TrailerFilter, Transfer};
use trigger::definition::{TriggerActions, TriggerDef};
use trigger::{LineStage, Triggers};

/// The session's mind.
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    session: Session,
    screen: TerminalOutput,
    pty_input: PtyInput,
    notices: Notices,
    background: Background,
    coproc: Option<Coproc>,
    /// Assembles the lines that a silent coprocess reads and the screen does not show.
    muted: Option<TerminalOutput>,
    triggers: Triggers,
    /// By the numbers of the triggers; `None` where one was removed.
    reactions: Vec<Option<TriggerActions>>,
    control: Control,
    watching: LineDemand,
    /// Some trigger may start a coprocess, which then wants the line's raw bytes.
    starts: bool,
    raw: LineBuffer,
    rest: IdleTimer,
    /// When the session began.
    start: Instant,
    /// Lines since the session's start.
    number: u64,
    notes: Annotations,
    /// What waits to be shown as if the shell had printed it.
    injected: Vec<u8>,
    /// Lines that wait until somebody has looked at the pty.
    looking: VecDeque<(CandidateLine, LineStage)>,
    /// Output that waits behind them.
    stalled: Vec<u8>,
    lending: LendState,
    /// Output that waits until the screen is coshell's again.
    held: Vec<u8>,
    /// A byte that should have become a signal, and when it is overdue.
    pending_signal: Option<(u8, Instant)>,
    end_of_input: Option<EndOfInput>,
    /// The file transfer that the silent coprocess does, if it does one.
    transfer: Option<Transfer>,
    /// Removes what the far side still sends of a transfer that went well.
    trailer: Option<TrailerFilter>,
    /// What the far side of a broken transfer still sends.
    recovery: Option<Recovery>,
    /// Finds the hotkey.
    keys: Keys,
    /// The menu, while it is open.
    popup: Option<OpenMenu>,
    /// The commands that were run from the menu, oldest first, once they are known.
    recent: Option<Vec<String>>,
    finished: bool,
}

impl Core {
    /// A session whose shell is about to run; starts the coprocess that was asked for.
    pub fn new(now: Instant, mut settings: Settings, out: &mut Vec<Effect>) -> Self {
        let mut reactions = Vec::with_capacity(settings.rules.len());
        let triggers =
            Triggers::new(std::mem::take(&mut settings.rules).into_iter().map(|TriggerDef { spec, reaction }| {
                reactions.push(Some(reaction));
                spec
            }));
        let coproc = settings.coproc.take();
        let mut core = Self {
            session: Session::new(),
            screen: TerminalOutput::new(now, settings.screen, settings.size, settings.history),
            pty_input: PtyInput::new(),
            notices: Notices::default(),
            background: Background::default(),
            coproc: None,
            muted: None,
            triggers,
            reactions,
            control: Control::default(),
            watching: LineDemand::None,
            starts: false,
            raw: LineBuffer::default(),
            rest: IdleTimer::default(),
            start: now,
            number: 0,
            notes: Annotations::default(),
            injected: Vec::new(),
            looking: VecDeque::new(),
            lending: LendState::default(),
            held: Vec::new(),
            stalled: Vec::new(),
            pending_signal: None,
            end_of_input: None,
            transfer: None,
            trailer: None,
            recovery: None,
            keys: Keys::new(settings.hotkey),
            popup: None,
            recent: None,
            finished: false,
            settings,
        };
        core.screen.set_tone(core.settings.tone);
        core.screen.set_skill(core.settings.skill);
        core.watch();
        for sentence in std::mem::take(&mut core.settings.troubles) {
            core.notice(&sentence, &[], out);
        }
        if let Some((order, visibility)) = coproc {
            core.start_coproc(now, order, visibility, core.settings.form, None, out);
            core.settle(now, out);
        }
        core
    }

    /// Takes in what happened and decides what follows.
    pub fn handle(&mut self, now: Instant, input: Input<'_>, out: &mut Vec<Effect>) {
        self.screen.clock(now);
        match input {
            Input::Bytes(port, bytes) => self.bytes(now, port, bytes, out),
            Input::Empty(port) => self.empty(port),
            Input::Closed(port) => self.closed(now, port, out),
            Input::WriteClosed(port, loss) => self.write_closed(now, port, loss, out),
            Input::Exited(child, exit) => self.exited(now, child, exit, out),
            Input::Started(child, pid) => {
                if child == Child::Coproc {
                    self.coproc_started(pid, out);
                }
            }
            Input::StartFailed(child, reason) => self.start_failed(now, child, &reason, out),
            Input::Unread(bytes) => self.unread(now, bytes, out),
            Input::PtyState(looked) => self.looked(now, &looked, out),
            Input::Interrupted(byte, done) => self.interrupted(now, byte, done),
            Input::EndOfFile(byte) => self.pty_input.key(now, &[byte]),
            Input::Resized(size) => self.resized(now, size, out),
            Input::Terminate(signal) => self.leave(now, ExitStatus::Signal(signal), out),
            // One that has no terminal of its own stops with whoever has it.
            Input::Suspend if self.is_lent() => {}
            Input::Suspend => out.push(Effect::Suspend),
            Input::Recent(recent) => self.recalled(recent, out),
            Input::Request(request_id, command) => self.asked(now, request_id, command, out),
            Input::Cancel(request_id) => self.withdrawn(now, request_id, out),
            Input::Deadline => {}
        }
        self.tick(now, out);
        self.settle(now, out);
    }

    /// When `Input::Deadline` is due, if ever.
    pub fn deadline(&self) -> Option<Instant> {
        [
            self.session.deadline(),
            self.last_call(),
            self.pty_input.deadline(),
            self.rest.deadline(),
            self.coproc.as_ref().and_then(Coproc::deadline),
            self.lending.deadline(),
            self.control.secret.as_ref().map(Secret::deadline),
            self.pending_signal.map(|(_, at)| at),
            self.end_of_input.map(|end| end.at),
            self.transfer.as_ref().and_then(Transfer::deadline),
            self.trailer.as_ref().and_then(TrailerFilter::deadline),
            self.recovery.as_ref().map(Recovery::deadline),
            self.keys.deadline(),
            self.popup.as_ref().and_then(OpenMenu::deadline),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// What turns off the modes that are on now: for the case that coshell itself is shot down.
    pub fn restoring(&self) -> Vec<u8> {
        self.screen.restoring()
    }

    fn exited(&mut self, now: Instant, child: Child, exit: ExitStatus, out: &mut Vec<Effect>) {
        match child {
            Child::Shell => {
                self.session.exited(now, exit);
                self.tell(now, &Event::Exit(exit), out);
            }
            Child::Coproc => {
                if let Some(coproc) = &mut self.coproc {
                    coproc.exited(exit, out);
                }
            }
            Child::Guest => self.take_back(now, Ok(exit), out),
            Child::Run(slot) => {
                if let Some((sentence, details)) = self.background.exited(slot, exit, out) {
                    self.notice(&sentence, &details, out);
                }
            }
        }
    }

    /// Tells the coprocess, if it reads such, and whoever has subscribed.
    fn tell(&mut self, now: Instant, record: &Event<'_>, out: &mut Vec<Effect>) {
        if let Some(coproc) = &mut self.coproc {
            coproc.tell(now, record);
        }
        self.control.subscribers.tell(record, out);
    }

    fn start_failed(&mut self, now: Instant, child: Child, reason: &str, out: &mut Vec<Effect>) {
        match child {
            Child::Shell => {}
            Child::Guest => self.take_back(now, Err(reason), out),
            Child::Coproc => {
                if let Some(coproc) = self.coproc.take() {
                    self.muted = None;
                    self.watch();
                    // Whoever asked for it is told, and else the user.
                    if !self.coproc_not_started(reason, out) {
                        self.notice(&format!("coprocess {} could not be started: {reason}", coproc.name()), &[], out);
                    }
                }
            }
            Child::Run(slot) => {
                if let Some(sentence) = self.background.failed(slot, reason) {
                    self.notice(&sentence, &[], out);
                }
            }
        }
    }

    fn resized(&mut self, now: Instant, size: Size, out: &mut Vec<Effect>) {
        self.settings.size = size;
        self.screen.resize(size);
        if let Some(popup) = &mut self.popup {
            popup.resized();
        }
        if let Some(muted) = &mut self.muted {
            muted.resize(size);
        }
        self.tell(now, &Event::Resize(size), out);
        out.push(Effect::Resize(size));
    }

    /// The session is hung up, and coshell leaves with this status.
    fn leave(&mut self, now: Instant, exit: ExitStatus, out: &mut Vec<Effect>) {
        if !self.session.is_leaving() {
            self.session.leave(now, exit);
            if let Some(coproc) = &mut self.coproc {
                coproc.process.stop(now, StopReason::HangUp, out);
            }
            out.push(Effect::HangUp);
        }
    }

    fn notice(&mut self, sentence: &str, details: &[String], out: &mut Vec<Effect>) {
        self.notice_of(sentence, details, SeeAlso::Nowhere, out);
    }

    /// A notice of what can be read elsewhere too.
    fn notice_of(&mut self, sentence: &str, details: &[String], elsewhere: SeeAlso, out: &mut Vec<Effect>) {
        self.control.subscribers.tell(&Event::Notice { text: sentence }, out);
        if self.settings.notices == NoticeOutput::Notices {
            self.notices.push(sentence, details, elsewhere);
        }
    }
}

#[cfg(test)]
mod tests;
