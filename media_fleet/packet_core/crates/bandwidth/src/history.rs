//! What was sent and is not told of yet: a ring by transport-wide sequence number.

/// So many packets are remembered; a power of two. At 30 Mbit/s about half a second.
const SIZE: usize = 2048;

/// A packet that was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    sequence: u16,
    pub octets: u16,
    /// Microseconds, modulo 2^32.
    sent_us: u32,
    /// The probe that it belongs to; 0: none.
    pub cluster: u8,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    InFlight,
    Missing,
    Arrived,
}

/// What a feedback says of a packet for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// It came.
    Arrived,
    /// It came after all, though it was missing before.
    ArrivedLate,
    /// It has not come so far.
    Missing,
}

/// What became of a packet, as far as feedback has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// No feedback speaks of it so far.
    UnderWay,
    /// Feedback speaks of later ones that came, and says that it has not.
    Missing,
    /// It came.
    Arrived,
}

/// See the module.
pub(crate) struct History {
    ring: Box<[Sent]>,
}

impl History {
    pub(crate) fn new() -> Self {
        let free = Sent {
            sequence: 0,
            octets: 0,
            sent_us: 0,
            cluster: 0,
            state: State::Free,
        };
        Self {
            ring: vec![free; SIZE].into_boxed_slice(),
        }
    }

    pub(crate) fn insert(&mut self, sequence: u16, now_us: u64, octets: usize, cluster: u8) {
        self.ring[usize::from(sequence) % SIZE] = Sent {
            sequence,
            octets: octets.min(usize::from(u16::MAX)) as u16,
            sent_us: now_us as u32,
            cluster,
            state: State::InFlight,
        };
    }

    /// What became of a packet; None of one that is not known, or was sent before `since_us` and not heard of.
    pub(crate) fn fate(&self, sequence: u16, now_us: u64, since_us: u64) -> Option<Fate> {
        let sent = self.ring[usize::from(sequence) % SIZE];
        if sent.sequence != sequence {
            return None;
        }
        match sent.state {
            State::Free => None,
            State::InFlight => (sent.sent_us(now_us) >= since_us).then_some(Fate::UnderWay),
            State::Missing => Some(Fate::Missing),
            State::Arrived => Some(Fate::Arrived),
        }
    }

    /// Takes up what a feedback says; None if it says nothing new, or of a packet that is not known.
    pub(crate) fn told(&mut self, sequence: u16, has_come: bool) -> Option<(Sent, News)> {
        let slot = &mut self.ring[usize::from(sequence) % SIZE];
        if slot.sequence != sequence {
            return None;
        }
        let news = match (slot.state, has_come) {
            (State::InFlight, true) => News::Arrived,
            (State::InFlight, false) => News::Missing,
            (State::Missing, true) => News::ArrivedLate,
            _ => return None,
        };
        slot.state = if has_come { State::Arrived } else { State::Missing };
        Some((*slot, news))
    }
}

impl Sent {
    /// When it was sent, for a clock that is less than an hour on.
    pub(crate) fn sent_us(&self, now_us: u64) -> u64 {
        now_us - u64::from((now_us as u32).wrapping_sub(self.sent_us)).min(now_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_news_once_and_once_more_if_it_comes_late() {
        let mut history = History::new();
        history.insert(7, 1_000, 1200, 0);
        assert_eq!(history.told(7, false).unwrap().1, News::Missing);
        assert!(history.told(7, false).is_none());
        assert_eq!(history.told(7, true).unwrap().1, News::ArrivedLate);
        assert!(history.told(7, true).is_none());
        assert_eq!(history.fate(7, 2_000, 0), Some(Fate::Arrived));
        history.insert(9, 1_000, 1200, 0);
        assert_eq!(history.fate(9, 2_000, 500), Some(Fate::UnderWay));
        assert_eq!(
            history.fate(9, 2_000_000, 1_500_000),
            None,
            "its feedback was lost"
        );
        history.told(9, false);
        assert_eq!(history.fate(9, 2_000_000, 1_500_000), Some(Fate::Missing));
        assert_eq!(history.fate(10, 2_000, 0), None);
        assert!(history.told(8, true).is_none(), "never sent");
        assert!(
            history.told(7 + SIZE as u16, true).is_none(),
            "another one in its place"
        );
    }

    #[test]
    fn the_time_of_sending_survives_the_wrap_of_what_is_kept() {
        let mut history = History::new();
        let at = u64::from(u32::MAX) - 10;
        history.insert(1, at, 1200, 0);
        assert_eq!(history.told(1, true).unwrap().0.sent_us(at + 500), at);
    }
}
