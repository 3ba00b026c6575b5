//! Invariant: any bytes are no Binding request, or one whose parts lie in the message; none has integrity under a password that its sender does not know.
#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use parley_wire::demux;
use parley_wire::stun::{self, BindingRequest, MAX_RESPONSE_LEN};

fuzz_target!(|message: &[u8]| {
    let _ = demux::classify(message);
    let Ok(request) = BindingRequest::parse(message) else {
        return;
    };
    assert!(request.local_ufrag().len() <= message.len());
    assert!(!request.has_integrity(b"a password that the fuzzer cannot know"));
    let mut answer = [0; MAX_RESPONSE_LEN];
    let from = SocketAddr::from(([192, 0, 2, 1], 5000));
    let id = &request.transaction_id;
    let unknown = stun::write_unknown_attributes(&mut answer, id, request.unknown_attributes(), b"password");
    let success = stun::write_success(&mut answer, id, from, b"password");
    assert!(unknown <= MAX_RESPONSE_LEN && success <= MAX_RESPONSE_LEN);
    assert_eq!(&answer[8..20], id);
});
