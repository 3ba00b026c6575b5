//! The packet indices that subscriptions which are gone have used under one transport's keys.

use std::collections::VecDeque;

use crate::IdMap;

/// So many SSRCs are remembered: those of a long meeting in which somebody looks through many people's cameras.
const MAX_SPENT: usize = 8192;

/// The last packet index under each SSRC: under one key none is ever used twice (RFC 3711, section 9.1).
///
/// When there are too many the oldest is forgotten. SSRCs are chosen at random (RFC 3550, section 8.1): that one of those forgotten is drawn again
/// has for each of them a chance of one in 2^32.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    by_ssrc: IdMap<u64>,
    /// The latest last.
    order: VecDeque<u32>,
}

impl Spent {
    /// An SSRC is sent no more; `index` is the last one under it.
    pub(crate) fn insert(&mut self, ssrc: u32, index: u64) {
        if self.by_ssrc.insert(ssrc, index).is_none() {
            self.order.push_back(ssrc);
        }
        if self.order.len() > MAX_SPENT
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_ssrc.remove(&oldest);
        }
    }

    /// An SSRC is sent again: the last index under it, if there is one.
    pub(crate) fn take(&mut self, ssrc: u32) -> Option<u64> {
        let index = self.by_ssrc.remove(&ssrc)?;
        self.order.retain(|other| *other != ssrc);
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_is_remembered_until_the_ssrc_is_used_again() {
        let mut spent = Spent::default();
        spent.insert(7, 100);
        assert_eq!(spent.take(7), Some(100));
        assert_eq!(spent.take(7), None);
        spent.insert(7, 200);
        assert_eq!(spent.take(7), Some(200));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut spent = Spent::default();
        spent.insert(0, 0);
        spent.insert(1, 0);
        // Used again: now it is not the oldest any more.
        spent.take(0);
        spent.insert(0, 5);
        for ssrc in 2..=MAX_SPENT as u32 {
            spent.insert(ssrc, 1);
        }
        assert_eq!((spent.by_ssrc.len(), spent.order.len()), (MAX_SPENT, MAX_SPENT));
        assert_eq!(spent.take(1), None);
        assert_eq!(spent.take(0), Some(5));
    }
}
