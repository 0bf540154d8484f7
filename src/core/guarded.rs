//! The core, guarded against its own faults: where it panics, a bare relay takes its place, so that the shell lives on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::Core;
use super::access::Requester;
use super::bare_relay::{BareRelay, ReportPlace, Takeover};
use super::event::{Cx, Effect, Input};
use super::output::OutputMark;
use super::output::indicator::Charset;
use super::output::terminal::OutputKind;
use super::request::Request;
use super::session::Session;
use super::settings::{Configured, Settings};
use crate::types::{Sink, Source};

/// A [`Core`], or the relay that has taken its place. The contract for the caller is that of `Core`.
#[derive(Debug)]
pub struct GuardedCore(State);

#[derive(Debug)]
enum State {
    Full(Box<Core>),
    Bare(Box<BareRelay>),
}

/// How far output and keys have come, noted before each input: what an input has not passed on when the core panics is
/// passed on by the relay.
struct Mark {
    output: OutputMark,
    typed: u64,
}

impl GuardedCore {
    /// Creates the core as [`Core::new`] does.
    pub fn new(now: Instant, settings: Settings, effects: &mut Vec<Effect>) -> Self {
        let (keyboard, screen, unix_time) = (settings.keyboard, settings.screen, settings.unix_time);
        let core = catch_unwind(AssertUnwindSafe(|| Box::new(Core::new(now, settings, effects))));
        Self(core.map_or_else(
            |_| {
                effects.clear();
                let session = Session::new(now, unix_time);
                let relay = BareRelay::new(&mut Cx { now, effects }, Takeover::empty(session, keyboard, screen));
                State::Bare(Box::new(relay))
            },
            State::Full,
        ))
    }

    /// Handles one input and appends the effects that follow from it.
    pub fn handle(&mut self, now: Instant, input: Input<'_>, effects: &mut Vec<Effect>) {
        let core = match &mut self.0 {
            State::Full(core) => core,
            State::Bare(relay) => return relay.handle(&mut Cx { now, effects }, input),
        };
        let (mark, again, before) = (Mark::of(core), repeatable(&input), effects.len());
        if catch_unwind(AssertUnwindSafe(|| core.handle(now, input, effects))).is_err() {
            effects.truncate(before);
            self.take_over(now, &mark, again, effects);
        }
    }

    /// Removes the first `n` pending bytes, which were written to `sink`.
    pub fn wrote(&mut self, now: Instant, sink: Sink, n: usize, effects: &mut Vec<Effect>) {
        let core = match &mut self.0 {
            State::Full(core) => core,
            State::Bare(relay) => return relay.wrote(&mut Cx { now, effects }, sink, n),
        };
        let (mark, before) = (Mark::of(core), effects.len());
        if catch_unwind(AssertUnwindSafe(|| core.wrote(now, sink, n, effects))).is_err() {
            effects.truncate(before);
            self.take_over(now, &mark, None, effects);
        }
    }

    /// Takes over a configuration that has been read again. The relay has none.
    pub fn configure(&mut self, now: Instant, configured: Configured, effects: &mut Vec<Effect>) {
        let State::Full(core) = &mut self.0 else { return };
        let (mark, before) = (Mark::of(core), effects.len());
        if catch_unwind(AssertUnwindSafe(|| core.configure(now, configured, effects))).is_err() {
            effects.truncate(before);
            self.take_over(now, &mark, None, effects);
        }
    }

    /// Lets the relay take over after a fault of the host.
    pub fn fail(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        match &self.0 {
            State::Full(core) => self.take_over(now, &Mark::of(core), None, effects),
            // Effects may have been lost; the relay repeats the last, which ends the session.
            State::Bare(_) => self.handle(now, Input::Deadline, effects),
        }
    }

    /// Replaces the core by the relay, which handles the input `again` where the core has not.
    fn take_over(&mut self, now: Instant, mark: &Mark, again: Option<Input<'_>>, effects: &mut Vec<Effect>) {
        let State::Full(core) = &mut self.0 else { return };
        let in_hand = |wanted| match again {
            Some(Input::Bytes(source, bytes)) if source == wanted => bytes,
            _ => &[],
        };
        let pty = salvage(|| bytes_for_pty(core, mark, in_hand(Source::Keyboard)));
        let takeover = Takeover {
            pty,
            terminal: bytes_for_terminal(core, mark, in_hand(Source::Pty)),
            end_of_input: core.keyboard.end_of_input(),
            restoring: salvage(|| core.restoring()),
            report: salvage(|| report_place(core)),
            ..Takeover::empty(core.session.clone(), core.settings.keyboard, core.settings.screen)
        };
        let size = core.settings.size;
        let cx = &mut Cx { now, effects };
        let relay = Box::new(BareRelay::new(cx, takeover));
        // The destructor of a broken core might panic again.
        if let State::Full(core) = std::mem::replace(&mut self.0, State::Bare(relay)) {
            std::mem::forget(core);
        }
        cx.push(Effect::Resize(size));
        match again {
            // Bytes are among those taken over; the session counts those of the shell.
            Some(Input::Bytes(..)) | None => self.handle(now, Input::Deadline, effects),
            Some(again) => self.handle(now, again, effects),
        }
    }

    /// Whether this source should be read.
    pub fn wants_read(&self, source: Source) -> bool {
        match &self.0 {
            State::Full(core) => core.wants_read(source),
            State::Bare(relay) => relay.wants_read(source),
        }
    }

    /// Returns the bytes to write to `sink`.
    pub fn pending(&self, sink: Sink) -> &[u8] {
        match &self.0 {
            State::Full(core) => core.pending(sink),
            State::Bare(relay) => relay.pending(sink),
        }
    }

    /// Whether the bytes pending for `sink` are a secret, which must not reach a log. The relay types keys, which can be one.
    pub fn is_secret(&self, sink: Sink) -> bool {
        match &self.0 {
            State::Full(core) => sink == Sink::Pty && core.pty_input.is_secret(),
            State::Bare(_) => sink == Sink::Pty,
        }
    }

    /// Returns when `Input::Deadline` is due, if ever.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.0 {
            State::Full(core) => core.deadline(),
            State::Bare(relay) => relay.deadline(),
        }
    }

    /// Returns the bytes that turn off the terminal modes that are on, for the crash handler.
    pub fn restoring(&self) -> Vec<u8> {
        match &self.0 {
            State::Full(core) => core.restoring(),
            State::Bare(relay) => relay.restoring(),
        }
    }
}

impl Mark {
    fn of(core: &Core) -> Self {
        Self { output: core.output.mark(), typed: core.pty_input.typed() }
    }
}

/// Returns what `read` returns, or the default where it panics too.
fn salvage<T: Default>(read: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
}

/// Returns a copy of an input that the relay handles, if it is one.
fn repeatable<'a>(input: &Input<'a>) -> Option<Input<'a>> {
    Some(match *input {
        Input::Bytes(source @ (Source::Keyboard | Source::Pty), bytes) => Input::Bytes(source, bytes),
        Input::Closed(source) => Input::Closed(source),
        Input::WriteClosed(sink, error) => Input::WriteClosed(sink, error),
        Input::Exited(child, exit) => Input::Exited(child, exit),
        Input::CoprocStarted(pid) => Input::CoprocStarted(pid),
        Input::EndOfFile(byte) => Input::EndOfFile(byte),
        Input::Terminate(signal) => Input::Terminate(signal),
        Input::Suspend => Input::Suspend,
        Input::Request(request_id, ..) => Input::Request(request_id, Request::Status {}, Requester::default()),
        _ => return None,
    })
}

/// Returns the bytes for the terminal that the core has not written: its queue, withheld output, and the part of `in_hand`
/// that it has not queued. Output that a silent coprocess was to read is dropped, since it may be a file transfer.
fn bytes_for_terminal(core: &mut Core, mark: &Mark, in_hand: &[u8]) -> Vec<u8> {
    let silent = salvage(|| core.coproc.is_silent());
    let unshown = salvage(|| core.output.unshown(&mark.output, in_hand));
    // What coshell draws goes first, as far as the code that draws it does not panic in its turn.
    salvage(|| core.menu.close(&mut core.output.terminal));
    if silent {
        salvage(|| core.output.terminal.show_below(""));
    }
    salvage(|| core.output.terminal.indicate(None, Charset::default()));
    let mut bytes = salvage(|| core.output.terminal.pending().to_vec());
    if !silent {
        bytes.extend_from_slice(&unshown);
    }
    bytes
}

/// Returns the keys that are not written to the pty, and the rest of a chunk that is written in part. Keys for the menu, and
/// those that a silent coprocess locks out, are dropped.
fn bytes_for_pty(core: &mut Core, mark: &Mark, in_hand: &[u8]) -> Vec<u8> {
    let typed = usize::try_from(core.pty_input.typed() - mark.typed).unwrap_or(usize::MAX);
    let mut bytes = core.pty_input.unfinished();
    let locked = core.coproc.is_silent() && core.keyboard.locks();
    if !core.menu.is_open() && !locked {
        bytes.extend(core.keyboard.held());
        bytes.extend_from_slice(&in_hand[typed.min(in_hand.len())..]);
    }
    bytes
}

fn report_place(core: &Core) -> ReportPlace {
    let text = core.output.terminal.text();
    match core.settings.screen {
        OutputKind::Terminal if text.alt_screen() => ReportPlace::AtEnd,
        OutputKind::Terminal if text.in_ground_state() => ReportPlace::Now,
        OutputKind::Terminal => ReportPlace::AfterLine,
        OutputKind::Pipe => ReportPlace::AtEnd,
    }
}
