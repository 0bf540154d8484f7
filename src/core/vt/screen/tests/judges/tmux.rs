//! tmux: a server of its own for each stream, with one pane in which the stream is printed.

use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{View, alacritty};
use crate::types::Size;

/// Prints the file $0, waits until tmux answers a request for the cursor's position, and keeps the pane open.
const SCRIPT: &str = "stty raw -echo; cat \"$0\"; printf '\\033[6n'; head -c 1 >/dev/null; tmux wait-for -S printed; exec cat >/dev/null";

/// Server that is ended when it is dropped.
struct Server(String);

impl Server {
    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command.args(["-u", "-L", &self.0, "-f", "/dev/null"]).env("LC_ALL", "C.UTF-8").env_remove("TMUX");
        command
    }

    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.command().args(arguments).output().expect("tmux runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.command().arg("kill-server").output();
    }
}

/// Returns what tmux shows after `bytes`; `None` where it is not installed.
pub(super) fn view(bytes: &[u8], size: Size) -> Option<View> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    Command::new("tmux").arg("-V").output().ok()?;
    let server = Server(format!("coshell-judge-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    let mut file = tempfile::NamedTempFile::new().expect("a file can be created");
    file.write_all(bytes).expect("the file is writable");
    let (cols, rows) = (size.cols.to_string(), size.rows.to_string());
    let path = file.path().to_str().expect("the path is UTF-8");
    let new = ["new-session", "-d", "-x", &cols, "-y", &rows, "sh", "-c", SCRIPT, path];
    // Without the status line the pane is as high as the window.
    server.run(&[&["start-server", ";", "set", "-g", "status", "off", ";"], &new[..]].concat());
    server.run(&["wait-for", "printed"]);
    let cursor = server.run(&["display-message", "-p", "#{cursor_y} #{cursor_x}"]);
    let text = server.run(&["capture-pane", "-p", "-e", "-N"]);
    Some(read(&text, &String::from_utf8_lossy(&cursor), size))
}

/// Returns the view of a captured pane: rows with attributes, which alacritty parses.
fn read(text: &[u8], cursor: &str, size: Size) -> View {
    // Line drawing is in G1.
    let mut stream = b"\x1b)0".to_vec();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    for (row, captured) in text.split(|&byte| byte == b'\n').enumerate() {
        stream.extend_from_slice(if row > 0 { b"\r\n" } else { b"" });
        stream.extend_from_slice(captured);
    }
    let mut numbers = cursor.split_whitespace().map(|number| number.parse::<usize>().expect("tmux prints numbers"));
    let mut number = || numbers.next().expect("tmux prints two numbers");
    let cursor = (number(), number().min(usize::from(size.cols) - 1));
    View { cursor, ..alacritty::view(&stream, size) }
}
