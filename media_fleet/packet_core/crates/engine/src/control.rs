//! RTCP that comes in: reports, requests for packets and key frames, goodbyes.

use parley_wire::rtcp::{Compound, Packet, ReportBlock, SenderInfo};

use crate::Id;
use crate::engine::Engine;
use crate::event::Event;
use crate::output::{Now, Output};

/// One NACK may ask for so many packets; more is a flood.
const MAX_RESENDS: usize = 128;

impl Engine {
    pub(crate) fn handle_rtcp(&mut self, now: Now, id: Id, packet: &mut [u8], out: &mut impl Output) {
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        let Some(receive) = transport.receive.as_mut() else {
            return;
        };
        let len = match receive.unprotect_rtcp(packet) {
            Ok(len) => len,
            Err(error) => return self.stats.refuse(error),
        };
        transport.heard(now);
        self.stats.rtcp_received += 1;
        for part in Compound::new(&packet[..len]) {
            match part {
                Ok(part) => self.handle_part(now, id, part, out),
                Err(_) => self.stats.dropped_malformed += 1,
            }
        }
    }

    fn handle_part(&mut self, now: Now, id: Id, part: Packet<'_>, out: &mut impl Output) {
        match part {
            Packet::SenderReport(info, blocks) => {
                self.sender_report(now, id, info, out);
                blocks.for_each(|block| self.receiver_report(now, id, block));
            }
            Packet::ReceiverReport(blocks) => blocks.for_each(|block| self.receiver_report(now, id, block)),
            Packet::Goodbye(ssrcs) => ssrcs.for_each(|ssrc| self.goodbye(id, ssrc, out)),
            Packet::Nack { ssrc, lost } => {
                let Some(subscription) = self.sink(id, ssrc) else {
                    return;
                };
                for sequence_number in lost.sequence_numbers().take(MAX_RESENDS) {
                    self.stats.nacks_received += 1;
                    if let Some(subscription) = self.subscriptions.get_mut(&subscription) {
                        subscription.nacks_received += 1;
                    }
                    self.resend(now, subscription, sequence_number, out);
                }
            }
            Packet::PictureLoss { ssrc } => self.picture_lost(id, ssrc),
            Packet::FullIntraRequest(ssrcs) => ssrcs.for_each(|ssrc| self.picture_lost(id, ssrc)),
            Packet::TransportCc(packet) => self.transport_feedback(now, id, packet),
            Packet::NodeData(data) => self.node_data(id, data, out),
        }
    }

    fn sink(&self, transport: Id, ssrc: u32) -> Option<Id> {
        self.transports.get(&transport)?.sinks.get(&ssrc).copied()
    }

    fn sender_report(&mut self, now: Now, id: Id, info: SenderInfo, out: &mut impl Output) {
        let Some(&source) = self
            .transports
            .get(&id)
            .and_then(|transport| transport.sources.get(&info.ssrc))
        else {
            return;
        };
        let Some(track) = self.tracks.get_mut(&source.track).filter(|_| !source.is_rtx) else {
            return;
        };
        track.layers[source.layer].reception.last_sender_report = Some((info, now));
        if track.muted {
            return;
        }
        for subscriber in &track.subscribers {
            let Some(subscription) = self.subscriptions.get_mut(subscriber) else {
                continue;
            };
            // Who has sent nothing since is no sender (RFC 3550, section 6.4).
            let has_sent = subscription.packets != subscription.reported;
            if subscription.current != Some(source.layer) || subscription.paused || !has_sent {
                continue;
            }
            if let Some(transport) = self.transports.get_mut(&subscription.transport) {
                crate::reports::send_sender_report(now, track, subscription, transport, out);
            }
        }
    }

    fn receiver_report(&mut self, now: Now, id: Id, block: ReportBlock) {
        let Some(subscription) = self
            .sink(id, block.ssrc)
            .and_then(|id| self.subscriptions.get_mut(&id))
        else {
            return;
        };
        subscription.reported_lost = block.lost;
        subscription.fraction_lost = block.fraction_lost;
        subscription.reported_jitter = block.jitter;
        if let Some((middle, sent_us)) = subscription.last_report
            && block.last_report == middle
        {
            // RFC 3550, section 6.4.1: arrival less sending less the time at the receiver.
            let delay_us = u64::from(block.delay) * 1_000_000 / 65_536;
            let round_trip_ms = now.us.saturating_sub(sent_us + delay_us) as f64 / 1000.0;
            subscription.round_trip_ms = Some(round_trip_ms);
            if let Some(transport) = self.transports.get_mut(&id) {
                transport.round_trip.measured(round_trip_ms);
                if let Some(bandwidth) = &mut transport.bandwidth {
                    bandwidth.estimator.round_trip(round_trip_ms);
                }
            }
        }
    }

    fn goodbye(&mut self, id: Id, ssrc: u32, out: &mut impl Output) {
        let Some(source) = self
            .transports
            .get_mut(&id)
            .and_then(|transport| transport.sources.get(&ssrc))
            .copied()
        else {
            return;
        };
        if source.is_rtx {
            return;
        }
        if let Some(track) = self.tracks.get_mut(&source.track)
            && std::mem::take(&mut track.layers[source.layer].active)
        {
            if let Some(layer) = track.outer_index(source.layer) {
                let track = source.track;
                out.event(Event::LayerStopped { track, layer });
            }
            self.retarget(source.track);
        }
    }

    fn picture_lost(&mut self, id: Id, ssrc: u32) {
        self.stats.key_frames_asked_for += 1;
        let Some(subscription) = self.sink(id, ssrc).and_then(|id| self.subscriptions.get_mut(&id)) else {
            return;
        };
        subscription.key_frames_asked_for += 1;
        let (track, layer) = (subscription.track, subscription.current.or(subscription.target));
        if let Some(layer) = layer {
            self.want_key_frame(track, layer);
        }
    }

    /// Remembers that a key frame is wanted; [`Engine::flush`] asks for it.
    pub(crate) fn want_key_frame(&mut self, id: Id, layer: usize) {
        let Some(track) = self.tracks.get_mut(&id) else {
            return;
        };
        if !track.codec().is_video() || track.muted {
            return;
        }
        let wanted = &mut track.layers[layer];
        wanted.key_frames.want(wanted.store.newest());
        if !self.key_frames_wanted.contains(&(id, layer)) {
            self.key_frames_wanted.push((id, layer));
        }
    }
}
