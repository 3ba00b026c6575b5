//! Invariant: what comes off the wire is refused unless it was protected under the keys; what was protected comes back once, as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parley_wire::rtp::Header;
use parley_wire::srtp::{MAX_OVERHEAD, Profile, ReceiveContext, SendContext};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, packet)) = data.split_first() else {
        return;
    };
    let profile = if choice & 1 == 0 {
        Profile::AeadAes128Gcm
    } else {
        Profile::Aes128CmHmacSha1_80
    };
    let (key, salt) = ([7; 16], vec![9; profile.salt_len()]);
    let send = SendContext::new(profile, &key, &salt).expect("lengths are right");
    let mut receive = ReceiveContext::new(profile, &key, &salt).expect("lengths are right");
    assert!(receive.unprotect_rtcp(&mut packet.to_vec()).is_err(), "forged");
    let Ok(header) = Header::parse(packet) else {
        return;
    };
    assert!(
        receive.unprotect_rtp(&mut packet.to_vec(), &header).is_err(),
        "forged"
    );
    let mut wire = packet.to_vec();
    wire.resize(packet.len() + MAX_OVERHEAD, 0);
    let index = u64::from(header.sequence_number);
    let len = send.protect_rtp(&mut wire, header.payload_start, packet.len(), header.ssrc, index);
    let mut replayed = wire[..len].to_vec();
    let plain = receive
        .unprotect_rtp(&mut wire[..len], &header)
        .expect("authentic");
    assert_eq!(&wire[..plain], packet);
    assert!(receive.unprotect_rtp(&mut replayed, &header).is_err(), "replayed");
});
