//! What passed on the way to real browsers, recorded by `tests/integration/media/impaired_paths` and replayed: what the estimator makes of it.
//!
//! A replay sends what was sent, whatever is estimated. So it shows false alarms and missed ones, not how a path is used.

#[allow(dead_code)]
mod link;

use link::{Run, Sample, plot::plot};
use parley_bandwidth::{Config, Estimator};

const FEEDBACK_US: u64 = 50_000;
const LOOK_US: u64 = 100_000;

struct Passage {
    sent_us: u64,
    octets: usize,
    /// Of the receiver's clock; None if it was lost.
    came_us: Option<u64>,
}

fn read(trace: &str) -> Vec<Passage> {
    let passage = |line: &str| {
        let fields: Vec<&str> = line.split(' ').collect();
        let [sent, octets, way] = fields[..] else {
            panic!("not a passage: {line}")
        };
        let sent_us = 100 * sent.parse::<u64>().unwrap();
        Passage {
            sent_us,
            octets: octets.parse().unwrap(),
            came_us: (way != "-").then(|| sent_us + 100 * way.parse::<u64>().unwrap()),
        }
    };
    trace.lines().map(passage).collect()
}

/// Feedback comes each 50 ms for all up to the newest that has come, after `back_us` on its way back.
fn replay(name: &str, trace: &str, back_us: u64) -> Run {
    let passages = read(trace);
    let mut estimator = Estimator::new(Config::default());
    let end_us = passages.last().unwrap().sent_us;
    let (mut sent, mut told) = (0, 0);
    let mut under_way: Vec<(u64, usize, Vec<Option<i64>>)> = Vec::new();
    let (mut samples, mut octets) = (Vec::new(), 0);
    for now_us in (0..end_us).step_by(1_000) {
        while passages[sent].sent_us <= now_us {
            estimator.sent(sent as u16, passages[sent].sent_us, passages[sent].octets);
            octets += passages[sent].octets;
            sent += 1;
        }
        let has_come = |passage: &Passage| passage.came_us.is_some_and(|came| came <= now_us);
        if now_us % FEEDBACK_US == 0
            && let Some(newest) = (told..sent).rfind(|index| has_come(&passages[*index]))
        {
            let arrivals = (told..=newest).map(|index| {
                let came = passages[index].came_us.filter(|came| *came <= now_us);
                came.map(u64::cast_signed)
            });
            under_way.push((now_us + back_us, told, arrivals.collect()));
            told = newest + 1;
        }
        for (_, first, arrivals) in under_way.extract_if(.., |(comes_us, _, _)| *comes_us <= now_us) {
            estimator.feedback(now_us, first as u16, &arrivals);
        }
        if now_us % LOOK_US == 0 {
            estimator.elapse(now_us);
            let waits = passages[..sent]
                .last()
                .and_then(|last| Some(last.came_us? - last.sent_us));
            samples.push(Sample {
                at: now_us as f64 / 1e6,
                capacity: f64::NAN,
                estimate: estimator.estimate_bps() as f64,
                sent: std::mem::take(&mut octets) as f64 * 80.0,
                queue_s: waits.map_or(f64::NAN, |us| us.saturating_sub(back_us) as f64 / 1e6),
            });
        }
    }
    plot(name, &samples);
    Run { samples }
}

#[test]
fn loss_and_jitter_of_the_path_do_not_lower_the_estimate_below_what_is_sent() {
    let traces = [
        ("10-percent-lost", include_str!("traces/10-percent-lost.trace")),
        ("30-ms-jitter", include_str!("traces/30-ms-jitter.trace")),
    ];
    for (name, trace) in traces {
        let it = replay(name, trace, 50_000);
        let sent = it.mean(2.0, f64::MAX, |s| s.sent);
        let least = it
            .between(2.0, f64::MAX)
            .map(|s| s.estimate)
            .fold(f64::MAX, f64::min);
        println!("{name}: {sent:.0} sent, estimate at least {least:.0}");
        assert!(least > 1.5 * sent);
    }
}

#[test]
fn a_path_that_narrows_is_noticed_and_not_given_up() {
    let trace = include_str!("traces/three-megabit-to-300-kilobit.trace");
    let it = replay("three-megabit-to-300-kilobit", trace, 10_000);
    // The narrow time is that in which packets wait.
    let begins = it.first(0.0, |s| s.queue_s > 0.1);
    let noticed = it.first(begins, |s| s.estimate < 400e3);
    println!("narrow from {begins:.1} s on, noticed after {noticed:.1} s");
    let media = it.mean(1.0, begins, |s| s.sent);
    assert!(
        it.between(1.0, begins - 0.3).all(|s| s.estimate > 2.0 * media),
        "no alarm before"
    );
    assert!(noticed < 2.0);
    let narrow: Vec<f64> = it
        .between(begins + 2.0, begins + 6.0)
        .map(|s| s.estimate)
        .collect();
    assert!(
        narrow.iter().all(|estimate| (150e3..300e3).contains(estimate)),
        "{narrow:?}"
    );
}
