//! Publishers and subscribers, and a real node between them.

use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use parley_engine::Command;
use parley_io::Node;
use parley_io::syscalls::{self, Message};
use parley_wire::srtp::ReceiveContext;

use crate::drain::{Drain, SharedContext};
use crate::peers::{PACKET_LEN, Publisher, RIDS, keys};
use crate::place::{Arrival, Place, add_track, counters, start_node, subscription};

/// Packets in a frame: they leave the publisher together.
const FRAME: u64 = 10;
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
    handed_over: u64,
}

impl Outcome {
    fn is_kept_up_with(&self) -> bool {
        self.lost == 0 && self.p99_us < KEPT_UP_US
    }

    pub fn json(&self) -> String {
        format!(
            "{{\"packets_a_second\":{},\"forwarded\":{},\"lost\":{},\"user_us\":{:.3},\"system_us\":{:.3},\"total_us\":{:.3},\"latency_p50_us\":{:.0},\"latency_p99_us\":{:.0},\"send_calls\":{},\"handed_over\":{}}}",
            self.rate,
            self.forwarded,
            self.lost,
            self.user_us,
            self.system_us,
            self.user_us + self.system_us,
            self.p50_us,
            self.p99_us,
            self.send_calls,
            self.handed_over,
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

/// A meeting in a thread of a node with its peers, ready to be sent to.
pub struct Scenario<'a> {
    place: Place<'a>,
    /// Added to all ids.
    first: u32,
    shape: Shape,
    sources: Mutex<Vec<Source>>,
    sinks: Vec<UdpSocket>,
    first_subscriber: SharedContext,
}

impl<'a> Scenario<'a> {
    /// Connects everyone to a node.
    pub fn start(node: &'a Node, thread: usize, shape: Shape, arrival: Arrival) -> Self {
        // Meetings of one node have ids of their own.
        let first = 100_000 * counters(node).transports as u32;
        let place = Place {
            node,
            thread,
            arrival,
        };
        let sources = (0..shape.publishers as u32)
            .map(|number| {
                let socket = place.connect(first + PUBLISHER + number);
                let ssrc = 100 * (1 + number);
                let (track, transport) = (
                    place.id(first + TRACK + number),
                    place.id(first + PUBLISHER + number),
                );
                add_track(node, track, transport, ssrc, shape.is_simulcast);
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
        let mut sinks = Vec::new();
        for index in 0..shape.subscribers {
            sinks.push(place.connect(first + SUBSCRIBER + index as u32));
            for track in 0..shape.publishers {
                let number = index * shape.publishers + track;
                place.command(Command::AddSubscription(
                    place.id(first + SUBSCRIPTION + number as u32),
                    place.id(first + SUBSCRIBER + index as u32),
                    place.id(first + TRACK + track as u32),
                    Box::new(subscription(number)),
                ));
            }
        }
        let keys = keys();
        let context =
            ReceiveContext::new(keys.profile, &keys.send_key, &keys.send_salt).expect("the keys fit");
        Self {
            place,
            first,
            shape,
            sources: Mutex::new(sources),
            sinks,
            first_subscriber: Arc::new(Mutex::new(context)),
        }
    }

    /// Every publisher sends at a rate (packets a second, of all its encodings) for some time.
    pub fn run(&self, rate: u64, duration: Duration) -> Outcome {
        Self::run_all(std::slice::from_ref(self), rate, duration)
    }

    /// The same in meetings of one node, all at once.
    pub fn run_all(meetings: &[Self], rate: u64, duration: Duration) -> Outcome {
        let node = meetings[0].place.node;
        Self::send_in_all(meetings, 1000, Duration::from_millis(100), Instant::now()); // everyone has a key frame, everything is warm
        std::thread::sleep(Duration::from_millis(50));
        let epoch = Instant::now();
        let drains: Vec<Drain> = meetings.iter().map(|meeting| meeting.drain(epoch)).collect();
        std::thread::sleep(Duration::from_millis(20)); // what was left over from before
        let received = || drains.iter().map(Drain::received).sum::<u64>();
        let already = received();
        let before = counters(node);
        let sent = Self::send_in_all(meetings, rate, duration, epoch);
        std::thread::sleep(Duration::from_millis(60));
        let after = counters(node);
        let arrived = received() - already;
        let mut latencies: Vec<u64> = drains.into_iter().flat_map(Drain::stop).collect();
        latencies.sort_unstable();
        let forwarded = after.forwarded - before.forwarded;
        // Of simulcast a subscriber gets one layer, less while it changes: what the node has sent counts.
        let expected = if meetings[0].shape.is_simulcast {
            forwarded
        } else {
            let each = sent.iter().zip(meetings);
            each.map(|(sent, meeting)| sent * meeting.sinks.len() as u64)
                .sum()
        };
        let per_packet = |before: u64, after: u64| (after - before) as f64 / forwarded.max(1) as f64;
        Outcome {
            rate,
            lost: expected.saturating_sub(arrived),
            forwarded,
            user_us: per_packet(before.io.cpu_us.0, after.io.cpu_us.0),
            system_us: per_packet(before.io.cpu_us.1, after.io.cpu_us.1),
            p50_us: percentile(&latencies, 0.5),
            p99_us: percentile(&latencies, 0.99),
            send_calls: after.io.send_calls - before.io.send_calls,
            handed_over: after.io.handed_over - before.io.handed_over,
        }
    }

    fn drain(&self, epoch: Instant) -> Drain {
        let sinks = self.sinks.iter();
        let sinks = sinks.map(|sink| sink.try_clone().expect("descriptors are left"));
        Drain::start(sinks.collect(), Some((epoch, Arc::clone(&self.first_subscriber))))
    }

    /// How many packets were sent in each.
    fn send_in_all(meetings: &[Self], rate: u64, duration: Duration, epoch: Instant) -> Vec<u64> {
        std::thread::scope(|scope| {
            let senders: Vec<_> = meetings
                .iter()
                .map(|meeting| scope.spawn(move || meeting.send(rate, duration, epoch)))
                .collect();
            senders
                .into_iter()
                .map(|sender| sender.join().expect("the sender ends"))
                .collect()
        })
    }

    /// The highest rate at which nothing is lost and no queue grows.
    pub fn highest(&self, duration: Duration) -> Outcome {
        Self::highest_of(std::slice::from_ref(self), duration)
    }

    /// The same in meetings of one node, all at once.
    pub fn highest_of(meetings: &[Self], duration: Duration) -> Outcome {
        let mut rate = 1000.0;
        let mut best = Self::run_all(meetings, rate as u64, duration / 2);
        loop {
            rate *= SEARCH_STEP;
            // Up to three times: on a shared machine a moment of somebody else's work is no limit of ours.
            let mut tries = (0..3).map(|_| Self::run_all(meetings, rate as u64, duration / 2));
            match tries.find(Outcome::is_kept_up_with) {
                Some(next) => best = next,
                None => return best,
            }
        }
    }

    /// Sends frames at even distances, publishers and encodings in turn; returns how many packets.
    fn send(&self, rate: u64, duration: Duration, epoch: Instant) -> u64 {
        let mut sources = self.sources.lock().expect("no panic");
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
            to: self.place.address(),
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
            let subscription = self.place.id(self.first + SUBSCRIPTION + index as u32);
            self.place.command(Command::SetWantedLayer(subscription, layer));
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

/// Resident memory that a subscriber adds, bytes; measured with a thousand, in which the rest drowns.
pub fn memory_per_subscriber() -> u64 {
    const MANY: usize = 1000;
    let before = resident_bytes();
    let node = start_node(1, 0);
    let place = Place {
        node: &node,
        thread: 0,
        arrival: Arrival::Anywhere,
    };
    let _source = place.connect(PUBLISHER);
    add_track(&node, TRACK, PUBLISHER, 100, false);
    let base = resident_bytes().max(before);
    for index in 0..MANY {
        let transport = SUBSCRIBER + 2 * index as u32;
        place.add_transport(transport);
        for command in [
            Command::SetSrtpKeys(transport, Box::new(keys())),
            Command::AddSubscription(transport + 1, transport, TRACK, Box::new(subscription(index))),
        ] {
            place.command(command);
        }
    }
    counters(&node);
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
