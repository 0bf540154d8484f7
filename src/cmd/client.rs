//! Runs a subcommand: finds the session, sends the request, prints the response and returns the exit status.

use serde_json::Value;

use super::connection::{SessionAnswer, own};
use super::listing::Listing;
use super::output::{Form, complain, refused, say};
use super::{
    answer, ask, check, follow, import, lend, mcp, own_terminal, replay, rz, sessions, start_up, stdin, suggest, sz,
};
use crate::cli::{Call, ClientCommand, Local};
use crate::core::request::{RecordRequest, Request};
use crate::core::response::StatusResponse;
use crate::error::Failure;

/// Runs the subcommand; returns the exit status.
pub fn run(call: &Call) -> Result<u8, Failure> {
    match &call.request {
        ClientCommand::Local(Local::Sessions) => sessions::list(call.json),
        ClientCommand::Local(Local::Check(args)) => check::run(args, call.json),
        ClientCommand::Local(Local::Replay(args)) => replay::run(args, call.json),
        ClientCommand::Local(Local::Suggest(args)) => suggest::run(args, call.json),
        ClientCommand::Local(Local::Rz(args)) => rz::run(args),
        ClientCommand::Local(Local::Sz(args)) => sz::run(args),
        ClientCommand::Local(Local::Import(source)) => import::run(source),
        ClientCommand::Local(Local::Integration { shell }) => start_up::integration(*shell),
        ClientCommand::Local(Local::Completions { shell, words }) => start_up::completions(*shell, words),
        ClientCommand::Local(Local::Mcp(args)) => mcp::run(call.session.as_deref(), args),
        ClientCommand::Local(Local::Ask(question)) if question.here => ask::here(question),
        ClientCommand::Local(Local::Ask(question)) => {
            ask::run(&mut sessions::connect(call.session.as_deref())?, question)
        }
        ClientCommand::Session(command) => {
            let mut client = sessions::connect(call.session.as_deref())?;
            own_terminal::refuse(&mut client, command)?;
            match command {
                Request::Subscribe { .. } | Request::Errors { follow: true } | Request::Lines { follow: true, .. } => {
                    follow::run(client, command, call.json)
                }
                Request::Lend { tty, command, .. } => lend::run(&mut client, command, *tty),
                command => {
                    let request = with_path(&stdin::with_text(command)?);
                    let reply = match waits_for_user(&request) {
                        Some(sentence) => client.call_telling(&request, || {
                            if has_waiting_text(call.session.as_deref()) {
                                complain(sentence);
                            }
                        })?,
                        None => client.call(&request, &[])?,
                    };
                    print_reply(command, reply, call.json)
                }
            }
        }
    }
}

/// Returns what is said where the session keeps the text of `request` because the user is typing a line.
fn waits_for_user(request: &Request) -> Option<&'static str> {
    match request {
        Request::Send { secret: false, now: false, .. } => {
            Some("waits: the user is typing a line, or the program does not read; --now types at once")
        }
        Request::Exec(_) => Some("waits: the user is typing a line"),
        _ => None,
    }
}

/// Whether the session has text that it has not typed yet. The answer to `exec` also waits for the command.
fn has_waiting_text(session: Option<&str>) -> bool {
    // A session that cannot tell is one about which nothing is said.
    let status = sessions::connect(session).ok().and_then(|mut client| client.ask_in_time(&Request::Status {}));
    status.is_some_and(|status: StatusResponse| status.waiting_texts > 0)
}

/// Returns `command` with the path of a file as the session sees it, whose directory is another one.
fn with_path(command: &Request) -> Request {
    let mut command = command.clone();
    if let Request::Record(RecordRequest::Start { file, .. }) = &mut command
        && let Ok(path) = std::path::absolute(&file)
    {
        *file = path.to_string_lossy().into_owned();
    }
    command
}

/// Prints a response or the reason for a refusal; returns the exit status.
fn print_reply(command: &Request, reply: SessionAnswer<Value>, json: bool) -> Result<u8, Failure> {
    let answer = match reply {
        Ok(answer) => answer,
        // A status of 1 would be that of the command.
        Err(sentence) if matches!(command, Request::Exec(_)) => return Err(own(&sentence)),
        Err(sentence) => return Ok(refused(&sentence)),
    };
    if json {
        Listing::open().print(&format!("{answer}\n"), Form::Json)?;
        // Only a response that contains the exit status has to be decoded.
        return if answer::waits(command) { Ok(answer::status(&answer::read(command, answer)?)) } else { Ok(0) };
    }
    let answer = answer::read(command, answer)?;
    let text = answer::text(command, &answer);
    if !text.is_empty() {
        Listing::open().print(&text, Form::Text)?;
    }
    say(&answer::failure(&answer));
    Ok(answer::status(&answer))
}
