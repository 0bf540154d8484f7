//! Calls that speak to the user: a question whose answer the agent gets, and a request to type something at the program itself,
//! which it does not get.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::link::{CallClient, CallLink, CallRefusal, sentence};
use super::outcome::{BUILT_IN, ToolOutcome};
use super::reading::lines_request;
use crate::cli::Question;
use crate::cmd::ask;
use crate::cmd::ask::GivenAnswer;
use crate::core::event_kind::EventKind;
use crate::core::request::Request;
use crate::core::response::{AnnotateResponse, Done, LinesResponse, StateResponse, StatusResponse, SubscribeResponse};
use crate::core::state_kind::StateKind;
use crate::display::one_line;
use crate::wire::rpc::Incoming;

/// Asks the user for a line on the terminal.
pub(super) fn ask(
    link: &CallLink<'_>,
    question: &str,
    default: &str,
    timeout: Duration,
) -> Result<ToolOutcome, CallRefusal> {
    let (mut client, until) = (link.open_for_question()?, Instant::now() + timeout);
    client.set_patience(timeout);
    let question = Question {
        prompt: format!("{} asks: {}\n> ", link.client_name(), one_line(question)),
        default: default.to_owned(),
        secret: false,
        files: false,
        null: false,
        dir: None,
        here: false,
    };
    let answer = match ask::answer(&mut client.client, &question) {
        Err(_) if Instant::now() >= until => Err(format!("the user did not answer within {} s", timeout.as_secs())),
        Err(failure) => Err(sentence(&failure)),
        Ok(GivenAnswer::Refused(sentence)) => Err(sentence),
        Ok(GivenAnswer::Ended { status: 0, output }) => Ok(String::from_utf8_lossy(&output).trim_end().to_owned()),
        Ok(GivenAnswer::Ended { .. }) => Err("the user gave no answer".to_owned()),
    };
    let mut answer = answer?;
    // A token that was pasted is not for the agent.
    BUILT_IN.redact_string(&mut answer);
    Ok(ToolOutcome::new(format!("the user answered: {answer}"), json!({"answer": answer})))
}

/// Tells the user that the program needs input, and waits until it has it. What is typed goes to the program alone.
pub(super) fn hand_over(link: &CallLink<'_>, message: &str, timeout: Duration) -> Result<ToolOutcome, CallRefusal> {
    let (mut client, until) = (link.open()?, Instant::now() + timeout);
    // First of all, so that no change is missed. Events that come with the next answers are older than those.
    let _: SubscribeResponse = client.ask(&Request::Subscribe { events: vec![EventKind::State] })?;
    let before = state(&mut client)?;
    if !matches!(before, StateKind::Password | StateKind::Asks | StateKind::FullScreen) {
        return Err(format!("no program waits for the user: the state is {before}; ask_user asks a question"));
    }
    tell(&mut client, &format!("{} asks you: {}", link.client_name(), one_line(message)))?;
    let mut now = state(&mut client)?;
    while now == before {
        let left = until.saturating_duration_since(Instant::now());
        if !client.client.has_answer_in(left).map_err(|failure| sentence(&failure))? {
            let sentence =
                format!("the user has typed nothing within {} s: the state is still {now}", timeout.as_secs());
            return Err(sentence);
        }
        match client.client.answer().map_err(|failure| sentence(&failure))? {
            Incoming::Event { params } => {
                // Of other events, such as the number of those that were missed, nothing is needed.
                now = StateResponse::deserialize(params).map_or(now, |event| event.state);
            }
            Incoming::Success { .. } | Incoming::Failure { .. } => {}
        }
    }
    let structured = json!({"state": now, "state_before": before});
    Ok(ToolOutcome::new(format!("the program has its input: the state is {now}"), structured))
}

fn state(client: &mut CallClient) -> Result<StateKind, CallRefusal> {
    client.ask::<StatusResponse>(&Request::Status {}).map(|status| status.state.state)
}

/// Shows the user a sentence: as a note on the cursor's line, and as a notification.
fn tell(client: &mut CallClient, text: &str) -> Result<(), CallRefusal> {
    let last: LinesResponse = client.ask(&lines_request(Some(1), None, None, None))?;
    if let Some(line) = last.lines.last() {
        let note = Request::Annotate { line: line.number.to_string(), text: text.to_owned() };
        let _: AnnotateResponse = client.ask(&note)?;
    }
    // A session without a terminal has the note.
    let _: Result<Done, CallRefusal> = client.ask(&Request::Notify { text: text.to_owned() });
    Ok(())
}
