//! Invariants under random sequences of inputs.

use proptest::prelude::*;

use super::transfers::{RECEIVES, SENDS};
use super::*;
use crate::core::fuzzing::session::TRIGGERS_OF_EVERY_KIND;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Shell(Vec<u8>),
    Keys(Vec<u8>),
    Coproc(Vec<u8>),
    CoprocEmpty,
    CoprocExits,
    ShellExits,
    Resize(u16, u16),
    Wait(u16),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"rz waiting".to_vec()),
        Just(RECEIVES.to_vec()),
        Just(SENDS.to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"num 123 ".to_vec()),
        Just(b"go\r\n".to_vec()),
        Just(b"\x1b[?1049h".to_vec()),
        Just(b"\x1b[?1049l".to_vec()),
        Just(b"\x1b[200~".to_vec()),
        Just(b"\x1b[?2004h$ ".to_vec()),
        Just(b"\x18\x18\x18\x18\x18\x18".to_vec()),
        Just(b"\x1b]0;".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
        Just(vec![b'x'; 5000]),
    ];
    proptest::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => bytes().prop_map(Step::Shell),
        2 => bytes().prop_map(Step::Keys),
        3 => bytes().prop_map(Step::Coproc),
        1 => Just(Step::CoprocEmpty),
        1 => Just(Step::CoprocExits),
        1 => Just(Step::ShellExits),
        1 => (1_u16..60, 1_u16..200).prop_map(|(rows, cols)| Step::Resize(rows, cols)),
        4 => (0_u16..4000).prop_map(Step::Wait),
    ]
}

fn take(bench: &mut Bench, step: &Step, gone: &mut bool) {
    let runs = bench.core.coproc.is_running();
    match step {
        Step::Shell(bytes) if !*gone => drop(bench.shell(bytes)),
        Step::Keys(bytes) => drop(bench.keys(bytes)),
        Step::Coproc(bytes) if runs => drop(bench.coproc(bytes)),
        Step::CoprocEmpty if runs => drop(bench.input(Input::Empty(Source::Coproc))),
        Step::CoprocExits if runs => drop(bench.coproc_exits(ExitStatus::Code(1), b"rest")),
        Step::ShellExits if !*gone => {
            *gone = true;
            bench.input(Input::Exited(Child::Shell, ExitStatus::Code(0))).input(Input::Closed(Source::Pty));
        }
        Step::Resize(rows, cols) => {
            let size = Size { rows: *rows, cols: *cols, ..Size::default() };
            bench.input(Input::Resized(size));
        }
        Step::Wait(ms) => drop(bench.wait(u64::from(*ms))),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever happens in whatever order: no panic, no deadline that stays, nothing that grows, and in the end
    /// everybody is gone.
    #[test]
    fn every_session_ends(steps in proptest::collection::vec(step(), 0..40), form in 0..3_usize) {
        let form = ["raw", "text", "json"][form];
        let argv: Vec<&str> = [&["-i", form][..], TRIGGERS_OF_EVERY_KIND].concat();
        let (mut bench, mut gone) = (Bench::new(&argv), false);
        for step in &steps {
            take(&mut bench, step, &mut gone);
        }
        take(&mut bench, &Step::ShellExits, &mut gone);
        bench.wait(5000);
        if bench.core.coproc.is_running() {
            prop_assert!(bench.has(&Effect::Signal(Child::Coproc, 9)));
            bench.coproc_exits(ExitStatus::Signal(9), b"");
        }
        bench.wait(10_000);
        prop_assert!(bench.has(&Effect::Finish(ExitStatus::Code(0))));
    }

    /// Without triggers and coprocess nothing is added, lost or moved.
    #[test]
    fn relay_without_features_is_exact(steps in proptest::collection::vec(step(), 0..40)) {
        let mut bench = Bench::new(&["--hotkey", "none"]);
        let (mut shown, mut typed, mut gone) = (Vec::new(), Vec::new(), false);
        for step in &steps {
            match step {
                Step::Shell(bytes) => shown.extend_from_slice(bytes),
                Step::Keys(bytes) => typed.extend_from_slice(bytes),
                Step::ShellExits => continue,
                _ => {}
            }
            take(&mut bench, step, &mut gone);
        }
        prop_assert_eq!(&bench.shown, &shown);
        prop_assert_eq!(&bench.typed, &typed);
    }
}
