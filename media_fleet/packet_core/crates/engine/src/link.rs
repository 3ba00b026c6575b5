//! Links to other nodes: what comes in at one node and is wanted at another crosses between them once.
//!
//! A link is a transport without ICE and DTLS: address and keys are agreed upon by the nodes' control planes. Each layer of a relayed track
//! crosses under an SSRC of its own, as it is, and the node there chooses among layers for its own subscribers. Lost packets are asked for
//! and sent again, and key frames are asked for, as on any transport. The payload types and the ids of header extensions are the same on all
//! links. Nothing estimates what a link carries, and nothing waits for it: between nodes there must be room.

use parley_wire::extensions::ExtensionMap;
use parley_wire::srtp::{ReceiveContext, SendContext, SrtpError};

use crate::Id;
use crate::command::{Credentials, Keys, RelayConfig, RelayedTrackConfig, SubscriptionConfig, TrackConfig};
use crate::engine::Engine;
use crate::event::Event;
use crate::output::{Now, Output};
use crate::remote::Remote;
use crate::reports::{OWN_SSRC, send_rtcp, send_rtcp_up_to};
use crate::transport::{Source, Transport};

/// The payload type of everything that crosses a link.
const PAYLOAD_TYPE: u8 = 96;
/// The payload type of sound that crosses with copies of what was before.
const RED_PAYLOAD_TYPE: u8 = 97;
/// The longest message to another node, octets: one packet on usual paths.
pub const MAX_NODE_DATA: usize = 1400;
/// What comes before a message in its packet.
const NODE_DATA_HEAD: usize = 12;
/// So often a node shows the other one that it is there, microseconds.
const KEEP_ALIVE_US: u64 = 1_000_000;
/// A link on which nothing authentic has come for so long is lost, until something does.
const SILENT_US: u64 = 3_500_000;

/// What a transport to another node has beyond one to a participant.
#[derive(Debug, Default)]
pub(crate) struct Link {
    heard_us: Option<u64>,
    is_alive: bool,
    keep_alive_us: u64,
}

impl Transport {
    fn to_node(remote: Remote, keys: &Keys) -> Result<Self, SrtpError> {
        // No check can name these: nobody is found by an empty fragment.
        let nobody = Credentials {
            ufrag: String::new(),
            pwd: String::new(),
        };
        let mut transport = Self::new(nobody, u64::MAX);
        transport.send = Some(SendContext::new(keys.profile, &keys.send_key, &keys.send_salt)?);
        transport.receive = Some(ReceiveContext::of_node(
            keys.profile,
            &keys.receive_key,
            &keys.receive_salt,
        )?);
        transport.address = Some(remote);
        transport.link = Some(Link::default());
        Ok(transport)
    }

    /// An authentic packet has come.
    pub(crate) fn heard(&mut self, now: Now) {
        if let Some(link) = &mut self.link {
            link.heard_us = Some(now.us);
        }
    }
}

impl Engine {
    pub(crate) fn is_link(&self, transport: Id) -> bool {
        self.transports
            .get(&transport)
            .is_some_and(|transport| transport.link.is_some())
    }

    pub(crate) fn add_link(&mut self, id: Id, remote: Remote, keys: &Keys) -> bool {
        let holder = self.by_address.get(&remote).copied();
        if holder.is_some_and(|holder| self.is_link(holder)) {
            return false;
        }
        let Ok(transport) = Transport::to_node(remote, keys) else {
            return false;
        };
        self.by_address.insert(remote, id);
        self.transports.insert(id, transport);
        true
    }

    pub(crate) fn add_relayed_track(&mut self, id: Id, link: Id, config: RelayedTrackConfig) -> bool {
        if config.ssrcs.is_empty() || !self.is_link(link) {
            return false;
        }
        let layers = config.ssrcs.len();
        let added = self.add_track(
            id,
            link,
            TrackConfig {
                kind: config.kind,
                codec: config.codec,
                mid: String::new(),
                payload_type: PAYLOAD_TYPE,
                rtx_payload_type: None,
                red_payload_type: config.red.then_some(RED_PAYLOAD_TYPE),
                clock_rate: config.clock_rate,
                rids: (0..layers)
                    .filter(|_| layers > 1)
                    .map(|layer| layer.to_string())
                    .collect(),
                ssrc: None,
                rtx_ssrc: None,
                extensions: ExtensionMap::between_nodes(),
                transport_cc: false,
                nack: true,
                made_layer: config.made_layer,
            },
        );
        if let (Some(track), Some(transport)) = (self.tracks.get_mut(&id), self.transports.get_mut(&link)) {
            for (layer, ssrc) in (track.lowest_sent()..).zip(config.ssrcs) {
                track.layers[layer].ssrc = Some(ssrc);
                let source = Source {
                    track: id,
                    layer,
                    is_rtx: false,
                };
                transport.sources.insert(ssrc, source);
            }
        }
        added
    }

    /// Has one layer of a track cross a link.
    pub(crate) fn add_relay(&mut self, id: Id, link: Id, track: Id, config: RelayConfig) -> bool {
        let layers = self.tracks.get(&track);
        let layer = layers
            .map(|track| (config.layer + track.lowest_sent(), track.layers.len()))
            .filter(|(layer, count)| layer < count);
        let (Some((layer, _)), true) = (layer, self.is_link(link)) else {
            return false;
        };
        let subscription = SubscriptionConfig {
            mid: String::new(),
            ssrc: config.ssrc,
            rtx_ssrc: None,
            payload_type: PAYLOAD_TYPE,
            rtx_payload_type: None,
            red_payload_type: config.red.then_some(RED_PAYLOAD_TYPE),
            cname: config.cname,
            extensions: ExtensionMap::between_nodes(),
            // Each node chooses whom its own participants hear, by the levels of all.
            continuous: true,
            made_layer: false,
        };
        self.add_subscription(id, link, track, subscription, Some(layer))
    }

    /// Sends a message to the other node, which may get lost.
    pub(crate) fn send_node_data(&mut self, link: Id, data: &[u8], out: &mut impl Output) -> bool {
        if data.len() > MAX_NODE_DATA || !self.is_link(link) {
            return false;
        }
        if let Some(transport) = self.transports.get_mut(&link) {
            let max = MAX_NODE_DATA + NODE_DATA_HEAD;
            send_rtcp_up_to(max, transport, out, |writer| writer.node_data(OWN_SSRC, data));
        }
        true
    }

    /// A message has come: from nodes alone is it one.
    pub(crate) fn node_data(&mut self, transport: Id, data: &[u8], out: &mut impl Output) {
        if self.is_link(transport) {
            let data = data.to_vec();
            out.event(Event::NodeDataReceived { transport, data });
        } else {
            self.stats.dropped_malformed += 1;
        }
    }

    /// Shows the other nodes that this one is there, and tells of those that show nothing, or do again.
    pub(crate) fn look_after_links(&mut self, now: Now, out: &mut impl Output) {
        for (id, transport) in &mut self.transports {
            let (Some(link), Some(remote)) = (&mut transport.link, transport.address) else {
                continue;
            };
            let is_alive = link
                .heard_us
                .is_some_and(|heard_us| now.us < heard_us + SILENT_US);
            if std::mem::replace(&mut link.is_alive, is_alive) != is_alive {
                let transport = *id;
                out.event(if is_alive {
                    Event::TransportConnected { transport, remote }
                } else {
                    Event::TransportLost { transport }
                });
            }
            if now.us >= link.keep_alive_us {
                link.keep_alive_us = now.us + KEEP_ALIVE_US;
                send_rtcp(transport, out, |writer| writer.receiver_report(OWN_SSRC, &[]));
            }
        }
    }
}
