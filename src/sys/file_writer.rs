//! A thread that writes a file, so that a slow disk does not stall the loop: a write to a regular file waits for the disk,
//! also with O_NONBLOCK (open(2)).

use std::fs::File;
use std::io;
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};

use crate::types::reason;

/// Maximum number of bytes that wait for the thread.
const BUFFER: usize = 1 << 20;
/// Time that the end of the session waits for the disk.
const LAST_WRITE: Duration = Duration::from_secs(2);
/// Why a file is not written to its end.
pub const TOO_LATE: &str = "the disk takes too long";

/// Bytes on their way to the thread, and how it has ended.
#[derive(Debug, Default)]
struct Shared {
    bytes: Vec<u8>,
    /// No more bytes come.
    closed: bool,
    /// A push was refused in part, so that room has to be reported.
    refused: bool,
    /// The thread has ended, with a reason where it could not write.
    ended: Option<Result<(), String>>,
}

/// The shared state, and the signal that it has changed.
type WriterState = (Mutex<Shared>, Condvar);

/// A file with the thread that writes it. Drop waits until everything is written, for at most two seconds.
#[derive(Debug)]
pub struct FileWriter {
    state: Arc<WriterState>,
}

impl FileWriter {
    /// Starts the thread. It calls `wake` when it has room again, and when it has ended.
    pub fn start(file: File, wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let state = Arc::new(WriterState::default());
        let shared = Arc::clone(&state);
        // The thread inherits the mask: the signals of the process are handled in the thread of the loop.
        let mut before = SigSet::empty();
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before))?;
        let started = thread::Builder::new().name("recording".to_owned()).spawn(move || run(file, &shared, &wake));
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
        started.map(|_| Self { state })
    }

    /// Takes bytes as far as there is room; returns their number.
    pub fn push(&self, bytes: &[u8]) -> usize {
        let mut shared = lock(&self.state);
        let taken = bytes.len().min(BUFFER.saturating_sub(shared.bytes.len()));
        shared.bytes.extend_from_slice(&bytes[..taken]);
        shared.refused |= taken < bytes.len();
        drop(shared);
        self.state.1.notify_all();
        taken
    }

    /// Says that no more bytes come.
    pub fn close(&self) {
        lock(&self.state).closed = true;
        self.state.1.notify_all();
    }

    /// Returns how the thread has ended, if it has: the error is a clause.
    pub fn ended(&self) -> Option<Result<(), String>> {
        lock(&self.state).ended.clone()
    }

    /// Waits until everything is written, for at most two seconds. Returns an error as a clause.
    pub fn finish(&self) -> Result<(), String> {
        self.close();
        let end = Instant::now() + LAST_WRITE;
        let mut shared = lock(&self.state);
        while shared.ended.is_none() && Instant::now() < end {
            let left = end.saturating_duration_since(Instant::now());
            shared = self.state.1.wait_timeout(shared, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        shared.ended.clone().unwrap_or_else(|| Err(TOO_LATE.to_owned()))
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        // How it ends has been asked before, where there is a place to report it.
        let _ = self.finish();
    }
}

/// A panic of the other thread leaves bytes and flags that are valid.
fn lock(state: &WriterState) -> MutexGuard<'_, Shared> {
    state.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes the bytes as they come, until no more come or a write fails.
fn run(mut file: File, state: &WriterState, wake: &impl Fn()) {
    let result = loop {
        let mut shared = lock(state);
        while shared.bytes.is_empty() && !shared.closed {
            shared = state.1.wait(shared).unwrap_or_else(PoisonError::into_inner);
        }
        let bytes = std::mem::take(&mut shared.bytes);
        let wakes = std::mem::take(&mut shared.refused);
        drop(shared);
        if wakes {
            wake();
        }
        if bytes.is_empty() {
            break Ok(());
        }
        if let Err(error) = file.write_all(&bytes) {
            break Err(reason(&error));
        }
    };
    lock(state).ended = Some(result);
    state.1.notify_all();
    wake();
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::fs::OpenOptions;
    use std::os::unix::fs::OpenOptionsExt;
    use std::sync::mpsc;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    #[test]
    fn file_has_every_byte_at_the_end() {
        let dir = tempfile::tempdir().expect("a temporary directory is created");
        let path = dir.path().join("file");
        let (send, woken) = mpsc::channel();
        let wake = move || send.send(()).expect("the test waits");
        let writer = FileWriter::start(File::create(&path).expect("the path is free"), wake);
        let writer = writer.expect("a thread can be started");
        let mut expected = Vec::new();
        for n in 0..10_000_u32 {
            let piece = n.to_string().into_bytes();
            let mut taken = 0;
            while taken < piece.len() {
                taken += writer.push(&piece[taken..]);
            }
            expected.extend(piece);
        }
        assert_eq!((writer.ended(), writer.finish()), (None, Ok(())));
        assert_eq!((fs::read(&path).expect("it was written"), writer.ended()), (expected, Some(Ok(()))));
        woken.recv().expect("the end was reported");
    }

    #[test]
    fn writer_that_waits_refuses_what_exceeds_its_buffer() {
        let dir = tempfile::tempdir().expect("a temporary directory is created");
        let path = dir.path().join("fifo");
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).expect("the path is free");
        let reader = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).expect("a FIFO");
        let (send, woken) = mpsc::channel();
        let writer = OpenOptions::new().write(true).open(&path).expect("a FIFO with a reader");
        let wake = move || send.send(()).expect("the test waits");
        let writer = FileWriter::start(writer, wake).expect("a thread can be started");
        let mut taken = 0;
        // The pipe is full in the end, and then the buffer.
        while let n @ 1.. = writer.push(&[b'x'; 100_000]) {
            taken += n;
        }
        assert!(taken <= BUFFER + 2 * (1 << 20), "{taken}");
        drop(reader);
        woken.recv().expect("the end was reported");
        while writer.ended().is_none() {
            woken.recv().expect("the end was reported");
        }
        assert_eq!(writer.finish(), Err("Broken pipe".to_owned()));
    }
}
