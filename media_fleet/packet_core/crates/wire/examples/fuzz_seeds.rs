//! Writes well-formed beginnings for the fuzzers: `fuzz_seeds FOLDER` makes `FOLDER/TARGET/seed-N`.
//!
//! Bytes that a parser accepts are the best place to start damaging them from.

use std::fs;
use std::path::Path;

use parley_wire::rtcp::{ReportBlock, SenderInfo, Writer, transport_cc::Recorder};
use parley_wire::rtp::{HeaderFields, write_fixed_header};

fn rtp() -> Vec<u8> {
    let mut packet = vec![0; 12];
    let fields = HeaderFields {
        marker: true,
        payload_type: 96,
        sequence_number: 65_535,
        timestamp: 3000,
        ssrc: 2,
    };
    write_fixed_header(&mut packet, &fields);
    packet[0] |= 0x10;
    packet.extend([0xbe, 0xde, 0, 2, 0x10, b'0', 0x20, b'q', 0x41, 0, 7, 0]);
    packet.extend([0x90, 0xe0, 0x81, 0x02, 0x07, 0x45, 0x00, 0x9d, 0x01, 0x2a]);
    packet
}

fn rtcp(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut packet = vec![0; 1400];
    let mut writer = Writer::new(&mut packet);
    write(&mut writer);
    let len = writer.len();
    packet.truncate(len);
    packet
}

fn compounds() -> Vec<Vec<u8>> {
    let info = SenderInfo {
        ssrc: 2,
        ntp: 0xe000_0000_0000_0000,
        rtp_timestamp: 3000,
        packets: 10,
        octets: 1000,
    };
    let mut recorder = Recorder::default();
    for (number, arrived_us) in [(1, 1000), (2, 2000), (5, 90_000), (40, 91_000)] {
        recorder.record(number, arrived_us);
    }
    vec![
        rtcp(|writer| {
            writer.sender_report(&info);
            writer.canonical_name(2, "somebody");
        }),
        rtcp(|writer| writer.receiver_report(1, &[ReportBlock::default(); 2])),
        rtcp(|writer| writer.nack(1, 2, &[7, 8, 30, 31])),
        rtcp(|writer| {
            writer.picture_loss(1, 2);
            writer.goodbye(2);
        }),
        rtcp(|writer| recorder.write(writer, 1, 2)),
    ]
}

/// USERNAME, PRIORITY, USE-CANDIDATE, and an integrity that is wrong (RFC 8489, section 14).
fn binding_request() -> Vec<u8> {
    let mut message = vec![0, 1, 0, 52, 0x21, 0x12, 0xa4, 0x42];
    message.extend(*b"transaction.");
    message.extend([0, 6, 0, 9]);
    message.extend(*b"ufra:them\0\0\0");
    message.extend([0, 0x24, 0, 4, 0x6e, 0, 1, 0xff, 0, 0x25, 0, 0]);
    message.extend([0, 8, 0, 20]);
    message.extend([0; 20]);
    message
}

/// A structure of two temporal layers as Chromium writes it, and a frame of it that says which ones it needs.
fn descriptors() -> Vec<u8> {
    let key = [0xc0, 0, 1, 0x80, 0x01, 0x1e, 0xa8, 0x51, 0x41, 0x01, 0x08];
    let next = [0xc2, 0, 6, 0x1a, 0x40, 0x18];
    [&[key.len() as u8][..], &key, &next].concat()
}

/// An action of the engine's target: what it is, how long it is, and its bytes.
fn action(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [&[kind, bytes.len() as u8], bytes].concat()
}

fn actions() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = compounds().iter().map(|compound| action(1, compound)).collect();
    seeds.push([action(0, &binding_request()), action(0, &rtp())].concat());
    let packet = |sequence: u8| {
        action(
            2,
            &[96, sequence, 3, 0, 0x90, 0xe0, 0x81, sequence, 0x07, 0x45, 0x00],
        )
    };
    // Sound with a copy, as `audio/red`: mid "1", no rid.
    let redundant = |sequence: u8| action(2, &[63, sequence, 5, 2, 0xef, 0x0f, 0, 3, 0x6f, 1, 2, 3, 4, 5]);
    seeds.push([redundant(1), redundant(2), action(2, &[63, 3, 5, 2, 0xef, 0x0f])].concat());
    seeds.push(
        [
            packet(1),
            packet(2),
            action(3, &[0; 40]),
            packet(9),
            action(4, &[0]),
        ]
        .concat(),
    );
    seeds
}

fn main() -> std::io::Result<()> {
    let folder = std::env::args().nth(1).expect("usage: fuzz_seeds FOLDER");
    let behind = |first: &[u8], rest: &[u8]| [first, rest].concat();
    let block = [0x10, b'0', 0x20, b'q', 0x41, 0, 7, 0x60, 0x85];
    let targets = [
        ("rtp", vec![rtp()]),
        ("rtcp", compounds()),
        ("stun", vec![binding_request()]),
        ("srtp", vec![behind(&[0], &rtp()), behind(&[1], &rtp())]),
        (
            "extensions",
            vec![behind(&[0, 1, 2, 3, 6, 4, 5, 7, 8, 9, 10, 11], &block)],
        ),
        (
            "payload_descriptors",
            vec![
                vec![3, 0x90, 0xe0, 0x81, 0x02, 0x07, 0x45, 0x00],
                vec![0, 0xa8, 0x80, 0x05, 0x10, 0x00],
                vec![0, 0x7c, 0x85, 0x88, 0x84],
            ],
        ),
        ("dependency_descriptor", vec![descriptors()]),
        (
            "red",
            vec![
                vec![111, 0xef, 0x0f, 0x00, 0x03, 0x6f, 1, 2, 3, 4, 5],
                vec![111, 0x6f, 4, 5],
            ],
        ),
        ("engine", actions()),
    ];
    for (target, seeds) in targets {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
