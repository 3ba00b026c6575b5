//! Invariant: any bytes have a structure of a bounded size, or none; a frame that can be read says the same after its descriptor was
//! written anew, but for its number and the decode targets that are left.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parley_wire::dependency_descriptor::{MAX_LEN, Structure, rewrite};

/// What the decode targets may add.
const ROOM: usize = 5;

fuzz_target!(|data: &[u8]| {
    let Some((&split, data)) = data.split_first() else {
        return;
    };
    let (first, value) = data.split_at(usize::from(split).min(data.len()));
    let mut out = [0; MAX_LEN];
    let Some(structure) = Structure::parse(first) else {
        return;
    };
    let count = structure.target_count();
    assert!((1..=32).contains(&count) && structure.is_within(0, 0));
    // Targets of another descriptor's frame.
    if let Some(other) = structure.frame(first) {
        assert!(rewrite(value, 7, Some(other.with_active(5)), &mut out) <= MAX_LEN);
    }
    let Some(before) = structure.frame(value).filter(|_| value.len() + ROOM <= MAX_LEN) else {
        return;
    };
    let targets = 0x5555_5555 & (u32::MAX >> (32 - count));
    let len = rewrite(value, 7, Some(before.with_active(targets)), &mut out);
    let after = structure.frame(&out[..len]).expect("of the same form");
    let mut expected = before;
    (expected.number, expected.active_targets) = (7, Some(targets));
    assert_eq!(after, expected);
});
