//! A smaller picture of a track with one encoding, which the node makes itself: a layer below the publisher's own.
//!
//! It is there from the beginning, and sleeps. Whoever shows the track no larger gets it as soon as it is sent, and whoever's path carries no
//! more is given it as any layer that could be had. What makes it is not here: the control plane is told when somebody needs it
//! ([`Event::LayerNeeded`]), and says over which transport it comes, and under which SSRC. Outside of the engine layers are counted without it.

use crate::Id;
use crate::engine::Engine;
use crate::event::Event;
use crate::output::{Now, Output};
use crate::subscription::{Share, Subscription};
use crate::track::Track;
use crate::transport::Source;

/// Its place among the layers of its track.
pub(crate) const LAYER: usize = 0;
/// Of pictures with no more lines than that nothing smaller is made.
const LEAST_LINES: u16 = 480;
/// It is made a half as wide and as high.
const PART: u32 = 2;
/// A picture that is a little smaller than what is wanted is good enough, in percent: scaling up by a tenth is not seen.
const TOLERANCE_PERCENT: u32 = 90;
/// What it counts as where a path is divided, bits a second, or less if it takes less: as little as it is made to take for who has no room for
/// more. It follows the narrowest of the paths that it goes, and who has room for so little is never kept waiting until it has.
const RATE: u64 = 150_000;
/// It is still needed for so long after the last one who did.
const LINGER_US: u64 = 5_000_000;

/// What is known of it.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Somebody would make it.
    allowed: bool,
    /// Over which it comes, while it is made.
    pub transport: Option<Id>,
    /// The control plane knows that it is needed.
    told: bool,
    needed_us: u64,
}

impl Track {
    /// The lowest layer that the publisher sends.
    pub(crate) fn lowest_sent(&self) -> usize {
        usize::from(self.made.is_some())
    }

    /// As which layer it is known outside; None for one that the node makes.
    pub(crate) fn outer_index(&self, layer: usize) -> Option<usize> {
        layer.checked_sub(self.lowest_sent())
    }

    pub(crate) fn is_made(&self, layer: usize) -> bool {
        layer < self.lowest_sent()
    }

    /// Over which transport the layer comes that the node makes.
    pub(crate) fn maker(&self) -> Option<Id> {
        self.made.as_ref()?.transport
    }

    /// Over which transport a layer comes.
    pub(crate) fn transport_of(&self, layer: usize) -> Id {
        let maker = self.maker().filter(|_| self.is_made(layer));
        maker.unwrap_or(self.transport)
    }

    /// Whether a smaller picture would be made if somebody needed it.
    pub(crate) fn could_be_made(&self) -> bool {
        let is_allowed = self.made.as_ref().is_some_and(|made| made.allowed);
        let is_large = |(width, height): (u16, u16)| width.min(height) > LEAST_LINES;
        is_allowed && !self.muted && self.size().is_some_and(is_large)
    }

    /// In pixels, as the newest key frame of its one encoding says; None where nobody knows.
    fn size(&self) -> Option<(u16, u16)> {
        self.layers.last()?.size
    }

    /// Whether the picture that the node makes fills so many pixels of height.
    fn made_fills(&self, wanted_height: Option<u16>) -> bool {
        let (Some(wanted), Some((_, height))) = (wanted_height, self.size()) else {
            return false;
        };
        self.made.is_some() && u32::from(height) / PART * 100 >= u32::from(wanted) * TOLERANCE_PERCENT
    }

    /// What a layer counts as where a path is divided, bits a second; None where nobody knows.
    pub(crate) fn rate_of(&self, layer: usize) -> Option<u64> {
        let rate = self.layers[layer].rate();
        if self.is_made(layer) {
            return Some(rate.map_or(RATE, |rate| rate.min(RATE)));
        }
        rate
    }
}

impl Subscription {
    /// The lowest layer of a track that it may get.
    pub(crate) fn lowest(&self, track: &Track) -> usize {
        if self.config.made_layer {
            0
        } else {
            track.lowest_sent()
        }
    }

    /// The best layer of a track that is wanted.
    pub(crate) fn wanted_of(&self, track: &Track) -> usize {
        // Until it is there the publisher's own is shown.
        let takes_made = self.config.made_layer && track.made_fills(self.wanted_height);
        if takes_made && track.is_sent(LAYER) {
            return LAYER;
        }
        let wanted = self.wanted.unwrap_or(usize::MAX);
        wanted.saturating_add(track.lowest_sent())
    }

    /// Whether nothing is to be sent until the layer is there that the node makes: there is no room for more.
    pub(crate) fn awaits_made(&self, track: &Track) -> bool {
        let has_room_for = match self.share {
            Share::UpTo(quality) => quality.layer,
            Share::Unlimited | Share::Nothing => return false,
        };
        self.is_limited && track.is_made(has_room_for) && self.config.made_layer && !track.is_sent(LAYER)
    }

    fn needs_made(&self, track: &Track) -> bool {
        let has_room_for_it_alone =
            self.is_limited && matches!(self.share, Share::UpTo(quality) if track.is_made(quality.layer));
        self.config.made_layer
            && !self.paused
            && (has_room_for_it_alone || track.made_fills(self.wanted_height))
    }
}

impl Engine {
    /// Whether somebody would make the smaller picture. Who needs it is told of anew.
    pub(crate) fn allow_made_layer(&mut self, id: Id, allowed: bool) -> bool {
        let Some(made) = self.tracks.get_mut(&id).and_then(|track| track.made.as_mut()) else {
            return false;
        };
        (made.allowed, made.told) = (allowed, false);
        true
    }

    /// The smaller picture comes over a transport from now on, in the place of any that did before.
    pub(crate) fn add_made_layer(&mut self, id: Id, transport: Id, ssrc: u32) -> bool {
        let Some(track) = self.tracks.get_mut(&id) else {
            return false;
        };
        let (Some(made), true) = (&mut track.made, self.transports.contains_key(&transport)) else {
            return false;
        };
        if let Some(former) = made.transport.replace(transport)
            && let Some(former) = self.transports.get_mut(&former)
        {
            former.forget_track(id);
        }
        let layer = &mut track.layers[LAYER];
        layer.restart();
        layer.ssrc = Some(ssrc);
        for subscriber in &track.subscribers {
            if let Some(subscription) = self.subscriptions.get_mut(subscriber) {
                subscription.layer_restarted(LAYER);
            }
        }
        if let Some(transport) = self.transports.get_mut(&transport) {
            let source = Source {
                track: id,
                layer: LAYER,
                is_rtx: false,
            };
            transport.sources.insert(ssrc, source);
        }
        true
    }

    /// A transport is gone: what came over it is made no more.
    pub(crate) fn forget_maker(&mut self, transport: Id) {
        let made = self.tracks.iter_mut();
        let ended: Vec<Id> = made
            .filter_map(|(id, track)| {
                let made = track.made.as_mut()?;
                made.transport.take_if(|maker| *maker == transport)?;
                let layer = &mut track.layers[LAYER];
                layer.restart();
                (layer.active, layer.ssrc) = (false, None);
                Some(*id)
            })
            .collect();
        for track in ended {
            self.retarget(track);
        }
    }

    /// Tells of smaller pictures that somebody needs, at once, and of those that nobody has needed for a while.
    pub(crate) fn look_at_made_layers(&mut self, now: Now, out: &mut impl Output) {
        for (id, track) in &mut self.tracks {
            let needs = |subscriber: &Id| {
                let subscription = self.subscriptions.get(subscriber);
                subscription.is_some_and(|subscription| subscription.needs_made(track))
            };
            let needed = track.could_be_made() && track.subscribers.iter().any(needs);
            let Some(made) = &mut track.made else { continue };
            if needed {
                made.needed_us = now.us;
            }
            let needed = needed || made.told && now.us < made.needed_us + LINGER_US;
            if std::mem::replace(&mut made.told, needed) != needed {
                out.event(Event::LayerNeeded { track: *id, needed });
            }
        }
    }
}
