//! What a transport publishes on one m-line.

use parley_wire::codec::Codec;
use parley_wire::dependency_descriptor::OperatingPoint;

use crate::Id;
use crate::command::{Kind, TrackConfig};
use crate::layer::Layer;
use crate::made::Made;
use crate::output::Now;
use crate::playout::Uplink;
use crate::scalability::ALL_LAYERS;
use crate::speakers::Voice;
use crate::usage::Usage;

/// What can be forwarded of a track: a layer, and how much of the layers within it. In the order of quality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quality {
    pub layer: usize,
    pub point: OperatingPoint,
}

impl Quality {
    /// All that there is.
    pub(crate) const ALL: Self = Self {
        layer: usize::MAX,
        point: ALL_LAYERS,
    };
}

/// A published track.
pub(crate) struct Track {
    pub transport: Id,
    pub config: TrackConfig,
    pub muted: bool,
    /// One for each rid; one where there are none, after the one that the node makes.
    pub layers: Vec<Layer>,
    /// Of that one, where there is one.
    pub made: Option<Made>,
    pub usage: Usage,
    pub voice: Voice,
    pub uplink: Uplink,
    pub subscribers: Vec<Id>,
    /// Those of them who get all sound.
    pub continuous: Vec<Id>,
    /// Those that still get another track, and go over to this one.
    pub heirs: Vec<Id>,
}

impl Track {
    pub(crate) fn new(transport: Id, config: TrackConfig) -> Self {
        let is_video = config.kind == Kind::Video;
        let made = (config.made_layer && is_video && config.rids.len() < 2).then(Made::default);
        let count = config.rids.len().max(1) + usize::from(made.is_some());
        let mut layers: Vec<Layer> = (0..count).map(|_| Layer::new(is_video)).collect();
        if config.rids.is_empty()
            && let Some(only) = layers.last_mut()
        {
            only.ssrc = config.ssrc;
            only.rtx_ssrc = config.rtx_ssrc;
        }
        Self {
            transport,
            config,
            muted: false,
            usage: Usage::new(layers.len()),
            layers,
            made,
            voice: Voice::default(),
            uplink: Uplink::default(),
            subscribers: Vec::new(),
            continuous: Vec::new(),
            heirs: Vec::new(),
        }
    }

    pub(crate) fn codec(&self) -> Codec {
        self.config.codec
    }

    /// Whether it is sound whose newest packet was not forwarded.
    pub(crate) fn is_unheard(&self) -> bool {
        !self.muted
            && self
                .layers
                .iter()
                .any(|layer| layer.active && layer.hearing.is_withheld())
    }

    /// The layer that a packet with this rid belongs to; without a rid, the only one that the publisher sends.
    pub(crate) fn layer_of_rid(&self, rid: Option<&[u8]>) -> Option<usize> {
        let lowest = self.lowest_sent();
        match rid {
            Some(rid) if !self.config.rids.is_empty() => {
                let known = self.config.rids.iter();
                Some(lowest + known.map(String::as_bytes).position(|known| known == rid)?)
            }
            _ if self.layers.len() == lowest + 1 => Some(lowest),
            _ => None,
        }
    }

    /// Whether subscribers may count on a layer.
    pub(crate) fn is_sent(&self, layer: usize) -> bool {
        let layer = &self.layers[layer];
        layer.active && !layer.stalled
    }

    /// The best layer from `lowest` up to `wanted` that is being sent; if only higher ones are, the lowest of these; None if none is.
    pub(crate) fn choose_layer(&self, lowest: usize, wanted: usize) -> Option<usize> {
        self.choose(lowest, wanted, |layer| self.is_sent(layer))
    }

    /// As [`Self::choose_layer`], with layers that sleep and whose rate is known.
    pub(crate) fn choose_layer_to_be(&self, lowest: usize, wanted: usize, now: Now) -> Option<usize> {
        self.choose(lowest, wanted, |layer| self.can_be_had(layer, now))
    }

    /// Whether a layer is sent, or sleeps and its rate is known, or would be made.
    pub(crate) fn can_be_had(&self, index: usize, now: Now) -> bool {
        let sleeps = || self.layers[index].rate().is_some() && self.usage.can_wake(index, now);
        let is_to_be = || {
            if self.is_made(index) {
                self.could_be_made()
            } else {
                sleeps()
            }
        };
        self.is_sent(index) || is_to_be()
    }

    fn choose(&self, lowest: usize, wanted: usize, can_be_chosen: impl Fn(usize) -> bool) -> Option<usize> {
        let mut layers = (lowest..self.layers.len()).filter(|layer| can_be_chosen(*layer));
        let first = layers.next()?;
        Some(
            layers
                .take_while(|layer| *layer <= wanted)
                .last()
                .unwrap_or(first),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parley_wire::extensions::ExtensionMap;

    fn simulcast() -> Track {
        Track::new(
            1,
            TrackConfig {
                kind: Kind::Video,
                codec: Codec::Vp8,
                mid: "0".into(),
                payload_type: 96,
                rtx_payload_type: None,
                red_payload_type: None,
                clock_rate: 90_000,
                rids: vec!["q".into(), "h".into(), "f".into()],
                ssrc: None,
                rtx_ssrc: None,
                extensions: ExtensionMap::default(),
                transport_cc: true,
                nack: true,
                made_layer: false,
            },
        )
    }

    #[test]
    fn what_is_not_sent_is_never_chosen() {
        for (active, wanted, chosen) in [
            ([false, false, false], None, None),
            ([true, true, true], None, Some(2)),
            ([true, true, false], None, Some(1)),
            ([true, true, true], Some(1), Some(1)),
            ([true, false, true], Some(1), Some(0)),
            ([false, true, true], Some(0), Some(1)),
            ([false, false, true], Some(0), Some(2)),
        ] {
            let mut track = simulcast();
            for (layer, active) in track.layers.iter_mut().zip(active) {
                layer.active = active;
            }
            let best = wanted.unwrap_or(usize::MAX);
            assert_eq!(track.choose_layer(0, best), chosen, "{active:?} {wanted:?}");
        }
    }

    #[test]
    fn a_packet_without_rid_belongs_to_no_layer_of_several() {
        let track = simulcast();
        assert_eq!(track.layer_of_rid(Some(b"h")), Some(1));
        assert_eq!(track.layer_of_rid(Some(b"x")), None);
        assert_eq!(track.layer_of_rid(None), None);
    }
}
