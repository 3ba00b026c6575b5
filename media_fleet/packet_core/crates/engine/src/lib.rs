//! The forwarding of a media node, without sockets, threads or a clock.
//!
//! Datagrams, commands and the time go in; datagrams and events come out through an [`Output`]. The single rule of use: hand over what came with
//! [`Engine::handle_datagram`] and [`Engine::handle_command`], then call [`Engine::flush`], then sleep until [`Engine::next_deadline_us`] or
//! the next datagram, and call [`Engine::handle_timeout`] when the deadline has passed.
//!
//! | Module | What it decides |
//! |---|---|
//! | [`engine`] | where a datagram goes |
//! | `control_plane` | what a command changes |
//! | `receiving` | whose a packet is, which layer it belongs to |
//! | `remote` | where datagrams come from and go to |
//! | `ice` | STUN checks: which address a transport has |
//! | `link` | transports to other nodes, and what is relayed over them |
//! | `transport` | one ICE and DTLS association: keys, the SSRCs it sends, feedback owed to it |
//! | `spent` | the packet indices that must not be used again |
//! | `track`, `layer` | what is received: learning, counting, what is missing, what is being sent |
//! | `key_frames` | whether a key frame is wanted, and when one has come |
//! | `store` | received packets, kept once for all subscribers |
//! | `subscription` | which layer, and under which numbers, a subscriber gets |
//! | `succession` | a track that takes another one's place, without a gap |
//! | `scalability`, `rates` | which spatial and temporal layers an encoding has, and what each of them takes |
//! | `thinning` | which frames a subscriber gets of them, and when it can get more |
//! | `history` | what was sent, so that it can be sent again |
//! | `made` | a smaller picture that the node makes of a track with one encoding |
//! | `usage` | which layers nobody can use, so that they need not be sent |
//! | `speakers` | who speaks |
//! | `hearing` | which microphones are forwarded: not those that are silent, and so many at the most |
//! | `forwarding` | the loop from received packets to sent ones |
//! | `control` | RTCP that comes in |
//! | `reports` | RTCP that goes out by the clock |
//!
//! Invariants: a datagram from an address that has passed no STUN check is answered only if it is an authentic check; no input makes the
//! engine panic or grow without bound; what one transport sends never changes what another one's subscribers get of a third.
#![forbid(unsafe_code)]

mod allocation;
mod bandwidth;
mod command;
mod control;
mod control_plane;
pub mod engine;
mod event;
mod forwarding;
mod hearing;
mod history;
mod ice;
mod key_frames;
mod layer;
mod link;
mod made;
mod output;
mod pacing;
mod playout;
mod rates;
mod receiving;
mod remote;
mod reports;
mod scalability;
mod speakers;
mod spent;
mod stats;
mod store;
mod subscription;
mod succession;
mod thinning;
mod track;
mod transport;
mod usage;

pub use command::{
    Command, Credentials, Keys, Kind, RelayConfig, RelayedTrackConfig, SubscriptionConfig, TrackConfig,
};
pub use engine::{Config, Engine};
pub use event::Event;
pub use link::MAX_NODE_DATA;
pub use output::{Now, Output};
pub use parley_wire::codec::Codec;
pub use parley_wire::extensions::ExtensionMap;
pub use parley_wire::srtp::Profile;
pub use remote::{Connection, Remote};
pub use stats::{LayerStats, Stats, SubscriptionStats, TransportReport, TransportStats};

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A transport, a track or a subscription: a number that its maker never uses twice.
pub type Id = u32;

/// Hashes ids and SSRCs by one multiplication. Ids are our own, and a transport's SSRCs are few: nothing to attack.
#[derive(Default)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = (self.0 ^ u64::from(value)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}

/// A map by [`Id`] or SSRC.
pub(crate) type IdMap<T> = HashMap<u32, T, BuildHasherDefault<IdHasher>>;
