//! What forwarding costs, against what it must cost at least.
//!
//! One publisher sends 1100-byte packets in frames of ten through a real node (its socket, its I/O thread) to 1, 10 and 50 subscribers over
//! loopback. For each: CPU of the I/O thread per forwarded packet, user and system apart; added latency, from the publisher's send to a
//! subscriber's receive; the highest rate without loss; memory per subscriber. In the same run the floor: the same bytes, encrypted
//! with AES-128-GCM by the same library and sent by a bare loop in the best batches that the same destinations allow.
//!
//! Prints JSON on the standard output, progress on the standard error.
#![forbid(unsafe_code)]

mod floor;
mod peers;
mod scenario;

use std::time::Duration;

/// Numbers of subscribers.
const SUBSCRIBERS: [usize; 3] = [1, 10, 50];
/// Packets a second of a usual publisher.
const USUAL_RATE: u64 = 500;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let duration = Duration::from_millis(if quick { 500 } else { 3000 });
    let mut rows = Vec::new();
    for subscribers in SUBSCRIBERS {
        eprintln!("{subscribers} subscribers: the floor");
        let floor = floor::measure(subscribers, duration);
        let memory = scenario::memory_per_subscriber();
        let scenario = scenario::Scenario::start(subscribers);
        eprintln!("{subscribers} subscribers: {USUAL_RATE} packets a second");
        let usual = scenario.run(USUAL_RATE, duration);
        eprintln!("{subscribers} subscribers: the highest rate without loss");
        let highest = scenario.highest(duration);
        eprintln!("{subscribers} subscribers: half of it");
        let half = scenario.run(highest.rate / 2, duration);
        rows.push(format!(
            "{{\"subscribers\":{subscribers},\"floor\":{},\"usual\":{},\"highest\":{},\"half\":{},\"memory_bytes_per_subscriber\":{memory}}}",
            floor.json(),
            usual.json(),
            highest.json(),
            half.json(),
        ));
    }
    println!("[{}]", rows.join(",\n "));
}
