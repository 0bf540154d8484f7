//! The menu on the terminal's bottom row: opening, closing and keys. `page` has its contents, `output::terminal` draws the
//! row, and the router carries out the actions.

mod editor;
mod page;

use std::time::{Duration, Instant};

pub(super) use page::MenuAction;
use page::MenuPage;

use super::annotations::{Annotation, Annotations};
use super::event::{Cx, Effect, RecentError};
use super::input::keys::{Chord, Decoder, Key, TakenKeys};
use super::output::terminal::TerminalOutput;
use super::trigger::table::{TriggerState, TriggerTable};

/// Time for which the menu waits while the output is inside a sequence, before it cancels the sequence.
const OPEN_TIMEOUT: Duration = Duration::from_millis(500);
/// CAN: ends a sequence that is open, without effect (ECMA-48, section 8.3.6).
const CANCEL: &[u8] = b"\x18";
/// Maximum number of commands run from the menu that are stored.
pub const MOST_RECENT: usize = 1000;

/// The menu, open or closed.
#[derive(Debug)]
pub(super) struct Menu {
    hotkey: Option<Chord>,
    open: Option<OpenMenu>,
    taken: TakenKeys,
    /// Commands that were run from the menu, oldest first, once they have been read.
    recent: Option<Vec<String>>,
}

#[derive(Debug)]
struct OpenMenu {
    page: MenuPage,
    decoder: Decoder,
    /// While it is not drawn yet: until when it waits for the output.
    awaited: Option<Instant>,
    /// Whether the row must be drawn.
    stale: bool,
}

impl Menu {
    /// Creates a closed menu that this hotkey opens.
    pub(super) fn new(hotkey: Option<Chord>) -> Self {
        Self { hotkey, open: None, taken: TakenKeys::default(), recent: None }
    }

    /// Opens the menu. It is drawn once the output is in the ground state.
    pub(super) fn open(&mut self, now: Instant) {
        let (page, decoder) = (MenuPage::new(), Decoder::new(self.hotkey));
        self.open = Some(OpenMenu { page, decoder, awaited: Some(now + OPEN_TIMEOUT), stale: true });
    }

    /// Whether the menu is open and takes the keys.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the menu is drawn, so that output is withheld.
    pub(super) fn is_drawn(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.awaited.is_none())
    }

    /// Takes keyboard bytes up to the end of a key. Returns their number, and the key's action.
    pub(super) fn take(&mut self, now: Instant, bytes: &[u8]) -> (usize, Option<MenuAction>) {
        let Some(open) = &mut self.open else { return (0, None) };
        let (used, key) = open.decoder.take(now, bytes, &mut self.taken);
        let action = key.map(|key| open.key(key));
        if let Some(MenuAction::PassHotkey(spelled)) = &action {
            self.taken.pass(spelled);
        }
        (used, action)
    }

    /// Returns the keys whose press the menu or the hotkey took.
    pub(super) fn taken_keys(&mut self) -> &mut TakenKeys {
        &mut self.taken
    }

    /// Ends a key that is complete by now. Returns its action.
    pub(super) fn tick(&mut self, now: Instant) -> Option<MenuAction> {
        let open = self.open.as_mut()?;
        open.decoder.tick(now).map(|key| open.key(key))
    }

    /// Returns when `tick` or `settle` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let open = self.open.as_ref()?;
        [open.awaited, open.decoder.deadline()].into_iter().flatten().min()
    }

    /// Requests a redraw, as after a change of the window size.
    pub(super) fn resized(&mut self) {
        if let Some(open) = &mut self.open {
            open.stale = true;
        }
    }

    /// Draws the menu, if it is open and the screen can be drawn on.
    pub(super) fn settle(&mut self, now: Instant, terminal: &mut TerminalOutput) {
        let Some(open) = &mut self.open else { return };
        if let Some(at) = open.awaited {
            if (now < at && !terminal.can_draw()) || !terminal.has_read_for_menu() {
                return;
            }
            if !terminal.text().in_ground_state() {
                terminal.cancel(CANCEL);
                // One more byte, which the history has room for in any slice.
                if !terminal.has_read_for_menu() {
                    return;
                }
            }
            open.awaited = None;
            terminal.open_menu_row();
        }
        if std::mem::take(&mut open.stale) {
            terminal.draw_menu_row(&open.page.row(terminal.cols()));
        }
    }

    /// Closes the menu and puts its row back.
    pub(super) fn close(&mut self, terminal: &mut TerminalOutput) {
        if self.open.take().is_some() {
            terminal.close_menu_row();
        }
    }

    /// Shows a message.
    pub(super) fn show_message(&mut self, message: String) {
        if let Some(open) = &mut self.open {
            open.page.show_message(message);
        }
    }

    /// Shows the notes on lines.
    pub(super) fn show_notes(&mut self, annotations: &Annotations) {
        let entry = |note: &Annotation| format!("line {} \"{}\": {}", note.line, note.quote.trim(), note.text);
        self.show("note", annotations.notes.iter().map(entry).collect(), "this session has no notes");
    }

    /// Shows the triggers, each of which can be switched on and off.
    pub(super) fn show_triggers(&mut self, triggers: &TriggerTable, now: Instant) {
        let state = |i| match triggers.state(i, now) {
            TriggerState::On => "on ",
            TriggerState::Off => "off",
            TriggerState::Stopped => "stopped",
        };
        let entries = triggers.standing().map(|(i, name)| format!("[{}] {}", state(i), name));
        self.show_switches("trigger", entries.collect(), "this session has no triggers");
    }

    /// Lists the triggers anew where they are listed: an entry is known by its place.
    pub(super) fn update_triggers(&mut self, triggers: &TriggerTable, now: Instant) {
        if self.open.as_ref().is_some_and(|open| open.page.shows_switches()) {
            self.show_triggers(triggers, now);
            self.resized();
        }
    }

    /// Shows a list whose entries are called `label`, or else the message `or_else`.
    pub(super) fn show(&mut self, label: &'static str, entries: Vec<String>, or_else: &str) {
        match &mut self.open {
            Some(open) if !entries.is_empty() => open.page.show(label, entries),
            _ => self.show_message(or_else.to_owned()),
        }
    }

    /// Shows a list of switches, or else the message `or_else`.
    fn show_switches(&mut self, label: &'static str, entries: Vec<String>, or_else: &str) {
        match &mut self.open {
            Some(open) if !entries.is_empty() => open.page.show_switches(label, entries),
            _ => self.show_message(or_else.to_owned()),
        }
    }

    /// Opens the line editor, with the commands that were run before.
    pub(super) fn edit_command(&mut self, cx: &mut Cx<'_>) {
        if self.recent.is_none() {
            cx.push(Effect::RecallRecent);
        }
        if let Some(open) = &mut self.open {
            open.page.edit_command(self.recent.clone().unwrap_or_default());
        }
    }

    /// Takes the commands of earlier sessions. Returns the message where they could not be read.
    pub(super) fn recalled(&mut self, recent: Result<Vec<String>, RecentError>) -> Option<String> {
        match recent {
            Ok(recent) => {
                if let Some(open) = &mut self.open {
                    open.page.edit_command(recent.clone());
                }
                self.recent = Some(recent);
                None
            }
            Err(RecentError(message)) => {
                self.recent.get_or_insert_default();
                Some(message)
            }
        }
    }

    /// Stores a command that is run from the menu.
    pub(super) fn keep(&mut self, cx: &mut Cx<'_>, command: &str) {
        let recent = self.recent.get_or_insert_default();
        recent.retain(|known| known != command);
        recent.push(command.to_owned());
        recent.drain(..recent.len().saturating_sub(MOST_RECENT));
        cx.push(Effect::KeepRecent(command.to_owned()));
    }
}

impl OpenMenu {
    fn key(&mut self, key: Key) -> MenuAction {
        let action = self.page.key(key);
        self.stale |= !matches!(action, MenuAction::Answer(_));
        action
    }
}
