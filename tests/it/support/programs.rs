//! Shells with start-up files and programs with progress bars, to run in sessions.

use super::launch::{Launch, coshell, needs};
use super::terminal::Terminal;
use super::test_dir::TestDir;

/// Line of a start-up file that loads the integration; `$WRAP` is the coshell under test.
pub const BASH_MARKS: &str = "eval \"$(\"$WRAP\" integration bash)\"";
pub const ZSH_MARKS: &str = "eval \"$(\"$WRAP\" integration zsh)\"";
pub const FISH_MARKS: &str = "\"$WRAP\" integration fish | source";

/// Function that launches a shell in a session, with `options` of coshell and `startup` as its start-up file in `dir`.
pub type LaunchShell = fn(&TestDir, &[&str], &str) -> Launch;

pub fn bash_with(dir: &TestDir, options: &[&str], startup: &str) -> Launch {
    needs("bash");
    let rc = dir.write_file("bashrc", startup);
    coshell(&[options, &["--", "bash", "--noprofile", "--rcfile", &rc, "-i"]].concat())
}

pub fn zsh_with(dir: &TestDir, options: &[&str], startup: &str) -> Launch {
    needs("zsh");
    dir.write_file(".zshrc", startup);
    coshell(&[options, &["--", "zsh", "-d", "-i"]].concat()).env("ZDOTDIR", dir.root())
}

pub fn fish_with(dir: &TestDir, options: &[&str], startup: &str) -> Launch {
    needs("fish");
    let config = dir.write_file("config.fish", format!("set -g fish_greeting\n{startup}"));
    let source = format!("source {config}");
    coshell(&[options, &["--", "fish", "--private", "-C", &source]].concat())
}

/// Names of the bars of the programs below.
pub const BARS: [&str; 3] = ["alpha", "beta", "gamma"];

/// Beginning of the programs below. Their bars go to 40 %, rest there (`rests`) or are drawn on and on (`runs`) until
/// `Terminal::release`, and go to 100 %.
const BARS_HEAD: &str = r#"
import os, sys, time
NAMES = ["alpha", "beta", "gamma"]
def steps():
    yield from range(4, 41, 4)
    while not os.path.exists(os.path.expanduser("~/told")):
        if sys.argv[1] == "runs":
            yield 40
        time.sleep(0.02)
    yield from range(44, 101, 4)
def out(text):
    sys.stdout.write(text)
    sys.stdout.flush()
"#;

/// Bars of rich.
pub const RICH: &str = r#"
from rich.progress import Progress
with Progress(auto_refresh=False) as progress:
    tasks = [progress.add_task(name, total=100) for name in NAMES]
    for percent in steps():
        for task in tasks:
            progress.update(task, completed=percent)
        progress.refresh()
print("finished")
"#;

/// Bars of tqdm, each with its position.
pub const TQDM: &str = r#"
from tqdm import tqdm
bars = [tqdm(total=100, position=at, desc=name, ncols=60, mininterval=0) for at, name in enumerate(NAMES)]
for percent in steps():
    for bar in bars:
        bar.n = percent
        bar.refresh()
for bar in bars:
    bar.close()
print("finished")
"#;

/// Bytes of `docker pull`: each layer is drawn alone, from below all of them.
pub const DOCKER_PULL: &str = r#"
rows = []
def show(name, text):
    if name not in rows:
        rows.append(name)
        out("\n")
    up = len(rows) - rows.index(name)
    out("\x1b[%dA\x1b[2K\r%s: %s\r\x1b[%dB" % (up, name, text, up))
out("latest: Pulling from library/debian\n")
for percent in steps():
    for name in NAMES:
        show(name, "Downloading [%-50s]  %d%%" % ("=" * (percent // 2) + ">", percent))
out("Digest: sha256:0123\nfinished\n")
"#;

/// Bytes of `docker build` and `docker compose`: all rows are drawn at each step, each as wide as the terminal.
pub const DOCKER_BUILD: &str = r#"
count, repeated = 0, False
for percent in steps():
    out("\x1b[1A" * (count + 1) + ("" if repeated else "\x1b[1B") + "\x1b[0G\x1b[?25l")
    repeated, count = True, len(NAMES)
    out(("[+] Building %.1fs (1/3)" % (percent / 10)).ljust(80) + "\n")
    for name in NAMES:
        out(" => %s %-60s %4.1fs" % (name, "%d%%" % percent, percent / 10) + "\n")
    out("\x1b[?25h")
out("finished\n")
"#;

/// Returns the file of a program with bars in `dir`.
pub fn write_bars(dir: &TestDir, program: &str) -> String {
    dir.write_file("bars.py", format!("{BARS_HEAD}{program}"))
}

/// Waits until all bars have come to 40 %.
#[track_caller]
pub fn wait_bars(term: &mut Terminal) {
    term.wait_until("the bars at 40 %", |term| {
        BARS.iter().all(|name| term.rows().iter().any(|row| row.contains(name) && row.contains("40%")))
    });
}

/// Waits as a terminal does: a request for the cursor's position (DSR 6) is answered. `answered` is the offset in the
/// output behind the last request. Returns when `holds` and the output has ended.
#[track_caller]
pub fn wait_answering(term: &mut Terminal, answered: &mut usize, what: &str, holds: impl Fn(&Terminal) -> bool) {
    const REQUEST: &str = "\x1b[6n";
    loop {
        let from = *answered;
        let request = |term: &Terminal| Some(from + super::terminal::find(&term.output()[from..], REQUEST.as_bytes())?);
        term.wait_until(what, |term| request(term).is_some() || holds(term));
        if request(term).is_none() {
            term.wait_quiet();
        }
        let Some(at) = request(term) else { return };
        *answered = at + REQUEST.len();
        let (row, column) = term.screen_at(at).cursor_position();
        term.send(format!("\x1b[{};{}R", row + 1, column + 1));
    }
}
