//! What the user is told at the end of a coprocess: its failure, and what its file transfer has moved.

use std::time::{Duration, Instant};

use crate::core::command_line::named;
use crate::core::coproc::event::CoprocEvent;
use crate::core::coproc::{EndedCoproc, StopReason};
use crate::core::notices::{Notice, SeeAlso};
use crate::core::response::CoprocFailure;
use crate::core::transfer::{Transfer, TransferFault};
use crate::types::ExitStatus;

/// Exit status of a question that the user has ended, which `sz --ask` passes on.
const ENDED_BY_KEY: ExitStatus = ExitStatus::Code(130);
/// Duration of a file transfer from which a desktop notification tells its end.
const NOTIFIED_FROM: Duration = Duration::from_secs(10);
/// What coshell's own programs write in front of a line on stderr.
const OWN_PREFIX: &str = "coshell: ";
/// Maximum number of their lines that are shown.
const OWN_LINES: usize = 8;

/// The end of a coprocess.
pub(super) struct Ending<'a> {
    pub(super) now: Instant,
    pub(super) ended: &'a EndedCoproc,
    pub(super) transfer: Option<&'a Transfer>,
    /// Whether it answered a file transfer by `--zmodem`.
    pub(super) tells_summary: bool,
}

impl Ending<'_> {
    /// Returns why it failed, unless the user has ended it.
    pub(super) fn failure(&self) -> Option<CoprocFailure> {
        let EndedCoproc { command, exit, stderr, reason } = self.ended;
        let by_user = reason.is_some() || self.tells_summary && *exit == ENDED_BY_KEY;
        (!by_user && !exit.success()).then(|| CoprocFailure {
            message: format!("coprocess {} failed: {exit}", named(command)),
            stderr: stderr.last_lines(),
        })
    }

    /// Returns what the user is told; `failure` is told by a notice unless a client is waiting for it.
    pub(super) fn events(&self, failure: Option<CoprocFailure>) -> Vec<CoprocEvent> {
        let mut notices = self.own_lines();
        let fault = match self.ended.reason {
            Some(StopReason::Transfer(fault)) => Some(fault),
            _ => None,
        };
        if let Some(fault) = fault {
            let sentence = format!("{} was stopped: {}", named(&self.ended.command), reason_of(fault));
            notices.insert(0, Notice::new(sentence));
        } else if notices.is_empty() {
            notices.extend(failure.map(|failure| Notice::new(failure.message).with(failure.stderr, SeeAlso::Errors)));
            if self.ended.reason.is_none() && self.ended.exit.success() {
                notices.extend(self.refused());
                notices.extend(self.moved().map(Notice::new));
            }
        }
        let long = self.transfer.is_some_and(|transfer| transfer.elapsed(self.now) >= NOTIFIED_FROM);
        let notification = self.moved().filter(|_| long).map(CoprocEvent::Notify);
        notices.into_iter().map(CoprocEvent::Notice).chain(notification).collect()
    }

    /// Returns the lines in which coshell's own programs tell what was transferred. They know more than the frames tell.
    fn own_lines(&self) -> Vec<Notice> {
        if self.transfer.is_none() {
            return Vec::new();
        }
        let lines = self.ended.stderr.lines();
        let own: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix(OWN_PREFIX)).collect();
        own[own.len().saturating_sub(OWN_LINES)..].iter().map(Notice::new).collect()
    }

    /// Returns the notice about refused files, with what the program says about it.
    fn refused(&self) -> Option<Notice> {
        let sentence = self.transfer?.refused(&named(&self.ended.command))?;
        Some(Notice::new(sentence).with(self.ended.stderr.last_lines(), SeeAlso::Errors))
    }

    /// Returns a sentence about what was moved by a program of `--zmodem`.
    fn moved(&self) -> Option<String> {
        self.transfer?.moved(self.now).filter(|_| self.tells_summary)
    }
}

/// Returns the rest of the sentence that a coprocess was stopped.
fn reason_of(fault: TransferFault) -> &'static str {
    match fault {
        TransferFault::FarGone => "the other side ended the transfer",
        TransferFault::BothReceive => "both ends receive; for a far rz, start the sender here: sz FILE",
        TransferFault::BothSend => "both ends send; for a far sz, start the receiver here: rz",
    }
}
