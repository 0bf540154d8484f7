//! Questions before something is done: the actions of a trigger with `--confirm`, and requests of a client that has said that the
//! user is to be asked. The user is asked on a row above the prompt, and one key answers. `text` and `client` show what would
//! be done. `output::terminal` draws the row.
//!
//! The answer belongs to what was shown: the effects of the actions are computed before the question and kept with it, and so is
//! the request. One question is asked at a time. A key counts only once the terminal has been given the question: `y` allows it,
//! `A` also all further requests of the client, and any other key refuses it. Other keys than `n`, Enter, Escape and Ctrl-C then
//! go to the shell as well, since the user types to a program there.
//!
//! The question of a client is drawn only while the user types neither a line nor a password, whose next key would answer it.

mod client;
mod refusal;
mod text;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub(super) use client::ClientQuestion;
use refusal::ConfirmRefusal;

use super::access::{AccessLevel, Requester};
use super::event::{Cx, Effect};
use super::input::keys::{Chord, Decoder, Key, TakenKeys};
use super::notices::Notice;
use super::output::CandidateLine;
use super::output::terminal::TerminalOutput;
use super::password::{Reading, STEADY};
use super::request::Request;
use super::trigger::action::ActionEffect;
use super::trigger::{Hit, LineStage};
use crate::types::RequestId;

/// Maximum number of questions, the one that is asked included.
const MOST: usize = 16;
/// Time without output after which the question is drawn. Output removes it from the screen.
const REST: Duration = Duration::from_millis(50);
/// Time for which a question waits for an answer, from when it was drawn first, and that of a client before it is drawn.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Maximum number of rows of a question. What does not fit cannot be confirmed.
const ROWS: usize = 8;

/// A question: what a trigger would do.
#[derive(Debug)]
pub(super) struct ConfirmQuestion {
    /// Name of the trigger.
    pub(super) name: String,
    pub(super) hit: Hit,
    pub(super) line: CandidateLine,
    pub(super) stage: LineStage,
    pub(super) effects: Vec<ActionEffect>,
}

/// A question of a trigger or of a client.
#[derive(Debug)]
enum WaitingQuestion {
    Trigger(Box<ConfirmQuestion>),
    Client(ClientQuestion),
}

impl WaitingQuestion {
    /// Returns the question as a notice.
    fn notice(&self) -> Notice {
        match self {
            Self::Trigger(question) => text::notice(question),
            Self::Client(question) => client::notice(question),
        }
    }

    /// Tells a client that the request is refused; returns the notice about a trigger.
    fn refuse(self, cx: &mut Cx<'_>, refusal: ConfirmRefusal) -> Option<Notice> {
        match self {
            Self::Trigger(question) => {
                Some(Notice::new(format!("trigger \"{}\" did nothing: {refusal}", question.name)))
            }
            Self::Client(question) => {
                cx.refuse(question.request_id, refusal.error());
                None
            }
        }
    }
}

/// What a key, or the time, has done to the question.
#[derive(Debug)]
pub(super) enum ConfirmAnswer {
    /// The user allows the actions of a trigger.
    Yes(Box<ConfirmQuestion>),
    /// The user allows the request of a client, and whether also all that it makes from now on.
    Allowed(ClientQuestion, bool),
    /// The user does not.
    No,
    /// It is refused, for the reason in the notice where a trigger has asked. These keys are for the shell.
    Refused(Option<Notice>, Vec<u8>),
    /// These bytes of the terminal answer no question.
    Pass(Vec<u8>),
    /// The hotkey was pressed.
    Hotkey,
}

/// The questions.
#[derive(Debug)]
pub(super) struct Confirm {
    hotkey: Option<Chord>,
    /// The first one is asked.
    questions: VecDeque<WaitingQuestion>,
    /// Whether a look at the pty since the question came and since the last output has found no program that hides what is
    /// typed.
    echoes: bool,
    /// When the pty is looked at again, since it was not so.
    look_at: Option<Instant>,
    /// When the first question is refused, once it has been drawn.
    end: Option<Instant>,
    /// Whether the terminal has been given the question, so that keys answer it.
    is_shown: bool,
    decoder: Decoder,
    /// Bytes of the key that is being read.
    open: Vec<u8>,
    /// Time of the last output, or of the last key while a client's question waits.
    printed: Instant,
    /// When `settle` is to draw the question, unless it has tried. It tries again whenever something happens.
    draw_at: Option<Instant>,
}

impl Confirm {
    /// Creates the questions of a session that starts; `hotkey` answers none.
    pub(super) fn new(now: Instant, hotkey: Option<Chord>) -> Self {
        let decoder = Decoder::new(hotkey);
        let (questions, open) = (VecDeque::new(), Vec::new());
        Self {
            hotkey,
            questions,
            echoes: false,
            look_at: None,
            end: None,
            is_shown: false,
            decoder,
            open,
            printed: now,
            draw_at: None,
        }
    }

    /// Asks a question, after those before it; `has_terminal` is whether the session can ask. Returns the notice where it is
    /// refused at once.
    pub(super) fn ask(&mut self, cx: &mut Cx<'_>, question: ConfirmQuestion, has_terminal: bool) -> Option<Notice> {
        self.push(cx, WaitingQuestion::Trigger(Box::new(question)), has_terminal)
    }

    fn push(&mut self, cx: &mut Cx<'_>, question: WaitingQuestion, has_terminal: bool) -> Option<Notice> {
        if !has_terminal {
            return question.refuse(cx, ConfirmRefusal::NoTerminal);
        }
        if self.questions.len() >= MOST {
            return question.refuse(cx, ConfirmRefusal::TooMany);
        }
        self.questions.push_back(question);
        self.draw_at = Some(self.printed + REST);
        None
    }

    /// Decides on a request of a client, which is part of a command of the trigger `for_trigger`, if any. `most` is the level
    /// that the session allows, and `has_terminal` whether it can ask. Returns the request if it may be served at once; else it
    /// is refused, or the user is asked.
    pub(super) fn permit(
        &mut self,
        cx: &mut Cx<'_>,
        (request_id, request): (RequestId, Request),
        Requester { access, .. }: Requester,
        for_trigger: Option<usize>,
        (most, has_terminal): (AccessLevel, bool),
    ) -> Option<Request> {
        let (needed, level) = (request.level(), access.level.min(most));
        if needed > level {
            cx.refuse(request_id, refusal::denied(needed, level, access.level > most));
            return None;
        }
        if needed < AccessLevel::Type || !access.asks {
            return Some(request);
        }
        let until = cx.now + ANSWER_WITHIN;
        let question = ClientQuestion { request_id, request, for_trigger, name: access.name, until };
        // A client has no notice.
        let _ = self.push(cx, WaitingQuestion::Client(question), has_terminal);
        self.echoes &= self.questions.len() > 1;
        None
    }

    /// Drops the question of a client that has disconnected. Returns whether it may be on the screen.
    pub(super) fn cancel(&mut self, request_id: RequestId) -> bool {
        let is_of =
            |question: &WaitingQuestion| matches!(question, WaitingQuestion::Client(of) if of.request_id == request_id);
        let is_asked = self.questions.front().is_some_and(is_of);
        if is_asked {
            self.next();
        }
        self.questions.retain(|question| !is_of(question));
        is_asked
    }

    /// Whether a client's question waits until it can be drawn.
    pub(super) fn waits_to_ask(&self) -> bool {
        !self.is_shown && matches!(self.questions.front(), Some(WaitingQuestion::Client(_)))
    }

    /// Takes note of a look at the pty.
    pub(super) fn looked(&mut self, reading: Reading) {
        self.echoes = reading == Reading::No;
    }

    /// Takes note of output, before which the question is removed from the screen.
    pub(super) fn printed(&mut self, now: Instant) {
        self.printed = now;
        self.echoes = false;
        self.draw_at = self.questions.front().map(|_| now + REST);
    }

    /// Takes note of keys that the user types into the shell, which is about to answer them.
    pub(super) fn typed(&mut self, now: Instant, keys: &[u8]) {
        if !keys.is_empty() && self.waits_to_ask() {
            self.printed = now;
            self.draw_at = Some(now + REST);
        }
    }

    /// Whether keys answer the question.
    pub(super) fn takes_keys(&self) -> bool {
        self.is_shown
    }

    /// Draws the question once the output rests. `may_draw` is whether coshell draws nothing else, `user_types` whether the
    /// user is typing a line.
    pub(super) fn settle(
        &mut self,
        cx: &mut Cx<'_>,
        terminal: &mut TerminalOutput,
        may_draw: bool,
        user_types: bool,
    ) -> Option<Notice> {
        let now = cx.now;
        if self.questions.is_empty() {
            return None;
        }
        if terminal.has_question() {
            self.draw_at = None;
            self.is_shown |= terminal.is_empty();
            return None;
        }
        self.hide();
        if now < self.printed + REST {
            return None;
        }
        self.draw_at = None;
        self.look_at = self.look_at.filter(|&at| now < at);
        let is_of_client = self.waits_to_ask();
        if !may_draw || !terminal.can_place() || is_of_client && user_types {
            return None;
        }
        if is_of_client && !self.echoes {
            if self.look_at.is_none() {
                self.look_at = Some(now + STEADY);
                cx.push(Effect::QueryPty);
            }
            return None;
        }
        let cols = usize::from(terminal.cols()).saturating_sub(1);
        let rows = self.questions.front().map(|question| question.notice().rows(cols, ROWS + 1))?;
        if rows.len() > ROWS {
            return self.next()?.refuse(cx, ConfirmRefusal::TooLong);
        }
        if terminal.draw_question(&rows) {
            self.end.get_or_insert(now + ANSWER_WITHIN);
        }
        None
    }

    /// Takes keyboard bytes up to the end of a key. Returns their number, and the answer.
    pub(super) fn take(
        &mut self,
        cx: &mut Cx<'_>,
        bytes: &[u8],
        taken: &mut TakenKeys,
    ) -> (usize, Option<ConfirmAnswer>) {
        let (used, key) = self.decoder.take(cx.now, bytes, taken);
        self.open.extend_from_slice(&bytes[..used]);
        (used, key.and_then(|key| self.key(cx, key, taken)))
    }

    fn key(&mut self, cx: &mut Cx<'_>, key: Key, taken: &mut TakenKeys) -> Option<ConfirmAnswer> {
        let bytes = std::mem::take(&mut self.open);
        match key {
            Key::Answer(bytes) => return Some(ConfirmAnswer::Pass(bytes)),
            Key::Hotkey(_) => {
                self.hide();
                return Some(ConfirmAnswer::Hotkey);
            }
            _ => {}
        }
        let question = self.next()?;
        Some(match (question, key) {
            (WaitingQuestion::Trigger(question), Key::Char('y')) => ConfirmAnswer::Yes(question),
            (WaitingQuestion::Client(question), Key::Char(key @ ('y' | 'A'))) => {
                ConfirmAnswer::Allowed(question, key == 'A')
            }
            (question, Key::Char('n') | Key::Enter | Key::Escape | Key::Ctrl('c')) => {
                // The user knows what the key does: a trigger says no more.
                let _ = question.refuse(cx, ConfirmRefusal::No);
                ConfirmAnswer::No
            }
            (question, _) => {
                taken.pass(&bytes);
                ConfirmAnswer::Refused(question.refuse(cx, ConfirmRefusal::OtherKey), bytes)
            }
        })
    }

    /// Does what is due by now: ends a key, or refuses a question that has no answer.
    pub(super) fn tick(&mut self, cx: &mut Cx<'_>, taken: &mut TakenKeys) -> Option<ConfirmAnswer> {
        if let Some(key) = self.decoder.tick(cx.now).filter(|_| self.is_shown) {
            return self.key(cx, key, taken);
        }
        self.ends_at().filter(|&end| cx.now >= end)?;
        let refusal = if self.end.is_some() { ConfirmRefusal::NoAnswer } else { ConfirmRefusal::NotShown };
        let keys = std::mem::take(&mut self.open);
        let notice = self.next()?.refuse(cx, refusal);
        Some(ConfirmAnswer::Refused(notice, keys))
    }

    /// Returns when the first question is refused, if ever.
    fn ends_at(&self) -> Option<Instant> {
        self.end.or_else(|| match self.questions.front()? {
            WaitingQuestion::Trigger(_) => None,
            WaitingQuestion::Client(question) => Some(question.until),
        })
    }

    /// Returns when `tick` or `settle` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.questions.front()?;
        let key = self.decoder.deadline().filter(|_| self.is_shown);
        let look = self.look_at.filter(|_| self.waits_to_ask() && !self.echoes);
        [self.draw_at, look, key, self.ends_at()].into_iter().flatten().min()
    }

    /// Drops all questions, since the shell has exited. Returns the notice about them.
    pub(super) fn end(&mut self, cx: &mut Cx<'_>) -> Option<Notice> {
        self.next().map(|first| self.questions.push_front(first))?;
        let all = std::mem::take(&mut self.questions);
        self.draw_at = None;
        let mut notices = all.into_iter().filter_map(|question| question.refuse(cx, ConfirmRefusal::ShellExited));
        let (notice, others) = (notices.next(), notices.count());
        let notice = notice?;
        Some(match others {
            0 => notice,
            _ => notice.and(&format!("{others} more questions were dropped")),
        })
    }

    /// Takes the question that was asked.
    fn next(&mut self) -> Option<WaitingQuestion> {
        self.hide();
        self.end = None;
        let question = self.questions.pop_front();
        self.draw_at = self.questions.front().map(|_| self.printed + REST);
        question
    }

    fn hide(&mut self) {
        if self.is_shown {
            (self.is_shown, self.decoder) = (false, Decoder::new(self.hotkey));
            self.open.clear();
        }
    }
}
