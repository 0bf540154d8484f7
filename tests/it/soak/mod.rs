//! A long session of everything that coshell does, in random order: no byte is lost or changed, and memory, descriptors
//! and children stay as they were. `tests/soak DURATION` runs it; `SOAK` and `SOAK_SEED` are the duration in seconds and
//! the seed.

mod acts;
mod random;
mod rig;

use std::collections::BTreeMap;
use std::env;
use std::time::{Duration, Instant};

use acts::ACTS;
use random::Random;
use rig::{Figures, Rig};

/// Memory in KiB by which the last quarter of a session may exceed the second: the allocator keeps what it once had.
const GROWTH_KIB: u64 = 1024;

/// Returns the value of an environment variable that holds a number.
fn number(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value:?}")))
}

/// Returns the median of one of the figures.
fn median(figures: &[Figures], of: impl Fn(&Figures) -> u64) -> u64 {
    let mut values: Vec<u64> = figures.iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}

/// Fails unless the figures of the last quarter are those of the second. In the first the history fills, and queues and
/// caches reach their largest sizes.
fn assert_flat(figures: &[Figures]) {
    let quarter = figures.len().div_ceil(4);
    let (second, last) = (&figures[quarter..2 * quarter], &figures[figures.len() - quarter..]);
    let both = |of: fn(&Figures) -> u64| (median(second, of), median(last, of));
    let (memory, descriptors, children) = (both(|at| at.memory_kib), both(|at| at.descriptors), both(|at| at.children));
    let course: Vec<u64> =
        figures.chunks(figures.len().div_ceil(12)).map(|part| median(part, |at| at.memory_kib)).collect();
    println!("memory over the run: {course:?} KiB");
    println!("second and last quarter: memory {memory:?} KiB, descriptors {descriptors:?}, children {children:?}");
    assert!(memory.1 <= memory.0 + GROWTH_KIB, "memory grows: {memory:?} KiB");
    assert_eq!(descriptors.0, descriptors.1, "descriptors");
    assert_eq!(children.0, children.1, "children");
}

#[test]
#[ignore = "takes as long as it is told: tests/soak"]
fn long_session_loses_nothing_and_stays_as_it_was() {
    let time = Duration::from_secs(number("SOAK").unwrap_or(20));
    let seed = number("SOAK_SEED").unwrap_or(1);
    println!("seed {seed}, {time:?}");
    let (mut random, mut rig) = (Random::new(seed), Rig::start());
    // Every act once, so that all memory is in use that an act needs.
    for (name, act) in ACTS {
        println!("first {name}");
        act(&mut rig, &mut random);
        rig.rest();
    }
    let (start, mut figures, mut counts) = (Instant::now(), Vec::new(), BTreeMap::<_, u32>::new());
    while start.elapsed() < time || figures.len() < 4 {
        let (name, act) = ACTS[random.below(ACTS.len())];
        if env::var_os("SOAK_TRACE").is_some() {
            println!("{:?} {name}", start.elapsed());
        }
        act(&mut rig, &mut random);
        *counts.entry(name).or_default() += 1;
        figures.push(rig.rest());
    }
    println!("{counts:?}; {} bytes shown and {} typed, all compared", rig.shown, rig.typed);
    assert_flat(&figures);
    rig.end();
}
