//! The menu on the terminal's bottom row: when it opens and closes, and the keys that it takes. What it says is for
//! `page`, how the row is drawn and put back for `output::terminal`, and what its actions do for the core.

mod editor;
mod page;

use std::time::{Duration, Instant};

pub(super) use page::MenuAction;
use page::MenuPage;

use super::annotations::{Annotation, Annotations};
use super::event::{Cx, Effect, RecentError};
use super::input::keys::{Chord, Decoder, Key};
use super::output::terminal::TerminalOutput;
use super::trigger::table::TriggerTable;
use super::width::without_controls;

/// How long output may stay inside a sequence before the menu cancels the sequence.
const REST_WITHIN: Duration = Duration::from_millis(500);
/// CAN: ends a sequence that is open, without effect (ECMA-48, section 8.3.6).
const CANCEL: &[u8] = b"\x18";
/// The number of commands run from the menu that are kept.
pub const MOST_RECENT: usize = 1000;

/// The menu, open or closed.
#[derive(Debug)]
pub(super) struct Menu {
    hotkey: Option<Chord>,
    open: Option<OpenMenu>,
    /// The commands that were run from the menu, oldest first, once they are known.
    recent: Option<Vec<String>>,
}

#[derive(Debug)]
struct OpenMenu {
    page: MenuPage,
    decoder: Decoder,
    /// Until when it waits for the output to come to rest, while it is not drawn yet.
    awaited: Option<Instant>,
    /// Whether the row must be drawn.
    stale: bool,
}

impl Menu {
    /// Creates a closed menu that this hotkey opens.
    pub(super) fn new(hotkey: Option<Chord>) -> Self {
        Self { hotkey, open: None, recent: None }
    }

    /// Opens the menu; it is drawn once the output is at rest.
    pub(super) fn open(&mut self, now: Instant) {
        let (page, decoder) = (MenuPage::new(), Decoder::new(self.hotkey));
        self.open = Some(OpenMenu { page, decoder, awaited: Some(now + REST_WITHIN), stale: true });
    }

    /// Whether the menu has the keyboard.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the menu stands on the screen, so that output waits.
    pub(super) fn is_drawn(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.awaited.is_none())
    }

    /// Takes the keyboard's bytes up to the end of a key. Returns how many, and what the key asks for.
    pub(super) fn take(&mut self, now: Instant, bytes: &[u8]) -> (usize, Option<MenuAction>) {
        let Some(open) = &mut self.open else { return (0, None) };
        let (used, key) = open.decoder.take(now, bytes);
        (used, key.map(|key| open.key(key)))
    }

    /// Time has passed: a key may be complete. Returns what it asks for.
    pub(super) fn tick(&mut self, now: Instant) -> Option<MenuAction> {
        let open = self.open.as_mut()?;
        open.decoder.tick(now).map(|key| open.key(key))
    }

    /// Returns when `tick` or `settle` has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let open = self.open.as_ref()?;
        [open.awaited, open.decoder.deadline()].into_iter().flatten().min()
    }

    /// The window has another size.
    pub(super) fn resized(&mut self) {
        if let Some(open) = &mut self.open {
            open.stale = true;
        }
    }

    /// Draws the menu, if it is open and the screen can be drawn on.
    pub(super) fn settle(&mut self, now: Instant, terminal: &mut TerminalOutput) {
        let Some(open) = &mut self.open else { return };
        if let Some(at) = open.awaited {
            if now < at && !terminal.is_calm() {
                return;
            }
            if !terminal.text().in_ground_state() {
                terminal.cancel(CANCEL);
            }
            open.awaited = None;
            terminal.open_bar();
        }
        if std::mem::take(&mut open.stale) {
            terminal.draw_bar(&open.page.row(terminal.cols()));
        }
    }

    /// Closes the menu and puts its row back.
    pub(super) fn close(&mut self, terminal: &mut TerminalOutput) {
        if self.open.take().is_some() {
            terminal.close_bar();
        }
    }

    /// Shows a sentence.
    pub(super) fn say(&mut self, sentence: String) {
        if let Some(open) = &mut self.open {
            open.page.say(sentence);
        }
    }

    /// Shows the notes on lines.
    pub(super) fn show_notes(&mut self, annotations: &Annotations) {
        let entry = |note: &Annotation| {
            format!("line {} \"{}\": {}", note.line, without_controls(note.quote.trim()), without_controls(&note.text))
        };
        self.show("note", annotations.notes.iter().map(entry).collect(), "there are no notes in this session");
    }

    /// Shows the triggers, each of which can be switched on and off.
    pub(super) fn show_triggers(&mut self, triggers: &TriggerTable) {
        let state = |on| if on { "on " } else { "off" };
        let entries =
            triggers.standing().map(|(_, name, on)| format!("[{}] {}", state(on), without_controls(name))).collect();
        self.show_switches("trigger", entries, "this session has no triggers");
    }

    /// Shows a list, each entry called `what`, or else this sentence.
    pub(super) fn show(&mut self, what: &'static str, entries: Vec<String>, or_else: &str) {
        match &mut self.open {
            Some(open) if !entries.is_empty() => open.page.show(what, entries),
            _ => self.say(or_else.to_owned()),
        }
    }

    /// Shows a list of which each entry can be switched, or else this sentence.
    fn show_switches(&mut self, what: &'static str, entries: Vec<String>, or_else: &str) {
        match &mut self.open {
            Some(open) if !entries.is_empty() => open.page.show_switches(what, entries),
            _ => self.say(or_else.to_owned()),
        }
    }

    /// Opens the line editor, with the commands that were run before.
    pub(super) fn write_command(&mut self, cx: &mut Cx<'_>) {
        if self.recent.is_none() {
            cx.push(Effect::RecallRecent);
        }
        if let Some(open) = &mut self.open {
            open.page.write(self.recent.clone().unwrap_or_default());
        }
    }

    /// The commands of earlier sessions are known, or a sentence says why they are not. Returns that sentence.
    pub(super) fn recalled(&mut self, recent: Result<Vec<String>, RecentError>) -> Option<String> {
        match recent {
            Ok(recent) => {
                if let Some(open) = &mut self.open {
                    open.page.write(recent.clone());
                }
                self.recent = Some(recent);
                None
            }
            Err(RecentError(sentence)) => {
                self.recent.get_or_insert_default();
                Some(sentence)
            }
        }
    }

    /// Keeps a command that is run from the menu.
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
        self.stale = true;
        self.page.key(key)
    }
}
