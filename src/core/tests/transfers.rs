//! A ZMODEM transfer by a silent coprocess: the screen and the shell after each kind of end.

use super::*;

pub(super) const RECEIVES: &[u8] = b"rz waiting to receive.**\x18B0100000023be50\r\x8a\x11";
pub(super) const SENDS: &[u8] = b"rz\r**\x18B00000000000000\r\x8a\x11";

const FIN: &[u8] = b"**\x18B0800000000022d\r\x8a";

fn transfer(offer: &[u8]) -> Bench {
    let mut bench = Bench::new(&["-t", "rz waiting", "-s", "sz f", "-t", "\\*\\*B00000000000000", "-s", "rz"]);
    bench.shell(b"$ go\r\n").shell(offer).wait(20);
    bench
}

#[test]
fn transfer_leaves_no_protocol_bytes_on_screen() {
    let mut bench = transfer(RECEIVES);
    assert_eq!(bench.started(), ["sz f"]);
    assert_eq!(bench.read, RECEIVES);
    bench.coproc(b"**\x18B0800000000022d\r\x8aOO").wait(1000).coproc_exits(ExitStatus::Code(0), b"");
    bench.shell(b"\x1b[?2004h$ ");
    assert_eq!(bench.lines(), ["$ go", "$"]);
}

/// `sz` with a missing file complains right behind its header, over the row that the header stands on.
#[test]
fn transfer_begins_at_header_wherever_reads_end_and_whatever_follows() {
    let far = [b"$ sz no f\r\n", SENDS, b"sz: cannot open no: No such file\r\nline\r\n"].concat();
    crate::core::split::at_every_split(&far, |pieces| {
        let mut bench = Bench::new(&["-t", "\\*\\*B00000000000000", "-s", "rz"]);
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        assert_eq!(bench.started(), ["rz"]);
        assert_eq!(bench.read.escape_ascii().to_string(), far[b"$ sz no f\r\n".len()..].escape_ascii().to_string());
    });
}

#[test]
fn next_transfer_begins_on_the_same_row() {
    let mut bench = transfer(SENDS);
    for count in 1..4 {
        assert_eq!(bench.started(), ["rz"].repeat(count));
        bench.shell(FIN).coproc(FIN).coproc_exits(ExitStatus::Code(0), b"");
        bench.shell(b"OO").shell(SENDS).wait(20);
    }
}

/// A receiver repeats its last header until it gets the answer.
#[test]
fn repeated_last_header_is_not_shown() {
    crate::core::split::at_every_split(&[FIN, FIN, b"$ OO**"].concat(), |pieces| {
        let mut bench = transfer(RECEIVES);
        bench.coproc(b"**\x18B0800000000022d\r\x8aOO").wait(1000).coproc_exits(ExitStatus::Code(0), b"");
        pieces.iter().for_each(|piece| {
            bench.shell(piece);
        });
        assert_eq!(bench.lines(), ["$ go", "$ OO**"]);
    });
}

/// Returns the session once both sides have sent ZFIN, what follows that of the far side cut into these pieces, and the
/// program here, which is still there 2.5 s later, has then ended.
fn ended_well(offer: &[u8], far: &[&[u8]], end: impl Fn(&mut Bench)) -> Bench {
    let mut bench = transfer(offer);
    if offer == RECEIVES {
        bench.coproc(b"*\x18Cdata").coproc(FIN);
        far.iter().for_each(|piece| {
            bench.shell(piece);
        });
        bench.coproc(b"OO");
    } else {
        bench.shell(b"*\x18Cdata").shell(FIN).coproc(FIN);
        far.iter().for_each(|piece| {
            bench.shell(piece);
        });
    }
    bench.coproc(b"ls\r\x18\x18\x18\x18\x18\x18\x08").wait(2500);
    assert!(!bench.has(&Effect::Signal(Child::Coproc, 15)));
    end(&mut bench);
    bench.wait(500);
    assert_eq!(bench.core.deadline(), None);
    bench
}

#[test]
fn output_behind_both_fins_is_shown_whole_and_nothing_is_typed() {
    let behind: &[u8] = b"OOps ^X^X^X^X^X^X^X^X\r\n\x1b[?2004h$ ";
    let upload = [b"*\x18Cdata", FIN, b"OO"].concat();
    for (offer, far, typed) in
        [(RECEIVES, [FIN, b"\x11", FIN, behind], &upload[..]), (SENDS, [FIN, b"OO", behind, b""], FIN)]
    {
        crate::core::split::at_every_split(&far.concat(), |pieces| {
            let bench = ended_well(offer, pieces, |bench| {
                bench.coproc_exits(ExitStatus::Code(0), b"");
            });
            assert_eq!(bench.typed.escape_ascii().to_string(), typed.escape_ascii().to_string());
            assert_eq!(bench.lines(), ["$ go", "OOps ^X^X^X^X^X^X^X^X", "$"]);
        });
    }
}

#[test]
fn failure_behind_both_fins_is_noticed_and_hides_nothing() {
    for (offer, command) in [(RECEIVES, "sz f"), (SENDS, "rz")] {
        let bench = ended_well(offer, &[FIN, b"one\r\n$ "], |bench| {
            bench.coproc_exits(ExitStatus::Code(3), b"unread");
        });
        let notice = format!("coshell: coprocess \"{command}\" failed: status 3");
        assert_eq!(bench.lines(), ["$ go", "one", &notice, "$"]);
        assert!(!bench.typed.contains(&0x03), "{}", bench.typed.escape_ascii());
    }
}

#[test]
fn ctrl_c_behind_both_fins_ends_the_program_here_alone() {
    for offer in [RECEIVES, SENDS] {
        let bench = ended_well(offer, &[FIN, b"$ "], |bench| {
            bench.keys(b"\x03").wait(100).coproc(b"\x18\x18\x18\x18\x18\x18\x08\x08");
            bench.coproc_exits(ExitStatus::Signal(15), b"unread");
        });
        assert_eq!(bench.lines(), ["$ go", "$"]);
        assert!(!bench.typed.contains(&0x03), "{}", bench.typed.escape_ascii());
    }
}

#[test]
fn bytes_beginning_like_trailer_are_shown_after_delay() {
    for (offer, far, line) in [(RECEIVES, &b"**"[..], "**"), (SENDS, b"O", "O")] {
        let bench = ended_well(offer, &[], |bench| {
            bench.coproc_exits(ExitStatus::Code(0), b"").shell(far);
        });
        assert_eq!(bench.lines(), ["$ go", line]);
    }
}

#[test]
fn progress_of_transfer_leaves_no_trace() {
    for offer in [RECEIVES, SENDS] {
        let mut bench = transfer(offer);
        bench.wait(1000);
        assert!(bench.lines()[2].contains("received"), "{:?}", bench.lines());
        bench.shell(b"**\x18B0").wait(500).coproc_exits(ExitStatus::Code(0), b"");
        assert_eq!(bench.lines(), ["$ go"], "{}", bench.shown.escape_ascii());
    }
}

#[test]
fn receiver_gets_end_lost_by_flushed_tty() {
    let mut bench = transfer(SENDS);
    assert_eq!(bench.started(), ["rz"]);
    bench.shell(b"**\x18B0800000000022d\r\x8a").wait(1000);
    bench.coproc(b"**\x18B0800000000022d\r\x8a");
    assert!(bench.read.ends_with(b"OO"));
    bench.shell(b"\x1b[?2004h").coproc(b"**\x18B0800000000022d\r\x8a").shell(b"$ ");
    assert!(bench.read.ends_with(b"OO"), "the prompt is not the receiver's");
    bench.coproc_exits(ExitStatus::Code(0), b"");
    assert_eq!(bench.typed, b"**\x18B0800000000022d\r\x8a");
    assert_eq!(bench.lines(), ["$ go", "$"]);

    let mut bench = transfer(SENDS);
    bench.coproc(b"**\x18B0800000000022d\r\x8a").coproc_exits(ExitStatus::Code(0), b"");
    bench.shell(b"OO\x1b[?2004h$ ");
    assert_eq!(bench.lines(), ["$ go", "$"]);
}

#[test]
fn aborted_upload_types_no_data_into_shell() {
    let mut bench = transfer(RECEIVES);
    bench.coproc(b"data\x18K").wait(500).keys(b"\x03");
    bench.coproc(b"\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08more data\r").coproc_exits(ExitStatus::Signal(15), b"");
    bench.shell(b"\x18\x18\x18\x18\x18\x08\x08\x08\x08\x08\r\nrz: f removed.\r\n\x1b[?2004h$ ").wait(1000);
    assert_eq!(bench.typed, b"data\x18K\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08");
    let shown = bench.lines();
    assert_eq!(shown.last().map(String::as_str), Some("$"), "{shown:?}");
    assert!(bench.core.deadline().is_none());
    bench.keys(b"ls\r");
    assert!(bench.typed.ends_with(b"ls\r"));
}

/// What coshell types to the shell would overtake it.
#[test]
fn data_that_waits_for_the_pty_is_dropped_with_the_end_of_its_sender() {
    let mut bench = transfer(RECEIVES);
    bench.coproc(b"*\x18Cdata");
    bench.pty_is_full = true;
    bench.coproc(b"more").coproc(crate::wire::zmodem::CANCEL_SEQUENCE).coproc(b"and more");
    bench.coproc_exits(ExitStatus::Signal(15), b"");
    bench.pty_is_full = false;
    bench.shell(b"");
    assert_eq!(bench.typed, [b"*\x18Cdata", crate::wire::zmodem::CANCEL_SEQUENCE].concat());
}

/// As lrzsz's `sz` says that it cannot open the file, and its far `rz` leaves, in the orders that were seen.
#[test]
fn upload_failing_before_data_types_nothing_into_shell() {
    const CANCEL: &[u8] = b"\x18\x18\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08";
    let header: &[u8] = b"**\x18B0100000023be50\r\x8a\x11";
    let echo: &[u8] = b"^X^X^X^X^X^X^X^X^X^X^H^H^H^H^H^H^H^H^H^H";
    let before: [&[&[u8]]; 4] = [&[], &[header], &[header, b"rc=128\r\n"], &[header, b"rc=128\r\n", echo]];
    let behind: [&[&[u8]]; 4] = [&[header, CANCEL, CANCEL, b"rc=128\r\n"], &[b"rc=128\r\n"], &[], &[]];
    for (before, behind) in before.into_iter().zip(behind) {
        let mut bench = transfer(RECEIVES);
        bench.coproc(b"rz\r").coproc(b"**\x18B00000000000000\r\x8a\x11").coproc(CANCEL);
        for piece in before {
            bench.shell(piece);
        }
        bench.coproc(CANCEL).coproc_exits(ExitStatus::Code(128), b"");
        for piece in behind {
            bench.shell(piece);
        }
        bench.wait(1999).shell(b"slept\r\n\x1b[?2004h$ ").wait(10_000);
        assert_eq!(bench.typed, [b"rz\r**\x18B00000000000000\r\x8a\x11", CANCEL].concat());
        let notice = "coshell: coprocess \"sz f\" failed: status 128";
        assert_eq!(bench.lines(), ["$ go", "rc=128", notice, "slept", "$"], "{}", bench.shown.escape_ascii());
        assert_eq!(bench.core.deadline(), None);
    }
}

#[test]
fn death_of_far_side_ends_transfer() {
    let mut bench = transfer(SENDS);
    bench.shell(b"\x18Kdata\x18Jsz: caught signal 15; exiting\r\n\x1b[?2004h$ ").wait(300);
    assert!(bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.coproc(b"\x18\x18\x18\x18\x18").coproc_exits(ExitStatus::Signal(15), b"");
    bench.wait(1000);
    assert_eq!(bench.typed, b"");
    let notice = "coshell: \"rz\" was stopped: the other side ended the transfer";
    assert_eq!(bench.lines(), ["$ go", notice, "$"], "{}", bench.shown.escape_ascii());
}

/// `rz waiting` starts `rz`, as the README's first example does.
#[test]
fn two_receivers_are_told_and_both_ends_left_usable() {
    let mut bench = Bench::new(&["-t", "rz waiting", "-s", "rz"]);
    bench.shell(b"$ rz\r\n").shell(RECEIVES).wait(20).coproc(b"**\x18B0100000023be50\r\x8a\x11");
    assert!(bench.has(&Effect::Signal(Child::Coproc, 15)));
    bench.coproc_exits(ExitStatus::Signal(15), b"").shell(b"\x18\x18\x18\x18\x18\x08\x08\x1b[?2004h$ ").wait(5000);
    assert_eq!(bench.typed, crate::wire::zmodem::CANCEL_SEQUENCE);
    let shown = bench.lines();
    let notice = "coshell: \"rz\" was stopped: both ends receive; for a far rz, start the sender";
    assert_eq!(shown[1..3], [notice, "    here: sz FILE"], "{shown:?}");
    assert_eq!(shown.last().map(String::as_str), Some("$"), "{shown:?}");
}

#[test]
fn complaints_and_refused_files_are_told() {
    let mut bench = transfer(SENDS);
    bench.shell(b"sz: cannot open a: No such file\r\n").shell(FIN).coproc(FIN).shell(b"OO");
    bench.coproc_exits(ExitStatus::Code(0), b"").shell(b"$ ");
    assert_eq!(bench.lines(), ["$ go", "sz: cannot open a: No such file", "$"]);
}

/// Returns a session with `--zmodem` that has printed this.
fn answering(printed: &[u8]) -> Bench {
    let mut bench = Bench::new(&["--zmodem"]);
    bench.shell(printed);
    bench
}

#[test]
fn offer_at_start_of_line_is_answered_without_trigger() {
    for (offer, program) in [(RECEIVES, "exec coshell sz --ask"), (SENDS, "exec coshell rz")] {
        let bench = answering(&[b"$ go\r\n\x1b[?2004l\r", offer].concat());
        assert_eq!(bench.started(), [program]);
        assert!(bench.read.ends_with(&offer[offer.len() - 3..]), "{}", bench.read.escape_ascii());
        assert_eq!(bench.lines(), ["$ go"], "the offer is wiped");
    }
    for other in [&b"A header: **\x18B00000000000000\r\n"[..], b"**^XB00000000000000", b"**\x18B00000000000001\r"] {
        assert!(answering(other).started().is_empty(), "{}", other.escape_ascii());
    }
}

#[test]
fn trigger_goes_before_zmodem() {
    let mut bench = Bench::new(&["--zmodem", "-t", "rz waiting", "-s", "mine"]);
    bench.shell(RECEIVES);
    assert_eq!(bench.started(), ["mine"]);
}

#[test]
fn summary_of_answered_transfer_is_told() {
    let mut bench = answering(SENDS);
    bench.shell(FIN).coproc(FIN).shell(b"OO");
    bench.input(Input::Bytes(Source::CoprocErr, b"noise\ncoshell: received 1 file, 3.0 kB in 0.1 s\n"));
    bench.coproc_exits(ExitStatus::Code(0), b"").shell(b"$ ");
    assert_eq!(bench.lines(), ["coshell: received 1 file, 3.0 kB in 0.1 s", "$"]);
}

/// As `coshell ask ... || exit 0` does, and `sz --ask` where the user presses Esc.
#[test]
fn far_receiver_is_released_if_nothing_is_sent() {
    for exit in [ExitStatus::Code(0), ExitStatus::Code(130)] {
        let mut bench = answering(RECEIVES);
        bench.coproc_exits(exit, b"");
        bench.shell(b"\x18\x18\x18\x18\x18\x08\x08\x1b[?2004h$ ").wait(5000);
        assert_eq!(bench.typed, crate::wire::zmodem::CANCEL_SEQUENCE);
        assert_eq!(bench.lines(), ["$"], "{exit}");
    }
}

/// As tmux draws the offer of `sz` in its window.
#[test]
fn offer_that_a_multiplexer_has_swallowed_is_told_once() {
    let mut bench = answering(b"\x1b[?1049h\x1b[Hrz\r\n**B00000000000000\r");
    bench.shell(b"\x1b[2;1H**B00000000000000");
    assert!(bench.started().is_empty());
    assert_eq!(bench.shown.windows(15).filter(|text| text == b"swallows ZMODEM").count(), 1, "the notification");
    bench.shell(b"\x1b[?1049l$ ");
    assert!(bench.lines()[0].starts_with("coshell: tmux or screen"), "{:?}", bench.lines());
    // What a program prints without the alternate screen is a document at most.
    assert!(answering(b"**B00000000000000\r\n").lines() == ["**B00000000000000"]);
}

/// The answer to a Ctrl-C of the user would be output behind which the recovery waits for rest.
#[test]
fn ctrl_c_of_user_does_not_delay_recovery() {
    let mut bench = transfer(RECEIVES);
    bench.coproc(b"data\x18K").wait(500).keys(b"\x03").coproc_exits(ExitStatus::Signal(15), b"");
    bench.shell(b"$ ").wait(4000);
    let before = bench.typed.len();
    assert!(bench.typed.ends_with(b" \x03"), "{}", bench.typed.escape_ascii());
    let mut answered = bench.typed.iter().filter(|&&byte| byte == 3).count();
    let mut pressed = 0;
    while bench.lines().last().is_none_or(|line| line != "$") {
        bench.keys(b"\x03");
        pressed += 1;
        let typed = bench.typed.iter().filter(|&&byte| byte == 3).count();
        for _ in answered..typed {
            bench.shell(b"^C\r\n$ ");
        }
        answered = typed;
        bench.wait(300);
        assert!(pressed < 10, "{:?}, typed {}", bench.lines(), bench.typed.escape_ascii());
    }
    // A blank stands in front of each that the recovery types.
    let typed = &bench.typed[before..];
    assert_eq!(typed.trim_ascii_start(), b"\x03 \x03", "{}", typed.escape_ascii());
}

/// A slow link delivers for minutes what was sent ahead of the cancel.
#[test]
fn hidden_rest_of_cancelled_download_is_told_and_leaves_no_trace() {
    let mut bench = transfer(SENDS);
    bench.keys(b"\x03").coproc(crate::wire::zmodem::CANCEL_SEQUENCE).coproc_exits(ExitStatus::Signal(15), b"");
    for _ in 0..20 {
        bench.shell(b"**\x18B0a00000000bc20\r\x8a\x11").shell(b"\x01 data $ ls").wait(450);
    }
    let shown = bench.lines();
    assert!(shown.iter().any(|line| line.starts_with("waiting for the other side to stop: 6")), "{shown:?}");
    bench.shell(b"\x18\x18\x18\x18\x18\x08\x08\x1b[?2004h$ ").wait(1000);
    assert_eq!(bench.lines(), ["$ go", "$"], "{}", bench.shown.escape_ascii());
    assert_eq!(bench.core.deadline(), None);
}

/// A document that is printed, and the echo of a header, come through the line discipline as it is at a prompt.
#[test]
fn offer_is_answered_only_where_the_line_discipline_is_raw() {
    let mut bench = Bench::new(&["--zmodem"]);
    bench.pty_state.is_canonical = true;
    bench.shell(SENDS).shell(b"more");
    assert!(bench.started().is_empty());
    assert!(bench.shown.ends_with(&[SENDS, b"more"].concat()), "{}", bench.shown.escape_ascii());
}

#[test]
fn second_receiver_on_the_same_row_is_answered() {
    let mut bench = answering(RECEIVES);
    for count in 1..4 {
        assert_eq!(bench.started().len(), count);
        bench.coproc(FIN).shell(FIN).coproc_exits(ExitStatus::Code(0), b"").shell(RECEIVES);
    }
}

#[test]
fn offer_is_answered_behind_trigger_that_asks_for_state_of_pty() {
    let mut bench = Bench::new(&["--zmodem", "-t", "B0000", "--when", "job=ssh", "--capture"]);
    bench.shell(SENDS);
    assert_eq!(bench.started(), ["exec coshell rz"]);
}

/// `sz` with no file that it can open: it offers, complains, cancels, complains again, and leaves.
#[test]
fn complaints_of_far_side_that_cancels_are_shown_and_no_cancel_is_typed() {
    let mut bench = answering(SENDS);
    bench.coproc(RECEIVES).shell(b"sz: cannot open a: No such file\r\n").shell(crate::wire::zmodem::CANCEL_SEQUENCE);
    bench.coproc_exits(ExitStatus::Code(1), b"").shell(b"\rsz: Can't open any\r\n\x1b[?2004h$ ").wait(5000);
    assert_eq!(bench.typed, RECEIVES);
    let shown = bench.lines();
    assert_eq!(shown.iter().filter(|line| line.starts_with("sz: ")).count(), 2, "{shown:?}");
    assert_eq!(shown.last().map(String::as_str), Some("$"), "{shown:?}");
}
