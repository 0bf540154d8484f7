//! What a session answers its control clients: one arm for each request. Some are answered at once, some when what they
//! wait for has come. Of sockets and frames it knows nothing.

mod answers;
mod events;
mod reading;
mod running;
mod triggers;

use std::time::Instant;

use serde_json::{Value, json};

use super::command::{Command, TriggerCommand};
use super::{Core, Effect, Guest};
use crate::words::Ticket;
pub use answers::{Code, Refusal};
pub(super) use events::Subscribers;
pub(super) use running::{Runs, ended};

/// What is answered.
type Reply = Result<Value, Refusal>;

/// What control clients wait for.
#[derive(Debug, Default)]
pub(super) struct Control {
    pub(super) runs: Runs,
    pub(super) subscribers: Subscribers,
}

/// What a paste is put between, where the program inside has asked for that.
const PASTE: (&[u8], &[u8]) = (b"\x1b[200~", b"\x1b[201~");

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
            Command::Send { enter, paste, text } => self.send(now, &text, enter, paste),
            Command::Lines { number, from, command, follow, .. } => {
                let wanted = reading::Wanted { number, from, command };
                self.tell_lines(now, ticket, wanted, follow)
            }
            Command::Screen {} => self.tell_screen(),
            Command::Marks {} => Ok(self.tell_marks(now)),
            Command::Trigger(command) => self.asked_of_triggers(command),
            Command::Lend { command, directory, environment, streams, .. } => {
                let guest = Guest { command, directory, environment, streams };
                return self.asked_to_lend(now, ticket, guest, out);
            }
            Command::Notify { text } => Ok(self.notify(&text)),
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
        self.control.runs.forget(ticket);
        self.guest_withdrawn(now, ticket, out);
    }

    fn asked_of_triggers(&mut self, command: TriggerCommand) -> Reply {
        match command {
            TriggerCommand::List {} => Ok(self.list_triggers()),
            TriggerCommand::Add { regex, options } => self.add_trigger(&regex, &options.0),
            TriggerCommand::Remove { trigger } => self.remove_trigger(&trigger),
            TriggerCommand::Enable { trigger } => self.switch_trigger(&trigger, true),
            TriggerCommand::Disable { trigger } => self.switch_trigger(&trigger, false),
        }
    }

    fn send(&mut self, now: Instant, text: &str, enter: bool, paste: bool) -> Reply {
        let mut bytes = text.replace("\r\n", "\r").replace('\n', "\r").into_bytes();
        if paste && self.screen.text().modes().bracketed_paste() {
            // A paste that holds its own end would end there.
            let whole = text.replace("\x1b[201~", "");
            bytes = [PASTE.0, whole.as_bytes(), PASTE.1].concat();
        }
        if enter {
            bytes.push(b'\r');
        }
        if self.session.shell_is_gone() {
            return Err(Refusal::new(Code::Ended, "the shell has exited: there is nobody to type to"));
        }
        if !self.typing.send(now, &bytes) {
            return Err(Refusal::new(
                Code::Full,
                "more is waiting to be typed than the shell reads (80 KiB); try again when it has read that",
            ));
        }
        Ok(json!({"typed": bytes.len()}))
    }

    fn notify(&mut self, text: &str) -> Value {
        let bytes = self.setup.protocol.notify(text.as_bytes());
        self.screen.show(&bytes);
        json!({})
    }
}
