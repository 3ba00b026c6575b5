//! Invariant: any payload of redundant sound has a primary block at its end that is not empty, or is refused; another payload type changes no
//! more than an octet of each block's header.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parley_wire::red::{Blocks, MAX_COPIES};

fuzz_target!(|data: &[u8]| {
    let Some((&payload_type, payload)) = data.split_first() else {
        return;
    };
    let Some(blocks) = Blocks::parse(payload, payload_type & 0x7f) else {
        return;
    };
    assert!(blocks.copies() <= MAX_COPIES);
    let primary = blocks.primary(payload);
    assert!(!primary.is_empty() && payload.ends_with(primary));
    let mut changed = payload.to_vec();
    let other = payload_type.wrapping_add(1) & 0x7f;
    blocks.rewrite(&mut changed, other);
    assert_eq!(Blocks::parse(&changed, other), Some(blocks), "of the same form");
    assert_eq!(blocks.primary(&changed), primary);
    let differ = changed.iter().zip(payload).filter(|(new, old)| new != old);
    assert_eq!(differ.count(), blocks.copies() + 1);
    blocks.rewrite(&mut changed, payload_type & 0x7f);
    assert_eq!(changed, payload);
});
