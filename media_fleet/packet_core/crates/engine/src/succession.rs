//! A track takes the place of another one: whoever received the former goes on with the new one, under the same numbers.
//!
//! The same picture or sound comes over another way, because its publisher moves to another node. The former goes on until the new one has
//! begun for a subscriber: with a key frame, or with any packet of sound. Nobody negotiates, and nobody sees a gap. What only crosses a link
//! stays where it is: the node there goes over by itself.

use crate::Id;
use crate::engine::Engine;
use crate::event::Event;
use crate::forwarding::Pending;
use crate::output::{Now, Output};
use crate::subscription::Subscription;
use crate::track::Track;

impl Engine {
    /// Has the subscribers of a track go over to another one of the same codec as soon as that has begun for them.
    pub(crate) fn succeed_track(&mut self, now: Now, former: Id, new: Id, out: &mut impl Output) -> bool {
        let alike = |one: &Track, other: &Track| {
            one.codec() == other.codec() && one.config.clock_rate == other.config.clock_rate
        };
        let leaving = match (self.tracks.get(&former), self.tracks.get(&new)) {
            (Some(track), Some(other)) if former != new && alike(track, other) => {
                [track.subscribers.clone(), track.heirs.clone()].concat()
            }
            _ => return false,
        };
        // Whoever was on the way back stays.
        for heir in self
            .tracks
            .get(&former)
            .map_or(Vec::new(), |track| track.heirs.clone())
        {
            if self
                .subscriptions
                .get(&heir)
                .is_some_and(|subscription| subscription.track == new)
            {
                self.disinherit(heir);
            }
        }
        for id in leaving {
            let goes = self.subscriptions.get(&id);
            if goes.is_some_and(|subscription| subscription.only.is_none() && subscription.track != new) {
                self.inherit(now, id, new, out);
            }
        }
        self.retarget(new);
        self.tell_of_succession(former, out);
        true
    }

    fn inherit(&mut self, now: Now, id: Id, new: Id, out: &mut impl Output) {
        self.disinherit(id);
        let (Some(subscription), Some(track)) = (self.subscriptions.get_mut(&id), self.tracks.get_mut(&new))
        else {
            return;
        };
        subscription.next = Some(new);
        track.heirs.push(id);
        let (gets_nothing, is_muted) = (subscription.paused || subscription.current.is_none(), track.muted);
        if gets_nothing || is_muted {
            self.go_over(id);
        }
        self.wake_layers(now, id, out);
    }

    /// The subscription stays with its track. Tells whether it was about to leave that.
    pub(crate) fn disinherit(&mut self, id: Id) -> bool {
        let Some(next) = self
            .subscriptions
            .get_mut(&id)
            .and_then(|subscription| subscription.next.take())
        else {
            return false;
        };
        if let Some(track) = self.tracks.get_mut(&next) {
            track.heirs.retain(|heir| *heir != id);
        }
        true
    }

    /// Those go over for whom a burst of the new track has a beginning.
    pub(crate) fn take_over(&mut self, id: Id, burst: &[Pending], out: &mut impl Output) {
        let Some(track) = self.tracks.get(&id).filter(|track| !track.heirs.is_empty()) else {
            return;
        };
        let begins = |layer: usize| {
            let stored = burst
                .iter()
                .filter(|packet| packet.layer == layer)
                .filter_map(|packet| track.layers[layer].store.get(packet.number));
            stored.into_iter().any(|stored| stored.key_frame)
        };
        let begun: Vec<Id> = track
            .heirs
            .iter()
            .filter(|heir| {
                let subscription = self.subscriptions.get(heir);
                subscription
                    .and_then(|subscription| subscription.layer_of(track))
                    .is_some_and(begins)
            })
            .copied()
            .collect();
        for heir in begun {
            let former = self
                .subscriptions
                .get(&heir)
                .map(|subscription| subscription.track);
            self.go_over(heir);
            if let Some(former) = former {
                self.tell_of_succession(former, out);
            }
        }
    }

    /// All who are leaving a track go over, whether the next one has begun or not: this one ends.
    pub(crate) fn end_succession(&mut self, former: Id) {
        let subscribers = self
            .tracks
            .get(&former)
            .map_or(Vec::new(), |track| track.subscribers.clone());
        for id in subscribers {
            self.go_over(id);
        }
    }

    /// All who wait for a track go over: it is muted, and so is the former for them.
    pub(crate) fn hurry_succession(&mut self, new: Id) {
        for id in self
            .tracks
            .get(&new)
            .map_or(Vec::new(), |track| track.heirs.clone())
        {
            self.go_over(id);
        }
    }

    fn go_over(&mut self, id: Id) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return;
        };
        let Some(new) = subscription.next.take() else {
            return;
        };
        let former = std::mem::replace(&mut subscription.track, new);
        subscription.leave_layers();
        let is_continuous = subscription.config.continuous;
        if let Some(track) = self.tracks.get_mut(&former) {
            track.subscribers.retain(|subscriber| *subscriber != id);
            track.continuous.retain(|subscriber| *subscriber != id);
        }
        if let Some(track) = self.tracks.get_mut(&new) {
            track.heirs.retain(|heir| *heir != id);
            track.subscribers.push(id);
            if is_continuous {
                track.continuous.push(id);
            }
        }
        self.retarget_one(id);
    }

    /// Has key frames asked for that let those who wait for a track go over.
    pub(crate) fn want_for_heirs(&mut self, id: Id) {
        let Some(track) = self.tracks.get(&id) else { return };
        let mut layers: Vec<usize> = track
            .heirs
            .iter()
            .filter_map(|heir| self.subscriptions.get(heir)?.layer_of(track))
            .collect();
        layers.sort_unstable();
        layers.dedup();
        for layer in layers {
            self.want_key_frame(id, layer);
        }
    }

    pub(crate) fn tell_of_succession(&mut self, former: Id, out: &mut impl Output) {
        let is_left = self.tracks.get(&former).is_some_and(|track| {
            let mut subscribers = track
                .subscribers
                .iter()
                .filter_map(|id| self.subscriptions.get(id));
            subscribers.all(|subscription: &Subscription| subscription.next.is_none())
        });
        if is_left {
            out.event(Event::TrackSucceeded { track: former });
        }
    }
}
