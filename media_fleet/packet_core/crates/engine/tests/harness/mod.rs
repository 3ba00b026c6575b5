//! People in memory: endpoints with real SRTP keys around one engine, a manual clock, and a network that loses packets by a seed.
//!
//! Time passes only in [`World::advance`]. What an endpoint gets is decrypted and kept until a test looks at it.
#![allow(dead_code, unused_imports)] // Each test program uses its part.

pub mod endpoint;
pub mod layered;
pub mod nodes;
pub mod path;
pub mod video;

use parley_engine::{
    Codec, Command, Config, Credentials, Engine, Event, ExtensionMap, Id, Keys, Kind, Now, Output, Profile,
    Remote, SubscriptionConfig, TrackConfig,
};
use parley_wire::extensions::{ALL, Extension};

pub use endpoint::{Endpoint, Feedback, Rtp};
pub use path::Path;

pub const VIDEO: u8 = 96;
pub const VIDEO_RTX: u8 = 97;
pub const AUDIO: u8 = 111;
pub const RED: u8 = 63;
/// Under these a subscriber gets them: other numbers, as in life.
pub const SENT_VIDEO: u8 = 106;
pub const SENT_VIDEO_RTX: u8 = 107;
pub const SENT_AUDIO: u8 = 109;
pub const SENT_RED: u8 = 110;

const EXTENSIONS: [(Extension, u8); 9] = [
    (Extension::Mid, 1),
    (Extension::Rid, 2),
    (Extension::RepairedRid, 3),
    (Extension::TransportCc, 4),
    (Extension::AbsSendTime, 5),
    (Extension::AudioLevel, 6),
    (Extension::VideoOrientation, 7),
    (Extension::DependencyDescriptor, 8),
    (Extension::PlayoutDelay, 9),
];

fn map_of(used: impl Iterator<Item = (Extension, u8)>) -> ExtensionMap {
    ExtensionMap::from_uris(used.map(|(extension, id)| (ALL[extension as usize].1, id)))
}

/// Publishers' ids of extensions; subscribers have them moved by one.
pub fn extension_map(moved: u8) -> ExtensionMap {
    map_of(EXTENSIONS.iter().map(|(extension, id)| (*extension, id + moved)))
}

/// The ids of a subscriber who has not taken one of them.
pub fn extension_map_without(refused: Extension) -> ExtensionMap {
    let taken = EXTENSIONS
        .iter()
        .filter(|(extension, _)| *extension as usize != refused as usize);
    map_of(taken.map(|(extension, id)| (*extension, id + 1)))
}

#[derive(Default)]
pub struct Collected {
    room: Vec<u8>,
    pub datagrams: Vec<(Remote, Vec<u8>)>,
    pub events: Vec<Event>,
}

impl Output for Collected {
    fn buffer(&mut self, len: usize) -> &mut [u8] {
        self.room.resize(len.max(self.room.len()), 0);
        // What was in it before is not defined: the engine must not count on zeros.
        self.room.fill(0xa5);
        &mut self.room[..len]
    }

    fn send(&mut self, to: Remote, len: usize) {
        self.datagrams.push((to, self.room[..len].to_vec()));
    }

    fn event(&mut self, event: Event) {
        self.events.push(event);
    }
}

/// splitmix64.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }

    pub fn happens(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// One engine and the people around it. People are known by their place in `people`, which is also the engine's id of their transport.
pub struct World {
    pub engine: Engine,
    pub now_us: u64,
    pub people: Vec<Endpoint>,
    pub events: Vec<Event>,
    pub random: Random,
    /// Of a hundred datagrams towards the node, and from it, so many are lost.
    pub loss_up: u64,
    pub loss_down: u64,
    /// So long datagrams have waited when the engine gets them.
    pub waited_us: u64,
    /// Keeps a copy of what the engine sends.
    pub record: bool,
    recorded: Vec<(Remote, Vec<u8>)>,
    /// What is for none of the people.
    pub beyond: Vec<(Remote, Vec<u8>)>,
    out: Collected,
    next_id: Id,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self::with_last_n_audio(seed, 0)
    }

    /// With so many microphones forwarded at the most.
    pub fn with_last_n_audio(seed: u64, last_n_audio: usize) -> Self {
        let config = Config {
            consent_timeout_us: 15_000_000,
            last_n_audio,
            seed,
        };
        Self {
            engine: Engine::new(config),
            now_us: 1_000_000,
            people: Vec::new(),
            events: Vec::new(),
            random: Random(seed),
            loss_up: 0,
            loss_down: 0,
            waited_us: 0,
            record: false,
            recorded: Vec::new(),
            beyond: Vec::new(),
            out: Collected::default(),
            next_id: 100,
        }
    }

    pub fn now(&self) -> Now {
        Now {
            us: self.now_us,
            ntp: 0xe000_0000_0000_0000 + (u128::from(self.now_us) * (1 << 32) / 1_000_000) as u64,
        }
    }

    pub fn command(&mut self, command: Command) {
        let now = self.now();
        self.engine.handle_command(now, command, &mut self.out);
        self.engine.flush(now, &mut self.out);
        self.deliver();
    }

    /// Hands datagrams to the engine as one batch, past the lossy network.
    pub fn inject(&mut self, datagrams: Vec<(impl Into<Remote>, Vec<u8>)>) {
        let now = self.now();
        for (from, mut datagram) in datagrams {
            self.engine.handle_datagram(
                now,
                now.us - self.waited_us,
                from.into(),
                &mut datagram,
                &mut self.out,
            );
        }
        self.engine.flush(now, &mut self.out);
        self.deliver();
    }

    /// Closes a connection.
    pub fn close(&mut self, connection: Remote) {
        let now = self.now();
        self.engine.connection_closed(now, connection, &mut self.out);
        self.deliver();
    }

    fn deliver(&mut self) {
        self.events.append(&mut self.out.events);
        for (to, datagram) in std::mem::take(&mut self.out.datagrams) {
            if self.record {
                self.recorded.push((to, datagram.clone()));
            }
            let person = self.people.iter_mut().find(|person| person.address == to);
            let Some(person) = person else {
                self.beyond.push((to, datagram));
                continue;
            };
            if !self.random.happens(self.loss_down) {
                person.receive(self.now_us, datagram);
            }
        }
    }

    /// Takes what was recorded of media to an address, as it was on the wire.
    pub fn recorded_to(&mut self, address: Remote) -> Vec<Vec<u8>> {
        let recorded = std::mem::take(&mut self.recorded);
        let is_media =
            |datagram: &[u8]| parley_wire::demux::classify(datagram) == parley_wire::demux::Kind::Rtp;
        recorded
            .into_iter()
            .filter(|(to, datagram)| *to == address && is_media(datagram))
            .map(|(_, datagram)| datagram)
            .collect()
    }

    /// Lets time pass, with everything that the engine and the endpoints do in it.
    pub fn advance(&mut self, ms: u64) {
        let end = self.now_us + ms * 1000;
        while self.now_us < end {
            self.now_us += 1000;
            let now = self.now();
            if now.us >= self.engine.next_deadline_us() {
                self.engine.handle_timeout(now, &mut self.out);
                self.deliver();
            }
            self.let_people_act();
        }
    }

    fn let_people_act(&mut self) {
        let mut datagrams = Vec::new();
        for person in &mut self.people {
            for datagram in person.act(self.now_us) {
                datagrams.push((person.address, datagram));
            }
        }
        self.send(datagrams);
    }

    /// As [`Self::inject`], through the lossy network.
    pub fn send(&mut self, mut datagrams: Vec<(Remote, Vec<u8>)>) {
        datagrams.retain(|_| !self.random.happens(self.loss_up));
        if !datagrams.is_empty() {
            self.inject(datagrams);
        }
    }

    pub fn send_from(&mut self, who: usize, datagrams: Vec<Vec<u8>>) {
        let from = self.people[who].address;
        self.send(datagrams.into_iter().map(|data| (from, data)).collect());
    }

    // ---- people ----

    /// Somebody with an address, but no keys yet.
    pub fn meet(&mut self, profile: Profile) -> usize {
        let who = self.people.len();
        let person = Endpoint::new(who, profile);
        self.command(Command::AddTransport(who as Id, person.credentials()));
        let (address, check) = (person.address, person.check(true));
        self.people.push(person);
        self.inject(vec![(address, check)]);
        who
    }

    pub fn give_keys(&mut self, who: usize) {
        let keys = self.people[who].keys();
        self.command(Command::SetSrtpKeys(who as Id, Box::new(keys)));
    }

    /// Somebody who can send and receive.
    pub fn join(&mut self, profile: Profile) -> usize {
        let who = self.meet(profile);
        self.give_keys(who);
        who
    }

    pub fn new_id(&mut self) -> Id {
        self.next_id += 1;
        self.next_id
    }

    pub fn publish(&mut self, who: usize, config: TrackConfig) -> Id {
        let id = self.new_id();
        self.command(Command::AddTrack(id, who as Id, Box::new(config)));
        id
    }

    /// Subscribes under the SSRC `1000 * (id + 1)`, RTX under the next one.
    pub fn subscribe_as(&mut self, who: usize, track: Id, config: SubscriptionConfig) -> Id {
        let id = self.new_id();
        self.people[who].watches(&config);
        self.command(Command::AddSubscription(id, who as Id, track, Box::new(config)));
        id
    }

    pub fn subscribe(&mut self, who: usize, track: Id, kind: Kind) -> (Id, u32) {
        let config = subscription(self.next_id * 1000, kind);
        let ssrc = config.ssrc;
        (self.subscribe_as(who, track, config), ssrc)
    }
}

pub fn camera(rids: &[&str]) -> TrackConfig {
    TrackConfig {
        kind: Kind::Video,
        codec: Codec::Vp8,
        mid: "0".into(),
        payload_type: VIDEO,
        rtx_payload_type: Some(VIDEO_RTX),
        red_payload_type: None,
        clock_rate: 90_000,
        rids: rids.iter().map(|rid| (*rid).to_owned()).collect(),
        ssrc: None,
        rtx_ssrc: None,
        extensions: extension_map(0),
        transport_cc: true,
        nack: true,
        made_layer: false,
    }
}

pub fn microphone() -> TrackConfig {
    TrackConfig {
        kind: Kind::Audio,
        codec: Codec::Opus,
        mid: "1".into(),
        payload_type: AUDIO,
        rtx_payload_type: None,
        red_payload_type: None,
        clock_rate: 48_000,
        rids: Vec::new(),
        ssrc: None,
        rtx_ssrc: None,
        extensions: extension_map(0),
        transport_cc: true,
        nack: false,
        made_layer: false,
    }
}

pub fn subscription(ssrc: u32, kind: Kind) -> SubscriptionConfig {
    let is_video = kind == Kind::Video;
    SubscriptionConfig {
        mid: "12".into(),
        ssrc,
        rtx_ssrc: is_video.then_some(ssrc + 1),
        payload_type: if is_video { SENT_VIDEO } else { SENT_AUDIO },
        rtx_payload_type: is_video.then_some(SENT_VIDEO_RTX),
        red_payload_type: None,
        cname: "somebody".into(),
        extensions: extension_map(1),
        continuous: false,
        made_layer: false,
    }
}

pub fn keys_of(profile: Profile, up: u8, down: u8) -> Keys {
    Keys {
        profile,
        receive_key: vec![up; 16],
        receive_salt: vec![up ^ 0x55; profile.salt_len()],
        send_key: vec![down; 16],
        send_salt: vec![down ^ 0x55; profile.salt_len()],
    }
}

pub fn credentials_of(who: usize) -> Credentials {
    Credentials {
        ufrag: format!("ufrag{who}"),
        pwd: format!("password-of-endpoint-{who:08}"),
    }
}
