//! A subscriber of three cameras and a microphone over paths that change: who has which layer when.
//!
//! The whole of it: estimator, allocator, pacer and layers, in a simulated time. Each run is drawn in `artefacts/allocation`.

mod harness;

use std::fmt::Write;
use std::path::Path as File;

use harness::video::{Camera, content};
use harness::{AUDIO, Path, World, camera, microphone};
use parley_engine::{Command, Kind, Profile};
use parley_wire::rtp::HeaderFields;

const GCM: Profile = Profile::AeadAes128Gcm;
const RIDS: [&str; 3] = ["q", "h", "f"];
/// Who speaks, who is beside, who is in the corner: heights of their pictures.
const PRIORITIES: [u32; 3] = [720, 360, 180];
const FRAME_MS: u64 = 33;
/// What is seen is told so often.
const SAMPLE_US: u64 = 500_000;
const SAMPLES_A_SECOND: usize = 2;

/// What a subscriber had, by time.
struct Run {
    capacity: Vec<u64>,
    /// Of each camera: 0 for nothing, and from 1 on the layers.
    layers: [Vec<u8>; 3],
    sounds_sent: usize,
    sounds_heard: usize,
}

/// Plays `seconds` of a path whose rate at a second is `rate_at`, bits a second.
fn run(name: &str, seconds: u64, rate_at: impl Fn(f64) -> u64) -> Run {
    let mut world = World::new(1);
    let mut films = PRIORITIES.map(|_| {
        let who = world.join(GCM);
        let track = world.publish(who, camera(&RIDS));
        let mut film = Camera::new(who, &RIDS);
        // About 250, 500 and 1,500 kbit/s.
        film.packets = vec![1, 2, 6];
        (track, film)
    });
    let speaker = world.join(GCM);
    let sound = world.publish(speaker, microphone());
    let viewer = world.join(GCM);
    world.people[viewer].path = Some(Path::of(rate_at(0.0)));
    world.people[viewer].asks_again = true;
    let pictures = [0, 1, 2].map(|index| {
        let (subscription, ssrc) = world.subscribe(viewer, films[index].0, Kind::Video);
        world.command(Command::SetPriority(subscription, PRIORITIES[index]));
        ssrc
    });
    let (_, heard) = world.subscribe(viewer, sound, Kind::Audio);
    let frames = seconds * 1000 / FRAME_MS;
    for frame in 0..frames {
        let at_s = (frame * FRAME_MS) as f64 / 1000.0;
        world.people[viewer].path.as_mut().unwrap().rate = rate_at(at_s);
        for (_, film) in &mut films {
            film.shoot(&mut world);
        }
        let fields = HeaderFields {
            marker: frame == 0,
            payload_type: AUDIO,
            sequence_number: frame as u16,
            timestamp: frame as u32 * 1_584,
            ssrc: 77,
        };
        let said = world.people[speaker].packet(&fields, &[(1, b"1")], &[0; 80]);
        world.send_from(speaker, vec![said]);
        world.advance(FRAME_MS);
    }
    let count = (seconds as usize) * SAMPLES_A_SECOND;
    let mut layers = [0, 1, 2].map(|_| vec![0; count]);
    let mut sounds_heard = 0;
    for rtp in &world.people[viewer].rtp {
        let at = ((rtp.at_us / SAMPLE_US) as usize).min(count - 1);
        sounds_heard += usize::from(rtp.ssrc == heard);
        if let Some(index) = pictures.iter().position(|ssrc| *ssrc == rtp.ssrc)
            && !rtp.payload.is_empty()
        {
            // The last that came counts, of old and new ones in the moment of a switch.
            layers[index][at] = content(&rtp.payload).layer + 1;
        }
    }
    let of_sample = |at: usize| rate_at(at as f64 / SAMPLES_A_SECOND as f64);
    let run = Run {
        capacity: (0..count).map(of_sample).collect(),
        layers,
        sounds_sent: frames as usize,
        sounds_heard,
    };
    plot(name, &run);
    run
}

impl Run {
    /// The share of samples from a second on, up to another one, in which `holds` of the three layers.
    fn share(&self, from_s: usize, until_s: usize, holds: impl Fn([u8; 3]) -> bool) -> f64 {
        let range = from_s * SAMPLES_A_SECOND..until_s * SAMPLES_A_SECOND;
        let count = range.len() as f64;
        let good = range.filter(|at| holds([0, 1, 2].map(|index| self.layers[index][*at])));
        good.count() as f64 / count
    }

    /// How often a picture went up, in all three.
    fn rises(&self) -> usize {
        let of_one = |layers: &Vec<u8>| layers.windows(2).filter(|pair| pair[1] > pair[0]).count();
        self.layers.iter().map(of_one).sum()
    }

    fn sound_lost(&self) -> f64 {
        1.0 - self.sounds_heard as f64 / self.sounds_sent as f64
    }
}

/// Nobody has a better layer than somebody who comes before.
fn in_order([first, second, third]: [u8; 3]) -> bool {
    first >= second && second >= third
}

#[test]
fn a_path_that_narrows_takes_from_the_last_first_and_gives_back_in_order() {
    let run = run("step", 60, |at_s| {
        if (20.0..40.0).contains(&at_s) {
            900_000
        } else {
            6_000_000
        }
    });
    assert!(run.share(10, 20, |layers| layers == [3, 3, 3]) > 0.9);
    assert!(run.share(23, 40, in_order) > 0.95);
    assert!(
        run.share(23, 40, |[first, ..]| first >= 1) > 0.95,
        "who speaks is seen"
    );
    assert!(run.share(50, 60, |layers| layers == [3, 3, 3]) > 0.9);
    assert!(run.sound_lost() < 0.01, "{}", run.sound_lost());
    assert!(run.rises() <= 20, "{}", run.rises());
}

#[test]
fn cross_traffic_takes_no_sound_and_no_picture_of_who_speaks() {
    let run = run("cross-traffic", 80, |at_s| {
        if at_s % 20.0 < 10.0 { 4_000_000 } else { 1_500_000 }
    });
    assert!(run.share(5, 80, |[first, ..]| first >= 1) > 0.95);
    assert!(run.share(5, 80, in_order) > 0.85);
    assert!(run.sound_lost() < 0.01, "{}", run.sound_lost());
}

#[test]
fn a_rate_as_of_radio_does_not_make_layers_flicker() {
    let run = run("radio", 60, |at_s| {
        (2_000_000.0 + 1_500_000.0 * (at_s * 0.9).sin()) as u64
    });
    assert!(run.share(5, 60, |[first, ..]| first >= 1) > 0.9);
    assert!(run.share(5, 60, in_order) > 0.8);
    // Of the 90 that there may be at most, since a picture that was put down does not go up again for two seconds.
    assert!(run.rises() <= 70, "{}", run.rises());
    assert!(run.sound_lost() < 0.03, "{}", run.sound_lost());
}

// ---- the plot: the path's rate above, and the layer of each camera below ----

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 80.0;
const COLOURS: [&str; 4] = ["#999", "#1452b8", "#2a8", "#b33"];

/// Writes `artefacts/allocation/NAME.svg`.
fn plot(name: &str, run: &Run) {
    let capacity: Vec<f64> = run.capacity.iter().map(|rate| *rate as f64 / 1000.0).collect();
    let rows: Vec<(String, Vec<f64>)> = std::iter::once((format!("{name}: kbit/s"), capacity))
        .chain(run.layers.iter().zip(PRIORITIES).map(|(layers, height)| {
            let steps = layers.iter().map(|layer| f64::from(*layer)).collect();
            (format!("layer of the picture of {height} lines"), steps)
        }))
        .collect();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        WIDTH + 80.0,
        rows.len() as f64 * (HEIGHT + 30.0) + 20.0
    );
    for (index, (title, values)) in rows.iter().enumerate() {
        let top = 25.0 + index as f64 * (HEIGHT + 30.0);
        let highest = values.iter().copied().fold(3.0, f64::max);
        let points: Vec<String> = values
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let x = 60.0 + at as f64 / values.len() as f64 * WIDTH;
                format!("{x:.1},{:.1}", top + HEIGHT * (1.0 - value / highest))
            })
            .collect();
        writeln!(
            svg,
            "<text x=\"60\" y=\"{}\">{title}</text><text x=\"4\" y=\"{}\">{highest:.0}</text>\
             <polyline points=\"{}\" fill=\"none\" stroke=\"{}\"/>",
            top - 6.0,
            top + 10.0,
            points.join(" "),
            COLOURS[index]
        )
        .unwrap();
    }
    svg.push_str("</svg>\n");
    let folder = File::new(env!("CARGO_MANIFEST_DIR")).join("../../../../artefacts/allocation");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
}
