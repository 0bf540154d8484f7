//! The recording of a session as an asciicast: what the shell showed, sizes, markers for triggers and coprocesses, and, on
//! request, the keys. The host writes the queue to the file.
//!
//! The queue is bounded and nothing waits for it: where the file takes too long, output is left out, and a marker says how
//! much. Keys are recorded only where a look at the pty, taken when they come, finds no program that hides what is typed.

mod prompt_tail;
mod running;

use std::time::{Duration, Instant};

use super::event::{Cx, Effect, RecordFileError};
use super::notices::Notice;
use super::redact::Redaction;
use super::request::RecordRequest;
use super::response::RecordResponse;
use super::rpc_error::{ErrorCode, RpcError};
use crate::types::{ExitStatus, RequestId, Size};
use crate::wire::asciicast::writer::AsciicastHeader;
use running::{RecordEvent, RunningRecording};

/// What is recorded, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordOptions {
    /// Path of the file.
    pub file: String,
    /// Whether keys are recorded.
    pub input: bool,
}

/// Facts for the headers of recordings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFacts {
    /// The wrapped command.
    pub command: String,
    /// `$TERM`.
    pub term: Option<String>,
    /// `$SHELL`.
    pub shell: Option<String>,
    /// Start of the session since the Unix epoch.
    pub epoch: Duration,
}

/// The recorder of a session.
#[derive(Debug)]
pub(super) struct Recorder {
    facts: RecordFacts,
    redaction: Redaction,
    /// Start of the session.
    start: Instant,
    running: Option<Box<RunningRecording>>,
    /// The request that waits until its file is open.
    opening: Option<(RequestId, RecordOptions)>,
    /// The request that waits until the file is written, and its answer.
    closing: Option<(Option<RequestId>, RecordResponse)>,
}

impl Recorder {
    /// Creates the recorder of a session that starts now.
    pub(super) fn new(now: Instant, facts: RecordFacts, redaction: Redaction) -> Self {
        Self { facts, redaction, start: now, running: None, opening: None, closing: None }
    }

    /// Begins a recording whose file is open.
    pub(super) fn begin(&mut self, now: Instant, options: RecordOptions, size: Size) {
        let timestamp = (self.facts.epoch + now.saturating_duration_since(self.start)).as_secs();
        let env = self.facts.shell.iter().map(|shell| ("SHELL".to_owned(), shell.clone()));
        let env = env.chain(self.facts.term.iter().map(|term| ("TERM".to_owned(), term.clone())));
        let size = size.or_default();
        let header = AsciicastHeader {
            cols: size.cols,
            rows: size.rows,
            term: self.facts.term.clone(),
            timestamp,
            command: Some(self.redacted(self.facts.command.clone())),
            title: None,
            env: env.collect(),
        };
        let rules = self.redaction.rules_if_always();
        let mut recording = RunningRecording::new(now, options, rules, size.cols);
        recording.push(header.line().as_bytes());
        self.running = Some(Box::new(recording));
    }

    /// Records output.
    #[inline]
    pub(super) fn output(&mut self, now: Instant, bytes: &[u8]) {
        if let Some(recording) = &mut self.running {
            recording.output(now, bytes);
        }
    }

    /// Records a new size of the window.
    pub(super) fn resize(&mut self, now: Instant, size: Size) {
        if let Some(recording) = &mut self.running {
            recording.event(now, RecordEvent::Resize(size.or_default()));
        }
    }

    /// Records a marker.
    pub(super) fn marker(&mut self, now: Instant, label: impl FnOnce() -> String) {
        if self.running.is_some() {
            let label = self.redacted(label());
            self.running.iter_mut().for_each(|recording| recording.event(now, RecordEvent::Marker(label.clone())));
        }
    }

    /// Returns `text` without its secrets, if they are to be hidden.
    fn redacted(&self, mut text: String) -> String {
        if self.redaction.always {
            self.redaction.redactor.redact_string(&mut text);
        }
        text
    }

    /// Keeps keys until `keys_seen` says whether they may be recorded. Returns whether that must be found out.
    pub(super) fn keys(&mut self, bytes: &[u8]) -> bool {
        let Some(recording) = self.running.as_mut().filter(|recording| recording.options.input) else { return false };
        recording.keys.extend_from_slice(bytes);
        !bytes.is_empty()
    }

    /// Records the keys that wait, or a marker in their place where a program hides what is typed.
    pub(super) fn keys_seen(&mut self, now: Instant, hidden: bool) {
        if let Some(recording) = self.running.as_mut().filter(|recording| !recording.keys.is_empty()) {
            recording.keys_seen(now, hidden);
        }
    }

    /// Returns the bytes for the file.
    pub(super) fn pending(&self) -> &[u8] {
        self.running.as_ref().map_or(&[], |recording| recording.queue.pending())
    }

    /// Removes the first `n` pending bytes, which were written.
    pub(super) fn wrote(&mut self, n: usize) {
        if let Some(recording) = &mut self.running {
            recording.queue.wrote(n);
        }
    }

    /// Serves a client.
    pub(super) fn request(&mut self, cx: &mut Cx<'_>, request_id: RequestId, request: RecordRequest) {
        match request {
            RecordRequest::Start { .. }
                if self.running.is_some() || self.opening.is_some() || self.closing.is_some() =>
            {
                let sentence = "a recording is already running; stop it with coshell record stop";
                cx.refuse(request_id, RpcError::new(ErrorCode::Busy, sentence));
            }
            RecordRequest::Start { input: true, .. } if self.redaction.always => {
                let sentence = "the session is redacted, and keys come one by one: leave out --input";
                cx.refuse(request_id, RpcError::new(ErrorCode::Params, sentence));
            }
            RecordRequest::Start { file, input, force } => {
                cx.push(Effect::OpenRecording { file: file.clone(), replace: force });
                self.opening = Some((request_id, RecordOptions { file, input }));
            }
            RecordRequest::Stop {} if self.running.is_some() && self.closing.is_none() => {
                self.stop(cx, Some(request_id), None)
            }
            RecordRequest::Stop {} => {
                let sentence = "no recording is running; start one with coshell record start FILE";
                cx.refuse(request_id, RpcError::new(ErrorCode::Idle, sentence));
            }
            RecordRequest::Status {} => cx.answer(request_id, self.response(cx.now)),
        }
    }

    /// Handles the result of [`Effect::OpenRecording`].
    pub(super) fn opened(&mut self, cx: &mut Cx<'_>, result: Result<(), RecordFileError>, size: Size) {
        let Some((request_id, options)) = self.opening.take() else { return };
        match result {
            Ok(()) => {
                self.begin(cx.now, options, size);
                cx.answer(request_id, self.response(cx.now));
            }
            Err(RecordFileError(sentence)) => cx.refuse(request_id, RpcError::new(ErrorCode::Params, sentence)),
        }
    }

    /// Ends the recording at the end of the session.
    pub(super) fn end(&mut self, cx: &mut Cx<'_>, exit: ExitStatus) {
        if self.running.is_some() && self.closing.is_none() {
            self.stop(cx, None, Some(exit));
        }
    }

    /// Ends the recording. The file is written to its end before the request is answered.
    fn stop(&mut self, cx: &mut Cx<'_>, request_id: Option<RequestId>, exit: Option<ExitStatus>) {
        if let Some(recording) = &mut self.running {
            recording.keys_seen(cx.now, true);
            recording.finish(cx.now, exit);
        }
        self.closing = Some((request_id, RecordResponse { recording: false, ..self.response(cx.now) }));
        cx.push(Effect::CloseRecording);
    }

    /// Handles the end of the file: after [`Effect::CloseRecording`], or since it cannot be written. Returns a notice about
    /// a failure.
    pub(super) fn closed(&mut self, cx: &mut Cx<'_>, result: Result<(), RecordFileError>) -> Option<Notice> {
        let running = self.running.take();
        let closing = self.closing.take();
        let file = running.map(|recording| recording.options.file).unwrap_or_default();
        let failure =
            result.err().map(|RecordFileError(reason)| format!("the recording {file} has ended early: {reason}"));
        if let Some((Some(request_id), response)) = closing {
            match &failure {
                Some(sentence) => cx.refuse(request_id, RpcError::new(ErrorCode::Failed, sentence.clone())),
                None => cx.answer(request_id, response),
            }
        }
        failure.map(Notice::new)
    }

    /// Forgets the request of a client that has disconnected.
    pub(super) fn cancel(&mut self, request_id: RequestId) {
        if let Some((waiting, _)) = &mut self.closing {
            *waiting = waiting.filter(|waiting| *waiting != request_id);
        }
    }

    fn response(&self, now: Instant) -> RecordResponse {
        let Some(recording) = &self.running else { return RecordResponse::default() };
        RecordResponse {
            recording: self.closing.is_none(),
            file: Some(recording.options.file.clone()),
            input: recording.options.input,
            seconds: now.saturating_duration_since(recording.start).as_secs(),
            bytes: recording.bytes,
            left_out: recording.left_out[1],
        }
    }
}
