//! Calls of tools, performed by requests to the session.

use serde_json::json;

use super::link::{CallLink, CallRefusal};
use super::outcome::ToolOutcome;
use super::tool_call::ToolCall;
use super::{reading, user, waiting};
use crate::core::request::Request;
use crate::core::response::{AnnotateResponse, Done, SendResponse};

/// Performs a call.
pub(super) fn perform(call: &ToolCall, link: &CallLink<'_>) -> ToolOutcome {
    let outcome = match call {
        ToolCall::Status => reading::status(link),
        ToolCall::Sessions => reading::list_sessions(link),
        ToolCall::ReadLines { from, number } => reading::read_lines(link, *from, *number),
        ToolCall::ReadScreen => reading::read_screen(link),
        ToolCall::LastCommand { nth } => reading::last_command(link, *nth),
        ToolCall::Wait(request) => waiting::wait(link, request),
        ToolCall::Annotate { line, text } => annotate(link, *line, text),
        ToolCall::Notify { text } => notify(link, text),
        ToolCall::AskUser { question, default, timeout } => user::ask(link, question, default, *timeout),
        ToolCall::HandOver { message, timeout } => user::hand_over(link, message, *timeout),
        ToolCall::Run(request) => waiting::run(link, request),
        ToolCall::Send(request) => send(link, request),
    };
    outcome.unwrap_or_else(ToolOutcome::refused)
}

fn annotate(link: &CallLink<'_>, line: u64, text: &str) -> Result<ToolOutcome, CallRefusal> {
    let request = Request::Annotate { line: line.to_string(), text: text.to_owned() };
    let note: AnnotateResponse = link.open()?.ask(&request)?;
    Ok(ToolOutcome::new(format!("line {} has the note", note.line), json!({"line": note.line})))
}

fn notify(link: &CallLink<'_>, text: &str) -> Result<ToolOutcome, CallRefusal> {
    let _: Done = link.open()?.ask(&Request::Notify { text: text.to_owned() })?;
    Ok(ToolOutcome::new("the terminal was asked to show the notification", json!({})))
}

fn send(link: &CallLink<'_>, request: &Request) -> Result<ToolOutcome, CallRefusal> {
    let sent: SendResponse = link.open()?.ask(request)?;
    let bytes = sent.typed.unwrap_or_default();
    let hint = sent.offset.map(|offset| format!("a wait with offset={offset} begins at what is printed for it"));
    let structured = json!({"typed": bytes, "offset": sent.offset});
    Ok(ToolOutcome::new(format!("{bytes} bytes were typed"), structured).with_note(hint))
}
