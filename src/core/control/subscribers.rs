//! Clients that have subscribed to events.

use std::sync::Arc;

use serde_json::Value;

use crate::core::event::{Cx, Effect};
use crate::core::event_kind::EventKind;
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
}

/// All subscriptions.
#[derive(Debug, Default)]
pub(in crate::core) struct Subscribers {
    all: Vec<Subscriber>,
}

impl Subscribers {
    /// Adds a subscription to these kinds of events, or to all where `kinds` is empty.
    pub(in crate::core) fn add(
        &mut self,
        request_id: RequestId,
        kinds: Vec<EventKind>,
    ) -> Result<SubscribeResponse, RpcError> {
        let kinds = if kinds.is_empty() { EventKind::ALL.to_vec() } else { kinds };
        if self.all.len() >= MAX_SUBSCRIBERS {
            let sentence = format!("there are already {MAX_SUBSCRIBERS} subscriptions; close one and try again");
            return Err(RpcError::new(ErrorCode::Full, sentence));
        }
        let events = kinds.iter().map(|kind| kind.name().to_owned()).collect();
        self.all.push(Subscriber { request_id, kinds });
        Ok(SubscribeResponse { events })
    }

    /// Whether a client has subscribed to lines.
    pub(in crate::core) fn want_lines(&self) -> bool {
        let lines = [EventKind::Line, EventKind::Prompt];
        self.all.iter().any(|subscriber| lines.iter().any(|kind| subscriber.kinds.contains(kind)))
    }

    /// Removes the subscription of this request, if it is one.
    pub(in crate::core) fn remove(&mut self, request_id: RequestId) {
        self.all.retain(|subscriber| subscriber.request_id != request_id);
    }

    /// Sends an event to the clients that have subscribed to its kind.
    pub(in crate::core) fn tell(&self, cx: &mut Cx<'_>, event: &SessionEvent<'_>) {
        self.tell_object(cx, event.kind(), || event.object());
    }

    /// Sends the event of a line that was printed at `time`, in seconds since 1970.
    pub(in crate::core) fn tell_printed(&self, cx: &mut Cx<'_>, event: &SessionEvent<'_>, time: f64) {
        let object = || {
            let mut object = event.object();
            object["time"] = time.into();
            object
        };
        self.tell_object(cx, event.kind(), object);
    }

    fn tell_object(&self, cx: &mut Cx<'_>, kind: EventKind, object: impl Fn() -> Value) {
        let mut text: Option<Arc<str>> = None;
        for subscriber in self.all.iter().filter(|subscriber| subscriber.kinds.contains(&kind)) {
            let text = text.get_or_insert_with(|| object().to_string().into());
            cx.push(Effect::Tell(subscriber.request_id, Arc::clone(text)));
        }
    }
}
