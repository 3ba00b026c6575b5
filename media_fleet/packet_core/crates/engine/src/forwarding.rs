//! From received packets to sent ones: the loop that costs what a node costs.
//!
//! Packets that came in one batch are stored first. Then, subscriber by subscriber, all of them are written one behind the
//! other, so that they can leave in one call to the kernel.

use parley_wire::dependency_descriptor::{self, Mandatory, OperatingPoint};
use parley_wire::extensions::{self, Extension, OwnValues, Values};
use parley_wire::red;
use parley_wire::rtp::{self, HeaderFields};
use parley_wire::srtp::MAX_OVERHEAD;

use crate::command::SubscriptionConfig;
use crate::engine::Engine;
use crate::history::{Sent, Stamp};
use crate::output::{Now, Output};
use crate::pacing::Waiting;
use crate::playout;
use crate::stats::Stats;
use crate::store::{STRIDE, Stored};
use crate::subscription::Subscription;
use crate::track::Track;
use crate::transport::Transport;
use crate::{Id, Remote};

/// Header, extensions, two octets of RTX, payload, padding, protection.
const MAX_PACKET: usize =
    rtp::FIXED_HEADER_LEN + extensions::MAX_BLOCK_LEN + 2 + STRIDE + MAX_PADDING + MAX_OVERHEAD;
/// Packets of one burst that differ by less are padded to one length, so that the kernel can cut them from one buffer.
const MAX_PADDING: usize = 32;
/// So many packets wait for [`Engine::flush`] at the most: what the kernel cuts at once, and less than any store holds.
pub(crate) const MAX_PENDING: usize = 64;

/// A stored packet that waits to be forwarded. In the order in which they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pending {
    pub track: Id,
    pub layer: usize,
    pub number: u64,
    /// Length to pad the payload to.
    pub padded_len: usize,
    /// Only for those who get all sound.
    pub is_withheld: bool,
}

impl Engine {
    /// Forwards what the datagrams since the last call brought, and asks for the key frames that are wanted.
    pub fn flush(&mut self, now: Now, out: &mut impl Output) {
        let mut pending = std::mem::take(&mut self.pending);
        // Sound and picture come in turn: sorted, each subscriber gets a track's packets one behind the other.
        pending.sort_unstable();
        for burst in pending.chunk_by_mut(|one, next| one.track == next.track) {
            self.take_over(burst[0].track, burst, out);
            self.forward(now, burst, out);
        }
        pending.clear();
        self.pending = pending;
        self.ask_for_key_frames(now, out);
    }

    /// Forwards packets of one track.
    fn forward(&mut self, now: Now, burst: &mut [Pending], out: &mut impl Output) {
        let Some(track) = self.tracks.get(&burst[0].track).filter(|track| !track.muted) else {
            return;
        };
        if track.codec().is_video() && burst.len() > 1 {
            even_out(track, burst);
        }
        let is_heard = |packet: &Pending| !packet.is_withheld;
        let subscribers = if burst.iter().any(is_heard) {
            &track.subscribers
        } else {
            &track.continuous
        };
        for subscriber in subscribers {
            let Some(subscription) = self.subscriptions.get_mut(subscriber) else {
                continue;
            };
            let Some(transport) = self.transports.get_mut(&subscription.transport) else {
                continue;
            };
            let Some(address) = transport.destination() else {
                continue;
            };
            let mut leg = Leg {
                now,
                id: *subscriber,
                track,
                subscription,
                transport,
                address,
            };
            let (count, due_us) = leg.send_burst(burst, out);
            self.stats.rtp_forwarded += count;
            self.due.pace_us = self.due.pace_us.min(due_us);
        }
    }
}

/// Pads packets of a burst to equal lengths where they differ by little. The last one may be shorter.
fn even_out(track: &Track, burst: &mut [Pending]) {
    let len = |packet: &Pending| {
        track.layers[packet.layer]
            .store
            .get(packet.number)
            .map_or(0, Stored::payload_len)
    };
    let mut start = 0;
    while start < burst.len() {
        let (mut shortest, mut longest) = (len(&burst[start]), len(&burst[start]));
        let mut end = start + 1;
        while end < burst.len() {
            let next = len(&burst[end]);
            if shortest.min(next) + MAX_PADDING < longest.max(next) {
                break;
            }
            shortest = shortest.min(next);
            longest = longest.max(next);
            end += 1;
        }
        for packet in &mut burst[start..end] {
            packet.padded_len = longest;
        }
        start = end;
    }
}

/// Under which numbers a packet leaves.
struct Numbers {
    ssrc: u32,
    payload_type: u8,
    /// Extended sequence number: the SRTP index.
    index: u64,
    /// The original sequence number, for RTX.
    original: Option<u16>,
    stamp: Stamp,
}

/// The way of a track to one subscriber.
pub(crate) struct Leg<'a> {
    pub now: Now,
    /// The subscription.
    pub id: Id,
    pub track: &'a Track,
    pub subscription: &'a mut Subscription,
    pub transport: &'a mut Transport,
    pub address: Remote,
}

impl Leg<'_> {
    /// Sends what of a burst is for this subscriber, or has it wait. Tells how many packets were sent, and when the others may be.
    fn send_burst(&mut self, burst: &[Pending], out: &mut impl Output) -> (u64, u64) {
        let (mut count, mut due_us) = (0, u64::MAX);
        let is_video = self.track.codec().is_video();
        for packet in burst {
            if is_video && !self.subscription.takes(packet.layer) {
                continue;
            }
            if is_video && !self.transport.may_send(self.now) {
                due_us = self.transport.wait(Waiting::Fresh(self.id, *packet));
            } else {
                count += self.send_one(packet, burst, out);
            }
        }
        (count, due_us)
    }

    /// Sends a packet, if it is for this subscriber, and what it has held up; tells how many that were. `others` come by themselves.
    pub(crate) fn send_one(&mut self, packet: &Pending, others: &[Pending], out: &mut impl Output) -> u64 {
        let track = self.track;
        // What has waited is of another track where the subscriber has gone over meanwhile.
        if packet.track != self.subscription.track {
            return 0;
        }
        let Some(layer) = track.layers.get(packet.layer) else {
            return 0;
        };
        let Some(stored) = layer.store.get(packet.number) else {
            return 0;
        };
        let before = self.subscription.current;
        if !self.send(packet.layer, stored, packet.padded_len, out) {
            return 0;
        }
        let mut count = 1;
        // None was sent while nothing was: where the clocks stand by now is told with the first sound.
        let begins =
            stored.sound.is_some_and(|sound| sound.begins) && self.subscription.lacks_report(self.now);
        if before != self.subscription.current || begins {
            crate::reports::send_sender_report(self.now, track, self.subscription, self.transport, out);
        }
        if before != self.subscription.current {
            // The start of the key frame came late, after more of it: that has waited in the store.
            for stored in layer.store.after(packet.number) {
                let is_to_come = others
                    .iter()
                    .any(|other| other.layer == packet.layer && other.number == stored.number);
                if !is_to_come && self.send(packet.layer, stored, 0, out) {
                    count += 1;
                }
            }
        }
        count
    }

    /// Sends a packet for the first time, if it is for this subscriber.
    fn send(&mut self, layer: usize, stored: &Stored, padded_len: usize, out: &mut impl Output) -> bool {
        let stamp = Stamp {
            padding: padded_len.saturating_sub(stored.payload_len()) as u8,
            ..self.stamp()
        };
        let received = &self.track.layers[layer];
        let subscription = &mut *self.subscription;
        let limit = OperatingPoint {
            temporal: received
                .rates
                .limit(subscription.wanted_rate)
                .min(subscription.limit.temporal),
            ..subscription.limit
        };
        let taken = subscription.take(layer, stored, &received.scalability, self.now, stamp, limit);
        let Some(sent) = taken else {
            return false;
        };
        self.subscription.packets += 1;
        let (_, payload) = received.store.bytes_of(stored);
        self.subscription.octets += self.subscription.config.form(stored, payload, false).1.len() as u64;
        let config = &self.subscription.config;
        let numbers = Numbers {
            ssrc: config.ssrc,
            payload_type: config.payload_type,
            index: sent.sequence,
            original: None,
            stamp,
        };
        let len = self.write(stored, sent, &numbers, out);
        self.sent(len);
        true
    }

    pub(crate) fn send_again(&mut self, stored: &Stored, sent: Sent, out: &mut impl Output) {
        let config = &self.subscription.config;
        let numbers = match (config.rtx_ssrc, config.rtx_payload_type) {
            (Some(ssrc), Some(payload_type)) => {
                self.subscription.rtx_sequence += 1;
                let numbers = Numbers {
                    ssrc,
                    payload_type,
                    index: self.subscription.rtx_sequence,
                    original: Some(sent.sequence as u16),
                    stamp: self.stamp(),
                };
                let len = self.write(stored, sent, &numbers, out);
                return self.sent(len);
            }
            _ => Numbers {
                ssrc: config.ssrc,
                payload_type: config.payload_type,
                index: sent.sequence,
                original: None,
                stamp: sent.stamp,
            },
        };
        self.write(stored, sent, &numbers, out);
    }

    /// How often a packet is sent again at once. Where much is lost a repair is soon lost as well, and asked for again only after another
    /// round trip, which a picture's buffer does not wait for; a second copy costs as little as was lost.
    pub(crate) fn copies(&self) -> u16 {
        let has_numbers_of_its_own = self.subscription.config.rtx_ssrc.is_some();
        if has_numbers_of_its_own && self.transport.loses_much(self.now) {
            2
        } else {
            1
        }
    }

    /// Whether packets carry transport-wide sequence numbers: not every subscriber takes them on all m-lines (Firefox does for pictures alone).
    fn is_numbered(&self) -> bool {
        let extensions = &self.subscription.config.extensions;
        extensions.id(Extension::TransportCc).is_some()
    }

    fn sent(&mut self, octets: usize) {
        self.transport.sent(self.now, octets, self.is_numbered());
    }

    /// The transport-wide sequence number of the last of so many packets that are sent again next. None if they have none of their own: without
    /// RTX, what is sent again is the packet that it was.
    pub(crate) fn next_number_again(&self, copies: u16) -> Option<u16> {
        let config = &self.subscription.config;
        let has_own = config.rtx_ssrc.is_some() && config.rtx_payload_type.is_some() && self.is_numbered();
        has_own.then(|| self.transport.transport_sequence.wrapping_add(copies - 1))
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            abs_send_time: self.now.abs_send_time(),
            transport_sequence: self.is_numbered().then_some(self.transport.transport_sequence),
            repairs: self.transport.repairs(&self.track.uplink.playout),
            padding: 0,
        }
    }

    /// Writes one packet, protects it in place, and sends it. Tells how long it was.
    fn write(&self, stored: &Stored, sent: Sent, numbers: &Numbers, out: &mut impl Output) -> usize {
        let Some(send) = self.transport.send.as_ref() else {
            return 0;
        };
        let config = &self.subscription.config;
        let (elements, payload) = self.track.layers[usize::from(sent.layer)].store.bytes_of(stored);
        let (red, payload) = config.form(stored, payload, numbers.original.is_some());
        let packet = out.buffer(MAX_PACKET);
        let fields = HeaderFields {
            marker: sent.marker,
            payload_type: red.map_or(numbers.payload_type, |(_, payload_type)| payload_type),
            sequence_number: numbers.index as u16,
            timestamp: stored.timestamp.wrapping_add(sent.offsets.timestamp),
            ssrc: numbers.ssrc,
        };
        let mut values = Values::read(elements, &self.track.config.extensions);
        let mut descriptor;
        if let Some(value) = values.get(Extension::DependencyDescriptor)
            && let Some(mandatory) = Mandatory::parse(value)
        {
            let frame_number = mandatory.frame_number.wrapping_add(sent.offsets.picture);
            descriptor = [0; dependency_descriptor::MAX_LEN];
            let frame = stored.described.map(|described| described.frame);
            let active = frame.zip(sent.active_targets);
            let active = active.map(|(frame, targets)| frame.with_active(targets));
            let len = dependency_descriptor::rewrite(value, frame_number, active, &mut descriptor);
            values = values.with(Extension::DependencyDescriptor, &descriptor[..len]);
        }
        let delay;
        if let Some(repairs) = numbers.stamp.repairs {
            delay = playout::value(values.get(Extension::PlayoutDelay), repairs);
            values = values.with(Extension::PlayoutDelay, &delay);
        }
        let payload_start = write_header(packet, &fields, &values, config, numbers.stamp);
        let mut at = payload_start;
        if let Some(original) = numbers.original {
            packet[at..at + 2].copy_from_slice(&original.to_be_bytes());
            at += 2;
        }
        packet[at..at + payload.len()].copy_from_slice(payload);
        if let Some((blocks, _)) = red {
            blocks.rewrite(&mut packet[at..], config.payload_type);
        }
        if let Some(vp8) = &stored.vp8 {
            let id = vp8.picture_id.map_or(0, |id| id.value);
            let tl0 = vp8.tl0_picture.map_or(0, |(index, _)| index);
            vp8.rewrite(
                &mut packet[at..],
                id.wrapping_add(sent.offsets.picture),
                tl0.wrapping_add(sent.offsets.tl0_picture),
            );
        }
        at += payload.len();
        let padding = numbers.stamp.padding;
        if padding > 0 {
            at = write_padding(packet, at, padding);
        }
        let len = send.protect_rtp(packet, payload_start, at, numbers.ssrc, numbers.index);
        out.send(self.address, len);
        len
    }

    /// Sends padding in the stream of retransmissions, where receivers do not miss what is not media (RFC 4588 knows no
    /// padding; libwebrtc sends and takes it so). Tells how long it was; 0 where there is no such stream.
    pub(crate) fn send_padding(&mut self, octets: u8, out: &mut impl Output) -> usize {
        let config = &self.subscription.config;
        let (Some(ssrc), Some(payload_type)) = (config.rtx_ssrc, config.rtx_payload_type) else {
            return 0;
        };
        let Some(send) = self.transport.send.as_ref() else {
            return 0;
        };
        // Before any picture as well: what finds no room at first would never be sent otherwise.
        let timestamp = self.subscription.last_timestamp().unwrap_or_default();
        self.subscription.rtx_sequence += 1;
        let index = self.subscription.rtx_sequence;
        let stamp = self.stamp();
        let packet = out.buffer(MAX_PACKET);
        let fields = HeaderFields {
            marker: false,
            payload_type,
            sequence_number: index as u16,
            timestamp,
            ssrc,
        };
        let start = write_header(packet, &fields, &Values::default(), config, stamp);
        let end = write_padding(packet, start, octets);
        let len = send.protect_rtp(packet, start, end, ssrc, index);
        out.send(self.address, len);
        self.sent(len);
        len
    }
}

impl SubscriptionConfig {
    /// What of a stored payload is for the subscriber: all of it, with the blocks that it has and the payload type for that; or the primary
    /// block alone, where no redundancy is taken, or RTX repeats what has the other payload type.
    fn form<'a>(
        &self,
        stored: &Stored,
        payload: &'a [u8],
        is_rtx: bool,
    ) -> (Option<(red::Blocks, u8)>, &'a [u8]) {
        match (stored.red, self.red_payload_type.filter(|_| !is_rtx)) {
            (None, _) => (None, payload),
            (Some(blocks), Some(payload_type)) => (Some((blocks, payload_type)), payload),
            (Some(blocks), None) => (None, blocks.primary(payload)),
        }
    }
}

/// Writes the header with its extensions; tells where the payload begins.
fn write_header(
    packet: &mut [u8],
    fields: &HeaderFields,
    values: &Values<'_>,
    config: &SubscriptionConfig,
    stamp: Stamp,
) -> usize {
    rtp::write_fixed_header(packet, fields);
    let own = OwnValues {
        mid: config.mid.as_bytes(),
        abs_send_time: stamp.abs_send_time,
        transport_sequence: stamp.transport_sequence.unwrap_or_default(),
    };
    let block = &mut packet[rtp::FIXED_HEADER_LEN..];
    let block = extensions::write_block(block, values, &config.extensions, &own);
    if block > 0 {
        packet[0] |= 0x10;
    }
    rtp::FIXED_HEADER_LEN + block
}

/// Writes octets of padding, at least one; tells where they end.
fn write_padding(packet: &mut [u8], at: usize, octets: u8) -> usize {
    let end = at + usize::from(octets);
    packet[0] |= 0x20;
    packet[at..end].fill(0);
    packet[end - 1] = octets;
    end
}

impl Stats {
    /// Counts a packet that could not be accepted.
    pub(crate) fn refuse(&mut self, error: parley_wire::srtp::SrtpError) {
        use parley_wire::srtp::SrtpError::{
            Authentication, Exhausted, KeyLength, Malformed, Replayed, TooManySsrcs,
        };
        match error {
            Authentication => self.dropped_authentication += 1,
            Replayed => self.dropped_replayed += 1,
            TooManySsrcs => self.dropped_unknown_ssrc += 1,
            Malformed | KeyLength | Exhausted => self.dropped_malformed += 1,
        }
    }
}
