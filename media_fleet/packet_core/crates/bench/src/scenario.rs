//! Publishers and subscribers, and a real node between them.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use parley_engine::{
    Codec, Command, Config, Credentials, ExtensionMap, Kind, SubscriptionConfig, TrackConfig,
};
use parley_io::syscalls::{self, Message};
use parley_io::{Listen, Node};
use parley_wire::srtp::ReceiveContext;

use crate::drain::{Drain, SharedContext};
use crate::peers::{
    MID_ID, PACKET_LEN, PAYLOAD_TYPE, Publisher, RID_ID, RIDS, TRANSPORT_CC_ID, check, keys, socket,
};

/// Packets in a frame: they leave the publisher together.
const FRAME: u64 = 10;
const PWD: &str = "a-password-of-enough-length";
/// Stop searching where steps are so small.
const SEARCH_STEP: f64 = 1.25;
const DATAGRAM: usize = PACKET_LEN + 16;

/// A rate counts as kept up with while no packet waits longer than this: more would be a queue that grows.
const KEPT_UP_US: f64 = 10_000.0;

/// What one run showed.
pub struct Outcome {
    pub rate: u64,
    lost: u64,
    forwarded: u64,
    user_us: f64,
    system_us: f64,
    p50_us: f64,
    p99_us: f64,
    send_calls: u64,
}

impl Outcome {
    fn is_kept_up_with(&self) -> bool {
        self.lost == 0 && self.p99_us < KEPT_UP_US
    }

    pub fn json(&self) -> String {
        format!(
            "{{\"packets_a_second\":{},\"forwarded\":{},\"lost\":{},\"user_us\":{:.3},\"system_us\":{:.3},\"total_us\":{:.3},\"latency_p50_us\":{:.0},\"latency_p99_us\":{:.0},\"send_calls\":{}}}",
            self.rate,
            self.forwarded,
            self.lost,
            self.user_us,
            self.system_us,
            self.user_us + self.system_us,
            self.p50_us,
            self.p99_us,
            self.send_calls,
        )
    }
}

/// Who is in a meeting: every subscriber gets every publisher's film.
#[derive(Clone, Copy)]
pub struct Shape {
    pub publishers: usize,
    pub subscribers: usize,
    /// Each publisher sends all [`RIDS`], and each subscriber takes another of them every [`SWITCH_EVERY`].
    pub is_simulcast: bool,
}

impl Shape {
    fn layers(self) -> usize {
        if self.is_simulcast { RIDS.len() } else { 1 }
    }
}

/// Between two changes of all subscribers' layers.
const SWITCH_EVERY: Duration = Duration::from_millis(200);
/// Ids of transports: publishers from here, subscribers from [`SUBSCRIBER`] on.
pub const PUBLISHER: u32 = 1;
pub const SUBSCRIBER: u32 = 1000;
/// Ids of tracks, and of subscriptions.
pub const TRACK: u32 = 500;
pub const SUBSCRIPTION: u32 = 10_000;

/// One publisher's socket and its encodings.
struct Source {
    socket: UdpSocket,
    encodings: Vec<Publisher>,
    transport_sequence: u16,
}

/// A node with its peers, ready to be sent to.
pub struct Scenario {
    node: Node,
    address: SocketAddr,
    shape: Shape,
    sources: RefCell<Vec<Source>>,
    sinks: Vec<UdpSocket>,
    first_subscriber: SharedContext,
}

impl Scenario {
    /// Starts a node and connects everyone.
    pub fn start(shape: Shape) -> Self {
        let node = start_node(0);
        let address = address_of(&node);
        let sources = (0..shape.publishers)
            .map(|number| {
                let transport = PUBLISHER + number as u32;
                let socket = socket();
                connect(&node, transport, &socket, address);
                let ssrc = 100 * (1 + number as u32);
                add_track(&node, TRACK + number as u32, transport, ssrc, shape.is_simulcast);
                let layer = |layer| shape.is_simulcast.then_some(layer);
                Source {
                    socket,
                    encodings: (0..shape.layers())
                        .map(|index| Publisher::new(ssrc + index as u32, layer(index)))
                        .collect(),
                    transport_sequence: 0,
                }
            })
            .collect();
        let sinks: Vec<UdpSocket> = (0..shape.subscribers).map(|_| socket()).collect();
        for (index, sink) in sinks.iter().enumerate() {
            connect(&node, SUBSCRIBER + index as u32, sink, address);
            for track in 0..shape.publishers {
                let number = index * shape.publishers + track;
                let command = Command::AddSubscription(
                    SUBSCRIPTION + number as u32,
                    SUBSCRIBER + index as u32,
                    TRACK + track as u32,
                    Box::new(subscription(number)),
                );
                node.command(command).expect("the node runs");
            }
        }
        let keys = keys();
        let context =
            ReceiveContext::new(keys.profile, &keys.send_key, &keys.send_salt).expect("the keys fit");
        let first_subscriber = Arc::new(Mutex::new(context));
        Self {
            node,
            address,
            shape,
            sources: RefCell::new(sources),
            sinks,
            first_subscriber,
        }
    }

    /// Every publisher sends at a rate (packets a second, of all its encodings) for some time.
    pub fn run(&self, rate: u64, duration: Duration) -> Outcome {
        self.send(1000, Duration::from_millis(100), Instant::now()); // everyone has a key frame, everything is warm
        std::thread::sleep(Duration::from_millis(50));
        let epoch = Instant::now();
        let sinks = self
            .sinks
            .iter()
            .map(|sink| sink.try_clone().expect("descriptors are left"))
            .collect();
        let drain = Drain::start(sinks, Some((epoch, Arc::clone(&self.first_subscriber))));
        std::thread::sleep(Duration::from_millis(20)); // what was left over from before
        let already = drain.received();
        let (stats, io) = self.node.stats().expect("the node runs");
        let (user, system) = self.node.cpu_time_us().expect("the node runs");
        let sent = self.send(rate, duration, epoch);
        std::thread::sleep(Duration::from_millis(60));
        let (user_after, system_after) = self.node.cpu_time_us().expect("the node runs");
        let (stats_after, io_after) = self.node.stats().expect("the node runs");
        let arrived = drain.received() - already;
        let mut latencies = drain.stop();
        latencies.sort_unstable();
        let forwarded = stats_after.rtp_forwarded - stats.rtp_forwarded;
        // Of simulcast a subscriber gets one layer, less while it changes: what the node has sent counts.
        let expected = if self.shape.is_simulcast {
            forwarded
        } else {
            sent * self.sinks.len() as u64
        };
        let per_packet = |before: u64, after: u64| (after - before) as f64 / forwarded.max(1) as f64;
        Outcome {
            rate,
            lost: expected.saturating_sub(arrived),
            forwarded,
            user_us: per_packet(user, user_after),
            system_us: per_packet(system, system_after),
            p50_us: percentile(&latencies, 0.5),
            p99_us: percentile(&latencies, 0.99),
            send_calls: io_after.send_calls - io.send_calls,
        }
    }

    /// The highest rate at which nothing is lost and no queue grows.
    pub fn highest(&self, duration: Duration) -> Outcome {
        let mut rate = 1000.0;
        let mut best = self.run(rate as u64, duration / 2);
        loop {
            rate *= SEARCH_STEP;
            // Up to three times: on a shared machine a moment of somebody else's work is no limit of ours.
            let mut tries = (0..3).map(|_| self.run(rate as u64, duration / 2));
            match tries.find(Outcome::is_kept_up_with) {
                Some(next) => best = next,
                None => return best,
            }
        }
    }

    /// Sends frames at even distances, publishers and encodings in turn; returns how many packets.
    fn send(&self, rate: u64, duration: Duration, epoch: Instant) -> u64 {
        let mut sources = self.sources.borrow_mut();
        let mut buffer = vec![0u8; (FRAME as usize) * DATAGRAM + 64];
        let (publishers, layers) = (self.shape.publishers as u64, self.shape.layers() as u64);
        let distance = Duration::from_nanos(1_000_000_000 * FRAME / (rate * publishers));
        let start = Instant::now();
        let mut next_switch = start;
        let mut frames = 0;
        while start.elapsed() < duration {
            if self.shape.is_simulcast && start.elapsed() >= next_switch - start {
                self.switch_layers(
                    (next_switch - start).as_millis() as usize / SWITCH_EVERY.as_millis() as usize,
                );
                next_switch += SWITCH_EVERY;
            }
            wait_until(start, distance * frames as u32);
            let source = &mut sources[(frames % publishers) as usize];
            let encoding = (frames / publishers % layers) as usize;
            self.send_frame(source, encoding, epoch, &mut buffer);
            frames += 1;
        }
        frames * FRAME
    }

    fn send_frame(&self, source: &mut Source, encoding: usize, epoch: Instant, buffer: &mut [u8]) {
        let now = epoch.elapsed().as_nanos() as u64;
        for place in 0..FRAME {
            let at = place as usize * DATAGRAM;
            source.transport_sequence = source.transport_sequence.wrapping_add(1);
            let number = source.transport_sequence;
            source.encodings[encoding].packet(&mut buffer[at..], now, number, place == FRAME - 1);
        }
        let message = Message {
            to: self.address,
            start: 0,
            len: FRAME as usize * DATAGRAM,
            segment: DATAGRAM,
        };
        while syscalls::send(&source.socket, buffer, &[message]).is_err() {
            syscalls::wait_writable(&source.socket, Duration::from_millis(1));
        }
    }

    fn switch_layers(&self, turn: usize) {
        for index in 0..self.sinks.len() * self.shape.publishers {
            let layer = Some((turn + index) % RIDS.len());
            let command = Command::SetWantedLayer(SUBSCRIPTION + index as u32, layer);
            self.node.command(command).expect("the node runs");
        }
    }
}

/// Sleeps most of the time until `due` after `start`, and spins for the rest.
fn wait_until(start: Instant, due: Duration) {
    if let Some(wait) = due.checked_sub(start.elapsed()) {
        if wait > Duration::from_micros(100) {
            std::thread::sleep(wait - Duration::from_micros(60));
        }
        while start.elapsed() < due {
            std::hint::spin_loop();
        }
    }
}

fn loopback() -> Listen {
    Listen {
        addresses: vec![Ipv4Addr::LOCALHOST.into()],
        port: 0,
        tcp_port: None,
    }
}

pub fn address_of(node: &Node) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, node.port()).into()
}

pub fn start_node(last_n_audio: usize) -> Node {
    let config = Config {
        consent_timeout_us: 3_600_000_000,
        last_n_audio,
        seed: 7,
    };
    Node::start(&loopback(), config).expect("a node starts")
}

pub fn connect(node: &Node, transport: u32, socket: &UdpSocket, address: SocketAddr) {
    let credentials = Credentials {
        ufrag: format!("peer{transport}"),
        pwd: PWD.into(),
    };
    node.command(Command::AddTransport(transport, credentials))
        .expect("the node runs");
    check(socket, address, &format!("peer{transport}"), PWD);
    node.command(Command::SetSrtpKeys(transport, Box::new(keys())))
        .expect("the node runs");
    socket
        .set_nonblocking(true)
        .expect("a socket can be non-blocking");
}

fn extensions() -> ExtensionMap {
    use parley_wire::extensions::{ALL, Extension};
    ExtensionMap::from_uris([
        (ALL[Extension::Mid as usize].1, MID_ID),
        (ALL[Extension::Rid as usize].1, RID_ID),
        (ALL[Extension::TransportCc as usize].1, TRANSPORT_CC_ID),
        (ALL[Extension::AbsSendTime as usize].1, 2),
    ])
}

fn add_track(node: &Node, id: u32, transport: u32, ssrc: u32, is_simulcast: bool) {
    let config = TrackConfig {
        rids: if is_simulcast {
            RIDS.map(str::to_owned).to_vec()
        } else {
            Vec::new()
        },
        ssrc: (!is_simulcast).then_some(ssrc),
        kind: Kind::Video,
        codec: Codec::Vp8,
        mid: "0".into(),
        payload_type: PAYLOAD_TYPE,
        rtx_payload_type: None,
        clock_rate: 90_000,
        rtx_ssrc: None,
        extensions: extensions(),
        transport_cc: true,
        nack: true,
    };
    node.command(Command::AddTrack(id, transport, Box::new(config)))
        .expect("the node runs");
}

fn subscription(index: usize) -> SubscriptionConfig {
    SubscriptionConfig {
        mid: "0".into(),
        ssrc: 1000 + index as u32,
        rtx_ssrc: Some(500_000 + index as u32),
        payload_type: 100,
        rtx_payload_type: Some(101),
        cname: "bench".into(),
        extensions: extensions(),
        continuous: false,
    }
}

/// Resident memory that a subscriber adds, bytes; measured with a thousand, in which the rest drowns.
pub fn memory_per_subscriber() -> u64 {
    const MANY: usize = 1000;
    let before = resident_bytes();
    let node = start_node(0);
    let source = socket();
    connect(&node, PUBLISHER, &source, address_of(&node));
    add_track(&node, TRACK, PUBLISHER, 100, false);
    let base = resident_bytes().max(before);
    for index in 0..MANY {
        let transport = SUBSCRIBER + 2 * index as u32;
        let credentials = Credentials {
            ufrag: format!("peer{transport}"),
            pwd: PWD.into(),
        };
        for command in [
            Command::AddTransport(transport, credentials),
            Command::SetSrtpKeys(transport, Box::new(keys())),
            Command::AddSubscription(transport + 1, transport, TRACK, Box::new(subscription(index))),
        ] {
            node.command(command).expect("the node runs");
        }
    }
    node.stats().expect("the node runs");
    (resident_bytes().saturating_sub(base)) / MANY as u64
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * 4096
}

fn percentile(sorted: &[u64], share: f64) -> f64 {
    let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(f64::NAN, |ns| *ns as f64 / 1000.0)
}
