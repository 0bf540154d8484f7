//! Reads a recording file in blocks, whatever its format.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use crate::types::reason;
use crate::wire::asciicast::reader::AsciicastReader;
use crate::wire::recording::{
    RecordedEvent, RecordingError, RecordingFault, RecordingFormat, TYPESCRIPT_START, TimedEvent,
};
use crate::wire::typescript::{TimingChange, TimingReader, TypescriptReader};

/// Number of bytes that are read at once, and of which the events are in memory.
const BLOCK: usize = 256 * 1024;

/// A recording that is being read.
pub(super) struct RecordingSource {
    name: String,
    data: BufReader<Box<dyn Read>>,
    kind: Kind,
    /// Number of bytes read so far, and of the file, if it is one.
    position: (u64, Option<u64>),
    cut_off: Option<String>,
}

enum Kind {
    Asciicast(AsciicastReader),
    Typescript(TypescriptReader),
    Timed(Timed),
    Raw,
    /// Whether the byte before was a carriage return.
    Text(bool),
}

/// A typescript with its timing file.
struct Timed {
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

/// Result of the reading of a block: whether more may follow. The error is a sentence that names the file.
pub(super) type More = Result<bool, String>;

impl RecordingSource {
    /// Opens the recording at `path`, `-` for stdin, and finds out its format. The error is a sentence.
    pub(super) fn open(path: &Path, format: Option<RecordingFormat>, timing: Option<&Path>) -> Result<Self, String> {
        let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        let unreadable = |error: &io::Error| format!("{name} cannot be read: {}", reason(error));
        let (input, len): (Box<dyn Read>, _) = if path == Path::new("-") {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(path).map_err(|error| unreadable(&error))?;
            let metadata = file.metadata().map_err(|error| unreadable(&error))?;
            let len = metadata.is_file().then_some(metadata.len());
            (Box::new(file), len)
        };
        let mut data = BufReader::with_capacity(BLOCK, input);
        let kind = match timing {
            Some(timing) => Kind::Timed(Timed::open(timing)?),
            None => {
                let start = data.fill_buf().map_err(|error| unreadable(&error))?;
                Kind::new(format.unwrap_or_else(|| RecordingFormat::detect(start)))
            }
        };
        Ok(Self { name, data, kind, position: (0, len), cut_off: None })
    }

    /// Returns the number of bytes read so far, and that of the file, if it is one.
    pub(super) fn position(&self) -> (u64, Option<u64>) {
        self.position
    }

    /// Reads a block and appends its events. Returns whether more may follow.
    pub(super) fn read(&mut self, events: &mut Vec<TimedEvent>) -> More {
        if let Kind::Timed(timed) = &mut self.kind {
            return timed.read(&self.name, &mut self.data, &mut self.position.0, events);
        }
        let block =
            self.data.fill_buf().map_err(|error| format!("{} cannot be read: {}", self.name, reason(&error)))?;
        let (len, at_end) = (block.len(), block.is_empty());
        let pushed = if at_end { self.kind.finish(events) } else { self.kind.push(block, events) };
        self.data.consume(len);
        self.position.0 += len as u64;
        match pushed {
            // As that of a session that was killed: what is there is replayed.
            Err(fault) if fault.fault == RecordingFault::CutOff => {
                self.cut_off = Some(format!("{}: {fault}", self.name))
            }
            pushed => pushed.map_err(|fault| format!("{}: {fault}", self.name))?,
        }
        Ok(!at_end)
    }

    /// Takes the sentence that the recording ended within an event.
    pub(super) fn take_cut_off(&mut self) -> Option<String> {
        self.cut_off.take()
    }
}

impl Kind {
    fn new(format: RecordingFormat) -> Self {
        match format {
            RecordingFormat::Asciicast => Self::Asciicast(AsciicastReader::default()),
            RecordingFormat::Typescript => Self::Typescript(TypescriptReader::default()),
            RecordingFormat::Raw => Self::Raw,
            RecordingFormat::Text => Self::Text(false),
        }
    }

    fn push(&mut self, block: &[u8], events: &mut Vec<TimedEvent>) -> Result<(), RecordingError> {
        match self {
            Self::Asciicast(reader) => {
                reader.push(block);
                while let Some(event) = reader.next_event()? {
                    events.push(event);
                }
            }
            Self::Typescript(reader) => {
                let (mut out, was_in_body) = (Vec::new(), reader.is_in_body());
                reader.push(block, &mut out);
                let size = reader.size().filter(|_| !was_in_body);
                events.extend(size.map(|(cols, rows)| untimed(RecordedEvent::Resize { cols, rows })));
                events.push(untimed(RecordedEvent::Output(out)));
            }
            Self::Raw => events.push(untimed(RecordedEvent::Output(block.to_vec()))),
            Self::Text(after_return) => events.push(untimed(RecordedEvent::Output(with_returns(block, after_return)))),
            Self::Timed(_) => {}
        }
        Ok(())
    }

    fn finish(&mut self, events: &mut Vec<TimedEvent>) -> Result<(), RecordingError> {
        match self {
            Self::Asciicast(reader) => events.extend(reader.finish()?),
            Self::Typescript(reader) => {
                let mut out = Vec::new();
                reader.finish(&mut out);
                events.push(untimed(RecordedEvent::Output(out)));
            }
            Self::Raw | Self::Text(_) | Self::Timed(_) => {}
        }
        Ok(())
    }
}

impl Timed {
    fn open(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| format!("{name} cannot be read: {}", reason(&error)))?;
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
    fn read(&mut self, name: &str, data: &mut impl BufRead, position: &mut u64, events: &mut Vec<TimedEvent>) -> More {
        let unreadable = |name: &str, error: &io::Error| format!("{name} cannot be read: {}", reason(error));
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
            let block =
                self.file.fill_buf().map_err(|error| format!("{} cannot be read: {}", self.name, reason(&error)))?;
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

    /// Takes a fact about the recording. Returns the size of the window once both sides are known.
    fn header(&mut self, name: &str, value: &str) -> Option<RecordedEvent> {
        match name {
            "OUTPUT_LOG" => self.logs[0] = Some(value.to_owned()),
            "INPUT_LOG" => self.logs[1] = Some(value.to_owned()),
            // A size that is no number is not known.
            "COLUMNS" => self.size[0] = value.parse().ok(),
            "LINES" => self.size[1] = value.parse().ok(),
            _ => return None,
        }
        let [Some(cols), Some(rows)] = self.size else { return None };
        Some(RecordedEvent::Resize { cols, rows })
    }
}

/// Returns an event of a recording without times.
fn untimed(event: RecordedEvent) -> TimedEvent {
    TimedEvent { at: Duration::ZERO, event }
}

/// Returns `text` with a carriage return in front of each line feed that has none, since a line feed alone only moves the
/// cursor down.
fn with_returns(text: &[u8], after_return: &mut bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) if line.ends_with(b"\r") || line.is_empty() && *after_return => {
                out.extend_from_slice(line);
                out.push(b'\n');
            }
            Some(line) => {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\r\n");
            }
            None => out.extend_from_slice(line),
        }
        *after_return = line.ends_with(b"\r");
    }
    out
}
