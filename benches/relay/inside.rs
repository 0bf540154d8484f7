//! Inner programs: the bench binary again, started with a hidden argument.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::process::exit;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd;

use crate::board::{Board, COUNT, GO, PID, STAMPS, START, STATE, now};
use crate::workload;

/// Maximum size of a write.
const WRITE: usize = 64 * 1024;
/// Value of `GO` that ends the program.
pub(crate) const OVER: u64 = u64::MAX;
/// Maximum duration of a session.
const SESSION_LIMIT: Duration = Duration::from_secs(60);

/// Mark before the compared output.
pub(crate) const BEGIN: &[u8] = b"<<begin>>";
/// Mark after the compared output.
pub(crate) const END: &[u8] = b"<<end>>";

/// Runs as the inner program with the arguments `ROLE BOARD [WORKLOAD [TIMES]]`.
pub(crate) fn run(args: &[String]) -> ! {
    let [role, board, rest @ ..] = args else { exit(2) };
    let Ok(board) = Board::open(Path::new(board)) else { exit(2) };
    board.set(PID, u64::from(std::process::id()));
    let name = rest.first().map_or("log", String::as_str);
    let times = rest.get(1).and_then(|times| times.parse().ok()).unwrap_or(1);
    match role.as_str() {
        "produce" => produce(&board, name, times),
        "echo" => echo(&board),
        "flood" => flood(board),
        "interrupt" => interrupt(&board),
        _ => exit(2),
    }
    exit(0)
}

fn make_raw() {
    let input = io::stdin();
    if let Ok(mut attributes) = tcgetattr(&input) {
        cfmakeraw(&mut attributes);
        _ = tcsetattr(&input, SetArg::TCSANOW, &attributes);
    }
}

/// Writes all of `bytes`; returns `false` if a signal interrupted it.
fn print(mut bytes: &[u8]) -> bool {
    let output = io::stdout();
    let output: BorrowedFd<'_> = output.as_fd();
    while !bytes.is_empty() {
        match unistd::write(output, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(Errno::EINTR) => return false,
            Err(_) => exit(1),
        }
    }
    true
}

/// Prints the workload `times` times. State 1: started, waits for `GO`; 2: all is written, waits again.
fn produce(board: &Board, name: &str, times: usize) {
    let Some(workload) = workload::named(name) else { exit(2) };
    if workload.raw {
        make_raw();
    }
    let block = workload.block();
    print(BEGIN);
    board.set(STATE, 1);
    board.wait(GO, 1, SESSION_LIMIT);
    board.set(START, now());
    for _ in 0..times {
        if workload.by_line {
            block.split_inclusive(|&byte| byte == b'\n').for_each(|line| _ = print(line));
        } else {
            block.chunks(WRITE).for_each(|chunk| _ = print(chunk));
        }
    }
    print(END);
    board.set(STATE, 2);
    while !board.wait(GO, 2, Duration::from_millis(50)) {
        thread::sleep(Duration::from_millis(50));
    }
}

/// Echoes every byte; an occasional line feed keeps the lines short.
fn echo(board: &Board) {
    make_raw();
    board.set(STATE, 1);
    let (mut buffer, mut sent) = ([0; 64], 0);
    while let Ok(n @ 1..) = unistd::read(io::stdin(), &mut buffer) {
        for &byte in &buffer[..n] {
            sent += 1;
            print(if sent % 64 == 0 { &b"\r\n"[..] } else { std::slice::from_ref(&byte) });
        }
    }
}

/// Prints log lines endlessly. A thread records when each key is read, and the next write prints the key's mark.
fn flood(board: Board) {
    make_raw();
    board.set(STATE, 1);
    let keys = std::sync::Arc::new(AtomicU64::new(0));
    let seen = keys.clone();
    thread::spawn(move || {
        let mut buffer = [0; 64];
        while let Ok(n @ 1..) = unistd::read(io::stdin(), &mut buffer) {
            let time = now();
            for _ in 0..n {
                let key = seen.load(SeqCst);
                board.set(STAMPS + key, time);
                board.set(COUNT, key + 1);
                seen.store(key + 1, SeqCst);
            }
        }
        exit(0)
    });
    let block = workload::ALL[0].shown(&workload::ALL[0].block());
    let mut printed = 0;
    for chunk in block.chunks(4096).cycle() {
        while printed < keys.load(SeqCst) {
            print(format!("<<{printed}>>\r\n").as_bytes());
            printed += 1;
        }
        print(chunk);
    }
}

static INTERRUPTED: AtomicU64 = AtomicU64::new(0);

extern "C" fn record_interrupt(_: i32) {
    INTERRUPTED.store(now(), SeqCst);
}

/// Prints log lines until Ctrl-C, prints a mark, and continues when `GO` allows it.
fn interrupt(board: &Board) {
    let action = SigAction::new(SigHandler::Handler(record_interrupt), SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler calls clock_gettime and stores to an atomic; both are async-signal-safe.
    #[allow(unsafe_code)]
    let done = unsafe { sigaction(Signal::SIGINT, &action) };
    if done.is_err() {
        exit(2);
    }
    board.set(STATE, 1);
    let block = workload::ALL[0].block();
    let mut stops = 0;
    for chunk in block.chunks(WRITE).cycle() {
        print(chunk);
        let time = INTERRUPTED.swap(0, SeqCst);
        if time > 0 {
            board.set(STAMPS + stops, time);
            while !print(format!("\n<<{stops}>>\n").as_bytes()) {}
            stops += 1;
            board.set(COUNT, stops);
            board.wait(GO, stops, SESSION_LIMIT);
        }
        if board.get(GO) == OVER {
            return;
        }
    }
}
