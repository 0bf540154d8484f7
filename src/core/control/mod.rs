//! Requests of clients that concern more than one machine: reading the terminal, annotations, typing, subscriptions. The
//! host has the sockets and frames.

pub(super) mod annotate;
pub(super) mod read;
pub(super) mod send;
pub(super) mod status;
pub(super) mod subscribers;

use super::password::PasswordWatch;
use super::response::Response;
use super::rpc_error::RpcError;
use send::Secret;
use subscribers::Subscribers;

/// Answer to a request.
pub(super) type Reply = Result<Response, RpcError>;

/// State of requests that are answered later.
#[derive(Debug, Default)]
pub(super) struct Control {
    pub(super) subscribers: Subscribers,
    pub(super) password: PasswordWatch,
    pub(super) secret: Secret,
}

impl Control {
    /// Creates the state of a new session; `password_jobs` are programs that draw stars for a password.
    pub(super) fn new(password_jobs: Vec<String>) -> Self {
        Self { password: PasswordWatch::new(password_jobs), ..Self::default() }
    }
}
