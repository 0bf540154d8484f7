//! The keyboard: parser of its bytes, search for the hotkey, decoder for the menu, and the queue that merges writers.

use std::time::{Duration, Instant};

use super::script::{Script, cut};
use crate::core::input::keys::{Chord, Decoder, InputModes, Key, Keys, TakenKeys};
use crate::core::input::pty_input::PtyInput;
use crate::core::vt::FocusReports;
use crate::core::vt::InputParser;

const HOTKEYS: &[&str] = &["ctrl-]", "ctrl-a", "ctrl-\\", "ctrl-@"];

/// Bytes from here on are those of chunks, so that the merged stream can be taken apart.
const CHUNK: u8 = 0xf8;

/// Checks that neither parser depends on how the bytes are cut, that the search for the hotkey loses and moves no byte,
/// and that the queue to the pty keeps keys in order and chunks whole, between two keys.
pub fn keys(input: &[u8]) {
    let mut script = Script::new(input);
    let hotkey: Option<Chord> = script.pick(HOTKEYS).parse().ok();
    let seed = script.byte();
    parser(seed, script.clone().rest());
    decoder(hotkey, seed, script.clone().rest());
    search(hotkey, script.clone());
    merge(script);
}

fn parser(seed: u8, bytes: &[u8]) {
    let state = |seed| {
        let mut parser = InputParser::new();
        cut(seed, bytes).for_each(|piece| parser.feed(piece));
        let ground = (parser.in_ground_state(), parser.has_whole_keys(), parser.is_between_keys());
        (ground, parser.in_paste(), parser.lone_escape(), parser.escape_begins_key(), parser.timeout())
    };
    assert_eq!(state(0), state(seed.max(1)), "the parser does not depend on cuts");
}

fn decoder(hotkey: Option<Chord>, seed: u8, bytes: &[u8]) {
    let now = Instant::now();
    let keys = |seed| {
        let (mut decoder, mut keys) = (Decoder::new(hotkey), Vec::new());
        for piece in cut(seed, bytes) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (used, key) = decoder.take(now, rest, &mut TakenKeys::default());
                assert!(used > 0 || key.is_some(), "it goes on");
                keys.extend(key);
                rest = &rest[used..];
            }
        }
        let open = decoder.deadline().is_some();
        keys.extend(decoder.tick(now + Duration::from_secs(10)));
        (keys, open, decoder.deadline())
    };
    let whole: (Vec<Key>, bool, Option<Instant>) = keys(0);
    assert_eq!(whole.2, None, "an open sequence is given up in time");
    assert_eq!(keys(seed.max(1)), whole, "the keys do not depend on cuts");
}

/// Takes pieces of the script, each followed by a pause. No key counts as held down, so that no repeat is left out.
fn search(hotkey: Option<Chord>, mut script: Script<'_>) {
    let mut now = Instant::now();
    let (mut keys, mut passed, mut expected) = (Keys::new(hotkey), Vec::new(), Vec::new());
    while !script.is_over() {
        let choice = script.byte();
        let focus_reports = if choice & 4 == 0 { FocusReports::Off } else { FocusReports::Program };
        let modes = InputModes { escape_alone: choice & 1 != 0, bracketed_paste: choice & 2 != 0, focus_reports };
        let bytes = script.bytes();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (used, pressed) = keys.take(now, rest, modes, &mut TakenKeys::default(), &mut passed);
            assert!(used > 0 || pressed.is_some(), "it goes on");
            passed.extend(pressed.into_iter().flatten());
            rest = &rest[used..];
        }
        expected.extend_from_slice(bytes);
        now += Duration::from_millis(u64::from(choice >> 2));
        if keys.deadline().is_some_and(|at| now >= at) {
            release(&mut keys, now, modes, &mut passed);
        }
        assert!(expected.starts_with(&passed), "no byte is lost or moved");
    }
    now = keys.deadline().unwrap_or(now);
    release(&mut keys, now, InputModes::default(), &mut passed);
    assert_eq!(passed, expected, "every byte passes or belongs to a hotkey");
}

/// Does what is due, as the core does.
fn release(keys: &mut Keys, now: Instant, modes: InputModes, passed: &mut Vec<u8>) {
    let mut taken = TakenKeys::default();
    if keys.tick(now, &mut taken, passed) {
        let (_, pressed) = keys.take(now, b"", modes, &mut taken, passed);
        passed.extend(pressed.expect("the hotkey was pressed"));
    }
    assert_eq!(keys.deadline(), None, "held bytes are released in time");
}

fn merge(mut script: Script<'_>) {
    let (mut now, mut queue) = (Instant::now(), PtyInput::new());
    let (mut typed, mut chunks, mut written) = (Vec::new(), Vec::new(), Vec::new());
    // The parser of what was typed, and when its last byte was.
    let (mut parser, mut last_key) = (InputParser::new(), now);
    while !script.is_over() {
        match script.below(4) {
            0 => {
                let keys: Vec<u8> = script.bytes().iter().map(|byte| byte % CHUNK).collect();
                if queue.room_for_keys() > 0 {
                    queue.key(now, &keys);
                    typed.extend_from_slice(&keys);
                    parser.feed(&keys);
                    last_key = now;
                }
            }
            1 => {
                let chunk = vec![CHUNK + (chunks.len() % 8) as u8; 1 + script.below(40)];
                if queue.send(now, &chunk, None) {
                    chunks.push(chunk);
                }
            }
            2 => now += Duration::from_millis(u64::from(script.byte()) * 30),
            _ => {
                let n = (1 + script.below(60)).min(queue.pending().len());
                written.extend_from_slice(&queue.pending()[..n]);
                queue.wrote(now, n);
            }
        }
        if queue.deadline().is_some_and(|at| now >= at) {
            queue.settle(now);
            assert!(queue.deadline().is_none_or(|at| at > now), "the deadline moves on");
        }
        let keys_written = written.iter().filter(|byte| **byte < CHUNK).count();
        let is_chunk = queue.pending().first().is_some_and(|byte| *byte >= CHUNK);
        let inside = keys_written == typed.len() && !parser.in_ground_state() && now < last_key + parser.timeout();
        let begins = is_chunk && written.last().is_none_or(|byte| *byte < CHUNK);
        // A chunk that became the next one before these keys came may stay the next.
        assert!(!(begins && inside) || last_key == now || queue.deadline().is_none(), "no chunk splits a key");
    }
    for _ in 0..=2 * (typed.len() + chunks.len()) {
        if queue.is_empty() {
            break;
        }
        now = queue.deadline().unwrap_or(now);
        queue.settle(now);
        written.extend_from_slice(queue.pending());
        queue.wrote(now, queue.pending().len());
    }
    assert!(queue.is_empty(), "everything is written in the end");
    let of_keys = |byte: &u8| *byte < CHUNK;
    assert_eq!(written.iter().copied().filter(of_keys).collect::<Vec<_>>(), typed, "keys stay in order");
    let mut rest = &written[..];
    for chunk in &chunks {
        let start = rest.iter().position(|byte| !of_keys(byte)).unwrap_or(rest.len());
        rest = &rest[start..];
        assert!(rest.starts_with(chunk), "chunks stay whole and in order");
        rest = &rest[chunk.len()..];
    }
    assert!(rest.iter().all(of_keys), "nothing is written twice");
}
