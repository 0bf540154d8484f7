//! Sessions with `--zmodem`: the far shell runs in a directory `far` of the test, and what the session receives arrives in
//! `near`.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::launch::{COSHELL, Launch, PROMPT, coshell, needs};
use super::terminal::Terminal;
use super::test_dir::TestDir;
use super::{noise, proc, show};

/// Bytes of the protocol that no screen may show.
const RUBBISH: [&str; 7] = ["B0100000023be50", "B00000000000000", "**", "\u{18}", "B08", "B09", "\u{fffd}"];
/// Beginning of the question which files to send.
pub const QUESTION: &str = "Files to send (Esc sends none): ";
/// bash without start-up files.
pub const BASH: &[&str] = &["bash", "--norc", "--noprofile"];

/// The same behind a program that is run by a shell of its own, from which bash does not take the prompt.
pub const FAR_BASH: &[&str] = &["env", "PS1=ready> ", "bash", "--norc", "--noprofile"];

/// Creates the directories `near` and `far`.
pub fn transfer_dirs() -> TestDir {
    needs("rz");
    needs("sz");
    let dir = TestDir::new();
    ["near", "far"].iter().for_each(|side| std::fs::create_dir(dir.path(side)).expect("a new directory"));
    dir
}

/// Returns letters: where a transfer breaks down, data still on its way is typed into a shell and must not be a command.
pub fn letters(len: usize) -> Vec<u8> {
    let some: Vec<u8> = noise(100_000, 77).into_iter().map(|byte| b'a' + byte % 26).collect();
    some.repeat(len / some.len())
}

/// Launches a session that answers transfers, with the command `far`.
pub fn answering(dir: &TestDir, options: &[&str], far: &[&str]) -> Launch {
    let near = dir.path_str("near");
    // A restored title would stand in the middle of the output.
    let fixed = ["--indicator", "none", "--zmodem"];
    let receives = if options.contains(&"--zmodem-receive") { &[][..] } else { &["--zmodem-dir", &near] };
    coshell(&[&fixed, receives, options, &["--"], far].concat()).cwd(dir.path("far")).size(24, 160, 0, 0)
}

/// Starts such a session with bash, and waits for its prompt.
pub fn answering_bash(dir: &TestDir) -> Terminal {
    started(answering(dir, &[], BASH))
}

/// Starts a session and waits for its prompt.
pub fn started(launch: Launch) -> Terminal {
    let mut term = launch.start();
    term.wait(PROMPT);
    term
}

/// Types a far `rz`, and answers the question with `files`.
#[track_caller]
pub fn send_files(term: &mut Terminal, rz: &str, files: &str) {
    term.send(format!("{rz}\r"));
    term.wait(QUESTION);
    term.send(format!("{files}\r"));
}

/// Creates the directories with noise as `far/down` and `near/up`, of these lengths.
pub fn dirs_with(down: usize, up: usize) -> TestDir {
    let dir = transfer_dirs();
    std::fs::write(dir.path("far/down"), noise(down, 11)).expect("a new file");
    std::fs::write(dir.path("near/up"), noise(up, 12)).expect("a new file");
    dir
}

/// Receives `down` and sends `up`, by these commands of the far side.
#[track_caller]
pub fn transfer_both_ways(dir: &TestDir, term: &mut Terminal, sz: &str, rz: &str) {
    term.send(format!("{sz} down\r"));
    term.wait("coshell: received ");
    wait_prompt_back(term);
    assert_same(dir, &["down"]);
    send_files(term, rz, &dir.path_str("near/up"));
    term.wait("coshell: sent ");
    assert_usable(term);
    assert_same(dir, &["up"]);
}

/// Creates the directories with `len` letters as `data` at the side that sends.
pub fn dirs_with_large(up: bool, len: usize) -> TestDir {
    let dir = transfer_dirs();
    std::fs::write(dir.path(if up { "near/data" } else { "far/data" }), letters(len)).expect("a new file");
    dir
}

/// Starts the transfer of that file, to the far command `rz` if it is sent.
#[track_caller]
pub fn begin_large(dir: &TestDir, term: &mut Terminal, up: bool, rz: &str) {
    if up {
        send_files(term, rz, &dir.path_str("near/data"));
    } else {
        term.send("sz data\r");
        // The prompt that is waited for later is another one.
        term.wait("\r\n");
    }
}

/// Waits for the prompt of the shell that the command line just typed has started.
#[track_caller]
pub fn wait_far_prompt(term: &mut Terminal) {
    term.wait("\r\n");
    term.wait(PROMPT);
}

/// Returns the pids of the transfer programs of the far side, or of the near side.
pub fn programs(term: &Terminal, is_far: bool) -> Vec<Pid> {
    let is_program = |pid: &Pid| {
        let line = proc::command_line(*pid);
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
        let is_own = name == "coshell" && words.next().is_some_and(|word| ["rz", "sz"].contains(&word));
        if is_far { ["rz", "sz", "lrz", "lsz"].contains(&&*name) } else { is_own }
    };
    term.descendants().into_iter().filter(is_program).collect()
}

/// Sends a signal to the transfer program of a side.
#[track_caller]
pub fn kill_program(term: &Terminal, is_far: bool, signal: Signal) {
    let pids = programs(term, is_far);
    assert!(!pids.is_empty(), "no program to end: {}", show(term.output()));
    pids.into_iter().for_each(|pid| kill(pid, signal).expect("the program runs"));
}

/// Returns whether the cursor stands behind a prompt without text.
pub fn is_at_prompt(term: &Terminal) -> bool {
    let row = term.rows().swap_remove(term.screen().cursor_position().0.into());
    row.trim_end_matches("^C").ends_with(PROMPT.trim_end())
}

/// Waits until no transfer runs and the prompt is back.
#[track_caller]
pub fn wait_prompt_back(term: &mut Terminal) {
    term.wait_until("the end of the transfer", |term| [true, false].iter().all(|far| programs(term, *far).is_empty()));
    term.wait_until("the prompt", is_at_prompt);
    term.wait_quiet();
    assert!(is_at_prompt(term), "behind the prompt: {}", show(term.output()));
    term.skip_unread();
}

/// Fails unless the prompt returns, commands run, the far terminal echoes, and no protocol bytes are on the screen.
#[track_caller]
pub fn assert_usable(term: &mut Terminal) {
    wait_prompt_back(term);
    // bash sees an interrupt just before it waits for a key only with that key.
    term.send("\r");
    term.wait(PROMPT);
    term.send("stty -a | awk '/ echo / { print \"echo is on\" }'; echo us'able'\r");
    term.wait_match(r"echo is on\r?\n");
    term.wait_match(r"usable\r?\n");
    term.wait(PROMPT);
    assert_clean(term);
}

/// Fails if protocol bytes are on the screen.
#[track_caller]
pub fn assert_clean(term: &Terminal) {
    let screen = term.rows().join("\n");
    for rubbish in RUBBISH {
        assert!(!screen.contains(rubbish), "{rubbish:?} is on the screen:\n{screen}\n{}", show(term.output()));
    }
}

/// Fails unless `names` of the two sides are the same files.
#[track_caller]
pub fn assert_same(dir: &TestDir, names: &[&str]) {
    for name in names {
        let [near, far] = ["near", "far"].map(|side| std::fs::read(dir.path(side).join(name)));
        let (near, far) = (near.unwrap_or_else(|error| panic!("near {name}: {error}")), far.expect("a file there"));
        assert!(near == far, "{name}: {} bytes here, {} there", near.len(), far.len());
    }
}

/// Program that runs a shell in a pty of its own and relays, as a link with faults: `link.py KEY=VALUE... -- COMMAND`.
pub fn link(dir: &TestDir, faults: &[&str]) -> Vec<String> {
    needs("python3");
    let program = dir.write_file("link.py", LINK);
    let words =
        ["python3", &program].into_iter().chain(faults.iter().copied()).chain(["--"]).chain(FAR_BASH.iter().copied());
    words.map(str::to_owned).collect()
}

/// Path of the program under test as a word of a far shell.
pub fn own(command: &str) -> String {
    format!("{COSHELL} {command}")
}

/// Keys, for the direction to the near side (`down`) or to the far side (`up`): `down.rate` in bytes per second;
/// `down.pause`, a position at which nothing comes for three seconds; `down.drop`, a position at which the link ends;
/// `down.noise=EVERY:FROM:TO`, the distance and range of positions of bytes that are changed, lost and doubled in turn; and
/// `bits=7`.
const LINK: &str = r#"
import fcntl, os, pty, select, signal, sys, termios, time, tty
split = sys.argv.index("--")
options = dict(arg.split("=") for arg in sys.argv[1:split])
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
fcntl.ioctl(master, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))
before = termios.tcgetattr(0)
tty.setraw(0)

def leave(status):
    termios.tcsetattr(0, termios.TCSADRAIN, before)
    os.kill(pid, signal.SIGHUP)
    os._exit(status)

class Direction:
    def __init__(self, name, source, sink):
        option = lambda key, default: options.get(name + "." + key, default)
        self.source, self.sink, self.queue, self.passed, self.free = source, sink, b"", 0, 0.0
        self.rate, self.pause, self.drop = (float(option(key, 0)) for key in ("rate", "pause", "drop"))
        self.every, self.first, self.last = (int(n) for n in option("noise", "0:0:0").split(":"))
        self.ended = False

    def take(self):
        try:
            data = os.read(self.source, 4096)
        except OSError:
            data = b""
        self.ended = not data
        self.queue += data if options.get("bits") != "7" else bytes(byte & 0x7f for byte in data)

    def give(self, now):
        piece = self.queue[:max(1, int(self.rate / 50)) if self.rate else None]
        for limit in (self.pause, self.drop):
            if self.passed < limit < self.passed + len(piece):
                piece = piece[:int(limit) - self.passed]
        self.queue = self.queue[len(piece):]
        out = bytearray()
        for at, byte in enumerate(piece, self.passed):
            kind = at // self.every % 3 if self.every and self.first <= at < self.last and at % self.every == 0 else -1
            out += {-1: bytes([byte]), 0: bytes([byte ^ 0x20]), 1: b"", 2: bytes([byte, byte])}[kind]
        self.passed += len(piece)
        while out:
            out = out[os.write(self.sink, out):]
        if self.rate:
            self.free = now + len(piece) / self.rate
        if self.pause and self.passed >= self.pause:
            self.free, self.pause = now + 3, 0
        if self.drop and self.passed >= self.drop:
            leave(255)

down, up = Direction("down", master, 1), Direction("up", 0, master)
both = [down, up]
while not (down.ended and not down.queue):
    now = time.monotonic()
    reads = [each.source for each in both if len(each.queue) < 4096 and not each.ended]
    waits = [each.free - now for each in both if each.queue]
    ready = select.select(reads, [], [], max(0, min(waits)) if waits else None)[0]
    for each in both:
        if each.source in ready:
            each.take()
        if each.queue and time.monotonic() >= each.free:
            each.give(time.monotonic())
    if up.ended:
        leave(1)
status = os.waitpid(pid, 0)[1]
leave(os.waitstatus_to_exitcode(status) & 255)
"#;
