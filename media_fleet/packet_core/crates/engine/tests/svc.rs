//! Several layers within one encoding: each subscriber gets those that it wants, has room for, and can decode.

mod harness;

use harness::layered::{LayeredCamera, Mode, Seen, decoded, layered, spatial_layers};
use harness::{Path, World};
use parley_engine::{Command, Id, Kind, Profile};
use parley_wire::dependency_descriptor::Structure;

const GCM: Profile = Profile::AeadAes128Gcm;
const SECOND: usize = 30;
const MODES: [Mode; 3] = [Mode::Key, Mode::Full, Mode::Payload];

struct Meeting {
    world: World,
    film: LayeredCamera,
    viewers: [usize; 2],
    subscriptions: [Id; 2],
    ssrcs: [u32; 2],
}

fn meeting(seed: u64, mode: Mode) -> Meeting {
    let mut world = World::new(seed);
    let (publisher, bob, carol) = (world.join(GCM), world.join(GCM), world.join(GCM));
    let track = world.publish(publisher, layered(mode));
    let [one, other] = [bob, carol].map(|viewer| world.subscribe(viewer, track, Kind::Video));
    Meeting {
        world,
        film: LayeredCamera::new(publisher, mode),
        viewers: [bob, carol],
        subscriptions: [one.0, other.0],
        ssrcs: [one.1, other.1],
    }
}

impl Meeting {
    fn film(&mut self, pictures: usize) {
        self.film.film(&mut self.world, pictures);
    }

    /// What a viewer has decoded, from the beginning.
    fn decoded(&self, viewer: usize) -> Vec<Seen> {
        let mut stream = self.world.people[self.viewers[viewer]].stream(self.ssrcs[viewer]);
        stream.retain(|rtp| !rtp.payload.is_empty());
        decoded(&stream)
    }

    /// The spatial layers of the last pictures that a viewer has decoded, the highest of each; and how many there were.
    fn shown(&self, viewer: usize, pictures: usize) -> Vec<u8> {
        let seen = self.decoded(viewer);
        let all: Vec<u8> = seen
            .chunk_by(|one, next| one.timestamp == next.timestamp)
            .map(|picture| picture.last().unwrap().spatial)
            .collect();
        all[all.len().saturating_sub(pictures)..].to_vec()
    }

    /// The highest spatial layer of each picture of which something came over the first viewer's path, which may have lost some. Without the
    /// newest one, which may be on its way.
    fn arrived(&self) -> Vec<u8> {
        let mut stream = self.world.people[self.viewers[0]].stream(self.ssrcs[0]);
        stream.retain(|rtp| !rtp.payload.is_empty());
        let layers = spatial_layers(&stream);
        let pictures = layers.chunk_by(|one, next| one.0 == next.0);
        let mut highest: Vec<u8> = pictures
            .map(|picture| picture.iter().map(|(_, layer)| *layer).max().unwrap())
            .collect();
        highest.pop();
        highest
    }

    fn want_height(&mut self, height: Option<u16>) {
        self.world
            .command(Command::SetWantedHeight(self.subscriptions[0], height));
    }
}

#[test]
fn each_gets_the_layers_that_fill_what_it_shows() {
    for mode in [Mode::Key, Mode::Full] {
        let mut meeting = meeting(1, mode);
        meeting.film(SECOND);
        assert_eq!(
            meeting.shown(0, 10),
            [2; 10],
            "all of them, where nobody says otherwise"
        );
        for (height, spatial) in [
            (Some(180), 0),
            (Some(300), 1),
            (Some(2000), 2),
            (Some(1), 0),
            (None, 2),
        ] {
            meeting.want_height(height);
            meeting.film(SECOND);
            assert_eq!(meeting.shown(0, 10), [spatial; 10], "{mode:?} {height:?}");
            let stats = meeting.world.engine.subscription_stats(meeting.subscriptions[0]);
            assert_eq!(stats.unwrap().spatial_layer, Some(spatial));
        }
        let seen = meeting.decoded(1);
        let pictures = seen.chunk_by(|one, next| one.timestamp == next.timestamp);
        assert_eq!(pictures.count(), 6 * SECOND, "the other one misses nothing");
        assert_eq!(meeting.shown(1, 6 * SECOND), [2; 6 * SECOND]);
    }
}

#[test]
fn fewer_layers_come_at_once_where_those_below_have_come_too() {
    for (mode, costs) in [(Mode::Full, 0), (Mode::Key, 1)] {
        let mut meeting = meeting(2, mode);
        meeting.film(SECOND);
        let before = meeting.film.key_frames;
        meeting.want_height(Some(180));
        meeting.film(SECOND);
        assert_eq!(meeting.film.key_frames - before, costs, "{mode:?}");
        assert_eq!(meeting.shown(0, SECOND - 5), [0; SECOND - 5]);
    }
}

#[test]
fn more_layers_come_with_one_key_frame_and_what_there_is_goes_on_until_then() {
    for mode in MODES {
        let mut meeting = meeting(3, mode);
        meeting.want_height(Some(180));
        meeting.film(SECOND);
        let before = meeting.film.key_frames;
        // All requests are lost for a while.
        meeting.world.loss_down = 100;
        meeting.want_height(None);
        meeting.world.loss_down = 0;
        meeting.film(5);
        let shown = meeting.shown(0, 5);
        assert_eq!(
            shown,
            if mode == Mode::Payload { [2; 5] } else { [0; 5] },
            "{mode:?}"
        );
        meeting.film(SECOND);
        assert_eq!(meeting.shown(0, 10), [2; 10]);
        assert!(meeting.film.key_frames - before <= 1, "{mode:?}");
    }
}

#[test]
fn fewer_pictures_of_all_sizes() {
    for mode in MODES {
        let mut meeting = meeting(4, mode);
        meeting.film(3 * SECOND);
        for (wanted, got) in [(Some(15), 15), (Some(8), 8), (None, 30)] {
            let command = Command::SetWantedFrameRate(meeting.subscriptions[0], wanted);
            meeting.world.command(command);
            meeting.film(SECOND);
            let before = meeting.shown(0, usize::MAX).len();
            meeting.film(2 * SECOND);
            let rate = (meeting.shown(0, usize::MAX).len() - before) / 2;
            assert!(usize::abs_diff(rate, got) <= 1, "{mode:?} {wanted:?}: {rate}");
            assert_eq!(meeting.shown(0, 10), [2; 10]);
        }
    }
}

#[test]
fn a_layer_that_the_encoder_stops_is_replaced_by_the_one_below() {
    for mode in MODES {
        let mut meeting = meeting(5, mode);
        meeting.film(SECOND);
        meeting.film.sends = 2;
        meeting.film(3 * SECOND);
        assert_eq!(meeting.shown(0, 10), [1; 10], "{mode:?}");
        let (before, pictures) = (meeting.film.key_frames, meeting.shown(0, usize::MAX).len());
        meeting.film(2 * SECOND);
        assert_eq!(
            meeting.film.key_frames, before,
            "nobody asks for what does not come"
        );
        assert_eq!(meeting.shown(0, usize::MAX).len(), pictures + 2 * SECOND);
        meeting.film.sends = 3;
        meeting.film(SECOND);
        assert_eq!(meeting.shown(0, 10), [2; 10], "{mode:?}");
    }
}

#[test]
fn what_is_lost_is_repaired_among_what_was_left_out() {
    for mode in [Mode::Key, Mode::Full] {
        let mut meeting = meeting(6, mode);
        for who in meeting.viewers {
            meeting.world.people[who].asks_again = true;
        }
        meeting.world.people[meeting.film.who].answers_nacks = true;
        meeting.want_height(Some(360));
        meeting.film(SECOND);
        (meeting.world.loss_up, meeting.world.loss_down) = (0, 3);
        meeting.film(5 * SECOND);
        meeting.world.loss_down = 0;
        meeting.film(SECOND);
        assert_eq!(meeting.shown(0, 10), [1; 10]);
        assert_eq!(meeting.shown(1, 10), [2; 10]);
        for viewer in [0, 1] {
            assert!(meeting.decoded(viewer).len() > 6 * SECOND);
        }
    }
}

#[test]
fn a_key_frame_whose_structure_comes_late_is_forwarded_whole() {
    let mut meeting = meeting(7, Mode::Full);
    let first = meeting.film.datagrams(&mut meeting.world);
    let address = meeting.world.people[meeting.film.who].address;
    let late = first[0].clone();
    let rest: Vec<_> = first.into_iter().skip(1).map(|data| (address, data)).collect();
    meeting.world.inject(rest);
    meeting.world.inject(vec![(address, late)]);
    meeting.world.advance(33);
    meeting.film(SECOND);
    assert_eq!(meeting.shown(0, 10), [2; 10]);
    assert_eq!(meeting.decoded(0).len(), 3 * (SECOND + 1));
}

#[test]
fn a_receiver_is_told_which_layers_are_left() {
    let mut meeting = meeting(8, Mode::Full);
    meeting.want_height(Some(360));
    meeting.film(SECOND);
    let stream = meeting.world.people[meeting.viewers[0]].stream(meeting.ssrcs[0]);
    let value = stream[0].descriptor.as_deref().unwrap();
    let frame = Structure::parse(value).unwrap().frame(value).unwrap();
    let expected = if meeting.shown(0, usize::MAX)[0] == 2 {
        0x1ff
    } else {
        0x3f
    };
    assert_eq!(frame.active_targets, Some(expected));
    meeting.want_height(Some(180));
    meeting.film(1);
    let stream = meeting.world.people[meeting.viewers[0]].stream(meeting.ssrcs[0]);
    let structure = Structure::parse(value).unwrap();
    let last = structure.frame(stream.last().unwrap().descriptor.as_deref().unwrap());
    assert_eq!(last.unwrap().active_targets, Some(0b111));
}

#[test]
fn a_narrow_path_gets_fewer_pictures_before_none_and_small_ones_before_large_ones() {
    let mut meeting = meeting(9, Mode::Full);
    // The smallest takes 240 kbit/s, the next one 720, the largest 1,680; half of the pictures take half of it.
    meeting.world.people[meeting.viewers[0]].path = Some(Path::of(5_000_000));
    meeting.film(6 * SECOND);
    let shares = [
        (1_150_000, 2, 15),
        (600_000, 1, 15),
        (190_000, 0, 15),
        (5_000_000, 2, 30),
    ];
    for (rate, spatial, pictures) in shares {
        meeting.world.people[meeting.viewers[0]]
            .path
            .as_mut()
            .unwrap()
            .rate = rate;
        meeting.film(10 * SECOND);
        let before = meeting.arrived();
        assert!(
            before.last().is_some_and(|last| *last == spatial),
            "{rate}: {before:?}"
        );
        meeting.film(2 * SECOND);
        let got = (meeting.arrived().len() - before.len()) / 2;
        assert!(usize::abs_diff(got, pictures) <= 2, "{rate}: {got} a second");
    }
    assert_eq!(meeting.shown(1, 100), [2; 100], "the other one sees all");
}
