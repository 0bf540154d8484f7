//! A subcommand that is a call of a session: finds the session, asks it, prints the answer, and says by the exit status
//! how it went.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::{answer, ask, lend, start_up, stdin};
use crate::cli::{Call, Local, Request};
use crate::core::command::Command;
use crate::error::Failure;
use crate::sys::socket;
use crate::wire::rpc;

/// The status of a call that the session refused.
pub(super) const REFUSED: u8 = 1;

/// How long a session that is only listed may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Does what the subcommand asks for; the exit status.
pub fn run(call: &Call) -> Result<u8, Failure> {
    match &call.request {
        Request::Local(Local::Sessions) => sessions(call.json),
        Request::Local(Local::Integration { shell }) => Ok(start_up::integration(*shell)),
        Request::Local(Local::Completions { shell }) => Ok(start_up::completions(*shell)),
        Request::Local(Local::Ask { prompt, secret: true, here: true, .. }) => ask::secret(prompt),
        Request::Local(Local::Ask { prompt, default, here: true, .. }) => ask::here(prompt, default),
        Request::Local(Local::Ask { prompt, default, secret, here: false }) => {
            let mut client = Client::connect(&find(call.session.as_deref())?.1)?;
            ask::run(&mut client, prompt, default, *secret)
        }
        Request::Session(command) => {
            let (_, path) = find(call.session.as_deref())?;
            match (command, Client::connect(&path)?) {
                (Command::Subscribe { .. }, client) => follow(client, &[command.write()], |_| None),
                (Command::Errors { follow: true }, client) => {
                    let subscribe = Command::Subscribe { events: vec!["coproc-stderr".to_owned()] };
                    follow(client, &[subscribe.write(), command.write()], |value| {
                        let text = value["stderr"].as_str().or_else(|| value["text"].as_str().filter(|_| !call.json));
                        text.map(answer::shown)
                    })
                }
                (Command::Lend { tty, command, .. }, mut client) => lend::run(&mut client, command, *tty),
                (Command::Lines { follow: true, .. }, client) => follow(client, &[command.write()], |value| {
                    let begun = value["lines"].is_array();
                    let value = if begun { value.clone() } else { json!({"lines": [value]}) };
                    Some(if call.json { answer::line_by_line(&value) } else { answer::text(command, &value) })
                }),
                (_, mut client) => {
                    let reply = client.call(&stdin::filled_in(command)?.write())?;
                    Ok(told(command, reply, call.json))
                }
            }
        }
    }
}

/// Prints an answer, or why there is none; the exit status.
fn told(command: &Command, reply: Result<Value, String>, json: bool) -> u8 {
    match reply {
        Ok(value) => {
            let text = if json { format!("{value}\n") } else { answer::text(command, &value) };
            print(&text);
            if !json {
                eprint!("{}", answer::failure(&value));
            }
            answer::status(command, &value)
        }
        Err(sentence) => {
            eprintln!("coshell: {sentence}");
            REFUSED
        }
    }
}

/// Prints what comes until the session ends, or nobody reads any more: answers and events as `show` says; events of which
/// it says nothing as they are.
fn follow(mut client: Client, requests: &[Value], show: impl Fn(&Value) -> Option<String>) -> Result<u8, Failure> {
    // In one piece, so that nothing happens between the first and the last.
    let lines = (1..).zip(requests).map(|(id, request)| rpc::request(id, &request["method"], &request["params"]));
    client.send(&lines.map(|line| format!("{line}\n")).collect::<String>())?;
    while let Some(message) = client.receive()? {
        if let Some(sentence) = message["error"]["message"].as_str() {
            eprintln!("coshell: {sentence}");
            return Ok(REFUSED);
        }
        let text = match &message["params"] {
            Value::Null => show(&message["result"]).unwrap_or_default(),
            event => show(event).unwrap_or_else(|| format!("{event}\n")),
        };
        if !text.is_empty() && !print(&text) {
            break;
        }
    }
    Ok(0)
}

/// Whether there was somebody to read it.
pub(super) fn print(text: &str) -> bool {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

/// Where sockets may lie, as the environment says.
pub fn directories() -> Vec<PathBuf> {
    socket::directories(env::var_os("XDG_RUNTIME_DIR").as_deref().map(Path::new), &env::temp_dir())
}

/// Every session of this user that answers.
fn alive() -> Vec<(String, PathBuf)> {
    let all = directories().into_iter().flat_map(|directory| socket::listed(&directory));
    all.filter(|(_, path)| socket::connect(path).is_ok()).collect()
}

/// The session that is meant: its id and its socket.
fn find(wanted: Option<&str>) -> Result<(String, PathBuf), Failure> {
    let inside = env::var_os("COSHELL_SOCKET").filter(|path| !path.is_empty());
    if let (None, Some(path)) = (wanted, inside) {
        return Ok((env::var("COSHELL_SESSION").unwrap_or_default(), path.into()));
    }
    let mut sessions = alive();
    if let Some(id) = wanted {
        let named = sessions.into_iter().find(|(known, _)| known == id);
        return named.ok_or_else(|| own(&format!("there is no session '{id}'; coshell sessions lists them")));
    }
    match sessions.len() {
        1 => Ok(sessions.remove(0)),
        0 => Err(own("no session is running; coshell starts one")),
        _ => {
            let ids: Vec<String> = sessions.into_iter().map(|(id, _)| id).collect();
            Err(own(&format!("there is more than one session; say which: --session {}", ids.join(", "))))
        }
    }
}

pub(super) fn own(sentence: &str) -> Failure {
    Failure::Own(format!("coshell: {sentence}"))
}

fn hung_up() -> Failure {
    own("the session hung up before it answered: it has ended, or it is another user's")
}

fn sessions(json: bool) -> Result<u8, Failure> {
    let mut all = Vec::new();
    for (id, path) in alive() {
        // One that ends at this moment is none.
        let Ok(mut client) = Client::connect(&path) else { continue };
        let status = client.ask_in_time(&Command::Status {}.write());
        all.push(json!({"session": id, "socket": path.to_string_lossy(), "status": status}));
    }
    print(&if json { format!("{}\n", Value::Array(all)) } else { answer::sessions(&all) });
    Ok(0)
}

/// A connection to a session.
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the session that listens here.
    pub fn connect(path: &Path) -> Result<Self, Failure> {
        let stream = socket::connect(path).map_err(|error| {
            own(&format!(
                "the session at {} does not answer ({error}): it has ended; coshell sessions lists those that run",
                path.display()
            ))
        })?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Asks, and waits for the answer: what it is, or why it is refused.
    pub fn call(&mut self, request: &Value) -> Result<Result<Value, String>, Failure> {
        self.call_with(request, &[])
    }

    /// The same, with descriptors passed along.
    pub fn call_with(&mut self, request: &Value, passed: &[BorrowedFd<'_>]) -> Result<Result<Value, String>, Failure> {
        let line = format!("{}\n", rpc::request(1, &request["method"], &request["params"]));
        // One that is turned away in the middle of what it says is told why.
        let _ = socket::send(self.stream.get_mut(), line.as_bytes(), passed);
        let Some(mut message) = self.receive()? else {
            return Err(hung_up());
        };
        match message["error"]["message"].as_str() {
            Some(sentence) => Ok(Err(sentence.to_owned())),
            None => Ok(Ok(message["result"].take())),
        }
    }

    /// What it answers at once, if it does: one that was stopped does not.
    fn ask_in_time(&mut self, request: &Value) -> Option<Value> {
        // Without a limit it takes longer, no more.
        let _ = self.stream.get_ref().set_read_timeout(Some(PATIENCE));
        self.call(request).ok()?.ok()
    }

    fn send(&mut self, lines: &str) -> Result<(), Failure> {
        self.stream.get_mut().write_all(lines.as_bytes()).map_err(|_| hung_up())
    }

    /// The next message; none when the session has ended.
    fn receive(&mut self) -> Result<Option<Value>, Failure> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => Ok(None),
            Ok(_) => {
                let message = serde_json::from_str(&line);
                message.map(Some).map_err(|error| own(&format!("the session answered what is no JSON: {error}")))
            }
            // It had not read all that was said.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
            Err(_) => Err(hung_up()),
        }
    }
}
