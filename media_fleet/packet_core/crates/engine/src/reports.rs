//! RTCP that goes out: by the clock (reports, feedback, requests for lost packets), or because a key frame is wanted.

use parley_wire::rtcp::{MAX_REPORT_BLOCKS, ReportBlock, SenderInfo, Writer};
use parley_wire::srtp::MAX_OVERHEAD;

use crate::Id;
use crate::engine::Engine;
use crate::event::Event;
use crate::output::{Now, Output};
use crate::subscription::Subscription;
use crate::track::Track;
use crate::transport::Transport;

/// The SSRC in whose name the node reports; it sends no media under it.
pub(crate) const OWN_SSRC: u32 = 1;
const MAX_RTCP: usize = 1200;
/// Transport-wide feedback: as often as libwebrtc sends it.
pub(crate) const FEEDBACK_INTERVAL_US: u64 = 50_000;
/// What is due within this time is done at once, so that many transports' feedback takes one waking.
const SLACK_US: u64 = 10_000;
const REPORT_INTERVAL_US: u64 = 1_000_000;
const VIDEO_STOPPED_US: u64 = 2_000_000;
/// A layer that is so far behind another one of its track is not being sent, for its subscribers' purposes.
const STALLED_US: u64 = 500_000;
const AUDIO_STOPPED_US: u64 = 10_000_000;

/// Protects and sends what `write` writes; nothing if the transport has no keys or no address yet.
pub(crate) fn send_rtcp(
    transport: &mut Transport,
    out: &mut impl Output,
    write: impl FnOnce(&mut Writer<'_>),
) {
    send_rtcp_up_to(MAX_RTCP, transport, out, write);
}

/// As [`send_rtcp`], with another limit: octets before protection.
pub(crate) fn send_rtcp_up_to(
    max: usize,
    transport: &mut Transport,
    out: &mut impl Output,
    write: impl FnOnce(&mut Writer<'_>),
) {
    let (Some(send), Some(address)) = (transport.send.as_mut(), transport.address) else {
        return;
    };
    let room = out.buffer(max + MAX_OVERHEAD);
    let mut writer = Writer::new(&mut room[..max]);
    write(&mut writer);
    let len = writer.len();
    if len == 0 {
        return;
    }
    if let Ok(len) = send.protect_rtcp(room, len) {
        out.send(address, len);
    }
}

/// Tells a subscriber how the clock of what it gets and the publisher's wall clock go together: what keeps lips in sync.
///
/// The publisher's last report, moved on to now, under the subscriber's SSRC and timestamps (RFC 3550, section 6.4.1).
pub(crate) fn send_sender_report(
    now: Now,
    track: &Track,
    subscription: &mut Subscription,
    transport: &mut Transport,
    out: &mut impl Output,
) {
    let Some(layer) = subscription.current else { return };
    let Some((info, came)) = track.layers[layer].reception.last_sender_report else {
        return;
    };
    let elapsed_us = now.us.saturating_sub(came.us);
    let ntp = info
        .ntp
        .wrapping_add((u128::from(elapsed_us) * (1 << 32) / 1_000_000) as u64);
    let ticks = (elapsed_us * u64::from(track.config.clock_rate) / 1_000_000) as u32;
    let report = SenderInfo {
        ssrc: subscription.config.ssrc,
        ntp,
        rtp_timestamp: info
            .rtp_timestamp
            .wrapping_add(ticks)
            .wrapping_add(subscription.timestamp_offset()),
        packets: subscription.packets as u32,
        octets: subscription.octets as u32,
    };
    subscription.reported = subscription.packets;
    subscription.last_report = Some(((ntp >> 16) as u32, now.us));
    let cname = &subscription.config.cname;
    send_rtcp(transport, out, |writer| {
        writer.sender_report(&report);
        writer.canonical_name(report.ssrc, cname);
    });
}

/// Tells a subscriber that an SSRC is sent no more (RFC 3550, section 6.6).
pub(crate) fn send_goodbye(transport: &mut Transport, ssrc: u32, out: &mut impl Output) {
    send_rtcp(transport, out, |writer| {
        // A compound starts with a report (RFC 3550, section 6.1); this one has nothing to report.
        writer.receiver_report(ssrc, &[]);
        writer.goodbye(ssrc);
    });
}

impl Engine {
    /// Does what is due. Call it at [`Engine::next_deadline_us`] or later.
    pub fn handle_timeout(&mut self, now: Now, out: &mut impl Output) {
        if now.us + SLACK_US >= self.due.feedback_us {
            self.send_feedback(now, out);
        }
        if now.us >= self.due.nack_us {
            self.ask_for_lost_packets(now, out);
        }
        if now.us >= self.due.pace_us {
            self.send_waiting(now, out);
        }
        if now.us >= self.due.probe_us {
            self.probe(now, out);
        }
        if self.due.take_scan(now) {
            self.check_consent(now, out);
            self.look_after_links(now, out);
            self.look_at_uplinks(now);
            self.divide_bandwidth(now, out);
            self.look_at_made_layers(now, out);
            self.send_receiver_reports(now, out);
            self.notice_stopped_layers(now, out);
            self.let_layers_lapse(now, out);
            self.tell_speakers(now, out);
            self.want_for_waiting();
        }
        self.flush(now, out);
    }

    fn send_feedback(&mut self, now: Now, out: &mut impl Output) {
        self.due.feedback_us = u64::MAX;
        for transport in self.transports.values_mut() {
            if transport.recorder.is_empty() {
                continue;
            }
            if now.us + SLACK_US < transport.next_feedback_us {
                self.due.feedback_us = self.due.feedback_us.min(transport.next_feedback_us);
                continue;
            }
            while !transport.recorder.is_empty() {
                let mut recorder = std::mem::take(&mut transport.recorder);
                let source = transport.last_ssrc;
                send_rtcp(transport, out, |writer| recorder.write(writer, OWN_SSRC, source));
                if transport.send.is_none() || transport.address.is_none() {
                    recorder.clear();
                }
                transport.recorder = recorder;
            }
        }
    }

    fn send_receiver_reports(&mut self, now: Now, out: &mut impl Output) {
        for transport in self.transports.values_mut() {
            if transport.tracks.is_empty() || transport.send.is_none() || now.us < transport.next_report_us {
                continue;
            }
            transport.next_report_us = now.us + REPORT_INTERVAL_US;
            let mut blocks = [ReportBlock::default(); MAX_REPORT_BLOCKS];
            let mut count = 0;
            for track in &transport.tracks {
                let Some(track) = self.tracks.get_mut(track) else {
                    continue;
                };
                let lowest = track.lowest_sent();
                for layer in track.layers.iter_mut().skip(lowest).filter(|layer| layer.active) {
                    let block = layer.ssrc.and_then(|ssrc| layer.reception.report(ssrc, now));
                    if let (Some(block), true) = (block, count < MAX_REPORT_BLOCKS) {
                        blocks[count] = block;
                        count += 1;
                    }
                }
            }
            if count > 0 {
                send_rtcp(transport, out, |writer| {
                    writer.receiver_report(OWN_SSRC, &blocks[..count])
                });
            }
        }
    }

    fn ask_for_lost_packets(&mut self, now: Now, out: &mut impl Output) {
        let mut lost = std::mem::take(&mut self.lost);
        let mut unrepaired = Vec::new();
        self.due.nack_us = u64::MAX;
        for (id, track) in self.tracks.iter_mut().filter(|(_, track)| track.config.nack) {
            let (own, maker, lowest) = (track.transport, track.maker(), track.lowest_sent());
            for (index, layer) in track.layers.iter_mut().enumerate() {
                let id_of_transport = maker.filter(|_| index < lowest).unwrap_or(own);
                let Some(transport) = self.transports.get_mut(&id_of_transport) else {
                    continue;
                };
                let Some(deadline_ms) = layer.nack.deadline_ms() else {
                    continue;
                };
                if deadline_ms > now.ms() {
                    self.due.nack_us = self.due.nack_us.min(deadline_ms * 1000);
                    continue;
                }
                lost.clear();
                let due = layer.nack.due(now.ms(), &mut transport.round_trip, &mut lost);
                if let Some(deadline_ms) = layer.nack.deadline_ms() {
                    self.due.nack_us = self.due.nack_us.min(deadline_ms * 1000);
                }
                layer.asked_for += due.first as u64;
                if due.given_up > 0 {
                    unrepaired.push((*id, index));
                }
                if let (Some(ssrc), false) = (layer.ssrc, lost.is_empty()) {
                    layer.nacks_sent += lost.len() as u64;
                    self.stats.nacks_sent += lost.len() as u64;
                    send_rtcp(transport, out, |writer| writer.nack(OWN_SSRC, ssrc, &lost));
                }
            }
        }
        self.lost = lost;
        for (track, layer) in unrepaired {
            self.want_key_frame_if_watched(track, layer);
        }
    }

    /// What is lost on the ways of tracks to the node; see [`crate::playout`].
    fn look_at_uplinks(&mut self, now: Now) {
        for track in self.tracks.values_mut().filter(|track| track.config.nack) {
            let sent = track.layers.iter().map(|layer| layer.reception.expected()).sum();
            let asked_for = track.layers.iter().map(|layer| layer.asked_for).sum();
            track.uplink.look(now, sent, asked_for);
        }
    }

    /// What NACK could not repair, a key frame does, if anybody watches.
    pub(crate) fn want_key_frame_if_watched(&mut self, id: Id, layer: usize) {
        let Some(track) = self.tracks.get(&id) else { return };
        let is_watched = track.subscribers.iter().any(|subscriber| {
            self.subscriptions
                .get(subscriber)
                .is_some_and(|subscription| subscription.current == Some(layer))
        });
        if is_watched {
            self.want_key_frame(id, layer);
        }
    }

    fn notice_stopped_layers(&mut self, now: Now, out: &mut impl Output) {
        let mut changed = Vec::new();
        for (id, track) in &mut self.tracks {
            let limit = if track.codec().is_video() {
                VIDEO_STOPPED_US
            } else {
                AUDIO_STOPPED_US
            };
            let newest = track.layers.iter().map(|layer| layer.last_packet_us).max();
            let lowest = track.lowest_sent();
            for (index, layer) in track.layers.iter_mut().enumerate() {
                if !layer.active {
                    continue;
                }
                if now.us.saturating_sub(layer.last_packet_us) >= limit {
                    layer.active = false;
                    if let Some(layer) = index.checked_sub(lowest) {
                        out.event(Event::LayerStopped { track: *id, layer });
                    }
                    changed.push(*id);
                } else if !layer.stalled && newest >= Some(layer.last_packet_us + STALLED_US) {
                    layer.stalled = true;
                    changed.push(*id);
                } else if layer.scalability.notice_stalled() {
                    changed.push(*id);
                }
            }
        }
        for track in changed {
            self.retarget(track);
        }
    }

    /// Subscriptions that could get a layer and lack its key frame: it may have come before their keys did.
    pub(crate) fn want_for_waiting(&mut self) {
        let transports = &self.transports;
        let waiting: Vec<(Id, usize)> = self
            .subscriptions
            .values()
            .filter(|subscription| {
                transports
                    .get(&subscription.transport)
                    .is_some_and(|t| t.send.is_some() && !t.lost)
            })
            .filter_map(|subscription| {
                let track = self.tracks.get(&subscription.track)?;
                Some((subscription.track, subscription.waits_for(track)?))
            })
            .collect();
        for (track, layer) in waiting {
            self.want_key_frame(track, layer);
        }
    }

    pub(crate) fn ask_for_key_frames(&mut self, now: Now, out: &mut impl Output) {
        if self.key_frames_wanted.is_empty() {
            return;
        }
        let mut wanted = std::mem::take(&mut self.key_frames_wanted);
        wanted.retain(|(id, index)| {
            let Some(track) = self.tracks.get_mut(id) else {
                return false;
            };
            let Some(transport) = self.transports.get_mut(&track.transport_of(*index)) else {
                return false;
            };
            let layer = &mut track.layers[*index];
            if let (Some(ssrc), true) = (layer.ssrc, layer.active && layer.key_frames.take_request(now)) {
                self.stats.key_frames_requested += 1;
                send_rtcp(transport, out, |writer| writer.picture_loss(OWN_SSRC, ssrc));
            }
            layer.key_frames.is_wanted()
        });
        self.key_frames_wanted = wanted;
    }
}
