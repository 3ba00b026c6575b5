//! Invariant: whatever extensions a publisher sends, a subscriber's block fits its room, reads back, and has the values that are passed on as they were.
//!
//! The first byte chooses the form of the block, the next eleven are the ids that the publisher has negotiated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parley_wire::extensions::{
    ALL, COUNT, Extension, ExtensionMap, MAX_BLOCK_LEN, OwnValues, Values, write_block,
};
use parley_wire::rtp::{Elements, ONE_BYTE_PROFILE, TWO_BYTE_PROFILE};

const PASSED_ON: [Extension; 3] = [
    Extension::AudioLevel,
    Extension::DependencyDescriptor,
    Extension::AbsCaptureTime,
];

fuzz_target!(|data: &[u8]| {
    let Some((ids, elements)) = data.split_at_checked(COUNT + 1) else {
        return;
    };
    let profile = if ids[0] & 1 == 0 {
        ONE_BYTE_PROFILE
    } else {
        TWO_BYTE_PROFILE
    };
    let uris = ALL.iter().map(|(_, uri)| *uri);
    let from = ExtensionMap::from_uris(uris.clone().zip(ids[1..].iter().copied()));
    let values = Values::read(Elements::new(profile, elements), &from);
    let to = ExtensionMap::from_uris(uris.zip(1..));
    let own = OwnValues {
        mid: b"12",
        abs_send_time: 0x0012_3456,
        transport_sequence: 0x4321,
    };
    let mut block = [0xa5; MAX_BLOCK_LEN];
    let len = write_block(&mut block, &values, &to, &own);
    assert!(len > 4 && len % 4 == 0 && len <= MAX_BLOCK_LEN);
    let profile = u16::from_be_bytes([block[0], block[1]]);
    let read = Values::read(Elements::new(profile, &block[4..len]), &to);
    assert_eq!(read.get(Extension::Mid), Some(&b"12"[..]));
    assert_eq!(read.transport_sequence(), Some(0x4321));
    assert_eq!(read.get(Extension::Rid), None);
    for extension in PASSED_ON {
        assert_eq!(read.get(extension), values.get(extension));
    }
});
