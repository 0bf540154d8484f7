//! Reads a typescript by its timing file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use crate::types::{read_reason, unreadable};
use crate::wire::recording::{RecordedEvent, RecordingError, TYPESCRIPT_START, TimedEvent};
use crate::wire::typescript::{TimingChange, TimingReader, TypescriptReader};

/// Number of bytes that are read at once, and of which the events are in memory.
pub(super) const BLOCK: usize = 256 * 1024;

/// Result of the reading of a block: whether more may follow. The error is a sentence that names the file.
pub(in crate::cmd) type More = Result<bool, String>;

/// A typescript with its timing file.
pub(super) struct Timed {
    name: String,
    file: BufReader<File>,
    reader: TimingReader,
    now: Duration,
    /// Bytes of the current entry that are not read yet.
    left: u64,
    /// Whether they are input, which the same file holds.
    is_input: bool,
    /// Files of output and input: the same file holds both.
    logs: [Option<String>; 2],
    size: [Option<u16>; 2],
}

impl Timed {
    /// Opens the timing file at `path`. The error is a sentence.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(&name, read_reason(&error)))?;
        let (file, reader) = (BufReader::new(file), TimingReader::default());
        Ok(Self {
            name,
            file,
            reader,
            now: Duration::ZERO,
            left: 0,
            is_input: false,
            logs: [None, None],
            size: [None, None],
        })
    }

    /// Reads entries and the bytes that they count, up to the size of a block.
    pub(super) fn read(
        &mut self,
        name: &str,
        data: &mut impl BufRead,
        position: &mut u64,
        events: &mut Vec<TimedEvent>,
    ) -> More {
        let unreadable = |name: &str, error: &io::Error| unreadable(name, read_reason(error));
        if *position == 0 {
            *position += Self::skip_header(data, events).map_err(|error| unreadable(name, &error))?;
        }
        let mut room = BLOCK as u64;
        while room > 0 {
            if self.left > 0 {
                let want = self.left.min(room);
                let mut bytes = Vec::new();
                let read = data.take(want).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))? as u64;
                (*position, room, self.left) = (*position + read, room - read, self.left - read);
                let event = if self.is_input { RecordedEvent::Input(bytes) } else { RecordedEvent::Output(bytes) };
                events.push(TimedEvent { at: self.now, event });
                if read < want {
                    return Err(format!("{name} ends before {}, which counts {} more bytes", self.name, self.left));
                }
                continue;
            }
            match self.next_entry()? {
                Some(event) => events.extend(event),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Skips the first line, as scriptreplay(1) does; returns its length.
    fn skip_header(data: &mut impl BufRead, events: &mut Vec<TimedEvent>) -> io::Result<u64> {
        if !data.fill_buf()?.starts_with(TYPESCRIPT_START) {
            return Ok(0);
        }
        let (mut line, mut reader) = (Vec::new(), TypescriptReader::default());
        data.take(BLOCK as u64).read_until(b'\n', &mut line)?;
        reader.push(&line, &mut Vec::new());
        events.extend(reader.size().map(|(cols, rows)| untimed(RecordedEvent::Resize { cols, rows })));
        Ok(line.len() as u64)
    }

    /// Takes the next entry. Returns its event, if it has one by itself; `None` at the end.
    fn next_entry(&mut self) -> Result<Option<Option<TimedEvent>>, String> {
        let of_timing = |name: &str, fault: &RecordingError| format!("{name}: {fault}");
        let entry = loop {
            if let Some(entry) = self.reader.next_entry().map_err(|fault| of_timing(&self.name, &fault))? {
                break Some(entry);
            }
            let block = self.file.fill_buf().map_err(|error| unreadable(&self.name, read_reason(&error)))?;
            let len = block.len();
            if len == 0 {
                break self.reader.finish().map_err(|fault| of_timing(&self.name, &fault))?;
            }
            self.reader.push(block);
            self.file.consume(len);
        };
        let Some(entry) = entry else { return Ok(None) };
        self.now += entry.delay;
        let event = match entry.change {
            TimingChange::Output(bytes) => {
                (self.left, self.is_input) = (bytes, false);
                None
            }
            // Where input has a file of its own, none of its bytes are here.
            TimingChange::Input(bytes) if self.logs[0].is_some() && self.logs[0] == self.logs[1] => {
                (self.left, self.is_input) = (bytes, true);
                None
            }
            TimingChange::Resize { cols, rows } => Some(RecordedEvent::Resize { cols, rows }),
            TimingChange::Header(name, value) => self.header(&name, &value),
            TimingChange::Input(_) | TimingChange::Signal => None,
        };
        Ok(Some(event.map(|event| TimedEvent { at: self.now, event })))
    }

    /// Takes a fact about the recording. Returns the size of the window once both sides are known, or the exit.
    fn header(&mut self, name: &str, value: &str) -> Option<RecordedEvent> {
        match name {
            "OUTPUT_LOG" => self.logs[0] = Some(value.to_owned()),
            "INPUT_LOG" => self.logs[1] = Some(value.to_owned()),
            // A size that is no number is not known.
            "COLUMNS" => self.size[0] = value.parse().ok(),
            "LINES" => self.size[1] = value.parse().ok(),
            "EXIT_CODE" => return value.parse().ok().map(RecordedEvent::Exit),
            _ => return None,
        }
        let [Some(cols), Some(rows)] = self.size else { return None };
        Some(RecordedEvent::Resize { cols, rows })
    }
}

/// Returns an event of a recording without times.
pub(super) fn untimed(event: RecordedEvent) -> TimedEvent {
    TimedEvent { at: Duration::ZERO, event }
}
