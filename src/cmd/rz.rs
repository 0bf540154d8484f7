//! `coshell rz`: receives files by ZMODEM on standard input and output.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Instant;

use super::output::{complain, say};
use super::received_file::{Existing, ReceivedFile};
use super::transfer_link::TransferLink;
use super::transfer_report::{TransferReport, too_large};
use crate::cli::RzArgs;
use crate::display::one_line;
use crate::error::Failure;
use crate::types::reason;
use crate::zmodem::offer::FileOffer;
use crate::zmodem::receiver::{Receiver, ReceiverStep};
use crate::zmodem::{MAX_SIZE, SessionEnd};

/// A session with its files.
struct FileReception {
    directory: PathBuf,
    existing: Existing,
    resumes: bool,
    report: TransferReport,
    file: Option<ReceivedFile>,
    /// Position at which the transfer of the file began.
    begun_at: u32,
}

/// Receives files; returns the exit status.
pub(super) fn run(args: &RzArgs) -> Result<u8, Failure> {
    let existing = match args {
        RzArgs { overwrite: true, .. } => Existing::Overwrite,
        RzArgs { protect: true, .. } => Existing::Skip,
        _ => Existing::Number,
    };
    let directory = args.directory.clone().unwrap_or_else(|| ".".into());
    // The whole path, for messages; a directory that has none is refused below.
    let directory = std::fs::canonicalize(&directory).unwrap_or(directory);
    let mut files = FileReception {
        directory,
        existing,
        resumes: args.resume,
        report: TransferReport::new("received", args.quiet),
        file: None,
        begun_at: 0,
    };
    // The words of rz(1), for which triggers and terminals look. Without a terminal of its own it answers a sender.
    if io::stdin().is_terminal() {
        say("rz waiting to receive.");
    }
    let mut link = TransferLink::open()?;
    let mut receiver = Receiver::new(Instant::now(), args.escape);
    if let Err(error) = std::fs::read_dir(&files.directory) {
        receiver.cancel();
        link.write_last(receiver.pending());
        drop(link);
        complain(&format!("cannot receive into {}: {}", files.directory.display(), reason(&error)));
        return Ok(1);
    }
    let signal = files.exchange(&mut link, &mut receiver);
    let end = receiver.end().unwrap_or(SessionEnd::Closed);
    link.write_last(receiver.pending());
    if end != SessionEnd::Done {
        link.swallow_rest();
    }
    // The terminal shows text again.
    drop(link);
    files.cut();
    Ok(files.report.end(end, signal, Some(&files.directory)))
}

impl FileReception {
    /// Runs the session to its end; returns the signal that ended it.
    fn exchange(&mut self, link: &mut TransferLink, receiver: &mut Receiver) -> Option<i32> {
        let (mut signal, mut is_closed) = (None, false);
        loop {
            let now = Instant::now();
            let mut bytes = link.input();
            while let Some(step) = receiver.next(now, &mut bytes) {
                match step {
                    ReceiverStep::Store(data) => {
                        let stored = self.file.as_mut().map_or(Ok(()), |file| file.store(data));
                        if let Err(error) = stored {
                            self.fail(&error);
                            receiver.fail(now);
                        }
                    }
                    ReceiverStep::Offer(offer) => self.offered(now, receiver, offer),
                    ReceiverStep::Compared(crc) => self.compared(now, receiver, crc),
                    ReceiverStep::Close => self.close(now, receiver),
                    ReceiverStep::Abandon => self.abandon(),
                    ReceiverStep::Continue => {}
                }
            }
            if is_closed {
                receiver.close();
            }
            if receiver.end().is_some() {
                return signal;
            }
            receiver.tick(now);
            if let Some(file) = &self.file {
                let (name, done) = (file.shown_name(), u64::from(receiver.position()));
                self.report.progress(now, &name, done, file.size(), receiver.stalled_for(now));
            }
            let turn = link.turn(receiver.pending(), receiver.deadline());
            receiver.wrote(turn.written);
            if turn.signal.is_some() {
                signal = turn.signal;
                receiver.cancel();
            }
            is_closed = turn.is_closed;
        }
    }

    fn offered(&mut self, now: Instant, receiver: &mut Receiver, offer: FileOffer) {
        self.report.begin();
        let sent_name = one_line(&String::from_utf8_lossy(&offer.name));
        match self.open(offer) {
            Ok((file, 0)) => {
                self.file = Some(file);
                self.begin(now, receiver, 0);
            }
            Ok((file, len)) => {
                self.file = Some(file);
                receiver.compare(now, len);
            }
            Err(sentence) => {
                self.report.failure(&format!("{sent_name} was not received: {sentence}"));
                receiver.skip(now);
            }
        }
    }

    /// Opens the file of an offer. Returns it with the number of bytes to compare.
    fn open(&self, offer: FileOffer) -> Result<(ReceivedFile, u32), String> {
        if let Some(size) = offer.size.filter(|size| *size > MAX_SIZE) {
            return Err(too_large(size));
        }
        let name = offer.harmless_name().ok_or("its name cannot be used")?;
        let resumes = self.resumes || offer.recovers;
        let existing = match offer {
            // What the user of this side has asked for comes first.
            FileOffer { protects: true, .. } if self.existing == Existing::Number => Existing::Skip,
            _ => self.existing,
        };
        let file = ReceivedFile::open(&self.directory, name, existing, offer);
        let mut file = file.map_err(|error| reason(&error))?;
        let len = if resumes { file.part_len().map_err(|error| reason(&error))? } else { 0 };
        Ok((file, len))
    }

    fn compared(&mut self, now: Instant, receiver: &mut Receiver, crc: u32) {
        let Some(file) = &mut self.file else { return receiver.skip(now) };
        // A part that cannot be read is received anew.
        let len = match (file.part_crc(), file.part_len()) {
            (Ok(own), Ok(len)) if own == crc => len,
            _ => 0,
        };
        self.begin(now, receiver, len);
    }

    fn begin(&mut self, now: Instant, receiver: &mut Receiver, position: u32) {
        match self.file.as_mut().map_or(Ok(()), |file| file.begin(position)) {
            Ok(()) => {
                self.begun_at = position;
                receiver.accept(now, position);
            }
            Err(error) => {
                self.fail(&error);
                receiver.skip(now);
            }
        }
    }

    fn close(&mut self, now: Instant, receiver: &mut Receiver) {
        let Some(file) = &mut self.file else { return receiver.stored(now) };
        let size = file.size();
        let bytes = u64::from(receiver.position());
        match file.finish() {
            Ok(path) => {
                self.file = None;
                self.report.file(&path, bytes - u64::from(self.begun_at));
                if size.is_some_and(|size| size != bytes) {
                    let path = path.display();
                    complain(&format!(
                        "{path} has {bytes} bytes, not as many as announced: it changed while it was sent"
                    ));
                }
                receiver.stored(now);
            }
            Err(error) => {
                self.end_broken(&format!("was not stored: {}", reason(&error)));
                receiver.fail(now);
            }
        }
    }

    /// Gives up the file, which cannot be written.
    fn fail(&mut self, error: &io::Error) {
        self.end_broken(&format!("was not received: {}", reason(error)));
    }

    fn abandon(&mut self) {
        self.end_broken("was not received: the sender cannot read it");
    }

    /// Ends a file that the end of the session has cut.
    fn cut(&mut self) {
        self.end_broken("was cut");
    }

    /// Ends the file that is not whole, and tells that with `what` and where the part is.
    fn end_broken(&mut self, what: &str) {
        let Some(file) = self.file.take() else { return };
        let (name, path) = (file.shown_name(), file.part_path().display().to_string());
        let sentence = match file.cut() {
            Ok(true) => format!("{name} {what}; what has arrived is in {path}"),
            Ok(false) => format!("{name} {what}"),
            Err(error) => format!("{name} {what}; {path} cannot be written: {}", reason(&error)),
        };
        self.report.failure(&sentence);
    }
}
