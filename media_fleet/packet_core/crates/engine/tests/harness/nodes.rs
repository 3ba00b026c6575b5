//! Two nodes, and the link between them.

use std::collections::HashMap;
use std::net::SocketAddr;

use parley_engine::{Command, Id, Keys, Profile, RelayConfig, RelayedTrackConfig, Remote, TrackConfig};
use parley_wire::demux;

use super::layered::LayeredCamera;
use super::video::Camera;
use super::{Random, World, keys_of};

const GCM: Profile = Profile::AeadAes128Gcm;
pub const LINK: Id = 70;
/// The first SSRC on the link; layers have the next ones.
pub const CROSSING: u32 = 0xcc00;
pub const WEST: usize = 0;
pub const EAST: usize = 1;
/// By which number each knows the other one's engine.
pub const ENGINE: u8 = 3;

pub fn address(node: usize) -> SocketAddr {
    SocketAddr::from(([10, 9, 0, node as u8 + 1], 7000))
}

pub fn engine_at(node: usize) -> Remote {
    Remote::node(address(node), ENGINE)
}

fn keys(node: usize) -> Keys {
    match node {
        WEST => keys_of(GCM, 201, 202),
        _ => keys_of(GCM, 202, 201),
    }
}

/// Two nodes, ten milliseconds apart.
pub struct Nodes {
    pub worlds: [World; 2],
    under_way: Vec<(u64, usize, Vec<u8>)>,
    random: Random,
    /// Of a hundred datagrams between the nodes so many are lost.
    pub loss: u64,
    /// How often each media packet was sent to the node in the east, by SSRC and sequence number.
    pub crossed: HashMap<(u32, u16), usize>,
}

impl Nodes {
    pub fn new(seed: u64) -> Self {
        Self::with_last_n_audio(seed, 0)
    }

    pub fn with_last_n_audio(seed: u64, last_n: usize) -> Self {
        let mut worlds = [seed, seed + 1].map(|seed| World::with_last_n_audio(seed, last_n));
        for (node, world) in worlds.iter_mut().enumerate() {
            world.command(Command::AddLink(
                LINK,
                address(1 - node),
                ENGINE,
                Box::new(keys(node)),
            ));
        }
        Self {
            worlds,
            under_way: Vec::new(),
            random: Random(seed),
            loss: 0,
            crossed: HashMap::new(),
        }
    }

    pub fn advance(&mut self, ms: u64) {
        for _ in 0..ms {
            for node in [WEST, EAST] {
                self.worlds[node].advance(1);
                for (to, datagram) in std::mem::take(&mut self.worlds[node].beyond) {
                    assert_eq!(to, engine_at(1 - node));
                    if node == WEST && demux::classify(&datagram) == demux::Kind::Rtp {
                        let ssrc = u32::from_be_bytes(datagram[8..12].try_into().unwrap());
                        let number = u16::from_be_bytes(datagram[2..4].try_into().unwrap());
                        *self.crossed.entry((ssrc, number)).or_default() += 1;
                    }
                    if !self.random.happens(self.loss) {
                        let arrives_us = self.worlds[node].now_us + 10_000;
                        self.under_way.push((arrives_us, 1 - node, datagram));
                    }
                }
            }
            let now_us = self.worlds[WEST].now_us;
            for (_, to, datagram) in self.under_way.extract_if(.., |(at_us, ..)| *at_us <= now_us) {
                self.worlds[to].inject(vec![(engine_at(1 - to), datagram)]);
            }
        }
    }

    pub fn film(&mut self, film: &mut Camera, frames: usize) {
        for _ in 0..frames {
            film.shoot(&mut self.worlds[WEST]);
            self.advance(33);
        }
    }

    pub fn film_layered(&mut self, encodings: &mut [LayeredCamera], pictures: usize) {
        for _ in 0..pictures {
            for encoding in &mut *encodings {
                encoding.shoot(&mut self.worlds[WEST]);
            }
            self.advance(33);
        }
    }

    /// Has a track of the west cross; tells its id in the east, and those of the relays.
    pub fn relay(&mut self, track: Id, config: &TrackConfig) -> (Id, Vec<Id>) {
        let layers = config.rids.len().max(1);
        let ssrcs: Vec<u32> = (0..layers as u32).map(|layer| CROSSING + layer).collect();
        let relayed = self.worlds[EAST].new_id();
        let red = config.red_payload_type.is_some();
        let config = RelayedTrackConfig {
            kind: config.kind,
            codec: config.codec,
            clock_rate: config.clock_rate,
            red,
            ssrcs: ssrcs.clone(),
            made_layer: false,
        };
        self.worlds[EAST].command(Command::AddRelayedTrack(relayed, LINK, Box::new(config)));
        let relays = ssrcs
            .into_iter()
            .enumerate()
            .map(|(layer, ssrc)| {
                let id = self.worlds[WEST].new_id();
                let config = RelayConfig {
                    layer,
                    ssrc,
                    red,
                    cname: "publisher".into(),
                };
                self.worlds[WEST].command(Command::AddRelay(id, LINK, track, Box::new(config)));
                id
            })
            .collect();
        (relayed, relays)
    }

    pub fn crossed(&self, ssrc: u32) -> usize {
        self.crossed.keys().filter(|(each, _)| *each == ssrc).count()
    }
}
