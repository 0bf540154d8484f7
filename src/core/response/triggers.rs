//! Answers about triggers.

use serde::{Deserialize, Serialize};

use crate::core::request::OptionArg;

/// The answer to `trigger-list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerListResponse {
    /// The triggers, in order.
    pub triggers: Vec<TriggerResponse>,
}

/// A trigger, and how often it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerResponse {
    /// Its number.
    pub number: usize,
    /// Its name; null where it has none.
    pub name: Option<String>,
    /// What it looks for; null where an event opens it.
    pub regex: Option<String>,
    /// The event that opens it; null where a pattern does.
    pub event: Option<String>,
    /// Its actions and modifiers, in order.
    pub options: Vec<OptionArg>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether the loop guard has stopped it for a while.
    pub stopped: bool,
    /// How often it fired.
    pub fired: u64,
    /// How often its pattern was searched for.
    pub searched: u64,
    /// How long the searches took.
    pub microseconds: u64,
}

/// The answer to `trigger-add` and to `trigger-remove`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerNumberResponse {
    /// The number of the trigger.
    pub number: usize,
}

/// The answer to `trigger-enable` and to `trigger-disable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerSwitchResponse {
    /// The number of the trigger.
    pub number: usize,
    /// Whether it is switched on now.
    pub enabled: bool,
}
