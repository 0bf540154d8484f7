//! The end of a transfer, what is taken for one, and what is no sign of it.

use super::*;
use crate::core::split::at_every_split;
use crate::wire::zmodem::subpacket::{self, SubpacketEnd};

const RECEIVES: &[u8] = b"rz waiting to receive.**\x18B0100000023be50\r\x8a\x11";
const SENDS: &[u8] = b"rz\r**\x18B00000000000000\r\x8a\x11";
const FIN: &[u8] = b"**\x18B0800000000022d\r\x8a";
const RPOS: &[u8] = b"**\x18B0900000000a87c\r\x8a\x11";
/// Begins the prompt of a shell.
const PROMPT: &[u8] = b"\x1b[?2004h$ ";

fn begin(offer: &[u8]) -> Transfer {
    Transfer::begins(Instant::now(), offer).expect("an offer")
}

/// Returns the header ZSKIP.
fn skip() -> Vec<u8> {
    let mut out = Vec::new();
    FrameHeader::at(FrameType::ZSkip, 0).append(HeaderForm::Hex, Escaping::Needed, &mut out);
    out
}

/// Returns a frame with a subpacket.
fn frame(kind: FrameType, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    FrameHeader::at(kind, 0).append(HeaderForm::Binary32, Escaping::Needed, &mut out);
    subpacket::append(data, SubpacketEnd::FrameEnd, HeaderForm::Binary32, Escaping::Needed, &mut out);
    out
}

/// Returns the beginning of a frame with this plain data, whose subpacket has not ended.
fn open_frame(data: &[u8]) -> Vec<u8> {
    let mut whole = frame(FrameType::ZData, data);
    let end = whole.windows(2).rposition(|pair| pair == b"\x18h").expect("the end of the subpacket");
    whole.truncate(end);
    whole
}

/// Passes the pieces of the far side to the transfer. Returns its fault.
fn fault(transfer: &mut Transfer, far: &[&[u8]]) -> Option<TransferFault> {
    for piece in far {
        transfer.push_far(Instant::now(), piece);
    }
    transfer.fault()
}

/// Does what the transfer has to do at `now`. Returns its fault, and whether it has asked for the state of the pty.
fn tick(transfer: &mut Transfer, now: Instant) -> (Option<TransferFault>, bool) {
    let mut effects = Vec::new();
    transfer.tick(&mut Cx { now, effects: &mut effects });
    (transfer.fault(), effects == [Effect::QueryPty])
}

#[test]
fn transfer_begins_with_whole_header_and_right_crc() {
    assert_eq!(begin(RECEIVES).direction, Direction::Up);
    assert_eq!(begin(SENDS).direction, Direction::Down);
    for not in [&b"**\x18B0100000023be51\r"[..], b"**\x18B01000000", b"**B0100000023be50", b"rz waiting"] {
        assert!(Transfer::begins(Instant::now(), not).is_none(), "{not:?}");
    }
}

#[test]
fn nothing_is_typed_behind_cancel_at_every_split() {
    let bytes = b"da\x18Mta\x18\x18\x18\x18\x18\x18\x08\x08\x08\x18\x18\x18\x18\x18\x08more data";
    at_every_split(bytes, |pieces| {
        let mut transfer = begin(RECEIVES);
        let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.filter_near(Instant::now(), piece)).collect();
        assert_eq!(typed, b"da\x18Mta\x18\x18\x18\x18\x18\x18\x08\x08\x08");
        assert_eq!(transfer.cancel_sequence(), b"");
    });
}

/// Runs a transfer to its end, with the far side's ZFIN in these pieces. Returns the near side's input, and the transfer.
fn ended(offer: &[u8], near: &[u8], far: &[&[u8]]) -> (Vec<u8>, Transfer) {
    let mut transfer = begin(offer);
    let up = transfer.direction == Direction::Up;
    if up {
        transfer.filter_near(Instant::now(), near);
    }
    let given = far.iter().flat_map(|piece| piece[..transfer.push_far(Instant::now(), piece)].to_vec()).collect();
    if !up {
        transfer.filter_near(Instant::now(), near);
    }
    (given, transfer)
}

#[test]
fn transfer_is_over_behind_both_fins_at_every_split() {
    let later = Instant::now() + Duration::from_secs(60);
    at_every_split(&[FIN, PROMPT, b"^X^X^X^X^X^X^X^X"].concat(), |pieces| {
        let (given, mut transfer) = ended(RECEIVES, FIN, pieces);
        assert!(transfer.is_over() && transfer.deadline().is_none());
        assert_eq!(tick(&mut transfer, later), (None, false));
        assert_eq!([given, transfer.last_input().to_vec()].concat(), [&FIN[..FIN.len() - 1], b"\n"].concat());
    });
    at_every_split(&[FIN, b"OO$ "].concat(), |pieces| {
        let (_, transfer) = ended(SENDS, FIN, pieces);
        assert!(transfer.is_over() && transfer.deadline().is_none());
        assert_eq!(transfer.behind_far_fin(), b"\r\x8aOO$ ");
    });
}

#[test]
fn receiver_that_has_sent_fin_first_is_given_nothing_at_every_split() {
    at_every_split(&[b"$ ", FIN, b"OO"].concat(), |pieces| {
        let mut transfer = begin(SENDS);
        transfer.filter_near(Instant::now(), FIN);
        let given: usize = pieces.iter().map(|piece| transfer.push_far(Instant::now(), piece)).sum();
        assert_eq!(given, 0);
    });
}

#[test]
fn only_own_trailer_is_typed_behind_the_end() {
    let fin_to_digits = &FIN[..FIN.len() - 2];
    at_every_split(&[b"\r\x8a", FIN, b"OO", FIN, b"\x18\x18OO\r"].concat(), |pieces| {
        let (_, mut transfer) = ended(RECEIVES, fin_to_digits, &[FIN]);
        let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.filter_near(Instant::now(), piece)).collect();
        assert_eq!(typed.escape_ascii().to_string(), b"\r\x8aOO".escape_ascii().to_string());
    });
    at_every_split(&[FIN, b"\n", FIN, b"OO\r\x18\x18\x18\x18\x18"].concat(), |pieces| {
        let (_, mut transfer) = ended(SENDS, b"", &[FIN]);
        let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.filter_near(Instant::now(), piece)).collect();
        assert_eq!(typed, FIN);
    });
}

/// `sz -e` sends the bytes `**`, 0x02, digits and CR of a file so that they look like a header.
#[test]
fn header_in_data_is_no_header() {
    let looks = b"**\x18B0800000000022d\x18M\x18\xca";
    let near = [frame(FrameType::ZFile, b"f\0"), open_frame(b"x"), looks.to_vec()].concat();
    at_every_split(&near, |pieces| {
        let mut transfer = begin(RECEIVES);
        pieces.iter().for_each(|piece| assert_eq!(transfer.filter_near(Instant::now(), piece), *piece));
        transfer.push_far(Instant::now(), FIN);
        assert!(!transfer.is_over());
        assert_eq!(transfer.filter_near(Instant::now(), b"data"), b"data");
    });
}

#[test]
fn nothing_in_a_frame_is_a_prompt_however_long_it_rests() {
    let texts: [&[u8]; 4] = [PROMPT, b"quite ordinary ", b"\r\n$ ", b"^X^X^X^X^X^X^X^X^X"];
    for text in texts {
        let far = [frame(FrameType::ZFile, b"f\0"), frame(FrameType::ZData, text), open_frame(text)].concat();
        at_every_split(&far, |pieces| {
            let mut transfer = begin(SENDS);
            transfer.filter_near(Instant::now(), b"**\x18B0100000023be50\r\x8a\x11");
            assert_eq!(fault(&mut transfer, pieces), None);
            assert_eq!(tick(&mut transfer, Instant::now() + Duration::from_secs(60)), (None, true));
        });
    }
}

/// A frame behind a prompt shows that it was none, in one read with it or in another.
#[test]
fn prompt_in_front_of_a_frame_is_none_at_every_split() {
    at_every_split(&[PROMPT, &frame(FrameType::ZFile, b"f\0")].concat(), |pieces| {
        let mut transfer = begin(SENDS);
        assert_eq!(fault(&mut transfer, pieces), None);
        assert_eq!(tick(&mut transfer, Instant::now() + Duration::from_secs(60)).0, None);
    });
}

/// Line noise breaks the frame, whose rest may be any file's.
#[test]
fn data_behind_a_broken_frame_is_no_prompt() {
    let mut far = frame(FrameType::ZData, b"some data");
    far[20] ^= 1;
    let far = [&far[..], b"\r\n", PROMPT].concat();
    at_every_split(&far, |pieces| {
        let mut transfer = begin(SENDS);
        assert_eq!(fault(&mut transfer, pieces), None);
        assert_eq!(tick(&mut transfer, Instant::now() + Duration::from_secs(60)).0, None);
        assert_eq!(transfer.messages(), b"");
    });
}

#[test]
fn far_side_has_left_when_its_shell_answers_at_every_split() {
    let header = [&b"$ **^XB"[..], &RPOS[4..18], b"^M"].concat();
    let table: [(&[u8], &[u8], Vec<u8>); 5] = [
        (RECEIVES, b"rz\r", [b"rz: caught signal 15; exiting\r\n", PROMPT].concat()),
        (RECEIVES, b"*", [RPOS, b"Terminated\r\n", PROMPT].concat()),
        (RECEIVES, b"*", b"$ ab^Xc^Xd^X^X^X^X^X^X".to_vec()),
        (SENDS, b"", [b"sz: caught signal 15; exiting\r\n", PROMPT].concat()),
        (SENDS, RPOS, header.clone()),
    ];
    for (offer, near, far) in table {
        at_every_split(&far, |pieces| {
            let mut transfer = begin(offer);
            transfer.filter_near(Instant::now(), near);
            fault(&mut transfer, pieces);
            let later = Instant::now() + Duration::from_secs(1);
            assert_eq!(tick(&mut transfer, later).0, Some(TransferFault::FarGone), "{}", far.escape_ascii());
            assert!(transfer.filter_near(Instant::now(), b"data").is_empty());
        });
    }
}

/// lrzsz asks for more of a frame whose sender has died after 10 s.
#[test]
fn echo_of_header_in_open_frame_shows_that_sender_has_left_at_every_split() {
    at_every_split(&[b"**^XB", &RPOS[4..18], b"^M"].concat(), |pieces| {
        let mut transfer = begin(SENDS);
        assert_eq!(fault(&mut transfer, &[&open_frame(b"data"), b"Killed\r\n$ "]), None);
        transfer.filter_near(Instant::now(), RPOS);
        assert_eq!(fault(&mut transfer, pieces), Some(TransferFault::FarGone));
    });
}

#[test]
fn scattered_echoes_are_no_answer_at_every_split() {
    for (gap, answers) in [(510 / 7 - 2, true), (510 / 7 - 1, false)] {
        let far = [&b"^X"[..], &b".".repeat(gap)].concat().repeat(9);
        at_every_split(&far, |pieces| {
            let mut transfer = begin(RECEIVES);
            assert_eq!(fault(&mut transfer, pieces).is_some(), answers, "{gap}");
        });
    }
}

#[test]
fn text_like_a_prompt_outside_of_frames_is_one_after_two_seconds() {
    let now = Instant::now();
    for (text, due) in [(&b"\r\n$ "[..], true), (b"\r\n# ", true), (b"ordinary ", false), (b"\r\n", false)] {
        let mut transfer = begin(SENDS);
        transfer.push_far(now, text);
        transfer.filter_near(now, RPOS);
        assert_eq!(tick(&mut transfer, now + Duration::from_millis(1999)), (None, true));
        assert_eq!(tick(&mut transfer, now + Duration::from_secs(2)).0.is_some(), due, "{}", text.escape_ascii());
    }
}

#[test]
fn echoed_data_behind_a_prompt_does_not_hide_it() {
    let now = Instant::now();
    let mut transfer = begin(RECEIVES);
    transfer.filter_near(now, &frame(FrameType::ZFile, b"f\0"));
    transfer.push_far(now, PROMPT);
    for ms in (0..300).step_by(50) {
        let at = now + Duration::from_millis(ms);
        transfer.push_far(at, &[b'x'; 1000]);
        assert_eq!(tick(&mut transfer, at).0, None);
    }
    assert_eq!(tick(&mut transfer, now + Duration::from_millis(300)).0, Some(TransferFault::FarGone));
}

/// Before the near side says anything, the user may be asked for the files.
#[test]
fn text_like_a_prompt_behind_the_offer_is_none() {
    let mut transfer = begin(RECEIVES);
    assert_eq!(fault(&mut transfer, &[b"\r\nStart the transfer now: "]), None);
    assert_eq!(tick(&mut transfer, Instant::now() + Duration::from_secs(60)).0, None);
}

#[test]
fn other_foreground_process_group_shows_that_far_program_has_ended() {
    let mut transfer = begin(SENDS);
    // Data that never rests does not put the first look off: the last of it may be the last of the far program.
    let at = Instant::now();
    transfer.push_far(at, b"");
    assert!(transfer.deadline().is_some_and(|look| look <= at));
    assert_eq!(tick(&mut transfer, at), (None, true));
    transfer.pty_group(7);
    transfer.push_far(at, &open_frame(b"data"));
    let at = transfer.deadline().expect("a further look");
    assert_eq!(tick(&mut transfer, at), (None, true));
    transfer.pty_group(7);
    assert_eq!(transfer.fault(), None);
    transfer.pty_group(0);
    assert_eq!(transfer.fault(), None, "no group");
    transfer.pty_group(3);
    assert_eq!(transfer.fault(), Some(TransferFault::FarGone));

    // One that has cancelled has said so, and the near side ends by itself.
    let mut transfer = begin(SENDS);
    transfer.pty_group(7);
    transfer.push_far(at, CANCEL_SEQUENCE);
    transfer.pty_group(3);
    assert_eq!(transfer.fault(), None);
}

#[test]
fn far_side_ending_after_cancel_has_not_left_by_itself() {
    let now = Instant::now();
    let mut transfer = begin(RECEIVES);
    transfer.filter_near(Instant::now(), CANCEL_SEQUENCE);
    transfer.push_far(now, PROMPT);
    assert_eq!(transfer.fault(), None);
    // Unless the near side stays.
    assert_eq!(tick(&mut transfer, now + Duration::from_millis(300)).0, Some(TransferFault::FarGone));
}

#[test]
fn two_programs_of_one_role_are_found_at_the_first_header() {
    for (offer, near, fault) in
        [(RECEIVES, &RECEIVES[22..], TransferFault::BothReceive), (SENDS, SENDS, TransferFault::BothSend)]
    {
        at_every_split(near, |pieces| {
            let mut transfer = begin(offer);
            let typed: Vec<u8> = pieces.iter().flat_map(|piece| transfer.filter_near(Instant::now(), piece)).collect();
            assert_eq!(transfer.fault(), Some(fault));
            assert!(!typed.ends_with(near), "the header is not typed whole");
            assert_eq!(transfer.cancel_sequence(), CANCEL_SEQUENCE);
        });
    }
}

#[test]
fn refused_files_are_named() {
    let files =
        [frame(FrameType::ZFile, b"a b\x003 0"), frame(FrameType::ZFile, b"c\0"), frame(FrameType::ZFile, b"d\0")];
    let mut transfer = begin(RECEIVES);
    for (file, answer) in files.iter().zip([&skip()[..], RPOS, &skip()]) {
        transfer.filter_near(Instant::now(), file);
        transfer.push_far(Instant::now(), answer);
        transfer.push_far(Instant::now(), answer);
    }
    let sentence = "the other side refused \"a b\", \"d\": it has such a file, or cannot write it";
    assert_eq!(transfer.refused("\"sz\"").as_deref(), Some(sentence));

    let mut transfer = begin(SENDS);
    transfer.push_far(Instant::now(), &files[0]);
    transfer.filter_near(Instant::now(), &skip());
    let sentence = "\"rz\" refused \"a b\": there is such a file, or it cannot be written";
    assert_eq!(transfer.refused("\"rz\"").as_deref(), Some(sentence));
    assert_eq!(begin(SENDS).refused("\"rz\""), None);
}

#[test]
fn text_between_frames_is_kept_at_every_split() {
    let file = frame(FrameType::ZFile, b"f\0");
    let far = [b"sz: cannot open a: No such file\r\n", &file[..], b"warning", FIN, b"OO$ "].concat();
    at_every_split(&far, |pieces| {
        let (_, transfer) = ended(SENDS, FIN, pieces);
        assert_eq!(transfer.messages(), b"sz: cannot open a: No such file\r\nwarning\r\n");
    });
}

#[test]
fn shell_that_got_data_is_interrupted_until_it_answers() {
    let now = Instant::now();
    let recover = |near: &[u8]| {
        let mut transfer = begin(RECEIVES);
        transfer.filter_near(Instant::now(), near);
        fault(&mut transfer, &[b"rz: caught signal 15; exiting\r\n", PROMPT]);
        assert_eq!(tick(&mut transfer, now + Duration::from_secs(1)).0, Some(TransferFault::FarGone));
        transfer.fail(now)
    };
    let mut recovery = recover(&frame(FrameType::ZFile, b"f\0"));
    for reply in [&b"ata\r\n"[..], b"^C\r\n$ a", b"^C\r\n\x1b[?2004l$ ", b"^C\r\n\x1b[?2004l$ "] {
        assert_eq!(recovery.step(now, false), RecoveryStep::Type(INTERRUPT));
        recovery.push(now, reply);
    }
    let shown = b"rz: caught signal 15; exiting\r\n\x1b[?2004l$ ".to_vec();
    assert_eq!(recovery.step(now, false), RecoveryStep::End(shown, b""));
    // A shell that answers nothing is not interrupted for ever, and lines of data are not run.
    let mut recovery = recover(&frame(FrameType::ZFile, b"f\0"));
    let steps = (0..30).map(|_| recovery.step(now, false));
    let typed = steps.take_while(|step| matches!(step, RecoveryStep::Type(_)));
    assert_eq!(typed.filter(|step| *step == RecoveryStep::Type(INTERRUPT)).count(), 12);
    assert!(matches!(recovery.step(now, false), RecoveryStep::End(_, b"")));
    // A shell that got none is left alone.
    let mut recovery = recover(SENDS);
    let shown = [b"rz: caught signal 15; exiting\r\n", PROMPT].concat();
    assert_eq!(recovery.step(now, false), RecoveryStep::End(shown, b""));
}

/// Its shell has got what the near side typed behind the cancel.
#[test]
fn shell_of_far_side_that_cancelled_by_itself_is_interrupted() {
    let now = Instant::now();
    let data = frame(FrameType::ZFile, b"f\0");
    for (near, is_interrupted) in [(&data[..], true), (&[&data, CANCEL_SEQUENCE].concat(), false), (b"", false)] {
        let mut transfer = begin(RECEIVES);
        transfer.filter_near(now, near);
        fault(&mut transfer, &[CANCEL_SEQUENCE, b"rz: caught signal 15; exiting\r\n", PROMPT]);
        let step = transfer.fail(now).step(now, false);
        assert_eq!(step == RecoveryStep::Type(INTERRUPT), is_interrupted, "{}", near.escape_ascii());
    }
}
