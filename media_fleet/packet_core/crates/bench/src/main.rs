//! What forwarding costs, against what it must cost at least.
//!
//! Publishers send 1100-byte packets in frames of ten through a real node (its socket, its I/O thread) to subscribers over loopback: one publisher
//! to 1, 10, 50 and 500, four to 25, and one with three simulcast layers to 50 that change theirs five times a second. For each: CPU of the I/O thread per forwarded packet, user and system apart; added latency, from the publisher's send to a
//! subscriber's receive; the highest rate without loss; memory per subscriber. In turn with runs at that rate the floor, so that both see the
//! machine as it is at the time: the same bytes, encrypted with AES-128-GCM by the same library and sent by a bare loop in the best batches that
//! the same destinations allow.
//!
//! `--microphones`: a room of a hundred open microphones of whom three speak, for a hundred listeners, with all and with five of them forwarded.
//! `--floor N`: the floor for N subscribers alone. `--latency MS`: four publishers to 25 at the usual rate, for so long. `--threads`: one thread and two (`threads`).
//! Prints JSON on the standard output, progress on the standard error.
#![forbid(unsafe_code)]

mod drain;
mod floor;
mod microphones;
mod peers;
mod place;
mod scenario;
mod threads;

use std::time::Duration;

use microphones::Room;
use place::{Arrival, start_node};
use scenario::{Scenario, Shape};

/// Publishers, subscribers, and whether it is simulcast.
const SHAPES: [(usize, usize, bool); 6] = [
    (1, 1, false),
    (1, 10, false),
    (1, 50, false),
    (4, 25, false),
    (1, 500, false),
    (1, 50, true),
];
/// See `microphones`; all are forwarded, and then so many.
const ROOM: Room = Room {
    publishers: 100,
    subscribers: 100,
    speak: 3,
    last_n: 0,
};
const LAST_N: usize = 5;
/// Packets a second of a usual publisher.
const USUAL_RATE: u64 = 500;

/// How often the floor and the highest rate are measured in turn.
const ROUNDS: usize = 5;
/// The floor alone is measured for so long.
const FLOOR_ALONE: Duration = Duration::from_millis(1000);

/// What a usual meeting's packets take, as JSON.
fn latency(duration: Duration) -> String {
    let node = start_node(1, 0);
    let shape = Shape {
        publishers: 4,
        subscribers: 25,
        is_simulcast: false,
    };
    Scenario::start(&node, 0, shape, Arrival::Anywhere)
        .run(USUAL_RATE, duration)
        .json()
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--floor") {
        let subscribers = arguments[at + 1].parse().expect("a number of subscribers");
        println!("{}", floor::measure(subscribers, FLOOR_ALONE).json());
        return;
    }
    if let Some(at) = arguments.iter().position(|argument| argument == "--latency") {
        let milliseconds = arguments[at + 1].parse().expect("milliseconds");
        println!("{}", latency(Duration::from_millis(milliseconds)));
        return;
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    if arguments.iter().any(|argument| argument == "--microphones") {
        let rounds = if quick { 25 } else { 150 };
        let measure = |last_n| microphones::measure(Room { last_n, ..ROOM }, rounds);
        println!("[{}]", [0, LAST_N].map(measure).join(",\n "));
        return;
    }
    let duration = Duration::from_millis(if quick { 500 } else { 3000 });
    if arguments.iter().any(|argument| argument == "--threads") {
        println!("{}", threads::measure(duration));
        return;
    }
    let mut rows = Vec::new();
    let memory = scenario::memory_per_subscriber();
    for (publishers, subscribers, is_simulcast) in SHAPES {
        let layers = if is_simulcast { "simulcast" } else { "one layer" };
        eprintln!("{publishers} x {subscribers}, {layers}");
        let shape = Shape {
            publishers,
            subscribers,
            is_simulcast,
        };
        let node = start_node(1, 0);
        let scenario = Scenario::start(&node, 0, shape, Arrival::Anywhere);
        eprintln!("{USUAL_RATE} packets a second of each publisher");
        let usual = scenario.run(USUAL_RATE, duration);
        eprintln!("the highest rate without loss");
        let highest = scenario.highest(duration);
        eprintln!("half of it");
        let half = scenario.run(highest.rate / 2, duration);
        eprintln!("the floor and the highest rate in turn");
        let rounds: Vec<String> = (0..ROUNDS)
            .map(|_| {
                let floor = floor::measure(subscribers, duration);
                let beside = scenario.run(highest.rate, duration / 2);
                format!("{{\"floor\":{},\"highest\":{}}}", floor.json(), beside.json())
            })
            .collect();
        rows.push(format!(
            "{{\"publishers\":{publishers},\"subscribers\":{subscribers},\"simulcast\":{is_simulcast},\"rounds\":[{}],\"usual\":{},\"highest\":{},\"half\":{},\"memory_bytes_per_subscriber\":{memory}}}",
            rounds.join(","),
            usual.json(),
            highest.json(),
            half.json(),
        ));
    }
    println!("[{}]", rows.join(",\n "));
}
