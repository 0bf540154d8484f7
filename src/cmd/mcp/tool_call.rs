//! What a call of a tool asks for.

use std::time::Duration;

use crate::core::request::{AwaitRequest, ExecRequest, Request};

/// A call of a tool with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ToolCall {
    Status,
    Sessions,
    ReadLines {
        from: Option<u64>,
        number: u64,
    },
    ReadScreen,
    LastCommand {
        nth: u64,
    },
    Wait(AwaitRequest),
    Annotate {
        line: u64,
        text: String,
    },
    Notify {
        text: String,
    },
    AskUser {
        question: String,
        default: String,
        timeout: Duration,
    },
    HandOver {
        message: String,
        timeout: Duration,
    },
    Run(ExecRequest),
    /// Type text, or press keys.
    Send(Request),
}

impl ToolCall {
    /// Whether the call may take its time, so that it is not waited for when the client goes away.
    pub(super) fn waits(&self) -> bool {
        match self {
            Self::Wait(_) | Self::AskUser { .. } | Self::HandOver { .. } | Self::Run(_) | Self::Send(_) => true,
            Self::Status
            | Self::Sessions
            | Self::ReadLines { .. }
            | Self::ReadScreen
            | Self::LastCommand { .. }
            | Self::Annotate { .. }
            | Self::Notify { .. } => false,
        }
    }
}
