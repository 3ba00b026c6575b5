//! Invariant: whatever one participant sends, authentic or not, in any order and at any time, the engine does not panic, and another
//! publisher's viewer goes on getting authentic packets.
//!
//! The input is a list of actions: one byte that chooses, one that says how many bytes belong to it, and these.
#![no_main]

#[path = "../../crates/engine/tests/harness/mod.rs"]
mod harness;

use harness::video::Camera;
use harness::{RED, SENT_RED, World, camera, microphone, subscription};
use libfuzzer_sys::fuzz_target;
use parley_engine::{Command, Kind, Profile, SubscriptionConfig, TrackConfig};
use parley_wire::rtp::HeaderFields;

const MAX_ACTIONS: usize = 64;
/// Header and SSRC, which no one can protect a packet without.
const SHORTEST_RTCP: usize = 8;

fuzz_target!(|data: &[u8]| {
    let mut world = World::new(1);
    let profile = Profile::AeadAes128Gcm;
    let (publisher, viewer, hostile) = (world.join(profile), world.join(profile), world.join(profile));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let (mine, _) = world.subscribe(hostile, track, Kind::Video);
    let theirs = world.publish(hostile, camera(&["q", "h"]));
    let theirs_to_hear = world.publish(
        hostile,
        TrackConfig {
            red_payload_type: Some(RED),
            ..microphone()
        },
    );
    world.subscribe(viewer, theirs, Kind::Video);
    world.subscribe(viewer, theirs_to_hear, Kind::Audio);
    let redundant = SubscriptionConfig {
        red_payload_type: Some(SENT_RED),
        ..subscription(424_242, Kind::Audio)
    };
    world.subscribe_as(publisher, theirs_to_hear, redundant);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 2);

    let mut rest = data;
    for _ in 0..MAX_ACTIONS {
        let [action, len, following @ ..] = rest else {
            break;
        };
        let (bytes, following) = following.split_at(usize::from(*len).min(following.len()));
        rest = following;
        let from = world.people[hostile].address;
        match action % 6 {
            0 => world.inject(vec![(from, bytes.to_vec())]),
            1 if bytes.len() >= SHORTEST_RTCP => {
                let datagram = world.people[hostile].protect_rtcp(bytes);
                world.inject(vec![(from, datagram)]);
            }
            1 => {}
            2 => {
                if let Some(packet) = authentic_packet(&mut world, hostile, bytes) {
                    world.inject(vec![(from, packet)]);
                }
            }
            3 => world.advance(u64::from(*len)),
            4 => world.command(Command::SetWantedLayer(
                mine,
                bytes.first().map(|layer| usize::from(*layer)),
            )),
            _ => world.command(Command::SetPaused(mine, bytes.is_empty())),
        }
    }

    world.people[viewer].rtp.clear();
    film.film(&mut world, 2);
    let seen = world.people[viewer]
        .rtp
        .iter()
        .filter(|packet| packet.ssrc == ssrc)
        .count();
    assert!(seen > 0, "the viewer gets the other one's film");
    assert_eq!(
        world.people[viewer].refused, 0,
        "all that the viewer gets is authentic and new"
    );
});

/// Header fields from the first octets, then an extension of mid and rid, then the payload.
fn authentic_packet(world: &mut World, who: usize, bytes: &[u8]) -> Option<Vec<u8>> {
    let ([kind, sequence, ssrc, elements], payload) = bytes.split_first_chunk::<4>()?;
    let fields = HeaderFields {
        marker: kind & 0x80 != 0,
        payload_type: kind & 0x7f,
        sequence_number: u16::from(*sequence) << 8 | u16::from(*elements),
        timestamp: u32::from(*sequence) * 3000,
        ssrc: u32::from(*ssrc % 8),
    };
    let rid: &[u8] = if elements & 1 == 0 { b"q" } else { b"h" };
    let repaired: (u8, &[u8]) = (3, rid);
    let named: (u8, &[u8]) = (2, rid);
    let mid: (u8, &[u8]) = (1, if elements & 2 == 0 { b"0" } else { b"1" });
    let elements = [mid, if elements & 4 == 0 { named } else { repaired }];
    Some(world.people[who].packet_with_padding(&fields, &elements, payload, 0))
}
