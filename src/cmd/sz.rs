//! `coshell sz`: sends files by ZMODEM on standard input and output.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::archive::Archive;
use super::received_file::crc_of;
use super::transfer_link::TransferLink;
use super::transfer_report::{TransferReport, too_large};
use crate::cli::SzArgs;
use crate::error::Failure;
use crate::types::reason;
use crate::wire::zmodem::CANCEL_SEQUENCE;
use crate::zmodem::offer::FileOffer;
use crate::zmodem::sender::{Demand, FileFate, Sender, SenderOptions, SenderStep};
use crate::zmodem::{MAX_SIZE, SessionEnd};

/// Why a file is not sent to its end.
const SHORTENED: &str = "it became shorter while it was sent";
/// Type of a regular file in a mode (`S_IFREG`, inode(7)).
const REGULAR: u32 = 0o100_000;

/// A file that is being sent.
struct SentFile {
    path: PathBuf,
    file: File,
    /// Name of the archive that is sent in place of a directory.
    archive: Option<OsString>,
    /// Mode with which it is sent.
    mode: u32,
    size: u64,
    modified: (i64, i64),
    /// Position at which the transfer began.
    begun_at: u32,
    /// The CRC-32 that the other side has asked for, and of which number of bytes.
    crc: Option<(u32, u32)>,
}

/// Answer to the question which files to send.
enum AskedFiles {
    Named(Vec<PathBuf>),
    /// None: the exit status of `coshell ask`.
    Refused(u8),
}

/// A session with its files.
struct Dispatch {
    /// Files to offer, with their sizes at the start, and the sum of these.
    left: VecDeque<(PathBuf, u64)>,
    bytes_left: u64,
    report: TransferReport,
    current: Option<SentFile>,
    is_any_offered: bool,
    buffer: Vec<u8>,
}

/// Sends files; returns the exit status.
pub(super) fn run(args: &SzArgs) -> Result<u8, Failure> {
    let report = TransferReport::new("sent", args.quiet);
    let asked = if args.ask { ask_for_files()? } else { AskedFiles::Named(args.files.clone()) };
    let left = match asked {
        AskedFiles::Named(files) => files,
        AskedFiles::Refused(status) => {
            let link = TransferLink::open()?;
            link.write_last(CANCEL_SEQUENCE);
            return Ok(status);
        }
    };
    let mut dispatch = Dispatch::new(left, report);
    let options = SenderOptions {
        escapes_least: args.escape_less,
        resumes: args.resume,
        overwrites: args.overwrite,
        protects: args.protect,
    };
    let mut link = TransferLink::open()?;
    let mut sender = Sender::new(Instant::now(), options);
    let signal = dispatch.exchange(&mut link, &mut sender);
    let end = sender.end().unwrap_or(SessionEnd::Closed);
    link.write_last(sender.pending());
    if end != SessionEnd::Done {
        link.swallow_rest();
    }
    // The terminal shows text again.
    drop(link);
    if let Some(file) = dispatch.current.take() {
        dispatch.report.failure(&format!("{} was not sent completely", file.path.display()));
    }
    for (path, _) in &dispatch.left {
        dispatch.report.failure(&format!("{} was not sent", path.display()));
    }
    Ok(dispatch.report.end(end, signal, None))
}

/// Asks for the files in a line editor on the session's terminal.
fn ask_for_files() -> Result<AskedFiles, Failure> {
    let failed =
        |error: io::Error| Failure::Internal(format!("coshell: coshell ask could not be started: {}", reason(&error)));
    let program = std::env::current_exe().map_err(failed)?;
    let mut asking = Command::new(program);
    // The other side's bytes are on stdin.
    let asking = asking.args(["ask", "--files", "--null", "Files to send (Esc sends none): "]).stdin(Stdio::null());
    let output = asking.stderr(Stdio::inherit()).output().map_err(failed)?;
    if !output.status.success() {
        // One that a signal has ended has no status of its own.
        let status = output.status.code().and_then(|code| u8::try_from(code).ok());
        return Ok(AskedFiles::Refused(status.unwrap_or(1)));
    }
    let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(AskedFiles::Named(names.map(|name| PathBuf::from(OsStr::from_bytes(name))).collect()))
}

impl Dispatch {
    fn new(files: Vec<PathBuf>, report: TransferReport) -> Self {
        let sized = |path: PathBuf| {
            // A file without a size is refused when its turn comes.
            let size = path.metadata().map_or(0, |metadata| metadata.len());
            (path, size)
        };
        let left: VecDeque<_> = files.into_iter().map(sized).collect();
        // The length of a sparse file, or of one in /proc, may be any.
        let bytes_left = left.iter().fold(0, |sum: u64, (_, size)| sum.saturating_add(*size));
        Self { left, bytes_left, report, current: None, is_any_offered: false, buffer: Vec::new() }
    }

    /// Runs the session to its end; returns the signal that ended it.
    fn exchange(&mut self, link: &mut TransferLink, sender: &mut Sender) -> Option<i32> {
        let (mut signal, mut is_closed) = (None, false);
        loop {
            let now = Instant::now();
            let mut bytes = link.input();
            while let Some(step) = sender.next(now, &mut bytes) {
                self.step(sender, step);
            }
            while let Some(demand) = sender.demand() {
                self.supply(now, sender, demand);
            }
            if is_closed {
                sender.close();
            }
            if sender.end().is_some() {
                return signal;
            }
            sender.tick(now);
            if let Some(file) = &self.current {
                let name = file.path.display().to_string();
                let done = u64::from(sender.position());
                self.report.progress(now, &name, done, Some(file.size), sender.stalled_for(now));
            }
            let turn = link.turn(sender.pending(), sender.deadline());
            sender.wrote(now, turn.written);
            if turn.signal.is_some() {
                signal = turn.signal;
                sender.cancel();
            }
            is_closed = turn.is_closed;
        }
    }

    fn step(&mut self, sender: &mut Sender, step: SenderStep) {
        match step {
            SenderStep::Continue => {}
            SenderStep::Ready => {
                self.report.begin();
                self.offer_next(sender);
            }
            SenderStep::Compare(len) => self.compare(sender, len),
            SenderStep::Start(position) => {
                if let Some(file) = &mut self.current {
                    file.begun_at = position;
                }
            }
            SenderStep::FileEnd(fate) => {
                self.file_ends(fate);
                self.offer_next(sender);
            }
        }
    }

    /// Offers the next file that can be read, or ends the session. Where no file could be sent the session is cancelled, so
    /// that the other side knows.
    fn offer_next(&mut self, sender: &mut Sender) {
        while let Some((path, size)) = self.left.pop_front() {
            self.bytes_left = self.bytes_left.saturating_sub(size);
            match SentFile::open(&path) {
                Ok((file, metadata)) => {
                    // An archive may have taken minutes, which are no stall.
                    sender.offer(Instant::now(), self.offer(&file, &metadata));
                    self.is_any_offered = true;
                    self.current = Some(file);
                    return;
                }
                Err(sentence) => self.report.failure(&format!("{} was not sent: {sentence}", path.display())),
            }
        }
        if self.is_any_offered { sender.finish(Instant::now()) } else { sender.cancel() }
    }

    fn offer(&self, file: &SentFile, metadata: &Metadata) -> FileOffer {
        let name = file.archive.as_deref().or_else(|| file.path.file_name()).unwrap_or_default();
        FileOffer {
            name: name.as_bytes().to_vec(),
            size: Some(metadata.len()),
            // A time before 1970 is not sent.
            modified: u64::try_from(metadata.mtime()).ok(),
            mode: Some(file.mode),
            left: Some((1 + self.left.len() as u64, metadata.len().saturating_add(self.bytes_left))),
            ..FileOffer::default()
        }
    }

    fn compare(&mut self, sender: &mut Sender, len: u32) {
        let Some(file) = &mut self.current else { return };
        match file.crc_of(len) {
            Ok(Some(crc)) => sender.compared(crc),
            Ok(None) => self.fail(sender, "the other side asks for checksums of several lengths"),
            Err(error) => self.fail(sender, &reason(&error)),
        }
    }

    fn supply(&mut self, now: Instant, sender: &mut Sender, demand: Demand) {
        let Some(file) = &self.current else { return sender.cancel() };
        match demand {
            Demand::Data(position, len) => {
                self.buffer.resize(len as usize, 0);
                match file.file.read_exact_at(&mut self.buffer, u64::from(position)) {
                    Ok(()) => sender.data(now, &self.buffer),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        self.fail(sender, SHORTENED);
                    }
                    Err(error) => self.fail(sender, &reason(&error)),
                }
            }
            Demand::Check => match file.file.metadata() {
                // Data that was appended changes nothing of what was sent.
                Ok(metadata) if metadata.len() == file.size && modified(&metadata) != file.modified => {
                    self.fail(sender, "it changed while it was sent");
                }
                Ok(metadata) if metadata.len() < file.size => self.fail(sender, SHORTENED),
                Ok(_) => sender.complete(),
                Err(error) => self.fail(sender, &reason(&error)),
            },
        }
    }

    /// Cancels the session because of the file that is sent: the receiver would take what it has for the whole.
    fn fail(&mut self, sender: &mut Sender, sentence: &str) {
        if let Some(file) = self.current.take() {
            self.report.failure(&format!("{} was not sent: {sentence}", file.path.display()));
        }
        sender.cancel();
    }

    fn file_ends(&mut self, fate: FileFate) {
        let Some(file) = self.current.take() else { return };
        let name = file.path.display();
        match fate {
            FileFate::Received => {
                self.report.file(&file.path, file.size - u64::from(file.begun_at).min(file.size));
                if let Some(archive) = &file.archive {
                    let archive = archive.display();
                    self.report
                        .remark(&format!("{name} was sent as the archive {archive}: unpack it there by tar -xf"));
                }
                if file.file.metadata().is_ok_and(|metadata| metadata.len() > file.size) {
                    let sentence = format!("{name} grew while it was sent: its first {} bytes were sent", file.size);
                    super::output::complain(&sentence);
                }
            }
            FileFate::Skipped => self.report.failure(&format!("{name} was not sent: the other side skipped it")),
            FileFate::Failed => self.report.failure(&format!("{name} was not sent: the other side cannot store it")),
        }
    }
}

impl SentFile {
    fn open(path: &Path) -> Result<(Self, Metadata), String> {
        let shown = |error: io::Error| reason(&error);
        let metadata = path.metadata().map_err(shown)?;
        let (file, archive, mode) = match metadata {
            _ if metadata.is_dir() => {
                let archive = Archive::of(path)?;
                (archive.file, Some(archive.name), Some(archive_mode(&metadata)))
            }
            _ if metadata.is_file() => (File::open(path).map_err(shown)?, None, None),
            _ => return Err("it is not a file".to_owned()),
        };
        let metadata = file.metadata().map_err(shown)?;
        let (size, modified) = (metadata.len(), modified(&metadata));
        if size > MAX_SIZE {
            return Err(too_large(size));
        }
        let mode = mode.unwrap_or_else(|| metadata.mode());
        Ok((Self { path: path.to_owned(), file, archive, mode, size, modified, begun_at: 0, crc: None }, metadata))
    }

    /// Returns the CRC-32 of the first `len` bytes, of all for 0. The file is read once, since it may be large and a question
    /// is short: `None` if that was for another length.
    fn crc_of(&mut self, len: u32) -> io::Result<Option<u32>> {
        if let Some((of, crc)) = self.crc {
            return Ok((of == len).then_some(crc));
        }
        let crc = crc_of(&mut self.file, if len == 0 { u64::MAX } else { u64::from(len) })?;
        self.crc = Some((len, crc));
        Ok(Some(crc))
    }
}

/// Returns the mode of an archive of `directory`, which all may read or write who may read or write the directory: the archive
/// itself is a temporary file of its owner alone. lrzsz sets the mode of a regular file only.
fn archive_mode(directory: &Metadata) -> u32 {
    REGULAR | directory.mode() & 0o666
}

fn modified(metadata: &Metadata) -> (i64, i64) {
    (metadata.mtime(), metadata.mtime_nsec())
}
