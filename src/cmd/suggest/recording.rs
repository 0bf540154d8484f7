//! A recording that is read twice. Where it cannot be opened again, as standard input, its events are kept.

use std::borrow::Cow;
use std::path::Path;

use super::super::output::complain;
use super::super::replay::progress::ReplayProgress;
use super::super::replay::source::RecordingSource;
use crate::cli::SuggestArgs;
use crate::wire::recording::{RecordedEvent, TimedEvent};

/// Maximum size of the kept events in bytes.
const MOST_KEPT: usize = 64 << 20;

/// A recording that is read twice.
pub(super) struct TwiceReadRecording<'a> {
    args: &'a SuggestArgs,
    file: &'a Path,
    /// Its name, for messages.
    pub(super) name: String,
    kept: Option<KeptEvents>,
    /// Whether it could not be read to its end.
    pub(super) is_failed: bool,
}

/// Events, up to a size.
struct KeptEvents {
    events: Vec<TimedEvent>,
    /// Number of bytes that may still be kept.
    room: usize,
}

/// How far a recording was read.
struct ReadToEnd {
    /// Whether to its end, and not as far as events were wanted.
    is_whole: bool,
    /// That it ends within an event: a sentence.
    cut_off: Option<String>,
}

impl<'a> TwiceReadRecording<'a> {
    /// Creates the recording `file` that `args` names.
    pub(super) fn new(args: &'a SuggestArgs, file: &'a Path) -> Self {
        let name = if is_stdin(file) { "standard input".into() } else { file.to_string_lossy() };
        Self { args, file, name: Cow::into_owned(name), kept: None, is_failed: false }
    }

    /// Reads the recording and gives each event to `with`. A fault is told; what is in front of it counts.
    pub(super) fn read(&mut self, mut with: impl FnMut(&TimedEvent)) {
        let mut kept = self.cannot_be_reopened().then(|| KeptEvents { events: Vec::new(), room: MOST_KEPT });
        let read = self.events(|event| {
            let is_kept = kept.as_mut().is_none_or(|kept| kept.push(&event));
            if is_kept {
                with(&event);
            }
            is_kept
        });
        self.kept = kept;
        match read {
            Ok(ReadToEnd { is_whole, cut_off }) => {
                // One that was cut off is used as far as it goes, as that of a session that was killed.
                cut_off.iter().for_each(|sentence| complain(sentence));
                if !is_whole {
                    let (name, most) = (&self.name, MOST_KEPT >> 20);
                    self.fail(&format!(
                        "{name} cannot be read twice, so that what is beyond {most} MiB is left out: write it to a file and name \
                         that"
                    ));
                }
            }
            Err(sentence) => self.fail(&sentence),
        }
    }

    /// Reads the recording again, and gives each event to `with`.
    pub(super) fn read_again(&mut self, mut with: impl FnMut(&TimedEvent)) {
        if let Some(kept) = self.kept.take() {
            return kept.events.iter().for_each(with);
        }
        let read = self.events(|event| {
            with(&event);
            true
        });
        // A fault that was found before is the same again.
        if let (Err(sentence), false) = (read, self.is_failed) {
            self.fail(&sentence);
        }
    }

    fn fail(&mut self, sentence: &str) {
        complain(sentence);
        self.is_failed = true;
    }

    /// Whether the file, or its timing file, is a pipe or the like. One that does not exist is named when it is opened.
    fn cannot_be_reopened(&self) -> bool {
        let is_file = |file: &Path| !is_stdin(file) && file.metadata().is_ok_and(|data| data.is_file());
        !is_file(self.file) || self.args.timing.as_deref().is_some_and(|timing| !is_file(timing))
    }

    /// Reads the events and gives each to `with`, as long as that returns that it wants more. The error is a sentence.
    fn events(&self, mut with: impl FnMut(TimedEvent) -> bool) -> Result<ReadToEnd, String> {
        let mut source = RecordingSource::open(self.file, self.args.format, self.args.timing.as_deref())?;
        let (mut progress, mut events, mut is_wanted) = (ReplayProgress::new(self.file), Vec::new(), true);
        let mut more = Ok(true);
        while is_wanted && matches!(more, Ok(true)) {
            more = source.read(&mut events);
            is_wanted = events.drain(..).all(&mut with);
            progress.show(source.position());
        }
        progress.clear();
        more.map(|_| ReadToEnd { is_whole: is_wanted, cut_off: source.take_cut_off() })
    }
}

impl KeptEvents {
    /// Keeps an event, if there is room; returns whether there was.
    fn push(&mut self, event: &TimedEvent) -> bool {
        let bytes = match &event.event {
            RecordedEvent::Output(bytes) | RecordedEvent::Input(bytes) => bytes.len(),
            RecordedEvent::Marker(label) => label.len(),
            RecordedEvent::Resize { .. } | RecordedEvent::Exit(_) => 0,
        };
        let room = self.room.checked_sub(size_of::<TimedEvent>() + bytes);
        // Nothing of it is kept behind the first event that is left out.
        self.room = room.unwrap_or_default();
        if room.is_some() {
            self.events.push(event.clone());
        }
        room.is_some()
    }
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn events_are_kept_up_to_a_size() {
        let event = |len: usize| TimedEvent { at: Duration::ZERO, event: RecordedEvent::Output(vec![b'x'; len]) };
        let mut kept = KeptEvents { events: Vec::new(), room: 2 * (size_of::<TimedEvent>() + 100) };
        assert!(kept.push(&event(100)) && !kept.push(&event(101)) && !kept.push(&event(1)));
        assert_eq!(kept.events, [event(100)]);
    }
}
