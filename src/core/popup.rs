//! The menu on the terminal: when it opens and closes, what becomes of the output meanwhile, and what its wishes do.
//! How it looks is for `menu`, how the row is drawn and put back for `bar`.

use std::time::{Duration, Instant};

use super::annotations::Annotation;
use super::command_line::CommandLine;
use super::coproc::{StopReason, Visibility};
use super::input::keys::{Decoder, Key};
use super::menu::{Menu, MenuAction};
use super::output::notices::blanked;
use super::trigger::definition::TriggerActions;
use super::{Core, Effect, OutputKind};

/// How long the menu waits for a moment of rest; then what is open in the stream never gets its end.
const REST_WITHIN: Duration = Duration::from_millis(500);
/// CAN: it ends any escape sequence.
const CANCEL: &[u8] = b"\x18";
/// How many commands are kept from session to session.
pub const MOST_RECENT: usize = 1000;

/// The menu, from the hotkey on.
#[derive(Debug)]
pub(super) struct OpenMenu {
    menu: Menu,
    decoder: Decoder,
    /// It is not shown yet, and is at this time at the latest.
    awaited: Option<Instant>,
    /// The size has changed: it is to be drawn anew.
    stale: bool,
}

impl OpenMenu {
    fn new(now: Instant, core: &Core) -> Self {
        let awaited = Some(now + REST_WITHIN);
        Self { menu: Menu::new(), decoder: Decoder::new(core.settings.hotkey), awaited, stale: true }
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.awaited, self.decoder.deadline()].into_iter().flatten().min()
    }

    /// The window has another size.
    pub(super) fn resized(&mut self) {
        self.stale = true;
    }
}

impl Core {
    /// The keyboard's bytes, to the shell or to the menu.
    pub(super) fn keys(&mut self, now: Instant, bytes: &[u8], out: &mut Vec<Effect>) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = match &mut self.popup {
                Some(popup) => {
                    let (used, key) = popup.decoder.take(now, rest);
                    if let Some(key) = key {
                        self.menu_key(now, key, out);
                    }
                    used
                }
                None => self.shell_keys(now, rest, out),
            };
            rest = &rest[used..];
        }
    }

    /// Up to the hotkey; says how much that is.
    fn shell_keys(&mut self, now: Instant, bytes: &[u8], out: &mut Vec<Effect>) -> usize {
        let mut passed = Vec::new();
        let escape_alone = self.screen.text().modes().escape_alone();
        let (used, hotkey) = self.keys.take(now, bytes, escape_alone, &mut passed);
        self.typed(now, &passed, out);
        if let Some(spelled) = hotkey {
            let terminal =
                self.settings.screen == OutputKind::Terminal && self.settings.keyboard == OutputKind::Terminal;
            if terminal && !self.session.shell_is_gone() && !self.is_lending() {
                self.popup = Some(OpenMenu::new(now, self));
            } else {
                self.typed(now, &spelled, out);
            }
        }
        used
    }

    /// Does what the keyboard's clock says.
    pub(super) fn tick_popup(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let mut passed = Vec::new();
        self.keys.tick(now, &mut passed);
        self.typed(now, &passed, out);
        if let Some(key) = self.popup.as_mut().and_then(|popup| popup.decoder.tick(now)) {
            self.menu_key(now, key, out);
        }
    }

    fn menu_key(&mut self, now: Instant, key: Key, out: &mut Vec<Effect>) {
        if let Key::Answer(bytes) = key {
            self.keys.skip(now, &bytes);
            return self.typed(now, &bytes, out);
        }
        let Some(popup) = &mut self.popup else { return };
        popup.stale = true;
        match popup.menu.key(key) {
            MenuAction::Look => {}
            MenuAction::Leave => self.leave_menu(now, out),
            MenuAction::Through(spelled) => {
                self.leave_menu(now, out);
                self.keys.skip(now, &spelled);
                self.typed(now, &spelled, out);
            }
            MenuAction::Write => self.write_command(out),
            MenuAction::Run(command) => self.run_from_menu(now, command, out),
            MenuAction::Stop => self.stop_from_menu(now, out),
            MenuAction::Errors => self.show_errors(),
            MenuAction::Triggers => self.show_triggers(),
            MenuAction::Notes => self.show_notes(),
            MenuAction::Switch(place) => self.switch_from_menu(place),
            MenuAction::Status => self.say(self.status_sentence(now)),
        }
    }

    fn say(&mut self, sentence: String) {
        if let Some(popup) = &mut self.popup {
            popup.menu.say(sentence);
        }
    }

    /// The commands of before are asked for when they are first wanted.
    fn write_command(&mut self, out: &mut Vec<Effect>) {
        if let Some(coproc) = &self.coproc {
            let sentence = format!("coprocess {} is running: s stops it", coproc.name());
            return self.say(sentence);
        }
        if self.recent.is_none() {
            out.push(Effect::RecallRecent);
        }
        if let Some(popup) = &mut self.popup {
            popup.menu.write(self.recent.clone().unwrap_or_default());
        }
    }

    /// The commands that were run from the menu in sessions before, or why they are not known.
    pub(super) fn recalled(&mut self, recent: Result<Vec<String>, String>, out: &mut Vec<Effect>) {
        match recent {
            Ok(recent) => {
                if let Some(popup) = &mut self.popup {
                    popup.menu.write(recent.clone());
                }
                self.recent = Some(recent);
            }
            Err(sentence) => {
                self.recent.get_or_insert_default();
                self.notice(&sentence, &[], out);
            }
        }
    }

    fn run_from_menu(&mut self, now: Instant, command: String, out: &mut Vec<Effect>) {
        let command = match self.runnable(&command, false) {
            Ok(command) => command,
            Err(refusal) => return self.say(refusal.message),
        };
        self.leave_menu(now, out);
        let recent = self.recent.get_or_insert_default();
        recent.retain(|known| *known != command);
        recent.push(command.clone());
        recent.drain(..recent.len().saturating_sub(MOST_RECENT));
        out.push(Effect::KeepRecent(command.clone()));
        self.start_coproc(now, CommandLine::new(command), Visibility::Visible, self.settings.form, None, out);
    }

    fn stop_from_menu(&mut self, now: Instant, out: &mut Vec<Effect>) {
        match &mut self.coproc {
            Some(coproc) => {
                coproc.process.stop(now, StopReason::User, out);
                self.leave_menu(now, out);
            }
            None => self.say("no coprocess is running: r runs one".to_owned()),
        }
    }

    fn show_errors(&mut self) {
        let running = self.coproc.as_ref().map(|coproc| &coproc.speech.stderr);
        let Some(stderr) = running.or_else(|| self.control.coprocs.last().map(|last| &last.stderr)) else {
            return self.say("no coprocess has run in this session".to_owned());
        };
        let lines = stderr.lines();
        if lines.is_empty() {
            return self.say("the coprocess has written no errors".to_owned());
        }
        if let Some(popup) = &mut self.popup {
            popup.menu.show("error line", lines);
        }
    }

    fn show_notes(&mut self) {
        let entry = |note: &Annotation| {
            format!("line {} \"{}\": {}", note.line, blanked(note.quote.trim()), blanked(&note.text))
        };
        let entries: Vec<String> = self.notes.notes.iter().map(entry).collect();
        match &mut self.popup {
            Some(popup) if !entries.is_empty() => popup.menu.show("note", entries),
            _ => self.say("there are no notes in this session".to_owned()),
        }
    }

    fn show_triggers(&mut self) {
        let entry = |(i, _): (usize, &TriggerActions)| {
            let spec = self.triggers.spec(i);
            let state = if spec.enabled { "on " } else { "off" };
            format!("[{state}] {}", blanked(spec.called()))
        };
        let entries: Vec<String> = self.standing_triggers().map(entry).collect();
        match &mut self.popup {
            Some(popup) if !entries.is_empty() => popup.menu.show_switches("trigger", entries),
            _ => self.say("this session has no triggers".to_owned()),
        }
    }

    fn switch_from_menu(&mut self, place: usize) {
        let standing = self.standing_triggers().nth(place).map(|(i, _)| i);
        if let Some(i) = standing {
            let on = self.triggers.spec(i).enabled;
            self.turn_trigger(i, !on);
            self.show_triggers();
        }
    }

    fn status_sentence(&self, now: Instant) -> String {
        let (all, on) = (
            self.standing_triggers().count(),
            self.standing_triggers().filter(|(i, _)| self.triggers.spec(*i).enabled).count(),
        );
        let triggers = format!("{all} triggers, {on} on");
        match &self.coproc {
            Some(coproc) => {
                let (given, typed, seconds) = (coproc.intake.given(), coproc.speech.typed, coproc.seconds(now));
                let (minutes, seconds) = (seconds / 60, seconds % 60);
                let name = coproc.name();
                format!("{name} runs for {minutes}:{seconds:02}: {given} bytes read, {typed} typed; {triggers}")
            }
            None => format!("no coprocess is running; {triggers}"),
        }
    }

    /// Opens the menu at a moment of rest, and draws what has changed of it.
    pub(super) fn settle_popup(&mut self, now: Instant, out: &mut Vec<Effect>) {
        let Some(popup) = &mut self.popup else { return };
        if self.session.shell_is_gone() {
            return self.leave_menu(now, out);
        }
        if let Some(at) = popup.awaited {
            if now < at && !self.screen.is_calm() {
                return;
            }
            if !self.screen.text().in_ground_state() {
                self.screen.cancel(CANCEL);
            }
            popup.awaited = None;
            self.screen.open_bar();
        }
        if std::mem::take(&mut popup.stale) {
            self.screen.draw_bar(&popup.menu.row(self.screen.cols()));
        }
    }

    /// The menu is gone, and the output goes on.
    pub(super) fn leave_menu(&mut self, now: Instant, out: &mut Vec<Effect>) {
        if self.popup.take().is_none() {
            return;
        }
        self.screen.close_bar();
        self.release_held(now, out);
    }

    /// Whether the output waits for the menu.
    pub(super) fn is_held(&self) -> bool {
        self.popup.as_ref().is_some_and(|popup| popup.awaited.is_none())
    }
}
