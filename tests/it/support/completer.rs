//! Real shells that complete command lines: reports the words that their line editors insert.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::launch::{COSHELL, direct, needs};
use super::test_dir::TestDir;

/// Shell, with or without its completion package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completer {
    /// bash alone.
    Bash,
    /// bash with the package bash-completion.
    BashWithPackage,
    Zsh,
    Fish,
}

/// Path of the script of the package bash-completion.
const PACKAGE: &str = "/usr/share/bash-completion/bash_completion";

/// Start-up file of bash. Ctrl-O inserts all candidates into the line, and Ctrl-T prints the line.
const BASH: &str = r#"
PS1='p> '
eval "$(coshell completions bash)"
bind 'set enable-bracketed-paste off'
bind '"\C-o": insert-completions'
dump() { printf '<<%s>>\n' "$READLINE_LINE"; READLINE_LINE=; READLINE_POINT=0; }
bind -x '"\C-t": dump'
"#;
const ZSH: &str = r#"
PS1='p> '
autoload -Uz compinit; compinit -u -D
eval "$(coshell completions zsh)"
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
zle -C all-matches complete-word _generic
bindkey '^O' all-matches
dump() { print -r -- "<<$BUFFER>>"; BUFFER=; }
zle -N dump
bindkey '^T' dump
"#;
const FISH: &str = r#"
coshell completions fish | source
for line in $argv
    set -l words (complete -C $line | string replace --regex '\t.*' '' | string replace --all --regex '[ \\\\]' '\\\\$0')
    echo "<<$words>>"
end
"#;

/// Variables that point into the test's directory: sessions of other tests lie elsewhere.
const DIRS: [&str; 4] = ["HOME", "ZDOTDIR", "TMPDIR", "XDG_RUNTIME_DIR"];

impl Completer {
    pub const ALL: [Self; 4] = [Self::Bash, Self::BashWithPackage, Self::Zsh, Self::Fish];

    /// Returns the candidates for the last word of each line, without the part before `=`. The shell runs in `dir`,
    /// which serves as its home and temporary directory and is on its PATH; `custom` defines the completion of
    /// `zz-one` in bash, zsh and fish.
    pub fn candidates(self, dir: &TestDir, custom: [&str; 3], lines: &[String]) -> Vec<BTreeSet<String>> {
        let custom = custom[match self {
            Self::Bash | Self::BashWithPackage => 0,
            Self::Zsh => 1,
            Self::Fish => 2,
        }];
        let completed = if self == Self::Fish {
            completed_by_fish(dir, custom, lines)
        } else {
            self.completed_by_typing(dir, custom, lines)
        };
        lines.iter().zip(completed).map(|(line, completed)| candidates_in(line, &completed)).collect()
    }

    /// Returns the contents of the line editor after all candidates are inserted into each line.
    fn completed_by_typing(self, dir: &TestDir, custom: &str, lines: &[String]) -> Vec<String> {
        let argv: &[&str] = match self {
            Self::Zsh => &["zsh", "-d", "-i"],
            _ => &["bash", "--noprofile", "--rcfile", "rc", "-i"],
        };
        needs(argv[0]);
        let package = if self == Self::BashWithPackage { format!(". {PACKAGE}\n") } else { String::new() };
        assert!(self != Self::BashWithPackage || Path::new(PACKAGE).exists(), "the package bash-completion is needed");
        dir.write_file("rc", format!("{package}{BASH}{custom}\n"));
        dir.write_file(".zshrc", format!("{ZSH}{custom}\n"));
        let launch = direct(argv).size(24, 2000, 0, 0).cwd(dir.root()).env("PATH", path(dir));
        let mut term = DIRS.iter().fold(launch, |launch, name| launch.env(name, dir.root())).start();
        term.wait("p> ");
        let completed = lines.iter().map(|line| {
            term.send(format!("{line}\x0f\x14"));
            term.wait_match("<<(.*)>>")
        });
        completed.collect()
    }
}

fn completed_by_fish(dir: &TestDir, custom: &str, lines: &[String]) -> Vec<String> {
    needs("fish");
    let mut command = Command::new("fish");
    command.args(["--private", "-c", &format!("{custom}\n{FISH}")]).args(lines).env("PATH", path(dir));
    command.current_dir(dir.root());
    let dirs = DIRS.map(|name| (name, dir.root()));
    let output = command.envs(dirs).env_remove("COSHELL_SOCKET").output();
    let output = output.expect("the shell can be run");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| line.trim_start_matches("<<").trim_end_matches(">>").to_owned()).collect()
}

/// Returns a PATH with `dir`, the directory of the coshell under test, and the inherited directories.
fn path(dir: &TestDir) -> String {
    let built = Path::new(COSHELL).parent().expect("the binary has a directory").display();
    let others = std::env::var("PATH").expect("PATH is set");
    format!("{}:{built}:{others}", dir.root().display())
}

/// Returns the candidates in the completed line; none where the last word is still as it was typed.
fn candidates_in(typed: &str, completed: &str) -> BTreeSet<String> {
    let (before, last) = typed.rsplit_once(' ').unwrap_or(("", typed));
    let option = last.find('=').map_or("", |at| &last[..=at]);
    let (mut words, mut chars) = (vec![String::new()], completed.strip_prefix(before).unwrap_or(completed).chars());
    while let Some(c) = chars.next() {
        match c {
            ' ' => words.push(String::new()),
            '\\' => words.last_mut().expect("a word is open").extend(chars.next()),
            plain => words.last_mut().expect("a word is open").push(plain),
        }
    }
    let candidates = words.iter().filter(|word| *word != last && !word.is_empty());
    candidates.map(|word| word.strip_prefix(option).unwrap_or(word).to_owned()).collect()
}
