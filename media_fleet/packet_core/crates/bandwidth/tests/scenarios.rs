//! Simulated paths: what is made of them, and how long packets wait for it.
//!
//! Held to the goals below, but for what a test says of its own; `docs/decisions/0012-sharing-a-path.md` has the table.

mod link;

use link::{Media, Path, plot::plot, run};
use parley_bandwidth::{Config, Estimator};

const M: f64 = 1e6;
const K: f64 = 1e3;
/// So much of a path is used, at the least.
const LEAST_USED: f64 = 0.9;
/// 95 of 100 packets wait no longer for their turn, milliseconds.
const LONGEST_QUEUE_MS: f64 = 100.0;
/// After so long a path that has changed is used, or its queue is gone, seconds.
const RECOVERY_S: f64 = 5.0;
/// Chance has a part in some: a mean of so many.
const RUNS: u64 = 12;
const LAYERS: &[f64] = &[150.0 * K, 500.0 * K, 1_700.0 * K];

#[test]
fn a_steady_path_is_used_without_a_queue() {
    for capacity in [1.0 * M, 3.0 * M, 10.0 * M] {
        let path = Path::new(move |_| capacity);
        let it = run(&path, &Media::Elastic(20.0 * M), 20.0 * M, 40);
        plot(&format!("steady-{capacity}"), &it.samples);
        let (used, queue) = (it.sent_share(10.0, 40.0), it.queue_p95_ms(10.0, 40.0));
        println!(
            "steady {capacity}: {used:.2} used, p95 {queue:.0} ms, estimate {:.2} of the path",
            it.used(10.0, 40.0)
        );
        assert!(used > LEAST_USED);
        assert!(queue < LONGEST_QUEUE_MS);
        assert!(
            (0.9..1.05).contains(&it.used(10.0, 40.0)),
            "an estimate is no guess"
        );
    }
}

#[test]
fn a_path_that_narrows_and_widens_again_is_followed() {
    let path = Path::new(|at| {
        if (15.0..35.0).contains(&at) {
            300.0 * K
        } else {
            3.0 * M
        }
    });
    let it = run(&path, &Media::Elastic(3.0 * M), 3.0 * M, 60);
    plot("step", &it.samples);
    let settled = it.first(15.5, |s| s.queue_s < 0.1 && s.estimate < 330.0 * K);
    let back = it.first(35.0, |s| s.estimate > 2.7 * M);
    let (narrow, wide) = (
        it.sent_share(15.0 + RECOVERY_S, 35.0),
        it.sent_share(35.0 + RECOVERY_S, 60.0),
    );
    println!(
        "step: queue gone after {settled:.1} s, back after {back:.1} s; then {narrow:.2} and {wide:.2} used, p95 {:.0} and {:.0} ms",
        it.queue_p95_ms(15.0 + RECOVERY_S, 35.0),
        it.queue_p95_ms(35.0 + RECOVERY_S, 60.0)
    );
    assert!(settled < 3.0);
    assert!(back < RECOVERY_S);
    // The narrow time misses the goal by a hundredth: a twentieth of the estimate is left free by the sender.
    assert!(narrow > 0.88);
    assert!(wide > LEAST_USED);
    assert!(it.queue_p95_ms(15.0 + RECOVERY_S, 35.0) < LONGEST_QUEUE_MS);
    assert!(it.queue_p95_ms(35.0 + RECOVERY_S, 60.0) < LONGEST_QUEUE_MS);
}

#[test]
fn layers_follow_the_path() {
    let path = Path::new(|at| {
        if (15.0..35.0).contains(&at) {
            700.0 * K
        } else {
            5.0 * M
        }
    });
    let it = run(&path, &Media::Layers(LAYERS), 1.8 * M, 60);
    plot("layers", &it.samples);
    let up = it.first(0.0, |s| s.sent > 1.5 * M);
    let down = it.mean(20.0, 35.0, |s| s.sent);
    let back = it.first(35.0, |s| s.sent > 1.5 * M && s.estimate > 1.8 * M);
    println!("layers: best after {up:.1} s, {down:.0} bits while narrow, back after {back:.1} s");
    assert!(up < RECOVERY_S);
    assert!(down > 450.0 * K);
    assert!(it.queue_p95_ms(18.0, 35.0) < LONGEST_QUEUE_MS);
    assert!(back < RECOVERY_S);
}

#[test]
fn a_deep_queue_is_not_filled() {
    let mut path = Path::new(|_| 1.0 * M);
    path.queue_s = 1.0;
    let it = run(&path, &Media::Elastic(5.0 * M), 5.0 * M, 60);
    plot("bufferbloat", &it.samples);
    let used = it.sent_share(10.0, 60.0);
    println!(
        "bufferbloat: {used:.2} used, p95 {:.0} ms",
        it.queue_p95_ms(10.0, 60.0)
    );
    assert!(used > LEAST_USED);
    assert!(it.queue_p95_ms(10.0, 60.0) < LONGEST_QUEUE_MS);
}

#[test]
fn what_others_leave_is_used() {
    let path = Path::new(|at| {
        if (at / 10.0) as u64 % 2 == 1 {
            1.0 * M
        } else {
            3.0 * M
        }
    });
    let it = run(&path, &Media::Elastic(5.0 * M), 5.0 * M, 80);
    plot("cross", &it.samples);
    let sent = it.sent_share(10.0, 80.0);
    println!(
        "cross traffic: {sent:.2} used, p95 {:.0} ms in all",
        it.queue_p95_ms(10.0, 80.0)
    );
    assert!(sent > LEAST_USED);
    for begins in [10.0, 30.0, 50.0, 70.0] {
        let over = it.first(begins + 0.3, |s| s.queue_s < 0.1) + 0.3;
        println!(
            "cross traffic: queue gone after {over:.1} s, p95 {:.0} ms after that",
            it.queue_p95_ms(begins + over, begins + 10.0)
        );
        assert!(over < 2.5);
        assert!(it.queue_p95_ms(begins + over, begins + 10.0) < LONGEST_QUEUE_MS);
    }
}

#[test]
fn a_radio_path_is_kept_up_with() {
    let (mut used, mut queue_ms) = (0.0, 0.0);
    for run_number in 0..RUNS {
        // Between 0.55 and 4.95 Mbit/s, slowly and quickly.
        let from = 0.7 * run_number as f64;
        let slow = move |at: f64| 1.6 * M * ((at + from) * 0.9).sin();
        let quick = move |at: f64| 0.6 * M * ((at + 1.3 * from) * 5.3).sin();
        let mut path = Path::new(move |at| 2.75 * M + slow(at) + quick(at));
        path.jitter_ms = 30;
        path.seed = run_number + 1;
        let it = run(&path, &Media::Elastic(5.0 * M), 5.0 * M, 60);
        plot(&format!("radio-{run_number}"), &it.samples);
        used += it.sent_share(10.0, 60.0) / RUNS as f64;
        queue_ms += it.queue_p95_ms(10.0, 60.0) / RUNS as f64;
    }
    println!("radio: {used:.2} used, p95 {queue_ms:.0} ms");
    // Neither goal is reached: the path narrows to a ninth within two seconds, again and again, and 30 ms of jitter hide the beginning of it.
    assert!(used > 0.65);
    assert!(queue_ms < 260.0);
}

#[test]
fn a_path_with_jitter_that_widens_is_found_out() {
    let mut back = 0.0;
    for run_number in 0..RUNS {
        let is_narrow = |at| (15.0..35.0).contains(&at);
        let mut path = Path::new(move |at| if is_narrow(at) { 300.0 * K } else { 3.0 * M });
        path.jitter_ms = 20;
        path.seed = run_number + 1;
        let it = run(&path, &Media::Elastic(3.0 * M), 3.0 * M, 60);
        plot(&format!("step-with-jitter-{run_number}"), &it.samples);
        back += it.first(35.0, |s| s.estimate > 2.7 * M) / RUNS as f64;
    }
    println!("step with jitter: back after {back:.1} s");
    assert!(back < RECOVERY_S);
}

#[test]
fn jitter_is_no_congestion() {
    for jitter_ms in [10, 30, 60] {
        let mut path = Path::new(|_| 3.0 * M);
        path.jitter_ms = jitter_ms;
        let it = run(&path, &Media::Elastic(5.0 * M), 5.0 * M, 60);
        plot(&format!("jitter-{jitter_ms}"), &it.samples);
        let (used, queue) = (it.sent_share(10.0, 60.0), it.queue_p95_ms(10.0, 60.0));
        println!("jitter {jitter_ms}: {used:.2} used, p95 {queue:.0} ms");
        assert!(used > LEAST_USED);
        assert!(queue < LONGEST_QUEUE_MS);
    }
}

#[test]
fn loss_that_is_no_congestion_does_not_starve() {
    for loss in [0.01, 0.05, 0.1] {
        let mut path = Path::new(|_| 3.0 * M);
        path.loss = loss;
        let it = run(&path, &Media::Elastic(5.0 * M), 5.0 * M, 60);
        plot(&format!("loss-{loss}"), &it.samples);
        let used = it.sent_share(10.0, 60.0);
        println!(
            "loss {loss}: {used:.2} used, p95 {:.0} ms",
            it.queue_p95_ms(10.0, 60.0)
        );
        assert!(used > LEAST_USED);
        assert!(it.queue_p95_ms(10.0, 60.0) < LONGEST_QUEUE_MS);
    }
}

#[test]
fn who_sent_little_can_send_much_soon() {
    let path = Path::new(|_| 10.0 * M);
    let it = run(
        &path,
        &Media::Fixed(|at| if at < 20.0 { 200.0 * K } else { 2.5 * M }, false),
        0.0,
        40,
    );
    plot("application-limited", &it.samples);
    let soon = it.first(20.0, |s| s.estimate > 2.5 * M);
    println!("application-limited: {soon:.1} s");
    assert!(it.between(2.0, 20.0).all(|s| s.estimate > 200.0 * K));
    assert!(soon < 3.0);
}

#[test]
fn a_way_that_becomes_longer_is_no_queue() {
    let media: [(&str, Media, f64); 2] = [
        ("detour", Media::Elastic(3.0 * M), 3.0 * M),
        (
            "detour-with-little-to-send",
            Media::Fixed(|_| 300.0 * K, false),
            600.0 * K,
        ),
    ];
    for (name, media, wanted) in media {
        let mut path = Path::new(|_| 3.0 * M);
        path.detour_ms = |at| if at < 15.0 { 0 } else { 90 };
        let it = run(&path, &media, wanted, 40);
        plot(name, &it.samples);
        let least = it
            .between(15.0, 40.0)
            .map(|s| s.estimate)
            .fold(f64::MAX, f64::min);
        let enough = 0.8 * wanted;
        let back = it.first(17.0, |s| s.estimate > enough) + 2.0;
        println!("{name}: at least {least:.0}, back after {back:.1} s");
        assert!(least > 100.0 * K);
        assert!(back < RECOVERY_S);
    }
}

#[test]
fn silence_lowers_and_news_raises() {
    let mut path = Path::new(|_| 3.0 * M);
    path.feedback = Box::new(|at| !(15.0..20.0).contains(&at));
    let it = run(&path, &Media::Elastic(3.0 * M), 3.0 * M, 40);
    plot("silence", &it.samples);
    let low = it.mean(19.0, 20.0, |s| s.estimate);
    let back = it.first(20.0, |s| s.estimate > 2.4 * M);
    println!("silence: {low:.0} at its end, back after {back:.1} s");
    assert!(low < 600.0 * K);
    assert!(back < RECOVERY_S);
}

#[test]
fn who_sends_nothing_is_told_of_silence_once_and_probes_on() {
    let mut estimator = Estimator::new(Config::default());
    for packet in 0..20 {
        estimator.sent(packet, u64::from(packet) * 5_000, 1_000);
    }
    // The last ones are lost: no feedback ever speaks of them.
    let arrivals: Vec<Option<i64>> = (0..10).map(|packet| Some(30_000 + packet * 5_000)).collect();
    estimator.feedback(120_000, 0, &arrivals);
    estimator.sent(20, 125_000, 1_000);
    let estimates: Vec<u64> = (2..50)
        .map(|tenth| {
            estimator.elapse(tenth * 100_000);
            estimator.estimate_bps()
        })
        .collect();
    assert!(estimates[47] < estimates[0]);
    assert!(
        estimates
            .iter()
            .skip(10)
            .all(|estimate| *estimate == estimates[47])
    );
    assert!(estimator.probe(5_000_000, 3_000_000) > 0);
}

#[test]
fn key_frames_are_no_congestion() {
    let path = Path::new(|_| 2.0 * M);
    let it = run(&path, &Media::Fixed(|_| 900.0 * K, true), 900.0 * K, 60);
    plot("key-frames", &it.samples);
    let least = it.between(5.0, 60.0).map(|s| s.estimate).fold(f64::MAX, f64::min);
    println!("key frames: at least {least:.0}");
    assert!(least > 900.0 * K);
}
