//! From received packets to sent ones: the loop that costs what a node costs.
//!
//! Packets that came in one batch are stored first. Then, subscriber by subscriber, all of them are written one behind the
//! other, so that they can leave in one call to the kernel.

use std::net::SocketAddr;

use parley_wire::extensions::{self, OwnValues, Values};
use parley_wire::rtp::{self, HeaderFields};
use parley_wire::srtp::MAX_OVERHEAD;

use crate::Id;
use crate::engine::Engine;
use crate::output::{Now, Output};
use crate::stats::Stats;
use crate::store::{STRIDE, Stored};
use crate::subscription::{Sent, Subscription};
use crate::track::Track;
use crate::transport::Transport;

/// Header, extensions, two octets of RTX, payload, padding, protection.
const MAX_PACKET: usize = rtp::FIXED_HEADER_LEN + extensions::MAX_BLOCK_LEN + 2 + STRIDE + 255 + MAX_OVERHEAD;
/// Packets of one burst that differ by less are padded to one length, so that the kernel can cut them from one buffer.
const MAX_PADDING: usize = 32;

/// A stored packet that waits to be forwarded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pending {
    pub track: Id,
    pub layer: usize,
    pub number: u64,
    /// Length to pad the payload to.
    pub padded_len: usize,
}

impl Engine {
    /// Forwards what the datagrams since the last call brought, and asks for the key frames that are wanted.
    pub fn flush(&mut self, now: Now, out: &mut impl Output) {
        let mut pending = std::mem::take(&mut self.pending);
        let mut start = 0;
        while start < pending.len() {
            let track = pending[start].track;
            let end = pending[start..]
                .iter()
                .position(|next| next.track != track)
                .map_or(pending.len(), |len| start + len);
            self.forward(now, track, &mut pending[start..end], out);
            start = end;
        }
        pending.clear();
        self.pending = pending;
        self.ask_for_key_frames(now, out);
    }

    fn forward(&mut self, now: Now, id: Id, burst: &mut [Pending], out: &mut impl Output) {
        let Some(track) = self.tracks.get_mut(&id) else {
            return;
        };
        if track.muted {
            return;
        }
        if track.codec().is_video() && burst.len() > 1 {
            even_out(track, burst);
        }
        for subscriber in &track.subscribers {
            let Some(subscription) = self.subscriptions.get_mut(subscriber) else {
                continue;
            };
            let Some(transport) = self.transports.get_mut(&subscription.transport) else {
                continue;
            };
            let Some(address) = transport.address else {
                continue;
            };
            if transport.send.is_none() || transport.lost {
                continue;
            }
            for packet in burst.iter() {
                let layer = &track.layers[packet.layer];
                let Some(stored) = layer.store.get(packet.number) else {
                    continue;
                };
                let before = subscription.current;
                let Some(sent) = subscription.take(packet.layer, stored, now) else {
                    continue;
                };
                write(
                    now,
                    track,
                    subscription,
                    transport,
                    address,
                    stored,
                    sent,
                    packet.padded_len,
                    out,
                );
                self.stats.rtp_forwarded += 1;
                if before != subscription.current {
                    crate::reports::send_sender_report(now, track, subscription, transport, out);
                }
            }
        }
    }

    /// Sends a packet again: by RTX where that is negotiated (RFC 4588), as it was otherwise.
    pub(crate) fn resend(&mut self, now: Now, id: Id, sequence_number: u16, out: &mut impl Output) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return;
        };
        let Some(track) = self.tracks.get(&subscription.track) else {
            return;
        };
        let Some(transport) = self.transports.get_mut(&subscription.transport) else {
            return;
        };
        let Some(address) = transport.address else { return };
        let Some(sent) = subscription.resend(sequence_number, now.ms()) else {
            return;
        };
        let Some(stored) = track
            .layers
            .get(usize::from(sent.layer))
            .and_then(|layer| layer.store.get(sent.number))
        else {
            return;
        };
        subscription.resent += 1;
        self.stats.rtx_sent += 1;
        match (subscription.config.rtx_ssrc, subscription.config.rtx_payload_type) {
            (Some(ssrc), Some(payload_type)) => {
                subscription.rtx_sequence += 1;
                let index = subscription.rtx_sequence;
                let as_rtx = Numbers {
                    ssrc,
                    payload_type,
                    index,
                    original: Some(sequence_number),
                };
                write_as(
                    now,
                    track,
                    subscription,
                    transport,
                    address,
                    stored,
                    sent,
                    as_rtx,
                    0,
                    out,
                );
            }
            _ => write(now, track, subscription, transport, address, stored, sent, 0, out),
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
}

#[allow(clippy::too_many_arguments)]
fn write(
    now: Now,
    track: &Track,
    subscription: &mut Subscription,
    transport: &mut Transport,
    address: SocketAddr,
    stored: &Stored,
    sent: Sent,
    padded_len: usize,
    out: &mut impl Output,
) {
    let config = &subscription.config;
    let numbers = Numbers {
        ssrc: config.ssrc,
        payload_type: config.payload_type,
        index: sent.sequence,
        original: None,
    };
    subscription.packets += 1;
    subscription.octets += stored.payload_len() as u64;
    write_as(
        now,
        track,
        subscription,
        transport,
        address,
        stored,
        sent,
        numbers,
        padded_len,
        out,
    );
}

/// Writes one packet for one subscriber, protects it in place, and sends it.
#[allow(clippy::too_many_arguments)]
fn write_as(
    now: Now,
    track: &Track,
    subscription: &Subscription,
    transport: &mut Transport,
    address: SocketAddr,
    stored: &Stored,
    sent: Sent,
    numbers: Numbers,
    padded_len: usize,
    out: &mut impl Output,
) {
    let Some(send) = transport.send.as_ref() else {
        return;
    };
    let (elements, payload) = track.layers[usize::from(sent.layer)].store.bytes_of(stored);
    let packet = out.buffer(MAX_PACKET);
    let fields = HeaderFields {
        marker: stored.marker,
        payload_type: numbers.payload_type,
        sequence_number: numbers.index as u16,
        timestamp: stored.timestamp.wrapping_add(sent.offsets.timestamp),
        ssrc: numbers.ssrc,
    };
    rtp::write_fixed_header(packet, &fields);
    let values = Values::read(elements, &track.config.extensions);
    let own = OwnValues {
        mid: subscription.config.mid.as_bytes(),
        abs_send_time: now.abs_send_time(),
        transport_sequence: transport.transport_sequence,
    };
    let block = extensions::write_block(
        &mut packet[rtp::FIXED_HEADER_LEN..],
        &values,
        &subscription.config.extensions,
        &own,
    );
    if block > 0 {
        packet[0] |= 0x10;
    }
    transport.transport_sequence = transport.transport_sequence.wrapping_add(1);
    let payload_start = rtp::FIXED_HEADER_LEN + block;
    let mut at = payload_start;
    if let Some(original) = numbers.original {
        packet[at..at + 2].copy_from_slice(&original.to_be_bytes());
        at += 2;
    }
    packet[at..at + payload.len()].copy_from_slice(payload);
    if let Some(vp8) = &stored.vp8 {
        let id = vp8
            .picture_id
            .map_or(0, |id| id.value)
            .wrapping_add(sent.offsets.picture_id);
        let tl0 = vp8
            .tl0_picture
            .map_or(0, |(index, _)| index)
            .wrapping_add(sent.offsets.tl0_picture);
        vp8.rewrite(&mut packet[at..], id, tl0);
    }
    at += payload.len();
    let padding = padded_len.saturating_sub(payload.len());
    if padding > 0 {
        packet[0] |= 0x20;
        packet[at..at + padding].fill(0);
        at += padding;
        {
            packet[at - 1] = padding as u8;
        }
    }
    let len = send.protect_rtp(packet, payload_start, at, numbers.ssrc, numbers.index);
    out.send(address, len);
}

impl Stats {
    /// Counts a packet that could not be accepted.
    pub(crate) fn refuse(&mut self, error: parley_wire::srtp::SrtpError) {
        use parley_wire::srtp::SrtpError::{Authentication, KeyLength, Malformed, Replayed, TooManySsrcs};
        match error {
            Authentication => self.dropped_authentication += 1,
            Replayed => self.dropped_replayed += 1,
            TooManySsrcs => self.dropped_unknown_ssrc += 1,
            Malformed | KeyLength => self.dropped_malformed += 1,
        }
    }
}
