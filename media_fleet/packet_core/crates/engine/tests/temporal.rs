//! Subscribers who want fewer pictures a second: upper temporal layers are left out, and nobody sees a seam.

mod harness;

use harness::video::{Camera, assert_unbroken, content};
use harness::{World, camera};
use parley_engine::{Command, Id, Kind, Profile};

const RIDS: [&str; 2] = ["h", "f"];
const GCM: Profile = Profile::AeadAes128Gcm;
const SECOND: usize = 30;

struct Meeting {
    world: World,
    film: Camera,
    viewers: [usize; 2],
    subscriptions: [Id; 2],
    ssrcs: [u32; 2],
}

fn meeting(seed: u64) -> Meeting {
    let mut world = World::new(seed);
    let (publisher, bob, carol) = (world.join(GCM), world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, camera(&RIDS));
    let mut film = Camera::new(publisher, &RIDS);
    for encoding in &mut film.encodings {
        encoding.is_temporal = true;
    }
    let [one, other] = [bob, carol].map(|viewer| world.subscribe(viewer, track, Kind::Video));
    Meeting {
        world,
        film,
        viewers: [bob, carol],
        subscriptions: [one.0, other.0],
        ssrcs: [one.1, other.1],
    }
}

impl Meeting {
    /// Films so many seconds, and tells how many pictures a second each viewer got.
    fn rates(&mut self, seconds: usize) -> [usize; 2] {
        let before = [0, 1].map(|viewer| self.pictures(viewer));
        self.film.film(&mut self.world, seconds * SECOND);
        [0, 1].map(|viewer| (self.pictures(viewer) - before[viewer]) / seconds)
    }

    fn pictures(&self, viewer: usize) -> usize {
        let stream = self.world.people[self.viewers[viewer]].stream(self.ssrcs[viewer]);
        stream.iter().filter(|rtp| rtp.marker).count()
    }

    fn want(&mut self, viewer: usize, rate: Option<u8>) {
        let command = Command::SetWantedFrameRate(self.subscriptions[viewer], rate);
        self.world.command(command);
    }

    fn assert_seamless(&self) {
        for viewer in [0, 1] {
            assert_unbroken(&self.world.people[self.viewers[viewer]].stream(self.ssrcs[viewer]));
        }
    }
}

#[test]
fn one_subscribers_frame_rate_is_nothing_to_another() {
    let mut meeting = meeting(1);
    meeting.rates(3);
    for (wanted, got) in [
        (Some(15), 15),
        (Some(8), 7),
        (Some(1), 7),
        (Some(20), 15),
        (Some(30), 30),
        (None, 30),
    ] {
        meeting.want(0, wanted);
        meeting.rates(1);
        let [rate, other] = meeting.rates(4);
        assert!(rate.abs_diff(got) <= 1, "{wanted:?}: {rate}");
        assert_eq!(other, 30);
    }
    meeting.assert_seamless();
}

#[test]
fn layers_are_switched_with_pictures_left_out() {
    let mut meeting = meeting(2);
    meeting.rates(3);
    meeting.want(0, Some(15));
    for wanted in [0, 1, 0] {
        let command = Command::SetWantedLayer(meeting.subscriptions[0], Some(wanted));
        meeting.world.command(command);
        meeting.rates(2);
        let stream = meeting.world.people[meeting.viewers[0]].stream(meeting.ssrcs[0]);
        assert_eq!(
            usize::from(content(&stream.last().unwrap().payload).layer),
            wanted
        );
        assert!(meeting.rates(2)[0].abs_diff(15) <= 1);
    }
    meeting.assert_seamless();
}

#[test]
fn what_is_lost_is_repaired_among_what_was_left_out() {
    let mut meeting = meeting(3);
    for who in meeting.viewers {
        meeting.world.people[who].asks_again = true;
    }
    meeting.world.people[0].answers_nacks = true;
    meeting.rates(3);
    meeting.want(0, Some(8));
    (meeting.world.loss_up, meeting.world.loss_down) = (2, 2);
    let [rate, other] = meeting.rates(20);
    (meeting.world.loss_up, meeting.world.loss_down) = (0, 0);
    meeting.rates(2);
    assert_eq!(other, 30);
    assert!((7..=10).contains(&rate), "a few that fill places: {rate}");
    let stream = meeting.world.people[meeting.viewers[0]].stream(meeting.ssrcs[0]);
    let missing = stream
        .windows(2)
        .filter(|pair| pair[1].sequence_number != pair[0].sequence_number.wrapping_add(1));
    assert_eq!(missing.count(), 0);
}
