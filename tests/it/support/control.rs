//! Control of a session: its socket, a client written here, and the subcommands.

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

/// Session with a runtime directory of its own.
#[derive(Debug)]
pub struct Session {
    pub term: Terminal,
    pub dir: TestDir,
}

impl Session {
    /// Starts bash in coshell and waits for its first prompt.
    pub fn bash(options: &[&str]) -> Self {
        let mut session = Self::start(bash(options));
        session.term.wait(PROMPT);
        session
    }

    /// Starts `launch`, whose command is coshell.
    pub fn start(launch: Launch) -> Self {
        let dir = TestDir::new();
        let term = launch.env("XDG_RUNTIME_DIR", dir.root()).start();
        Self { term, dir }
    }

    /// Returns the name of the session: the pid of coshell.
    pub fn id(&self) -> String {
        self.term.pid().to_string()
    }

    /// Returns the path of the session's socket.
    pub fn socket(&self) -> PathBuf {
        self.dir.path("coshell").join(format!("{}.sock", self.id()))
    }

    /// Connects a new client.
    #[track_caller]
    pub fn client(&self) -> Client {
        Client::connect(&self.socket())
    }

    /// Sends one request from a new client and returns the result.
    #[track_caller]
    pub fn request(&self, method: &str, params: Value) -> Value {
        self.client().request(method, params)
    }

    /// Runs a subcommand outside the session, with `--session`, and waits for its end.
    #[track_caller]
    pub fn call(&mut self, args: &[&str]) -> CallResult {
        self.call_with_stdin(args, "")
    }

    /// Does the same as `call` with `stdin` as standard input.
    #[track_caller]
    pub fn call_with_stdin(&mut self, args: &[&str], stdin: &str) -> CallResult {
        let call = self.start_call(args, stdin);
        self.finish_call(call)
    }

    /// Runs a subcommand outside the session without `--session`.
    #[track_caller]
    pub fn call_any(&mut self, args: &[&str]) -> CallResult {
        let call = self.spawn_call(args, "");
        self.finish_call(call)
    }

    /// Starts a subcommand outside the session, with `--session`.
    #[track_caller]
    pub fn start_call(&self, args: &[&str], stdin: &str) -> thread::JoinHandle<Output> {
        let id = self.id();
        // The option goes before a "--", behind which it would be an argument.
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
        // A subcommand that is refused may have ended without reading: EPIPE is no failure.
        let _ = child.stdin.take().expect("a pipe").write_all(stdin.as_bytes());
        thread::spawn(move || child.wait_with_output().expect("the child can be waited for"))
    }

    /// Waits for the end of a subcommand while the session's terminal is read.
    #[track_caller]
    pub fn finish_call(&mut self, call: thread::JoinHandle<Output>) -> CallResult {
        self.term.wait_until("the subcommand to end", |_| call.is_finished());
        let output = call.join().expect("the waiting thread does not panic");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("subcommands print UTF-8");
        CallResult { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Types a subcommand at the prompt of the session and returns its exit status.
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

/// Exit status and output of a subcommand.
#[derive(Debug, PartialEq, Eq)]
pub struct CallResult {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl CallResult {
    /// Returns the standard output; fails unless the status is 0 and stderr is empty.
    #[track_caller]
    pub fn success(self) -> String {
        assert!(self.status == Some(0) && self.stderr.is_empty(), "{self:?}");
        self.stdout
    }

    /// Returns the standard output parsed as JSON; fails as `success` does.
    #[track_caller]
    pub fn json(self) -> Value {
        serde_json::from_str(&self.success()).expect("the subcommand prints JSON")
    }

    /// Fails unless the status is `status` and both outputs are empty.
    #[track_caller]
    pub fn failed_silently(&self, status: i32) {
        assert!(self.status == Some(status) && self.stderr.is_empty() && self.stdout.is_empty(), "{self:?}");
    }

    /// Fails unless the status is `status`, stdout is empty, and stderr begins with "coshell: " and contains `words`.
    #[track_caller]
    pub fn failed(&self, status: i32, words: &str) {
        assert!(self.status == Some(status) && self.stderr.contains(words) && self.stdout.is_empty(), "{self:?}");
        assert!(self.stderr.starts_with("coshell: "), "{self:?}");
    }
}

/// Client connected to the socket of a session.
#[derive(Debug)]
pub struct Client {
    pub stream: BufReader<UnixStream>,
}

impl Client {
    #[track_caller]
    pub fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).expect("the session listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a read timeout can be set");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends bytes unchanged.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).expect("the session reads");
    }

    /// Sends as many bytes as the socket takes without blocking, and returns their number.
    pub fn send_some(&mut self, bytes: &[u8]) -> usize {
        self.stream.get_mut().set_nonblocking(true).expect("the socket mode can change");
        // A full socket and a closed one both count as 0 bytes: the test decides which it expects.
        let n = self.stream.get_mut().write(bytes).unwrap_or(0);
        self.stream.get_mut().set_nonblocking(false).expect("the socket mode can change");
        n
    }

    /// Reports whether the session accepts the client: `status` gets a result.
    pub fn is_served(&mut self) -> bool {
        let request = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n";
        self.stream.get_mut().write_all(request).is_ok()
            && self.receive().is_some_and(|answer| answer["error"].is_null())
    }

    /// Shuts the writing side down: no more requests follow.
    pub fn shutdown_write(&mut self) {
        self.stream.get_mut().shutdown(Shutdown::Write).expect("the client is connected");
    }

    /// Returns the next message, or `None` where the session has closed the connection.
    #[track_caller]
    pub fn receive(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).expect("each line is JSON")),
            // The session closed the socket with unread bytes of this client in it, which resets the connection.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("no answer: {error}"),
        }
    }

    /// Sends a request and returns the whole response.
    #[track_caller]
    pub fn response(&mut self, method: &str, params: Value) -> Value {
        self.send(format!("{}\n", json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})));
        self.receive().expect("an answer")
    }

    /// Sends a request and returns its result; fails on an error response.
    #[track_caller]
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let mut response = self.response(method, params);
        assert!(response["error"].is_null(), "{response}");
        response["result"].take()
    }

    /// Returns the parameters of the next event of type `kind`, and drops other messages.
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
