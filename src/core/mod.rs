//! Decides everything and touches nothing. It takes `(now, Input)`, holds every byte in transit, and appends
//! `Effect`s to a list that the caller owns. It sees no file descriptor, no clock and no errno, so a session is
//! a list of inputs that a test can write down.
//!
//! The contract, for whoever drives it: after every call perform the effects in order, at once, and feed what
//! they answer (`Looked`, `Unread`, `Interrupted`, `EndOfFile`, `StartFailed`) before anything else; then write what is
//! `pending`; read a port only while `wants_read`; wake up at `deadline` at the latest.

pub mod action;
mod background;
mod columns;
pub mod command;
pub mod control;
pub mod coproc;
mod deeds;
mod ending;
pub mod history;
mod indicator;
mod keyboard;
mod keys;
mod lending;
mod menu;
mod notes;
mod notices;
pub mod order;
mod outbox;
mod output;
pub mod picture;
mod popup;
mod ports;
mod readers;
pub mod rule;
mod screen;
mod session;
mod surface;
mod tail;
pub mod text;
pub mod trigger;
mod typing;
mod watch;
mod zmodem;

#[cfg(test)]
mod split;

use std::collections::VecDeque;
use std::time::Instant;

use crate::words::{Child, Exit, Size};
use background::Background;
pub use background::SLOTS as RUN_SLOTS;
use control::{Control, Secret};
use coproc::{Coproc, Record, Why};
pub use indicator::Charset;
use keyboard::EndOfInput;
pub use keys::Chord;
use keys::Keys;
pub use lending::Guest;
use lending::Lending;
use notes::Notes;
use notices::{Elsewhere, Notices};
pub use popup::MOST_RECENT;
use popup::Popup;
use readers::Watching;
use rule::{Reaction, Rule};
use screen::Screen;
pub use screen::{Medium, Skill, Tone};
use session::Session;
pub use surface::{Effect, Input, Setup, SilentKeys, Voice};
use trigger::{Moment, Triggers};
use typing::Typing;
use watch::{Found, Raw, Rest};
use zmodem::{Aftermath, TrailerFilter, Transfer};

/// The session's mind.
#[derive(Debug)]
pub struct Core {
    setup: Setup,
    session: Session,
    screen: Screen,
    typing: Typing,
    notices: Notices,
    background: Background,
    coproc: Option<Coproc>,
    /// Assembles the lines that a silent coprocess reads and the screen does not show.
    muted: Option<Screen>,
    triggers: Triggers,
    /// By the numbers of the triggers; `None` where one was removed.
    reactions: Vec<Option<Reaction>>,
    control: Control,
    watching: Watching,
    /// Some trigger may start a coprocess, which then wants the line's raw bytes.
    starts: bool,
    raw: Raw,
    rest: Rest,
    /// When the session began.
    start: Instant,
    /// Lines since the session's start.
    number: u64,
    notes: Notes,
    /// What waits to be shown as if the shell had printed it.
    injected: Vec<u8>,
    /// Lines that wait until somebody has looked at the pty.
    looking: VecDeque<(Found, Moment)>,
    /// Output that waits behind them.
    stalled: Vec<u8>,
    lending: Lending,
    /// Output that waits until the screen is coshell's again.
    held: Vec<u8>,
    /// A byte that should have become a signal, and when it is overdue.
    overdue: Option<(u8, Instant)>,
    end_of_input: Option<EndOfInput>,
    /// The file transfer that the silent coprocess does, if it does one.
    transfer: Option<Transfer>,
    /// Removes what the far side still sends of a transfer that went well.
    trailer: Option<TrailerFilter>,
    /// What the far side of a broken transfer still sends.
    aftermath: Option<Aftermath>,
    /// Finds the hotkey.
    keys: Keys,
    /// The menu, while it is open.
    popup: Option<Popup>,
    /// The commands that were run from the menu, oldest first, once they are known.
    recent: Option<Vec<String>>,
    finished: bool,
}

impl Core {
    /// A session whose shell is about to run; starts the coprocess that was asked for.
    pub fn new(now: Instant, mut setup: Setup, out: &mut Vec<Effect>) -> Self {
        let mut reactions = Vec::with_capacity(setup.rules.len());
        let triggers = Triggers::new(std::mem::take(&mut setup.rules).into_iter().map(|Rule { spec, reaction }| {
            reactions.push(Some(reaction));
            spec
        }));
        let coproc = setup.coproc.take();
        let mut core = Self {
            session: Session::new(),
            screen: Screen::new(now, setup.screen, setup.size, setup.history),
            typing: Typing::new(),
            notices: Notices::default(),
            background: Background::default(),
            coproc: None,
            muted: None,
            triggers,
            reactions,
            control: Control::default(),
            watching: Watching::Nobody,
            starts: false,
            raw: Raw::default(),
            rest: Rest::default(),
            start: now,
            number: 0,
            notes: Notes::default(),
            injected: Vec::new(),
            looking: VecDeque::new(),
            lending: Lending::default(),
            held: Vec::new(),
            stalled: Vec::new(),
            overdue: None,
            end_of_input: None,
            transfer: None,
            trailer: None,
            aftermath: None,
            keys: Keys::new(setup.hotkey),
            popup: None,
            recent: None,
            finished: false,
            setup,
        };
        core.screen.set_tone(core.setup.tone);
        core.screen.set_skill(core.setup.skill);
        core.watch();
        for sentence in std::mem::take(&mut core.setup.troubles) {
            core.notice(&sentence, &[], out);
        }
        if let Some((order, loudness)) = coproc {
            core.start_coproc(now, order, loudness, core.setup.form, None, out);
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
            Input::Looked(looked) => self.looked(now, &looked, out),
            Input::Interrupted(byte, done) => self.interrupted(now, byte, done),
            Input::EndOfFile(byte) => self.typing.key(now, &[byte]),
            Input::Resized(size) => self.resized(now, size, out),
            Input::Terminate(signal) => self.leave(now, Exit::Signal(signal), out),
            // One that has no terminal of its own stops with whoever has it.
            Input::Suspend if self.is_lent() => {}
            Input::Suspend => out.push(Effect::Suspend),
            Input::Recent(recent) => self.recalled(recent, out),
            Input::Asked(ticket, command) => self.asked(now, ticket, command, out),
            Input::Withdrawn(ticket) => self.withdrawn(now, ticket, out),
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
            self.typing.deadline(),
            self.rest.deadline(),
            self.coproc.as_ref().and_then(Coproc::deadline),
            self.lending.deadline(),
            self.control.secret.as_ref().map(Secret::deadline),
            self.overdue.map(|(_, at)| at),
            self.end_of_input.map(|end| end.at),
            self.transfer.as_ref().and_then(Transfer::deadline),
            self.trailer.as_ref().and_then(TrailerFilter::deadline),
            self.aftermath.as_ref().map(Aftermath::deadline),
            self.keys.deadline(),
            self.popup.as_ref().and_then(Popup::deadline),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// What turns off the modes that are on now: for the case that coshell itself is shot down.
    pub fn restoring(&self) -> Vec<u8> {
        self.screen.restoring()
    }

    fn exited(&mut self, now: Instant, child: Child, exit: Exit, out: &mut Vec<Effect>) {
        match child {
            Child::Shell => {
                self.session.exited(now, exit);
                self.tell(now, &Record::Exit(exit), out);
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
    fn tell(&mut self, now: Instant, record: &Record<'_>, out: &mut Vec<Effect>) {
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
        self.setup.size = size;
        self.screen.resize(size);
        if let Some(popup) = &mut self.popup {
            popup.resized();
        }
        if let Some(muted) = &mut self.muted {
            muted.resize(size);
        }
        self.tell(now, &Record::Resize(size), out);
        out.push(Effect::Resize(size));
    }

    /// The session is hung up, and coshell leaves with this status.
    fn leave(&mut self, now: Instant, exit: Exit, out: &mut Vec<Effect>) {
        if !self.session.is_leaving() {
            self.session.leave(now, exit);
            if let Some(coproc) = &mut self.coproc {
                coproc.process.stop(now, Why::HangUp, out);
            }
            out.push(Effect::HangUp);
        }
    }

    fn notice(&mut self, sentence: &str, details: &[String], out: &mut Vec<Effect>) {
        self.notice_of(sentence, details, Elsewhere::Nowhere, out);
    }

    /// A notice of what can be read elsewhere too.
    fn notice_of(&mut self, sentence: &str, details: &[String], elsewhere: Elsewhere, out: &mut Vec<Effect>) {
        self.control.subscribers.tell(&Record::Notice { text: sentence }, out);
        if self.setup.notices == Voice::Notices {
            self.notices.push(sentence, details, elsewhere);
        }
    }
}

#[cfg(test)]
mod tests;
