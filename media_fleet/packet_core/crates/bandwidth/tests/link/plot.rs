//! Runs as plots in the artefacts: what a path carried, what was made of it, and how long packets waited.

use std::fmt::Write;
use std::path::Path;

use super::Sample;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 60.0;

type Of = fn(&Sample) -> f64;

/// Writes `artefacts/bandwidth/NAME.svg`: rates above, the queue below.
pub fn plot(name: &str, samples: &[Sample]) {
    let rates: [(&str, &str, Of); 3] = [
        ("capacity", "#999", |s| s.capacity / 1000.0),
        ("estimate", "#1452b8", |s| s.estimate / 1000.0),
        ("sent", "#2a8", |s| s.sent / 1000.0),
    ];
    let queue: [(&str, &str, Of); 1] = [("queue", "#b33", |s| s.queue_s * 1000.0)];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        LEFT + WIDTH + 20.0,
        2.0 * HEIGHT + 80.0
    );
    chart(&mut svg, samples, &format!("{name}: kbit/s"), &rates, 25.0);
    chart(&mut svg, samples, "queue, ms", &queue, HEIGHT + 60.0);
    svg.push_str("</svg>\n");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../artefacts/bandwidth");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
}

fn chart(svg: &mut String, samples: &[Sample], title: &str, lines: &[(&str, &str, Of)], top: f64) {
    let end = samples.last().map_or(1.0, |sample| sample.at).max(0.1);
    let highest = samples
        .iter()
        .flat_map(|sample| lines.iter().map(|(_, _, of)| of(sample)))
        .filter(|value| value.is_finite())
        .fold(1.0, f64::max);
    let bottom = top + HEIGHT;
    writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{}\">{title}</text><text x=\"4\" y=\"{}\">{highest:.0}</text>\
         <path d=\"M{LEFT} {top}V{bottom}H{}\" fill=\"none\" stroke=\"#999\"/><text x=\"{}\" y=\"{}\">{end:.0} s</text>",
        top - 6.0,
        top + 10.0,
        LEFT + WIDTH,
        LEFT + WIDTH - 20.0,
        bottom + 13.0
    )
    .unwrap();
    for (index, (name, colour, of)) in lines.iter().enumerate() {
        let points: Vec<String> = samples
            .iter()
            .filter(|sample| of(sample).is_finite())
            .map(|sample| {
                let (x, y) = (sample.at / end * WIDTH, of(sample) / highest * HEIGHT);
                format!("{:.1},{:.1}", LEFT + x, bottom - y)
            })
            .collect();
        writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\"/><text x=\"{}\" y=\"{}\" fill=\"{colour}\">{name}</text>",
            points.join(" "),
            LEFT + 150.0 + 80.0 * index as f64,
            top - 6.0
        )
        .unwrap();
    }
}
