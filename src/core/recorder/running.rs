//! A recording that runs: its events on the way to the queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::RecordOptions;
use super::prompt_tail::PromptTail;
use crate::core::redact::Redactor;
use crate::core::redact::stream::{StreamItem, StreamRedactor};
use crate::core::write_buffer::WriteBuffer;
use crate::types::{ExitStatus, Size};
use crate::wire::asciicast::writer::AsciicastWriter;

/// Maximum number of bytes that wait for the file. An event of one read takes up to 24 KiB.
const QUEUE: usize = 1 << 20;
/// Maximum number of waiting bytes at which output is recorded again after some was left out.
const LOW_WATER: usize = QUEUE / 2;

/// An event besides output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RecordEvent {
    Input(Vec<u8>),
    Resize(Size),
    Marker(String),
}

/// A recording that runs.
#[derive(Debug)]
pub(super) struct RunningRecording {
    pub(super) options: RecordOptions,
    pub(super) start: Instant,
    /// Hides secrets, on request.
    redactor: Option<StreamRedactor<RecordEvent>>,
    writer: AsciicastWriter,
    pub(super) queue: WriteBuffer,
    /// Number of bytes that have been queued.
    pub(super) bytes: u64,
    /// Number of bytes of output that were left out since the last marker, and in all.
    pub(super) left_out: [u64; 2],
    /// Keys that wait for the state of the pty.
    pub(super) keys: Vec<u8>,
    /// Whether the last keys were left out, so that one marker tells of them.
    hides_keys: bool,
    prompt: PromptTail,
}

impl RunningRecording {
    /// Creates a recording that begins now, of a terminal of `cols` columns; `rules` hide secrets in it.
    pub(super) fn new(now: Instant, options: RecordOptions, rules: Option<Arc<Redactor>>, cols: u16) -> Self {
        Self {
            options,
            start: now,
            redactor: rules.map(|rules| StreamRedactor::new(rules, cols)),
            writer: AsciicastWriter::default(),
            queue: WriteBuffer::new(QUEUE),
            bytes: 0,
            left_out: [0; 2],
            keys: Vec::new(),
            hides_keys: false,
            prompt: PromptTail::default(),
        }
    }

    /// Records output, unless the queue is full.
    pub(super) fn output(&mut self, now: Instant, bytes: &[u8]) {
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

    /// Records the keys that wait, or, where a program hides them, a marker.
    pub(super) fn keys_seen(&mut self, now: Instant, hidden: bool) {
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
    pub(super) fn event(&mut self, now: Instant, event: RecordEvent) {
        self.tell_left_out(now);
        let at = self.at(now);
        match &mut self.redactor {
            Some(redactor) => {
                let mut passed = Vec::new();
                if let RecordEvent::Resize(size) = event {
                    redactor.resize(size.cols);
                }
                redactor.push_other(at, event, &mut passed);
                self.write_all(passed);
            }
            None => self.write(at, StreamItem::Other(event)),
        }
    }

    /// Writes what is held back, and the end.
    pub(super) fn finish(&mut self, now: Instant, exit: Option<ExitStatus>) {
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

    /// Queues bytes for the file.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        // Markers and sizes of a session whose file takes nothing for hours.
        if self.queue.len() < 2 * QUEUE {
            self.bytes += bytes.len() as u64;
            self.queue.push(bytes);
        }
    }
}
