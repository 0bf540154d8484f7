//! What control clients type: at once, or, where it is a secret, when a program inside reads a password.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ErrorCode, Reply, RpcError, refuse};
use crate::core::trigger::PtyState;
use crate::core::{Core, Effect, OutputKind};
use crate::types::RequestId;

/// What a paste is put between, where the program inside has asked for that.
const PASTE: (&str, &str) = ("\x1b[200~", "\x1b[201~");
/// How often it is looked whether a password is read: nothing tells of it.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Nobody waits longer for a password to be asked for.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How something is to be typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct SendOptions {
    pub(super) enter: bool,
    pub(super) paste: bool,
}

/// What waits until a program reads a password.
pub(in crate::core) struct Secret {
    request_id: RequestId,
    bytes: Vec<u8>,
    /// When to look next.
    look: Instant,
    /// When it is given up.
    until: Instant,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The bytes are for nobody.
        f.debug_struct("Secret").field("ticket", &self.request_id).finish_non_exhaustive()
    }
}

impl Secret {
    /// When there is something to be done about it.
    pub(in crate::core) fn deadline(&self) -> Instant {
        self.look.min(self.until)
    }
}

impl Core {
    pub(super) fn send(&mut self, now: Instant, text: &str, manner: SendOptions) -> Reply {
        let bytes = self.typable(text, manner)?;
        if !self.pty_input.send(now, &bytes) {
            return Err(RpcError::new(
                ErrorCode::Full,
                "more is waiting to be typed than the shell reads (80 KiB); try again when it has read that",
            ));
        }
        Ok(json!({"typed": bytes.len()}))
    }

    /// The text as the keyboard would send it.
    fn typable(&self, text: &str, manner: SendOptions) -> Result<Vec<u8>, RpcError> {
        if self.session.shell_is_gone() {
            return Err(nobody());
        }
        let mut text = text.replace("\r\n", "\r").replace('\n', "\r");
        if manner.paste && self.screen.text().modes().bracketed_paste() {
            // A paste that holds its own end would end there; what is left may make another.
            while text.contains(PASTE.1) {
                text = text.replace(PASTE.1, "");
            }
            text = [PASTE.0, &text, PASTE.1].concat();
        }
        if manner.enter {
            text.push('\r');
        }
        Ok(text.into_bytes())
    }

    /// A secret: it waits for at most so many seconds until a program reads a password.
    pub(super) fn asked_to_send_secret(
        &mut self,
        now: Instant,
        request_id: RequestId,
        text: &str,
        manner: SendOptions,
        seconds: u64,
        out: &mut Vec<Effect>,
    ) {
        // It comes of a command that failed, mostly; Enter alone would be a wrong password.
        if text.trim_matches(['\r', '\n']).is_empty() {
            let sentence =
                "the secret is empty, so neither it nor Enter is typed; look at the command that should print it";
            return refuse(request_id, RpcError::new(ErrorCode::Params, sentence), out);
        }
        let bytes = match self.typable(text, manner) {
            Ok(bytes) if self.control.secret.is_none() => bytes,
            Ok(_) => {
                let sentence = "another secret is waiting to be typed; try again when that is done";
                return refuse(request_id, RpcError::new(ErrorCode::Busy, sentence), out);
            }
            Err(refusal) => return refuse(request_id, refusal, out),
        };
        let until = now + Duration::from_secs(seconds).min(LONGEST);
        self.control.secret = Some(Secret { request_id, bytes, look: now + LOOK_EVERY, until });
        out.push(Effect::QueryPty);
    }

    /// Looks again whether a password is read, or gives up.
    pub(in crate::core) fn tick_secret(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let Some(secret) = self.control.secret.as_mut().filter(|secret| now >= secret.deadline()) else { return };
        if self.session.shell_is_gone() {
            self.give_secret_up(nobody(), out);
        } else if now >= secret.until {
            let sentence = "no program has asked for a password in that time; nothing was typed";
            self.give_secret_up(RpcError::new(ErrorCode::Late, sentence), out);
        } else {
            secret.look = now + LOOK_EVERY;
            out.push(Effect::QueryPty);
        }
    }

    /// Somebody has looked at the pty: a secret is typed if a password is read there, and nothing else is being typed.
    pub(in crate::core) fn secret_looked(&mut self, now: Instant, looked: &PtyState, out: &mut Vec<Effect>) {
        if !looked.no_echo || !self.pty_input.is_free(now) {
            return;
        }
        if let Some(secret) = self.control.secret.take() {
            // Not even how long it is is told.
            let reply = if self.pty_input.secret(now, &secret.bytes) {
                Ok(json!({}))
            } else {
                Err(RpcError::new(
                    ErrorCode::Full,
                    "the secret is longer than anything that can be typed at once (80 KiB)",
                ))
            };
            out.push(Effect::Answer(secret.request_id, reply));
        }
    }

    fn give_secret_up(&mut self, refusal: RpcError, out: &mut Vec<Effect>) {
        if let Some(secret) = self.control.secret.take() {
            refuse(secret.request_id, refusal, out);
        }
    }

    /// Nobody waits for this answer any more: a secret is not typed behind the back of whoever gave it.
    pub(super) fn forget_secret(&mut self, request_id: RequestId) {
        self.control.secret.take_if(|secret| secret.request_id == request_id);
    }

    pub(super) fn notify(&mut self, text: &str) -> Result<Value, RpcError> {
        if self.settings.screen != OutputKind::Terminal {
            let sentence = "the session's output goes to no terminal that could show a notification";
            return Err(RpcError::new(ErrorCode::NoTerminal, sentence));
        }
        let bytes = self.settings.protocol.notify(text.as_bytes());
        self.screen.show(&bytes);
        Ok(json!({}))
    }
}

/// The shell has exited.
fn nobody() -> RpcError {
    RpcError::new(ErrorCode::Ended, "the shell has exited: there is nobody to type to")
}
