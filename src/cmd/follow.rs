//! The subcommands that go on printing what happens: they ask once, and print the answer and the events behind it until
//! the session ends, or nothing reads the output any more.

use std::slice;

use serde::Deserialize;
use serde_json::Value;

use super::answer;
use super::connection::{Client, unknown_form};
use super::output::{Pager, complain, print, refused};
use crate::core::event_kind::EventKind;
use crate::core::request::Request;
use crate::core::response::{FollowedEvent, LineResponse};
use crate::error::Failure;
use crate::wire::rpc;
use crate::wire::rpc::Incoming;

/// Asks this, and prints what comes; the exit status.
pub(super) fn run(client: Client, command: &Request, json: bool) -> Result<u8, Failure> {
    match command {
        // In this order nothing is missed that is written between the two answers.
        Request::Errors { .. } => {
            let subscribe = Request::Subscribe { events: vec![EventKind::CoprocStderr] };
            follow(client, &[subscribe, command.clone()], json)
        }
        _ => follow(client, slice::from_ref(command), json),
    }
}

/// Prints the answers to these requests and the events. Where the first request is refused there is nothing to follow.
fn follow(mut client: Client, requests: &[Request], json: bool) -> Result<u8, Failure> {
    // In one piece, so that nothing happens between the first and the last.
    let lines = (1..).zip(requests).map(|(id, request)| format!("{}\n", rpc::request(id, request.write())));
    client.send(&lines.collect::<String>());
    let mut next = Some(client.answer()?);
    while let Some(message) = next {
        let text = match message {
            // One of a later request only means that what is followed has not begun yet.
            Incoming::Failure { id: Some(2..), .. } => String::new(),
            Incoming::Failure { error, .. } => return Ok(refused(&error.message)),
            Incoming::Success { id, result } => match (1..).zip(requests).find(|(own, _)| *own == id) {
                Some((_, request)) => answer_text(request, result, json)?,
                None => String::new(),
            },
            Incoming::Event { params } => match requests {
                [Request::Subscribe { .. }] => format!("{params}\n"),
                [.., command] => event_text(command, params, json)?,
                [] => String::new(),
            },
        };
        if print(&text)? == Pager::Gone {
            break;
        }
        next = client.receive()?;
    }
    Ok(0)
}

/// An answer as it is printed.
fn answer_text(request: &Request, answer: Value, json: bool) -> Result<String, Failure> {
    match request {
        // Only the events are of interest.
        Request::Subscribe { .. } => Ok(String::new()),
        Request::Lines { .. } if json => line_by_line(answer),
        _ if json => Ok(format!("{answer}\n")),
        _ => Ok(answer::text(request, &answer::read(request, answer)?)),
    }
}

/// Lines as they came, one on each line.
fn line_by_line(answer: Value) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct FollowedLines {
        lines: Vec<Value>,
    }
    let FollowedLines { lines } = serde_json::from_value(answer).map_err(|error| unknown_form(&error))?;
    Ok(lines.into_iter().map(|line| format!("{line}\n")).collect())
}

/// An event as it is printed.
fn event_text(command: &Request, event: Value, json: bool) -> Result<String, Failure> {
    let read = FollowedEvent::deserialize(&event);
    match read {
        Ok(FollowedEvent::Missed { count }) => {
            complain(&format!("{count} pieces are missing here: they came faster than they were read"));
            Ok(String::new())
        }
        _ if json => Ok(format!("{event}\n")),
        Ok(FollowedEvent::Line(line)) => Ok(line_text(command, &line)),
        Ok(FollowedEvent::CoprocStderr { text }) => Ok(answer::shown(&text)),
        Err(error) => Err(unknown_form(&error)),
    }
}

fn line_text(command: &Request, line: &LineResponse) -> String {
    answer::lines(command, slice::from_ref(line))
}
