//! Typing of text for clients: at once or, for a secret, when a program reads a password. `typing` has the text that waits for
//! the end of the user's line.

use std::time::{Duration, Instant};

use crate::core::event::{Cx, Effect};
use crate::core::input::keys::{KeyModes, KeySet, encode_all};
use crate::core::input::pty_input::{PtyInput, with_enter_keys};
use crate::core::input::typed_line::{TypedLine, TypedPlace};
use crate::core::key_press::KeyPress;
use crate::core::password::Reading;
use crate::core::response::SendResponse;
use crate::core::rpc_error::{ErrorCode, RpcError};
use crate::core::vt::Modes;
use crate::types::RequestId;

/// Brackets of a paste (DEC private mode 2004).
const PASTE: (&str, &str) = ("\x1b[200~", "\x1b[201~");
/// Interval at which the pty's ECHO flag is polled, since the kernel does not report a change of it.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Maximum time for which a secret waits.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Options of typing text.
#[derive(Clone, Copy, Debug)]
pub(in crate::core) struct SendOptions {
    /// Whether Enter is pressed behind the text.
    pub(in crate::core) enter: bool,
    /// Whether the text is sent as a paste, where bracketed paste is on.
    pub(in crate::core) paste: bool,
}

/// Returns the text as the keyboard would send it; `bracketed` is whether bracketed paste is on.
pub(in crate::core) fn typable(text: &str, options: SendOptions, bracketed: bool) -> Vec<u8> {
    let mut text = with_enter_keys(text);
    if options.paste && bracketed {
        // A closing bracket inside would end the paste; removing one may make another.
        while text.contains(PASTE.1) {
            text = text.replace(PASTE.1, "");
        }
        text = [PASTE.0, &text, PASTE.1].concat();
    }
    if options.enter {
        text.push('\r');
    }
    text.into_bytes()
}

/// Returns the bytes of `keys` or, where there are none, of the text, as the keyboard of the terminal `term` sends them in these
/// modes.
///
/// # Errors
///
/// A key for which a terminal has no bytes in these modes.
pub(in crate::core) fn typed_bytes(
    text: &str,
    keys: &[KeyPress],
    options: SendOptions,
    modes: &Modes,
    term: Option<&str>,
) -> Result<Vec<u8>, RpcError> {
    if keys.is_empty() {
        return Ok(typable(text, options, modes.bracketed_paste()));
    }
    encode_all(keys, KeyModes::of(modes, KeySet::of(term))).map_err(|error| RpcError::new(ErrorCode::Params, error))
}

/// Types text for a client, which is part of a command of the trigger `for_trigger`, if any.
pub(in crate::core) fn send(
    now: Instant,
    bytes: &[u8],
    line: &mut TypedLine,
    place: TypedPlace,
    pty: &mut PtyInput,
    for_trigger: Option<usize>,
) -> Result<SendResponse, RpcError> {
    line.sent(bytes, place);
    if pty.send(now, bytes, for_trigger) {
        return Ok(SendResponse { typed: Some(bytes.len()), offset: Some(place.offset) });
    }
    Err(queue_is_full())
}

/// Returns the error for text beyond the limit of what waits to be typed.
pub(super) fn queue_is_full() -> RpcError {
    let sentence = "80 KiB are already waiting to be typed; try again when the shell has read them";
    RpcError::new(ErrorCode::Full, sentence)
}

/// Returns the error for typing into a session whose shell has exited.
pub(in crate::core) fn shell_has_exited() -> RpcError {
    RpcError::new(ErrorCode::Ended, "the shell has exited: nothing can be typed any more")
}

/// A secret that waits until a program reads a password. At most one waits, since two would be typed at the same prompt.
#[derive(Debug, Default)]
pub(in crate::core) struct Secret(Option<WaitingSecret>);

struct WaitingSecret {
    request_id: RequestId,
    bytes: Vec<u8>,
    /// Time of the next poll.
    next_poll: Instant,
    /// End of the wait.
    until: Instant,
}

impl std::fmt::Debug for WaitingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The bytes must not reach a log.
        f.debug_struct("WaitingSecret").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

impl Secret {
    /// Keeps the secret `text`, to be typed as `bytes`, for at most `seconds` until a program reads a password.
    pub(in crate::core) fn wait(
        &mut self,
        cx: &mut Cx<'_>,
        request_id: RequestId,
        text: &str,
        bytes: Vec<u8>,
        seconds: u64,
    ) {
        if text.trim_matches(['\r', '\n']).is_empty() {
            // Usually a failed command has printed it; Enter alone would be a wrong password.
            let sentence = "the secret is empty, so nothing was typed; check the command that prints it";
            return cx.refuse(request_id, RpcError::new(ErrorCode::Params, sentence));
        }
        if self.0.is_some() {
            let sentence = "another secret is already waiting to be typed; try again when it has been typed";
            return cx.refuse(request_id, RpcError::new(ErrorCode::Busy, sentence));
        }
        let until = cx.now + Duration::from_secs(seconds).min(MAX_WAIT);
        self.0 = Some(WaitingSecret { request_id, bytes, next_poll: cx.now + POLL_INTERVAL, until });
        cx.push(Effect::QueryPty);
    }

    /// Returns when `tick` has something to do.
    pub(in crate::core) fn deadline(&self) -> Option<Instant> {
        self.0.as_ref().map(|secret| secret.next_poll.min(secret.until))
    }

    /// Polls again, or gives up.
    pub(in crate::core) fn tick(&mut self, cx: &mut Cx<'_>, shell_is_gone: bool) {
        if self.deadline().is_none_or(|at| cx.now < at) {
            return;
        }
        let Some(secret) = &mut self.0 else { return };
        let request_id = secret.request_id;
        if shell_is_gone {
            self.0 = None;
            cx.refuse(request_id, shell_has_exited());
        } else if cx.now >= secret.until {
            self.0 = None;
            let sentence = "no program asked for a password before the timeout; nothing was typed";
            cx.refuse(request_id, RpcError::new(ErrorCode::Late, sentence));
        } else {
            secret.next_poll = cx.now + POLL_INTERVAL;
            cx.push(Effect::QueryPty);
        }
    }

    /// Types the secret, if a program reads a password and nothing else is being typed.
    pub(in crate::core) fn looked(&mut self, cx: &mut Cx<'_>, reading: Reading, pty: &mut PtyInput) {
        if reading != Reading::Yes || !pty.is_free(cx.now) {
            return;
        }
        let Some(secret) = self.0.take() else { return };
        if pty.secret(cx.now, &secret.bytes) {
            // The answer does not tell how long the secret is.
            cx.answer(secret.request_id, SendResponse { typed: None, offset: None });
        } else {
            let sentence = "the secret is longer than 80 KiB, the most that can be typed at once";
            cx.refuse(secret.request_id, RpcError::new(ErrorCode::Full, sentence));
        }
    }

    /// Drops the secret of a client that has disconnected.
    pub(in crate::core) fn cancel(&mut self, request_id: RequestId) {
        self.0.take_if(|secret| secret.request_id == request_id);
    }
}
