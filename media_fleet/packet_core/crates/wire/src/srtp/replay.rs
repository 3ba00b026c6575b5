//! Which indices have been seen (RFC 3711, section 3.3.2).

const WORDS: usize = 16;
/// How far back a late packet is still accepted.
pub(super) const WINDOW: u64 = 64 * WORDS as u64;

/// The last [`WINDOW`] indices of one SSRC.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplayWindow {
    highest: Option<u64>,
    seen: [u64; WORDS],
}

impl ReplayWindow {
    pub(super) fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Whether the index has not been seen, and is not too old to know.
    pub(super) fn is_new(&self, index: u64) -> bool {
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
    pub(super) fn accept(&mut self, index: u64) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

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
