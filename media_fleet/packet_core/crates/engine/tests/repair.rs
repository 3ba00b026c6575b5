//! Lost packets come again: asked of publishers, sent again to subscribers, each way over a network that loses some.

mod harness;

use harness::video::{Camera, assert_unbroken};
use harness::{Feedback, Path, World, camera, subscription};
use parley_engine::{Kind, Profile};

const PROFILES: [Profile; 2] = [Profile::AeadAes128Gcm, Profile::Aes128CmHmacSha1_80];
const SSRC: u32 = 0xaa00;

#[test]
fn what_is_lost_towards_the_node_is_asked_for_and_repaired_by_rtx() {
    for profile in PROFILES {
        let mut world = World::new(1);
        let (publisher, viewer) = (world.join(profile), world.join(profile));
        world.people[publisher].answers_nacks = true;
        let track = world.publish(publisher, camera(&[]));
        let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
        let mut film = Camera::new(publisher, &[]);
        film.film(&mut world, 5);
        world.loss_up = 5;
        film.film(&mut world, 200);
        world.loss_up = 0;
        film.film(&mut world, 30);
        let stream = world.people[viewer].stream(ssrc);
        assert_unbroken(&stream);
        assert_eq!(stream.len(), 235 * 6);
        let stats = world.engine.stats();
        assert!(stats.rtx_received >= 40, "{stats:?}");
        assert!(stats.nacks_sent >= stats.rtx_received);
        let layer = world.engine.track_stats(track)[0];
        assert!(layer.packets_lost >= 40 && layer.nacks_sent == stats.nacks_sent);
    }
}

#[test]
fn where_much_is_lost_a_repair_is_sent_twice_and_where_little_is_once() {
    for (loss, least, most) in [(1, 1.0, 1.2), (10, 1.7, 2.3)] {
        let mut world = World::new(3);
        let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
        world.people[viewer].asks_again = true;
        world.people[viewer].path = Some(Path::of(20_000_000));
        let track = world.publish(publisher, camera(&[]));
        let (subscription, ssrc) = world.subscribe(viewer, track, Kind::Video);
        let mut film = Camera::new(publisher, &[]);
        world.loss_down = loss;
        film.film(&mut world, 60);
        let before = world.engine.subscription_stats(subscription).unwrap();
        let repaired_before = repaired(&world, viewer, ssrc);
        film.film(&mut world, 300);
        let after = world.engine.subscription_stats(subscription).unwrap();
        let sent = (after.retransmissions_sent - before.retransmissions_sent) as f64;
        let copies = sent / (repaired(&world, viewer, ssrc) - repaired_before) as f64;
        assert!(
            (least..most).contains(&copies),
            "{loss} %: {copies} for each repair"
        );
        world.loss_down = 0;
        film.film(&mut world, 30);
        assert_unbroken(&world.people[viewer].stream(ssrc));
    }
}

#[test]
fn who_watches_what_is_lost_on_either_path_is_told_to_wait_for_repairs() {
    for (up, down, is_told) in [(0, 0, false), (0, 10, true), (10, 0, true), (10, 10, true)] {
        let mut world = World::new(3);
        let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
        world.people[viewer].path = Some(Path::of(20_000_000));
        let track = world.publish(publisher, camera(&[]));
        let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
        (world.loss_up, world.loss_down) = (up, down);
        Camera::new(publisher, &[]).film(&mut world, 300);
        let stream = world.people[viewer].stream(ssrc);
        let delays: Vec<_> = stream.iter().map(|rtp| rtp.playout_delay.clone()).collect();
        assert_eq!(delays[0], None, "nothing is known yet");
        // The time to notice, and two round trips where there are any, in 10 ms; up to 10 s.
        let told = delays.last().unwrap().as_ref().map(|value| {
            assert_eq!((value[1] & 0xf, value[2]), (0x03, 0xe8));
            u32::from(value[0]) << 4 | u32::from(value[1] >> 4)
        });
        assert_eq!(told.is_some(), is_told, "{up} % and {down} %");
        assert!(told.is_none_or(|least| (6..=30).contains(&least)), "{told:?}");
    }
}

#[test]
fn repairs_do_not_fill_a_path_that_is_full() {
    let mut world = World::new(7);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    world.people[viewer].asks_again = true;
    world.people[viewer].path = Some(Path::of(4_000_000));
    let track = world.publish(publisher, camera(&["q", "h", "f"]));
    let (subscription, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &["q", "h", "f"]);
    film.packets = vec![1, 2, 6];
    film.film(&mut world, 150);
    let path = world.people[viewer].path.as_mut().unwrap();
    path.rate = 300_000;
    let (dropped, entered) = (path.dropped, path.waits.len());
    film.film(&mut world, 180);
    let path = world.people[viewer].path.as_ref().unwrap();
    let dropped = path.dropped - dropped;
    let stats = world.engine.subscription_stats(subscription).unwrap();
    assert!(dropped > 0, "it was overfilled");
    assert!(
        stats.retransmissions_sent <= dropped as u64,
        "{} sent again for {dropped} that were dropped, beside {} that came",
        stats.retransmissions_sent,
        path.waits.len() - entered
    );
    // Each of them once at the most.
    let stream = world.people[viewer].stream(ssrc);
    let mut repairs: Vec<u16> = stream
        .iter()
        .filter(|rtp| rtp.by_rtx)
        .map(|rtp| rtp.sequence_number)
        .collect();
    let count = repairs.len();
    repairs.sort_unstable();
    repairs.dedup();
    assert_eq!(repairs.len(), count, "nothing comes twice");
}

#[test]
fn repairs_without_a_stream_of_their_own_are_repeated_when_they_are_lost() {
    let mut world = World::new(5);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    world.people[viewer].path = Some(Path::of(20_000_000));
    let track = world.publish(publisher, camera(&[]));
    let mut config = subscription(9_000, Kind::Video);
    (config.rtx_ssrc, config.rtx_payload_type) = (None, None);
    let id = world.subscribe_as(viewer, track, config);
    let mut film = Camera::new(publisher, &[]);
    film.packets = vec![3];
    film.film(&mut world, 60);
    let sent_again = |world: &World| world.engine.subscription_stats(id).unwrap().retransmissions_sent;
    world.advance(100);
    // It has been lost, and so has its repair.
    let lost = world.people[viewer]
        .stream(9_000)
        .last()
        .unwrap()
        .sequence_number
        .wrapping_add(1);
    world.loss_down = 100;
    film.film(&mut world, 1);
    for asked in 1..=2 {
        let request = world.people[viewer].rtcp(|writer| writer.nack(2, 9_000, &[lost]));
        world.send_from(viewer, vec![request]);
        assert_eq!(sent_again(&world), asked);
        world.loss_down = 0;
        film.film(&mut world, 15);
    }
    assert!(
        world.people[viewer]
            .stream(9_000)
            .iter()
            .any(|rtp| rtp.sequence_number == lost)
    );
}

fn repaired(world: &World, viewer: usize, ssrc: u32) -> usize {
    let stream = world.people[viewer].stream(ssrc);
    stream.iter().filter(|rtp| rtp.by_rtx).count()
}

#[test]
fn what_is_lost_towards_a_subscriber_is_sent_again_by_rtx() {
    for profile in PROFILES {
        let mut world = World::new(2);
        let (publisher, viewer) = (world.join(profile), world.join(profile));
        world.people[viewer].asks_again = true;
        let track = world.publish(publisher, camera(&[]));
        let (subscription, ssrc) = world.subscribe(viewer, track, Kind::Video);
        let mut film = Camera::new(publisher, &[]);
        film.film(&mut world, 5);
        world.loss_down = 5;
        film.film(&mut world, 200);
        world.loss_down = 0;
        film.film(&mut world, 30);
        let stream = world.people[viewer].stream(ssrc);
        assert_unbroken(&stream);
        assert_eq!(stream.len(), 235 * 6);
        let repaired = stream.iter().filter(|rtp| rtp.by_rtx).count();
        assert!(repaired >= 30, "{repaired}");
        let stats = world.engine.subscription_stats(subscription).unwrap();
        assert!(stats.retransmissions_sent >= repaired as u64);
        assert_eq!(world.people[viewer].refused, 0);
    }
}

#[test]
fn both_ways_at_once_and_with_layers_switched_the_picture_is_whole() {
    let mut world = World::new(3);
    let people: Vec<usize> = (0..3).map(|_| world.join(PROFILES[0])).collect();
    world.people[0].answers_nacks = true;
    let track = world.publish(0, camera(&["q", "h", "f"]));
    let watching: Vec<(u32, u32)> = people[1..]
        .iter()
        .map(|viewer| {
            world.people[*viewer].asks_again = true;
            world.subscribe(*viewer, track, Kind::Video)
        })
        .collect();
    let mut film = Camera::new(0, &["q", "h", "f"]);
    film.film(&mut world, 10);
    (world.loss_up, world.loss_down) = (3, 3);
    for wanted in [Some(0), None, Some(1), Some(0), None] {
        world.command(parley_engine::Command::SetWantedLayer(watching[0].0, wanted));
        film.film(&mut world, 40);
    }
    (world.loss_up, world.loss_down) = (0, 0);
    film.film(&mut world, 60);
    assert_unbroken_but_for_switches(&world, people[1], watching[0].1);
    assert_unbroken_but_for_switches(&world, people[2], watching[1].1);
}

/// A packet of the old layer that was repaired only after the switch stays missing; the key frame makes up for it.
fn assert_unbroken_but_for_switches(world: &World, viewer: usize, ssrc: u32) {
    let stream = world.people[viewer].stream(ssrc);
    let start = stream
        .iter()
        .rposition(|rtp| {
            harness::video::content(&rtp.payload).key && harness::video::content(&rtp.payload).packet == 0
        })
        .unwrap();
    assert_unbroken(&stream[start..]);
    let expected = stream
        .last()
        .unwrap()
        .sequence_number
        .wrapping_sub(stream[0].sequence_number);
    let missing = usize::from(expected) + 1 - stream.len();
    assert!(missing <= 30, "{missing} of {expected} never came");
    assert_eq!(world.people[viewer].refused, 0, "and no index was used twice");
}

#[test]
fn without_rtx_the_same_bytes_are_sent_again() {
    let mut world = World::new(4);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let mut config = subscription(9000, Kind::Video);
    (config.rtx_ssrc, config.rtx_payload_type) = (None, None);
    world.subscribe_as(viewer, track, config);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    let to = world.people[viewer].address;
    world.record = true;
    film.film(&mut world, 1);
    let sent: Vec<Vec<u8>> = world.recorded_to(to);
    let numbers: Vec<u16> = sent
        .iter()
        .map(|packet| u16::from_be_bytes([packet[2], packet[3]]))
        .collect();
    let nack = world.people[viewer].rtcp(|writer| writer.nack(2, 9000, &numbers));
    world.send_from(viewer, vec![nack]);
    let again = world.recorded_to(to);
    assert_eq!(sent.len(), 6);
    assert_eq!(
        again, sent,
        "one nonce never protects two texts, padding and send times included"
    );
}

#[test]
fn a_packet_is_not_sent_twice_within_a_round_trip() {
    let mut world = World::new(5);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    Camera::new(publisher, &[]).film(&mut world, 3);
    let last = world.people[viewer].stream(ssrc).last().unwrap().sequence_number;
    for _ in 0..50 {
        let nack = world.people[viewer].rtcp(|writer| writer.nack(2, ssrc, &[last]));
        world.send_from(viewer, vec![nack]);
    }
    assert_eq!(world.engine.stats().rtx_sent, 1);
    assert_eq!(world.engine.stats().nacks_received, 50);
}

#[test]
fn a_packet_is_not_sent_again_without_end() {
    let mut world = World::new(5);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    Camera::new(publisher, &[]).film(&mut world, 3);
    let last = world.people[viewer].stream(ssrc).last().unwrap().sequence_number;
    for _ in 0..20 {
        let nack = world.people[viewer].rtcp(|writer| writer.nack(2, ssrc, &[last]));
        world.send_from(viewer, vec![nack]);
        world.advance(300);
    }
    assert_eq!(world.engine.stats().rtx_sent, 5);
}

#[test]
fn what_was_never_sent_or_is_long_gone_is_not_sent_again() {
    let mut world = World::new(6);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let before = world.people[viewer].rtcp(|writer| writer.nack(2, ssrc, &[1, 2, 3]));
    world.send_from(viewer, vec![before]);
    Camera::new(publisher, &[]).film(&mut world, 200);
    let stream = world.people[viewer].stream(ssrc);
    let (first, last) = (stream[0].sequence_number, stream.last().unwrap().sequence_number);
    let numbers = [
        first,
        first.wrapping_add(1),
        last.wrapping_add(1),
        last.wrapping_add(30_000),
    ];
    let nack = world.people[viewer].rtcp(|writer| writer.nack(2, ssrc, &numbers));
    world.send_from(viewer, vec![nack]);
    assert_eq!(world.engine.stats().rtx_sent, 0);
}

#[test]
fn loss_that_nobody_repairs_ends_in_a_key_frame() {
    let mut world = World::new(7);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 30);
    let before = world.people[publisher].picture_losses(SSRC);
    world.loss_up = 100;
    film.film(&mut world, 1);
    world.loss_up = 0;
    // The viewer asks for nothing: the node knows by itself.
    film.film(&mut world, 60);
    assert_eq!(world.people[publisher].picture_losses(SSRC), before + 1);
    let stream = world.people[viewer].stream(ssrc);
    let key = stream
        .iter()
        .rposition(|rtp| {
            let content = harness::video::content(&rtp.payload);
            content.key && content.packet == 0
        })
        .unwrap();
    assert!(key > 0);
    assert_unbroken(&stream[key..]);
}

/// Loses the second packet of a frame and answers the requests for it `path_ms` after the first one; tells how many there were.
fn requests_for_a_lost_packet(world: &mut World, film: &mut Camera, path_ms: u64) -> usize {
    let publisher = film.who;
    let mut frame = film.encodings[0].frame(&mut world.people[publisher], false, film.packets[0]);
    let lost = film.encodings[0].sequence_number.wrapping_sub(5);
    frame.remove(1);
    world.people[publisher].feedback.clear();
    world.send_from(publisher, frame);
    world.advance(10 + path_ms);
    let requests = world.people[publisher]
        .feedback
        .iter()
        .filter(|(_, feedback)| *feedback == Feedback::Nack(SSRC, vec![lost]))
        .count();
    let answer = world.people[publisher].retransmission(SSRC, lost).unwrap();
    world.send_from(publisher, vec![answer]);
    film.film(world, 3);
    requests
}

#[test]
fn on_a_long_path_a_packet_is_asked_for_once() {
    let mut world = World::new(10);
    let publisher = world.join(PROFILES[0]);
    world.publish(publisher, camera(&[]));
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    let requests: Vec<usize> = (0..6)
        .map(|_| requests_for_a_lost_packet(&mut world, &mut film, 180))
        .collect();
    assert_eq!(requests, [2, 1, 1, 1, 1, 1], "the path is not known at first");
}

#[test]
fn on_a_short_path_a_packet_is_asked_for_again_soon() {
    let mut world = World::new(11);
    let publisher = world.join(PROFILES[0]);
    world.publish(publisher, camera(&[]));
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    for _ in 0..10 {
        assert_eq!(requests_for_a_lost_packet(&mut world, &mut film, 25), 1);
    }
    // 25 ms and some variation: again after some 35 ms, then twice that.
    assert_eq!(requests_for_a_lost_packet(&mut world, &mut film, 100), 2);
    assert_eq!(requests_for_a_lost_packet(&mut world, &mut film, 25), 1);
    assert_eq!(requests_for_a_lost_packet(&mut world, &mut film, 150), 3);
}

#[test]
fn overtaken_packets_say_nothing_of_the_round_trip() {
    let mut world = World::new(12);
    let publisher = world.join(PROFILES[0]);
    world.publish(publisher, camera(&[]));
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    for _ in 0..10 {
        let mut frame = film.encodings[0].frame(&mut world.people[publisher], false, 6);
        let overtaken = frame.remove(1);
        world.send_from(publisher, frame);
        world.advance(15);
        world.send_from(publisher, vec![overtaken]);
        world.advance(18);
    }
    // Else requests would be repeated every 20 ms.
    assert_eq!(requests_for_a_lost_packet(&mut world, &mut film, 90), 1);
}

#[test]
fn a_break_too_great_to_repair_asks_for_a_key_frame_at_once() {
    let mut world = World::new(8);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 30);
    let before = world.people[publisher].picture_losses(SSRC);
    film.encodings[0].sequence_number = film.encodings[0].sequence_number.wrapping_add(3000);
    film.film(&mut world, 1);
    assert_eq!(world.people[publisher].picture_losses(SSRC), before + 1);
    let asked = world.people[publisher]
        .feedback
        .iter()
        .any(|(_, feedback)| matches!(feedback, Feedback::Nack(..)));
    assert!(!asked, "nobody asks for three thousand packets");
}

#[test]
fn rtx_before_any_media_is_no_trouble() {
    let mut world = World::new(9);
    let (publisher, viewer) = (world.join(PROFILES[0]), world.join(PROFILES[0]));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    let probes = (0..5)
        .map(|index| {
            let fields = parley_wire::rtp::HeaderFields {
                marker: false,
                payload_type: harness::VIDEO_RTX,
                sequence_number: 900 + index,
                timestamp: 0,
                ssrc: film.encodings[0].rtx_ssrc(),
            };
            world.people[publisher].packet_with_padding(&fields, &[(1, b"0")], &[], 250)
        })
        .collect();
    world.send_from(publisher, probes);
    world.advance(100);
    let feedback = world.people[publisher].feedback.iter();
    assert!(
        feedback
            .clone()
            .any(|(_, feedback)| matches!(feedback, Feedback::TransportCc(_))),
        "probes are fed back on from the first packet on"
    );
    film.film(&mut world, 10);
    assert_unbroken(&world.people[viewer].stream(ssrc));
}
