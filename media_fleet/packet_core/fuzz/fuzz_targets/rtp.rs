//! Invariant: any bytes are no RTP, or a header whose parts lie in the packet, one behind the other; written anew, its fields read the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parley_wire::rtp::{FIXED_HEADER_LEN, Header, HeaderFields, write_fixed_header};

fuzz_target!(|packet: &[u8]| {
    let Ok(header) = Header::parse(packet) else {
        return;
    };
    assert!(FIXED_HEADER_LEN <= header.payload_start && header.payload_start <= packet.len());
    assert!(header.extension_start + header.extension_len <= header.payload_start);
    let values: usize = header.extensions(packet).map(|(_, value)| value.len()).sum();
    assert!(values <= header.extension_len);
    if let Ok(payload) = header.payload(packet) {
        assert!(header.payload_start + payload.len() <= packet.len());
    }
    let fields = HeaderFields {
        marker: header.marker,
        payload_type: header.payload_type,
        sequence_number: header.sequence_number,
        timestamp: header.timestamp,
        ssrc: header.ssrc,
    };
    let mut written = [0; FIXED_HEADER_LEN];
    write_fixed_header(&mut written, &fields);
    let again = Header::parse(&written).expect("a header that was written");
    assert_eq!(
        (
            again.marker,
            again.payload_type,
            again.sequence_number,
            again.timestamp,
            again.ssrc
        ),
        (
            header.marker,
            header.payload_type,
            header.sequence_number,
            header.timestamp,
            header.ssrc
        )
    );
});
