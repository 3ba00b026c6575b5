//! Packets of padding alone: sent to probe, counted and fed back on, and no trouble to subscribers.

mod harness;

use harness::video::{Camera, assert_unbroken, content};
use harness::{World, camera};
use parley_engine::{Kind, Profile};

const GCM: Profile = Profile::AeadAes128Gcm;
const SSRC: u32 = 0xaa00;

#[test]
fn padding_sent_to_probe_leaves_no_gap() {
    let mut world = World::new(5);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    for _ in 0..20 {
        film.film(&mut world, 2);
        let padding = (0..5)
            .map(|_| film.encodings[0].padding(&mut world.people[publisher]))
            .collect();
        world.send_from(publisher, padding);
    }
    let stream = world.people[viewer].stream(ssrc);
    assert_unbroken(&stream);
    assert_eq!(stream.len(), 20 * 2 * 6);
}

#[test]
fn padding_that_was_overtaken_fills_its_place() {
    let mut world = World::new(6);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    for _ in 0..10 {
        let padding = film.encodings[0].padding(&mut world.people[publisher]);
        film.film(&mut world, 1);
        world.send_from(publisher, vec![padding]);
        film.film(&mut world, 1);
    }
    let stream = world.people[viewer].stream(ssrc);
    assert!(
        stream
            .windows(2)
            .all(|pair| pair[1].sequence_number == pair[0].sequence_number.wrapping_add(1)),
        "no number is missing"
    );
    let (padding, media): (Vec<_>, Vec<_>) = stream.iter().partition(|rtp| rtp.payload.is_empty());
    assert_eq!((padding.len(), media.len()), (10, 23 * 6));
    for (index, rtp) in media.iter().enumerate() {
        let content = content(&rtp.payload);
        let place = (content.frame as usize - 1, usize::from(content.packet));
        assert_eq!(place, (index / 6, index % 6));
    }
}

#[test]
fn padding_after_a_break_too_great_to_repair_asks_for_a_key_frame_as_media_would() {
    let mut world = World::new(7);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 30);
    let before = world.people[publisher].picture_losses(SSRC);
    film.encodings[0].sequence_number = film.encodings[0].sequence_number.wrapping_add(3000);
    let padding = film.encodings[0].padding(&mut world.people[publisher]);
    world.send_from(publisher, vec![padding]);
    assert_eq!(world.people[publisher].picture_losses(SSRC), before + 1);
    film.film(&mut world, 10);
    assert_eq!(world.people[publisher].picture_losses(SSRC), before + 1);
    let stream = world.people[viewer].stream(ssrc);
    assert_unbroken(&stream[30 * 6..]);
}
