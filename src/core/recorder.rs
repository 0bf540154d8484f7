//! The recording of a session as an asciicast: what the shell showed, sizes, markers for triggers and coprocesses, and, on
//! request, the keys. The host writes the queue to the file.
//!
//! The queue is bounded and nothing waits for it: where the file takes too long, output is left out, and a marker says how
//! much. Keys are recorded only where a look at the pty, taken when they come, finds no program that hides what is typed.

mod prompt_tail;

use std::time::{Duration, Instant};

use super::event::{Cx, Effect, RecordFileError};
use super::notices::Notice;
use super::redact::Redaction;
use super::redact::stream::{StreamItem, StreamRedactor};
use super::request::RecordRequest;
use super::response::RecordResponse;
use super::rpc_error::{ErrorCode, RpcError};
use super::write_buffer::WriteBuffer;
use crate::types::{ExitStatus, RequestId, Size};
use crate::wire::asciicast::writer::{AsciicastHeader, AsciicastWriter};
use prompt_tail::PromptTail;

/// Maximum number of bytes that wait for the file. An event of one read takes up to 24 KiB.
const QUEUE: usize = 1 << 20;
/// Maximum number of waiting bytes at which output is recorded again after some was left out.
const LOW_WATER: usize = QUEUE / 2;

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

/// An event besides output.
#[derive(Clone, Debug, PartialEq, Eq)]
enum RecordEvent {
    Input(Vec<u8>),
    Resize(Size),
    Marker(String),
}

/// A recording that runs.
#[derive(Debug)]
struct RunningRecording {
    options: RecordOptions,
    start: Instant,
    /// Hides secrets, on request.
    redactor: Option<StreamRedactor<RecordEvent>>,
    writer: AsciicastWriter,
    queue: WriteBuffer,
    /// Number of bytes that have been queued.
    bytes: u64,
    /// Number of bytes of output that were left out since the last marker, and in all.
    left_out: [u64; 2],
    /// Keys that wait for the state of the pty.
    keys: Vec<u8>,
    /// Whether the last keys were left out, so that one marker tells of them.
    hides_keys: bool,
    prompt: PromptTail,
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
        let mut recording = RunningRecording {
            options,
            start: now,
            redactor: self.redaction.rules_if_always().map(StreamRedactor::new),
            writer: AsciicastWriter::default(),
            queue: WriteBuffer::new(QUEUE),
            bytes: 0,
            left_out: [0; 2],
            keys: Vec::new(),
            hides_keys: false,
            prompt: PromptTail::default(),
        };
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
                let sentence = "a recording runs already; stop it with coshell record stop";
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
                let sentence = "no recording runs; start one with coshell record start FILE";
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

impl RunningRecording {
    fn output(&mut self, now: Instant, bytes: &[u8]) {
        if self.options.input {
            self.prompt.printed(bytes);
        }
        if self.is_full() {
            self.left_out = self.left_out.map(|count| count + bytes.len() as u64);
            return;
        }
        self.tell_left_out(now);
        let at = self.at(now);
        match &mut self.redactor {
            Some(redactor) => {
                let mut passed = Vec::new();
                redactor.push(at, bytes, &mut passed);
                self.write_all(passed);
            }
            None => self.write(at, StreamItem::Bytes(bytes.to_vec())),
        }
    }

    fn keys_seen(&mut self, now: Instant, hidden: bool) {
        let keys = std::mem::take(&mut self.keys);
        let hidden = hidden || self.prompt.asks_secret();
        if hidden && !keys.is_empty() && !std::mem::replace(&mut self.hides_keys, true) {
            let label = "coshell: keys are left out while a program hides them".to_owned();
            self.event(now, RecordEvent::Marker(label));
        }
        if !hidden && !keys.is_empty() {
            self.hides_keys = false;
            self.event(now, RecordEvent::Input(keys));
        }
    }

    /// Records an event. These are few, and none is left out.
    fn event(&mut self, now: Instant, event: RecordEvent) {
        self.tell_left_out(now);
        let at = self.at(now);
        match &mut self.redactor {
            Some(redactor) => {
                let mut passed = Vec::new();
                redactor.push_other(at, event, &mut passed);
                self.write_all(passed);
            }
            None => self.write(at, StreamItem::Other(event)),
        }
    }

    /// Writes what is held back, and the end.
    fn finish(&mut self, now: Instant, exit: Option<ExitStatus>) {
        self.tell_left_out(now);
        let (at, mut passed, mut out) = (self.at(now), Vec::new(), Vec::new());
        self.redactor.iter_mut().for_each(|redactor| redactor.finish(&mut passed));
        self.write_all(passed);
        match exit {
            Some(exit) => self.writer.exit(at, exit.status(), &mut out),
            None => self.writer.finish(at, &mut out),
        }
        self.push(&out);
    }

    fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.start)
    }

    /// Whether output is left out: from a full queue on until it is half empty.
    fn is_full(&self) -> bool {
        self.queue.room() == 0 || self.left_out[0] > 0 && self.queue.len() > LOW_WATER
    }

    /// Queues a marker that tells how much output was left out, once there is room again.
    fn tell_left_out(&mut self, now: Instant) {
        if self.left_out[0] > 0 && !self.is_full() {
            let count = std::mem::take(&mut self.left_out[0]);
            let label = format!("coshell: {count} bytes of output are left out: the file took too long");
            self.event(now, RecordEvent::Marker(label));
        }
    }

    fn write_all(&mut self, items: Vec<(Duration, StreamItem<RecordEvent>)>) {
        items.into_iter().for_each(|(at, item)| self.write(at, item));
    }

    fn write(&mut self, at: Duration, item: StreamItem<RecordEvent>) {
        let (writer, mut out) = (&mut self.writer, Vec::new());
        match item {
            StreamItem::Bytes(bytes) => writer.output(at, &bytes, &mut out),
            StreamItem::Other(RecordEvent::Input(keys)) => writer.input(at, &keys, &mut out),
            StreamItem::Other(RecordEvent::Resize(size)) => writer.resize(at, size.cols, size.rows, &mut out),
            StreamItem::Other(RecordEvent::Marker(label)) => writer.marker(at, &label, &mut out),
        }
        self.push(&out);
    }

    fn push(&mut self, bytes: &[u8]) {
        // Markers and sizes of a session whose file takes nothing for hours.
        if self.queue.len() < 2 * QUEUE {
            self.bytes += bytes.len() as u64;
            self.queue.push(bytes);
        }
    }
}
