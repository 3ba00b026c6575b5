//! A VP8 encoder's packets, without pictures: every payload says which layer, frame and packet it is.

use parley_wire::codec::vp8::Descriptor;
use parley_wire::rtp::HeaderFields;

use super::{Endpoint, Rtp, VIDEO, VIDEO_RTX, World};

/// One encoding.
pub struct Encoding {
    pub ssrc: u32,
    pub rid: Option<&'static str>,
    pub sequence_number: u16,
    pub timestamp: u32,
    pub picture_id: u16,
    pub tl0: u8,
    /// Pictures of three temporal layers, 0 2 1 2; of one otherwise.
    pub is_temporal: bool,
    /// Says mid and rid in its packets.
    pub named: bool,
    pub layer: u8,
    pub frame: u32,
    /// Width and height in pixels, as key frames say them.
    pub size: (u16, u16),
}

/// A frame's tag, start code and size (RFC 6386, section 9.1). What tests read comes behind it.
const HEAD_LEN: usize = 10;

/// What is in a payload, after the descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    pub key: bool,
    pub layer: u8,
    pub frame: u32,
    pub packet: u8,
    pub picture_id: u16,
    pub tl0: u8,
    pub temporal: u8,
}

impl Encoding {
    pub fn new(layer: u8, rid: Option<&'static str>) -> Self {
        let salt = u32::from(layer) + 1;
        Self {
            ssrc: 0xaa00 + u32::from(layer),
            rid,
            // Near the wrap, so that every test goes over it.
            sequence_number: 65_500 - 100 * u16::from(layer),
            timestamp: salt.wrapping_mul(0x7fff_0000),
            picture_id: 0x7ff0 - 100 * u16::from(layer),
            tl0: 250 - layer,
            is_temporal: false,
            named: true,
            layer,
            frame: 0,
            size: (640, 360),
        }
    }

    pub fn rtx_ssrc(&self) -> u32 {
        self.ssrc + 0x100
    }

    /// The packets of the next frame, 33 ms after the last one.
    pub fn frame(&mut self, sender: &mut Endpoint, key: bool, count: u8) -> Vec<Vec<u8>> {
        sender
            .rtx
            .entry(self.ssrc)
            .or_insert((self.rtx_ssrc(), VIDEO_RTX, 1));
        self.timestamp = self.timestamp.wrapping_add(2970);
        self.picture_id = (self.picture_id + 1) & 0x7fff;
        let place = self.frame as usize % 4;
        let temporal = if self.is_temporal && !key {
            [0, 2, 1, 2][place]
        } else {
            0
        };
        // As libvpx does it: the pictures of the layers above join where they depend on the lowest layer alone.
        let joins = place == 1 || place == 2;
        if temporal == 0 {
            self.tl0 = self.tl0.wrapping_add(1);
        }
        self.frame += 1;
        (0..count)
            .map(|packet| {
                let mut payload = vec![
                    0x80 | u8::from(packet == 0) << 4,
                    if self.is_temporal { 0xe0 } else { 0xc0 },
                ];
                payload.extend((0x8000 | self.picture_id).to_be_bytes());
                payload.push(self.tl0);
                if self.is_temporal {
                    payload.push(temporal << 6 | u8::from(joins) << 5);
                }
                // VP8's frame header: the first bit is clear in key frames.
                payload.extend([u8::from(!key), 0, 0, 0x9d, 0x01, 0x2a]);
                payload.extend(self.size.0.to_le_bytes());
                payload.extend(self.size.1.to_le_bytes());
                payload.extend([self.layer, packet]);
                payload.extend(self.frame.to_be_bytes());
                // Sizes as libwebrtc makes them: the first ones a byte smaller.
                payload.resize(if packet < count / 2 { 984 } else { 985 }, 0);
                self.packet(sender, packet + 1 == count, &payload)
            })
            .collect()
    }

    pub fn packet(&mut self, sender: &mut Endpoint, marker: bool, payload: &[u8]) -> Vec<u8> {
        let fields = self.fields(marker);
        let mut elements: Vec<(u8, &[u8])> = Vec::new();
        if self.named {
            elements.push((1, b"0"));
            if let Some(rid) = self.rid {
                elements.push((2, rid.as_bytes()));
            }
        }
        sender.packet(&fields, &elements, payload)
    }

    /// A packet of padding alone, as libwebrtc sends to probe.
    pub fn padding(&mut self, sender: &mut Endpoint) -> Vec<u8> {
        let fields = self.fields(false);
        sender.packet_with_padding(&fields, &[], &[], 200)
    }

    fn fields(&mut self, marker: bool) -> HeaderFields {
        let fields = HeaderFields {
            marker,
            payload_type: VIDEO,
            sequence_number: self.sequence_number,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
        };
        self.sequence_number = self.sequence_number.wrapping_add(1);
        fields
    }
}

/// Reads what [`Encoding::frame`] wrote.
pub fn content(payload: &[u8]) -> Content {
    let descriptor = Descriptor::parse(payload).expect("a whole descriptor");
    let key = payload[descriptor.len] & 1 == 0;
    let rest = &payload[descriptor.len + HEAD_LEN..];
    Content {
        key,
        layer: rest[0],
        packet: rest[1],
        frame: u32::from_be_bytes(rest[2..6].try_into().unwrap()),
        picture_id: descriptor.picture_id.unwrap().value,
        tl0: descriptor.tl0_picture.unwrap().0,
        temporal: descriptor.temporal.map_or(0, |temporal| temporal.layer),
    }
}

/// Somebody's camera: its encodings, and whether each is sent now. Answers key frame requests.
pub struct Camera {
    pub who: usize,
    pub encodings: Vec<Encoding>,
    pub sends: Vec<bool>,
    /// Packets of a frame, of each encoding.
    pub packets: Vec<u8>,
    /// Key frames by itself, or only when asked.
    pub starts_with_key_frame: bool,
    answered: Vec<usize>,
}

impl Camera {
    pub fn new(who: usize, rids: &[&'static str]) -> Self {
        let encodings: Vec<Encoding> = if rids.is_empty() {
            vec![Encoding::new(0, None)]
        } else {
            rids.iter()
                .enumerate()
                .map(|(layer, rid)| Encoding::new(layer as u8, Some(rid)))
                .collect()
        };
        Self {
            who,
            sends: vec![true; encodings.len()],
            answered: vec![0; encodings.len()],
            packets: vec![6; encodings.len()],
            encodings,
            starts_with_key_frame: true,
        }
    }

    /// Films so many frames, 33 ms each.
    pub fn film(&mut self, world: &mut World, frames: usize) {
        for _ in 0..frames {
            self.shoot(world);
            world.advance(33);
        }
    }

    /// One frame, without the time that it takes.
    pub fn shoot(&mut self, world: &mut World) {
        let mut datagrams = Vec::new();
        for (layer, encoding) in self.encodings.iter_mut().enumerate() {
            let asked = world.people[self.who].picture_losses(encoding.ssrc);
            if !self.sends[layer] {
                continue;
            }
            let is_first = encoding.frame == 0 && self.starts_with_key_frame;
            let key = is_first || asked > std::mem::replace(&mut self.answered[layer], asked);
            datagrams.extend(encoding.frame(&mut world.people[self.who], key, self.packets[layer]));
        }
        world.send_from(self.who, datagrams);
    }
}

/// That a subscriber has seen one unbroken video: from a key frame on, no number missing, frames whole, picture ids in order, time going on.
pub fn assert_unbroken(stream: &[Rtp]) {
    assert!(!stream.is_empty(), "nothing came");
    assert!(
        content(&stream[0].payload).key,
        "the first packet is a key frame's"
    );
    for pair in stream.windows(2) {
        let (one, next) = (&pair[0], &pair[1]);
        assert_eq!(
            next.sequence_number,
            one.sequence_number.wrapping_add(1),
            "no number is missing"
        );
        let (was, is) = (content(&one.payload), content(&next.payload));
        let ticks = next.timestamp.wrapping_sub(one.timestamp);
        if (was.layer, was.frame) == (is.layer, is.frame) {
            assert_eq!(
                (ticks, is.packet, is.picture_id),
                (0, was.packet + 1, was.picture_id)
            );
            continue;
        }
        assert!(one.marker, "frames are whole");
        assert_eq!(is.packet, 0, "frames are whole");
        // At most a second, the longest pause of these tests.
        assert!((1..=90_000).contains(&ticks), "time goes on: {ticks}");
        assert_eq!(is.picture_id, (was.picture_id + 1) & 0x7fff);
        let is_lowest = u8::from(is.temporal == 0);
        assert_eq!(is.tl0, was.tl0.wrapping_add(is_lowest));
        assert!(is.key || was.layer == is.layer, "layers change at key frames");
    }
}
