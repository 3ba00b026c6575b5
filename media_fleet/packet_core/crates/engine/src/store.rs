//! Received packets of one layer, decrypted, kept once for forwarding now and for retransmission later.

use parley_wire::codec::{Codec, Temporal, vp8, vp9};
use parley_wire::dependency_descriptor::has_structure;
use parley_wire::extensions::{Extension, ExtensionMap, Values};
use parley_wire::red;
use parley_wire::rtp::Elements;

use crate::hearing::Sound;
use crate::scalability::{Described, Scalability};

/// Extension elements and payload of one packet fit in so many bytes: an Ethernet frame less its headers.
pub(crate) const STRIDE: usize = 1472;

/// One stored packet, without its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    /// The layer's own count of media packets; see `layer::Numbering`.
    pub number: u64,
    pub timestamp: u32,
    pub marker: bool,
    pub key_frame: bool,
    pub vp8: Option<vp8::Descriptor>,
    pub temporal: Option<Temporal>,
    pub spatial: u8,
    /// Last packet of a spatial layer's frame.
    pub ends_frame: bool,
    /// What the dependency descriptor says.
    pub described: Option<Described>,
    /// Of sound: whether, and as which, it is heard.
    pub sound: Option<Sound>,
    /// Of sound that has come with copies of what was before.
    pub red: Option<red::Blocks>,
    extension_profile: u16,
    extension_len: u16,
    payload_len: u16,
}

impl Stored {
    pub(crate) fn payload_len(&self) -> usize {
        usize::from(self.payload_len)
    }

    /// What counts pictures: the dependency descriptor's frame number, or VP8's picture id.
    pub(crate) fn picture(&self) -> Option<u16> {
        match &self.described {
            Some(described) => Some(described.frame.number),
            None => self.vp8?.picture_id.map(|id| id.value),
        }
    }

    pub(crate) fn temporal_layer(&self) -> u8 {
        self.temporal.map_or(0, |temporal| temporal.layer)
    }

    fn describe(&mut self, described: Option<Described>) {
        let Some(frame) = described.map(|described| described.frame) else {
            return;
        };
        self.described = described;
        (self.spatial, self.ends_frame) = (frame.spatial, frame.ends);
        self.temporal = Some(Temporal {
            layer: frame.temporal,
            joins: false,
            opens: false,
        });
    }
}

/// What is known of a packet when it is stored.
#[derive(Clone, Copy)]
pub(crate) struct Incoming<'a> {
    pub number: u64,
    pub timestamp: u32,
    pub marker: bool,
    pub extension_profile: u16,
    pub extension_elements: &'a [u8],
    pub payload: &'a [u8],
    /// Whether it is heard; None for a picture.
    pub sound: Option<Sound>,
    /// Where its blocks are, if it is redundant.
    pub red: Option<red::Blocks>,
    /// Value of the dependency descriptor.
    pub descriptor: Option<&'a [u8]>,
}

/// The last packets of a layer, by number. Memory is touched only as packets come.
pub(crate) struct PacketStore {
    slots: Vec<Option<Stored>>,
    newest: u64,
    bytes: Vec<u8>,
}

impl PacketStore {
    /// A store of the last `capacity` packets, a power of two.
    pub(crate) fn new(capacity: usize) -> Self {
        debug_assert!(capacity.is_power_of_two());
        Self {
            slots: vec![None; capacity],
            newest: 0,
            bytes: vec![0; capacity * STRIDE],
        }
    }

    /// Forgets all packets, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.slots.fill(None);
        self.newest = 0;
    }

    /// The greatest number so far; 0 before the first packet.
    pub(crate) fn newest(&self) -> u64 {
        self.newest
    }

    /// The numbers above `number` that are stored, in order.
    pub(crate) fn after(&self, number: u64) -> impl Iterator<Item = &Stored> {
        let oldest = (self.newest + 1).saturating_sub(self.slots.len() as u64);
        (oldest.max(number + 1)..=self.newest).filter_map(|later| self.get(later))
    }

    fn slot(&self, number: u64) -> usize {
        number as usize & (self.slots.len() - 1)
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Stored> {
        self.slots[self.slot(number)]
            .as_ref()
            .filter(|stored| stored.number == number)
    }

    /// Keeps a packet; None if it is there already, or too long.
    pub(crate) fn insert(
        &mut self,
        codec: Codec,
        scalability: &Scalability,
        packet: &Incoming<'_>,
    ) -> Option<Stored> {
        let extension_len = packet.extension_elements.len();
        let len = extension_len + packet.payload.len();
        let slot = self.slot(packet.number);
        if len > STRIDE || self.slots[slot].is_some_and(|stored| stored.number >= packet.number) {
            return None;
        }
        let vp8 = (codec == Codec::Vp8)
            .then(|| vp8::Descriptor::parse(packet.payload))
            .flatten();
        let vp9 = (codec == Codec::Vp9)
            .then(|| vp9::Descriptor::parse(packet.payload))
            .flatten();
        let mut stored = Stored {
            number: packet.number,
            timestamp: packet.timestamp,
            marker: packet.marker,
            key_frame: codec.starts_key_frame(packet.payload, packet.descriptor),
            vp8,
            temporal: vp8
                .and_then(|vp8| vp8.temporal)
                .or(vp9.and_then(|vp9| vp9.temporal)),
            spatial: vp9.map_or(0, |vp9| vp9.spatial_layer),
            ends_frame: vp9.map_or(packet.marker, |vp9| vp9.ends_frame),
            described: None,
            sound: packet.sound,
            red: packet.red,
            extension_profile: packet.extension_profile,
            extension_len: extension_len as u16,
            payload_len: packet.payload.len() as u16,
        };
        stored.describe(packet.descriptor.and_then(|value| scalability.describe(value)));
        let place = &mut self.bytes[slot * STRIDE..slot * STRIDE + len];
        place[..extension_len].copy_from_slice(packet.extension_elements);
        place[extension_len..].copy_from_slice(packet.payload);
        self.slots[slot] = Some(stored);
        self.newest = self.newest.max(packet.number);
        Some(stored)
    }

    /// Reads anew what came before the structure that it refers to: the packets above `number`.
    pub(crate) fn describe_after(&mut self, number: u64, map: &ExtensionMap, scalability: &Scalability) {
        for later in number + 1..=self.newest {
            let Some(stored) = self.get(later) else { continue };
            let descriptor = Values::read(self.bytes_of(stored).0, map).get(Extension::DependencyDescriptor);
            if descriptor.is_some_and(has_structure) {
                return;
            }
            let described = descriptor.and_then(|value| scalability.describe(value));
            let slot = self.slot(later);
            if let Some(stored) = &mut self.slots[slot] {
                stored.describe(described);
            }
        }
    }

    /// The extension elements and the payload of a stored packet.
    pub(crate) fn bytes_of(&self, stored: &Stored) -> (Elements<'_>, &[u8]) {
        let start = self.slot(stored.number) * STRIDE;
        let middle = start + usize::from(stored.extension_len);
        let elements = Elements::new(stored.extension_profile, &self.bytes[start..middle]);
        (elements, &self.bytes[middle..middle + stored.payload_len()])
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A picture of one packet.
    pub(crate) fn picture(number: u64, layer: u8, joins: bool, opens: bool) -> Stored {
        Stored {
            number,
            timestamp: number as u32,
            marker: true,
            key_frame: false,
            vp8: None,
            temporal: Some(Temporal { layer, joins, opens }),
            spatial: 0,
            ends_frame: true,
            described: None,
            sound: None,
            red: None,
            extension_profile: 0,
            extension_len: 0,
            payload_len: 1000,
        }
    }

    fn packet(number: u64, payload: &[u8]) -> Incoming<'_> {
        Incoming {
            number,
            timestamp: 0,
            marker: false,
            extension_profile: 0xbede,
            extension_elements: &[0x10, 0x2a, 0, 0],
            payload,
            sound: None,
            red: None,
            descriptor: None,
        }
    }

    #[test]
    fn the_newest_packets_are_kept_and_none_twice() {
        let mut store = PacketStore::new(4);
        let none = Scalability::default();
        for number in 0..6u8 {
            assert!(
                store
                    .insert(Codec::Opus, &none, &packet(u64::from(number), &[number]))
                    .is_some()
            );
        }
        assert!(store.insert(Codec::Opus, &none, &packet(5, b"again")).is_none());
        assert!(
            store
                .insert(Codec::Opus, &none, &packet(1, b"older than what is in its place"))
                .is_none()
        );
        assert!(store.get(1).is_none());
        let stored = *store.get(4).unwrap();
        let (elements, payload) = store.bytes_of(&stored);
        assert_eq!(elements.collect::<Vec<_>>(), [(1, &[0x2a][..])]);
        assert_eq!(payload, [4]);
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let mut store = PacketStore::new(4);
        assert!(
            store
                .insert(Codec::Opus, &Scalability::default(), &packet(0, &[0; STRIDE]))
                .is_none()
        );
    }
}
