//! Whatever is said of packets, and in whatever order: no panic, and an estimate between its limits.

use parley_bandwidth::{Config, Estimator};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Sent(u16, u64, usize),
    Feedback(u64, u16, Vec<Option<i64>>),
    RoundTrip(f64),
    Elapse(u64),
    Probe(u64, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // The time is our own.
    let time = || prop_oneof![0u64..10_000_000, 0u64..1 << 50];
    let arrival = prop_oneof![
        (0i64..10_000_000).prop_map(Some),
        any::<i64>().prop_map(Some),
        Just(None)
    ];
    let step = prop_oneof![
        4 => (any::<u16>(), time(), any::<usize>()).prop_map(|(a, b, c)| Step::Sent(a, b, c)),
        4 => (0u16..50, 0u64..5_000_000, 0usize..2000).prop_map(|(a, b, c)| Step::Sent(a, b, c)),
        4 => (time(), 0u16..50, prop::collection::vec(arrival, 0..60)).prop_map(|(a, b, c)| Step::Feedback(a, b, c)),
        1 => any::<f64>().prop_map(Step::RoundTrip),
        1 => time().prop_map(Step::Elapse),
        2 => (time(), any::<u64>()).prop_map(|(a, b)| Step::Probe(a, b)),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn the_estimate_stays_within_its_limits(steps in steps()) {
        let config = Config::default();
        let mut estimator = Estimator::new(config);
        for step in steps {
            match step {
                Step::Sent(sequence, now, octets) => estimator.sent(sequence, now, octets),
                Step::Feedback(now, base, arrivals) => estimator.feedback(now, base, &arrivals),
                Step::RoundTrip(ms) => estimator.round_trip(ms),
                Step::Elapse(now) => estimator.elapse(now),
                Step::Probe(now, wanted) => { estimator.probe(now, wanted); }
            }
            prop_assert!((config.min_bps..=config.max_bps).contains(&estimator.estimate_bps()));
            prop_assert!((0.0..=1.0).contains(&estimator.loss()));
        }
    }
}
