//! What is measured: the bare pty, the minimal relay, `script`, coshell, and other programs that wrap one.

use std::env;
use std::path::{Path, PathBuf};

use crate::workload;

/// A way to run the inner program.
pub(crate) struct Wrapper {
    pub(crate) name: String,
    /// It draws a screen of its own, so its bytes cannot be compared.
    pub(crate) redraws: bool,
    line: Line,
}

/// A wrapper's command line: what stands before the command, how the command is put in, and what stands behind it. `@` stands for a
/// word that is another in each session.
struct Line {
    before: Vec<String>,
    how: How,
    after: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// As words of their own.
    Words,
    /// Joined, in the place of `%` in this word.
    Within(&'static str),
}

impl Wrapper {
    fn new(name: &str, before: &[&str], how: How, after: &[&str]) -> Self {
        let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let line = Line { before: own(before), how, after: own(after) };
        Self { name: name.to_owned(), redraws: false, line }
    }

    /// The words to be run. The inner command has no word that a shell would take apart.
    pub(crate) fn words(&self, inner: &[String], unique: &str) -> Vec<String> {
        let Line { before, how, after } = &self.line;
        let mut words: Vec<String> = before.iter().map(|word| word.replace('@', unique)).collect();
        match how {
            How::Words => words.extend_from_slice(inner),
            How::Within(word) => words.push(word.replace('%', &inner.join(" "))),
        }
        words.extend_from_slice(after);
        words
    }
}

/// The bare pty.
pub(crate) fn floor() -> Wrapper {
    Wrapper::new("floor", &[], How::Words, &[])
}

/// The minimal relay, which is this program.
pub(crate) fn relay(this: &Path) -> Wrapper {
    Wrapper::new("relay", &[&this.to_string_lossy(), crate::RELAY], How::Words, &[])
}

/// `script`, where it is installed and is the one of util-linux.
pub(crate) fn script() -> Option<Wrapper> {
    let linux = cfg!(target_os = "linux") && installed("script");
    linux.then(|| Wrapper::new("script", &["script", "-qc"], How::Within("exec %"), &["/dev/null"]))
}

/// coshell with so many triggers, and more options.
pub(crate) fn coshell(name: &str, bin: &Path, triggers: usize, options: &[&str]) -> Wrapper {
    let mut wrapper = Wrapper::new(name, &[&bin.to_string_lossy()], How::Words, &[]);
    let before = &mut wrapper.line.before;
    before.extend(options.iter().map(|&option| option.to_owned()));
    for pattern in workload::patterns(triggers) {
        before.extend(["--trigger".to_owned(), pattern, "--bell".to_owned()]);
    }
    before.push("--".to_owned());
    wrapper
}

/// Other wrappers, as far as they are installed.
pub(crate) fn peers(home: &Path) -> Vec<Wrapper> {
    let rules = home.join("rules.yml");
    drop(std::fs::write(&rules, "rules:\n- regex: no-such-line\n  color: b#ff0000\n"));
    let rules = rules.to_string_lossy().into_owned();
    let expect = How::Within("set timeout -1; spawn -noecho %; interact");
    let pattern = How::Within("set timeout -1; spawn -noecho %; interact -o -re no-such-line {}");
    let tmux = ["tmux", "-f", "/dev/null", "-L", "@", "new-session"];
    let mut all = vec![
        ("expect", Wrapper::new("expect", &["expect", "-c"], expect, &[])),
        ("expect", Wrapper::new("expect, 1 pattern", &["expect", "-c"], pattern, &[])),
        ("zssh", Wrapper::new("zssh", &["zssh", "-s"], How::Within("%"), &[])),
        ("ct", Wrapper::new("ChromaTerm, 1 rule", &["ct", "-c", &rules], How::Words, &[])),
        ("tmux", Wrapper::new("tmux", &tmux, How::Within("exec %"), &[";", "pipe-pane", "cat >/dev/null"])),
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
