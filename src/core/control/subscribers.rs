//! Who has subscribed to what happens in the session, and what they are told: the records that a `json` coprocess reads,
//! and some more.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{ErrorCode, Reply, RpcError};
use crate::core::Effect;
use crate::core::coproc::Event;
use crate::types::RequestId;

/// More subscriptions than any set of tools needs.
const MOST: usize = 1024;

/// One who wants to be told.
#[derive(Debug)]
struct Subscriber {
    request_id: RequestId,
    /// The kinds of records; none stands for all.
    kinds: Vec<String>,
}

/// All who want to be told.
#[derive(Debug, Default)]
pub(in crate::core) struct Subscribers {
    all: Vec<Subscriber>,
}

impl Subscribers {
    /// Somebody wants to be told of these kinds of records; of all where there are none.
    pub(super) fn add(&mut self, request_id: RequestId, kinds: Vec<String>) -> Reply {
        if let Some(wrong) = kinds.iter().find(|kind| !Event::KINDS.contains(&kind.as_str())) {
            let known = Event::KINDS.join(", ");
            return Err(RpcError::new(ErrorCode::Params, format!("there is no event '{wrong}'; there are {known}")));
        }
        if self.all.len() >= MOST {
            return Err(RpcError::new(ErrorCode::Full, format!("there are {MOST} subscriptions already; end some")));
        }
        let told = if kinds.is_empty() { json!(Event::KINDS) } else { json!(kinds) };
        self.all.push(Subscriber { request_id, kinds });
        Ok(json!({"events": told}))
    }

    /// Whether somebody wants to know of lines.
    pub(in crate::core) fn want_lines(&self) -> bool {
        self.all.iter().any(|subscriber| ["line", "prompt"].iter().any(|kind| subscriber.wants(kind)))
    }

    /// This one has gone; whether it was there.
    pub(super) fn remove(&mut self, request_id: RequestId) -> bool {
        let before = self.all.len();
        self.all.retain(|subscriber| subscriber.request_id != request_id);
        self.all.len() < before
    }

    /// Tells everybody who wants it.
    pub(in crate::core) fn tell(&self, record: &Event<'_>, out: &mut Vec<Effect>) {
        self.tell_object(record.kind(), || record.object(), out);
    }

    /// The same of something that was printed at this time, in seconds since 1970.
    pub(in crate::core) fn tell_printed(&self, record: &Event<'_>, time: impl Fn() -> f64, out: &mut Vec<Effect>) {
        let object = || {
            let mut object = record.object();
            object["time"] = time().into();
            object
        };
        self.tell_object(record.kind(), object, out);
    }

    fn tell_object(&self, kind: &str, object: impl Fn() -> Value, out: &mut Vec<Effect>) {
        let mut text: Option<Arc<str>> = None;
        for subscriber in self.all.iter().filter(|subscriber| subscriber.wants(kind)) {
            let text = text.get_or_insert_with(|| object().to_string().into());
            out.push(Effect::Tell(subscriber.request_id, Arc::clone(text)));
        }
    }
}

impl Subscriber {
    fn wants(&self, kind: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == kind)
    }
}
