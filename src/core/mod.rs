//! The core decides everything and does no I/O. It takes `(now, Input)`, holds every byte in transit, and appends
//! [`Effect`]s to a list that the caller owns. It has no file descriptor, no clock and no errno, so that a test can write a
//! session down as a list of inputs.
//!
//! [`Core`] is a router over machines. Each machine is a type in a module of its own: it owns its state, decides about
//! nothing else, and returns events that concern other machines. [`Core::handle`] is one turn: it passes the input to a
//! machine, routes the events that come back until none is left, then the timers do what is due, and `settle` derives what
//! follows from the state of all machines.
//!
//! Contract for the caller: after every call perform the effects in order, at once, and pass in their answers
//! (`PtyState`, `Unread`, `Interrupted`, `EndOfFile`, `Resumed`, `CoprocStartFailed`, ...) before any other input; then write the
//! `pending` bytes; read a source only while `wants_read`; call `handle` again at `deadline` at the latest.

pub mod access;
mod annotations;
mod background;
mod bare_relay;
pub mod command_line;
mod confirm;
mod control;
mod coproc;
pub mod event;
pub mod event_kind;
mod guarded;
pub mod history;
mod input;
pub mod key_press;
mod lend;
mod limiter;
mod menu;
pub mod named_enum;
mod notices;
mod notifications;
mod output;
pub mod password;
mod pending;
pub mod recorder;
pub mod redact;
pub mod replay;
pub mod request;
pub mod response;
pub mod rpc_error;
mod session;
pub mod session_event;
pub mod settings;
pub mod source_place;
pub mod state_kind;
mod stderr_tail;
mod transfer;
pub mod trigger;
pub mod vt;
mod width;
mod write_buffer;

#[cfg(any(test, fuzzing))]
pub mod fuzzing;
#[cfg(test)]
pub(crate) mod split;

use std::sync::Arc;
use std::time::Instant;

use crate::display::one_line;
use crate::fault::panic_for_test;
use crate::types::{Child, ExitStatus, RequestId, SIGCONT, SIGHUP, SIGINT, Sink, Source, WriteError};
use annotations::{Annotation, Annotations};
pub use background::SLOTS as JOB_SLOTS;
use confirm::{ClientQuestion, ConfirmAnswer, ConfirmQuestion};
use control::send::{SendOptions, typed_bytes};
use control::state::StateFacts;
use control::typing::{TRIGGER_WAIT, TextSender, TextToType};
use control::{Control, Reply, annotate, read, status};
use coproc::{CoprocEvent, CoprocSlot, FirstInput, NewCoproc, StopReason};
use event::{Cx, PtyState};
pub use event::{Effect, Input, LentProgram, Suspension};
use event_kind::EventKind;
pub use guarded::GuardedCore;
use history::ShellEvent;
pub use input::keyboard::SilentKeys;
use input::keyboard::{Keyboard, KeysTyped, is_ctrl_c};
pub use input::keys::Chord;
use input::keys::InputModes;
use input::pty_input::PtyInput;
use lend::Lend;
pub use menu::MOST_RECENT;
use menu::{Menu, MenuAction};
use notices::Notice;
pub use notices::NoticeOutput;
pub use output::indicator::Charset;
use output::terminal::TerminalOutput;
pub use output::terminal::{NoticeStyle, OutputKind, TermCaps};
use output::{
    CandidateLine, Gate, GateState, LineDemand, Output, OutputEvent, Readers, TextOrigin, TryCandidate,
    exit_without_output,
};
use password::Reading;
use pending::PendingActions;
use recorder::Recorder;
use request::{InputFormat, Request, Visibility};
use response::{AccessResponse, AnnotateResponse, Done};
use rpc_error::{ErrorCode, RpcError};
use session::Session;
use session_event::SessionEvent;
pub use settings::{ConfigurationError, Configured, Settings, TransferPrograms};
use trigger::action::ActionEffect;
use trigger::event::{Occurrence, TriggerEvent};
use trigger::table::{TriggerState, TriggerTable};
use trigger::{ConditionFacts, Firing, HandedLines, Hit, LineStage, Tried};

/// Maximum number of rounds in one turn in which injected text fires triggers that inject text. The loop guard stops such
/// a trigger long before.
const MAX_INJECTIONS: usize = 100;
/// Sentence about a transfer in a multiplexer in the shell.
const SWALLOWED: &str = "tmux or screen in this session swallows ZMODEM: nothing can be moved there; leave it first, or use trzsz there and here";

/// A session: the router over its machines.
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    session: Session,
    output: Output,
    keyboard: Keyboard,
    pty_input: PtyInput,
    coproc: CoprocSlot,
    triggers: TriggerTable,
    pending: PendingActions,
    annotations: Annotations,
    control: Control,
    menu: Menu,
    lend: Lend,
}

/// A trigger that fired: its name, its match or event, and the line at the stage at which it was tried.
struct FiredTrigger<'a> {
    name: &'a str,
    hit: &'a Hit,
    line: &'a CandidateLine,
    stage: LineStage,
    /// Whether the user has allowed its actions just now.
    is_confirmed: bool,
}

/// What starts a coprocess.
#[derive(Clone, Copy)]
enum Starter<'a> {
    Trigger(&'a FiredTrigger<'a>),
    /// The header of a file transfer.
    Offer(&'a [u8]),
    /// An option, the menu or a client.
    Other,
}

/// A timer of a machine. `deadline` and `finish_turn` read the same table, so that neither can forget one.
struct Timer {
    /// Returns when it is due, if ever.
    due: fn(&Core) -> Option<Instant>,
    /// Does what is due by now.
    run: fn(&mut Core, &mut Cx<'_>),
}

/// The timers, in the order in which they are run.
const TIMERS: &[Timer] = &[
    Timer { due: |core| core.session.deadline(), run: |core, cx| core.session.tick(cx.now) },
    Timer { due: |core| core.pty_input.deadline(), run: |core, cx| core.pty_input.settle(cx.now) },
    Timer {
        due: |core| core.keyboard.deadline(),
        run: |core, cx| {
            let pty_reads = core.pty_input.is_empty() && !core.session.shell_is_gone();
            let (passed, pressed) = core.keyboard.tick(cx, pty_reads, core.menu.taken_keys());
            core.type_keys(cx, &passed);
            if pressed {
                core.shell_keys(cx, &[]);
            }
        },
    },
    Timer {
        due: |core| core.menu.deadline(),
        run: |core, cx| {
            let action = core.menu.tick(cx.now);
            action.into_iter().for_each(|action| core.menu_action(cx, action));
        },
    },
    Timer {
        due: |core| core.output.deadline().filter(|_| !awaits_patterns(core)),
        run: |core, cx| {
            if awaits_patterns(core) {
                return;
            }
            for (line, stage) in core.output.due_lines(cx.now) {
                core.line(cx, line, stage);
            }
            if let Some(line) = core.output.due_again(cx.now) {
                core.try_triggers(cx, TryCandidate { line, stage: LineStage::Finished, occurrence: None }, None);
            }
        },
    },
    Timer {
        due: |core| core.coproc.deadline(),
        run: |core, cx| {
            // Most turns have no coprocess, and no list of events is built for them.
            if core.coproc.deadline().is_none() {
                return;
            }
            let events = core.coproc.tick(cx, core.session.is_over());
            core.coproc_events(cx, events);
            if let Some(line) = core.coproc.progress_line(cx.now, core.output.terminal.cols()) {
                core.output.terminal.show_below(&line);
            }
        },
    },
    Timer {
        due: |core| core.triggers.events.deadline(core.output.zone()).filter(|_| !core.session.shell_is_gone()),
        run: |core, cx| {
            if core.session.shell_is_gone() {
                return;
            }
            core.triggers.events.due(cx.now).into_iter().for_each(|occurrence| core.occurred(cx, occurrence));
            if core.triggers.events.looks(cx.now, core.output.zone()) {
                cx.push(Effect::QueryPty);
            }
        },
    },
    Timer {
        due: |core| core.pending.confirm.deadline(),
        run: |core, cx| {
            let answer = core.pending.confirm.tick(cx, core.menu.taken_keys());
            answer.into_iter().for_each(|answer| core.answered(cx, answer));
        },
    },
    Timer {
        due: |core| core.pending.background.deadline(),
        run: |core, cx| core.pending.background.due(cx.now).into_iter().for_each(|notice| core.notice(cx, notice)),
    },
    Timer {
        due: |core| core.pending.notifications.deadline(),
        run: |core, cx| core.output.terminal.show(&core.pending.notifications.due(cx.now)),
    },
    Timer {
        due: |core| core.control.secret.deadline(),
        run: |core, cx| core.control.secret.tick(cx, core.session.shell_is_gone()),
    },
    Timer {
        due: |core| {
            let wanted = core.control.want_state();
            core.control.state.deadline(wanted).filter(|_| !core.session.shell_is_gone())
        },
        run: |core, cx| {
            if !core.session.shell_is_gone() {
                core.control.state.tick(cx, core.control.want_state());
            }
        },
    },
    Timer {
        due: |core| core.control.typing_deadline(&core.keyboard.line, &core.pty_input, &core.output),
        run: |core, cx| {
            let notices = core.control.typing.tick(cx, core.session.shell_is_gone());
            notices.into_iter().for_each(|notice| core.notice(cx, notice));
        },
    },
    Timer {
        due: |core| core.control.driving_deadline(&core.pty_input, core.output.terminal.now()),
        run: |core, cx| core.control.drive(cx, &core.keyboard.line),
    },
    Timer {
        due: |core| core.lend.deadline(),
        run: |core, cx| core.lend.tick(cx, core.output.terminal.text().in_ground_state()),
    },
    // What is due then, `handle` does in the turn of the deadline.
    Timer { due: |core| core.output.terminal.deadline(), run: |_, _| {} },
    Timer { due: |core| prepares_patterns(core).then(|| core.output.terminal.now()), run: |_, _| {} },
    Timer { due: |core| core.control.history_requests.deadline(), run: |_, _| {} },
    // What is due then, `end_session` does at the end of every turn.
    Timer {
        due: |core| {
            let waits_for_terminal = core.output.is_restored() && !core.output.terminal.is_empty();
            core.session.terminal_deadline().filter(|_| waits_for_terminal)
        },
        run: |_, _| {},
    },
];

/// Returns whether `byte` is a C0 control: all others are printed.
fn is_control(byte: u8) -> bool {
    byte < 0x20
}

/// Returns whether lines are to be searched for patterns that are not prepared yet.
fn awaits_patterns(core: &Core) -> bool {
    core.output.searches_lines() && !core.triggers.is_prepared()
}

/// Returns whether the search for patterns is to be prepared, or a better one while lines are searched.
fn prepares_patterns(core: &Core) -> bool {
    core.output.searches_lines() && core.triggers.is_preparing()
}

/// Returns whether the user can be asked on the terminal.
fn can_ask(core: &Core) -> bool {
    core.settings.has_terminal() && !core.output.terminal.is_dumb() && !core.session.shell_is_gone()
}

impl Core {
    /// Creates a session whose shell is about to run, and starts the coprocess of the settings, if any.
    pub fn new(now: Instant, mut settings: Settings, effects: &mut Vec<Effect>) -> Self {
        let (rules, coproc) = (std::mem::take(&mut settings.triggers), settings.coproc.clone());
        let troubles = std::mem::take(&mut settings.warnings);
        panic_for_test("new");
        let mut terminal = TerminalOutput::new(now, settings.screen, settings.size, settings.history);
        terminal.draw_as(settings.notice_style, settings.term_caps);
        let mut core = Self {
            session: Session::new(now, settings.unix_time),
            output: Output::new(
                terminal,
                settings.notices,
                Recorder::new(now, settings.record_facts(), settings.redaction.clone()),
            ),
            keyboard: Keyboard::new(settings.hotkey, settings.silent_keys, settings.signal_characters),
            pty_input: PtyInput::new(),
            coproc: CoprocSlot::new(settings.redaction.rules_if_always()),
            triggers: TriggerTable::new(now, rules, settings.cost_clock),
            pending: PendingActions::new(now, settings.protocol, settings.hotkey),
            annotations: Annotations::default(),
            control: Control::new(now, std::mem::take(&mut settings.password_jobs), &settings.redaction),
            menu: Menu::new(settings.hotkey),
            lend: Lend::default(),
            settings,
        };
        let cx = &mut Cx { now, effects };
        if core.settings.zmodem.is_some() {
            core.output.find_offers();
        }
        if let Some(rehearsal) = core.settings.rehearsal.take() {
            core.triggers.rehearse(rehearsal);
        }
        if let Some(record) = core.settings.record.take() {
            core.output.recorder.begin(now, record, core.settings.size);
        }
        core.update_line_demand();
        for sentence in troubles {
            core.notice(cx, Notice::new(sentence));
        }
        if let Some((command, visibility)) = coproc {
            let format = core.settings.input_format;
            let new = NewCoproc::new(command, visibility, format);
            core.start_coproc(cx, new, Starter::Other);
        }
        core.occurred(cx, Occurrence::new(TriggerEvent::Start, b""));
        // A notice must not wait for the shell to print something.
        core.settle(cx);
        core
    }

    // One turn, from top to bottom.

    /// Handles one input and appends the effects that follow from it.
    pub fn handle(&mut self, now: Instant, input: Input<'_>, effects: &mut Vec<Effect>) {
        self.output.terminal.clock(now);
        let cx = &mut Cx { now, effects };
        panic_for_test("handle");
        match input {
            Input::Bytes(source, bytes) => self.bytes(cx, source, bytes),
            Input::Empty(Source::Coproc) => self.coproc.stdout_empty(),
            Input::Empty(_) => {}
            Input::Closed(source) => self.closed(cx, source),
            Input::WriteClosed(sink, error) => self.write_closed(cx, sink, error),
            Input::Exited(child, exit) => self.exited(cx, child, exit),
            Input::CoprocStarted(pid) => {
                let events = self.coproc.started(pid);
                self.coproc_events(cx, events);
            }
            Input::CoprocStartFailed(reason) => {
                self.coproc.drop_transfer();
                // Output behind the line that was to start it is in its queue already.
                let unread = self.coproc.is_silent().then(|| self.coproc.reclaimed(cx.now, Vec::new()));
                let unread = self.output.end_silence(unread.flatten());
                let event = self.coproc.start_failed(&reason);
                self.coproc_events(cx, event);
                self.shell_output(cx, &unread);
            }
            Input::JobStartFailed(slot, reason) => {
                let notice = self.pending.background.start_failed(cx, slot, &reason);
                notice.into_iter().for_each(|notice| self.notice(cx, notice));
            }
            Input::LendFailed(reason) => self.take_terminal_back(cx, Err(&reason)),
            Input::Unread(bytes) => {
                let reclaimed = self.coproc.reclaimed(cx.now, bytes);
                // The Ctrl-C of a recovery would overtake data that waits for the pty.
                let is_broken = reclaimed.as_ref().is_some_and(|reclaimed| reclaimed.unread.is_none());
                if is_broken && self.pty_input.forget_chunks() {
                    self.coproc.was_cut();
                }
                let unread = self.output.end_silence(reclaimed);
                self.end_coproc(cx, &unread);
            }
            Input::PtyState(state) => self.pty_state(cx, &state),
            Input::EndOfFile(byte) => self.pty_input.key(now, &[byte]),
            Input::Interrupted(byte, true) => self.pty_input.interrupt(now, byte),
            Input::Interrupted(_, false) => {}
            Input::Resized(size) => {
                self.settings.size = size;
                panic_for_test("resize");
                self.output.resize(size);
                self.output.recorder.resize(cx.now, size);
                self.menu.resized();
                self.tell(cx, &SessionEvent::Resize(size));
                cx.push(Effect::Resize(size));
            }
            Input::Terminate(signal) if self.lend.explains(now, signal) => {
                let [interrupt, quit, _] = self.settings.signal_characters;
                self.keys(cx, &[if signal == SIGINT { interrupt } else { quit }]);
            }
            Input::Terminate(signal) => self.leave(cx, ExitStatus::Signal(signal)),
            // A session whose terminal is lent stops with the program that has it.
            Input::Suspend if self.lend.is_lent() => {}
            Input::Suspend => self.session.suspend(Suspension::Coshell),
            Input::ShellStopped => self.session.suspend(Suspension::Shell),
            Input::Resumed if self.session.is_leaving() => {}
            Input::Resumed => {
                self.output.terminal.resume();
                self.output.disturbed();
            }
            Input::Recent(recent) => {
                let sentence = self.menu.recalled(recent);
                sentence.into_iter().for_each(|sentence| self.notice(cx, Notice::new(sentence)));
            }
            Input::RecordingOpened(result) => self.output.recorder.opened(cx, result, self.settings.size),
            Input::RecordingClosed(result) => {
                let notice = self.output.recorder.closed(cx, result);
                notice.into_iter().for_each(|notice| self.notice(cx, notice));
            }
            Input::Request(request_id, request, requester) => {
                let for_trigger = match requester.child {
                    Some(Child::Coproc) => self.coproc.for_trigger(),
                    Some(Child::Job(slot)) => self.pending.background.for_trigger(slot),
                    Some(Child::Shell | Child::Lent) | None => None,
                };
                let (request, bounds) = ((request_id, request), (self.settings.clients, can_ask(self)));
                let permitted = self.pending.confirm.permit(cx, request, requester, for_trigger, bounds);
                let request =
                    permitted.and_then(|request| self.control.history_requests.defer(now, request_id, request));
                request.into_iter().for_each(|request| self.request(cx, request_id, request, for_trigger));
            }
            Input::Cancel(request_id) => self.cancel(cx, request_id),
            // Slices of work are done here only, so that no key waits for more than one.
            Input::Deadline => {
                self.output.terminal.step();
                if prepares_patterns(self) {
                    self.triggers.prepare();
                }
                self.control.answer_from_history(cx, &self.keyboard.line, &mut self.output);
                self.update_line_demand();
                if let Some((request_id, request)) = self.control.history_requests.next(&mut self.output.terminal) {
                    // It types and starts nothing, so that its trigger does not matter.
                    self.request(cx, request_id, request, None);
                }
            }
            // The relay that takes the core's place after a fault has asked for the report.
            Input::FaultReported { .. } => {}
        }
        self.finish_turn(cx);
    }

    /// Takes over a configuration that has been read again; a fault in it changes nothing.
    pub fn configure(&mut self, now: Instant, configured: Configured, effects: &mut Vec<Effect>) {
        self.output.terminal.clock(now);
        let cx = &mut Cx { now, effects };
        panic_for_test("configure");
        match configured.and_then(|mut new| {
            self.triggers.reload(std::mem::take(&mut new.triggers))?;
            Ok(new)
        }) {
            Err(error) => self.notice(cx, error.notice()),
            Ok(new) => {
                let later = self.settings.take_over(*new);
                self.menu.update_triggers(&self.triggers, cx.now);
                self.keyboard.set_silent_keys(self.settings.silent_keys);
                self.control.password.set_jobs(std::mem::take(&mut self.settings.password_jobs));
                self.output.set_notice_output(self.settings.notices);
                if self.settings.zmodem.is_some() {
                    self.output.find_offers();
                }
                self.notice(cx, settings::reload_notice(self.triggers.configured(), &later));
            }
        }
        self.finish_turn(cx);
    }

    /// Does what is due by now, and derives the rest.
    fn finish_turn(&mut self, cx: &mut Cx<'_>) {
        panic_for_test("tick");
        TIMERS.iter().for_each(|timer| (timer.run)(self, cx));
        panic_for_test("settle");
        self.settle(cx);
        // Not in `wrote`: what a sink has taken changes no reader of lines.
        self.update_line_demand();
    }

    /// Derives what follows from the state of all machines.
    fn settle(&mut self, cx: &mut Cx<'_>) {
        self.control.question_waits = self.pending.confirm.waits_to_ask();
        if !self.session.shell_is_gone() {
            let coproc_types = self.coproc.is_running();
            self.control.type_waiting(cx, &mut self.keyboard.line, &mut self.pty_input, &mut self.output, coproc_types);
        }
        self.coproc.settle(cx, self.pty_input.room_for_chunks() > 0 || self.session.is_over());
        self.end_coproc(cx, &[]);
        if self.output.has_withheld() {
            self.shell_output(cx, &[]);
        }
        for _ in 0..MAX_INJECTIONS {
            if !self.output.has_injected() || self.gate() != Gate::Open {
                break;
            }
            let (bytes, triggers) = self.output.take_injected();
            triggers.into_iter().for_each(|i| self.triggers.acted(i));
            self.shell_output(cx, &bytes);
        }
        while self.gate() == Gate::Open
            && let Some((request_id, text)) = self.output.take_listing()
        {
            let mut rest = &text[..];
            while !rest.is_empty() {
                rest = &rest[self.print(cx, rest, TextOrigin::Listing)..];
            }
            cx.answer(request_id, Done {});
        }
        let indicated = self.coproc.command().filter(|_| self.settings.indicator.is_some());
        self.output.terminal.indicate(indicated, self.settings.indicator.unwrap_or_default());
        let wants_focus = self.settings.has_terminal() && !self.session.shell_is_gone() && self.triggers.demand().focus;
        self.output.terminal.report_focus(wants_focus);
        if self.session.shell_is_gone() {
            self.close_menu(cx);
            self.output.terminal.lift_question();
            let dropped = self.pending.confirm.end(cx);
            dropped.into_iter().for_each(|notice| self.notice(cx, notice));
        }
        self.menu.settle(cx.now, &mut self.output.terminal);
        if !self.coproc.is_silent() && !self.coproc.is_recovering() {
            self.output.settle_notices();
        }
        let may_draw = self.gate() == Gate::Open && !self.menu.is_open() && !self.lend.is_requested();
        let user_types = self.keyboard.line.is_open();
        let refused = self.pending.confirm.settle(cx, &mut self.output.terminal, may_draw, user_types);
        if let Some(notice) = refused {
            self.notice(cx, notice);
            self.output.settle_notices();
        }
        self.lend.settle(cx, &mut self.output.terminal);
        if !self.lend.is_lent()
            && let Some(suspension) = self.session.take_suspension()
        {
            self.output.terminal.suspend();
            cx.push(Effect::Suspend(suspension));
            if suspension == Suspension::Shell {
                cx.push(Effect::Signal(Child::Shell, SIGCONT));
            }
        }
        let facts = StateFacts::of(&self.coproc, &self.lend, &self.output);
        self.control.update_state(cx, facts, &self.session, &self.output);
        if self.session.shell_is_gone() {
            self.session.update_quiet(cx.now, self.wants_read(Source::Pty));
        }
        if self.session.is_over() {
            self.end_session(cx);
        }
    }

    /// Sets how closely lines are examined from the triggers, the subscribers and the coprocess.
    fn update_line_demand(&mut self) {
        let triggers = self.triggers.demand();
        let subscribed = self.control.want_lines();
        let assembled = self.coproc.reads_lines() || self.control.subscribers.want_commands();
        self.output.set_demand(LineDemand::of(triggers, subscribed, assembled));
    }

    /// Returns whether the shell's output is shown now, and why not.
    fn gate(&self) -> Gate {
        Gate::of(GateState {
            awaits_pty_state: self.output.awaits_pty_state(),
            awaits_history: self.output.awaits_history(),
            awaits_patterns: awaits_patterns(self),
            silent: self.coproc.is_silent(),
            recovering: self.coproc.is_recovering(),
            menu: self.menu.is_drawn(),
            lent: self.lend.is_lent(),
        })
    }

    /// Returns when `Input::Deadline` is due, if ever.
    pub fn deadline(&self) -> Option<Instant> {
        TIMERS.iter().filter_map(|timer| (timer.due)(self)).min()
    }

    // Bytes in and out.

    /// Whether this source should be read.
    pub fn wants_read(&self, source: Source) -> bool {
        match source {
            Source::Keyboard => self.pty_input.room_for_keys() > 0 && !self.lend.is_lent(),
            Source::Pty => self.coproc.has_room() && self.output.has_room() && !self.session.is_over(),
            Source::Coproc => {
                let room = self.pty_input.room_for_chunks() > 0 || self.session.is_over();
                room && self.coproc.has_output()
            }
            Source::CoprocErr | Source::Job(_) => true,
        }
    }

    /// Returns the bytes to write to `sink`.
    pub fn pending(&self, sink: Sink) -> &[u8] {
        match sink {
            Sink::Terminal => self.output.terminal.pending(),
            Sink::Pty => self.pty_input.pending(),
            Sink::Coproc => self.coproc.pending(),
            Sink::Job(slot) => self.pending.background.pending(slot),
            Sink::Recording => self.output.recorder.pending(),
        }
    }

    /// Removes the first `n` pending bytes, which were written to `sink`.
    pub fn wrote(&mut self, now: Instant, sink: Sink, n: usize, effects: &mut Vec<Effect>) {
        self.output.terminal.clock(now);
        let cx = &mut Cx { now, effects };
        match sink {
            Sink::Terminal => self.output.terminal.wrote(n),
            Sink::Pty => {
                self.output.disturbed();
                let typed_for = self.pty_input.wrote(now, n);
                typed_for.into_iter().for_each(|i| self.triggers.acted(i));
                if self.pty_input.is_empty() {
                    self.keyboard.pty_took_all();
                }
            }
            Sink::Coproc => self.coproc.wrote(cx, n),
            Sink::Job(slot) => self.pending.background.wrote(slot, n, cx),
            Sink::Recording => return self.output.recorder.wrote(n),
        }
        panic_for_test("wrote");
        self.settle(cx);
    }

    /// Returns the bytes that turn off the terminal modes that are on, for the crash handler.
    pub fn restoring(&self) -> Vec<u8> {
        self.output.terminal.restoring()
    }

    fn bytes(&mut self, cx: &mut Cx<'_>, source: Source, bytes: &[u8]) {
        match source {
            Source::Keyboard => {
                panic_for_test("keyboard");
                self.keys(cx, bytes);
            }
            Source::Pty => {
                self.session.printed(cx.now, bytes.len());
                self.control.output_at = cx.now;
                let activity = self.triggers.events.printed(cx.now);
                self.pending.confirm.printed(cx.now);
                let bytes = self.coproc.without_trailer(cx.now, bytes);
                // In front of the output, whose first line is the event's.
                activity.into_iter().for_each(|occurrence| self.occurred(cx, occurrence));
                self.shell_output(cx, &bytes);
            }
            Source::Coproc => {
                panic_for_test("coproc output");
                let typed = self.coproc.wrote_stdout(cx, bytes);
                if !self.session.is_over() {
                    self.pty_input.chunk(cx.now, &typed, self.coproc.for_trigger());
                }
            }
            Source::CoprocErr => {
                let text = self.coproc.wrote_stderr(bytes);
                self.control.subscribers.tell(cx, &SessionEvent::CoprocStderr { text: &text });
            }
            Source::Job(slot) => self.pending.background.push_stderr(slot, bytes),
        }
    }

    fn closed(&mut self, cx: &mut Cx<'_>, source: Source) {
        match source {
            Source::Keyboard if self.settings.keyboard == OutputKind::Terminal => {
                self.output.terminal.forget();
                self.leave(cx, ExitStatus::Signal(SIGHUP));
            }
            Source::Keyboard => self.keyboard.ended(cx.now),
            Source::Pty => self.session.pty_closed(cx.now),
            Source::Coproc => self.coproc.stdout_closed(),
            Source::CoprocErr | Source::Job(_) => {}
        }
    }

    fn write_closed(&mut self, cx: &mut Cx<'_>, sink: Sink, error: WriteError) {
        match sink {
            Sink::Terminal => {
                self.output.terminal.forget();
                let exit = exit_without_output(cx, self.settings.screen, error);
                self.leave(cx, exit);
            }
            Sink::Pty => self.pty_input.clear(),
            Sink::Coproc => self.coproc.stdin_closed(),
            Sink::Job(slot) => self.pending.background.stdin_closed(slot),
            // `RecordingClosed` reports it.
            Sink::Recording => {}
        }
    }

    // The shell's output.

    /// Passes withheld output and then `bytes` of the shell to where the gate leads.
    fn shell_output(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        let releases = self.output.has_withheld() && !self.gate().withholds();
        let released = releases.then(|| self.output.release(bytes));
        let mut bytes = released.as_deref().unwrap_or(bytes);
        while !bytes.is_empty() {
            match self.gate() {
                Gate::Open if self.output.asks_pty_state(cx.now) => {
                    cx.push(Effect::QueryPty);
                    self.output.withhold(bytes);
                    break;
                }
                Gate::Open => {
                    let (piece, offer) = self.output.up_to_offer(self.output.up_to_notice(bytes));
                    let used = self.print(cx, piece, TextOrigin::Shell);
                    bytes = &bytes[used..];
                    if self.output.swallows_offer(cx.now, &piece[..used]) {
                        // The notice waits until the alternate screen is left.
                        self.output.terminal.show(&self.settings.protocol.notify_text(SWALLOWED));
                        self.notice(cx, Notice::new(SWALLOWED));
                    }
                    if let Some(offer) = offer.filter(|_| used == piece.len()) {
                        if let Some(line) = self.output.partial_line() {
                            self.line(cx, line, LineStage::Settled);
                        }
                        if self.settings.zmodem.is_some() && !self.coproc.is_silent() {
                            self.output.await_answer(offer);
                            cx.push(Effect::QueryPty);
                        }
                    }
                    if !bytes.is_empty() && self.output.terminal.is_dumb() {
                        self.output.settle_notices();
                    }
                }
                Gate::SilentCoproc => {
                    let event = self.coproc.push_silent(cx, bytes);
                    self.output.print_muted(cx.now, bytes, self.coproc.line_reader());
                    self.coproc_events(cx, event);
                    break;
                }
                Gate::TransferRecovery => {
                    self.coproc.push_recovery(cx.now, bytes);
                    break;
                }
                // Text ends no line that would be searched.
                Gate::AwaitingPatterns if !self.output.has_withheld() && !is_control(bytes[0]) => {
                    let end = bytes.iter().position(|&byte| is_control(byte)).unwrap_or(bytes.len());
                    bytes = &bytes[self.print(cx, &bytes[..end], TextOrigin::Shell)..];
                }
                Gate::AwaitingPtyState | Gate::AwaitingHistory | Gate::AwaitingPatterns | Gate::Menu | Gate::Lent => {
                    self.output.withhold(bytes);
                    break;
                }
            }
        }
        if released.is_some() {
            self.output.released_all();
        }
    }

    /// Shows output and handles the lines and shell events in it. Returns the number of bytes taken: up to the end of a line
    /// whose trigger may start a silent coprocess.
    fn print(&mut self, cx: &mut Cx<'_>, bytes: &[u8], origin: TextOrigin) -> usize {
        let (coproc, no_echo) = (self.coproc.is_running(), self.control.password.is_read());
        let focused = Some(self.keyboard.is_focused());
        let facts = ConditionFacts { coproc, no_echo, focused, ..ConditionFacts::default() };
        let readers = Readers {
            origin,
            triggers: &mut self.triggers,
            coproc: self.coproc.line_reader(),
            subscribed: self.control.want_lines(),
            format: self.settings.input_format,
            facts,
        };
        let (used, events) = self.output.print(cx.now, bytes, readers);
        self.coproc.push_raw(cx.now, &bytes[..used]);
        self.output.recorder.output(cx.now, &bytes[..used]);
        for event in events {
            match event {
                OutputEvent::Line(line) => self.line(cx, line, LineStage::Finished),
                OutputEvent::Shell { event, coproc_knows } => {
                    let occurrence = self.triggers.events.shell_event(cx.now, &event);
                    self.control.state.shell_event(&event);
                    match event {
                        ShellEvent::CommandStart { .. } => self.keyboard.line.command_started(),
                        ShellEvent::CommandEnd { command, status, .. } => {
                            self.control.awaiting.command_ended(cx, command, status);
                        }
                        ShellEvent::Directory { .. }
                        | ShellEvent::Host { .. }
                        | ShellEvent::User { .. }
                        | ShellEvent::Variable { .. } => {}
                    }
                    let event = SessionEvent::Shell(&event);
                    if !coproc_knows {
                        self.coproc.tell(cx.now, &event);
                    }
                    self.control.subscribers.tell(cx, &event);
                    occurrence.into_iter().for_each(|occurrence| self.occurred(cx, occurrence));
                }
                OutputEvent::Sign(sign) => {
                    let occurrence = self.triggers.events.sign(sign);
                    occurrence.into_iter().for_each(|occurrence| self.occurred(cx, occurrence));
                }
            }
        }
        for block in self.output.complete_blocks(cx.now, None, &mut self.triggers) {
            self.fire(cx, block.hit, &block.line, block.stage);
        }
        for line in self.output.printed(cx.now) {
            self.line(cx, line, LineStage::Chunk);
        }
        used
    }

    /// Passes a line to its readers, and tries the triggers on it.
    fn line(&mut self, cx: &mut Cx<'_>, line: CandidateLine, stage: LineStage) {
        let silent = self.coproc.is_silent();
        if !silent {
            self.control.awaiting.line(cx, &line, stage, self.control.state.has_marks(), &self.keyboard.line);
        }
        if let Some(event) = line.event(stage) {
            self.coproc.tell(cx.now, &event);
            if !silent {
                self.control.subscribers.tell_printed(cx, &event, self.session.seconds_at(cx.now));
            }
        }
        if !silent && line.place.origin == TextOrigin::Shell {
            self.try_triggers(cx, TryCandidate { line, stage, occurrence: None }, None);
        }
    }

    /// Tries the triggers on an event.
    fn occurred(&mut self, cx: &mut Cx<'_>, mut occurrence: Occurrence) {
        if self.coproc.is_silent() || !self.triggers.events.wanted().has(occurrence.event()) {
            return;
        }
        let line = self.output.current_line();
        if occurrence.event().has_line() {
            occurrence.set_text(&line.text);
        }
        let occurrence = Some(occurrence);
        self.try_triggers(cx, TryCandidate { line, stage: LineStage::Chunk, occurrence }, None);
    }

    /// Tries the triggers on a line or an event. `pty_state` is present where a condition needed it and the host has answered.
    fn try_triggers(&mut self, cx: &mut Cx<'_>, candidate: TryCandidate, pty_state: Option<PtyState>) {
        if pty_state.is_none() && self.output.awaits_pty_state() {
            return self.output.await_pty_state(candidate);
        }
        let TryCandidate { line, stage, occurrence } = &candidate;
        // A trigger that fires with a block in front of the line has fired when the line is tried.
        for block in self.output.complete_blocks(cx.now, Some(line), &mut self.triggers) {
            self.fire(cx, block.hit, &block.line, block.stage);
        }
        let no_echo = self.control.password.is_read();
        let facts = ConditionFacts {
            alt_screen: line.alt_screen,
            coproc: self.coproc.is_running(),
            zone: line.place.zone,
            host: Arc::clone(&line.place.host),
            focused: Some(self.keyboard.is_focused()),
            no_echo,
            pty_state,
        };
        let mut firings = Vec::new();
        panic_for_test("triggers");
        let tried = match occurrence {
            Some(occurrence) => {
                let place = line.firing_place();
                self.triggers.try_event(cx.now, occurrence, place, &facts, &mut firings)
            }
            None => self.triggers.try_line(cx.now, line.line(), *stage, &facts, &mut firings),
        };
        match tried {
            Tried::Done => {}
            Tried::Held { until } => self.output.hold(until, line),
            Tried::NeedsPtyState => {
                cx.push(Effect::QueryPty);
                return self.output.await_pty_state(candidate);
            }
        }
        let slow = self.triggers.slow_notice();
        slow.into_iter().for_each(|notice| self.notice(cx, notice));
        for firing in firings {
            match firing {
                Firing::Hit(hit) => self.fire(cx, hit, line, *stage),
                Firing::Stopped { trigger } => {
                    let notice = self.triggers.stopped_notice(trigger);
                    self.notice(cx, notice);
                }
            }
        }
    }

    /// Takes the state of the pty and tries the lines and events that waited for it.
    fn pty_state(&mut self, cx: &mut Cx<'_>, state: &PtyState) {
        let event = self.coproc.pty_group(cx, state.group);
        self.coproc_events(cx, event);
        let reading = self.control.password.look(cx.now, state);
        self.control.secret.looked(cx, reading, &mut self.pty_input);
        self.pending.confirm.looked(reading);
        let facts = StateFacts::of(&self.coproc, &self.lend, &self.output);
        self.control.looked(cx, facts, (state, reading), &self.session, &self.output);
        for request_id in self.control.state.take_answered() {
            let session_state = self.control.state.response(cx.now, &self.session, self.output.directory());
            let (state, waiting) = ((facts.alt_screen, session_state), self.control.waiting_texts());
            cx.answer(request_id, status::status(cx.now, &self.settings, state, &self.triggers, waiting, &self.coproc));
        }
        self.output.take_pty_state(cx.now, state);
        self.output.recorder.keys_seen(cx.now, reading != Reading::No);
        let (zone, number) = (self.output.zone(), self.output.line_number());
        for occurrence in self.triggers.events.looked(state, reading, zone, number) {
            self.occurred(cx, occurrence);
        }
        for candidate in self.output.take_awaiting() {
            if !self.coproc.is_silent() {
                if let (Reading::Perhaps(until), None) = (reading, &candidate.occurrence) {
                    self.output.try_again(until, &candidate.line, candidate.stage);
                }
                self.try_triggers(cx, candidate, Some(state.clone()));
            }
        }
        self.output.drop_raw();
        let (offer, programs) = (self.output.take_offer(), &self.settings.zmodem);
        // A trigger may have answered the offer. A document that is printed is none: a program that moves files has put the pty
        // into raw mode, or ssh(1) has.
        if let (Some(offer), Some(programs), false) = (offer, programs, state.is_canonical)
            && self.gate() == Gate::Open
        {
            let command = programs.answer_to(offer.direction).clone();
            let new = NewCoproc::new(command, Visibility::Silent, InputFormat::Raw);
            self.start_coproc(cx, NewCoproc { tells_summary: true, ..new }, Starter::Offer(&offer.header));
        }
    }

    // Triggers and their actions.

    /// Runs the actions of a trigger that fires, or begins the block of lines at whose end it does.
    fn fire(&mut self, cx: &mut Cx<'_>, mut hit: Hit, line: &CandidateLine, stage: LineStage) {
        panic_for_test("action");
        let options = self.triggers.options(hit.trigger);
        if options.until.is_some() && hit.lines == HandedLines::None {
            let context = options.context;
            return self.output.begin_block(hit, line, stage, context);
        }
        if options.context > 0 && hit.lines == HandedLines::None {
            hit.lines = HandedLines::Before(self.output.lines_before(line, options.context));
        }
        let confirm = options.confirm;
        let place = line.firing_place();
        let Some(effects) = self.triggers.act(&hit, place) else { return };
        let name = self.triggers.name(hit.trigger).to_owned();
        self.output.recorder.marker(cx.now, || format!("coshell: trigger \"{}\" fired", one_line(&name)));
        self.tell(cx, &SessionEvent::trigger(&name, &hit));
        // Colours and links are shown already, and have no effect here.
        if !confirm || effects.is_empty() {
            let fired = FiredTrigger { name: &name, hit: &hit, line, stage, is_confirmed: false };
            return effects.into_iter().for_each(|effect| self.act(cx, effect, &fired));
        }
        let question = ConfirmQuestion { name, hit, line: line.clone(), stage, effects };
        let can_ask = can_ask(self);
        let refused = self.pending.confirm.ask(cx, question, can_ask);
        refused.into_iter().for_each(|notice| self.notice(cx, notice));
    }

    /// Runs the actions of a trigger that the user allows, or does what another answer says.
    fn answered(&mut self, cx: &mut Cx<'_>, answer: ConfirmAnswer) {
        if !matches!(answer, ConfirmAnswer::Pass(_)) {
            self.output.terminal.lift_question();
        }
        match answer {
            ConfirmAnswer::Yes(question) => {
                let ConfirmQuestion { name, hit, line, stage, effects } = *question;
                let fired = FiredTrigger { name: &name, hit: &hit, line: &line, stage, is_confirmed: true };
                effects.into_iter().for_each(|effect| self.act(cx, effect, &fired));
            }
            ConfirmAnswer::Allowed(ClientQuestion { request_id, request, for_trigger, .. }, trusts) => {
                if trusts {
                    cx.push(Effect::Trust(request_id));
                }
                self.request(cx, request_id, request, for_trigger);
            }
            ConfirmAnswer::No => {}
            ConfirmAnswer::Refused(notice, keys) => {
                notice.into_iter().for_each(|notice| self.notice(cx, notice));
                let keys = self.keyboard.skip(cx.now, &keys, self.output.terminal.text().modes());
                self.type_keys(cx, keys);
            }
            ConfirmAnswer::Pass(bytes) => {
                let keys = self.keyboard.skip(cx.now, &bytes, self.output.terminal.text().modes());
                self.type_keys(cx, keys);
            }
            ConfirmAnswer::Hotkey => self.menu.open(cx.now),
        }
    }

    /// Carries out the effect of an action.
    fn act(&mut self, cx: &mut Cx<'_>, effect: ActionEffect, fired: &FiredTrigger<'_>) {
        let (name, for_trigger) = (fired.name, Some(fired.hit.trigger));
        let annotation = |text: String| {
            let quote = String::from_utf8_lossy(&fired.line.text).into_owned();
            Annotation { line: fired.line.number, quote, time: cx.now, text, part: None, place: None }
        };
        let refused = match effect {
            // What the user has allowed does not wait, nor does the answer to a prompt that has come since the user began to type.
            ActionEffect::Type(bytes)
                if fired.is_confirmed
                    || !self.keyboard.line.is_open()
                    || fired.stage != LineStage::Finished && self.keyboard.line.is_before(fired.line.start) =>
            {
                self.keyboard.line.sent(&bytes, self.output.typed_place());
                (!self.pty_input.send(cx.now, &bytes, for_trigger))
                    .then(|| format!("trigger \"{name}\" typed nothing: 80 KiB are already waiting to be typed"))
            }
            ActionEffect::Type(bytes) => {
                let sender = TextSender::Trigger(name.to_owned());
                let text = TextToType { sender, bytes, patience: TRIGGER_WAIT, for_trigger };
                let pushed = self.control.typing.push(cx.now, text, &self.pty_input);
                pushed.err().map(|error| format!("trigger \"{name}\" typed nothing: {}", error.message))
            }
            ActionEffect::Show(bytes) => {
                self.output.terminal.show(&bytes);
                None
            }
            ActionEffect::Notify(notification) => {
                let bytes = self.pending.notifications.push(cx.now, fired.hit.trigger, notification);
                self.output.terminal.show(&bytes.unwrap_or_default());
                None
            }
            ActionEffect::Title(title) => {
                self.output.terminal.set_title(title.as_bytes());
                None
            }
            ActionEffect::Annotate(text) => {
                let note = annotation(text);
                self.notice(cx, annotate::notice(&note));
                self.output.terminal.tell_number(note.line);
                self.annotations.notes.push(note);
                None
            }
            ActionEffect::Mark(text) => {
                let mark = annotation(text);
                self.output.terminal.tell_number(mark.line);
                self.annotations.marks.push(mark);
                None
            }
            ActionEffect::Capture(place) => {
                let captured = Annotation { place, ..annotation(name.to_owned()) };
                self.output.terminal.tell_number(captured.line);
                self.annotations.captured.push(captured);
                None
            }
            ActionEffect::Set(variable, value) => {
                let set = self.annotations.set(&variable, &value);
                set.err().map(|reason| format!("trigger \"{name}\" could not set a variable: {reason}"))
            }
            ActionEffect::Inject(bytes) => (!self.output.inject(&bytes, for_trigger))
                .then(|| format!("trigger \"{name}\" injected nothing: 64 KiB are already waiting to be shown")),
            ActionEffect::Run(command, stdin) => {
                let notice = self.pending.background.start(cx, command, stdin, fired.hit.trigger);
                return notice.into_iter().for_each(|notice| self.notice(cx, notice));
            }
            ActionEffect::Start(command, visibility) => {
                let format = self.settings.input_format;
                let new = NewCoproc { for_trigger, ..NewCoproc::new(command, visibility, format) };
                return self.start_coproc(cx, new, Starter::Trigger(fired));
            }
        };
        refused.into_iter().for_each(|sentence| self.notice(cx, Notice::new(sentence)));
    }

    // The coprocess.

    /// Starts a coprocess. One that a trigger or the offer of a file transfer starts gets that as its first input.
    fn start_coproc(&mut self, cx: &mut Cx<'_>, new: NewCoproc, starter: Starter<'_>) {
        let is_asked_for = matches!(starter, Starter::Other);
        if !is_asked_for && new.visibility == Visibility::Silent && self.session.shell_is_gone() {
            // It would hide the last of the output, and has no program there to talk to.
            return;
        }
        if let Some(running) = self.coproc.name() {
            let name = command_line::named(&new.command.command);
            let sentence = format!("{name} was not started: coprocess {running} is running; coshell stop ends it");
            return self.notice(cx, Notice::new(sentence));
        }
        let first = match starter {
            Starter::Trigger(fired) => {
                let (trigger, lines) = (Some(SessionEvent::trigger(fired.name, fired.hit)), fired.hit.lines.bytes());
                // A block has its first line, and an event none.
                let has_line = fired.hit.event.is_none() && !matches!(fired.hit.lines, HandedLines::Block(_));
                let raw = if has_line { self.output.raw_from(fired.line) } else { Vec::new() };
                let line = fired.line.first_event(fired.stage).filter(|_| has_line);
                Some(FirstInput { trigger, lines, raw, line })
            }
            Starter::Offer(header) => Some(FirstInput { trigger: None, lines: b"", raw: header.to_vec(), line: None }),
            Starter::Other => None,
        };
        let mutes = new.visibility == Visibility::Silent && new.format.tells_of_lines();
        let drawing = (self.output.terminal.can_place(), self.keyboard.locks());
        if self.coproc.start(cx, new, drawing, first) {
            self.output.begin_transfer();
            // The row is blank now: the same offer on it, of the next program there, is another one.
            if let Starter::Trigger(fired) = starter {
                self.triggers.forget_line(fired.line.id);
            }
        }
        if mutes {
            self.output.mute(cx.now, self.settings.size);
        }
        // Output later in this turn may be for it.
        self.update_line_demand();
    }

    /// Carries out events of the coprocess's life.
    fn coproc_events(&mut self, cx: &mut Cx<'_>, events: impl IntoIterator<Item = CoprocEvent>) {
        for event in events {
            panic_for_test("coproc");
            match event {
                CoprocEvent::Notice(notice) => self.notice(cx, notice),
                CoprocEvent::Answer(request_id, reply) => cx.push(Effect::Answer(request_id, reply)),
                CoprocEvent::Started { command, silent, pid } => {
                    let what = if silent { "started: its input is not recorded" } else { "started" };
                    let name = command_line::named(&command);
                    self.output.recorder.marker(cx.now, || format!("coshell: coprocess {name} {what}"));
                    self.control.subscribers.tell(cx, &SessionEvent::CoprocStart { command: &command, silent, pid });
                }
                CoprocEvent::Ended { command, exit } => {
                    self.pty_input.settle(cx.now);
                    let name = command_line::named(&command);
                    self.output.recorder.marker(cx.now, || format!("coshell: coprocess {name} ended: {exit}"));
                    self.control.subscribers.tell(cx, &SessionEvent::CoprocEnd { command: &command, exit });
                }
                CoprocEvent::DropChunks => {
                    self.pty_input.forget_chunks();
                }
                CoprocEvent::Type(bytes) => self.pty_input.chunk(cx.now, bytes, self.coproc.for_trigger()),
                CoprocEvent::Press(keys) => self.pty_input.key(cx.now, keys),
                CoprocEvent::Show(bytes) => self.shell_output(cx, &bytes),
                CoprocEvent::ClearProgress => self.output.terminal.show_below(""),
                CoprocEvent::Notify(text) => {
                    self.output.terminal.show(&self.settings.protocol.notify_text(&text));
                }
                CoprocEvent::Start(new) => self.start_coproc(cx, new, Starter::Other),
            }
        }
    }

    /// Ends the coprocess, if it is over, and shows the output that it left unread before the next one starts.
    fn end_coproc(&mut self, cx: &mut Cx<'_>, unread: &[u8]) {
        let exit = self.coproc.over();
        let ended = exit.map(|exit| self.coproc.end(cx, exit, self.session.shell_is_gone()));
        let mut events = ended.unwrap_or_default();
        let next = events.pop_if(|event| matches!(event, CoprocEvent::Start(_)));
        self.coproc_events(cx, events);
        if !unread.is_empty() {
            self.shell_output(cx, unread);
        }
        self.coproc_events(cx, next);
    }

    // Keys and the menu.

    /// Passes bytes of the keyboard to the menu or to the shell.
    fn keys(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = if self.menu.is_open() {
                let (used, action) = self.menu.take(cx.now, rest);
                action.into_iter().for_each(|action| self.menu_action(cx, action));
                used
            } else if self.pending.confirm.takes_keys() {
                let (used, answer) = self.pending.confirm.take(cx, rest, self.menu.taken_keys());
                answer.into_iter().for_each(|answer| self.answered(cx, answer));
                used
            } else {
                self.shell_keys(cx, rest)
            };
            rest = &rest[used..];
        }
        if let Some(focused) = self.keyboard.take_focus_change() {
            let event = if focused { TriggerEvent::Focused } else { TriggerEvent::Unfocused };
            self.occurred(cx, Occurrence::new(event, b""));
        }
    }

    /// Types bytes up to a press of the hotkey, which opens the menu. Returns the number of bytes taken.
    fn shell_keys(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) -> usize {
        let modes = InputModes::of(self.output.terminal.text().modes());
        let (used, passed, hotkey) = self.keyboard.take(cx.now, bytes, modes, self.menu.taken_keys());
        self.type_keys(cx, &passed);
        if let Some(spelled) = hotkey {
            if self.settings.has_terminal() && !self.session.shell_is_gone() && !self.lend.is_requested() {
                self.menu.open(cx.now);
            } else {
                self.type_keys(cx, &spelled);
            }
        }
        used
    }

    /// Types keys into the shell, unless the keyboard is locked for a silent coprocess, or they are a Ctrl-C that is typed anyway.
    fn type_keys(&mut self, cx: &mut Cx<'_>, bytes: &[u8]) {
        if self.coproc.types_interrupts() && is_ctrl_c(bytes) {
            return;
        }
        let is_locked = self.coproc.is_silent() && self.keyboard.locks();
        if !is_locked && self.output.recorder.keys(bytes) {
            cx.push(Effect::QueryPty);
        }
        self.pending.confirm.typed(cx.now, bytes);
        let place = self.output.typed_place();
        let typed = self.keyboard.type_keys(cx.now, bytes, place, self.coproc.is_silent(), &mut self.pty_input);
        if typed == KeysTyped::StopCoproc {
            self.coproc.stop(cx, StopReason::User);
        }
    }

    /// Carries out the action of a key in the menu.
    fn menu_action(&mut self, cx: &mut Cx<'_>, action: MenuAction) {
        panic_for_test("menu");
        match action {
            MenuAction::Redraw => {}
            MenuAction::Close => self.close_menu(cx),
            MenuAction::Answer(bytes) => {
                let keys = self.keyboard.skip(cx.now, &bytes, self.output.terminal.text().modes());
                self.type_keys(cx, keys);
            }
            MenuAction::PassHotkey(spelled) => {
                self.close_menu(cx);
                let keys = self.keyboard.skip(cx.now, &spelled, self.output.terminal.text().modes());
                self.type_keys(cx, keys);
            }
            MenuAction::EditCommand => match self.coproc.name() {
                Some(name) => self.menu.show_message(format!("coprocess {name} is running: s stops it")),
                None => self.menu.edit_command(cx),
            },
            MenuAction::Run(command) => match self.coproc.runnable(&command, false, self.session.check_running()) {
                Ok(command) => {
                    self.close_menu(cx);
                    self.menu.keep(cx, &command.command);
                    let (visibility, format) = (Visibility::Visible, self.settings.input_format);
                    let new = NewCoproc::new(command, visibility, format);
                    self.start_coproc(cx, new, Starter::Other);
                }
                Err(error) => self.menu.show_message(error.message),
            },
            MenuAction::Stop if self.coproc.stop(cx, StopReason::User) => self.close_menu(cx),
            MenuAction::Stop => self.menu.show_message("no coprocess is running: r runs one".to_owned()),
            MenuAction::Errors => match self.coproc.error_lines() {
                Some(lines) => self.menu.show("error line", lines, "the coprocess has written no errors"),
                None => self.menu.show_message(coproc::NONE_HAS_RUN.to_owned()),
            },
            MenuAction::Triggers => self.menu.show_triggers(&self.triggers, cx.now),
            MenuAction::Switch(place) => {
                let standing = self.triggers.standing().nth(place).map(|(i, _)| i);
                if let Some(i) = standing {
                    self.triggers.set_enabled(i, self.triggers.state(i, cx.now) != TriggerState::On);
                    self.menu.show_triggers(&self.triggers, cx.now);
                }
            }
            MenuAction::Notes => self.menu.show_notes(&self.annotations),
            MenuAction::Status => self.menu.show_message(status::sentence(cx.now, &self.triggers, &self.coproc)),
        }
    }

    fn close_menu(&mut self, cx: &mut Cx<'_>) {
        self.menu.close(&mut self.output.terminal);
        self.shell_output(cx, &[]);
    }

    // Requests of clients.

    /// Serves a client, which is part of a command of the trigger `for_trigger`, if any.
    fn request(&mut self, cx: &mut Cx<'_>, request_id: RequestId, request: Request, for_trigger: Option<usize>) {
        panic_for_test("request");
        let rules = self.settings.redaction.rules_if(request.redacts());
        let (now, history) = (cx.now, self.output.terminal.history());
        let mut reply: Reply = match request {
            Request::Run { silent, replace, wait, input, command } => {
                let command = match self.coproc.runnable(&command, replace, self.session.check_running()) {
                    Ok(command) => command,
                    Err(error) => return cx.refuse(request_id, error),
                };
                let visibility = if silent { Visibility::Silent } else { Visibility::Visible };
                let format = input.unwrap_or(self.settings.input_format);
                let request = Some((request_id, wait));
                let new = NewCoproc { request, for_trigger, ..NewCoproc::new(command, visibility, format) };
                let event = self.coproc.run(cx, new);
                return self.coproc_events(cx, event);
            }
            Request::Stop { signal } => return self.coproc.request_stop(cx, request_id, signal),
            Request::Wait {} => return self.coproc.request_wait(cx, request_id),
            Request::Status {} => return self.control.state.ask(cx, request_id),
            Request::Errors { .. } => self.coproc.errors().map(Into::into),
            Request::Send { .. } if self.session.shell_is_gone() => Err(control::send::shell_has_exited()),
            Request::Send { enter, paste, secret, timeout, now: at_once, text, key } => {
                let (options, modes) = (SendOptions { enter, paste }, self.output.terminal.text().modes());
                let bytes = match typed_bytes(&text, &key, options, modes, self.settings.term.as_deref()) {
                    Ok(bytes) => bytes,
                    Err(error) => return cx.refuse(request_id, error),
                };
                if secret {
                    return self.control.secret.wait(cx, request_id, &text, bytes, timeout);
                }
                if at_once {
                    let (line, place) = (&mut self.keyboard.line, self.output.typed_place());
                    control::send::send(now, &bytes, line, place, &mut self.pty_input, for_trigger).map(Into::into)
                } else {
                    // It is typed, and answered, at the end of the turn.
                    let text = TextToType::of_client(request_id, bytes, timeout, for_trigger);
                    let pushed = self.control.typing.push(cx.now, text, &self.pty_input);
                    return pushed.unwrap_or_else(|error| cx.refuse(request_id, error));
                }
            }
            Request::Await(request) => {
                return self.control.begin_wait(cx, request_id, &request, &self.keyboard.line, &self.output);
            }
            Request::Exec(request) => return self.control.begin_exec(cx, request_id, &request, &self.session),
            Request::Lines { number, from, to, command, follow, .. } => {
                let query = read::LinesQuery { number, from, to, command, finished_only: follow };
                let lines = read::lines(now, query, history, &self.annotations, &self.session);
                lines.and_then(|lines| {
                    if follow {
                        self.control.subscribers.add(request_id, vec![EventKind::Line], rules.clone())?;
                    }
                    Ok(lines.into())
                })
            }
            Request::Screen { .. } => read::screen(self.output.terminal.screen().as_deref()).map(Into::into),
            Request::Annotate { line, text } => annotate::annotation(now, history, &line, text).map(|note| {
                let response = AnnotateResponse { line: note.line, text: note.quote.clone() };
                self.notice(cx, annotate::notice(&note));
                self.output.terminal.tell_number(note.line);
                self.annotations.notes.push(note);
                response.into()
            }),
            Request::Notes {} | Request::Captured { .. } | Request::Marks { .. } => {
                read::listed(&request, history, &self.annotations, &self.session)
            }
            Request::Inject { text, no_triggers } => {
                let shown = self.output.show_text(request_id, &text, no_triggers, for_trigger);
                let Some(shown) = shown else { return };
                shown.map(Into::into)
            }
            Request::Set { name, value } => {
                let set = self.annotations.set(&name, &value);
                set.map(|()| Done {}.into()).map_err(|reason| RpcError::new(ErrorCode::Params, reason))
            }
            Request::Get { name } => annotate::get(&self.annotations, name.as_deref()).map(Into::into),
            Request::Trigger(request) => self.triggers.request(now, request),
            Request::Record(request) => return self.output.recorder.request(cx, request_id, request),
            Request::Lend { command, directory, environment, streams, .. } => {
                let program = LentProgram { command, directory, environment, streams };
                let checked = self.lend.check(&program, self.settings.has_terminal());
                if let Err(error) = checked.and_then(|()| self.session.check_running()) {
                    return cx.refuse(request_id, error);
                }
                self.close_menu(cx);
                return self.lend.request(now, request_id, program);
            }
            Request::Notify { .. } if self.settings.screen != OutputKind::Terminal => {
                let sentence = "the session's output is not a terminal, so nothing can show a notification";
                Err(RpcError::new(ErrorCode::NoTerminal, sentence))
            }
            Request::Notify { text } => {
                self.output.terminal.show(&self.settings.protocol.notify_text(&text));
                Ok(Done {}.into())
            }
            Request::Access(access) => Ok(AccessResponse { level: access.level.min(self.settings.clients) }.into()),
            Request::Subscribe { events } => {
                self.control.subscribers.add(request_id, events, rules.clone()).map(Into::into)
            }
        };
        control::redact_reply(&mut reply, rules);
        cx.push(Effect::Answer(request_id, reply));
    }

    /// Handles the disconnection of the client of `request_id`.
    fn cancel(&mut self, cx: &mut Cx<'_>, request_id: RequestId) {
        self.control.subscribers.remove(request_id);
        self.output.drop_listing(request_id);
        self.output.recorder.cancel(request_id);
        self.control.secret.cancel(request_id);
        self.control.state.cancel(request_id);
        self.control.typing.cancel(request_id);
        self.control.awaiting.cancel(request_id);
        self.control.exec.cancel(request_id);
        self.control.history_requests.cancel(request_id);
        self.coproc.cancel(request_id);
        if self.pending.confirm.cancel(request_id) {
            self.output.terminal.lift_question();
        }
        if self.lend.cancel(cx, request_id) {
            self.take_terminal_back(cx, Err(""));
        }
    }

    // Processes and the end.

    fn exited(&mut self, cx: &mut Cx<'_>, child: Child, exit: ExitStatus) {
        match child {
            Child::Shell => {
                panic_for_test("session");
                self.session.exited(cx.now, exit);
                self.tell(cx, &SessionEvent::Exit(exit));
                self.occurred(cx, Occurrence::exit(exit.status().into()));
            }
            Child::Coproc => self.coproc.exited(exit),
            Child::Lent => self.take_terminal_back(cx, Ok(exit)),
            Child::Job(slot) => {
                let notice = self.pending.background.exited(cx, slot, exit);
                notice.into_iter().for_each(|notice| self.notice(cx, notice));
            }
        }
    }

    /// Takes the terminal back after a lent program has exited or was not started.
    fn take_terminal_back(&mut self, cx: &mut Cx<'_>, end: Result<ExitStatus, &str>) {
        panic_for_test("lend");
        self.lend.ended(cx, end);
        self.output.recorder.marker(cx.now, || "coshell: the terminal was lent, which is not recorded".to_owned());
        self.output.terminal.take_back();
        self.output.disturbed();
        self.shell_output(cx, &[]);
    }

    /// Hangs up the session; coshell exits with status `exit`.
    fn leave(&mut self, cx: &mut Cx<'_>, exit: ExitStatus) {
        if self.session.leave(cx.now, exit) {
            self.coproc.stop(cx, StopReason::HangUp);
            cx.push(Effect::HangUp);
        }
    }

    /// Ends the coprocess, restores the terminal and exits, step by step, once all output of the shell has been read.
    fn end_session(&mut self, cx: &mut Cx<'_>) {
        self.pty_input.clear();
        if self.output.awaits_history() {
            self.output.terminal.finish_lines();
            self.update_line_demand();
            self.shell_output(cx, &[]);
        }
        if self.gate() == Gate::AwaitingPatterns && self.output.has_withheld() {
            self.triggers.prepare_all();
            self.shell_output(cx, &[]);
        }
        self.control.end_waits(cx, &self.keyboard.line, &mut self.output);
        if self.lend.end(cx) {
            self.take_terminal_back(cx, Err(""));
        }
        if self.lend.is_lent() {
            return;
        }
        let events = self.coproc.step_recovery(cx, true);
        self.coproc_events(cx, events);
        let held = self.coproc.release_trailer();
        self.coproc_events(cx, held);
        if self.coproc.finish(cx) && !self.session.is_leaving() {
            return;
        }
        self.output.restore();
        if self.session.terminal_deadline().is_some_and(|at| cx.now >= at) {
            self.output.give_up();
        }
        if self.output.terminal.is_empty() {
            let notice = self.pending.background.end();
            notice.into_iter().for_each(|notice| self.notice(cx, notice));
            while let Some(notice) = self.output.take_notice() {
                notice.lines().into_iter().for_each(|line| cx.push(Effect::Warn(line)));
            }
            self.control.history_requests.take_all().for_each(|request_id| cx.refuse(request_id, RpcError::ended()));
            self.output.recorder.end(cx, self.session.exit());
            cx.push(Effect::Finish(self.session.exit()));
        }
    }

    /// Passes an event to the coprocess and to the subscribers.
    fn tell(&mut self, cx: &mut Cx<'_>, event: &SessionEvent<'_>) {
        self.coproc.tell(cx.now, event);
        self.control.subscribers.tell(cx, event);
    }

    /// Queues a notice for the user and passes it to the subscribers.
    fn notice(&mut self, cx: &mut Cx<'_>, notice: Notice) {
        panic_for_test("notice");
        self.control.subscribers.tell(cx, &SessionEvent::Notice { text: notice.sentence() });
        self.output.notice(notice);
    }
}

#[cfg(test)]
mod tests;
