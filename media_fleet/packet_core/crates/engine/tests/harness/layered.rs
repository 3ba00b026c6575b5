//! An encoder of three spatial and three temporal layers in one encoding, without pictures: what Chromium writes of its frames, in packets
//! with dependency descriptors or in VP9's with VP9's own. Several of them are simulcast.

use std::collections::HashSet;

use parley_engine::{Codec, TrackConfig};
use parley_wire::codec::vp9;
use parley_wire::dependency_descriptor::{Frame, Mandatory, Structure};
use parley_wire::rtp::HeaderFields;

use super::{Endpoint, Rtp, VIDEO, VIDEO_RTX, World, camera};

/// The template structures of Chromium 156, from the first flag on.
const KEY_STRUCTURE: &str = "80081485214eaaaaa8000600004000100002aa80a8000600004000100002a000a800060000400016d549241b5524906d54923157e001974ca864330e222396eca8655304224390eca87753013f00b3027f016704ff02cf";
const FULL_STRUCTURE: &str = "80081485214eafffaaaa863cf0430c10c302afc0aaa0063c00430010c002a000a80006000040001d954926e082b04a0941b820ac1282503157f974000ca864330e222222eca8655304224230eca87753013f00b3027f016704ff02cf";

pub const SSRC: u32 = 0xbb00;
/// 33 ms.
const TICKS: u32 = 2970;

/// How spatial layers refer to each other, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// L3T3_KEY: only in key frames.
    Key,
    /// L3T3: in all frames.
    Full,
    /// L3T3, VP9 without dependency descriptors.
    Payload,
}

/// One encoding of somebody's camera. Answers key frame requests.
pub struct LayeredCamera {
    pub who: usize,
    pub mode: Mode,
    pub codec: Codec,
    /// Of simulcast, which one it is, and how it is called; the payload's last octet says it as well.
    pub encoding: u8,
    pub rid: Option<&'static str>,
    /// How many spatial layers are sent.
    pub sends: u8,
    /// Packets of a frame of each spatial layer.
    pub packets: [u8; 3],
    sequence_number: u16,
    timestamp: u32,
    picture: u32,
    since_key: u32,
    answered: usize,
    pub key_frames: usize,
}

pub fn layered(mode: Mode) -> TrackConfig {
    TrackConfig {
        codec: codec_of(mode),
        ssrc: Some(SSRC),
        ..camera(&[])
    }
}

fn codec_of(mode: Mode) -> Codec {
    if mode == Mode::Payload {
        Codec::Vp9
    } else {
        Codec::Av1
    }
}

/// The structure that key frames carry, from the first flag on.
pub fn structure_of(mode: Mode) -> Vec<u8> {
    bytes(if mode == Mode::Key {
        KEY_STRUCTURE
    } else {
        FULL_STRUCTURE
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

impl LayeredCamera {
    pub fn new(who: usize, mode: Mode) -> Self {
        Self {
            who,
            mode,
            codec: codec_of(mode),
            encoding: 0,
            rid: None,
            sends: 3,
            packets: [1, 2, 4],
            sequence_number: 65_400,
            timestamp: 0xffff_0000,
            picture: 21_800, // Frame numbers wrap soon.
            since_key: 0,
            answered: 0,
            key_frames: 0,
        }
    }

    /// One of several encodings; the numbers of each are its own.
    pub fn simulcast(who: usize, codec: Codec, encoding: u8, rid: &'static str) -> Self {
        let one = Self::new(who, Mode::Full);
        let moved = u16::from(encoding);
        Self {
            codec,
            encoding,
            rid: Some(rid),
            sends: if codec == Codec::H264 { 1 } else { 3 },
            sequence_number: one.sequence_number - 1000 * moved,
            timestamp: one.timestamp.wrapping_mul(u32::from(moved) + 1),
            picture: one.picture - 100 * u32::from(moved),
            ..one
        }
    }

    pub fn ssrc(&self) -> u32 {
        SSRC + u32::from(self.encoding)
    }

    /// Films so many pictures, 33 ms each.
    pub fn film(&mut self, world: &mut World, pictures: usize) {
        for _ in 0..pictures {
            self.shoot(world);
            world.advance(33);
        }
    }

    /// One picture, without the time that it takes.
    pub fn shoot(&mut self, world: &mut World) {
        let datagrams = self.datagrams(world);
        world.send_from(self.who, datagrams);
    }

    /// The packets of the next picture, for a test to send.
    pub fn datagrams(&mut self, world: &mut World) -> Vec<Vec<u8>> {
        let asked = world.people[self.who].picture_losses(self.ssrc());
        let is_key = self.key_frames == 0 || asked > std::mem::replace(&mut self.answered, asked);
        self.picture(&mut world.people[self.who], is_key)
    }

    fn picture(&mut self, sender: &mut Endpoint, is_key: bool) -> Vec<Vec<u8>> {
        let rtx = (self.ssrc() + 0x100, VIDEO_RTX, 1);
        sender.rtx.entry(self.ssrc()).or_insert(rtx);
        self.timestamp = self.timestamp.wrapping_add(TICKS);
        self.picture += 1;
        self.since_key = if is_key { 0 } else { self.since_key + 1 };
        self.key_frames += usize::from(is_key);
        let mut datagrams = Vec::new();
        for spatial in 0..self.sends {
            let count = self.packets[usize::from(spatial)];
            for packet in 0..count {
                let ends = packet + 1 == count;
                let fields = HeaderFields {
                    marker: ends && spatial + 1 == self.sends,
                    payload_type: VIDEO,
                    sequence_number: self.sequence_number,
                    timestamp: self.timestamp,
                    ssrc: self.ssrc(),
                };
                self.sequence_number = self.sequence_number.wrapping_add(1);
                let descriptor = self.descriptor(spatial, packet == 0, ends);
                let payload = self.payload(spatial, packet == 0, ends);
                let mut elements: Vec<(u8, &[u8])> = vec![(1, b"0")];
                if let Some(rid) = self.rid {
                    elements.push((2, rid.as_bytes()));
                }
                if self.mode != Mode::Payload {
                    elements.push((8, &descriptor));
                }
                datagrams.push(sender.packet(&fields, &elements, &payload));
            }
        }
        datagrams
    }

    /// The place of the picture among those of its temporal layers: 0 2 1 2.
    fn place(&self) -> usize {
        self.since_key as usize % 4
    }

    fn descriptor(&self, spatial: u8, starts: bool, ends: bool) -> Vec<u8> {
        let is_key = self.since_key == 0;
        let lowest = match (self.mode, is_key) {
            (Mode::Key, true) | (Mode::Full, false) => 0,
            _ => 1,
        };
        let template = 5 * spatial + [lowest, 3, 2, 4][self.place()];
        let mut descriptor = vec![u8::from(starts) << 7 | u8::from(ends) << 6 | template];
        // Layers that are not sent leave their numbers out.
        let number = (3 * self.picture + u32::from(spatial)) as u16;
        descriptor.extend(number.to_be_bytes());
        if is_key && spatial == 0 && starts {
            descriptor.extend(structure_of(self.mode));
        }
        descriptor
    }

    fn payload(&self, spatial: u8, starts: bool, ends: bool) -> Vec<u8> {
        let is_key = self.since_key == 0;
        let temporal = [0, 2, 1, 2][self.place()];
        let starts_key = is_key && spatial == 0 && starts;
        let mut payload = if self.codec == Codec::H264 {
            // A sequence parameter set, or a slice.
            vec![if starts_key { 0x67 } else { 0x61 }]
        } else if self.codec == Codec::Vp9 {
            let depends = u8::from(!is_key) << 6;
            let opens = u8::from(temporal == 0) << 4;
            vec![
                0xa0 | depends | u8::from(starts) << 3 | u8::from(ends) << 2,
                0x80 | (self.picture >> 8) as u8 & 0x7f,
                self.picture as u8,
                temporal << 5 | opens | spatial << 1 | u8::from(spatial > 0),
                0,
            ]
        } else {
            vec![0x10 | u8::from(starts_key) << 3]
        };
        payload.resize(1000, self.encoding);
        payload
    }
}

/// A frame as its receiver sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub timestamp: u32,
    pub spatial: u8,
    pub temporal: u8,
    pub is_key: bool,
}

/// What a receiver decodes of a stream: that all frames are whole, that what they need came before them, that each picture ends with its last
/// packet, and that no number is missing.
pub fn decoded(stream: &[Rtp]) -> Vec<Seen> {
    for pair in stream.windows(2) {
        assert_eq!(pair[1].sequence_number, pair[0].sequence_number.wrapping_add(1));
        let ticks = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        // At most a second, and a new picture after each marker.
        assert!(
            ticks <= 90_000 && (ticks > 0) == pair[0].marker,
            "{ticks} {}",
            pair[0].marker
        );
    }
    if stream.iter().all(|rtp| rtp.descriptor.is_some()) {
        decoded_by_descriptor(stream)
    } else {
        decoded_by_payload(stream)
    }
}

/// What a receiver shows of a stream with descriptors, where a node repaired what it did not know yet to be left out: such packets fill their
/// places, and receivers leave frames out that are not whole, or need what did not come. No number is missing, except right before a key frame: whoever has gone over gets nothing of before.
pub fn decodable(stream: &[Rtp]) -> Vec<Seen> {
    let mut structure: Option<Structure> = None;
    let mut had: HashSet<u16> = HashSet::new();
    let mut seen = Vec::new();
    let mut open: Option<u16> = None;
    let mut last: Option<u16> = None;
    let mut gap: Option<u32> = None;
    for rtp in stream {
        let value = rtp.descriptor.as_deref().unwrap();
        let carried = Structure::parse(value);
        let is_key = carried.is_some();
        let is_next = last.is_none_or(|last| rtp.sequence_number == last.wrapping_add(1));
        gap = if is_key {
            None
        } else {
            gap.or((!is_next).then_some(rtp.timestamp))
        };
        assert!(
            gap.is_none_or(|since| rtp.timestamp.wrapping_sub(since) <= 2 * TICKS),
            "no number is missing"
        );
        last = Some(rtp.sequence_number);
        structure = carried.or(structure);
        let frame = structure.as_ref().expect("a key frame first");
        let frame = frame.frame(value).unwrap();
        let mandatory = Mandatory::parse(value).unwrap();
        if mandatory.starts_frame {
            open = Some(frame.number);
        }
        let needed = || (0..64u16).filter(|bit| frame.needs >> bit & 1 == 1);
        let has_all = || needed().all(|bit| had.contains(&frame.number.wrapping_sub(bit + 1)));
        if open == Some(frame.number) && mandatory.ends_frame && has_all() {
            had.insert(frame.number);
            seen.push(Seen {
                timestamp: rtp.timestamp,
                spatial: frame.spatial,
                temporal: frame.temporal,
                is_key: is_key || frame.needs == 0,
            });
        }
        if open != Some(frame.number) || mandatory.ends_frame {
            open = None;
        }
    }
    seen
}

/// Timestamp and spatial layer of each packet, whatever else was lost.
pub fn spatial_layers(stream: &[Rtp]) -> Vec<(u32, u8)> {
    let structure = Structure::parse(&[&[0; 3][..], &structure_of(Mode::Full)].concat()).unwrap();
    let layer = |rtp: &Rtp| {
        structure
            .frame(rtp.descriptor.as_deref()?)
            .map(|frame| frame.spatial)
    };
    stream
        .iter()
        .filter_map(|rtp| Some((rtp.timestamp, layer(rtp)?)))
        .collect()
}

fn decoded_by_descriptor(stream: &[Rtp]) -> Vec<Seen> {
    let mut structure: Option<Structure> = None;
    let mut had: HashSet<u16> = HashSet::new();
    let mut seen = Vec::new();
    let mut open: Option<u16> = None;
    for rtp in stream {
        let value = rtp.descriptor.as_deref().unwrap();
        let carried = Structure::parse(value);
        let is_key = carried.is_some();
        structure = carried.or(structure);
        let frame: Frame = structure
            .as_ref()
            .expect("a key frame first")
            .frame(value)
            .unwrap();
        let Mandatory {
            starts_frame,
            ends_frame,
            ..
        } = Mandatory::parse(value).unwrap();
        assert_eq!(open.is_none(), starts_frame, "frames are whole");
        assert!(
            open.is_none_or(|number| number == frame.number),
            "frames are whole"
        );
        open = (!ends_frame).then_some(frame.number);
        if !ends_frame {
            continue;
        }
        let mut needed = (0..64u16).filter(|bit| frame.needs >> bit & 1 == 1);
        assert!(
            needed.all(|bit| had.contains(&frame.number.wrapping_sub(bit + 1))),
            "{frame:?} needs what did not come"
        );
        had.insert(frame.number);
        seen.push(Seen {
            timestamp: rtp.timestamp,
            spatial: frame.spatial,
            temporal: frame.temporal,
            is_key: is_key || frame.needs == 0,
        });
    }
    seen
}

fn decoded_by_payload(stream: &[Rtp]) -> Vec<Seen> {
    let frames = stream.iter().filter_map(|rtp| {
        let descriptor = vp9::Descriptor::parse(&rtp.payload).unwrap();
        descriptor.ends_frame.then_some(Seen {
            timestamp: rtp.timestamp,
            spatial: descriptor.spatial_layer,
            temporal: descriptor.temporal.unwrap().layer,
            is_key: !descriptor.depends,
        })
    });
    let frames: Vec<Seen> = frames.collect();
    let mut highest = 0;
    for picture in frames.chunk_by(|one, next| one.timestamp == next.timestamp) {
        let layers: Vec<u8> = picture.iter().map(|frame| frame.spatial).collect();
        assert_eq!(
            layers,
            (0..layers.len() as u8).collect::<Vec<_>>(),
            "each needs the one below"
        );
        assert!(
            picture[0].is_key || layers.len() <= highest,
            "more layers come with a key frame"
        );
        highest = layers.len();
    }
    frames
}
