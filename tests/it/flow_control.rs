//! Flow control: keys pass while output floods the terminal and while the terminal does not read.

use std::time::{Duration, Instant};

use crate::support::terminal::DEADLINE;
use crate::support::{PROMPT, bash, direct, proc, shell, takes_less_than, wrapped};

/// Returns the time from Ctrl-C during a flood to the next prompt.
fn interrupt_time() -> Duration {
    let mut term = bash(&[]).start();
    term.wait(PROMPT);
    term.send("yes\r");
    term.wait("y\r\ny\r\ny\r\n");
    term.read_for(Duration::from_millis(200));
    term.skip_unread();
    let typed = Instant::now();
    term.send("\x03");
    term.wait("^C");
    term.wait(PROMPT);
    typed.elapsed()
}

/// The target is 0.2 s; the limit leaves room for a busy machine.
#[test]
fn ctrl_c_during_flood_returns_prompt_at_once() {
    takes_less_than(Duration::from_millis(300), interrupt_time);
}

#[test]
fn key_reaches_program_while_terminal_does_not_read() {
    let mut term =
        wrapped(&[], "stty -echo -icanon; yes & read -r x; echo \"$x\" > key; kill $!; echo the end").start();
    term.wait("y\r\ny\r\n");
    term.pause_reading(Duration::from_millis(500));
    let rest = term.send_some(b"k\n");
    assert_eq!(rest, 2);
    let until = Instant::now() + Duration::from_secs(20);
    while term.read_home("key").is_none_or(|key| key.is_empty()) {
        assert!(Instant::now() < until, "the key did not arrive while the terminal did not read");
        term.pause_reading(Duration::from_millis(5));
    }
    term.wait("the end");
}

#[test]
fn memory_is_bounded_while_terminal_does_not_read() {
    let mut term = wrapped(&[], "echo up; yes 'a line of some length, so that it is quick to fill memory'").start();
    term.wait("up");
    term.pause_reading(Duration::from_secs(2));
    assert!(proc::peak_kib(term.pid()) < 12_000, "{} KiB", proc::peak_kib(term.pid()));
}

#[test]
fn memory_is_bounded_while_shell_does_not_read() {
    let mut term = shell(&[]).start();
    term.wait(PROMPT);
    term.send("stty -echo raw; echo ready; sleep 100\r");
    term.wait("ready\n");
    let paste = vec![b'x'; 65_536];
    let mut typed = 0;
    for _ in 0..2_000 {
        typed += term.send_some(&paste);
        term.read_for(Duration::from_micros(500));
    }
    assert!(proc::peak_kib(term.pid()) < 12_000, "{} KiB after {typed} bytes", proc::peak_kib(term.pid()));
}

/// Measures processor time while all queues are full: coshell must not spin on a blocked descriptor.
#[test]
fn blocked_terminal_costs_no_processor_time() {
    let mut term = wrapped(&[], "echo up; yes").start();
    term.wait("up");
    // Waits until all queues are full and all processes sleep.
    let until = Instant::now() + Duration::from_secs(20);
    while !proc::is_asleep(term.pid()) || term.descendants().into_iter().any(|pid| !proc::is_asleep(pid)) {
        assert!(Instant::now() < until, "a process still runs");
        term.pause_reading(Duration::from_millis(100));
    }
    term.pause_reading(Duration::from_millis(500));
    let before = proc::cpu_ms(term.pid()).expect("the process exists");
    term.pause_reading(Duration::from_secs(2));
    let used = proc::cpu_ms(term.pid()).expect("the process exists") - before;
    assert!(used < 100, "{used} ms in 2 s");
}

/// Counts wakeups while output arrives that the terminal cannot take.
#[test]
fn output_behind_blocked_terminal_does_not_wake_coshell() {
    // More than the outer pty holds on Linux (15 KB in pieces of 4,095 bytes), so that coshell keeps the rest, and
    // less than fills the inner pty, which would block the script.
    let fill = "head -c 18000 /dev/zero | tr '\\0' a; : > full";
    let trickle = "i=0; while [ $i -lt 300 ]; do printf x; sleep 0.002; i=$((i + 1)); done; : > dripped; sleep 100";
    let mut term = wrapped(&["-q"], &format!("echo up; read go; {fill}; {trickle}")).start();
    term.wait("up");
    term.send("\r");
    let until = Instant::now() + DEADLINE;
    let mut pause_until = |name: &str| {
        while term.read_home(name).is_none() {
            assert!(Instant::now() < until, "no {name}");
            term.pause_reading(Duration::from_millis(5));
        }
        proc::sleep_count(term.pid())
    };
    let sleeps = pause_until("full");
    let wakeups = pause_until("dripped") - sleeps;
    assert!(wakeups < 30, "it woke up {wakeups} times for 300 bytes");
}

/// Compares with a plain shell: Ctrl-S and Ctrl-Q are handled by the inner line discipline.
#[test]
fn ctrl_s_stops_output_and_ctrl_q_resumes_it() {
    for launch in [direct(&["sh"]), shell(&[])] {
        let mut term = launch.start();
        term.wait(PROMPT);
        term.send("i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); echo n$i; done\r");
        term.wait("n100\r\n");
        term.send("\x13");
        // Output already on its way still arrives.
        term.wait_quiet();
        let held = term.output().len();
        term.read_for(Duration::from_millis(300));
        assert_eq!(term.output().len(), held, "output went on");
        term.send("\x11");
        term.wait_until("more", |term| term.output().len() > held + 1000);
        term.send("\x03");
    }
}
