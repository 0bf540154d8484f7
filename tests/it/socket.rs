//! Socket of a session: location, permissions, JSON-RPC errors, and clients that flood, block or disconnect without
//! effect on the terminal.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::{Uid, geteuid};
use serde_json::{Value, json};

use crate::support::{COSHELL, Client, Ended, PROMPT, Session, Terminal, TestDir, bash, direct, proc, wrapped};

/// Memory in KiB by which clients may make a session grow: their bound, doubled for the allocator.
const GROWTH_KIB: u64 = 2 * 48 * 1024;

fn permissions(path: &PathBuf) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Starts a session with these directories, and returns the path of its socket as set inside the session.
fn socket_inside(runtime: &str, temporary: &str) -> (Terminal, PathBuf) {
    let mut term = bash(&[]).env("XDG_RUNTIME_DIR", runtime).env("TMPDIR", temporary).start();
    term.wait(PROMPT);
    term.send("echo \"at=$COSHELL_SOCKET=\"\r");
    let path = term.wait_match(r"at=(/[^=]+)=");
    (term, path.into())
}

#[test]
fn socket_is_private_and_named_in_environment() {
    let mut session = Session::bash(&[]);
    assert_eq!((permissions(&session.dir.path("coshell")), permissions(&session.socket())), (0o700, 0o600));
    session.term.send("echo \"at=$COSHELL_SOCKET=$COSHELL_SESSION=\"\r");
    let expected = format!("at={}={}=", session.socket().display(), session.id());
    session.term.wait(&expected);
}

#[test]
fn unsafe_runtime_directories_are_skipped() {
    let open = |path: PathBuf| {
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let link = |path: PathBuf| {
        let real = path.with_file_name("real");
        fs::create_dir(&real).unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o700)).unwrap();
        symlink(real, path).unwrap();
    };
    let foreign = |path: PathBuf| {
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        nix::unistd::chown(&path, Some(Uid::from_raw(65534)), None).unwrap();
    };
    let mut kinds: Vec<&dyn Fn(PathBuf)> = vec![&open, &link];
    if geteuid().is_root() {
        kinds.push(&foreign);
    }
    for make in kinds {
        let (runtime, temporary) = (TestDir::new(), TestDir::new());
        make(runtime.path("coshell"));
        let (_term, path) = socket_inside(&runtime.path_str(""), &temporary.path_str(""));
        assert!(path.starts_with(temporary.root()), "{}", path.display());
        assert_eq!(permissions(&path), 0o600);
    }
}

#[test]
fn too_long_socket_path_falls_back_to_tmp() {
    let dir = TestDir::new();
    let long = dir.path(&"x".repeat(120));
    fs::create_dir(&long).unwrap();
    let (term, path) = socket_inside(long.to_str().unwrap(), long.to_str().unwrap());
    assert_eq!(path, PathBuf::from(format!("/tmp/coshell-{}/{}.sock", geteuid(), term.pid())));
    assert_eq!(Client::connect(&path).request("status", json!({}))["session"], term.pid().to_string());
}

#[test]
fn socket_of_killed_session_is_removed_by_next() {
    let mut first = Session::bash(&[]);
    first.term.signal(Signal::SIGKILL);
    assert_eq!(first.term.wait_end(), Ended::Signal(libc::SIGKILL));
    assert!(first.socket().exists());
    let mut second = bash(&[]).env("XDG_RUNTIME_DIR", first.dir.root()).start();
    second.wait(PROMPT);
    assert!(!first.socket().exists());
    assert!(first.dir.path("coshell").join(format!("{}.sock", second.pid())).exists());
}

#[test]
fn socket_is_removed_after_every_kind_of_end() {
    type End<'a> = (&'a str, &'a dyn Fn(&mut Terminal));
    let ends: [End<'_>; 4] = [
        ("exit", &|term| term.send("exit\r")),
        ("SIGTERM", &|term| term.signal(Signal::SIGTERM)),
        ("SIGHUP", &|term| term.signal(Signal::SIGHUP)),
        ("the terminal's end", &|term| term.close()),
    ];
    for (what, end) in ends {
        let mut session = Session::bash(&[]);
        let _client = session.client();
        end(&mut session.term);
        session.term.wait_end();
        assert!(!session.socket().exists(), "after {what}");
    }
}

/// Sends `line`, and fails unless the error response has this code and id.
#[track_caller]
fn assert_refused(client: &mut Client, line: &str, code: i64, id: &Value) {
    client.send(format!("{line}\n"));
    let response = client.receive().expect("an answer");
    assert_eq!((&response["error"]["code"], &response["id"]), (&json!(code), id), "{line}: {response}");
    assert!(response["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{response}");
    assert_eq!(response["jsonrpc"], "2.0");
}

#[test]
fn invalid_requests_get_json_rpc_errors() {
    let session = Session::bash(&[]);
    let mut client = session.client();
    let none = Value::Null;
    assert_refused(&mut client, r#"{"jsonrpc": "2.0", "method""#, -32700, &none);
    assert_refused(&mut client, "\u{1}\u{2}", -32700, &none);
    assert_refused(&mut client, "[]", -32600, &none);
    assert_refused(&mut client, "1", -32600, &none);
    assert_refused(&mut client, r#"{"id":1,"method":"status"}"#, -32600, &json!(1));
    assert_refused(&mut client, r#"{"jsonrpc":"1.0","id":1,"method":"status"}"#, -32600, &json!(1));
    assert_refused(&mut client, r#"{"jsonrpc":"2.0","id":"a","method":5}"#, -32600, &json!("a"));
    assert_refused(&mut client, r#"{"jsonrpc":"2.0","id":[],"method":"status"}"#, -32600, &none);
    assert_refused(&mut client, r#"{"jsonrpc":"2.0","id":1,"method":"status","params":3}"#, -32600, &json!(1));
    assert_refused(&mut client, r#"{"jsonrpc":"2.0","id":1,"method":"no"}"#, -32601, &json!(1));
    assert_refused(&mut client, r#"{"jsonrpc":"2.0","id":1,"method":"trigger"}"#, -32601, &json!(1));
    assert_refused(&mut client, r#"{"jsonrpc":"2.0","id":1,"method":"send"}"#, -32602, &json!(1));
    assert_refused(&mut client, r#"{"jsonrpc":"2.0","id":1,"method":"send","params":{"text":5}}"#, -32602, &json!(1));
    assert_refused(&mut client, r#"{"jsonrpc":"2.0","id":1,"method":"wait","params":{"x":5}}"#, -32602, &json!(1));
    assert_refused(
        &mut client,
        r#"{"jsonrpc":"2.0","id":1,"method":"stop","params":{"signal":4000}}"#,
        -32602,
        &json!(1),
    );
    assert_refused(
        &mut client,
        r#"{"jsonrpc":"2.0","id":1,"method":"subscribe","params":[["no"]]}"#,
        -32602,
        &json!(1),
    );
    assert_refused(&mut client, r#"{"jsonrpc":"2.0","id":1,"method":"stop"}"#, 2, &json!(1));
    let many = vec![r#"{"jsonrpc":"2.0","id":1,"method":"status"}"#; 257].join(",");
    assert_refused(&mut client, &format!("[{many}]"), -32600, &none);
    // The client is still served.
    assert_eq!(client.request("status", json!({}))["session"], session.id());
}

#[test]
fn response_repeats_id_and_parameters_may_be_positional() {
    let mut session = Session::bash(&[]);
    let mut client = session.client();
    for id in ["1", "-1", "0.5", "\"a\"", "\"\"", "null", "18446744073709551615"] {
        client.send(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"status\"}}\n"));
        let response = client.receive().unwrap();
        assert_eq!(response["id"].to_string(), id);
        assert!(response["result"].is_object());
    }
    client.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"send\",\"params\":[\"echo by-$((1+1))\",true]}\r\n");
    assert_eq!(client.receive().unwrap()["result"]["typed"], 17);
    session.term.wait("by-2");
}

#[test]
fn json_rpc_notification_is_executed_without_response() {
    let mut session = Session::bash(&[]);
    let mut client = session.client();
    client.send("{\"jsonrpc\":\"2.0\",\"method\":\"send\",\"params\":{\"text\":\"echo no$((1))\",\"enter\":true}}\n");
    client.send("{\"jsonrpc\":\"2.0\",\"method\":\"no\"}\n");
    session.term.wait("no1");
    assert_eq!(client.response("status", json!({}))["id"], 1);
}

#[test]
fn batch_response_waits_for_last_request() {
    let session = Session::bash(&[]);
    let mut client = session.client();
    let mut other = session.client();
    other.request("run", json!({"command": "cat > /dev/null; exit 3"}));
    client.send(
        "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"},{\"jsonrpc\":\"2.0\",\"method\":\"status\"},7,\
         {\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"status\"},{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"no\"}]\n",
    );
    // A request behind the batch is answered while the batch waits.
    assert_eq!(client.response("status", json!({}))["id"], 1);
    other.request("stop", json!({}));
    let batch = client.receive().unwrap();
    let ids: Vec<&Value> = batch.as_array().unwrap().iter().map(|response| &response["id"]).collect();
    assert_eq!(ids, [&Value::Null, &json!(2), &json!(3), &json!(1)]);
    assert_eq!(batch[0]["error"]["code"], -32600);
    assert_eq!(batch[3]["result"], json!({"status": 143, "signal": 15}));
}

#[test]
fn request_split_at_any_byte_is_answered() {
    let session = Session::bash(&[]);
    let mut client = session.client();
    let request = "{\"jsonrpc\":\"2.0\",\"id\":\"\u{e9}\",\"method\":\"status\"}\n".as_bytes();
    for at in 1..request.len() {
        client.send(&request[..at]);
        // A round trip of another client makes the session read the first part alone.
        session.request("status", json!({}));
        client.send(&request[at..]);
        assert_eq!(client.receive().unwrap()["id"], "\u{e9}", "cut at {at}");
    }
}

#[test]
fn client_with_closed_write_side_is_answered() {
    let session = Session::bash(&[]);
    let mut client = session.client();
    session.request("run", json!({"command": "cat > /dev/null"}));
    client.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n");
    client.shutdown_write();
    session.request("status", json!({}));
    session.request("stop", json!({}));
    assert_eq!(client.receive().unwrap()["result"]["status"], 143);
    assert_eq!(client.receive(), None);
}

#[test]
fn request_of_disconnected_client_is_executed() {
    let mut session = Session::bash(&[]);
    for n in 0..50 {
        let mut client = session.client();
        let text = format!("echo gone-$(({n}+1000))");
        let params = json!({"text": text, "enter": true});
        client.send(format!("{}\n", json!({"jsonrpc": "2.0", "id": 1, "method": "send", "params": params})));
        drop(client);
        session.term.wait(&format!("gone-{}", n + 1000));
    }
}

/// Fails unless typed commands run. Repeats, so that the first round detects a delay that the second would end.
#[track_caller]
fn assert_responsive(term: &mut Terminal) {
    for n in 0..2 {
        term.send(format!("echo alive$((40+{n}))\r"));
        term.wait(&format!("alive{}", 40 + n));
        term.send("seq 10000 $((10000+10000))\r");
        term.wait("20000\r\n");
    }
}

#[test]
fn flooding_clients_that_never_read_do_not_block_session() {
    let mut session = Session::bash(&[]);
    let before = proc::memory_kib(session.term.pid());
    let request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}\n".repeat(400);
    let mut clients: Vec<Client> = (0..40).map(|_| session.client()).collect();
    for _ in 0..200 {
        for client in &mut clients {
            client.send_some(request.as_bytes());
        }
        session.term.read_for(Duration::ZERO);
    }
    assert_responsive(&mut session.term);
    let grown = proc::memory_kib(session.term.pid()).saturating_sub(before);
    assert!(grown < GROWTH_KIB, "{grown} KiB");
    // A client that starts to read gets its responses.
    let client = &mut clients[0];
    assert_eq!(client.receive().unwrap()["id"], 1);
    drop(clients);
    assert_responsive(&mut session.term);
}

#[test]
fn large_responses_share_one_memory_bound() {
    let mut session = Session::bash(&[]);
    let before = proc::memory_kib(session.term.pid());
    let command = "head -c 90000 /dev/zero >&2";
    session.request("run", json!({"command": command, "wait": true}));
    // Each response has 540 kB, since a NUL is six bytes in JSON.
    let one = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"errors\"}";
    let batch = format!("[{}]\n", vec![one; 100].join(","));
    let mut clients: Vec<Client> = (0..100).map(|_| session.client()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        if n % 2 == 0 {
            client.send_some(batch.as_bytes())
        } else {
            client.send_some(format!("{one}\n").repeat(60).as_bytes())
        };
    }
    assert_responsive(&mut session.term);
    let grown = proc::memory_kib(session.term.pid()).saturating_sub(before);
    assert!(grown < GROWTH_KIB, "{grown} KiB");
}

#[test]
fn endless_request_line_is_refused() {
    let mut session = Session::bash(&[]);
    let before = proc::memory_kib(session.term.pid());
    let mut client = session.client();
    let chunk = [b'x'; 64 * 1024];
    let mut sent = 0;
    session.term.wait_until("it to be turned away, or to have said 10 MB", |_| {
        let n = client.send_some(&chunk);
        sent += n;
        sent > 10_000_000
            || (n == 0 && client.stream.get_ref().peer_addr().is_err())
            || client.stream.get_ref().take_error().unwrap().is_some()
            || (n == 0 && sent > 1024 * 1024)
    });
    assert!(sent < 3_000_000, "{sent}");
    let refusal = client.receive().unwrap();
    assert_eq!(refusal["error"]["code"], -32600, "{refusal}");
    assert_eq!(client.receive(), None);
    assert_responsive(&mut session.term);
    let grown = proc::memory_kib(session.term.pid()).saturating_sub(before);
    assert!(grown < 8 * 1024, "{grown} KiB");
}

#[test]
fn four_hundred_clients_with_partial_lines_are_served() {
    let mut session = Session::bash(&[]);
    let before = proc::memory_kib(session.term.pid());
    let mut clients: Vec<Client> = (0..400).map(|_| session.client()).collect();
    for client in &mut clients {
        client.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sta");
    }
    assert_responsive(&mut session.term);
    for client in &mut clients {
        client.send("tus\"}\n");
    }
    for client in &mut clients {
        assert_eq!(client.receive().unwrap()["result"]["session"], session.id());
    }
    assert_responsive(&mut session.term);
    let grown = proc::memory_kib(session.term.pid()).saturating_sub(before);
    assert!(grown < 16 * 1024, "{grown} KiB");
}

#[test]
fn clients_above_limit_are_refused_until_others_leave() {
    let mut session = Session::bash(&[]);
    let mut clients: Vec<Client> = (0..530).map(|_| session.client()).collect();
    assert_eq!(clients[0].request("status", json!({}))["session"], session.id());
    let error = clients[529].receive().expect("the client is told why")["error"].take();
    assert_eq!(error["code"], 4, "{error}");
    assert_eq!(clients[529].receive(), None);
    // Subcommands report the same error.
    for line in [&["status"][..], &["lines", "-f"], &["subscribe", "notice"]] {
        session.call(line).failed(1, "512 clients are already connected to the session");
    }
    clients.clear();
    assert_responsive(&mut session.term);
    assert_eq!(session.request("status", json!({}))["session"], session.id());
}

#[test]
fn clients_leave_descriptors_for_session() {
    let script = "ulimit -n 80; exec \"$WRAP\" -- bash --norc --noprofile";
    let mut session = Session::start(direct(&["sh", "-c", script]));
    session.term.wait(PROMPT);
    let mut clients: Vec<Client> = (0..100).map(|_| session.client()).collect();
    let served = clients.iter_mut().map(Client::is_served).filter(|served| *served).count();
    assert!((8..=30).contains(&served), "{served}");
    clients[0].request("run", json!({"command": "exit 3", "wait": true}));
    drop(clients);
    assert_responsive(&mut session.term);
    assert_eq!(session.request("wait", json!({})), json!({"status": 3}));
}

#[test]
fn garbage_gets_error_responses() {
    let mut session = Session::bash(&[]);
    let mut client = session.client();
    let noise: Vec<u8> = crate::support::noise(200_000, 7);
    let sent = client.send_some(&noise);
    assert!(sent > 0);
    client.shutdown_write();
    assert_responsive(&mut session.term);
    while let Some(response) = client.receive() {
        assert!(matches!(response["error"]["code"].as_i64(), Some(-32700 | -32600)), "{response}");
    }
}

#[test]
fn clients_are_answered_during_flood() {
    let mut session = Session::bash(&[]);
    session.term.send("yes\r");
    session.term.wait("y\r\ny\r\n");
    for _ in 0..20 {
        session.call(&["status"]).success();
        // The terminal is not read during this request.
        session.request("status", json!({}));
    }
    session.term.send("\x03");
    session.term.wait(PROMPT);
}

/// A script that prints a line and then requests it must find it.
#[test]
fn response_includes_output_printed_before_request() {
    let mut session = Session::start(wrapped(&["-q"], "tty; exec cat"));
    let tty = session.term.wait_match(r"(/dev/\S+)\r\n");
    let mut tty = fs::OpenOptions::new().write(true).open(tty).unwrap();
    let mut client = session.client();
    // Each client with the number of bytes of its current line that it has sent.
    let mut others: Vec<(Client, usize)> = (0..7).map(|_| (session.client(), 0)).collect();
    let blanks = format!("{}\n", " ".repeat(256 * 1024));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for (other, sent) in &mut others {
                    *sent += other.send_some(&blanks.as_bytes()[*sent..]);
                    *sent %= blanks.len();
                }
            }
        });
        let request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"lines\",\"params\":{\"number\":1}}\n";
        let missing = (0..5000).find(|n| {
            let line = format!("line {n}");
            // The request directly follows the write, and the unfinished line counts as a line.
            tty.write_all(line.as_bytes()).unwrap();
            client.send(request);
            let answer = client.receive();
            tty.write_all(b"\n").unwrap();
            session.term.read_for(Duration::ZERO);
            answer.is_none_or(|answer| answer["result"]["lines"][0]["text"] != line)
        });
        over.store(true, Ordering::Relaxed);
        assert_eq!(missing, None);
    });
}

#[test]
fn idle_clients_cost_no_processor_time() {
    let mut session = Session::bash(&[]);
    let mut clients: Vec<Client> = (0..20).map(|_| session.client()).collect();
    for client in &mut clients {
        client.request("subscribe", json!({}));
    }
    clients[0].send("{\"jsonrpc\"");
    session.request("run", json!({"command": "exec cat > /dev/null"}));
    clients[1].send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"wait\"}\n");
    assert_responsive(&mut session.term);
    session.term.wait_quiet();
    session.term.read_for(Duration::from_millis(200));
    let before = (proc::sleep_count(session.term.pid()), proc::cpu_ms(session.term.pid()));
    session.term.read_for(Duration::from_millis(500));
    assert_eq!((proc::sleep_count(session.term.pid()), proc::cpu_ms(session.term.pid())), before);
}

#[test]
fn secret_is_not_sent_to_socket_of_other_user() {
    if !geteuid().is_root() {
        return;
    }
    const OTHER: u32 = 65534;
    let serve = "import os, socket, sys\n\
                 os.chdir(sys.argv[1])\n\
                 server = socket.socket(socket.AF_UNIX); server.bind('7.sock'); server.listen()\n\
                 print(flush=True); client, _ = server.accept()\n\
                 print(client.recv(65536).decode(), end='')";
    // Who owns the directory and the socket when the client comes, and who listens.
    for (directory_owner, socket_owner, listener) in
        [(OTHER, OTHER, OTHER), (0, OTHER, 0), (OTHER, 0, 0), (0, 0, OTHER)]
    {
        let dir = TestDir::new();
        let own = |path: &Path, uid| nix::unistd::chown(path, Some(Uid::from_raw(uid)), None).unwrap();
        own(dir.root(), listener);
        let mut server = Command::new("python3");
        server.args(["-c", serve]).arg(dir.root()).uid(listener).stdout(Stdio::piped());
        let mut server = server.spawn().expect("python3 is installed");
        let mut said = BufReader::new(server.stdout.take().expect("a pipe"));
        said.read_line(&mut String::new()).expect("the server listens");
        own(dir.root(), directory_owner);
        own(&dir.path("7.sock"), socket_owner);
        let mut client = Command::new(COSHELL);
        client.args(["send", "--secret"]).env("COSHELL_SOCKET", dir.path("7.sock"));
        let client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut client = client.expect("the binary can be started");
        // A client that refuses may end without reading: EPIPE is no failure.
        let _ = client.stdin.take().expect("a pipe").write_all(b"hunter2");
        let output = client.wait_with_output().expect("the client ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let row = format!("{directory_owner} {socket_owner} {listener}: {stderr}");
        assert!(output.status.code() == Some(125) && stderr.contains("belongs to another user"), "{row}");
        // A client that has not connected leaves the server waiting.
        let probe = UnixStream::connect(dir.path("7.sock"));
        drop(probe);
        let mut heard = String::new();
        said.read_to_string(&mut heard).expect("the server ends");
        assert_eq!(heard, "", "{row}");
        server.wait().expect("the server ends");
    }
}

#[test]
fn other_user_is_refused_despite_open_path() {
    if !geteuid().is_root() {
        eprintln!("NOT TESTED: a second user needs root");
        return;
    }
    let mut session = Session::bash(&[]);
    let open = |path: PathBuf, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    open(session.dir.root().to_owned(), 0o755);
    open(session.dir.path("coshell"), 0o755);
    open(session.socket(), 0o666);
    // A copy of coshell in a directory that all users may read.
    let public = TestDir::new();
    open(public.root().to_owned(), 0o755);
    public.install("coshell", Path::new(COSHELL));
    let ask = |user: &str, line: &[&str]| {
        let user = ["--reuid", user, "--regid", user, "--clear-groups", "--"];
        let mut setpriv = Command::new("setpriv");
        let output = setpriv.args(user).arg(public.path("coshell")).args(line);
        output.env("COSHELL_SOCKET", session.socket()).output().unwrap()
    };
    let call = |user: &str| ask(user, &["status"]);
    let foreign = call("65534");
    let says = |output: &std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(foreign.status.code(), Some(125), "{foreign:?}");
    assert!(foreign.stdout.is_empty() && says(&foreign).contains("another user"), "{foreign:?}");
    let foreign = ask("65534", &["subscribe"]);
    assert!(foreign.status.code() == Some(125) && says(&foreign).contains("another user"), "{foreign:?}");
    assert!(call("0").status.success());
    // With its own permissions the path is closed to other users, which is not reported as an ended session.
    open(session.dir.path("coshell"), 0o700);
    let foreign = call("65534");
    let told = says(&foreign);
    assert!(told.contains("belongs to another user") && !told.contains("it has ended"), "{told}");
    assert!(UnixStream::connect(session.socket()).is_ok());
    assert_responsive(&mut session.term);
}
