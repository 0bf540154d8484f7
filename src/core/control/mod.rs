//! What a session answers its control clients: one arm for each request. Some are answered at once, some when what they
//! wait for has come. Of sockets and frames it knows nothing.

mod annotate;
mod read;
mod rpc_error;
mod run;
mod send;
mod subscribers;
mod triggers;

use std::time::Instant;

use serde_json::Value;

use super::request::{Request, TriggerRequest};
use super::{Core, Effect, LentProgram};
use crate::types::RequestId;
pub(super) use rpc_error::refuse;
pub use rpc_error::{ErrorCode, RpcError};
pub(super) use run::CoprocWaiters;
pub(super) use send::Secret;
use send::SendOptions;
pub(super) use subscribers::Subscribers;

/// What is answered.
type Reply = Result<Value, RpcError>;

/// What control clients wait for.
#[derive(Debug, Default)]
pub(super) struct Control {
    pub(super) coprocs: CoprocWaiters,
    pub(super) subscribers: Subscribers,
    /// At most one: two would be typed at the same prompt.
    pub(super) secret: Option<Secret>,
}

impl Core {
    /// A control client asks for this.
    pub(super) fn asked(&mut self, now: Instant, request_id: RequestId, command: Request, out: &mut Vec<Effect>) {
        let reply = match command {
            Request::Run { silent, replace, wait, input, command } => {
                return self.asked_to_run(now, request_id, (silent, replace, wait), input, &command, out);
            }
            Request::Stop { signal } => return self.asked_to_stop(now, request_id, signal, out),
            Request::Wait {} => return self.asked_to_wait(request_id, out),
            Request::Status {} => Ok(self.status(now)),
            Request::Errors { .. } => self.errors(),
            Request::Send { enter, paste, secret: true, timeout, text } => {
                return self.asked_to_send_secret(now, request_id, &text, SendOptions { enter, paste }, timeout, out);
            }
            Request::Send { enter, paste, text, .. } => self.send(now, &text, SendOptions { enter, paste }),
            Request::Lines { number, from, command, follow, .. } => {
                let wanted = read::LinesQuery { number, from, command };
                if follow {
                    self.follow_lines(now, request_id, wanted)
                } else {
                    self.tell_lines(now, wanted, read::Open::Told)
                }
            }
            Request::Screen {} => self.tell_screen(),
            Request::Annotate { line, text } => self.asked_to_annotate(now, &line, text, out),
            Request::Notes {} => Ok(self.tell_notes()),
            Request::Captured {} => Ok(self.tell_captured()),
            Request::Inject { text } => self.asked_to_inject(&text),
            Request::Set { name, value } => self.asked_to_set(&name, &value),
            Request::Get { name } => self.asked_to_get(name.as_deref()),
            Request::Marks {} => Ok(self.tell_marks(now)),
            Request::Trigger(command) => self.asked_of_triggers(now, command),
            Request::Lend { command, directory, environment, streams, .. } => {
                let guest = LentProgram { command, directory, environment, streams };
                return self.asked_to_lend(now, request_id, guest, out);
            }
            Request::Notify { text } => self.notify(&text),
            Request::Subscribe { events } => {
                let reply = self.control.subscribers.add(request_id, events);
                self.watch();
                reply
            }
        };
        out.push(Effect::Answer(request_id, reply));
    }

    /// The client has gone.
    pub(super) fn withdrawn(&mut self, now: Instant, request_id: RequestId, out: &mut Vec<Effect>) {
        if self.control.subscribers.remove(request_id) {
            self.watch();
        }
        self.control.coprocs.forget(request_id);
        self.forget_secret(request_id);
        self.guest_withdrawn(now, request_id, out);
    }

    fn asked_of_triggers(&mut self, now: Instant, command: TriggerRequest) -> Reply {
        match command {
            TriggerRequest::List {} => Ok(self.list_triggers(now)),
            TriggerRequest::Add { regex, options } => self.add_trigger(regex, options.0),
            TriggerRequest::Remove { trigger } => self.remove_trigger(&trigger),
            TriggerRequest::Enable { trigger } => self.switch_trigger(&trigger, true),
            TriggerRequest::Disable { trigger } => self.switch_trigger(&trigger, false),
        }
    }
}
