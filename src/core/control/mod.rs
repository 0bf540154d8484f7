//! What a session answers its control clients: one arm for each request. Some are answered at once, some when what they
//! wait for has come. Of sockets and frames it knows nothing.

mod answers;
mod events;
mod noting;
mod reading;
mod running;
mod sending;
mod triggers;

use std::time::Instant;

use serde_json::Value;

use super::command::{Command, TriggerCommand};
use super::{Core, Effect, Guest};
use crate::words::Ticket;
pub(super) use answers::refuse;
pub use answers::{Code, Refusal};
pub(super) use events::Subscribers;
pub(super) use running::Coprocs;
use sending::Manner;
pub(super) use sending::Secret;

/// What is answered.
type Reply = Result<Value, Refusal>;

/// What control clients wait for.
#[derive(Debug, Default)]
pub(super) struct Control {
    pub(super) coprocs: Coprocs,
    pub(super) subscribers: Subscribers,
    /// At most one: two would be typed at the same prompt.
    pub(super) secret: Option<Secret>,
}

impl Core {
    /// A control client asks for this.
    pub(super) fn asked(&mut self, now: Instant, ticket: Ticket, command: Command, out: &mut Vec<Effect>) {
        let reply = match command {
            Command::Run { silent, replace, wait, input, command } => {
                return self.asked_to_run(now, ticket, (silent, replace, wait), input, &command, out);
            }
            Command::Stop { signal } => return self.asked_to_stop(now, ticket, signal, out),
            Command::Wait {} => return self.asked_to_wait(ticket, out),
            Command::Status {} => Ok(self.status(now)),
            Command::Errors { .. } => self.errors(),
            Command::Send { enter, paste, secret: true, timeout, text } => {
                return self.asked_to_send_secret(now, ticket, &text, Manner { enter, paste }, timeout, out);
            }
            Command::Send { enter, paste, text, .. } => self.send(now, &text, Manner { enter, paste }),
            Command::Lines { number, from, command, follow, .. } => {
                let wanted = reading::Wanted { number, from, command };
                if follow {
                    self.follow_lines(now, ticket, wanted)
                } else {
                    self.tell_lines(now, wanted, reading::Open::Told)
                }
            }
            Command::Screen {} => self.tell_screen(),
            Command::Annotate { line, text } => self.asked_to_annotate(now, &line, text, out),
            Command::Notes {} => Ok(self.tell_notes()),
            Command::Captured {} => Ok(self.tell_captured()),
            Command::Inject { text } => self.asked_to_inject(&text),
            Command::Set { name, value } => self.asked_to_set(&name, &value),
            Command::Get { name } => self.asked_to_get(name.as_deref()),
            Command::Marks {} => Ok(self.tell_marks(now)),
            Command::Trigger(command) => self.asked_of_triggers(now, command),
            Command::Lend { command, directory, environment, streams, .. } => {
                let guest = Guest { command, directory, environment, streams };
                return self.asked_to_lend(now, ticket, guest, out);
            }
            Command::Notify { text } => self.notify(&text),
            Command::Subscribe { events } => {
                let reply = self.control.subscribers.add(ticket, events);
                self.watch();
                reply
            }
        };
        out.push(Effect::Answer(ticket, reply));
    }

    /// The client has gone.
    pub(super) fn withdrawn(&mut self, now: Instant, ticket: Ticket, out: &mut Vec<Effect>) {
        if self.control.subscribers.remove(ticket) {
            self.watch();
        }
        self.control.coprocs.forget(ticket);
        self.forget_secret(ticket);
        self.guest_withdrawn(now, ticket, out);
    }

    fn asked_of_triggers(&mut self, now: Instant, command: TriggerCommand) -> Reply {
        match command {
            TriggerCommand::List {} => Ok(self.list_triggers(now)),
            TriggerCommand::Add { regex, options } => self.add_trigger(regex, options.0),
            TriggerCommand::Remove { trigger } => self.remove_trigger(&trigger),
            TriggerCommand::Enable { trigger } => self.switch_trigger(&trigger, true),
            TriggerCommand::Disable { trigger } => self.switch_trigger(&trigger, false),
        }
    }
}
