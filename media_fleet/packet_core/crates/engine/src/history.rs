//! What was sent to a subscriber, and how: what it takes to send it again.

use parley_bandwidth::Fate;

/// Sent video packets that can be sent again; a power of two.
const VIDEO_HISTORY: usize = 512;
/// Sent audio packets that can be sent again; a power of two.
const AUDIO_HISTORY: usize = 64;
/// One packet is sent again at most so often.
const MAX_RESENDS: u8 = 5;

/// What is added to a packet's own numbers, modulo their width.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub timestamp: u32,
    /// Of what counts pictures: VP8's picture id, or the dependency descriptor's frame number.
    pub picture: u16,
    pub tl0_picture: u8,
}

/// What a packet says of its sending, and how it was padded.
///
/// Kept, so that sending it again under the same index sends the same bytes: two texts under one nonce would give AES-GCM's
/// authentication key away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Value of the abs-send-time extension.
    pub abs_send_time: u32,
    /// Value of the transport-wide sequence number extension; None where the subscriber has not taken that.
    pub transport_sequence: Option<u16>,
    /// What repairs take, added to the playout-delay extension, in units of 10 ms. None where that stays as it came.
    pub repairs: Option<u16>,
    /// Octets of padding.
    pub padding: u8,
}

/// A packet that was sent, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    /// Extended sequence number that the subscriber saw.
    pub sequence: u64,
    /// The layer's number of the stored packet.
    pub number: u64,
    pub layer: u8,
    pub marker: bool,
    pub offsets: Offsets,
    pub stamp: Stamp,
    /// The decode targets that its descriptor says are left; None: they are as they came.
    pub active_targets: Option<u32>,
}

/// A packet that can be sent again.
#[derive(Clone, Copy)]
struct Kept {
    sent: Sent,
    /// The layer's store has something else under its number.
    is_forgotten: bool,
    resends: u8,
    /// Modulo its width; 0 before the first time.
    resent_ms: u32,
    /// The transport-wide sequence number under which it was sent last, if it had one that nothing else has had.
    transport_sequence: Option<u16>,
}

/// The last packets that were sent, by their sequence numbers.
pub(crate) struct History {
    slots: Vec<Option<Kept>>,
}

impl History {
    pub(crate) fn new(is_video: bool) -> Self {
        Self {
            slots: vec![None; if is_video { VIDEO_HISTORY } else { AUDIO_HISTORY }],
        }
    }

    fn slot(&self, sequence: u64) -> usize {
        sequence as usize & (self.slots.len() - 1)
    }

    /// Whether nothing was sent under a sequence number, as far as that is known; `highest`: the newest one.
    pub(crate) fn is_new(&self, sequence: u64, highest: u64) -> bool {
        let is_lost = sequence + self.slots.len() as u64 <= highest;
        !is_lost && self.slots[self.slot(sequence)].is_none_or(|kept| kept.sent.sequence != sequence)
    }

    pub(crate) fn insert(&mut self, sent: Sent) {
        let slot = self.slot(sent.sequence);
        self.slots[slot] = Some(Kept {
            sent,
            is_forgotten: false,
            resends: 0,
            resent_ms: 0,
            transport_sequence: sent.stamp.transport_sequence,
        });
    }

    /// A layer has other packets under the same numbers now.
    pub(crate) fn forget(&mut self, layer: usize) {
        for kept in self.slots.iter_mut().flatten() {
            kept.is_forgotten |= usize::from(kept.sent.layer) == layer;
        }
    }

    /// The packets are another track's.
    pub(crate) fn forget_all(&mut self) {
        for kept in self.slots.iter_mut().flatten() {
            kept.is_forgotten = true;
        }
    }

    /// The packet with a sequence number, if it may be sent again; counts that as done, under the transport-wide sequence number
    /// `transport_sequence`.
    ///
    /// `fate` tells of such a number what became of the packet. Where it cannot, one is sent again after `round_trip_ms` at the earliest.
    pub(crate) fn resend(
        &mut self,
        sequence: u64,
        transport_sequence: Option<u16>,
        now_ms: u64,
        round_trip_ms: u32,
        fate: impl FnOnce(u16) -> Option<Fate>,
    ) -> Option<Sent> {
        let slot = self.slot(sequence);
        let kept = self.slots[slot].as_mut().filter(|kept| {
            kept.sent.sequence == sequence && !kept.is_forgotten && kept.resends < MAX_RESENDS
        })?;
        let now_ms = now_ms as u32;
        let is_on_its_way = match kept.transport_sequence.and_then(fate) {
            // It was overtaken, and asked for meanwhile.
            Some(Fate::Arrived) => true,
            Some(Fate::Missing) => false,
            // Who asks for the first time knows sooner than feedback does; who asks again may be impatient.
            Some(Fate::UnderWay) => kept.resends > 0,
            None => kept.resent_ms != 0 && now_ms.wrapping_sub(kept.resent_ms) < round_trip_ms,
        };
        if is_on_its_way {
            return None;
        }
        kept.resent_ms = now_ms.max(1);
        kept.transport_sequence = transport_sequence;
        kept.resends += 1;
        Some(kept.sent)
    }
}
