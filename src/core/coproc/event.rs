//! Values that pass between the slot and the router: a coprocess to start, its first input, and the consequences of its
//! life.

use crate::core::command_line::CommandLine;
use crate::core::notices::Notice;
use crate::core::request::{InputFormat, Visibility};
use crate::core::response::Response;
use crate::core::rpc_error::RpcError;
use crate::core::session_event::SessionEvent;
use crate::types::{ExitStatus, RequestId};

/// A coprocess to start.
#[derive(Debug)]
pub(in crate::core) struct NewCoproc {
    pub(in crate::core) command: CommandLine,
    pub(in crate::core) visibility: Visibility,
    pub(in crate::core) format: InputFormat,
    /// The request for it, and whether that is answered at its end rather than at its start.
    pub(in crate::core) request: Option<(RequestId, bool)>,
    /// The trigger that it is started for, if any.
    pub(in crate::core) for_trigger: Option<usize>,
    /// Whether a notice says at its end what it has transferred.
    pub(in crate::core) tells_summary: bool,
}

impl NewCoproc {
    /// Creates a coprocess that neither a request nor a trigger asks for.
    pub(in crate::core) fn new(command: CommandLine, visibility: Visibility, format: InputFormat) -> Self {
        Self { command, visibility, format, request: None, for_trigger: None, tells_summary: false }
    }
}

/// A consequence of the coprocess's life for the other machines, in the order in which they are carried out.
#[derive(Debug)]
pub(in crate::core) enum CoprocEvent {
    /// Show the user a notice.
    Notice(Notice),
    /// Send the event `coproc-start` to the subscribers.
    Started { command: String, silent: bool, pid: u32 },
    /// Send the event `coproc-end` to the subscribers.
    Ended { command: String, exit: ExitStatus },
    /// Drop the chunks of its stdout that were not typed yet.
    DropChunks,
    /// Type this behind those chunks.
    Type(&'static [u8]),
    /// Type this as the keyboard would.
    Press(&'static [u8]),
    /// Show withheld output of the shell.
    Show(Vec<u8>),
    /// Clear the row of the progress.
    ClearProgress,
    /// Show a desktop notification.
    Notify(String),
    /// Start another coprocess.
    Start(NewCoproc),
    /// Answer a request.
    Answer(RequestId, Result<Response, RpcError>),
}

/// The first input of a coprocess that a trigger or the header of a file transfer starts.
#[derive(Debug)]
pub(in crate::core) struct FirstInput<'a> {
    /// The firing of the trigger, if one starts it.
    pub(in crate::core) trigger: Option<SessionEvent<'a>>,
    /// The lines that the trigger hands to it before that, each ended by LF.
    pub(in crate::core) lines: &'a [u8],
    /// The raw bytes of the line that starts it, as far as they have come.
    pub(in crate::core) raw: Vec<u8>,
    /// The line as an event, unless it is unfinished.
    pub(in crate::core) line: Option<SessionEvent<'a>>,
}

/// Input that a silent coprocess has left unread at its exit.
#[derive(Debug)]
pub(in crate::core) struct Reclaimed {
    /// The format of that input.
    pub(in crate::core) format: InputFormat,
    /// The unread input; `None` where it belongs to a broken transfer, which goes on in the recovery.
    pub(in crate::core) unread: Option<Vec<u8>>,
    /// Whether its progress line stands on the screen.
    pub(in crate::core) has_progress: bool,
}
