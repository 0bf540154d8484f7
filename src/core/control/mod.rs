//! Requests of clients that concern more than one machine: reading the terminal, annotations, typing, subscriptions. The
//! host has the sockets and frames.

pub(super) mod annotate;
mod history_requests;
pub(super) mod read;
mod redacted;
pub(super) mod send;
pub(super) mod status;
pub(super) mod subscribers;
mod typed_calls;

use std::sync::Arc;

use super::password::PasswordWatch;
use super::redact::Redactor;
use super::response::Response;
use super::rpc_error::RpcError;
use history_requests::HistoryRequests;
pub(super) use redacted::redact_reply;
use send::Secret;
use subscribers::Subscribers;

/// Maximum size of the text in one answer in bytes. Beyond it the oldest lines, commands or annotations are left out. It
/// bounds the time of a turn, in which the whole answer is made.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// Answer to a request.
pub(super) type Reply = Result<Response, RpcError>;

/// State of requests that are answered later.
#[derive(Debug, Default)]
pub(super) struct Control {
    pub(super) subscribers: Subscribers,
    pub(super) password: PasswordWatch,
    pub(super) secret: Secret,
    pub(super) history_requests: HistoryRequests,
}

impl Control {
    /// Creates the state of a new session; `password_jobs` are programs that draw stars for a password, `rules` redact what
    /// all subscribers get.
    pub(super) fn new(password_jobs: Vec<String>, rules: Option<Arc<Redactor>>) -> Self {
        let subscribers = Subscribers::new(rules);
        Self { password: PasswordWatch::new(password_jobs), subscribers, ..Self::default() }
    }
}
