//! What a command changes: transports, tracks and subscriptions come and go.

use crate::Id;
use crate::command::{Command, Credentials, SubscriptionConfig, TrackConfig};
use crate::engine::Engine;
use crate::output::{Now, Output};
use crate::remote::Remote;
use crate::reports::send_goodbye;
use crate::subscription::Subscription;
use crate::track::Track;
use crate::transport::{Source, Transport};

impl Engine {
    /// Carries out a command.
    pub fn handle_command(&mut self, now: Now, command: Command, out: &mut impl Output) {
        let is_known = match command {
            Command::AddTransport(id, credentials) => self.add_transport(now, id, credentials),
            Command::RestartIce(id, credentials) => self.restart_ice(id, credentials),
            Command::SendDtls(id, datagrams) => self.send_dtls(id, &datagrams, out),
            Command::SetSrtpKeys(id, keys) => {
                let is_set = self
                    .transports
                    .get_mut(&id)
                    .is_some_and(|t| t.set_keys(&keys).is_ok());
                if is_set {
                    self.want_for_waiting();
                }
                is_set
            }
            Command::RemoveTransport(id) => self.remove_transport(id, out),
            Command::AddLink(id, address, engine, keys) => {
                self.add_link(id, Remote::node(address, engine), &keys)
            }
            Command::SendNodeData(id, data) => self.send_node_data(id, &data, out),
            Command::AddRelayedTrack(id, link, config) => self.add_relayed_track(id, link, *config),
            Command::AddRelay(id, link, track, config) => {
                let is_added = self.add_relay(id, link, track, *config);
                self.wake_layers(now, id, out);
                is_added
            }
            Command::AddTrack(id, transport, config) => self.add_track(id, transport, *config),
            Command::RemoveTrack(id) => self.remove_track(id, out),
            Command::SucceedTrack(former, new) => self.succeed_track(now, former, new, out),
            Command::SetTrackMuted(id, muted) => self.set_track_muted(id, muted),
            Command::SetTrackGroup(id, group) => self.set_track_group(id, group),
            Command::RequestKeyFrame(id) => self.request_key_frame(id),
            Command::AllowMadeLayer(id, allowed) => self.allow_made_layer(id, allowed),
            Command::AddMadeLayer(id, transport, ssrc) => self.add_made_layer(id, transport, ssrc),
            Command::ExpectSubscriber(id) => self.expect_subscriber(now, id, out),
            Command::AddSubscription(id, transport, track, config) => {
                self.add_subscription(id, transport, track, *config, None)
            }
            Command::SetWantedLayer(id, wanted) => self.change_subscription(now, id, out, |subscription| {
                subscription.wanted = wanted;
            }),
            Command::SetWantedHeight(id, height) => self.change_subscription(now, id, out, |subscription| {
                subscription.wanted_height = height;
            }),
            Command::SetWantedFrameRate(id, rate) => self.change_subscription(now, id, out, |subscription| {
                subscription.wanted_rate = rate;
            }),
            Command::SetPriority(id, priority) => self.change_subscription(now, id, out, |subscription| {
                subscription.priority = priority;
            }),
            Command::SetPaused(id, paused) => self.change_subscription(now, id, out, |subscription| {
                if std::mem::replace(&mut subscription.paused, paused) != paused {
                    subscription.interrupt();
                }
            }),
            Command::RemoveSubscription(id) => self.remove_subscription(id, out),
        };
        if !is_known {
            self.stats.commands_ignored += 1;
        }
    }

    fn add_transport(&mut self, now: Now, id: Id, credentials: Credentials) -> bool {
        if self.by_ufrag.contains_key(credentials.ufrag.as_bytes()) {
            return false;
        }
        self.by_ufrag.insert(credentials.ufrag.as_bytes().into(), id);
        let consent_until_us = now.us + self.config.consent_timeout_us;
        self.transports
            .insert(id, Transport::new(credentials, consent_until_us));
        true
    }

    fn send_dtls(&mut self, id: Id, datagrams: &[Vec<u8>], out: &mut impl Output) -> bool {
        let Some(transport) = self.transports.get(&id) else {
            return false;
        };
        if let Some(address) = transport.address {
            for datagram in datagrams {
                out.buffer(datagram.len())[..datagram.len()].copy_from_slice(datagram);
                out.send(address, datagram.len());
            }
        }
        true
    }

    fn remove_transport(&mut self, id: Id, out: &mut impl Output) -> bool {
        let Some(transport) = self.transports.remove(&id) else {
            return false;
        };
        self.by_ufrag.remove(transport.credentials.ufrag.as_bytes());
        if let Some(next) = &transport.next_credentials {
            self.by_ufrag.remove(next.ufrag.as_bytes());
        }
        self.by_address.retain(|_, owner| *owner != id);
        for track in transport.tracks {
            self.remove_track(track, out);
        }
        for subscription in transport.subscriptions {
            self.remove_subscription(subscription, out);
        }
        self.forget_maker(id);
        true
    }

    pub(crate) fn add_track(&mut self, id: Id, transport_id: Id, config: TrackConfig) -> bool {
        let Some(transport) = self.transports.get_mut(&transport_id) else {
            return false;
        };
        transport.tracks.push(id);
        transport.wants_transport_cc |= config.transport_cc;
        transport.extensions.merge(&config.extensions);
        let track = Track::new(transport_id, config);
        let config = &track.config;
        if config.rids.is_empty() {
            for (ssrc, is_rtx) in [(config.ssrc, false), (config.rtx_ssrc, true)] {
                if let Some(ssrc) = ssrc {
                    transport.sources.insert(
                        ssrc,
                        Source {
                            track: id,
                            layer: track.lowest_sent(),
                            is_rtx,
                        },
                    );
                }
            }
        }
        self.tracks.insert(id, track);
        true
    }

    fn remove_track(&mut self, id: Id, out: &mut impl Output) -> bool {
        self.end_succession(id);
        let Some(track) = self.tracks.remove(&id) else {
            return false;
        };
        self.forget_voice(id, &track.voice);
        for transport in [Some(track.transport), track.maker()] {
            if let Some(transport) = transport.and_then(|id| self.transports.get_mut(&id)) {
                transport.forget_track(id);
            }
        }
        for heir in track.heirs {
            self.disinherit(heir);
        }
        for subscription in track.subscribers {
            self.remove_subscription(subscription, out);
        }
        true
    }

    fn set_track_muted(&mut self, id: Id, muted: bool) -> bool {
        if muted {
            self.end_succession(id);
            self.hurry_succession(id);
        }
        let Some(track) = self.tracks.get_mut(&id) else {
            return false;
        };
        if std::mem::replace(&mut track.muted, muted) == muted {
            return true;
        }
        let place = track.voice.fall_silent();
        for layer in &mut track.layers {
            layer.key_frames.cancel();
        }
        for subscriber in &track.subscribers {
            if let Some(subscription) = self.subscriptions.get_mut(subscriber) {
                subscription.interrupt();
            }
        }
        self.give_up_place(id, place);
        self.retarget(id);
        true
    }

    fn request_key_frame(&mut self, id: Id) -> bool {
        let Some(track) = self.tracks.get(&id) else {
            return false;
        };
        for layer in 0..track.layers.len() {
            self.want_key_frame_if_watched(id, layer);
        }
        true
    }

    pub(crate) fn add_subscription(
        &mut self,
        id: Id,
        transport_id: Id,
        track_id: Id,
        config: SubscriptionConfig,
        only: Option<usize>,
    ) -> bool {
        let seed = self.next_random();
        let (Some(transport), Some(track)) = (
            self.transports.get_mut(&transport_id),
            self.tracks.get_mut(&track_id),
        ) else {
            return false;
        };
        let ssrcs = [Some(config.ssrc), config.rtx_ssrc];
        if ssrcs
            .iter()
            .flatten()
            .any(|ssrc| transport.sinks.contains_key(ssrc))
        {
            return false;
        }
        let spent = ssrcs.map(|ssrc| transport.spent.take(ssrc?));
        transport.subscriptions.push(id);
        transport.sinks.insert(config.ssrc, id);
        if let Some(rtx_ssrc) = config.rtx_ssrc {
            transport.sinks.insert(rtx_ssrc, id);
        }
        track.subscribers.push(id);
        if config.continuous {
            track.continuous.push(id);
        }
        let (clock_rate, is_video) = (track.config.clock_rate, track.codec().is_video());
        let mut subscription = Subscription::new(transport_id, track_id, config, clock_rate, is_video, seed);
        subscription.follow_on(spent);
        subscription.only = only;
        self.subscriptions.insert(id, subscription);
        self.retarget_one(id);
        true
    }

    fn change_subscription(
        &mut self,
        now: Now,
        id: Id,
        out: &mut impl Output,
        change: impl FnOnce(&mut Subscription),
    ) -> bool {
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return false;
        };
        change(subscription);
        self.wake_layers(now, id, out);
        self.retarget_one(id);
        true
    }

    fn remove_subscription(&mut self, id: Id, out: &mut impl Output) -> bool {
        let was_leaving = self.disinherit(id);
        let Some(subscription) = self.subscriptions.remove(&id) else {
            return false;
        };
        if let Some(transport) = self.transports.get_mut(&subscription.transport) {
            transport.subscriptions.retain(|other| *other != id);
            transport.sinks.retain(|_, other| *other != id);
            let config = &subscription.config;
            transport
                .spent
                .insert(config.ssrc, subscription.highest_sequence());
            if let Some(rtx_ssrc) = config.rtx_ssrc {
                transport.spent.insert(rtx_ssrc, subscription.rtx_sequence);
            }
            if subscription.packets > 0 {
                send_goodbye(transport, config.ssrc, out);
            }
        }
        if let Some(track) = self.tracks.get_mut(&subscription.track) {
            track.subscribers.retain(|other| *other != id);
            track.continuous.retain(|other| *other != id);
        }
        if was_leaving {
            self.tell_of_succession(subscription.track, out);
        }
        true
    }

    /// Chooses anew what each subscriber of a track should get.
    pub(crate) fn retarget(&mut self, id: Id) {
        let Some(track) = self.tracks.get(&id) else { return };
        for subscriber in track.subscribers.clone() {
            self.retarget_one(subscriber);
        }
        self.want_for_heirs(id);
    }

    /// Chooses anew what a subscriber should get, and has a key frame asked for if it waits for one.
    pub(crate) fn retarget_one(&mut self, id: Id) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else {
            return;
        };
        let Some(track) = self.tracks.get(&subscription.track) else {
            return;
        };
        subscription.aim(track);
        let transport = self.transports.get(&subscription.transport);
        let can_send = transport.is_some_and(|transport| transport.send.is_some());
        if let (Some(layer), true) = (subscription.waits_for(track), can_send) {
            let track = subscription.track;
            self.want_key_frame(track, layer);
        }
    }
}
