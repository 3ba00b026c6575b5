//! Layers over links, of codecs that write dependency descriptors and of VP9 without: what somebody at the other node wants crosses, they
//! switch among it without an artefact though packets are lost on the way, and what nobody wants anywhere is not even sent.

mod harness;

use harness::camera;
use harness::layered::{LayeredCamera, Mode, Seen, decodable, decoded, layered};
use harness::nodes::{EAST, Nodes, WEST};
use parley_engine::{Codec, Command, Event, Id, Kind, Profile, TrackConfig};

const GCM: Profile = Profile::AeadAes128Gcm;
const SECOND: usize = 30;
const RIDS: [&str; 3] = ["q", "h", "f"];
/// How layers refer to each other, in which codec.
const ENCODERS: [(Mode, Codec); 5] = [
    (Mode::Key, Codec::Av1),
    (Mode::Full, Codec::Av1),
    (Mode::Key, Codec::Vp9),
    (Mode::Full, Codec::Vp9),
    (Mode::Payload, Codec::Vp9),
];

/// Somebody in the west whom two in the east see.
struct Meeting {
    nodes: Nodes,
    encodings: Vec<LayeredCamera>,
    /// So many pictures were filmed.
    filmed: usize,
    track: Id,
    relays: Vec<Id>,
    viewers: [usize; 2],
    subscriptions: [Id; 2],
    ssrcs: [u32; 2],
}

impl Meeting {
    fn new(seed: u64, config: &TrackConfig, encodings: impl Fn(usize) -> Vec<LayeredCamera>) -> Self {
        let mut nodes = Nodes::new(seed);
        let publisher = nodes.worlds[WEST].join(GCM);
        let track = nodes.worlds[WEST].publish(publisher, config.clone());
        let (relayed, relays) = nodes.relay(track, config);
        let east = &mut nodes.worlds[EAST];
        let viewers = [east.join(GCM), east.join(GCM)];
        let [one, other] = viewers.map(|viewer| east.subscribe(viewer, relayed, Kind::Video));
        Self {
            nodes,
            encodings: encodings(publisher),
            filmed: 0,
            track,
            relays,
            viewers,
            subscriptions: [one.0, other.0],
            ssrcs: [one.1, other.1],
        }
    }

    /// Layers within one encoding.
    fn scalable(seed: u64, mode: Mode, codec: Codec) -> Self {
        let config = TrackConfig {
            codec,
            ..layered(mode)
        };
        Self::new(seed, &config, |publisher| {
            let mut encoder = LayeredCamera::new(publisher, mode);
            encoder.codec = codec;
            vec![encoder]
        })
    }

    /// Three encodings.
    fn simulcast(seed: u64, codec: Codec) -> Self {
        let config = TrackConfig {
            codec,
            ..camera(&RIDS)
        };
        Self::new(seed, &config, |publisher| {
            (0..3)
                .map(|layer| LayeredCamera::simulcast(publisher, codec, layer, RIDS[usize::from(layer)]))
                .collect()
        })
    }

    fn film(&mut self, pictures: usize) {
        self.filmed += pictures;
        self.nodes.film_layered(&mut self.encodings, pictures);
    }

    /// The publisher sends as many encodings as they were told to.
    fn film_obediently(&mut self, pictures: usize) {
        self.filmed += pictures;
        for _ in 0..pictures {
            let wanted = self.told().last().copied().unwrap_or(self.encodings.len());
            self.nodes.film_layered(&mut self.encodings[..wanted], 1);
        }
    }

    fn decoded(&self, viewer: usize) -> Vec<Seen> {
        let stream = self.nodes.worlds[EAST].people[self.viewers[viewer]].stream(self.ssrcs[viewer]);
        match self.encodings[0].mode {
            Mode::Payload => decoded(&stream),
            Mode::Key | Mode::Full => decodable(&stream),
        }
    }

    /// Three of a hundred packets between the nodes are lost. Not where the test's receiver goes by payloads: it misses what is on its way.
    fn lose(&mut self) {
        self.nodes.loss = if self.encodings[0].mode == Mode::Payload {
            0
        } else {
            3
        };
    }

    /// All that is on its way arrives.
    fn settle(&mut self) {
        self.nodes.loss = 0;
        self.nodes.advance(500);
    }

    /// The highest spatial layer of each of the last pictures that a viewer has decoded.
    fn shown(&self, viewer: usize, pictures: usize) -> Vec<u8> {
        let seen = self.decoded(viewer);
        let all: Vec<u8> = seen
            .chunk_by(|one, next| one.timestamp == next.timestamp)
            .map(|picture| picture.last().unwrap().spatial)
            .collect();
        all[all.len().saturating_sub(pictures)..].to_vec()
    }

    /// From which encoding a viewer's newest packet is.
    fn encoding(&self, viewer: usize) -> Option<u8> {
        let stream = self.nodes.worlds[EAST].people[self.viewers[viewer]].stream(self.ssrcs[viewer]);
        stream.last()?.payload.last().copied()
    }

    fn east(&mut self, command: Command) {
        self.nodes.worlds[EAST].command(command);
    }

    /// How many different packets cross for each picture.
    fn crossing(&mut self) -> usize {
        let before = self.nodes.crossed.len();
        self.film(SECOND);
        (self.nodes.crossed.len() - before) / SECOND
    }

    /// What the publisher was told of layers, in order.
    fn told(&self) -> Vec<usize> {
        let told = self.nodes.worlds[WEST]
            .events
            .iter()
            .filter_map(|event| match event {
                Event::LayersWanted { track, layers } if *track == self.track => Some(*layers),
                _ => None,
            });
        told.collect()
    }
}

#[test]
fn sizes_and_rates_within_an_encoding_are_chosen_where_they_are_watched() {
    for (mode, codec) in ENCODERS {
        let mut meeting = Meeting::scalable(1, mode, codec);
        meeting.film(SECOND);
        for (rate, apart) in [(Some(15), 2), (None, 1)] {
            for wanted in [0, 2, 1, 2] {
                meeting.lose();
                let [subscription, _] = meeting.subscriptions;
                let height = (mode != Mode::Payload).then_some([180, 360, 720][wanted]);
                meeting.east(Command::SetWantedHeight(subscription, height));
                meeting.east(Command::SetWantedFrameRate(subscription, rate));
                meeting.film(2 * SECOND);
                meeting.settle();
                meeting.film(SECOND);
                let shown = meeting.shown(0, 10);
                let expected = if mode == Mode::Payload { 2 } else { wanted as u8 };
                assert_eq!(shown, [expected; 10], "{mode:?} {codec:?} {wanted}");
                let seen = meeting.decoded(0);
                let steps: Vec<u32> = seen[seen.len() - 20..]
                    .windows(2)
                    .map(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp) / 2970)
                    .filter(|step| *step > 0)
                    .collect();
                assert!(
                    steps.iter().all(|step| *step == apart),
                    "{mode:?} {codec:?} {rate:?} {steps:?}"
                );
            }
        }
        assert_eq!(
            meeting.shown(1, usize::MAX).len(),
            meeting.filmed,
            "the other one misses nothing"
        );
    }
}

#[test]
fn of_one_encoding_those_sizes_cross_that_somebody_there_wants() {
    for (mode, codec) in ENCODERS {
        // VP9 says heights in payloads of its own, which this encoder does not write.
        if mode == Mode::Payload {
            continue;
        }
        let mut meeting = Meeting::scalable(2, mode, codec);
        meeting.film(2 * SECOND);
        assert_eq!(meeting.crossing(), 7, "{mode:?} {codec:?}");
        // 1, 2 and 4 packets a picture.
        for (height, packets, spatial) in [
            (Some(180), 1, 0),
            (Some(300), 3, 1),
            (Some(180), 1, 0),
            (None, 7, 2),
            (Some(360), 3, 1),
        ] {
            meeting.lose();
            let key_frames = meeting.encodings[0].key_frames;
            for subscription in meeting.subscriptions {
                meeting.east(Command::SetWantedHeight(subscription, height));
            }
            let relay = meeting.relays[0];
            meeting.nodes.worlds[WEST].command(Command::SetWantedHeight(relay, height));
            meeting.film(2 * SECOND);
            meeting.settle();
            assert_eq!(meeting.crossing(), packets, "{mode:?} {codec:?} {height:?}");
            assert_eq!(
                meeting.shown(0, 10),
                [spatial; 10],
                "{mode:?} {codec:?} {height:?}"
            );
            assert!(
                meeting.encodings[0].key_frames <= key_frames + 2,
                "{mode:?} {codec:?} {height:?}: {}",
                meeting.encodings[0].key_frames - key_frames
            );
        }
        meeting.settle();
        for viewer in [0, 1] {
            assert_eq!(
                meeting.shown(viewer, usize::MAX).len(),
                meeting.filmed,
                "no picture is missing"
            );
        }
    }
}

#[test]
fn encodings_of_a_simulcast_with_descriptors_are_switched_without_an_artefact() {
    for codec in [Codec::Av1, Codec::H264] {
        let mut meeting = Meeting::simulcast(3, codec);
        meeting.film(2 * SECOND);
        assert_eq!(meeting.encoding(0), Some(2), "{codec:?}");
        meeting.lose();
        for wanted in [0, 1, 2, 0, 2] {
            let [subscription, _] = meeting.subscriptions;
            meeting.east(Command::SetWantedLayer(subscription, Some(wanted)));
            meeting.film(2 * SECOND);
            assert_eq!(meeting.encoding(0), Some(wanted as u8), "{codec:?}");
            assert_eq!(meeting.encoding(1), Some(2), "{codec:?}");
        }
        meeting.settle();
        for viewer in [0, 1] {
            // Two encodings of one picture may be seen one after the other.
            let shown = meeting.shown(viewer, usize::MAX).len();
            assert!(shown >= meeting.filmed, "{shown} of {} pictures", meeting.filmed);
        }
    }
}

#[test]
fn what_nobody_at_any_node_wants_sleeps_at_the_publisher_and_wakes_over_the_link() {
    for codec in [Codec::Av1, Codec::H264] {
        let mut meeting = Meeting::simulcast(4, codec);
        meeting.lose();
        meeting.film_obediently(2 * SECOND);
        let want = |meeting: &mut Meeting, count: usize| {
            for subscription in meeting.subscriptions {
                meeting.east(Command::SetWantedLayer(subscription, count.checked_sub(1)));
                meeting.east(Command::SetPaused(subscription, count == 0));
            }
            for (layer, relay) in meeting.relays.clone().into_iter().enumerate() {
                meeting.nodes.worlds[WEST].command(Command::SetPaused(relay, layer >= count));
            }
        };
        want(&mut meeting, 1);
        meeting.film_obediently(2 * SECOND);
        assert_eq!(meeting.told(), [], "the wish may be taken back");
        let packets = if codec == Codec::H264 { 1 } else { 7 };
        assert_eq!(meeting.crossing(), packets, "one of three encodings");
        meeting.film_obediently(5 * SECOND);
        assert_eq!(meeting.told(), [1]);
        // Somebody at the publisher's own node keeps one awake that does not cross.
        let (track, west) = (meeting.track, &mut meeting.nodes.worlds[WEST]);
        let near = west.join(GCM);
        let (subscription, _) = west.subscribe(near, track, Kind::Video);
        west.command(Command::SetWantedLayer(subscription, Some(1)));
        assert_eq!(meeting.told(), [1, 2]);
        meeting.film_obediently(SECOND);
        assert_eq!(meeting.encoding(0), Some(0));
        want(&mut meeting, 3);
        assert_eq!(meeting.told(), [1, 2, 3], "told at once");
        meeting.film_obediently(2 * SECOND);
        assert_eq!([0, 1].map(|viewer| meeting.encoding(viewer)), [Some(2); 2]);
        meeting.settle();
        for viewer in [0, 1] {
            assert!(
                meeting.decoded(viewer).len() >= 12 * SECOND,
                "whole, from the first one on"
            );
        }
        meeting.nodes.worlds[WEST].command(Command::RemoveSubscription(subscription));
        want(&mut meeting, 0);
        meeting.film_obediently(7 * SECOND);
        assert_eq!(meeting.told(), [1, 2, 3, 0], "nobody looks");
    }
}
