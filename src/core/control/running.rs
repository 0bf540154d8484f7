//! Coprocesses that control clients start, stop and wait for.

use std::time::Instant;

use serde_json::json;

use super::super::action;
use super::super::coproc::{Ended, Form, Loudness, Record, Why, ended};
use super::super::order::Order;
use super::super::{Core, Effect};
use super::{Code, Refusal, refuse};
use crate::words::{SIGTERM, Ticket};

/// A coprocess to start once the one that runs has ended.
#[derive(Debug)]
struct Next {
    ticket: Ticket,
    order: Order,
    loudness: Loudness,
    form: Form,
    wait: bool,
}

/// One who waits for the end of the coprocess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Waiter {
    ticket: Ticket,
    purpose: Purpose,
}

/// Why somebody waits for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To know how it ended.
    Status,
    /// Only that it has ended.
    Stop,
}

/// Who waits for what of coprocesses, and which was the last.
#[derive(Debug, Default)]
pub(in crate::core) struct Coprocs {
    /// It was asked for and has not been started yet; `true`: it is also waited for.
    starting: Option<(Ticket, bool)>,
    /// Those who are told when the coprocess has ended.
    waiting: Vec<Waiter>,
    next: Option<Next>,
    /// The last coprocess that has ended.
    last: Option<Ended>,
}

impl Coprocs {
    /// Nobody waits for this answer any more. What was started goes on.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.waiting.retain(|waiter| waiter.ticket != ticket);
    }

    /// Whether somebody waits who is told how the coprocess ends: then the user need not be.
    pub(in crate::core) fn is_waited_for(&self) -> bool {
        self.waiting.iter().any(|waiter| waiter.purpose == Purpose::Status)
    }

    fn wait(&mut self, ticket: Ticket, purpose: Purpose) {
        self.waiting.push(Waiter { ticket, purpose });
    }

    /// The last coprocess that has ended, if any has.
    pub(in crate::core) fn last(&self) -> Option<&Ended> {
        self.last.as_ref()
    }
}

impl Core {
    pub(super) fn asked_to_run(
        &mut self,
        now: Instant,
        ticket: Ticket,
        (silent, replace, wait): (bool, bool, bool),
        input: Option<Form>,
        command: &str,
        out: &mut Vec<Effect>,
    ) {
        let command = match self.runnable(command, replace) {
            Ok(command) => command,
            Err(refusal) => return refuse(ticket, refusal, out),
        };
        let order = Order::new(command);
        let loudness = if silent { Loudness::Silent } else { Loudness::Loud };
        let next = Next { ticket, order, loudness, form: input.unwrap_or(self.setup.form), wait };
        let Some(coproc) = &mut self.coproc else { return self.run(now, next, out) };
        coproc.process.stop(now, Why::User, out);
        if let Some(late) = self.control.coprocs.next.replace(next) {
            let sentence = "another coprocess was asked for in its place before it could start";
            refuse(late.ticket, Refusal::new(Code::Busy, sentence), out);
        }
    }

    /// Whether anything can still be begun.
    pub(in crate::core) fn goes_on(&self) -> Result<(), Refusal> {
        if self.session.shell_is_gone() { Err(Refusal::ended()) } else { Ok(()) }
    }

    /// The command line, if it may be run now.
    pub(in crate::core) fn runnable(&self, command: &str, replace: bool) -> Result<String, Refusal> {
        let command = action::command(command).map_err(|reason| Refusal::new(Code::Params, reason))?;
        self.goes_on()?;
        if self.aftermath.is_some() {
            return Err(Refusal::new(Code::Busy, "a broken file transfer is being cleaned up; try again in a moment"));
        }
        match &self.coproc {
            Some(running) if !replace => {
                let name = running.name();
                let sentence = format!("coprocess {name} is running; stop it (coshell stop) or replace it (--replace)");
                Err(Refusal::new(Code::Busy, sentence))
            }
            _ => Ok(command),
        }
    }

    fn run(&mut self, now: Instant, next: Next, out: &mut Vec<Effect>) {
        self.control.coprocs.starting = Some((next.ticket, next.wait));
        self.start_coproc(now, next.order, next.loudness, next.form, None, out);
    }

    pub(super) fn asked_to_stop(&mut self, now: Instant, ticket: Ticket, signal: i32, out: &mut Vec<Effect>) {
        let Some(coproc) = &mut self.coproc else {
            let refusal = Refusal::new(Code::Idle, "no coprocess is running: there is nothing to stop");
            return refuse(ticket, refusal, out);
        };
        if signal == SIGTERM {
            coproc.process.stop(now, Why::User, out);
            self.control.coprocs.wait(ticket, Purpose::Stop);
        } else {
            coproc.process.send(signal, out);
            out.push(Effect::Answer(ticket, Ok(json!({}))));
        }
    }

    pub(super) fn asked_to_wait(&mut self, ticket: Ticket, out: &mut Vec<Effect>) {
        let coprocs = &mut self.control.coprocs;
        if self.coproc.is_some() {
            return coprocs.wait(ticket, Purpose::Status);
        }
        let none = || Refusal::new(Code::Idle, "no coprocess has run in this session: there is nothing to wait for");
        let reply = coprocs.last.as_ref().map(|last| ended(last.exit)).ok_or_else(none);
        out.push(Effect::Answer(ticket, reply));
    }

    /// The coprocess has been started.
    pub(in crate::core) fn coproc_started(&mut self, pid: u32, out: &mut Vec<Effect>) {
        let Some(coproc) = &mut self.coproc else { return };
        coproc.process.pid = Some(pid);
        let record = Record::CoprocStart { command: coproc.command(), silent: coproc.is_silent(), pid };
        self.control.subscribers.tell(&record, out);
        match self.control.coprocs.starting.take() {
            Some((ticket, true)) => self.control.coprocs.wait(ticket, Purpose::Status),
            Some((ticket, false)) => out.push(Effect::Answer(ticket, Ok(json!({"pid": pid})))),
            None => {}
        }
    }

    /// The coprocess could not be started; whether somebody who asked for it was told.
    pub(in crate::core) fn coproc_not_started(&mut self, reason: &str, out: &mut Vec<Effect>) -> bool {
        let asked = self.control.coprocs.starting.take();
        if let Some((ticket, _)) = asked {
            let sentence = format!("the coprocess could not be started: {reason}");
            refuse(ticket, Refusal::new(Code::Failed, sentence), out);
        }
        asked.is_some()
    }

    /// The coprocess has ended: those who waited are told, and with them why it failed; the next one is started.
    pub(in crate::core) fn coproc_ended(
        &mut self,
        now: Instant,
        last: Ended,
        failed: Option<(String, Vec<String>)>,
        out: &mut Vec<Effect>,
    ) {
        self.control.subscribers.tell(&Record::CoprocEnd { command: &last.command, exit: last.exit }, out);
        let coprocs = &mut self.control.coprocs;
        let mut told = ended(last.exit);
        if let Some((sentence, details)) = failed {
            told["failure"] = json!({"message": sentence, "stderr": details});
        }
        for Waiter { ticket, .. } in coprocs.waiting.drain(..) {
            out.push(Effect::Answer(ticket, Ok(told.clone())));
        }
        coprocs.last = Some(last);
        match coprocs.next.take() {
            Some(next) if self.session.shell_is_gone() => refuse(next.ticket, Refusal::ended(), out),
            Some(next) => self.run(now, next, out),
            None => {}
        }
    }
}
