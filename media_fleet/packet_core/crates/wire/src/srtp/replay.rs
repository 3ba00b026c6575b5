//! Which indices have been seen (RFC 3711, section 3.3.2).

use std::collections::HashMap;

use super::SrtpError;
use crate::sequence::nearest;

const WORDS: usize = 16;
/// How far back a late packet is still accepted.
pub(super) const WINDOW: u64 = 64 * WORDS as u64;

/// The last [`WINDOW`] indices of one SSRC.
#[derive(Clone, Debug, Default)]
struct ReplayWindow {
    highest: Option<u64>,
    seen: [u64; WORDS],
}

impl ReplayWindow {
    fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether the index has not been seen, and is not too old to know.
    fn is_new(&self, index: u64) -> bool {
        match self.highest {
            None => true,
            Some(highest) if index > highest => true,
            Some(highest) if highest - index >= WINDOW => false,
            Some(_) => {
                let (word, bit) = place(index);
                self.seen[word] & bit == 0
            }
        }
    }

    /// Marks an index that [`Self::is_new`] as seen.
    fn accept(&mut self, index: u64) {
        let from = self.highest.map_or(index, |highest| highest + 1);
        if index >= from {
            if index - from >= WINDOW {
                self.seen = [0; WORDS];
            } else {
                for skipped in from..=index {
                    let (word, bit) = place(skipped);
                    self.seen[word] &= !bit;
                }
            }
            self.highest = Some(index);
        }
        let (word, bit) = place(index);
        self.seen[word] |= bit;
    }
}

fn place(index: u64) -> (usize, u64) {
    let slot = (index % WINDOW) as usize;
    (slot / 64, 1 << (slot % 64))
}

/// The windows of the SSRCs that one peer sends, so many at the most.
///
/// Only authentic packets take a place. A peer that has used up all places in a long meeting, by starting and stopping tracks, gets
/// that of the SSRC that has been silent longest; one that uses too many at once gets none.
#[derive(Debug)]
pub(super) struct Windows {
    by_ssrc: HashMap<u32, Entry>,
    /// Counts accepted packets: the clock by which an SSRC is silent.
    accepted: u64,
    idle_after: u64,
    max_ssrcs: usize,
}

#[derive(Debug)]
struct Entry {
    window: ReplayWindow,
    last_accepted: u64,
}

impl Windows {
    /// An SSRC may have to leave its place after `idle_after` packets of others.
    pub(super) fn new(max_ssrcs: usize, idle_after: u64) -> Self {
        Self {
            by_ssrc: HashMap::new(),
            accepted: 0,
            idle_after,
            max_ssrcs,
        }
    }

    /// The index that a sequence number stands for: the nearest to the highest so far (RFC 3711, section 3.3.1).
    pub(super) fn index_of(&self, ssrc: u32, sequence_number: u16) -> u64 {
        match self.by_ssrc.get(&ssrc).and_then(|entry| entry.window.highest()) {
            Some(highest) => nearest(highest, sequence_number),
            None => u64::from(sequence_number),
        }
    }

    /// Whether a packet is worth being authenticated.
    pub(super) fn check(&self, ssrc: u32, index: u64) -> Result<(), SrtpError> {
        match self.by_ssrc.get(&ssrc) {
            Some(entry) if !entry.window.is_new(index) => Err(SrtpError::Replayed),
            None if self.by_ssrc.len() >= self.max_ssrcs && self.idle().is_none() => {
                Err(SrtpError::TooManySsrcs)
            }
            _ => Ok(()),
        }
    }

    /// Marks the index of an authentic packet that has passed [`Self::check`].
    pub(super) fn accept(&mut self, ssrc: u32, index: u64) {
        self.accepted += 1;
        if self.by_ssrc.len() >= self.max_ssrcs
            && !self.by_ssrc.contains_key(&ssrc)
            && let Some(idle) = self.idle()
        {
            self.by_ssrc.remove(&idle);
        }
        let entry = self.by_ssrc.entry(ssrc).or_insert_with(|| Entry {
            window: ReplayWindow::default(),
            last_accepted: 0,
        });
        entry.window.accept(index);
        entry.last_accepted = self.accepted;
    }

    /// The SSRC that has been silent longest, if that is long enough.
    fn idle(&self) -> Option<u32> {
        let (ssrc, entry) = self.by_ssrc.iter().min_by_key(|(_, entry)| entry.last_accepted)?;
        (self.accepted - entry.last_accepted >= self.idle_after).then_some(*ssrc)
    }

    pub(super) fn forget(&mut self, ssrc: u32) {
        self.by_ssrc.remove(&ssrc);
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_SSRCS;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn only_an_ssrc_that_has_been_silent_long_leaves_its_place() {
        let mut windows = Windows::new(MAX_SSRCS, 1000);
        let places = MAX_SSRCS as u32;
        for ssrc in 0..places {
            windows.accept(ssrc, 7);
        }
        assert_eq!(windows.check(places, 7), Err(SrtpError::TooManySsrcs));
        // All but number 3 go on.
        for index in 8..20 {
            for ssrc in (0..places).filter(|ssrc| *ssrc != 3) {
                windows.accept(ssrc, index);
            }
        }
        assert_eq!(windows.check(places, 7), Ok(()));
        windows.accept(places, 7);
        assert_eq!(windows.by_ssrc.len(), MAX_SSRCS);
        assert!(!windows.by_ssrc.contains_key(&3));
        assert_eq!(windows.check(places, 7), Err(SrtpError::Replayed));
        assert_eq!(
            windows.check(4, 19),
            Err(SrtpError::Replayed),
            "the others are remembered"
        );
        assert_eq!(windows.check(3, 7), Err(SrtpError::TooManySsrcs));
    }

    proptest! {
        #[test]
        fn an_index_is_accepted_once_and_never_when_old(
            steps in proptest::collection::vec((0u64..3000, 0u64..50), 1..400)
        ) {
            let mut window = ReplayWindow::default();
            let mut seen = BTreeSet::new();
            for (offset, advance) in steps {
                let base = window.highest().unwrap_or(5000) + advance;
                let index = base.saturating_sub(offset);
                let too_old = window.highest().is_some_and(|highest| highest >= index + WINDOW);
                prop_assert_eq!(window.is_new(index), !seen.contains(&index) && !too_old);
                if window.is_new(index) {
                    window.accept(index);
                    seen.insert(index);
                }
            }
        }
    }
}
