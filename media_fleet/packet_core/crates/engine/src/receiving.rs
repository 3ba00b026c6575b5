//! From a datagram to a stored packet: whose it is, which layer it belongs to, what it repairs.

use parley_wire::codec::Codec;
use parley_wire::extensions::{Extension, Values};
use parley_wire::red;
use parley_wire::rtp::{Elements, Header};

use crate::Id;
use crate::engine::Engine;
use crate::event::Event;
use crate::forwarding::Pending;
use crate::hearing::Fate;
use crate::output::{Now, Output};
use crate::reports::FEEDBACK_INTERVAL_US;
use crate::store::Incoming;
use crate::track::Track;
use crate::transport::{MAX_SOURCES, Source};

impl Engine {
    pub(crate) fn handle_rtp(
        &mut self,
        now: Now,
        came_us: u64,
        id: Id,
        packet: &mut [u8],
        out: &mut impl Output,
    ) {
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        let Ok(header) = Header::parse(packet) else {
            self.stats.dropped_malformed += 1;
            return;
        };
        let Some(receive) = transport.receive.as_mut() else {
            self.stats.dropped_authentication += 1;
            return;
        };
        let packet = match receive.unprotect_rtp(packet, &header) {
            Ok(len) => &packet[..len],
            Err(error) => return self.stats.refuse(error),
        };
        self.stats.rtp_received += 1;
        transport.heard(now);
        let values = Values::read(header.extensions(packet), &transport.extensions);
        if let Some(sequence) = values.transport_sequence()
            && transport.wants_transport_cc
        {
            if transport.recorder.is_empty() {
                transport.next_feedback_us = now.us + FEEDBACK_INTERVAL_US;
            }
            transport.recorder.record(sequence, came_us);
            self.due.feedback_us = self.due.feedback_us.min(transport.next_feedback_us);
        }
        transport.last_ssrc = header.ssrc;
        let source = match transport.sources.get(&header.ssrc) {
            Some(source) => *source,
            None => match self.learn_source(id, &header, &values) {
                Some(source) => source,
                None => {
                    self.stats.dropped_unknown_ssrc += 1;
                    return;
                }
            },
        };
        let Ok(payload) = header.payload(packet) else {
            self.stats.dropped_malformed += 1;
            return;
        };
        let elements = &packet[header.extension_start..header.extension_start + header.extension_len];
        self.receive_media(now, source, &header, elements, payload, out);
    }

    /// Finds the m-line and layer of a new SSRC: by mid and rid, or, without a mid, by a payload type that only one m-line has.
    fn learn_source(&mut self, id: Id, header: &Header, values: &Values<'_>) -> Option<Source> {
        let transport = self.transports.get_mut(&id)?;
        // On a link nothing is learned: the nodes tell each other.
        if transport.link.is_some()
            || transport.sources.len() >= MAX_SOURCES
            || transport.is_retired(header.ssrc)
        {
            return None;
        }
        let is_rtx_of = |track: &Track| track.config.rtx_payload_type == Some(header.payload_type);
        let has_type = |track: &Track| track.config.is_media(header.payload_type) || is_rtx_of(track);
        let tracks = &self.tracks;
        let track_id = match values.get(Extension::Mid) {
            Some(mid) => *transport.tracks.iter().find(|id| {
                tracks
                    .get(id)
                    .is_some_and(|track| track.config.mid.as_bytes() == mid)
            })?,
            None => {
                let mut candidates = transport
                    .tracks
                    .iter()
                    .filter(|id| tracks.get(id).is_some_and(has_type));
                let only = *candidates.next()?;
                candidates.next().is_none().then_some(only)?
            }
        };
        let track = self.tracks.get_mut(&track_id)?;
        if !has_type(track) {
            return None;
        }
        let is_rtx = is_rtx_of(track);
        let rid = values.get(if is_rtx {
            Extension::RepairedRid
        } else {
            Extension::Rid
        });
        let layer = track.layer_of_rid(rid)?;
        let source = Source {
            track: track_id,
            layer,
            is_rtx,
        };
        let known = if is_rtx {
            &mut track.layers[layer].rtx_ssrc
        } else {
            &mut track.layers[layer].ssrc
        };
        // A publisher that starts a layer anew under another SSRC leaves the old one.
        if let Some(old) = known.replace(header.ssrc) {
            transport.retire(old);
            if !is_rtx {
                track.layers[layer].restart();
                for subscriber in &track.subscribers {
                    if let Some(subscription) = self.subscriptions.get_mut(subscriber) {
                        subscription.layer_restarted(layer);
                    }
                }
            }
        }
        transport.sources.insert(header.ssrc, source);
        Some(source)
    }

    fn receive_media(
        &mut self,
        now: Now,
        source: Source,
        header: &Header,
        elements: &[u8],
        payload: &[u8],
        out: &mut impl Output,
    ) {
        let Some(track) = self.tracks.get_mut(&source.track) else {
            return;
        };
        let (sequence_number, payload) = if source.is_rtx {
            // RFC 4588, section 4: the original sequence number comes first. Without one it is padding, sent to probe.
            let Some((original, payload)) = payload.split_first_chunk::<2>() else {
                return;
            };
            self.stats.rtx_received += 1;
            (u16::from_be_bytes(*original), payload)
        } else {
            if !track.config.is_media(header.payload_type) && !track.is_made(source.layer) {
                self.stats.dropped_unknown_ssrc += 1;
                return;
            }
            (header.sequence_number, payload)
        };
        let config = &track.config;
        let is_redundant = config.red_payload_type == Some(header.payload_type) && !payload.is_empty();
        let red = is_redundant.then(|| red::Blocks::parse(payload, config.payload_type));
        if red == Some(None) {
            self.stats.dropped_malformed += 1;
            return;
        }
        let red = red.flatten();
        let layer = &mut track.layers[source.layer];
        let sequence = layer.sequence.extend(sequence_number);
        if !source.is_rtx {
            layer.count(sequence, header.timestamp, config.clock_rate, now);
        }
        layer.count_bytes(payload.len(), now);
        let is_sound = !config.codec.is_video();
        if config.nack {
            self.follow_losses(now, source, sequence);
        }
        let said = red.map_or(payload, |blocks| blocks.primary(payload));
        let fate = is_sound.then(|| self.hear(now, source.track, header, elements, said));
        let Some(track) = self.tracks.get_mut(&source.track) else {
            return;
        };
        let (config, layer) = (&track.config, &mut track.layers[source.layer]);
        let Some(number) = layer.numbering.number(sequence, payload.is_empty()) else {
            return;
        };
        let starts = !std::mem::replace(&mut layer.active, true);
        let mut goes_on = std::mem::take(&mut layer.stalled);
        let sound = fate.map(|fate| layer.hearing.place(number, fate == Fate::Heard));
        let is_withheld = sound.is_some_and(|sound| sound.number.is_none());
        if is_withheld && !track.subscribers.is_empty() {
            self.stats.sound_silent += u64::from(fate == Some(Fate::Silent));
            self.stats.sound_surplus += u64::from(fate == Some(Fate::Surplus));
        }
        let descriptor = config
            .extensions
            .id(Extension::DependencyDescriptor)
            .and_then(|_| {
                let elements = Elements::new(header.extension_profile, elements);
                Values::read(elements, &config.extensions).get(Extension::DependencyDescriptor)
            });
        let has_structure = descriptor.is_some_and(|value| layer.scalability.take_structure(value, now));
        let incoming = Incoming {
            number,
            timestamp: header.timestamp,
            marker: header.marker,
            extension_profile: header.extension_profile,
            extension_elements: elements,
            payload,
            sound,
            red,
            descriptor,
        };
        let stored = layer.store.insert(config.codec, &layer.scalability, &incoming);
        if let Some(stored) = &stored {
            layer.count_media(payload.len(), now);
            if config.codec.is_video() {
                if stored.key_frame {
                    layer.size = config.codec.size(payload).or(layer.size);
                }
                layer.key_frames.arrived(stored, &layer.store, now);
                layer.rates.count(stored, &layer.scalability, now);
                if has_structure {
                    layer
                        .store
                        .describe_after(number, &config.extensions, &layer.scalability);
                } else if config.codec == Codec::Vp9 && stored.key_frame && descriptor.is_none() {
                    layer.scalability.take_heights(payload);
                }
                goes_on |= number == layer.store.newest() && layer.scalability.arrived(stored, now);
            }
            let pending = Pending {
                track: source.track,
                layer: source.layer,
                number,
                padded_len: 0,
                is_withheld,
            };
            if !is_withheld || !track.continuous.is_empty() {
                self.pending.push(pending);
            }
        }
        let outer = self.tracks.get(&source.track);
        let outer = outer.and_then(|track| track.outer_index(source.layer));
        if let (true, Some(layer)) = (starts, outer) {
            out.event(Event::LayerStarted {
                track: source.track,
                layer,
            });
        }
        if starts || goes_on {
            self.retarget(source.track);
        }
    }
    /// Notes what is missing, and how long what was missing took to come. A gap too great to repair takes a key frame.
    fn follow_losses(&mut self, now: Now, source: Source, sequence: u64) {
        let Some(track) = self.tracks.get_mut(&source.track) else {
            return;
        };
        let nack = &mut track.layers[source.layer].nack;
        let arrival = nack.received(sequence, now.ms());
        let deadline_ms = nack.deadline_ms();
        if let Some(late_ms) = arrival.late_ms {
            track.uplink.came_late(late_ms as f64);
        }
        // Where RTX is negotiated, a late packet of the layer's own SSRC was overtaken, and answers no request.
        let is_answer = source.is_rtx || track.config.rtx_payload_type.is_none();
        if let (Some(answers_after_ms), true) = (arrival.answers_after_ms, is_answer)
            && let Some(transport) = self.transports.get_mut(&track.transport_of(source.layer))
        {
            transport.round_trip.measured(answers_after_ms as f64);
        }
        if let Some(deadline_ms) = deadline_ms {
            self.due.nack_us = self.due.nack_us.min(deadline_ms * 1000);
        }
        if !arrival.is_repairable {
            self.want_key_frame_if_watched(source.track, source.layer);
        }
    }
}
