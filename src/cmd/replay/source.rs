//! Reads a recording file in blocks, whatever its format.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::timed::{BLOCK, More, Timed, untimed};
use crate::types::{read_reason, unreadable};
use crate::wire::asciicast::reader::AsciicastReader;
use crate::wire::recording::{RecordedEvent, RecordingError, RecordingFault, RecordingFormat, TimedEvent};
use crate::wire::typescript::TypescriptReader;

/// A recording that is being read.
pub(in crate::cmd) struct RecordingSource {
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

impl RecordingSource {
    /// Opens the recording at `path`, `-` for stdin, and finds out its format. The error is a sentence.
    pub(in crate::cmd) fn open(
        path: &Path,
        format: Option<RecordingFormat>,
        timing: Option<&Path>,
    ) -> Result<Self, String> {
        let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        let unreadable = |error: &io::Error| unreadable(&name, read_reason(error));
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
    pub(in crate::cmd) fn position(&self) -> (u64, Option<u64>) {
        self.position
    }

    /// Reads a block and appends its events. Returns whether more may follow.
    pub(in crate::cmd) fn read(&mut self, events: &mut Vec<TimedEvent>) -> More {
        if let Kind::Timed(timed) = &mut self.kind {
            return timed.read(&self.name, &mut self.data, &mut self.position.0, events);
        }
        let block = self.data.fill_buf().map_err(|error| unreadable(&self.name, read_reason(&error)))?;
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
    pub(in crate::cmd) fn take_cut_off(&mut self) -> Option<String> {
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
                let exit = reader.finish(&mut out);
                events.push(untimed(RecordedEvent::Output(out)));
                events.extend(exit.map(|status| untimed(RecordedEvent::Exit(status))));
            }
            Self::Raw | Self::Text(_) | Self::Timed(_) => {}
        }
        Ok(())
    }
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
