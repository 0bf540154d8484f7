//! The follower of a ZMODEM transfer, its filter of what follows, and the recovery of a broken one.

use std::time::{Duration, Instant};

use super::script::{Script, cut};
use crate::core::event::Cx;
use crate::core::transfer::{Recovery, RecoveryStep, Transfer};

/// Parts of the protocol and of what a shell prints around it.
const PARTS: &[&[u8]] = &[
    b"**\x18B0100000023be50\r\x8a\x11",
    b"**\x18B00000000000000\r\x8a\x11",
    b"**\x18B0800000000022d\r\x8a",
    b"**\x18B0900000000a87c\r\x8a\x11",
    b"OO",
    b"*\x18Cdata\x18k",
    b"\x18\x18\x18\x18\x18\x18\x18\x18\x18\x18\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08",
    b"^X^X^X^X^X^X^X^X^X^X^H^H^H^H",
    b"\x1b[?2004h$ ",
    b"\r\n$ ",
    b"rz: caught signal 15; exiting\r\n",
    b"**\x18B080000",
    b"\x18M\x18\xca",
    b"x",
];

/// Maximum number of bytes that a transfer or a recovery keeps.
const KEPT: usize = 64 * 1024;

/// What a transfer has done.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// Bytes that the near side was given, and those that were typed to the far side.
    given: Vec<u8>,
    typed: Vec<u8>,
    over: bool,
    far_gone: bool,
    behind: Vec<u8>,
    cancel: Vec<u8>,
    shown: Vec<u8>,
}

/// Follows the transfer of the script, whose pieces are cut by `seed`.
fn follow(seed: u8, offer: &[u8], mut script: Script<'_>) -> Outcome {
    let (mut now, mut outcome) = (Instant::now(), Outcome::default());
    let mut transfer = Transfer::begins(now, offer).expect("the offer is a whole header");
    while !script.is_over() && transfer.fault().is_none() {
        let choice = script.byte();
        let bytes = if choice & 0x40 == 0 { script.pick(PARTS) } else { script.bytes() };
        for piece in cut(seed, bytes) {
            if choice & 1 == 0 {
                let over = transfer.is_over();
                let n = transfer.push_far(now, piece);
                assert!(!over || n == 0, "behind the end nothing is the near side's");
                outcome.given.extend_from_slice(&piece[..n]);
            } else {
                outcome.typed.extend(transfer.filter_near(now, piece));
            }
            // The host gives no more once the far side has left.
            if transfer.fault().is_some() {
                break;
            }
        }
        now += Duration::from_millis(u64::from(choice >> 1 & 0x1f) * 20);
        if transfer.deadline().is_some_and(|at| now >= at) {
            transfer.tick(&mut Cx { now, effects: &mut Vec::new() });
            assert!(transfer.deadline().is_none_or(|at| at > now), "the deadline moves on");
        }
        assert!(!(transfer.is_over() && transfer.fault().is_some()), "a finished transfer is not broken");
    }
    outcome.over = transfer.is_over();
    outcome.far_gone = transfer.fault().is_some();
    outcome.behind = transfer.behind_far_fin().to_vec();
    outcome.cancel = transfer.cancel_sequence().to_vec();
    if outcome.over {
        let mut filter = transfer.trailer(now).expect("what follows a finished transfer is filtered");
        let behind = outcome.behind.clone();
        let (bytes, mut passed) = ([&behind[..], script.rest()].concat(), None);
        for piece in cut(seed, &bytes) {
            match &mut passed {
                None => passed = filter.pass(now, piece),
                Some(passed) => passed.extend_from_slice(piece),
            }
        }
        let shown = passed.unwrap_or_else(|| filter.into_held());
        assert!(bytes.ends_with(&shown), "what is shown is what came last");
        outcome.shown = shown;
    } else {
        outcome.shown = recover(seed, &mut transfer.fail(now), now, script);
    }
    outcome
}

/// Recovers the far side, which prints the rest of the script. Returns what is shown.
fn recover(seed: u8, recovery: &mut Recovery, mut now: Instant, mut script: Script<'_>) -> Vec<u8> {
    let mut steps = 0;
    loop {
        let wait = script.byte();
        let over = script.is_over();
        for piece in cut(seed, script.bytes()) {
            recovery.push(now, piece);
        }
        let due = recovery.deadline();
        now = if over { due.max(now) } else { now + Duration::from_millis(u64::from(wait) * 10) };
        if now < due {
            continue;
        }
        if let RecoveryStep::End(text, keys) = recovery.step(now, false) {
            assert!(text.len() <= KEPT && (keys.is_empty() || keys == b"\r"));
            return text;
        }
        steps += 1;
        // At most two cancels, or six interrupts that are answered and twelve that are not, with ten blanks between these.
        assert!(steps <= 28, "a recovery ends");
    }
}

/// Checks that neither transfer nor recovery depends on how the bytes are cut, that nothing is typed behind the end, and
/// that both end.
pub fn transfer(input: &[u8]) {
    let mut script = Script::new(input);
    let (offer, seed) = (PARTS[script.below(2)], script.byte().max(1));
    // No header, or half of one, is no offer.
    let _ = Transfer::begins(Instant::now(), script.clone().rest());
    let whole = follow(0, offer, script.clone());
    let cut = follow(seed, offer, script);
    // A prompt in front of the far ZFIN ends the transfer in one cut, and the ZFIN in another: no far side sends both.
    if whole.far_gone == cut.far_gone {
        assert_eq!(cut.typed, whole.typed, "what is typed");
    }
    if !whole.far_gone && !cut.far_gone {
        assert_eq!(cut, whole);
    }
}
