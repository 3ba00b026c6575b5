//! A room of open microphones: what it costs to forward all of them to everybody, and what those who are heard.
//!
//! One round is 20 ms of everybody's sound. The next one begins when the node has dealt with all of it, so that a node that could not keep up in
//! time is measured as well: what counts is its processor's time for a round.

use std::net::UdpSocket;
use std::time::Duration;

use parley_engine::{Codec, Command, ExtensionMap, Kind, SubscriptionConfig, TrackConfig};
use parley_wire::extensions::{ALL, Extension};
use parley_wire::rtp::{HeaderFields, ONE_BYTE_PROFILE, write_fixed_header};
use parley_wire::srtp::{MAX_OVERHEAD, SendContext};

use crate::drain::Drain;
use crate::peers::keys;
use crate::place::{Arrival, Place, counters, start_node};
use crate::scenario::{PUBLISHER, SUBSCRIBER, SUBSCRIPTION, TRACK};

/// The length of a plain packet: 20 ms of Opus at 32 kbit/s.
const PACKET_LEN: usize = HEADER_LEN + 80;
/// Header and extension block with the level.
const HEADER_LEN: usize = 12 + 4 + 4;
const LEVEL_ID: u8 = 1;
/// In -dBov (RFC 6464): speech, and a room in which nobody speaks.
const SPEECH: u8 = 30;
const QUIET: u8 = 70;
/// How long a round is when time is real.
const ROUND_US: f64 = 20_000.0;
const WARM_UP: usize = 25;

/// Who is in the room: everybody of `publishers` is subscribed to by each of `subscribers`.
#[derive(Clone, Copy)]
pub struct Room {
    pub publishers: usize,
    pub subscribers: usize,
    /// So many speak; the others' microphones are open.
    pub speak: usize,
    /// So many are forwarded at the most; 0: all.
    pub last_n: usize,
}

struct Microphone {
    socket: UdpSocket,
    send: SendContext,
    index: u64,
    ssrc: u32,
    level: u8,
}

impl Microphone {
    fn utter(&mut self, buffer: &mut [u8]) {
        self.index += 1;
        let fields = HeaderFields {
            marker: false,
            payload_type: 111,
            sequence_number: self.index as u16,
            timestamp: (self.index * 960) as u32,
            ssrc: self.ssrc,
        };
        write_fixed_header(buffer, &fields);
        buffer[0] |= 0x10;
        buffer[12..14].copy_from_slice(&ONE_BYTE_PROFILE.to_be_bytes());
        buffer[14..HEADER_LEN].copy_from_slice(&[0, 1, LEVEL_ID << 4, self.level, 0, 0]);
        buffer[HEADER_LEN..PACKET_LEN].fill(self.index as u8);
        let len = self
            .send
            .protect_rtp(buffer, HEADER_LEN, PACKET_LEN, self.ssrc, self.index);
        self.socket
            .send(&buffer[..len])
            .expect("loopback takes a datagram");
    }
}

/// Sends so many rounds; one line of JSON.
pub fn measure(room: Room, rounds: usize) -> String {
    let node = start_node(1, room.last_n);
    let place = Place {
        node: &node,
        thread: 0,
        arrival: Arrival::Anywhere,
    };
    let mut microphones: Vec<Microphone> = (0..room.publishers)
        .map(|index| publish(place, room, index))
        .collect();
    let sinks: Vec<UdpSocket> = (0..room.subscribers)
        .map(|index| subscribe(place, room, index))
        .collect();
    let drain = Drain::start(sinks, None);
    let mut heard = 0;
    let mut run = |rounds: usize| {
        for _ in 0..rounds {
            let mut buffer = [0u8; PACKET_LEN + MAX_OVERHEAD];
            heard += microphones.len() as u64;
            microphones.iter_mut().for_each(|each| each.utter(&mut buffer));
            while counters(&node).received < heard {
                std::thread::sleep(Duration::from_micros(500));
            }
        }
    };
    run(WARM_UP);
    let stats = counters(&node);
    run(rounds);
    let after_stats = counters(&node);
    let (before, after) = (stats.io.cpu_us, after_stats.io.cpu_us);
    drain.stop();
    let round_us = (after.0 + after.1 - before.0 - before.1) as f64 / rounds as f64;
    format!(
        "{{\"publishers\":{},\"subscribers\":{},\"speak\":{},\"last_n\":{},\"forwarded_a_round\":{:.0},\"round_us\":{:.1},\"cores\":{:.3}}}",
        room.publishers,
        room.subscribers,
        room.speak,
        room.last_n,
        (after_stats.forwarded - stats.forwarded) as f64 / rounds as f64,
        round_us,
        round_us / ROUND_US,
    )
}

fn extensions() -> ExtensionMap {
    ExtensionMap::from_uris([(ALL[Extension::AudioLevel as usize].1, LEVEL_ID)])
}

fn publish(place: Place<'_>, room: Room, index: usize) -> Microphone {
    let (transport, track) = (PUBLISHER + index as u32, TRACK + index as u32);
    let socket = place.connect(transport);
    socket.connect(place.address()).expect("loopback is there");
    let ssrc = 100 + index as u32;
    let config = TrackConfig {
        kind: Kind::Audio,
        codec: Codec::Opus,
        mid: "0".into(),
        payload_type: 111,
        rtx_payload_type: None,
        red_payload_type: None,
        clock_rate: 48_000,
        rids: Vec::new(),
        ssrc: Some(ssrc),
        rtx_ssrc: None,
        extensions: extensions(),
        transport_cc: false,
        nack: false,
        made_layer: false,
    };
    for command in [
        Command::AddTrack(track, transport, Box::new(config)),
        Command::SetTrackGroup(track, Some(1)),
    ] {
        place.command(command);
    }
    let keys = keys();
    Microphone {
        socket,
        send: SendContext::new(keys.profile, &keys.receive_key, &keys.receive_salt).expect("the keys fit"),
        index: 0,
        ssrc,
        // Those who speak have not come first.
        level: if index + room.speak < room.publishers {
            QUIET
        } else {
            SPEECH
        },
    }
}

fn subscribe(place: Place<'_>, room: Room, index: usize) -> UdpSocket {
    let transport = SUBSCRIBER + index as u32;
    let sink = place.connect(transport);
    for track in 0..room.publishers {
        let number = (index * room.publishers + track) as u32;
        let config = SubscriptionConfig {
            mid: "0".into(),
            ssrc: 1000 + number,
            rtx_ssrc: None,
            payload_type: 111,
            rtx_payload_type: None,
            red_payload_type: None,
            cname: "bench".into(),
            extensions: extensions(),
            continuous: false,
            made_layer: false,
        };
        let (id, track) = (SUBSCRIPTION + number, TRACK + track as u32);
        place.command(Command::AddSubscription(id, transport, track, Box::new(config)));
    }
    sink
}
