use super::structure::Template;
use super::*;
use proptest::prelude::*;

/// Captured from Chromium 156: the descriptor of each packet in hex, and whether the packet had the marker.
const VP9_KEY: &str = include_str!("../../tests/data/dependency-descriptors-vp9-l3t3-key.txt");
const AV1_FULL: &str = include_str!("../../tests/data/dependency-descriptors-av1-l3t3.txt");
const H264_SIMULCAST: &str = include_str!("../../tests/data/dependency-descriptors-h264-l1t2-simulcast.txt");

fn captured(text: &str) -> Vec<(Vec<u8>, bool)> {
    let bytes = |hex: &str| {
        let pairs = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    };
    text.lines()
        .map(|line| match line.split_once(' ') {
            Some((hex, _)) => (bytes(hex), true),
            None => (bytes(line), false),
        })
        .collect()
}

/// The frames of a capture, read with the structure that was the newest then.
fn frames(text: &str) -> (Structure, Vec<(Frame, bool)>) {
    let mut structure = None;
    let mut frames = Vec::new();
    for (value, marker) in captured(text) {
        structure = Structure::parse(&value).or(structure);
        frames.push((structure.as_ref().unwrap().frame(&value).unwrap(), marker));
    }
    (structure.unwrap(), frames)
}

fn point(spatial: u8, temporal: u8) -> OperatingPoint {
    OperatingPoint { spatial, temporal }
}

#[test]
fn the_structure_that_chromium_writes_says_layers_and_sizes() {
    for capture in [VP9_KEY, AV1_FULL] {
        let (structure, _) = frames(capture);
        let points: Vec<OperatingPoint> = structure.targets().map(|(_, point)| point).collect();
        let all = (0..3).flat_map(|spatial| (0..3).map(move |temporal| point(spatial, temporal)));
        assert_eq!(points, all.collect::<Vec<_>>());
        let sizes: Vec<_> = (0..4).map(|spatial| structure.size(spatial)).collect();
        assert_eq!(
            sizes,
            [Some((320, 180)), Some((640, 360)), Some((1280, 720)), None]
        );
    }
    let (structure, _) = frames(H264_SIMULCAST);
    let points: Vec<OperatingPoint> = structure.targets().map(|(_, point)| point).collect();
    assert_eq!(
        (points, structure.size(0)),
        (vec![point(0, 0), point(0, 1)], None)
    );
}

#[test]
fn layers_are_within_each_other_unless_only_key_frames_join_them() {
    let (full, _) = frames(AV1_FULL);
    let (key, _) = frames(VP9_KEY);
    for (structure, spatial_is_within) in [(full, true), (key, false)] {
        assert!(
            structure.is_within(0, 2),
            "fewer frames a second of the same size"
        );
        assert!(structure.is_within(7, 8) && !structure.is_within(8, 7));
        assert_eq!(structure.is_within(0, 6), spatial_is_within);
    }
}

#[test]
fn frames_of_all_layers_are_read_and_the_highest_ends_the_picture() {
    for capture in [VP9_KEY, AV1_FULL] {
        let (_, frames) = frames(capture);
        // The encoder starts with fewer layers, until it knows what its path carries.
        let full = frames.iter().position(|(frame, _)| frame.spatial == 2).unwrap();
        for (frame, marker) in &frames[full..] {
            assert_eq!(frame.ends && frame.spatial == 2, *marker, "{frame:?}");
        }
        let mut temporal: Vec<u8> = frames[full..]
            .iter()
            .filter(|(frame, _)| frame.spatial == 0 && frame.starts)
            .map(|(frame, _)| frame.temporal)
            .collect();
        temporal.truncate(8);
        assert!(
            [[2, 1, 2, 0], [2, 1, 2, 0]].concat().starts_with(&temporal),
            "{temporal:?}"
        );
        for pair in frames.windows(2) {
            let step = pair[1].0.number - pair[0].0.number;
            assert_eq!(step, u16::from(pair[1].0.starts));
        }
    }
}

#[test]
fn what_frames_need_has_come_before_them() {
    for capture in [VP9_KEY, AV1_FULL, H264_SIMULCAST] {
        let (_, frames) = frames(capture);
        let mut seen = Vec::new();
        for (frame, _) in frames.iter().filter(|(frame, _)| frame.starts) {
            let needed = (0..64u16).filter(|bit| frame.needs >> bit & 1 == 1);
            assert!(
                needed
                    .map(|bit| frame.number - bit - 1)
                    .all(|number| seen.contains(&number))
            );
            seen.push(frame.number);
        }
    }
}

#[test]
fn simulcast_layers_share_one_count_and_say_so_frame_by_frame() {
    let (_, frames) = frames(H264_SIMULCAST);
    let deltas: Vec<u32> = frames
        .iter()
        .map(|(frame, _)| frame.needs.trailing_zeros() + 1)
        .collect();
    assert!(
        deltas.contains(&3),
        "the template says 1, the frame says 3: {deltas:?}"
    );
}

#[test]
fn the_layers_that_an_encoder_leaves_out_are_said() {
    let (_, frames) = frames(AV1_FULL);
    let active: Vec<u32> = frames
        .iter()
        .filter_map(|(frame, _)| frame.active_targets)
        .collect();
    assert_eq!(active[0], 0b00_0011_1111, "two of three spatial layers at first");
    assert_eq!(active.last(), Some(&0b01_1111_1111));
}

#[test]
fn the_key_frames_descriptor_is_told_from_others() {
    let values: Vec<bool> = captured(VP9_KEY)
        .iter()
        .map(|(value, _)| has_structure(value))
        .collect();
    assert!(values[0] && !values[1]);
    assert!(!has_structure(&[0x80, 0, 1]) && !has_structure(&[]));
}

// ---- written and read ----

/// A descriptor as a publisher might write it.
#[derive(Clone, Debug)]
struct Written {
    mandatory: Mandatory,
    structure: Option<Structure>,
    chains: u32,
    active: Option<u32>,
    indications: Option<u64>,
    differences: Option<Vec<u32>>,
}

impl Written {
    /// `targets`: how many decode targets the structure has that the frame belongs to.
    fn bytes(&self, targets: usize) -> Vec<u8> {
        let mut room = [0u8; 2000];
        let mut writer = Writer::new(&mut room);
        for (flag, bits) in [(self.mandatory.starts_frame, 1), (self.mandatory.ends_frame, 1)] {
            writer.number(u32::from(flag), bits);
        }
        writer.number(u32::from(self.mandatory.template_id), 6);
        writer.number(u32::from(self.mandatory.frame_number), 16);
        let flags = [
            self.structure.is_some(),
            self.active.is_some(),
            self.indications.is_some(),
            self.differences.is_some(),
            false,
        ];
        if flags.contains(&true) {
            for flag in flags {
                writer.number(u32::from(flag), 1);
            }
        }
        if let Some(structure) = &self.structure {
            write_structure(structure, self.chains, &mut writer);
        }
        if let Some(active) = self.active {
            writer.number(active, targets as u32);
        }
        if let Some(indications) = self.indications {
            write_indications(indications, targets, &mut writer);
        }
        for difference in self.differences.iter().flatten() {
            let size = [4, 8, 12]
                .iter()
                .position(|bits| difference - 1 < 1 << bits)
                .unwrap() as u32
                + 1;
            writer.number(size, 2);
            writer.number(difference - 1, 4 * size);
        }
        if self.differences.is_some() {
            writer.number(0, 2);
        }
        let len = writer.finish().unwrap();
        room[..len].to_vec()
    }
}

fn write_indications(indications: u64, targets: usize, writer: &mut Writer<'_>) {
    for target in 0..targets {
        writer.number((indications >> (2 * target) & 3) as u32, 2);
    }
}

fn write_structure(structure: &Structure, chains: u32, writer: &mut Writer<'_>) {
    writer.number(u32::from(structure.first_template), 6);
    writer.number(structure.targets.len() as u32 - 1, 5);
    for pair in structure.templates.windows(2) {
        let step = match (
            pair[1].spatial > pair[0].spatial,
            pair[1].temporal > pair[0].temporal,
        ) {
            (true, _) => 2,
            (false, true) => 1,
            (false, false) => 0,
        };
        writer.number(step, 2);
    }
    writer.number(3, 2);
    for template in &structure.templates {
        write_indications(template.indications, structure.targets.len(), writer);
    }
    for template in &structure.templates {
        for bit in (0..16).filter(|bit| template.needs >> bit & 1 == 1) {
            writer.number(1, 1);
            writer.number(bit, 4);
        }
        writer.number(0, 1);
    }
    write_below(chains, structure.targets.len() as u32 + 1, writer);
    if chains > 0 {
        for target in 0..structure.targets.len() as u32 {
            write_below(target % chains, chains, writer);
        }
        for chain in 0..chains * structure.templates.len() as u32 {
            writer.number(chain % 16, 4);
        }
    }
    writer.number(u32::from(!structure.sizes.is_empty()), 1);
    for (width, height) in &structure.sizes {
        writer.number(u32::from(*width) - 1, 16);
        writer.number(u32::from(*height) - 1, 16);
    }
}

fn write_below(value: u32, limit: u32, writer: &mut Writer<'_>) {
    let width = u32::BITS - limit.leading_zeros();
    let short = (1 << width) - limit;
    if value < short {
        writer.number(value, width - 1);
    } else {
        writer.number(value + short, width);
    }
}

fn structure() -> impl Strategy<Value = Structure> {
    let template = (0u32..3, any::<u64>(), 0u64..1 << 16);
    let parts = (
        0u8..64,
        1usize..=32,
        proptest::collection::vec(template, 1..20),
        any::<bool>(),
    );
    parts.prop_map(|(first_template, targets, steps, has_sizes)| {
        let mut at = OperatingPoint::default();
        let templates: Vec<Template> = steps
            .iter()
            .map(|(step, indications, needs)| {
                match step {
                    1 if at.temporal < 7 => at.temporal += 1,
                    2 if at.spatial < 3 => at = point(at.spatial + 1, 0),
                    _ => {}
                }
                Template {
                    spatial: at.spatial,
                    temporal: at.temporal,
                    indications: indications & (u64::MAX >> (64 - 2 * targets)),
                    needs: *needs,
                }
            })
            .collect();
        // The first template is of the lowest layers, whatever was drawn.
        let (spatial, temporal) = (templates[0].spatial, templates[0].temporal);
        let lowered = templates.into_iter().map(|template| Template {
            spatial: template.spatial - spatial,
            temporal: if template.spatial == spatial {
                template.temporal - temporal
            } else {
                template.temporal
            },
            ..template
        });
        let templates: Vec<Template> = lowered.collect();
        let sizes = (0..=templates.last().unwrap().spatial).map(|spatial| (320 << spatial, 180 << spatial));
        Structure {
            first_template,
            targets: (0..targets)
                .map(|target| super::structure::point_of(&templates, target))
                .collect(),
            sizes: if has_sizes { sizes.collect() } else { Vec::new() },
            templates,
        }
    })
}

fn written() -> impl Strategy<Value = (Written, Structure)> {
    let differences = proptest::option::of(proptest::collection::vec(1u32..4096, 0..5));
    let parts = (
        any::<(bool, bool, u16, bool)>(),
        any::<u8>(),
        any::<Option<u32>>(),
        any::<Option<u64>>(),
        differences,
        0u32..33,
    );
    (structure(), parts).prop_map(
        |(structure, (flags, template, active, indications, differences, chains))| {
            let (starts_frame, ends_frame, frame_number, carries) = flags;
            let targets = structure.targets.len();
            let index = usize::from(template) % structure.templates.len();
            let written = Written {
                mandatory: Mandatory {
                    starts_frame,
                    ends_frame,
                    template_id: (structure.first_template + index as u8) % 64,
                    frame_number,
                },
                structure: carries.then(|| structure.clone()),
                chains: chains.min(targets as u32),
                active: active.map(|active| active & (u32::MAX >> (32 - targets))),
                indications: indications.map(|indications| indications & (u64::MAX >> (64 - 2 * targets))),
                differences,
            };
            (written, structure)
        },
    )
}

proptest! {
    #[test]
    fn what_was_written_is_read((written, structure) in written()) {
        let value = written.bytes(structure.targets.len());
        prop_assert_eq!(Mandatory::parse(&value), Some(written.mandatory));
        prop_assert_eq!(Structure::parse(&value), written.structure.clone());
        let frame = structure.frame(&value).unwrap();
        let template = structure.templates[usize::from((written.mandatory.template_id + 64 - structure.first_template) % 64)];
        prop_assert_eq!((frame.spatial, frame.temporal), (template.spatial, template.temporal));
        prop_assert_eq!(frame.indications, written.indications.unwrap_or(template.indications));
        let needs = written.differences.as_ref().map_or(template.needs, |differences| {
            differences.iter().fold(0, |needs, difference| needs | 1u64.checked_shl(difference - 1).unwrap_or(u64::MAX))
        });
        prop_assert_eq!(frame.needs, needs);
        let all = written.structure.as_ref().map(|_| u32::MAX >> (32 - structure.targets.len()));
        prop_assert_eq!(frame.active_targets, written.active.or(all));
    }

    #[test]
    fn a_rewritten_descriptor_says_the_same_of_its_frame(
        (written, structure) in written(), number: u16, targets: Option<u32>,
    ) {
        let count = structure.targets.len();
        let value = written.bytes(count);
        prop_assume!(value.len() + 5 <= MAX_LEN);
        let targets = targets.map(|targets| targets & (u32::MAX >> (32 - count)));
        let mut out = [0u8; MAX_LEN];
        let before = structure.frame(&value).unwrap();
        let len = rewrite(&value, number, targets.map(|targets| before.with_active(targets)), &mut out);
        let after = structure.frame(&out[..len]).unwrap();
        let active_targets = targets.or(before.active_targets);
        prop_assert_eq!(after, Frame { number, active_targets, ..before });
        prop_assert_eq!(Structure::parse(&out[..len]), written.structure);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        mut value in proptest::collection::vec(any::<u8>(), 0..300), structure in structure(),
        number: u16, active in any::<Option<(u32, u8, u16)>>(), carries: bool,
    ) {
        if let Some(flags) = value.get_mut(3).filter(|_| carries) {
            *flags |= 0x80;
        }
        let _ = structure.frame(&value);
        if let Some(structure) = Structure::parse(&value) {
            prop_assert!(structure.templates.len() <= 64 && structure.target_count() <= 32);
            let _ = structure.frame(&value);
            prop_assert!(structure.is_within(0, 0));
        }
        let mut out = [0u8; MAX_LEN];
        // Of another descriptor, or of none.
        let active = active.map(|(targets, count, at)| ActiveTargets { targets, count: count % 33, at });
        let len = rewrite(&value, number, active, &mut out);
        prop_assert!(len <= MAX_LEN && (len >= 3 || value.len() < 3));
    }
}
