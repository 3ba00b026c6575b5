//! What a publisher sends arrives at each subscriber, under that subscriber's numbers.

mod harness;

use harness::video::{Camera, Encoding, assert_unbroken, content};
use harness::{AUDIO, SENT_AUDIO, SENT_VIDEO, World, camera, microphone, subscription};
use parley_engine::{Command, Event, Kind, Profile};
use parley_wire::rtp::HeaderFields;

const PROFILES: [Profile; 2] = [Profile::AeadAes128Gcm, Profile::Aes128CmHmacSha1_80];

fn sound(world: &mut World, who: usize, count: u16, first: u16) {
    for index in 0..count {
        let fields = HeaderFields {
            marker: index == 0,
            payload_type: AUDIO,
            sequence_number: first.wrapping_add(index),
            timestamp: (u32::MAX - 9600).wrapping_add(u32::from(index) * 960),
            ssrc: 77,
        };
        let packet = world.people[who].packet(&fields, &[(1, b"1"), (6, &[0x8a])], &[index as u8; 80]);
        world.send_from(who, vec![packet]);
        world.advance(20);
    }
}

#[test]
fn sound_arrives_with_its_level_under_the_subscribers_numbers() {
    for profile in PROFILES {
        let mut world = World::new(1);
        let (speaker, listener) = (world.join(profile), world.join(profile));
        let track = world.publish(speaker, microphone());
        let (_, ssrc) = world.subscribe(listener, track, Kind::Audio);
        sound(&mut world, speaker, 50, 65_530);
        let stream = world.people[listener].stream(ssrc);
        assert_eq!(stream.len(), 50);
        for (index, rtp) in stream.iter().enumerate() {
            assert_eq!(
                (rtp.payload_type, rtp.payload.as_slice()),
                (SENT_AUDIO, &[index as u8; 80][..])
            );
            assert_eq!(rtp.mid.as_deref(), Some(&b"12"[..]), "the subscriber's mid");
            assert_eq!(rtp.audio_level.as_deref(), Some(&[0x8a][..]));
            assert!(!rtp.has_rid && !rtp.has_padding);
        }
        assert!(
            stream
                .windows(2)
                .all(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp) == 960)
        );
    }
}

#[test]
fn video_starts_at_a_key_frame_and_goes_on_unbroken() {
    for profile in PROFILES {
        let mut world = World::new(2);
        let (publisher, viewer) = (world.join(profile), world.join(profile));
        let track = world.publish(publisher, camera(&[]));
        let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
        let mut film = Camera::new(publisher, &[]);
        film.film(&mut world, 60);
        let stream = world.people[viewer].stream(ssrc);
        assert_unbroken(&stream);
        assert_eq!(stream.len(), 60 * 6);
        assert!(stream.iter().all(|rtp| rtp.payload_type == SENT_VIDEO));
    }
}

#[test]
fn packets_of_one_frame_are_padded_to_one_size() {
    let mut world = World::new(3);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    Camera::new(publisher, &[]).film(&mut world, 3);
    let stream = world.people[viewer].stream(ssrc);
    let padded = stream.iter().filter(|rtp| rtp.has_padding).count();
    assert_eq!(padded, 3 * 3, "the packets that were a byte shorter");
    assert!(stream.iter().all(|rtp| (984..=985).contains(&rtp.payload.len())));
}

#[test]
fn send_times_and_transport_wide_numbers_are_the_nodes_own() {
    let mut world = World::new(4);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let (video, audio) = (
        world.publish(publisher, camera(&[])),
        world.publish(publisher, microphone()),
    );
    world.subscribe(viewer, video, Kind::Video);
    world.subscribe(viewer, audio, Kind::Audio);
    Camera::new(publisher, &[]).film(&mut world, 5);
    sound(&mut world, publisher, 5, 0);
    let numbers: Vec<u16> = world.people[viewer]
        .rtp
        .iter()
        .map(|rtp| rtp.transport_sequence.expect("negotiated"))
        .collect();
    assert_eq!(
        numbers,
        (0..35).collect::<Vec<u16>>(),
        "one count over all that is sent"
    );
    assert!(
        world.people[viewer]
            .rtp
            .iter()
            .all(|rtp| rtp.abs_send_time.is_some())
    );
}

#[test]
fn packets_that_overtake_each_other_keep_their_numbers() {
    let mut world = World::new(6);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut encoding = Encoding::new(0, None);
    let from = world.people[publisher].address;
    for frame in 0..20 {
        let mut packets = encoding.frame(&mut world.people[publisher], frame == 0, 6);
        let last = packets.split_off(3);
        // The second half comes first, each half a batch of its own.
        for half in [last, packets] {
            world.inject(half.into_iter().map(|data| (from, data)).collect());
            world.advance(5);
        }
    }
    let stream = world.people[viewer].stream(ssrc);
    assert_unbroken(&stream);
    assert_eq!(
        stream.len(),
        20 * 6,
        "also of the first frame, whose start came last"
    );
}

#[test]
fn many_subscribers_get_the_same_bytes_under_different_keys() {
    let mut world = World::new(7);
    let publisher = world.join(PROFILES[0]);
    let track = world.publish(publisher, camera(&[]));
    let viewers: Vec<(usize, u32)> = (0..10)
        .map(|index| {
            let viewer = world.join(PROFILES[index % 2]);
            (viewer, world.subscribe(viewer, track, Kind::Video).1)
        })
        .collect();
    Camera::new(publisher, &[]).film(&mut world, 10);
    for (viewer, ssrc) in viewers {
        let stream = world.people[viewer].stream(ssrc);
        assert_unbroken(&stream);
        assert_eq!(stream.len(), 60);
        assert_eq!(content(&stream[59].payload).frame, 10);
    }
    assert_eq!(world.engine.stats().rtp_forwarded, 600);
}

#[test]
fn a_muted_track_is_not_forwarded_and_comes_back_with_a_key_frame() {
    let mut world = World::new(8);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 20);
    world.command(Command::SetTrackMuted(track, true));
    let before = world.people[viewer].rtp.len();
    film.film(&mut world, 20);
    assert_eq!(world.people[viewer].rtp.len(), before, "nothing while muted");
    let asked = world.people[publisher].picture_losses(film.encodings[0].ssrc);
    world.command(Command::SetTrackMuted(track, false));
    assert_eq!(
        world.people[publisher].picture_losses(film.encodings[0].ssrc),
        asked + 1,
        "asked for at once"
    );
    film.film(&mut world, 20);
    let stream = world.people[viewer].stream(ssrc);
    assert_unbroken(&stream);
    assert_eq!(stream.len(), before + 20 * 6);
}

#[test]
fn a_paused_subscription_gets_nothing_and_others_go_on() {
    let mut world = World::new(9);
    let people = [
        world.join(PROFILES[0]),
        world.join(PROFILES[0]),
        world.join(PROFILES[0]),
    ];
    let track = world.publish(people[0], camera(&[]));
    let (pausing, ssrc) = world.subscribe(people[1], track, Kind::Video);
    let (_, other) = world.subscribe(people[2], track, Kind::Video);
    let mut film = Camera::new(people[0], &[]);
    film.film(&mut world, 10);
    world.command(Command::SetPaused(pausing, true));
    film.film(&mut world, 10);
    assert_eq!(world.people[people[1]].rtp.len(), 60);
    world.command(Command::SetPaused(pausing, false));
    film.film(&mut world, 20);
    assert_unbroken(&world.people[people[1]].stream(ssrc));
    assert_unbroken(&world.people[people[2]].stream(other));
    assert_eq!(world.people[people[1]].rtp.len(), 60 + 120);
    assert_eq!(world.people[people[2]].rtp.len(), 240);
}

#[test]
fn a_publisher_that_goes_on_under_another_ssrc_is_followed() {
    let mut world = World::new(10);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 10);
    let late = film.encodings[0].packet(&mut world.people[publisher], true, &[0x10, 1]);
    let mut next = Camera::new(publisher, &[]);
    next.encodings[0].ssrc = 0xbbbb;
    next.film(&mut world, 5);
    world.send_from(publisher, vec![late]);
    assert_eq!(
        world.engine.stats().dropped_unknown_ssrc,
        1,
        "the old one is over"
    );
    next.film(&mut world, 5);
    let stream = world.people[viewer].stream(ssrc);
    assert_unbroken(&stream);
    assert_eq!(stream.len(), 120);
    assert_eq!(world.people[viewer].refused, 0);
}

#[test]
fn a_publisher_that_leaps_in_its_numbers_is_followed_from_a_key_frame_on_without_a_gap() {
    let mut world = World::new(14);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    for _ in 0..3 {
        let encoding = &mut film.encodings[0];
        encoding.sequence_number = encoding.sequence_number.wrapping_add(30_000);
        let before = world.people[viewer].stream(ssrc).len();
        film.film(&mut world, 40);
        let stream = world.people[viewer].stream(ssrc);
        assert_unbroken(&stream);
        assert!(
            stream.len() > before + 60,
            "it goes on: {} of 240",
            stream.len() - before
        );
    }
    assert_eq!(world.people[viewer].refused, 0);
}

#[test]
fn a_track_with_an_ssrc_in_its_description_needs_no_mid() {
    let mut world = World::new(11);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let mut config = camera(&[]);
    config.ssrc = Some(0xaa00);
    let mut second = camera(&[]);
    second.mid = "5".into();
    let track = world.publish(publisher, config);
    world.publish(publisher, second);
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.encodings[0].named = false;
    film.film(&mut world, 3);
    assert_unbroken(&world.people[viewer].stream(ssrc));

    // Without either, two m-lines of one payload type leave it open whose it is.
    let mut unnamed = Camera::new(publisher, &[]);
    unnamed.encodings[0].ssrc = 0xcccc;
    unnamed.encodings[0].named = false;
    unnamed.film(&mut world, 1);
    assert_eq!(world.engine.stats().dropped_unknown_ssrc, 6);
}

#[test]
fn an_unambiguous_payload_type_is_enough() {
    let mut world = World::new(12);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    world.publish(publisher, microphone());
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.encodings[0].named = false;
    film.film(&mut world, 3);
    assert_unbroken(&world.people[viewer].stream(ssrc));
}

#[test]
fn a_new_subscription_under_a_used_ssrc_goes_on_with_its_numbers() {
    let mut world = World::new(13);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let config = subscription(4000, Kind::Video);
    let first = world.subscribe_as(viewer, track, config.clone());
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 10);
    let last = world.people[viewer].stream(4000).last().unwrap().sequence_number;
    world.command(Command::AddSubscription(
        99,
        viewer as u32,
        track,
        Box::new(config.clone()),
    ));
    assert_eq!(
        world.engine.stats().commands_ignored,
        1,
        "an SSRC serves one subscription at a time"
    );
    world.command(Command::RemoveSubscription(first));
    world.subscribe_as(viewer, track, config);
    film.film(&mut world, 10);
    assert_eq!(
        world.people[viewer].refused, 0,
        "no index twice: a receiver would take it for a replay"
    );
    let next = world.people[viewer]
        .rtp
        .iter()
        .find(|rtp| rtp.sequence_number == last.wrapping_add(1));
    assert!(next.is_some_and(|rtp| content(&rtp.payload).key));
}

#[test]
fn layers_that_start_and_stop_are_told() {
    let mut world = World::new(14);
    let publisher = world.join(PROFILES[0]);
    let track = world.publish(publisher, camera(&[]));
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    assert!(world.events.contains(&Event::LayerStarted { track, layer: 0 }));
    assert!(!world.events.contains(&Event::LayerStopped { track, layer: 0 }));
    world.advance(2_200);
    assert!(world.events.contains(&Event::LayerStopped { track, layer: 0 }));
    world.events.clear();
    film.film(&mut world, 1);
    assert!(world.events.contains(&Event::LayerStarted { track, layer: 0 }));
}
