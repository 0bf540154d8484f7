//! The file of a recording: created on request, written by a thread, and closed when the core says so.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mio::event::Event;
use mio::{Registry, Waker};

use super::{Host, ports};
use crate::core::Input;
use crate::core::event::RecordFileError;
use crate::sys::file_writer::{FileWriter, TOO_LATE};
use crate::sys::private_file;
use crate::sys::private_file::Access;
use crate::types::{Sink, reason};

/// The file of a recording, if there is one.
#[derive(Debug)]
pub(super) struct RecordingFile {
    writer: Option<FileWriter>,
    /// By which the thread ends a poll. Made with the first recording.
    waker: Option<Arc<Waker>>,
    /// The thread has room again, or has ended.
    ready: bool,
    /// No more bytes come: the file is closed once it has all.
    closes: bool,
}

impl RecordingFile {
    /// Starts to write `file`, if there is one.
    pub(super) fn new(registry: &Registry, file: Option<File>) -> io::Result<Self> {
        let mut recording = Self { writer: None, waker: None, ready: false, closes: false };
        file.map_or(Ok(()), |file| recording.write(registry, file))?;
        Ok(recording)
    }

    /// Takes note of an event of the poll.
    pub(super) fn mark(&mut self, event: &Event) {
        self.ready |= event.token() == ports::RECORDING;
    }

    fn write(&mut self, registry: &Registry, file: File) -> io::Result<()> {
        let waker = match &self.waker {
            Some(waker) => Arc::clone(waker),
            None => Arc::clone(self.waker.insert(Arc::new(Waker::new(registry, ports::RECORDING)?))),
        };
        // A wake-up fails only without memory; the next turn looks all the same.
        self.writer = Some(FileWriter::start(file, move || drop(waker.wake()))?);
        self.closes = false;
        Ok(())
    }
}

impl Host {
    /// Creates the file of a recording and starts to write it. Returns an error as a sentence.
    pub(super) fn open_recording(&mut self, path: &str, replace: bool) -> Result<(), String> {
        let access = if replace { Access::Replace } else { Access::New };
        let refused = |reason: String| {
            let remedy = if replace { "name another file" } else { "name a file that does not exist, or add --force" };
            format!("{path} cannot be recorded to: {reason}; {remedy}")
        };
        let file = private_file::open(Path::new(path), access).map_err(|refusal| refused(refusal.to_string()))?;
        self.recording.write(self.poll.registry(), file).map_err(|error| refused(reason(&error)))
    }

    /// Has the file closed once it has everything that is pending.
    pub(super) fn close_recording(&mut self, now: Instant) {
        self.recording.closes = true;
        self.flush_recording(now);
    }

    /// Passes pending bytes to the thread, as far as it takes them.
    pub(super) fn flush_recording(&mut self, now: Instant) {
        let Some(writer) = &self.recording.writer else { return };
        while !self.core.pending(Sink::Recording).is_empty() {
            let n = writer.push(self.core.pending(Sink::Recording));
            if n == 0 {
                return;
            }
            self.core.wrote(now, Sink::Recording, n, &mut self.effects);
        }
        if self.recording.closes {
            writer.close();
        }
    }

    /// Does what the thread has reported: passes on more bytes, or tells the core that the file has ended.
    pub(super) fn serve_recording(&mut self, now: Instant) {
        if !std::mem::take(&mut self.recording.ready) {
            return;
        }
        self.flush_recording(now);
        if let Some(result) = self.recording.writer.as_ref().and_then(FileWriter::ended) {
            self.recording.writer = None;
            self.handle(now, Input::RecordingClosed(result.map_err(RecordFileError)));
        }
    }

    /// Waits at the end of the session until the file is written, for a time that is bounded.
    pub(super) fn finish_recording(&mut self) {
        self.flush_recording(Instant::now());
        let cut_off = !self.core.pending(Sink::Recording).is_empty();
        let Some(writer) = self.recording.writer.take() else { return };
        let too_late = || TOO_LATE.to_owned();
        let result = writer.finish().and_then(|()| if cut_off { Err(too_late()) } else { Ok(()) });
        if let Err(reason) = result {
            self.warnings.push(format!("coshell: the recording has ended early: {reason}"));
        }
    }
}
