//! A real node, and peers that are connected to one of its threads.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use parley_engine::{
    Codec, Command, Config, Credentials, ExtensionMap, Kind, SubscriptionConfig, TrackConfig,
};
use parley_io::{IoStats, Listen, Node, ufrag_start};

use crate::peers::{MID_ID, PAYLOAD_TYPE, RID_ID, RIDS, TRANSPORT_CC_ID, check, keys, socket};

const PWD: &str = "a-password-of-enough-length";

/// At which of a node's threads the peers' packets arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Wherever the kernel brings them.
    Anywhere,
    /// At the meeting's.
    Right,
    /// At another one's.
    Wrong,
}

/// A thread of a node.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub node: &'a Node,
    pub thread: usize,
    pub arrival: Arrival,
}

impl Place<'_> {
    /// An id of something in the thread.
    pub fn id(self, number: u32) -> u32 {
        number * self.node.threads() as u32 + self.thread as u32
    }

    pub fn address(self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.node.port()).into()
    }

    pub fn command(self, command: Command) {
        self.node.command(command).expect("the node runs");
    }

    pub fn add_transport(self, number: u32) -> String {
        let ufrag = format!("{}peer{number}", ufrag_start(self.thread));
        let credentials = Credentials {
            ufrag: ufrag.clone(),
            pwd: PWD.into(),
        };
        self.command(Command::AddTransport(self.id(number), credentials));
        ufrag
    }

    /// Adds a transport, with a socket that has passed a check and arrives where it should.
    pub fn connect(self, number: u32) -> UdpSocket {
        let ufrag = self.add_transport(number);
        let socket = loop {
            let socket = socket();
            let before = counters(self.node);
            check(&socket, self.address(), &ufrag, PWD);
            let was_handed_over = counters(self.node).io.handed_over > before.io.handed_over;
            if self.arrival == Arrival::Anywhere || was_handed_over == (self.arrival == Arrival::Wrong) {
                break socket;
            }
        };
        self.command(Command::SetSrtpKeys(self.id(number), Box::new(keys())));
        socket
            .set_nonblocking(true)
            .expect("a socket can be non-blocking");
        socket
    }
}

/// Of all threads of a node.
pub struct Counters {
    pub transports: u64,
    pub received: u64,
    pub forwarded: u64,
    pub io: IoStats,
}

/// How often a thread is asked that does not answer.
const PATIENCE: usize = 10;

pub fn counters(node: &Node) -> Counters {
    let mut all = Counters {
        transports: 0,
        received: 0,
        forwarded: 0,
        io: IoStats::default(),
    };
    // A thread that is behind, or has no processor on a busy machine, answers a later question.
    let answered = (0..PATIENCE).find_map(|_| node.stats().into_iter().collect::<Result<Vec<_>, _>>().ok());
    for (stats, io) in answered.expect("the node runs") {
        all.transports += stats.transports;
        all.received += stats.rtp_received;
        all.forwarded += stats.rtp_forwarded;
        all.io.send_calls += io.send_calls;
        all.io.handed_over += io.handed_over;
        all.io.hand_over_drops += io.hand_over_drops;
        all.io.cpu_us.0 += io.cpu_us.0;
        all.io.cpu_us.1 += io.cpu_us.1;
    }
    all
}

fn loopback() -> Listen {
    Listen {
        addresses: vec![Ipv4Addr::LOCALHOST.into()],
        port: 0,
        tcp_port: None,
    }
}

/// A node with so many threads, that forwards so many microphones; 0: all.
pub fn start_node(threads: usize, last_n_audio: usize) -> Node {
    let config = Config {
        consent_timeout_us: 3_600_000_000,
        last_n_audio,
        seed: 7,
    };
    Node::start(&loopback(), config, threads).expect("a node starts")
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

pub fn add_track(node: &Node, id: u32, transport: u32, ssrc: u32, is_simulcast: bool) {
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
        red_payload_type: None,
        clock_rate: 90_000,
        rtx_ssrc: None,
        extensions: extensions(),
        transport_cc: true,
        nack: true,
        made_layer: false,
    };
    node.command(Command::AddTrack(id, transport, Box::new(config)))
        .expect("the node runs");
}

pub fn subscription(index: usize) -> SubscriptionConfig {
    SubscriptionConfig {
        mid: "0".into(),
        ssrc: 1000 + index as u32,
        rtx_ssrc: Some(500_000 + index as u32),
        payload_type: 100,
        rtx_payload_type: Some(101),
        red_payload_type: None,
        cname: "bench".into(),
        extensions: extensions(),
        continuous: false,
        made_layer: false,
    }
}
