//! What clients ask of a session, as far as it concerns more than one machine: what is read of the terminal, notes, typing,
//! subscriptions. Sockets and frames are for the host.

pub(super) mod annotate;
pub(super) mod read;
pub(super) mod send;
pub(super) mod status;
pub(super) mod subscribers;

use super::response::Response;
use super::rpc_error::RpcError;
use send::Secret;
use subscribers::Subscribers;

/// What a request is answered with.
pub(super) type Reply = Result<Response, RpcError>;

/// What clients wait for.
#[derive(Debug, Default)]
pub(super) struct Control {
    pub(super) subscribers: Subscribers,
    pub(super) secret: Secret,
}
