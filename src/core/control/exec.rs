//! A command line that a client has run at the shell's prompt: typed once the shell is there and the user types no line, and
//! followed by the shell's marks to its end and to the next prompt, so that another one may follow.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::read;
use super::send::{SendOptions, shell_has_exited, typable};
use super::typing::user_is_typing;
use crate::core::event::{Cx, Effect};
use crate::core::history::{CommandRecord, History, LinePosition};
use crate::core::input::pty_input::{PtyInput, SEND_LIMIT};
use crate::core::input::typed_line::{TypedLine, TypedPlace};
use crate::core::redact::{Redaction, Redactor};
use crate::core::request::ExecRequest;
use crate::core::response::{ExecOutcome, ExecResponse};
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::core::session::seconds;
use crate::core::state_kind::StateKind;
use crate::core::vt::MarkedZone;
use crate::types::RequestId;

/// Maximum time for which a command line waits for a prompt that is about to come, and for the end of the user's line.
const PATIENCE: Duration = Duration::from_secs(30);
/// Interval at which the pty is looked at until the shell's line editor has it (ICANON off).
const EDITOR_INTERVAL: Duration = Duration::from_millis(10);
/// Time after which the line is typed though no line editor has the pty.
const EDITOR_PATIENCE: Duration = Duration::from_secs(1);
/// Time for which the answer waits for the next prompt.
const PROMPT_PATIENCE: Duration = Duration::from_secs(2);
/// Maximum length of the text in an answer in bytes: that of its beginning, and that of its end.
const TEXT_LIMITS: (usize, usize) = (16 * 1024, 48 * 1024);

/// How far a command line has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExecStep {
    /// A look at the pty is to tell whether the shell is at a prompt.
    Looking,
    /// It waits for the prompt, for the end of the user's line, and for the line editor.
    Waiting { editor: bool },
    /// It was typed at the prompt of this number, whose mark is at this offset.
    Typed { command: u64, prompt: u64 },
    /// The command of this number runs.
    Running { command: u64 },
    /// The command has ended; the next prompt is waited for until then.
    Ended { command: u64, until: Instant },
    /// The answer is made once the history is read.
    Answering { command: u64, prompt: u64, outcome: ExecOutcome },
}

#[derive(Debug)]
struct ActiveExec {
    request_id: RequestId,
    text: String,
    since: Instant,
    until: Option<Instant>,
    /// Time of the last look at the pty.
    looked: Instant,
    step: ExecStep,
    /// Redacts the answer.
    rules: Option<Arc<Redactor>>,
}

/// What the command line depends on.
#[derive(Debug)]
pub(in crate::core) struct ExecFacts<'a> {
    pub(in crate::core) place: TypedPlace,
    /// The last command, or the prompt at which it may be typed.
    pub(in crate::core) last: Option<&'a CommandRecord>,
    /// The command that is followed.
    pub(in crate::core) followed: Option<&'a CommandRecord>,
    /// Whether other texts wait to be typed.
    pub(in crate::core) texts_wait: bool,
    pub(in crate::core) bracketed_paste: bool,
}

/// The command line that is run for a client. There is at most one, as there is one prompt.
#[derive(Debug, Default)]
pub(in crate::core) struct Exec {
    active: Option<ActiveExec>,
    redaction: Redaction,
}

impl Exec {
    /// Creates the state of a new session; `redaction` says what is redacted in the answers.
    pub(in crate::core) fn new(redaction: Redaction) -> Self {
        Self { active: None, redaction }
    }

    /// Takes a request, and has the pty looked at.
    ///
    /// # Errors
    ///
    /// A command line that is empty or too long, and one that another client has not had answered yet.
    pub(in crate::core) fn request(
        &mut self,
        cx: &mut Cx<'_>,
        request_id: RequestId,
        request: &ExecRequest,
    ) -> Result<(), RpcError> {
        let text = request.command.join(" ");
        if text.trim().is_empty() {
            return Err(RpcError::new(ErrorCode::Params, "the command line is empty; write it behind --"));
        }
        if text.len() > SEND_LIMIT / 2 {
            return Err(RpcError::new(ErrorCode::Params, "the command line is longer than 40 KiB; put it into a file"));
        }
        if self.active.is_some() {
            let sentence = "another client runs a command line; try again when that has ended";
            return Err(RpcError::new(ErrorCode::Busy, sentence));
        }
        let until = request.timeout.and_then(|time| cx.now.checked_add(time.0));
        let step = ExecStep::Looking;
        let rules = self.redaction.rules_if(request.redact);
        self.active = Some(ActiveExec { request_id, text, since: cx.now, until, looked: cx.now, step, rules });
        cx.push(Effect::QueryPty);
        Ok(())
    }

    /// Takes what a look at the pty has found: the state, the part of the output, whether the shell marks its commands, and
    /// whether a line editor has the pty.
    pub(in crate::core) fn looked(
        &mut self,
        cx: &mut Cx<'_>,
        kind: StateKind,
        zone: MarkedZone,
        marks: bool,
        editor: bool,
    ) {
        let Some(active) = &mut self.active else { return };
        match active.step {
            // Behind the end of a command the next prompt is about to come.
            ExecStep::Looking if kind == StateKind::Prompt || marks && zone == MarkedZone::None => {
                active.step = ExecStep::Waiting { editor };
            }
            ExecStep::Looking => self.refuse(cx, no_prompt(kind, marks)),
            ExecStep::Waiting { .. } => active.step = ExecStep::Waiting { editor },
            _ => {}
        }
    }

    /// Returns the number of the command that is followed.
    pub(in crate::core) fn command(&self) -> Option<u64> {
        match self.active.as_ref()?.step {
            ExecStep::Typed { command, .. } | ExecStep::Running { command } | ExecStep::Ended { command, .. } => {
                Some(command)
            }
            _ => None,
        }
    }

    /// Types the line when that is possible, and follows the command.
    pub(in crate::core) fn settle(
        &mut self,
        cx: &mut Cx<'_>,
        facts: &ExecFacts<'_>,
        pty: &mut PtyInput,
        line: &mut TypedLine,
    ) {
        let Some(active) = &mut self.active else { return };
        match active.step {
            ExecStep::Waiting { editor } => {
                let waited = cx.now >= active.since + EDITOR_PATIENCE;
                let is_free = !line.is_open() && !line.is_submitted() && !facts.texts_wait && pty.is_free(cx.now);
                let prompt = facts.last.filter(|last| last.input.is_some() && last.output.is_none());
                let Some(prompt) = prompt.filter(|_| is_free && facts.place.zone == MarkedZone::Prompt) else { return };
                if !editor && !waited || active.text.contains('\n') && !facts.bracketed_paste && !waited {
                    return;
                }
                if active.text.contains('\n') && !facts.bracketed_paste {
                    return self.refuse(cx, several_lines());
                }
                let options = SendOptions { enter: true, paste: true };
                let bytes = typable(&active.text, options, facts.bracketed_paste);
                pty.send(cx.now, &bytes, None);
                line.sent(&bytes, facts.place);
                let prompt_at = prompt.prompt.unwrap_or_default();
                active.step = ExecStep::Typed { command: prompt.number, prompt: prompt_at };
            }
            ExecStep::Typed { command, .. } if facts.followed.is_some_and(|followed| followed.output.is_some()) => {
                active.step = ExecStep::Running { command };
                self.settle(cx, facts, pty, line);
            }
            ExecStep::Running { command } if facts.followed.is_none_or(|followed| followed.end.is_some()) => {
                active.step = ExecStep::Ended { command, until: cx.now + PROMPT_PATIENCE };
                self.settle(cx, facts, pty, line);
            }
            ExecStep::Ended { command, until } => {
                let next = facts.last.filter(|last| last.number > command);
                if next.is_some_and(|next| next.input.is_some()) || cx.now >= until {
                    active.step = ExecStep::Answering { command, prompt: 0, outcome: ExecOutcome::Ended };
                }
            }
            _ => {}
        }
    }

    /// Returns the offset of the mark of the prompt at which the line was typed, while no command has begun.
    pub(in crate::core) fn typed_at(&self) -> Option<(u64, u64)> {
        match self.active.as_ref()?.step {
            ExecStep::Typed { command, prompt } => Some((command, prompt)),
            _ => None,
        }
    }

    /// Takes note that another prompt has come, below the one at which the line was typed: the shell ran no command.
    pub(in crate::core) fn prompt_came_again(&mut self) {
        if let Some(active) = &mut self.active
            && let ExecStep::Typed { command, prompt } = active.step
        {
            active.step = ExecStep::Answering { command, prompt, outcome: ExecOutcome::NotRun };
        }
    }

    /// Has the pty looked at while the line editor is awaited, and ends the wait at its time.
    pub(in crate::core) fn tick(&mut self, cx: &mut Cx<'_>, line: &TypedLine) {
        let Some(active) = &mut self.active else { return };
        let is_late = active.until.is_some_and(|until| cx.now >= until);
        match active.step {
            ExecStep::Waiting { .. } if is_late || cx.now >= active.since + PATIENCE => {
                let sentence =
                    "no prompt has come until the timeout, so nothing was typed; wait with coshell await --prompt";
                let no_prompt = || RpcError::new(ErrorCode::Late, sentence);
                self.refuse(cx, if line.is_open() { user_is_typing() } else { no_prompt() });
            }
            ExecStep::Waiting { editor: false } if cx.now >= active.looked + EDITOR_INTERVAL => {
                active.looked = cx.now;
                cx.push(Effect::QueryPty);
            }
            ExecStep::Typed { command, prompt } if is_late => {
                active.step = ExecStep::Answering { command, prompt, outcome: ExecOutcome::NotRun };
            }
            ExecStep::Running { command } if is_late => {
                active.step = ExecStep::Answering { command, prompt: 0, outcome: ExecOutcome::Running };
            }
            _ => {}
        }
    }

    /// Returns when `tick`, `settle` or `answer` has something to do although no input came.
    pub(in crate::core) fn deadline(&self, now: Instant, pty: &PtyInput) -> Option<Instant> {
        let active = self.active.as_ref()?;
        match active.step {
            ExecStep::Looking => None,
            ExecStep::Waiting { editor } => {
                let look = Some(active.looked + EDITOR_INTERVAL).filter(|_| !editor);
                let waited = Some(active.since + EDITOR_PATIENCE).filter(|at| *at > now);
                let over = Some(active.since + PATIENCE);
                [look, waited, over, active.until, pty.free_at(now)].into_iter().flatten().min()
            }
            ExecStep::Typed { .. } | ExecStep::Running { .. } => active.until,
            ExecStep::Ended { until, .. } => Some(until),
            ExecStep::Answering { .. } => Some(active.since),
        }
    }

    /// Whether a command line is run.
    pub(in crate::core) fn is_active(&self) -> bool {
        self.active.is_some()
    }

    /// Whether the line waits for the end of the user's line.
    pub(in crate::core) fn is_waiting(&self) -> bool {
        self.active.as_ref().is_some_and(|active| matches!(active.step, ExecStep::Waiting { .. }))
    }

    /// Whether an answer is due that needs the history.
    pub(in crate::core) fn wants_history(&self) -> bool {
        self.active.as_ref().is_some_and(|active| matches!(active.step, ExecStep::Answering { .. }))
    }

    /// Answers from the history, which is read to its end.
    pub(in crate::core) fn answer(&mut self, cx: &mut Cx<'_>, history: &mut History) {
        let Some(active) = self.active.take_if(|active| matches!(active.step, ExecStep::Answering { .. })) else {
            return;
        };
        let ExecStep::Answering { command, prompt, outcome } = active.step else { return };
        let mut response = response(cx.now, history, command, prompt, outcome);
        if let Some(rules) = &active.rules {
            rules.redact_string(&mut response.text);
            rules.redact_string(&mut response.tail);
        }
        cx.answer(active.request_id, response);
    }

    /// Ends the wait, since the shell has exited.
    pub(in crate::core) fn end(&mut self, cx: &mut Cx<'_>) {
        if self.active.is_some() {
            self.refuse(cx, shell_has_exited());
        }
    }

    /// Forgets the request of a client that has disconnected. A command that was typed goes on.
    pub(in crate::core) fn cancel(&mut self, request_id: RequestId) {
        self.active.take_if(|active| active.request_id == request_id);
    }

    fn refuse(&mut self, cx: &mut Cx<'_>, error: RpcError) {
        if let Some(active) = self.active.take() {
            cx.refuse(active.request_id, error);
        }
    }
}

/// Returns the error where the shell is not at a prompt.
fn no_prompt(kind: StateKind, marks: bool) -> RpcError {
    let sentence = if marks {
        format!("the session is not at a prompt (state {kind}); wait with coshell await --prompt")
    } else {
        format!(
            "the shell does not mark its prompts (state {kind}), so that the end of a command is not known; set up \
             coshell integration (see coshell(1))"
        )
    };
    RpcError::new(ErrorCode::NoPrompt, sentence)
}

/// Returns the error for several lines where the shell would run each by itself.
fn several_lines() -> RpcError {
    let sentence = "the shell takes no bracketed paste, so that it would run each line by itself; run them one by one";
    RpcError::new(ErrorCode::NoPrompt, sentence)
}

/// Returns the answer about a command; `prompt` is the offset of the prompt at which it was typed, where it was not run.
fn response(now: Instant, history: &mut History, command: u64, prompt: u64, outcome: ExecOutcome) -> ExecResponse {
    let followed = history.command(command).cloned();
    let found = history.commands().find(|(known, _)| known.number == command);
    let [mut from, mut to] = found.map_or([None; 2], |(_, [_, _, output, end])| [output, end]);
    if outcome == ExecOutcome::NotRun {
        // What the shell says about a line that it does not run stands between the two prompts.
        let below = history.line_at(prompt).map(|number| LinePosition { number: number + 1, column: 0 });
        let again = followed.as_ref().and_then(|followed| history.line_at(followed.prompt?));
        (from, to) = (below, again.map(|number| LinePosition { number, column: 0 }));
    }
    let lines = if from.is_some() { read::text_of(now, history, (from, to)) } else { Vec::new() };
    let (first, last) = (lines.first().map(|(line, _)| line.number), lines.last().map(|(line, _)| line.number));
    let ends_open = to.map_or_else(|| lines.last().is_some_and(|(line, _)| line.open), |to| to.column > 0);
    let mut text: String = lines.iter().map(|(_, text)| format!("{text}\n")).collect();
    if ends_open {
        text.pop();
    }
    // The history may have dropped the beginning.
    let dropped = from.zip(first).map_or(0, |(from, first)| usize::try_from(first - from.number).unwrap_or(usize::MAX));
    let (text, left_out, tail) = bounded(text, dropped);
    let took = followed.as_ref().and_then(|followed| {
        let (_, began) = followed.output?;
        let ended = followed.end.map_or(now, |(_, ended)| ended);
        Some(seconds(ended.saturating_duration_since(began)))
    });
    ExecResponse {
        outcome,
        status: followed.as_ref().and_then(|followed| followed.status),
        command: Some(command).filter(|_| outcome != ExecOutcome::NotRun),
        output: from.map(|from| from.number).filter(|_| outcome != ExecOutcome::NotRun),
        first,
        last,
        text,
        left_out,
        tail,
        seconds: took,
        directory: followed.and_then(|followed| followed.directory).as_deref().map(str::to_owned),
    }
}

/// Returns the beginning of the text, the number of lines that are left out, and the end: all of a text within the limits is its
/// beginning, unless `dropped` lines before it are not known, which leaves the end alone.
fn bounded(text: String, dropped: usize) -> (String, usize, String) {
    let (head, tail) = if dropped > 0 { (0, TEXT_LIMITS.1) } else { TEXT_LIMITS };
    if text.len() <= head + tail {
        return if dropped > 0 { (String::new(), dropped, text) } else { (text, 0, String::new()) };
    }
    let boundary = |at: &usize| text.is_char_boundary(*at);
    let head = (0..=head).rev().find(boundary).unwrap_or(0);
    let tail = (text.len() - tail..=text.len()).find(boundary).unwrap_or(text.len());
    // Whole lines, where there are ends of lines.
    let head = text[..head].rfind('\n').map_or(head, |end| end + 1);
    let tail = text[tail..].find('\n').map(|end| tail + end + 1).filter(|start| *start < text.len()).unwrap_or(tail);
    let left_out = dropped + text[head..tail].lines().count();
    (text[..head].to_owned(), left_out, text[tail..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_has_its_beginning_and_its_end() {
        let lines = |range: std::ops::Range<usize>| range.map(|n| format!("{n:07}\n")).collect::<String>();
        let all = lines(0..100_000);
        let (head, left_out, tail) = bounded(all.clone(), 0);
        assert_eq!((head.as_str(), tail.as_str()), (&*lines(0..2048), &*lines(100_000 - 6143..100_000)));
        assert_eq!(left_out, 100_000 - 2048 - 6143);
        assert_eq!(bounded(lines(0..8192), 0), (lines(0..8192), 0, String::new()));
        assert_eq!(bounded(lines(5..9), 5), (String::new(), 5, lines(5..9)));
        let (head, left_out, tail) = bounded(all, 7);
        assert_eq!(
            (head.as_str(), left_out, tail.as_str()),
            ("", 7 + 100_000 - 6143, &*lines(100_000 - 6143..100_000))
        );
        // One line, in characters of three bytes.
        let (head, left_out, tail) = bounded("\u{6f22}".repeat(100_000), 0);
        assert!(head.len() <= TEXT_LIMITS.0 && tail.len() <= TEXT_LIMITS.1 && left_out == 1);
    }
}
