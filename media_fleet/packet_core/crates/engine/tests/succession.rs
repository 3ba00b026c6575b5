//! A track takes another one's place, as when its publisher moves to another node: who watches sees one unbroken stream.

mod harness;

use harness::video::{Camera, assert_unbroken, content};
use harness::{World, camera, microphone};
use parley_engine::{Command, Event, Id, Kind, Profile};
use parley_wire::rtp::HeaderFields;

const GCM: Profile = Profile::AeadAes128Gcm;

/// Publishes a second time what somebody else publishes, over a transport of its own; films with the other camera meanwhile.
fn publish_again(world: &mut World, rids: &[&'static str]) -> (Id, Camera) {
    let again = world.join(GCM);
    let mut film = Camera::new(again, rids);
    film.starts_with_key_frame = false;
    (world.publish(again, camera(rids)), film)
}

fn succeeded(world: &World, track: Id) -> bool {
    world.events.contains(&Event::TrackSucceeded { track })
}

#[test]
fn the_former_goes_on_until_the_new_one_has_a_key_frame() {
    let mut world = World::new(1);
    let publisher = world.join(GCM);
    let former = world.publish(publisher, camera(&[]));
    let viewer = world.join(GCM);
    let (_, ssrc) = world.subscribe(viewer, former, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 30);
    let (new, mut again) = publish_again(&mut world, &[]);
    world.command(Command::SucceedTrack(former, new));
    film.film(&mut world, 30);
    assert!(!succeeded(&world, former), "nothing has come yet of the new one");
    let before = world.people[viewer].stream(ssrc).len();
    assert!(before >= 59 * 6, "{before}");
    for _ in 0..30 {
        film.shoot(&mut world);
        again.shoot(&mut world);
        world.advance(33);
    }
    assert!(succeeded(&world, former));
    world.command(Command::RemoveTrack(former));
    again.film(&mut world, 30);
    let stream = world.people[viewer].stream(ssrc);
    assert_unbroken(&stream);
    assert!(stream.len() >= 119 * 6, "{}", stream.len());
}

#[test]
fn whoever_watches_goes_on_in_the_layer_that_the_path_and_the_wish_allow() {
    let mut world = World::new(2);
    let rids = ["q", "h", "f"];
    let publisher = world.join(GCM);
    let former = world.publish(publisher, camera(&rids));
    let viewers: Vec<(usize, u32)> = [None, Some(1), Some(0)]
        .into_iter()
        .map(|wanted| {
            let viewer = world.join(GCM);
            let (subscription, ssrc) = world.subscribe(viewer, former, Kind::Video);
            world.command(Command::SetWantedLayer(subscription, wanted));
            (viewer, ssrc)
        })
        .collect();
    let mut film = Camera::new(publisher, &rids);
    film.film(&mut world, 60);
    let (new, mut again) = publish_again(&mut world, &rids);
    world.command(Command::SucceedTrack(former, new));
    for _ in 0..30 {
        film.shoot(&mut world);
        again.shoot(&mut world);
        world.advance(33);
    }
    world.command(Command::RemoveTrack(former));
    again.film(&mut world, 60);
    for ((viewer, ssrc), layer) in viewers.into_iter().zip([2, 1, 0]) {
        let stream = world.people[viewer].stream(ssrc);
        assert_unbroken(&stream);
        assert_eq!(content(&stream.last().unwrap().payload).layer, layer);
    }
}

#[test]
fn what_ends_before_the_new_one_has_begun_goes_on_there_under_the_same_numbers() {
    let mut world = World::new(3);
    let publisher = world.join(GCM);
    let former = world.publish(publisher, camera(&[]));
    let viewer = world.join(GCM);
    let (_, ssrc) = world.subscribe(viewer, former, Kind::Video);
    Camera::new(publisher, &[]).film(&mut world, 30);
    let (new, mut again) = publish_again(&mut world, &[]);
    world.command(Command::SucceedTrack(former, new));
    world.command(Command::RemoveTransport(publisher as Id));
    again.film(&mut world, 30);
    let stream = world.people[viewer].stream(ssrc);
    assert_unbroken(&stream);
    assert!(stream.len() >= 57 * 6, "{}", stream.len());
}

#[test]
fn whoever_goes_back_before_the_new_one_has_begun_has_never_left() {
    let mut world = World::new(4);
    let publisher = world.join(GCM);
    let former = world.publish(publisher, camera(&[]));
    let viewer = world.join(GCM);
    let (_, ssrc) = world.subscribe(viewer, former, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 30);
    let (new, mut again) = publish_again(&mut world, &[]);
    world.command(Command::SucceedTrack(former, new));
    world.command(Command::SucceedTrack(new, former));
    assert!(succeeded(&world, new));
    again.film(&mut world, 5);
    world.command(Command::RemoveTrack(new));
    film.film(&mut world, 30);
    let stream = world.people[viewer].stream(ssrc);
    assert_unbroken(&stream);
    assert_eq!(stream.len(), 60 * 6);
}

#[test]
fn the_new_one_is_of_use_to_those_who_wait_for_it() {
    let mut world = World::new(5);
    let rids = ["q", "h", "f"];
    let publisher = world.join(GCM);
    let former = world.publish(publisher, camera(&rids));
    let viewer = world.join(GCM);
    world.subscribe(viewer, former, Kind::Video);
    let mut film = Camera::new(publisher, &rids);
    film.film(&mut world, 30);
    let (new, _) = publish_again(&mut world, &rids);
    world.command(Command::SucceedTrack(former, new));
    film.film(&mut world, 300);
    assert!(
        !world
            .events
            .iter()
            .any(|event| matches!(event, Event::LayersWanted { track, .. } if *track == new))
    );
}

#[test]
fn a_new_one_that_is_muted_silences_the_former_at_once() {
    let mut world = World::new(6);
    let publisher = world.join(GCM);
    let former = world.publish(publisher, camera(&[]));
    let viewer = world.join(GCM);
    let (_, ssrc) = world.subscribe(viewer, former, Kind::Video);
    let mut film = Camera::new(publisher, &[]);
    film.film(&mut world, 10);
    let (new, _) = publish_again(&mut world, &[]);
    world.command(Command::SucceedTrack(former, new));
    world.command(Command::SetTrackMuted(new, true));
    let before = world.people[viewer].stream(ssrc).len();
    film.film(&mut world, 10);
    assert_eq!(world.people[viewer].stream(ssrc).len(), before);
}

#[test]
fn sound_goes_over_with_the_first_packet() {
    let mut world = World::new(7);
    let tracks: Vec<(usize, Id)> = (0..2)
        .map(|_| {
            let publisher = world.join(GCM);
            (publisher, world.publish(publisher, microphone()))
        })
        .collect();
    let [(publisher, former), (again, new)] = tracks[..] else {
        panic!("two were published");
    };
    let viewer = world.join(GCM);
    let (_, ssrc) = world.subscribe(viewer, former, Kind::Audio);
    let say = |world: &mut World, who: usize, number: u16| {
        let fields = HeaderFields {
            marker: false,
            payload_type: harness::AUDIO,
            sequence_number: number,
            timestamp: u32::from(number) * 960 + 77_777 * who as u32,
            ssrc: 0xbb00,
        };
        let packet = world.people[who].packet(&fields, &[(1, b"1")], &[who as u8; 80]);
        world.send_from(who, vec![packet]);
    };
    for number in 0..100 {
        if number == 30 {
            world.command(Command::SucceedTrack(former, new));
        }
        if number < 70 {
            say(&mut world, publisher, number);
        }
        world.advance(5);
        if number >= 50 {
            say(&mut world, again, number);
        }
        world.advance(15);
    }
    assert!(succeeded(&world, former));
    let stream = world.people[viewer].stream(ssrc);
    assert!((99..=101).contains(&stream.len()), "{}", stream.len());
    let from_former = stream
        .iter()
        .filter(|rtp| rtp.payload[0] == publisher as u8)
        .count();
    assert!((50..=51).contains(&from_former), "{from_former}");
    for pair in stream.windows(2) {
        assert_eq!(pair[1].sequence_number, pair[0].sequence_number.wrapping_add(1));
        let ticks = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((48..=1920).contains(&ticks), "{ticks}");
    }
}

#[test]
fn a_track_is_succeeded_when_the_last_who_waited_leaves() {
    let mut world = World::new(9);
    let publisher = world.join(GCM);
    let former = world.publish(publisher, camera(&[]));
    let viewer = world.join(GCM);
    let (subscription, _) = world.subscribe(viewer, former, Kind::Video);
    Camera::new(publisher, &[]).film(&mut world, 30);
    let (new, _) = publish_again(&mut world, &[]);
    world.command(Command::SucceedTrack(former, new));
    assert!(!succeeded(&world, former));
    world.command(Command::RemoveSubscription(subscription));
    assert!(succeeded(&world, former));
}
