//! Clients that have subscribed to events.

use std::sync::Arc;

use serde_json::Value;

use crate::core::event::{Cx, Effect};
use crate::core::event_kind::EventKind;
use crate::core::redact::Redactor;
use crate::core::redact::line::LineRedactor;
use crate::core::response::SubscribeResponse;
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::core::session_event::SessionEvent;
use crate::types::RequestId;

/// Maximum number of subscriptions.
const MAX_SUBSCRIBERS: usize = 1024;

#[derive(Debug)]
struct Subscriber {
    request_id: RequestId,
    kinds: Vec<EventKind>,
    /// Whether it has named the changes of the state.
    watches_state: bool,
    /// Whether its events are redacted, though not all are.
    redacted: bool,
}

/// All subscriptions.
#[derive(Debug, Default)]
pub(in crate::core) struct Subscribers {
    all: Vec<Subscriber>,
    /// Redacts the events, in their order. Absent where none is redacted.
    redactor: Option<LineRedactor>,
}

impl Subscribers {
    /// Creates an empty list; `rules` redact the events of all.
    pub(in crate::core) fn new(rules: Option<Arc<Redactor>>) -> Self {
        Self { all: Vec::new(), redactor: rules.map(LineRedactor::new) }
    }

    /// Adds a subscription to these kinds of events, or to all where `kinds` is empty; `rules` redact them.
    pub(in crate::core) fn add(
        &mut self,
        request_id: RequestId,
        kinds: Vec<EventKind>,
        rules: Option<Arc<Redactor>>,
    ) -> Result<SubscribeResponse, RpcError> {
        let watches_state = kinds.contains(&EventKind::State);
        let kinds = if kinds.is_empty() { EventKind::ALL.to_vec() } else { kinds };
        if self.all.len() >= MAX_SUBSCRIBERS {
            let sentence = format!("there are already {MAX_SUBSCRIBERS} subscriptions; close one and try again");
            return Err(RpcError::new(ErrorCode::Full, sentence));
        }
        let events = kinds.iter().map(|kind| kind.name().to_owned()).collect();
        self.all.push(Subscriber { request_id, kinds, watches_state, redacted: rules.is_some() });
        self.redactor = self.redactor.take().or_else(|| rules.map(LineRedactor::new));
        Ok(SubscribeResponse { events })
    }

    /// Whether a client has subscribed to lines.
    pub(in crate::core) fn want_lines(&self) -> bool {
        let lines = [EventKind::Line, EventKind::Prompt];
        self.all.iter().any(|subscriber| lines.iter().any(|kind| subscriber.kinds.contains(kind)))
    }

    /// Whether a client has subscribed to commands, whose texts are read from assembled lines.
    pub(in crate::core) fn want_commands(&self) -> bool {
        self.all.iter().any(|subscriber| subscriber.kinds.contains(&EventKind::CommandStart))
    }

    /// Whether a client has subscribed to changes of the state by name: the processes are looked at for it again and again, which
    /// a client of all events does not ask for.
    pub(in crate::core) fn want_state(&self) -> bool {
        self.all.iter().any(|subscriber| subscriber.watches_state)
    }

    /// Removes the subscription of this request, if it is one.
    pub(in crate::core) fn remove(&mut self, request_id: RequestId) {
        self.all.retain(|subscriber| subscriber.request_id != request_id);
    }

    /// Sends an event to the clients that have subscribed to its kind.
    pub(in crate::core) fn tell(&mut self, cx: &mut Cx<'_>, event: &SessionEvent<'_>) {
        self.tell_object(cx, event, |object| object);
    }

    /// Sends the event of a line that was printed at `time`, in seconds since 1970.
    pub(in crate::core) fn tell_printed(&mut self, cx: &mut Cx<'_>, event: &SessionEvent<'_>, time: f64) {
        let timed = |mut object: Value| {
            object["time"] = time.into();
            object
        };
        self.tell_object(cx, event, timed);
    }

    fn tell_object(&mut self, cx: &mut Cx<'_>, event: &SessionEvent<'_>, complete: impl Fn(Value) -> Value) {
        let kind = event.kind();
        let (mut plain, mut redacted): (Option<Arc<str>>, Option<Arc<str>>) = (None, None);
        for subscriber in self.all.iter().filter(|subscriber| subscriber.kinds.contains(&kind)) {
            let text = match self.redactor.as_mut().filter(|_| subscriber.redacted) {
                Some(redactor) => {
                    redacted.get_or_insert_with(|| complete(event.redacted_object(redactor)).to_string().into())
                }
                None => plain.get_or_insert_with(|| complete(event.object()).to_string().into()),
            };
            cx.push(Effect::Tell(subscriber.request_id, Arc::clone(text)));
        }
    }
}
