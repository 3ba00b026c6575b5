//! Which address a transport has, and who may use it (RFC 8445, RFC 7675).

mod harness;

use std::net::SocketAddr;

use harness::endpoint::binding_request;
use harness::video::{Camera, assert_unbroken};
use harness::{World, camera};
use parley_engine::{Command, Credentials, Event, Kind, Profile, Remote};

const GCM: Profile = Profile::AeadAes128Gcm;

fn udp(address: ([u8; 4], u16)) -> Remote {
    Remote::udp(SocketAddr::from(address))
}

fn connected(world: &World) -> Vec<(u32, Remote)> {
    world
        .events
        .iter()
        .filter_map(|event| match event {
            Event::TransportConnected { transport, remote } => Some((*transport, *remote)),
            _ => None,
        })
        .collect()
}

#[test]
fn an_authentic_nominated_check_connects_and_is_answered() {
    let mut world = World::new(1);
    let who = world.join(GCM);
    assert_eq!(connected(&world), [(0, world.people[who].address)]);
    let before = world.people[who].stun_answers;
    world.advance(10_000);
    assert!(
        world.people[who].stun_answers >= before + 3,
        "consent checks are answered"
    );
    assert_eq!(connected(&world).len(), 1, "and are no news");
}

#[test]
fn a_forged_check_is_dropped_without_an_answer() {
    let mut world = World::new(2);
    world.join(GCM);
    let stranger = udp(([10, 9, 9, 9], 1));
    for (ufrag, pwd) in [
        ("ufrag0", "not-the-password-of-anybody"),
        ("unknown", "not-the-password-of-anybody"),
    ] {
        world.inject(vec![(stranger, binding_request(ufrag, pwd, true))]);
    }
    let stats = world.engine.stats();
    assert_eq!(
        (stats.dropped_stun_integrity, stats.dropped_unknown_address),
        (1, 1)
    );
    assert_eq!(connected(&world).len(), 1);
}

#[test]
fn dtls_is_passed_up_only_from_a_checked_address() {
    let mut world = World::new(3);
    let who = world.meet(GCM);
    let record = vec![22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9];
    world.inject(vec![
        (udp(([10, 9, 9, 9], 1)), record.clone()),
        (world.people[who].address, record.clone()),
    ]);
    let dtls: Vec<&Event> = world
        .events
        .iter()
        .filter(|event| matches!(event, Event::DtlsReceived { .. }))
        .collect();
    assert_eq!(
        dtls,
        [&Event::DtlsReceived {
            transport: 0,
            data: record
        }]
    );
    assert_eq!(world.engine.stats().dropped_unknown_address, 1);
}

#[test]
fn media_follows_a_nomination_to_another_address() {
    let mut world = World::new(4);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 10);
    let moved = udp(([10, 7, 7, 7], 7777));
    // A check alone tries a way; only a nomination takes it.
    let check = world.people[viewer].check(false);
    world.inject(vec![(moved, check)]);
    film.film(&mut world, 5);
    assert_eq!(world.people[viewer].rtp.len(), 15 * 6);
    world.people[viewer].address = moved;
    let check = world.people[viewer].check(true);
    world.inject(vec![(moved, check)]);
    film.film(&mut world, 5);
    assert_unbroken(&world.people[viewer].stream(ssrc));
    assert_eq!(world.people[viewer].rtp.len(), 20 * 6);
    assert_eq!(connected(&world).last(), Some(&(viewer as u32, moved)));
}

#[test]
fn a_transport_that_flutters_is_followed_and_seldom_told_of() {
    let mut world = World::new(4);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let before = connected(&world).len();
    let check = world.people[viewer].check(true);
    for number in 0..1_000 {
        let moved = udp(([10, 7, 7, 7], 7000 + number % 2));
        world.people[viewer].address = moved;
        world.inject(vec![(moved, check.clone())]);
    }
    let told = connected(&world).len() - before;
    assert!((2..=10).contains(&told), "told of {told} times");
    Camera::new(publisher, &[]).film(&mut world, 5);
    assert_unbroken(&world.people[viewer].stream(ssrc));
    assert_eq!(world.people[viewer].rtp.len(), 5 * 6);
    // Who moves once is told of again.
    world.advance(2_000);
    let moved = udp(([10, 8, 8, 8], 8888));
    world.people[viewer].address = moved;
    world.inject(vec![(moved, check)]);
    assert_eq!(connected(&world).last(), Some(&(viewer as u32, moved)));
}

#[test]
fn nobody_takes_the_address_of_another_by_a_forged_source() {
    let mut world = World::new(5);
    let (publisher, viewer, other) = (world.join(GCM), world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    let address = world.people[publisher].address;
    let before = (connected(&world), world.engine.stats());
    // Of a participant, authentic; and of a stranger.
    for nominates in [false, true] {
        let check = world.people[other].check(nominates);
        world.inject(vec![(address, check)]);
        let forged = binding_request("ufrag2", "not-the-password-of-anybody", nominates);
        world.inject(vec![(address, forged)]);
    }
    film.film(&mut world, 3);
    assert_unbroken(&world.people[viewer].stream(ssrc));
    assert_eq!(world.people[viewer].rtp.len(), 36);
    let stats = world.engine.stats();
    assert_eq!(
        stats.dropped_unknown_address - before.1.dropped_unknown_address,
        2
    );
    assert_eq!(stats.dropped_stun_integrity - before.1.dropped_stun_integrity, 2);
    assert_eq!(stats.stun_answered, before.1.stun_answered, "nobody is answered");
    assert_eq!(connected(&world), before.0, "nor moved");
}

#[test]
fn the_address_of_a_lost_transport_is_free() {
    let mut world = World::new(5);
    let (gone, other) = (world.join(GCM), world.join(GCM));
    let address = world.people[gone].address;
    world.people[gone].checks = false;
    world.advance(10_000);
    let check = world.people[other].check(true);
    world.inject(vec![(address, check.clone())]);
    assert_eq!(connected(&world).len(), 2, "it may still be there");
    world.advance(7_000);
    world.inject(vec![(address, check)]);
    assert_eq!(connected(&world).last(), Some(&(other as u32, address)));
}

#[test]
fn an_address_that_a_transport_has_left_is_free() {
    let mut world = World::new(5);
    let (moving, other) = (world.join(GCM), world.join(GCM));
    let (left, moved) = (world.people[moving].address, udp(([10, 7, 7, 7], 7777)));
    world.people[moving].address = moved;
    let check = world.people[moving].check(true);
    world.inject(vec![(moved, check)]);
    let check = world.people[other].check(true);
    world.inject(vec![(left, check)]);
    assert_eq!(connected(&world).last(), Some(&(other as u32, left)));
}

#[test]
fn a_transport_without_checks_is_lost_and_comes_back() {
    let mut world = World::new(6);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (_, ssrc) = world.subscribe(viewer, track, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    world.people[viewer].checks = false;
    world.advance(17_000);
    let lost = Event::TransportLost {
        transport: viewer as u32,
    };
    assert_eq!(world.events.iter().filter(|event| **event == lost).count(), 1);
    let before = world.people[viewer].rtp.len();
    film.film(&mut world, 3);
    assert_eq!(world.people[viewer].rtp.len(), before, "nothing without consent");
    world.people[viewer].checks = true;
    film.film(&mut world, 30);
    assert_eq!(connected(&world).len(), 3);
    let stream = world.people[viewer].stream(ssrc);
    assert!(stream.len() > before + 20 * 6);
}

#[test]
fn a_lost_transport_comes_back_with_a_check_that_does_not_nominate() {
    let mut world = World::new(6);
    let who = world.join(GCM);
    world.people[who].checks = false;
    world.advance(17_000);
    let before = connected(&world).len();
    let elsewhere = udp(([10, 7, 7, 7], 7777));
    let check = world.people[who].check(false);
    world.inject(vec![(elsewhere, check.clone())]);
    assert_eq!(connected(&world).len(), before, "another way must be nominated");
    world.inject(vec![(world.people[who].address, check)]);
    assert_eq!(connected(&world).len(), before + 1);
}

#[test]
fn after_an_ice_restart_the_old_way_holds_until_the_new_one_is_nominated() {
    let mut world = World::new(7);
    let who = world.join(GCM);
    let old = world.people[who].check(true);
    let next = Credentials {
        ufrag: "anew".into(),
        pwd: "another-password-entirely".into(),
    };
    world.command(Command::RestartIce(who as u32, next));
    let moved = udp(([10, 7, 7, 7], 7777));
    let from = world.people[who].address;
    let answered = |world: &World| world.engine.stats().stun_answered;
    let before = answered(&world);
    world.inject(vec![(from, old.clone())]);
    world.inject(vec![(
        moved,
        binding_request("anew", "another-password-entirely", false),
    )]);
    world.inject(vec![(from, old.clone())]);
    assert_eq!(answered(&world), before + 3, "both sets hold");
    world.inject(vec![(
        moved,
        binding_request("anew", "another-password-entirely", true),
    )]);
    assert_eq!(connected(&world).last(), Some(&(0, moved)));
    world.inject(vec![(from, old)]);
    assert_eq!(answered(&world), before + 4, "the old set is over");
}

#[test]
fn what_is_removed_is_gone_with_all_that_hangs_on_it() {
    let mut world = World::new(8);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    let (subscription, _) = world.subscribe(viewer, track, Kind::Video);
    world.command(Command::RemoveTransport(publisher as u32));
    let stats = world.engine.stats();
    assert_eq!((stats.transports, stats.tracks, stats.subscriptions), (1, 0, 0));
    world.command(Command::RemoveSubscription(subscription));
    world.command(Command::SetTrackMuted(track, true));
    assert_eq!(
        world.engine.stats().commands_ignored,
        2,
        "late commands are counted"
    );
    Camera::new(publisher, &[]).film(&mut world, 2);
    assert_eq!(
        world.engine.stats().dropped_unknown_address,
        13,
        "12 packets and a check"
    );
}

/// A viewer who is reached by a connection, and sees a film.
fn watching_by_tcp(seed: u64) -> (World, usize, Remote, Camera) {
    let mut world = World::new(seed);
    let (publisher, viewer) = (world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&[]));
    world.subscribe(viewer, track, Kind::Video);
    let connection = Remote::tcp(1, SocketAddr::from(([10, 7, 7, 7], 7777)));
    world.people[viewer].address = connection;
    let check = world.people[viewer].check(true);
    world.inject(vec![(connection, check)]);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 3);
    (world, viewer, connection, film)
}

#[test]
fn when_a_connection_closes_media_goes_by_another_way_that_has_consent() {
    let (mut world, viewer, connection, mut film) = watching_by_tcp(9);
    assert_eq!(connected(&world).last(), Some(&(viewer as u32, connection)));
    assert_eq!(world.people[viewer].rtp.len(), 18);
    assert!(world.engine.knows(connection));
    world.close(connection);
    assert!(!world.engine.knows(connection));
    let before = udp(([10, 0, 0, 1], 5000 + viewer as u16));
    assert_eq!(connected(&world).last(), Some(&(viewer as u32, before)));
    world.people[viewer].address = before;
    film.film(&mut world, 3);
    assert_eq!(world.people[viewer].rtp.len(), 36);
}

#[test]
fn a_client_may_connect_anew_before_its_transport_is_lost() {
    let (mut world, viewer, connection, mut film) = watching_by_tcp(10);
    // The way by UDP has no consent any more; that by TCP is checked all the time.
    world.advance(16_000);
    world.close(connection);
    world.people[viewer].checks = false;
    world.advance(2_000);
    let next = Remote::tcp(2, connection.address());
    world.people[viewer].address = next;
    let check = world.people[viewer].check(false);
    world.inject(vec![(next, check)]);
    let before = world.people[viewer].rtp.len();
    film.film(&mut world, 3);
    assert!(
        world.people[viewer].rtp.len() >= before + 6,
        "from the next key frame on"
    );
    let lost = Event::TransportLost {
        transport: viewer as u32,
    };
    assert!(!world.events.contains(&lost));
    world.close(next);
    world.advance(3_200);
    assert!(world.events.contains(&lost));
    let check = world.people[viewer].check(false);
    world.inject(vec![(next, check)]);
    assert_eq!(
        connected(&world).last(),
        Some(&(viewer as u32, next)),
        "any check brings it back"
    );
}

#[test]
fn a_closed_connection_is_nothing_to_who_has_left_it() {
    let (mut world, viewer, connection, mut film) = watching_by_tcp(11);
    let back = udp(([10, 0, 0, 1], 5000 + viewer as u16));
    world.people[viewer].address = back;
    let check = world.people[viewer].check(true);
    world.inject(vec![(back, check)]);
    let before = connected(&world);
    world.close(connection);
    world.close(Remote::tcp(77, connection.address()));
    assert_eq!(connected(&world), before);
    film.film(&mut world, 3);
    assert_eq!(world.people[viewer].rtp.len(), 36);
}
