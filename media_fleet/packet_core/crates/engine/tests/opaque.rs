//! Frames that are encrypted from end to end (docs/e2ee.md) pass untouched: of VP8 the node reads the first bit of a frame alone.

mod harness;

use harness::video::Encoding;
use harness::{Random, World, camera};
use parley_engine::{Kind, Profile};
use parley_wire::codec::vp8::Descriptor;

/// The packets of one frame: the clear header of VP8's first bytes, then nothing that means anything.
fn encrypted_frame(encoding: &mut Encoding, key: bool, random: &mut Random) -> Vec<Vec<u8>> {
    encoding.timestamp = encoding.timestamp.wrapping_add(2970);
    encoding.picture_id = (encoding.picture_id + 1) & 0x7fff;
    encoding.tl0 = encoding.tl0.wrapping_add(1);
    (0..3)
        .map(|packet| {
            let mut payload = vec![0x80 | u8::from(packet == 0) << 4, 0xc0];
            payload.extend((0x8000 | encoding.picture_id).to_be_bytes());
            payload.push(encoding.tl0);
            if packet == 0 {
                payload.push(u8::from(!key));
            }
            payload.extend((0..900).map(|_| random.next() as u8));
            payload
        })
        .collect()
}

/// What is behind the descriptor.
fn opaque(payload: &[u8]) -> Vec<u8> {
    payload[Descriptor::parse(payload).expect("a whole descriptor").len..].to_vec()
}

#[test]
fn encrypted_frames_pass_byte_for_byte_from_a_key_frame_on() {
    let mut world = World::new(77);
    let mut random = Random(5);
    let profile = Profile::AeadAes128Gcm;
    let (publisher, viewer) = (world.join(profile), world.join(profile));
    let track = world.publish(publisher, camera(&[]));
    let mut encoding = Encoding::new(0, None);
    let mut sent = Vec::new();
    let mut ssrc = None;
    for frame in 0..60 {
        // The viewer comes in the middle of a group of pictures: what cannot be decoded is not sent to them.
        if frame == 10 {
            ssrc = Some(world.subscribe(viewer, track, Kind::Video).1);
        }
        let key = frame % 20 == 0;
        let payloads = encrypted_frame(&mut encoding, key, &mut random);
        if frame >= 20 {
            sent.extend(payloads.iter().map(|payload| opaque(payload)));
        }
        let last = payloads.len() - 1;
        let datagrams = payloads
            .iter()
            .enumerate()
            .map(|(index, payload)| encoding.packet(&mut world.people[publisher], index == last, payload))
            .collect();
        world.send_from(publisher, datagrams);
        world.advance(33);
    }
    let stream = world.people[viewer].stream(ssrc.expect("subscribed"));
    let received: Vec<Vec<u8>> = stream.iter().map(|rtp| opaque(&rtp.payload)).collect();
    assert_eq!(received.len(), 40 * 3);
    assert!(received == sent, "changed on the way");
}
