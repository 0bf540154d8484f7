//! Questions of triggers with `--confirm`: before the actions of such a trigger run, the user is asked on a row above the
//! prompt, and one key answers. `text` shows what would be done. `output::terminal` draws the row.
//!
//! The answer belongs to what was shown: the effects of the actions are computed before the question and kept with it.
//! One question is asked at a time. A key counts only once the terminal has been given the question: `y` allows it, and any
//! other key refuses it. Other keys than `n`, Enter, Escape and Ctrl-C then go to the shell as well, since the user types to a
//! program there.

mod text;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::input::keys::{Chord, Decoder, Key, TakenKeys};
use super::notices::Notice;
use super::output::CandidateLine;
use super::output::terminal::TerminalOutput;
use super::trigger::action::ActionEffect;
use super::trigger::{Hit, LineStage};

/// Maximum number of questions, the one that is asked included.
const MOST: usize = 16;
/// Time without output after which the question is drawn. Output removes it from the screen.
const REST: Duration = Duration::from_millis(50);
/// Time for which a question waits for an answer, from when it was drawn first.
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

/// What a key, or the time, has done to the question.
#[derive(Debug)]
pub(super) enum ConfirmAnswer {
    /// The user allows it.
    Yes(ConfirmQuestion),
    /// The user does not.
    No,
    /// It is refused, for the reason in the notice. These keys are for the shell.
    Refused(Notice, Vec<u8>),
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
    questions: VecDeque<ConfirmQuestion>,
    /// When the first question is refused, once it has been drawn.
    end: Option<Instant>,
    /// Whether the terminal has been given the question, so that keys answer it.
    is_shown: bool,
    decoder: Decoder,
    /// Bytes of the key that is being read.
    open: Vec<u8>,
    /// Time of the last output.
    printed: Instant,
    /// When `settle` is to draw the question, unless it has tried. It tries again whenever something happens.
    draw_at: Option<Instant>,
}

impl Confirm {
    /// Creates the questions of a session that starts; `hotkey` answers none.
    pub(super) fn new(now: Instant, hotkey: Option<Chord>) -> Self {
        let decoder = Decoder::new(hotkey);
        let (questions, open) = (VecDeque::new(), Vec::new());
        Self { hotkey, questions, end: None, is_shown: false, decoder, open, printed: now, draw_at: None }
    }

    /// Asks a question, after those before it; `has_terminal` is whether the session can ask. Returns the notice where it is
    /// refused at once.
    pub(super) fn ask(&mut self, question: ConfirmQuestion, has_terminal: bool) -> Option<Notice> {
        let reason = if !has_terminal {
            "the session has no terminal to ask on".to_owned()
        } else if self.questions.len() >= MOST {
            format!("{MOST} questions are waiting for an answer")
        } else {
            self.questions.push_back(question);
            self.draw_at = Some(self.printed + REST);
            return None;
        };
        Some(refusal(&question.name, &reason))
    }

    /// Takes note of output, before which the question is removed from the screen.
    pub(super) fn printed(&mut self, now: Instant) {
        self.printed = now;
        self.draw_at = self.questions.front().map(|_| now + REST);
    }

    /// Whether keys answer the question.
    pub(super) fn takes_keys(&self) -> bool {
        self.is_shown
    }

    /// Draws the question once the output rests. `may_draw` is whether coshell draws nothing else.
    pub(super) fn settle(&mut self, now: Instant, terminal: &mut TerminalOutput, may_draw: bool) -> Option<Notice> {
        if self.questions.is_empty() {
            return None;
        }
        if terminal.has_question() {
            self.is_shown |= terminal.is_empty();
            return None;
        }
        self.hide();
        if now < self.printed + REST {
            return None;
        }
        self.draw_at = None;
        if !may_draw || !terminal.can_place() {
            return None;
        }
        let cols = usize::from(terminal.cols()).saturating_sub(1);
        let rows = self.questions.front().map(|question| text::notice(question).rows(cols, ROWS + 1))?;
        if rows.len() > ROWS {
            let refused = self.next()?;
            return Some(refusal(&refused.name, &format!("what it does takes more than {ROWS} rows to show")));
        }
        if terminal.draw_question(&rows) {
            self.end.get_or_insert(now + ANSWER_WITHIN);
        }
        None
    }

    /// Takes keyboard bytes up to the end of a key. Returns their number, and the answer.
    pub(super) fn take(&mut self, now: Instant, bytes: &[u8], taken: &mut TakenKeys) -> (usize, Option<ConfirmAnswer>) {
        let (used, key) = self.decoder.take(now, bytes, taken);
        self.open.extend_from_slice(&bytes[..used]);
        (used, key.and_then(|key| self.key(key, taken)))
    }

    fn key(&mut self, key: Key, taken: &mut TakenKeys) -> Option<ConfirmAnswer> {
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
        Some(match key {
            Key::Char('y') => ConfirmAnswer::Yes(question),
            Key::Char('n') | Key::Enter | Key::Escape | Key::Ctrl('c') => ConfirmAnswer::No,
            _ => {
                taken.pass(&bytes);
                ConfirmAnswer::Refused(refusal(&question.name, "another key than y was pressed"), bytes)
            }
        })
    }

    /// Does what is due by now: ends a key, or refuses a question that has no answer.
    pub(super) fn tick(&mut self, now: Instant, taken: &mut TakenKeys) -> Option<ConfirmAnswer> {
        if let Some(key) = self.decoder.tick(now).filter(|_| self.is_shown) {
            return self.key(key, taken);
        }
        self.end.filter(|&end| now >= end)?;
        let keys = std::mem::take(&mut self.open);
        let question = self.next()?;
        let reason = format!("there was no answer within {} s", ANSWER_WITHIN.as_secs());
        Some(ConfirmAnswer::Refused(refusal(&question.name, &reason), keys))
    }

    /// Returns when `tick` or `settle` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.questions.front()?;
        let key = self.decoder.deadline().filter(|_| self.is_shown);
        [self.draw_at, key, self.end].into_iter().flatten().min()
    }

    /// Drops all questions, since the shell has exited. Returns the notice about them.
    pub(super) fn end(&mut self) -> Option<Notice> {
        let (first, others) = (self.next()?, self.questions.len());
        self.questions.clear();
        let notice = refusal(&first.name, "the shell has exited");
        Some(match others {
            0 => notice,
            _ => notice.and(&format!("{others} more questions were dropped")),
        })
    }

    /// Takes the question that was asked.
    fn next(&mut self) -> Option<ConfirmQuestion> {
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

/// Returns the notice that nothing was done for the trigger called `name`.
fn refusal(name: &str, reason: &str) -> Notice {
    Notice::new(format!("trigger \"{name}\" did nothing: {reason}"))
}
