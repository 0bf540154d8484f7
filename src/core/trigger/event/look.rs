//! When the processes in the pty are looked at for the events `asks` and `password`, and which looks are events.

use std::time::{Duration, Instant};

use super::{EventSet, Occurrence, TriggerEvent};
use crate::core::event::PtyState;
use crate::core::password::Reading;
use crate::core::vt::MarkedZone;

/// Times without output after which the processes are looked at. A program that begins to read later, and prints nothing
/// for it, is not found.
const TIMES: [Duration; 5] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// The foreground process group that reads, and the number of lines before the one on which it does. A group that reads
/// while the user types on the same line asks nothing new.
type AskedLine = (i32, u64);

/// Looks at the processes in the pty.
#[derive(Debug, Default)]
pub(super) struct ProcessLooks {
    /// Number of looks in this silence.
    done: usize,
    /// Time of a look that has to confirm the last one.
    again: Option<Instant>,
    asked: Option<AskedLine>,
    password: Option<AskedLine>,
}

impl ProcessLooks {
    /// Begins anew after output.
    pub(super) fn printed(&mut self) {
        (self.done, self.again) = (0, None);
    }

    /// Returns when the next look is due in a silence that began at `since`. At a prompt none is.
    pub(super) fn next(&self, since: Instant, wanted: EventSet, zone: MarkedZone) -> Option<Instant> {
        let looks = [TriggerEvent::Asks, TriggerEvent::Password].iter().any(|event| wanted.has(*event));
        if !looks || zone == MarkedZone::Prompt {
            return None;
        }
        let time = TIMES.get(self.done).map(|time| since + *time);
        [time, self.again].into_iter().flatten().min()
    }

    /// Takes note of a look that is due now.
    pub(super) fn begin(&mut self, now: Instant, since: Instant) {
        self.done = TIMES.iter().filter(|time| since + **time <= now).count();
        self.again = None;
    }

    /// Takes what a look has found on the line behind `lines` others. Returns the events.
    pub(super) fn looked(
        &mut self,
        state: &PtyState,
        reading: Reading,
        zone: MarkedZone,
        lines: u64,
    ) -> impl Iterator<Item = Occurrence> + use<> {
        if let Reading::Perhaps(until) = reading {
            self.again = Some(until);
        }
        let question = Some((state.group, lines));
        let asks = zone.asks(state.asks);
        let is_new = |holds: bool, known: &mut Option<AskedLine>| {
            let found = question.filter(|_| holds);
            std::mem::replace(known, found) != found && holds
        };
        let asks = is_new(asks, &mut self.asked).then_some(TriggerEvent::Asks);
        let password = is_new(reading == Reading::Yes, &mut self.password).then_some(TriggerEvent::Password);
        [asks, password].into_iter().flatten().map(|event| Occurrence::new(event, b""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(looks: &mut ProcessLooks, group: i32, asks: bool, reading: Reading, lines: u64) -> Vec<&'static str> {
        let state = PtyState { group, asks, ..PtyState::default() };
        looks.looked(&state, reading, MarkedZone::Output, lines).map(|event| event.event().name()).collect()
    }

    #[test]
    fn question_is_new_on_another_line_or_of_another_group() {
        let mut looks = ProcessLooks::default();
        let steps: &[(i32, bool, u64, &[&str])] = &[
            (7, false, 0, &[]),
            (7, true, 0, &["asks"]),
            (7, true, 0, &[]),
            (7, true, 1, &["asks"]),
            (8, true, 1, &["asks"]),
            (8, false, 1, &[]),
            (8, true, 1, &["asks"]),
        ];
        for (group, asks, lines, want) in steps {
            assert_eq!(found(&mut looks, *group, *asks, Reading::No, *lines), *want, "{group} {asks} {lines}");
        }
        let mut looks = ProcessLooks::default();
        assert_eq!(found(&mut looks, 7, false, Reading::Perhaps(Instant::now()), 0), [""; 0]);
        assert_eq!(found(&mut looks, 7, true, Reading::Yes, 0), ["asks", "password"]);
        assert_eq!(found(&mut looks, 7, true, Reading::Yes, 0), [""; 0]);
    }

    #[test]
    fn looks_are_few_and_none_at_a_prompt() {
        let (mut looks, since, mut wanted) = (ProcessLooks::default(), Instant::now(), EventSet::default());
        assert_eq!(looks.next(since, wanted, MarkedZone::None), None);
        wanted.insert(TriggerEvent::Asks);
        assert_eq!(looks.next(since, wanted, MarkedZone::Prompt), None);
        let mut count = 0;
        while let Some(at) = looks.next(since, wanted, MarkedZone::Output) {
            looks.begin(at, since);
            count += 1;
        }
        assert_eq!(count, TIMES.len());
        looks.printed();
        assert_eq!(looks.next(since, wanted, MarkedZone::None), Some(since + TIMES[0]));
    }
}
