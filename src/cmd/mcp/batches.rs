//! Batches of messages, whose responses are sent together. Only version 2025-03-26 of the Model Context Protocol has them.

use std::collections::HashMap;

/// A batch whose responses are not complete.
#[derive(Debug)]
struct OpenBatch {
    /// Number of responses that are still to come, and one more until the whole batch has been read.
    open: usize,
    responses: Vec<String>,
}

/// The batches whose responses are not complete, by their numbers. The calls that they wait for are bounded in number.
#[derive(Debug, Default)]
pub(super) struct Batches {
    all: HashMap<u64, OpenBatch>,
    next: u64,
}

impl Batches {
    /// Begins a batch; returns its number.
    pub(super) fn begin(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        self.all.insert(number, OpenBatch { open: 1, responses: Vec::new() });
        number
    }

    /// Takes note that a response of the batch, if it is one, is to come.
    pub(super) fn expect(&mut self, batch: Option<u64>) {
        if let Some(batch) = batch.and_then(|number| self.all.get_mut(&number)) {
            batch.open += 1;
        }
    }

    /// Takes a response that was to come; `None` for one that was cancelled. Returns what is to be sent: the response where it
    /// is part of no batch, or all responses of the batch where it is the last.
    pub(super) fn respond(&mut self, batch: Option<u64>, response: Option<String>) -> Option<String> {
        let Some(number) = batch else { return response };
        let open = self.all.get_mut(&number)?;
        open.responses.extend(response);
        open.open -= 1;
        if open.open > 0 {
            return None;
        }
        let responses = self.all.remove(&number)?.responses;
        // A batch of notifications has no response.
        (!responses.is_empty()).then(|| format!("[{}]", responses.join(",")))
    }

    /// Takes note that the batch was read to its end.
    pub(super) fn end(&mut self, batch: Option<u64>) -> Option<String> {
        self.respond(batch, None)
    }
}
