//! Several threads that share a port: what handing over costs, and what a second thread brings.

use std::time::Duration;

use crate::place::{Arrival, start_node};
use crate::scenario::{Outcome, Scenario, Shape};

/// Little goes out, so that what comes in shows.
const ONE_TO_ONE: Shape = Shape {
    publishers: 1,
    subscribers: 1,
    is_simulcast: false,
};
const ONE_TO_MANY: Shape = Shape {
    publishers: 1,
    subscribers: 25,
    is_simulcast: false,
};
/// Packets a second of the publisher, where what comes in is looked at.
const INCOMING_RATE: u64 = 5_000;
/// And where it is forwarded to many, of each of two.
const FORWARDED_RATE: u64 = 500;
/// So often each, by turns, so that what else happens on the machine hits all alike.
const ROUNDS: usize = 5;

/// The measurements, as JSON.
pub fn measure(duration: Duration) -> String {
    let handing_over = handing_over(duration);
    let two_meetings = two_meetings(duration);
    format!("{{\"handing_over\":{handing_over},\n \"two_meetings\":{two_meetings}}}")
}

/// One publisher and one subscriber: in the only thread, and in one of two, at which their packets arrive or to which they are handed over.
fn handing_over(duration: Duration) -> String {
    let (one, two) = (start_node(1, 0), start_node(2, 0));
    let places = [
        (
            "one_thread",
            Scenario::start(&one, 0, ONE_TO_ONE, Arrival::Anywhere),
        ),
        ("two_right", Scenario::start(&two, 0, ONE_TO_ONE, Arrival::Right)),
        ("two_wrong", Scenario::start(&two, 0, ONE_TO_ONE, Arrival::Wrong)),
    ];
    let mut rows: Vec<Vec<Outcome>> = places.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        for ((name, scenario), row) in places.iter().zip(&mut rows) {
            eprintln!("handing over, {name}, {}", round + 1);
            row.push(scenario.run(INCOMING_RATE, duration));
        }
    }
    json(places.iter().map(|(name, _)| *name).zip(&rows))
}

/// Two meetings at once: both in the only thread, and one in each of two.
fn two_meetings(duration: Duration) -> String {
    let (one, two) = (start_node(1, 0), start_node(2, 0));
    let both = |node, threads: [usize; 2]| {
        threads.map(|thread| Scenario::start(node, thread, ONE_TO_MANY, Arrival::Anywhere))
    };
    let places = [
        ("one_thread", both(&one, [0, 0])),
        ("two_threads", both(&two, [0, 1])),
    ];
    let mut usual: Vec<Vec<Outcome>> = places.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        for ((name, scenarios), row) in places.iter().zip(&mut usual) {
            eprintln!("two meetings, {name}, {}", round + 1);
            row.push(Scenario::run_all(scenarios, FORWARDED_RATE, duration));
        }
    }
    let highest = places.iter().map(|(name, scenarios)| {
        eprintln!("two meetings, {name}: the highest rate");
        let highest = Scenario::highest_of(scenarios, duration);
        format!("\"{name}\":{}", highest.json())
    });
    let highest: Vec<String> = highest.collect();
    format!(
        "{{\"usual\":{},\"highest\":{{{}}}}}",
        json(places.iter().map(|(name, _)| *name).zip(&usual)),
        highest.join(",")
    )
}

fn json<'a>(rows: impl Iterator<Item = (&'a str, &'a Vec<Outcome>)>) -> String {
    let rows: Vec<String> = rows
        .map(|(name, outcomes)| {
            let outcomes: Vec<String> = outcomes.iter().map(Outcome::json).collect();
            format!("\"{name}\":[{}]", outcomes.join(","))
        })
        .collect();
    format!("{{{}}}", rows.join(",\n  "))
}
