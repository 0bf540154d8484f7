//! Window title, as a terminal with a title stack (XTWINOPS 22 and 23) keeps it.

/// Title and title stack of a terminal; `None` is the title that was set before the test.
#[derive(Debug, Default)]
pub struct TitleStack {
    now: Option<String>,
    stack: Vec<Option<String>>,
}

impl TitleStack {
    /// Returns the title of a terminal that was given `bytes`.
    pub fn title_after(bytes: &[u8]) -> Option<String> {
        let mut parser = vt100::Parser::new_with_callbacks(24, 80, 0, Self::default());
        parser.process(bytes);
        parser.callbacks().now.clone()
    }
}

impl vt100::Callbacks for TitleStack {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.now = Some(String::from_utf8_lossy(title).into_owned());
    }

    fn unhandled_csi(&mut self, _: &mut vt100::Screen, _: Option<u8>, _: Option<u8>, params: &[&[u16]], fin: char) {
        let param = |n: usize| params.get(n).and_then(|values| values.first()).copied().unwrap_or(0);
        match (fin, param(0), param(1)) {
            ('t', 22, 0 | 2) => self.stack.push(self.now.clone()),
            ('t', 23, 0 | 2) => self.now = self.stack.pop().unwrap_or_else(|| self.now.clone()),
            _ => {}
        }
    }
}
