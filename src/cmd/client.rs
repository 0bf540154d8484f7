//! A subcommand that is a call of a session: finds the session, asks it, prints the answer, and says by the exit status
//! how it went.

use serde_json::{Value, json};

use super::connection::Client;
use super::output::{Pager, complain, print, say};
use super::{answer, ask, lend, own_terminal, sessions, start_up, stdin};
use crate::cli::{Call, ClientCommand, Local};
use crate::core::request::Request;
use crate::error::Failure;
use crate::wire::rpc;

/// The status of a call that the session refused.
const REFUSED: u8 = 1;

/// Says why the session refused; the exit status.
pub(super) fn refused(sentence: &str) -> u8 {
    complain(sentence);
    REFUSED
}

/// Does what the subcommand asks for; the exit status.
pub fn run(call: &Call) -> Result<u8, Failure> {
    match &call.request {
        ClientCommand::Local(Local::Sessions) => sessions::list(call.json),
        ClientCommand::Local(Local::Integration { shell }) => start_up::integration(*shell),
        ClientCommand::Local(Local::Completions { shell, words }) => start_up::completions(*shell, words),
        ClientCommand::Local(Local::Ask { prompt, secret: true, here: true, .. }) => ask::secret(prompt),
        ClientCommand::Local(Local::Ask { prompt, default, here: true, .. }) => ask::here(prompt, default),
        ClientCommand::Local(Local::Ask { prompt, default, secret, here: false }) => {
            let mut client = sessions::connect(call.session.as_deref())?;
            ask::run(&mut client, prompt, default, *secret)
        }
        ClientCommand::Session(command) => {
            let mut client = sessions::connect(call.session.as_deref())?;
            own_terminal::refuse(&mut client, command)?;
            match (command, client) {
                (Request::Subscribe { .. }, client) => follow(client, &[command.write()], |_| None),
                (Request::Errors { follow: true }, client) => {
                    let subscribe = Request::Subscribe { events: vec!["coproc-stderr".to_owned()] };
                    follow(client, &[subscribe.write(), command.write()], |value| {
                        if tells_of_missed(value) {
                            return Some(String::new());
                        }
                        let text = value["stderr"].as_str().or_else(|| value["text"].as_str().filter(|_| !call.json));
                        text.map(answer::shown)
                    })
                }
                (Request::Lend { tty, command, .. }, mut client) => lend::run(&mut client, command, *tty),
                (Request::Lines { follow: true, .. }, client) => follow(client, &[command.write()], |value| {
                    if tells_of_missed(value) {
                        return Some(String::new());
                    }
                    let begun = value["lines"].is_array();
                    let value = if begun { value.clone() } else { json!({"lines": [value]}) };
                    Some(if call.json { answer::line_by_line(&value) } else { answer::text(command, &value) })
                }),
                (_, mut client) => {
                    let reply = client.call(&stdin::filled_in(command)?.write())?;
                    told(command, reply, call.json)
                }
            }
        }
    }
}

/// Prints an answer, or why there is none; the exit status.
fn told(command: &Request, reply: Result<Value, String>, json: bool) -> Result<u8, Failure> {
    match reply {
        Ok(value) => {
            let text = if json { format!("{value}\n") } else { answer::text(command, &value) };
            print(&text)?;
            if !json {
                say(&answer::failure(&value));
            }
            Ok(answer::status(command, &value))
        }
        Err(sentence) => Ok(refused(&sentence)),
    }
}

/// Whether this tells of events that did not come; then it is said.
fn tells_of_missed(event: &Value) -> bool {
    let missed = event["count"].as_u64().filter(|_| event["type"] == "missed");
    if let Some(count) = missed {
        complain(&format!("{count} pieces are missing here: they came faster than they were read"));
    }
    missed.is_some()
}

/// Prints what comes until the session ends, or nobody reads any more: answers and events as `show` says; events of which
/// it says nothing as they are. Where the first request is refused there is nothing to follow.
fn follow(mut client: Client, requests: &[Value], show: impl Fn(&Value) -> Option<String>) -> Result<u8, Failure> {
    // In one piece, so that nothing happens between the first and the last.
    let lines = (1..).zip(requests).map(|(id, request)| rpc::request(id, &request["method"], &request["params"]));
    client.send(&lines.map(|line| format!("{line}\n")).collect::<String>());
    let mut next = Some(client.answer()?);
    while let Some(message) = next {
        if let Some(sentence) = message["error"]["message"].as_str() {
            // One of a later request only means that what is followed has not begun yet.
            if message["id"].as_u64().is_none_or(|id| id == 1) {
                return Ok(refused(sentence));
            }
        } else if print(&told_of(&message, &show))? == Pager::Gone {
            break;
        }
        next = client.receive()?;
    }
    Ok(0)
}

/// An answer or an event, as it is printed.
fn told_of(message: &Value, show: impl Fn(&Value) -> Option<String>) -> String {
    match &message["params"] {
        Value::Null => show(&message["result"]).unwrap_or_default(),
        event => show(event).unwrap_or_else(|| format!("{event}\n")),
    }
}
