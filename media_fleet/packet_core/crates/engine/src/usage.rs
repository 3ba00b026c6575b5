//! Which layers of a track somebody can use, and what its publisher is told of it: what nobody can costs the publisher's processor and
//! path for nothing.
//!
//! What is told is a number: so many layers, from the lowest up, are of use. Those below the best one that somebody can get count, since they
//! take its place at once when a path narrows. More are told at once, fewer only after a while, so that who changes a wish and takes it
//! back costs no encoder's start. A layer that sleeps is remembered with the rate that it had: nobody can measure it.

use crate::Id;
use crate::engine::Engine;
use crate::event::Event;
use crate::output::{Now, Output};
use crate::subscription::{Share, Subscription};
use crate::track::Track;

/// A layer that nobody could use for so long is told of.
const UNUSED_US: u64 = 5_000_000;
/// A layer is on its way for so long after it was asked for. Then its publisher does not send it, for reasons of its own.
const WAKING_US: u64 = 3_000_000;
/// What is told at once is found where it changes; what is not is looked for so often.
pub(crate) const LAPSE_INTERVAL_US: u64 = 1_000_000;

/// What is known of the use of one track's layers.
#[derive(Debug)]
pub(crate) struct Usage {
    /// So many layers are of use, as the publisher knows.
    told: usize,
    layers: Vec<LayerUsage>,
}

#[derive(Clone, Copy, Debug, Default)]
struct LayerUsage {
    /// When it was used last, or when it was looked at first.
    used_us: Option<u64>,
    woken_us: Option<u64>,
}

impl Usage {
    /// All layers are of use at first.
    pub(crate) fn new(layers: usize) -> Self {
        Self {
            told: layers,
            layers: vec![LayerUsage::default(); layers],
        }
    }

    /// So many layers can be used now. Whether the publisher does not know.
    fn used(&mut self, count: usize, now: Now) -> bool {
        let count = count.min(self.layers.len());
        for layer in &mut self.layers[..count] {
            layer.used_us = Some(now.us);
        }
        if count <= self.told {
            return false;
        }
        for layer in &mut self.layers[self.told..count] {
            layer.woken_us = Some(now.us);
        }
        self.told = count;
        true
    }

    /// Whether the publisher does not know yet that some layers have been of no use for long.
    fn lapses(&mut self, now: Now) -> bool {
        let mut kept = 0;
        for (index, layer) in self.layers[..self.told].iter_mut().enumerate() {
            if now.us < *layer.used_us.get_or_insert(now.us) + UNUSED_US {
                kept = index + 1;
            }
        }
        std::mem::replace(&mut self.told, kept) != kept
    }

    /// Whether a layer that is not being sent would be, a moment after it is wanted.
    pub(crate) fn can_wake(&self, layer: usize, now: Now) -> bool {
        let woken_us = self.layers[layer].woken_us;
        layer >= self.told || woken_us.is_some_and(|woken_us| now.us < woken_us + WAKING_US)
    }
}

impl Subscription {
    /// How many layers this subscriber can use, from the lowest up, of as many as there are.
    fn usable(&self) -> usize {
        if self.paused {
            return 0;
        }
        let wanted = self.only.or(self.wanted).unwrap_or(usize::MAX);
        let best = match self.share {
            Share::UpTo(quality) if self.is_limited => wanted.min(quality.layer),
            Share::Unlimited | Share::UpTo(_) => wanted,
            // The lowest is needed as soon as there is room again.
            Share::Nothing => 0,
        };
        best.max(self.current.unwrap_or(0)).saturating_add(1)
    }
}

impl Track {
    /// So many of the publisher's own layers are of use, as the publisher knows.
    fn told_layers(&self) -> usize {
        self.usage.told.saturating_sub(self.lowest_sent())
    }

    /// How many of them sleep.
    pub(crate) fn asleep(&self) -> usize {
        self.usage.layers.len() - self.lowest_sent() - self.told_layers()
    }

    fn use_layers(&mut self, now: Now, id: Id, count: usize, out: &mut impl Output) {
        // What the node makes, it makes of what the publisher sends.
        let count = if self.made.is_some() && count > 0 {
            usize::MAX
        } else {
            count
        };
        if self.usage.used(count, now) && self.codec().is_video() {
            let layers = self.told_layers();
            out.event(Event::LayersWanted { track: id, layers });
        }
    }
}

impl Engine {
    /// A subscriber may want more than before: what sleeps of it is asked for. Not for a new subscription: its wishes come right after it.
    pub(crate) fn wake_layers(&mut self, now: Now, id: Id, out: &mut impl Output) {
        let Some(subscription) = self.subscriptions.get(&id) else {
            return;
        };
        let tracks = [Some(subscription.track), subscription.next];
        let usable = subscription.usable();
        for track in tracks.into_iter().flatten() {
            self.use_layers(now, track, usable, out);
        }
    }

    /// Somebody is about to subscribe to a track: all of it is of use, as when it was new.
    pub(crate) fn expect_subscriber(&mut self, now: Now, track: Id, out: &mut impl Output) -> bool {
        self.use_layers(now, track, usize::MAX, out);
        self.tracks.contains_key(&track)
    }

    fn use_layers(&mut self, now: Now, id: Id, count: usize, out: &mut impl Output) {
        if let Some(track) = self.tracks.get_mut(&id) {
            track.use_layers(now, id, count, out);
        }
    }

    /// Tells of what nobody could use for long.
    pub(crate) fn let_layers_lapse(&mut self, now: Now, out: &mut impl Output) {
        if now.us < self.due.lapse_us {
            return;
        }
        self.due.lapse_us = now.us + LAPSE_INTERVAL_US;
        for subscription in self.subscriptions.values() {
            let usable = subscription.usable();
            for id in [Some(subscription.track), subscription.next]
                .into_iter()
                .flatten()
            {
                if let Some(track) = self.tracks.get_mut(&id) {
                    track.use_layers(now, id, usable, out);
                }
            }
        }
        for (id, track) in &mut self.tracks {
            if track.usage.lapses(now) && track.codec().is_video() {
                let (track, layers) = (*id, track.told_layers());
                out.event(Event::LayersWanted { track, layers });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Now {
        Now {
            us: seconds * 1_000_000,
            ntp: 0,
        }
    }

    #[test]
    fn more_is_told_at_once_and_fewer_after_a_while() {
        let mut usage = Usage::new(3);
        assert!(!usage.used(3, at(0)), "as at first");
        assert!(!usage.used(1, at(4)) && !usage.lapses(at(4)));
        assert!(usage.lapses(at(5)) && usage.told == 1);
        assert!(!usage.lapses(at(6)), "told already");
        assert!(usage.used(2, at(7)) && usage.told == 2);
        assert!(!usage.used(1, at(8)));
        assert!(!usage.lapses(at(11)) && usage.lapses(at(12)));
        assert_eq!(usage.told, 1);
    }

    #[test]
    fn what_was_asked_for_is_on_its_way_for_a_while() {
        let mut usage = Usage::new(2);
        usage.used(2, at(0));
        assert!(
            !usage.can_wake(1, at(0)),
            "not sent, and nobody keeps it from being"
        );
        usage.lapses(at(5));
        assert!(usage.can_wake(1, at(6)), "asleep");
        usage.used(2, at(7));
        assert!(usage.can_wake(1, at(9)) && !usage.can_wake(1, at(10)));
    }
}
