//! Subcommands that keep printing: they print the response and the events after it until the session ends or the reader of
//! the output is gone.

use std::slice;

use serde::Deserialize;
use serde_json::Value;

use super::answer;
use super::connection::{Client, unknown_form};
use super::listing::Listing;
use super::output::{Form, Pager, complain, refused};
use crate::core::event_kind::EventKind;
use crate::core::request::Request;
use crate::core::response::{FollowedEvent, LineResponse};
use crate::error::Failure;
use crate::wire::rpc;
use crate::wire::rpc::Incoming;

/// Sends the request and prints the response and the events; returns the exit status.
pub(super) fn run(client: Client, command: &Request, json: bool) -> Result<u8, Failure> {
    match command {
        // Subscribing first catches text that is written between the two responses.
        Request::Errors { .. } => {
            let subscribe = Request::Subscribe { events: vec![EventKind::CoprocStderr] };
            follow(client, &[subscribe, command.clone()], json)
        }
        _ => follow(client, slice::from_ref(command), json),
    }
}

/// Prints the responses to `requests` and the events until the end. A refusal of the first request ends it.
fn follow(mut client: Client, requests: &[Request], json: bool) -> Result<u8, Failure> {
    // One write, so that no event comes between the requests.
    let lines = (1..).zip(requests).map(|(id, request)| format!("{}\n", rpc::request(id, request.write())));
    client.send(&lines.collect::<String>())?;
    let mut listing = Listing::open();
    let mut next = Some(client.answer()?);
    while let Some(message) = next {
        let text = match message {
            // A later request fails if no coprocess has run yet; its events still come.
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
        let is_json = json || matches!(requests, [Request::Subscribe { .. }]);
        if listing.print(&text, if is_json { Form::Json } else { Form::Text })? == Pager::Gone {
            break;
        }
        next = client.receive()?;
    }
    Ok(0)
}

/// Returns a response as text.
fn answer_text(request: &Request, answer: Value, json: bool) -> Result<String, Failure> {
    match request {
        // Only the events are printed.
        Request::Subscribe { .. } => Ok(String::new()),
        Request::Lines { .. } if json => line_by_line(answer),
        _ if json => Ok(format!("{answer}\n")),
        _ => Ok(answer::text(request, &answer::read(request, answer)?)),
    }
}

/// Returns the lines of a response as JSON objects, one per line.
fn line_by_line(answer: Value) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct FollowedLines {
        lines: Vec<Value>,
    }
    let FollowedLines { lines } = serde_json::from_value(answer).map_err(|error| unknown_form(&error))?;
    Ok(lines.into_iter().map(|line| format!("{line}\n")).collect())
}

/// Returns an event as text.
fn event_text(command: &Request, event: Value, json: bool) -> Result<String, Failure> {
    let read = FollowedEvent::deserialize(&event);
    match read {
        Ok(FollowedEvent::Missed { count }) => {
            complain(&format!("{count} events are missing here: they came faster than they were read"));
            Ok(String::new())
        }
        _ if json => Ok(format!("{event}\n")),
        Ok(FollowedEvent::Line(line)) => Ok(line_text(command, &line)),
        Ok(FollowedEvent::CoprocStderr { text }) => Ok(text),
        Err(error) => Err(unknown_form(&error)),
    }
}

fn line_text(command: &Request, line: &LineResponse) -> String {
    answer::lines(command, slice::from_ref(line))
}
