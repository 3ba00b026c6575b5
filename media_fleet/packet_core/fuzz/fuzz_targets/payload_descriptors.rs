//! Invariant: any payload has a descriptor that lies in it, or none; rewriting changes its numbers and nothing behind it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parley_wire::codec::{Codec, vp8, vp9};

const VIDEO: [Codec; 4] = [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1];

fuzz_target!(|data: &[u8]| {
    let Some((&descriptor_len, data)) = data.split_first() else {
        return;
    };
    let descriptor = data.get(..usize::from(descriptor_len % 32));
    for codec in VIDEO {
        let _ = codec.starts_key_frame(data, descriptor);
        let _ = codec.starts_key_frame(data, None);
    }
    let _ = vp9::heights(data);
    if let Some(vp9) = vp9::Descriptor::parse(data) {
        assert!(vp9.spatial_layer < 8);
    }
    let Some(before) = vp8::Descriptor::parse(data) else {
        return;
    };
    assert!(before.len <= data.len());
    let mut changed = data.to_vec();
    before.rewrite(&mut changed, 0x7abc, 0xee);
    let after = vp8::Descriptor::parse(&changed).expect("of the same form");
    assert_eq!((after.len, after.temporal), (before.len, before.temporal));
    assert_eq!(changed[after.len..], data[before.len..]);
});
