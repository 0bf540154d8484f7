//! The contents of the menu, and the actions of its keys.

use super::editor::LineEditor;
use crate::core::input::keys::Key;
use crate::core::output::terminal::MenuText;
use crate::core::width::max_width;
use crate::display::one_line;

/// Action of a key in the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::core) enum MenuAction {
    /// Redraw the menu.
    Redraw,
    /// Type a response of the terminal, which is no key.
    Answer(Vec<u8>),
    /// Close the menu.
    Close,
    /// Close the menu and type the hotkey as the terminal encoded it.
    PassHotkey(Vec<u8>),
    /// Open the line editor.
    EditCommand,
    /// Run this command line as the coprocess.
    Run(String),
    /// Stop the coprocess.
    Stop,
    /// Show the coprocess's stderr.
    Errors,
    /// Show the triggers.
    Triggers,
    /// Switch the trigger with this index in the list.
    Switch(usize),
    /// Show the notes on lines.
    Notes,
    /// Show the status.
    Status,
}

/// Contents of the row.
#[derive(Debug)]
enum MenuView {
    Letters,
    Line(LineEditor),
    /// A list of switches, one of which is shown.
    Switches(MenuList),
    /// A list of texts, one of which is shown.
    Texts(MenuList),
    Message(String),
}

#[derive(Debug)]
struct MenuList {
    /// Name of an entry.
    label: &'static str,
    items: Vec<String>,
    /// Index in `items` of the one that is shown. `items` is not empty.
    at: usize,
}

/// The page that the menu shows.
#[derive(Debug)]
pub(super) struct MenuPage {
    view: MenuView,
}

const LETTERS: &str = " r run  s stop  e errors  t triggers  n notes  q status  Esc closes";

impl MenuPage {
    /// Creates the page of a newly opened menu.
    pub(super) fn new() -> Self {
        Self { view: MenuView::Letters }
    }

    /// Opens the line editor, with the history `recent`.
    pub(super) fn edit_command(&mut self, recent: Vec<String>) {
        self.view = MenuView::Line(LineEditor::new(recent));
    }

    /// Shows a message.
    pub(super) fn show_message(&mut self, message: String) {
        self.view = MenuView::Message(message);
    }

    /// Shows a list of texts, the last one first.
    pub(super) fn show(&mut self, label: &'static str, items: Vec<String>) {
        self.view = MenuView::Texts(MenuList { label, at: items.len().saturating_sub(1), items });
    }

    /// Shows a list of switches, at the same index as before.
    pub(super) fn show_switches(&mut self, label: &'static str, items: Vec<String>) {
        let at = if let MenuView::Switches(list) = &self.view { list.at } else { 0 };
        self.view = MenuView::Switches(MenuList { label, at: at.min(items.len().saturating_sub(1)), items });
    }

    /// Returns whether the page lists what can be switched.
    pub(super) fn shows_switches(&self) -> bool {
        matches!(self.view, MenuView::Switches(_))
    }

    /// Handles a key and returns its action.
    pub(super) fn key(&mut self, key: Key) -> MenuAction {
        if let Key::Answer(bytes) = key {
            return MenuAction::Answer(bytes);
        }
        if matches!(key, Key::Escape | Key::Ctrl('c' | 'g')) {
            return MenuAction::Close;
        }
        match (&mut self.view, key) {
            (MenuView::Letters, key) => letter(key),
            (_, Key::Hotkey(_)) => MenuAction::Close,
            (MenuView::Line(editor), Key::Enter) if editor.line().trim().is_empty() => MenuAction::Close,
            (MenuView::Line(editor), Key::Enter) => MenuAction::Run(editor.line().to_owned()),
            (MenuView::Line(editor), Key::Ctrl('d')) if editor.line().is_empty() => MenuAction::Close,
            (MenuView::Line(editor), key) => {
                editor.key(&key);
                MenuAction::Redraw
            }
            (MenuView::Switches(list), Key::Enter | Key::Char(' ')) => MenuAction::Switch(list.at),
            (MenuView::Switches(list), Key::Char(c @ '1'..='9')) => {
                let place = c as usize - '1' as usize;
                if place >= list.items.len() {
                    return MenuAction::Redraw;
                }
                list.at = place;
                MenuAction::Switch(place)
            }
            (MenuView::Switches(list) | MenuView::Texts(list), key) => list.key(&key),
            (MenuView::Message(_), Key::Other | Key::Pasted(_)) => MenuAction::Redraw,
            (MenuView::Message(_), _) => MenuAction::Close,
        }
    }

    /// Returns the contents of the row for `cols` columns.
    pub(super) fn row(&self, cols: u16) -> MenuText {
        let text = match &self.view {
            MenuView::Letters => LETTERS.to_owned(),
            MenuView::Line(editor) => return editor.row(" run: ", cols),
            MenuView::Switches(list) => list.text("Enter switches, Esc closes", cols),
            MenuView::Texts(list) => list.text("Esc closes", cols),
            MenuView::Message(message) => format!(" {message}"),
        };
        // Messages and entries quote notes, names and errors.
        MenuText { text: one_line(&text), cursor: None }
    }
}

/// Returns the action of a key on the first page. Other keys do nothing.
fn letter(key: Key) -> MenuAction {
    match key {
        Key::Hotkey(spelled) => MenuAction::PassHotkey(spelled),
        Key::Enter | Key::Alt(_) => MenuAction::Close,
        Key::Char('r') => MenuAction::EditCommand,
        Key::Char('s') => MenuAction::Stop,
        Key::Char('e') => MenuAction::Errors,
        Key::Char('t') => MenuAction::Triggers,
        Key::Char('n') => MenuAction::Notes,
        Key::Char('q') => MenuAction::Status,
        _ => MenuAction::Redraw,
    }
}

impl MenuList {
    fn key(&mut self, key: &Key) -> MenuAction {
        let last = self.items.len().saturating_sub(1);
        match key {
            Key::Up | Key::Left | Key::Ctrl('p') | Key::Char('k') => self.at = self.at.saturating_sub(1),
            Key::Down | Key::Right | Key::Tab | Key::Ctrl('n') | Key::Char('j') => self.at = (self.at + 1).min(last),
            Key::Home | Key::Char('g') => self.at = 0,
            Key::End | Key::Char('G') => self.at = last,
            Key::Enter | Key::Char('q') | Key::Alt(_) => return MenuAction::Close,
            _ => {}
        }
        MenuAction::Redraw
    }

    /// Returns the entry that is shown, its number, and the keys where they fit behind it.
    fn text(&self, keys: &str, cols: u16) -> String {
        let Self { label, items, at } = self;
        let entry = items.get(*at).map_or("", String::as_str);
        let text = format!(" {label} {} of {}: {entry}", at + 1, items.len());
        let keys = if items.len() > 1 { format!("   Up/Down, {keys}") } else { format!("   {keys}") };
        if max_width(&text) + keys.len() < usize::from(cols) { text + &keys } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(menu: &mut MenuPage, keys: &[Key]) -> Vec<String> {
        let mut seen = Vec::new();
        for key in keys {
            assert_eq!(menu.key(key.clone()), MenuAction::Redraw, "{key:?}");
            seen.push(menu.row(20).text);
        }
        seen
    }

    #[test]
    fn each_letter_has_an_action() {
        for (key, action) in [
            (Key::Char('r'), MenuAction::EditCommand),
            (Key::Char('s'), MenuAction::Stop),
            (Key::Char('e'), MenuAction::Errors),
            (Key::Char('t'), MenuAction::Triggers),
            (Key::Char('n'), MenuAction::Notes),
            (Key::Char('q'), MenuAction::Status),
            (Key::Hotkey(vec![0x1d]), MenuAction::PassHotkey(vec![0x1d])),
            (Key::Escape, MenuAction::Close),
            (Key::Ctrl('c'), MenuAction::Close),
            (Key::Enter, MenuAction::Close),
            (Key::Char('x'), MenuAction::Redraw),
            (Key::Pasted('s'), MenuAction::Redraw),
            (Key::Other, MenuAction::Redraw),
        ] {
            assert_eq!(MenuPage::new().key(key.clone()), action, "{key:?}");
        }
        assert!(MenuPage::new().row(80).text.len() < 80);
    }

    #[test]
    fn command_line_is_edited_and_run() {
        let mut menu = MenuPage::new();
        menu.edit_command(vec!["old".to_owned()]);
        assert_eq!(texts(&mut menu, &[Key::Char('s'), Key::Char('q')]), [" run: s", " run: sq"]);
        assert_eq!(menu.key(Key::Enter), MenuAction::Run("sq".to_owned()));
        menu.edit_command(Vec::new());
        assert_eq!(menu.key(Key::Enter), MenuAction::Close);
        menu.edit_command(Vec::new());
        assert_eq!(menu.key(Key::Hotkey(vec![0x1d])), MenuAction::Close);
    }

    #[test]
    fn entries_are_selected_and_switched() {
        let mut menu = MenuPage::new();
        menu.show_switches("trigger", vec!["on a".to_owned(), "off b".to_owned()]);
        let seen = texts(&mut menu, &[Key::Up, Key::Down, Key::Down]);
        assert_eq!(seen, [" trigger 1 of 2: on a", " trigger 2 of 2: off b", " trigger 2 of 2: off b"]);
        assert_eq!(menu.key(Key::Enter), MenuAction::Switch(1));
        menu.show_switches("trigger", vec!["on a".to_owned(), "on b".to_owned()]);
        assert_eq!(menu.row(20).text, " trigger 2 of 2: on b");
        assert_eq!(menu.key(Key::Char('1')), MenuAction::Switch(0));
        assert_eq!(menu.key(Key::Char('9')), MenuAction::Redraw);
    }

    #[test]
    fn list_of_texts_begins_at_its_end() {
        let mut menu = MenuPage::new();
        menu.show("line", vec!["one".to_owned(), "two".to_owned()]);
        assert_eq!(menu.row(80).text, " line 2 of 2: two   Up/Down, Esc closes");
        assert_eq!(texts(&mut menu, &[Key::Up]), [" line 1 of 2: one"]);
        assert_eq!(menu.key(Key::Enter), MenuAction::Close);
        menu.show_message("it is so".to_owned());
        assert_eq!(menu.key(Key::Other), MenuAction::Redraw);
        assert_eq!(menu.key(Key::Char('x')), MenuAction::Close);
    }
}
