//! Measured wrappers: the bare pty, the minimal relay, `script`, coshell, and other programs that wrap a command.

use std::env;
use std::path::{Path, PathBuf};

use crate::workload;

/// Way to run the inner program.
pub(crate) struct Wrapper {
    pub(crate) name: String,
    /// Whether it draws a screen of its own, so that its bytes cannot be compared.
    pub(crate) redraws: bool,
    line: Line,
}

/// Command line of a wrapper: the words before and after the inner command, and the form of the inner command. `@` stands
/// for a word that is unique to the session.
struct Line {
    before: Vec<String>,
    form: CommandForm,
    after: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CommandForm {
    /// As separate words.
    Words,
    /// Joined, in place of `%` in this word.
    Within(&'static str),
}

impl Wrapper {
    fn new(name: &str, before: &[&str], form: CommandForm, after: &[&str]) -> Self {
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let line = Line { before: own(before), form, after: own(after) };
        Self { name: name.to_owned(), redraws: false, line }
    }

    /// Returns the words to run. The words of the inner command need no quoting for a shell.
    pub(crate) fn words(&self, inner: &[String], unique: &str) -> Vec<String> {
        let Line { before, form, after } = &self.line;
        let mut words: Vec<String> = before.iter().map(|word| word.replace('@', unique)).collect();
        match form {
            CommandForm::Words => words.extend_from_slice(inner),
            CommandForm::Within(word) => words.push(word.replace('%', &inner.join(" "))),
        }
        words.extend_from_slice(after);
        words
    }
}

/// Returns the bare pty.
pub(crate) fn floor() -> Wrapper {
    Wrapper::new("floor", &[], CommandForm::Words, &[])
}

/// Returns the minimal relay, which is this program.
pub(crate) fn relay(this: &Path) -> Wrapper {
    Wrapper::new("relay", &[&this.to_string_lossy(), crate::RELAY], CommandForm::Words, &[])
}

/// Returns `script`, if it is installed and is the one of util-linux.
pub(crate) fn script() -> Option<Wrapper> {
    let linux = cfg!(target_os = "linux") && installed("script");
    linux.then(|| Wrapper::new("script", &["script", "-qc"], CommandForm::Within("exec %"), &["/dev/null"]))
}

/// Returns coshell with `triggers` triggers and the options `options`.
pub(crate) fn coshell(name: &str, bin: &Path, triggers: usize, options: &[&str]) -> Wrapper {
    let mut wrapper = Wrapper::new(name, &[&bin.to_string_lossy()], CommandForm::Words, &[]);
    let before = &mut wrapper.line.before;
    before.extend(options.iter().map(|&option| option.to_owned()));
    for pattern in workload::patterns(triggers) {
        before.extend(["--trigger".to_owned(), pattern, "--bell".to_owned()]);
    }
    before.push("--".to_owned());
    wrapper
}

/// Returns the other wrappers that are installed.
pub(crate) fn peers(home: &Path) -> Vec<Wrapper> {
    let rules = home.join("rules.yml");
    drop(std::fs::write(&rules, "rules:\n- regex: no-such-line\n  color: b#ff0000\n"));
    let rules = rules.to_string_lossy().into_owned();
    let expect = CommandForm::Within("set timeout -1; spawn -noecho %; interact");
    let pattern = CommandForm::Within("set timeout -1; spawn -noecho %; interact -o -re no-such-line {}");
    let tmux = ["tmux", "-f", "/dev/null", "-L", "@", "new-session"];
    let mut all = vec![
        ("expect", Wrapper::new("expect", &["expect", "-c"], expect, &[])),
        ("expect", Wrapper::new("expect, 1 pattern", &["expect", "-c"], pattern, &[])),
        ("zssh", Wrapper::new("zssh", &["zssh", "-s"], CommandForm::Within("%"), &[])),
        ("ct", Wrapper::new("ChromaTerm, 1 rule", &["ct", "-c", &rules], CommandForm::Words, &[])),
        ("tmux", Wrapper::new("tmux", &tmux, CommandForm::Within("exec %"), &[";", "pipe-pane", "cat >/dev/null"])),
    ];
    for (program, wrapper) in &mut all {
        wrapper.redraws = *program == "tmux";
    }
    all.into_iter().filter(|(program, _)| installed(program)).map(|(_, wrapper)| wrapper).collect()
}

fn installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder: PathBuf| folder.join(program).is_file())
}
