//! A smaller picture that the node makes of a track with one encoding: who gets it, when it is asked for, and that nobody sees a seam.

mod harness;

use harness::video::{Camera, assert_unbroken, content};
use harness::{Path, World, camera, subscription};
use parley_engine::{Command, Event, Id, Kind, Profile, SubscriptionConfig, TrackConfig};

const GCM: Profile = Profile::AeadAes128Gcm;
/// So many frames come in one.
const SECOND: usize = 30;
/// How payloads name what the node makes, and what is published.
const MADE: u8 = 7;
const ORIGINAL: u8 = 0;
const MADE_SSRC: u32 = 0xbb00;

/// A camera of 1.5 Mbit/s, and what makes 250 kbit/s of it.
struct Meeting {
    world: World,
    film: Camera,
    track: Id,
    maker: Option<Camera>,
}

impl Meeting {
    fn new(seed: u64, size: (u16, u16)) -> Self {
        let mut world = World::new(seed);
        let publisher = world.join(GCM);
        let config = TrackConfig {
            made_layer: true,
            ..camera(&[])
        };
        let track = world.publish(publisher, config);
        let mut film = Camera::new(publisher, &[]);
        film.encodings[0].size = size;
        Self {
            world,
            film,
            track,
            maker: None,
        }
    }

    fn allow(&mut self, allowed: bool) {
        self.world.command(Command::AllowMadeLayer(self.track, allowed));
    }

    fn viewer(&mut self, rate: Option<u64>) -> (usize, Id, u32) {
        let who = self.world.join(GCM);
        self.world.people[who].path = rate.map(Path::of);
        let config = SubscriptionConfig {
            made_layer: true,
            ..subscription(1000 * who as u32, Kind::Video)
        };
        let ssrc = config.ssrc;
        (who, self.world.subscribe_as(who, self.track, config), ssrc)
    }

    /// Somebody makes it from now on, of whatever is published.
    fn make(&mut self) -> usize {
        let who = self.world.join(GCM);
        let mut maker = Camera::new(who, &[]);
        let encoding = &mut maker.encodings[0];
        (encoding.layer, encoding.ssrc, encoding.named) = (MADE, MADE_SSRC, false);
        maker.packets = vec![1];
        self.world
            .command(Command::AddMadeLayer(self.track, who as Id, MADE_SSRC));
        self.maker = Some(maker);
        who
    }

    fn film(&mut self, seconds: usize) {
        for _ in 0..seconds * SECOND {
            self.film.shoot(&mut self.world);
            if let Some(maker) = &mut self.maker {
                maker.shoot(&mut self.world);
            }
            self.world.advance(33);
        }
    }

    fn needed(&self) -> Vec<bool> {
        let told = self.world.events.iter().filter_map(|event| match event {
            Event::LayerNeeded { needed, .. } => Some(*needed),
            _ => None,
        });
        told.collect()
    }

    fn starved(&self) -> Vec<bool> {
        let told = self.world.events.iter().filter_map(|event| match event {
            Event::SubscriptionStarved { starved, .. } => Some(*starved),
            _ => None,
        });
        told.collect()
    }

    fn last_layer(&self, viewer: usize, ssrc: u32) -> Option<u8> {
        let stream = self.world.people[viewer].stream(ssrc);
        let media = stream.iter().rev().find(|rtp| !rtp.payload.is_empty());
        media.map(|rtp| content(&rtp.payload).layer)
    }
}

#[test]
fn whose_path_carries_no_more_gets_it_and_others_get_what_is_published() {
    let mut meeting = Meeting::new(1, (1280, 720));
    meeting.allow(true);
    let (bob, narrow, bobs) = meeting.viewer(Some(400_000));
    let (carol, _, carols) = meeting.viewer(Some(10_000_000));
    meeting.film(4);
    assert_eq!(meeting.needed(), [true]);
    let waiting_us = meeting.world.now_us;
    meeting.film(2);
    let path = meeting.world.people[bob].path.as_ref().unwrap();
    assert!(
        path.longest_wait_us(waiting_us) < 100_000,
        "nothing fills the path while there is nothing that fits: {}",
        path.longest_wait_us(waiting_us)
    );
    meeting.make();
    meeting.film(4);
    assert_eq!(meeting.last_layer(bob, bobs), Some(MADE));
    let stats = meeting.world.engine.subscription_stats(narrow).unwrap();
    assert_eq!((stats.layer, stats.made), (Some(0), true));
    assert_eq!(meeting.last_layer(carol, carols), Some(ORIGINAL));
    assert_eq!(meeting.starved(), [], "it was as good as there all the time");
    assert_eq!(meeting.world.engine.track_stats(meeting.track).len(), 1);
    meeting.world.people[bob].path.as_mut().unwrap().rate = 10_000_000;
    meeting.film(8);
    assert_eq!(meeting.last_layer(bob, bobs), Some(ORIGINAL));
    meeting.film(6);
    assert_eq!(
        meeting.needed(),
        [true, false],
        "and not before nobody has needed it for a while"
    );
}

#[test]
fn who_shows_it_small_sees_one_unbroken_picture_change_its_size_at_key_frames() {
    let mut meeting = Meeting::new(2, (1280, 720));
    meeting.allow(true);
    let (bob, wish, ssrc) = meeting.viewer(None);
    meeting.film(1);
    assert_eq!(meeting.needed(), []);
    for height in [Some(540), Some(400), Some(180)] {
        meeting.world.command(Command::SetWantedHeight(wish, height));
        meeting.film(1);
        assert_eq!(
            meeting.last_layer(bob, ssrc),
            Some(ORIGINAL),
            "until there is a smaller one"
        );
    }
    assert_eq!(meeting.needed(), [true]);
    let maker = meeting.make();
    meeting.film(1);
    assert_eq!(meeting.last_layer(bob, ssrc), Some(MADE));
    let asked = meeting.world.people[meeting.film.who].picture_losses(0xaa00);
    let asked_of_maker = meeting.world.people[maker].picture_losses(MADE_SSRC);
    meeting.world.command(Command::SetWantedHeight(wish, None));
    meeting.film(1);
    assert_eq!(meeting.last_layer(bob, ssrc), Some(ORIGINAL));
    assert_eq!(
        meeting.world.people[meeting.film.who].picture_losses(0xaa00),
        asked + 1
    );
    meeting.world.command(Command::SetWantedHeight(wish, Some(360)));
    meeting.film(1);
    assert_eq!(meeting.last_layer(bob, ssrc), Some(MADE));
    assert_eq!(
        meeting.world.people[maker].picture_losses(MADE_SSRC),
        asked_of_maker + 1,
        "whoever makes it is asked for its key frames"
    );
    meeting.maker = None;
    meeting.world.command(Command::RemoveTransport(maker as Id));
    meeting.film(1);
    assert_eq!(
        meeting.last_layer(bob, ssrc),
        Some(ORIGINAL),
        "it ends with its transport"
    );
    assert_unbroken(&meeting.world.people[bob].stream(ssrc));
}

#[test]
fn another_one_that_makes_it_goes_on_for_the_former() {
    let mut meeting = Meeting::new(3, (1280, 720));
    meeting.allow(true);
    let (bob, wish, ssrc) = meeting.viewer(None);
    meeting.world.command(Command::SetWantedHeight(wish, Some(180)));
    meeting.film(1);
    let former = meeting.make();
    meeting.film(1);
    meeting.make();
    meeting.world.command(Command::RemoveTransport(former as Id));
    meeting.film(1);
    assert_eq!(meeting.last_layer(bob, ssrc), Some(MADE));
    assert_unbroken(&meeting.world.people[bob].stream(ssrc));
    assert_eq!(meeting.needed(), [true]);
}

#[test]
fn without_leave_or_of_a_small_picture_nothing_is_made_and_who_lacks_room_is_starved() {
    for (size, allowed) in [((640, 360), true), ((480, 854), true), ((1280, 720), false)] {
        let mut meeting = Meeting::new(4, size);
        meeting.allow(allowed);
        let (_, wish, _) = meeting.viewer(Some(400_000));
        meeting.world.command(Command::SetWantedHeight(wish, Some(90)));
        meeting.film(6);
        assert_eq!(meeting.needed(), [], "{size:?} {allowed}");
        assert_eq!(meeting.starved(), [true], "{size:?} {allowed}");
    }
}

#[test]
fn who_waits_for_what_cannot_be_made_after_all_is_told_so_and_asked_for_again_when_it_can() {
    let mut meeting = Meeting::new(5, (1280, 720));
    meeting.allow(true);
    meeting.viewer(Some(400_000));
    meeting.film(4);
    assert_eq!((meeting.needed(), meeting.starved()), (vec![true], vec![]));
    meeting.allow(false);
    meeting.film(1);
    assert_eq!(meeting.starved(), [true]);
    meeting.allow(true);
    meeting.film(1);
    assert_eq!(
        (meeting.needed(), meeting.starved()),
        (vec![true, true], vec![true, false])
    );
}

#[test]
fn it_is_no_layer_of_the_publishers() {
    let mut meeting = Meeting::new(6, (1280, 720));
    meeting.allow(true);
    let (bob, wish, ssrc) = meeting.viewer(None);
    meeting.make();
    let (carol, plain) = {
        let who = meeting.world.join(GCM);
        let (subscription, ssrc) = meeting.world.subscribe(who, meeting.track, Kind::Video);
        meeting
            .world
            .command(Command::SetWantedHeight(subscription, Some(90)));
        (who, ssrc)
    };
    meeting.film(2);
    assert_eq!(
        meeting.last_layer(carol, plain),
        Some(ORIGINAL),
        "who is to get none of it"
    );
    assert_eq!(meeting.last_layer(bob, ssrc), Some(ORIGINAL));
    let wanted = |meeting: &Meeting| -> Vec<usize> {
        let told = meeting.world.events.iter().filter_map(|event| match event {
            Event::LayersWanted { layers, .. } => Some(*layers),
            _ => None,
        });
        told.collect()
    };
    meeting.world.command(Command::RemoveTransport(carol as Id));
    meeting.world.command(Command::SetPaused(wish, true));
    meeting.film(8);
    assert_eq!(wanted(&meeting), [0]);
    assert_eq!(meeting.world.engine.stats().layers_paused, 1);
    meeting.world.command(Command::SetWantedHeight(wish, Some(90)));
    meeting.world.command(Command::SetPaused(wish, false));
    assert_eq!(wanted(&meeting), [0, 1], "what is made is made of it");
    let started = meeting.world.events.iter().filter_map(|event| match event {
        Event::LayerStarted { layer, .. } => Some(*layer),
        _ => None,
    });
    assert_eq!(started.collect::<Vec<_>>(), [0]);
}
