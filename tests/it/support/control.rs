//! The control side of a session: its socket, clients of it that are written here, and the subcommands.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::{Value, json};

use super::launch::{COSHELL, Launch, PROMPT, bash};
use super::terminal::{DEADLINE, Terminal};
use super::test_dir::TestDir;

/// A session with a runtime directory of its own.
#[derive(Debug)]
pub struct Session {
    pub term: Terminal,
    pub dir: TestDir,
}

impl Session {
    /// A bash at its first prompt.
    pub fn bash(options: &[&str]) -> Self {
        let mut session = Self::start(bash(options));
        session.term.wait(PROMPT);
        session
    }

    /// What `launch` says.
    pub fn start(launch: Launch) -> Self {
        let dir = TestDir::new();
        let term = launch.env("XDG_RUNTIME_DIR", dir.root()).start();
        Self { term, dir }
    }

    /// What it is called.
    pub fn id(&self) -> String {
        self.term.pid().to_string()
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.dir.path("coshell").join(format!("{}.sock", self.id()))
    }

    /// Another client of it.
    #[track_caller]
    pub fn client(&self) -> Client {
        Client::connect(&self.socket())
    }

    /// What it answers to one request.
    #[track_caller]
    pub fn request(&self, method: &str, params: Value) -> Value {
        self.client().request(method, params)
    }

    /// Runs a subcommand from outside to its end.
    #[track_caller]
    pub fn call(&mut self, args: &[&str]) -> CallResult {
        self.call_with_stdin(args, "")
    }

    /// The same, with something on its stdin.
    #[track_caller]
    pub fn call_with_stdin(&mut self, args: &[&str], stdin: &str) -> CallResult {
        let call = self.start_call(args, stdin);
        self.finish_call(call)
    }

    /// Runs one that does not say which session is meant.
    #[track_caller]
    pub fn call_any(&mut self, args: &[&str]) -> CallResult {
        let call = self.spawn_call(args, "");
        self.finish_call(call)
    }

    /// Starts a subcommand from outside.
    #[track_caller]
    pub fn start_call(&self, args: &[&str], stdin: &str) -> thread::JoinHandle<Output> {
        let id = self.id();
        // Before a "--" that may stand there.
        let at = args.iter().position(|arg| *arg == "--").unwrap_or(args.len());
        let (before, behind) = args.split_at(at);
        self.spawn_call(&[before, &["--session", &id], behind].concat(), stdin)
    }

    #[track_caller]
    fn spawn_call(&self, args: &[&str], stdin: &str) -> thread::JoinHandle<Output> {
        let child = Command::new(COSHELL)
            .args(args)
            .env_remove("COSHELL_SOCKET")
            .env("XDG_RUNTIME_DIR", self.dir.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("the binary can be started");
        // One that is refused may have ended before.
        let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
        thread::spawn(move || child.wait_with_output().expect("it can be waited for"))
    }

    /// Waits for the end of a subcommand.
    #[track_caller]
    pub fn finish_call(&mut self, call: thread::JoinHandle<Output>) -> CallResult {
        self.term.wait_until("the subcommand to end", |_| call.is_finished());
        let output = call.join().expect("it was waited for");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints text");
        CallResult { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs a subcommand inside, as the user would, and gives its status.
    #[track_caller]
    pub fn type_subcommand(&mut self, line: &str) -> i32 {
        self.term.send(format!("\"$WRAP\" {line}; echo \"ended=$?=\"\r"));
        let status = self.term.wait_match(r"ended=(\d+)=");
        self.term.wait(PROMPT);
        status.parse().expect("a number")
    }

    /// Waits until no coprocess runs.
    #[track_caller]
    pub fn wait_coproc_end(&mut self) {
        let mut client = self.client();
        self.term.wait_until("the coprocess to end", |_| client.request("status", json!({}))["coprocess"].is_null());
    }
}

/// What a subcommand said.
#[derive(Debug, PartialEq, Eq)]
pub struct CallResult {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl CallResult {
    /// What it printed, after checking that all went well.
    #[track_caller]
    pub fn success(self) -> String {
        assert!(self.status == Some(0) && self.stderr.is_empty(), "{self:?}");
        self.stdout
    }

    /// What it printed as JSON, after checking that all went well.
    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.success()).expect("it prints JSON")
    }

    /// Checks that it exited so, and said nothing.
    #[track_caller]
    pub fn failed_silently(&self, status: i32) {
        assert!(self.status == Some(status) && self.stderr.is_empty() && self.stdout.is_empty(), "{self:?}");
    }

    /// Checks that it failed so, and with these words.
    #[track_caller]
    pub fn failed(&self, status: i32, words: &str) {
        assert!(self.status == Some(status) && self.stderr.contains(words) && self.stdout.is_empty(), "{self:?}");
        assert!(self.stderr.starts_with("coshell: "), "{self:?}");
    }
}

/// A client of a session's socket.
#[derive(Debug)]
pub struct Client {
    pub stream: BufReader<UnixStream>,
}

impl Client {
    #[track_caller]
    pub fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).expect("somebody listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("it can have a deadline");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).expect("the session reads");
    }

    /// Sends as much as is taken at once; how much that was.
    pub fn send_some(&mut self, bytes: &[u8]) -> usize {
        self.stream.get_mut().set_nonblocking(true).expect("it can be");
        // Full, or turned away: both are for the test to see.
        let n = self.stream.get_mut().write(bytes).unwrap_or(0);
        self.stream.get_mut().set_nonblocking(false).expect("it can be");
        n
    }

    /// Whether the session has let it in.
    pub fn is_served(&mut self) -> bool {
        let request = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n";
        self.stream.get_mut().write_all(request).is_ok()
            && self.receive().is_some_and(|answer| answer["error"].is_null())
    }

    /// Says that it has said everything.
    pub fn shutdown_write(&mut self) {
        self.stream.get_mut().shutdown(Shutdown::Write).expect("it is connected");
    }

    /// The next message; none where the session has hung up.
    #[track_caller]
    pub fn receive(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).expect("each line is JSON")),
            // It had more of ours to read.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no answer: {error}"),
        }
    }

    /// Asks, and gives the whole response.
    #[track_caller]
    pub fn response(&mut self, method: &str, params: Value) -> Value {
        self.send(format!("{}\n", json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})));
        self.receive().expect("an answer")
    }

    /// Asks, and gives the result.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let mut response = self.response(method, params);
        assert!(response["error"].is_null(), "{response}");
        response["result"].take()
    }

    /// The next event of this type.
    #[track_caller]
    pub fn receive_event(&mut self, kind: &str) -> Value {
        loop {
            let mut message = self.receive().expect("an event");
            if message["method"] == "event" && message["params"]["type"] == kind {
                return message["params"].take();
            }
        }
    }
}
