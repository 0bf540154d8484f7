//! `coshell mcp`: a server of the Model Context Protocol on standard input and output, through which an AI agent uses a session.
//! `protocol` decides what a line means, `tools` has the table of tools, `calls` performs them by the session's socket.
//!
//! The main thread reads; each call has a thread of its own, so that a call that waits delays no other.

mod arguments;
mod batches;
mod calls;
mod framing;
mod link;
mod outcome;
mod protocol;
mod reading;
mod tool_call;
mod tools;
mod user;
mod version;
mod waiting;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::thread::JoinHandle;

use self::framing::{FramedLine, LineFramer};
use self::link::{CANCELLED, CallCancel, CallLink, SessionLink};
use self::outcome::ToolOutcome;
use self::protocol::{BegunCall, CallNumber, McpServer, ServerStep};
use super::connection::own;
use crate::cli::McpArgs;
use crate::error::Failure;
use crate::types::reason;

/// Number of bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// What the threads share.
#[derive(Debug)]
struct McpState {
    server: Mutex<McpServer>,
    link: SessionLink,
    /// The calls that run.
    running: Mutex<HashMap<CallNumber, Arc<CallCancel>>>,
}

/// The thread of a call, and whether the call may take its time.
type CallThread = (JoinHandle<()>, bool);

/// Serves the client on standard input and output until it closes standard input; returns the exit status.
pub(super) fn run(session: Option<&str>, args: &McpArgs) -> Result<u8, Failure> {
    let state = Arc::new(McpState {
        server: Mutex::new(McpServer::new(args.allow, fence)),
        link: SessionLink::new(session),
        running: Mutex::default(),
    });
    let (mut framer, mut buffer, mut threads) = (LineFramer::default(), vec![0; CHUNK], Vec::new());
    loop {
        let n = match io::stdin().lock().read(&mut buffer) {
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(own(&format!("cannot read the client's messages: {}", reason(&error)))),
        };
        let lines = if n == 0 { framer.finish().into_iter().collect() } else { framer.feed(&buffer[..n]) };
        for line in lines {
            if !take_line(&state, line, &mut threads)? {
                return Ok(0);
            }
        }
        if n == 0 {
            end(&state, threads);
            return Ok(0);
        }
        threads.retain(|(thread, _): &CallThread| !thread.is_finished());
    }
}

/// Does what a line asks for. Returns whether the client still reads.
fn take_line(state: &Arc<McpState>, line: FramedLine, threads: &mut Vec<CallThread>) -> Result<bool, Failure> {
    let steps = match line {
        FramedLine::Whole(line) => locked(&state.server).line(&line),
        FramedLine::TooLong => vec![locked(&state.server).line_too_long()],
    };
    for step in steps {
        match step {
            ServerStep::Send(line) => {
                if !send(&line)? {
                    return Ok(false);
                }
            }
            ServerStep::Call(call) => threads.push(begin(state, call)?),
            ServerStep::Cancel(number) => {
                let cancel = locked(&state.running).remove(&number);
                cancel.into_iter().for_each(|cancel| cancel.cancel());
            }
        }
    }
    Ok(true)
}

/// Starts the thread of a call.
fn begin(state: &Arc<McpState>, begun: BegunCall) -> Result<CallThread, Failure> {
    let BegunCall { number, call, level, client } = begun;
    let cancel = Arc::new(CallCancel::default());
    locked(&state.running).insert(number, Arc::clone(&cancel));
    let (state, waits) = (Arc::clone(state), call.waits());
    let thread = thread::Builder::new().spawn(move || {
        let link = CallLink { link: &state.link, cancel: &cancel, level, client: &client };
        let outcome = calls::perform(&call, &link);
        // The closed connection would be told as the end of the session.
        let outcome = if cancel.is_cancelled() { ToolOutcome::refused(CANCELLED) } else { outcome };
        finish(&state, number, &outcome);
    });
    let thread = thread.map_err(|error| own(&format!("cannot start a thread for a call: {}", reason(&error))))?;
    Ok((thread, waits))
}

fn finish(state: &McpState, number: CallNumber, outcome: &ToolOutcome) {
    locked(&state.running).remove(&number);
    let line = locked(&state.server).finished(number, outcome);
    // A client that reads no more closes standard input as well, which ends the server.
    line.into_iter().for_each(|line| drop(send(&line)));
}

/// Ends the calls that wait, and lets the others end: a client that is a pipe may have closed its end already.
fn end(state: &McpState, threads: Vec<CallThread>) {
    if threads.iter().any(|(_, waits)| *waits) {
        let running = std::mem::take(&mut *locked(&state.running));
        running.into_values().for_each(|cancel| cancel.cancel());
    }
    // A panic in a call is reported by its thread.
    threads.into_iter().for_each(|(thread, _)| drop(thread.join()));
}

/// Writes a line to standard output. Returns whether it still has a reader.
fn send(line: &str) -> Result<bool, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(own(&format!("cannot write to the client: {}", reason(&error)))),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns 16 hexadecimal digits that are not in `text`. They are new for each text, and no program in the session can know
/// them: the keys of the hash are random (`RandomState`).
fn fence(text: &str) -> String {
    static KEYS: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let id = format!("{:016x}", KEYS.hash_one(COUNT.fetch_add(1, Ordering::Relaxed)));
        if !text.contains(&id) {
            return id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fence_is_never_the_same_and_never_in_the_text() {
        let (one, other) = (fence(""), fence(""));
        assert!(one.len() == 16 && one != other);
    }
}
