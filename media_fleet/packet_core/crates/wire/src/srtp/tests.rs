use super::*;
use crate::rtp::{Header, HeaderFields, write_fixed_header};
use proptest::prelude::*;

const PROFILES: [Profile; 2] = [Profile::AeadAes128Gcm, Profile::Aes128CmHmacSha1_80];

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn pair(profile: Profile) -> (SendContext, ReceiveContext) {
    let key = [7u8; 16];
    let salt = vec![9u8; profile.salt_len()];
    (
        SendContext::new(profile, &key, &salt).unwrap(),
        ReceiveContext::new(profile, &key, &salt).unwrap(),
    )
}

fn packet(sequence_number: u16, payload: &[u8]) -> (Vec<u8>, usize) {
    let mut packet = vec![0u8; 12 + payload.len() + MAX_OVERHEAD];
    let fields = HeaderFields {
        marker: false,
        payload_type: 96,
        sequence_number,
        timestamp: 1,
        ssrc: 5,
    };
    write_fixed_header(&mut packet, &fields);
    packet[12..12 + payload.len()].copy_from_slice(payload);
    (packet, 12 + payload.len())
}

fn protected(send: &SendContext, index: u64, payload: &[u8]) -> Vec<u8> {
    let (mut buffer, len) = packet((index & 0xffff) as u16, payload);
    let len = send.protect_rtp(&mut buffer, 12, len, 5, index);
    buffer.truncate(len);
    buffer
}

fn unprotect(receive: &mut ReceiveContext, mut data: Vec<u8>) -> Result<Vec<u8>, SrtpError> {
    let header = Header::parse(&data).unwrap();
    let len = receive.unprotect_rtp(&mut data, &header)?;
    Ok(data[header.payload_start..len].to_vec())
}

/// RFC 3711, appendix B.3.
#[test]
fn session_keys_are_derived_as_in_the_rfc() {
    let key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
    let salt = hex("0EC675AD498AFEEBB6960B3AABE6");
    let mut cipher_key = [0; 16];
    keys::derive(&key, &salt, 0, &mut cipher_key).unwrap();
    assert_eq!(cipher_key.to_vec(), hex("C61E7A93744F39EE10734AFE3FF7A087"));
    let mut cipher_salt = [0; 14];
    keys::derive(&key, &salt, 2, &mut cipher_salt).unwrap();
    assert_eq!(cipher_salt.to_vec(), hex("30CBBC08863D8C85D49DB34A9AE1"));
    let mut auth_key = [0; 20];
    keys::derive(&key, &salt, 1, &mut auth_key).unwrap();
    assert_eq!(auth_key.to_vec(), hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
}

/// RFC 7714, section 16.1.1 (session key and salt are given there).
#[test]
fn gcm_protects_as_in_the_rfc() {
    let key: [u8; 16] = hex("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
    let salt: [u8; 12] = hex("517569642070726f2071756f").try_into().unwrap();
    let cipher = Cipher::gcm(&key, salt).unwrap();
    let mut data = hex(
        "8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 696e2070
        61727465 73207472 6573",
    );
    let len = data.len();
    data.resize(len + MAX_OVERHEAD, 0);
    let len = cipher.seal_rtp(&mut data, 12, len, 0x5501_a0b2, 0xf17b);
    let expected = hex(
        "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a
        51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
    );
    assert_eq!(&data[..len], &expected);
}

/// RFC 7714, section 16.1.2.
#[test]
fn gcm_opens_what_the_rfc_protects() {
    let key: [u8; 16] = hex("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
    let salt: [u8; 12] = hex("517569642070726f2071756f").try_into().unwrap();
    let cipher = Cipher::gcm(&key, salt).unwrap();
    let mut data = hex(
        "8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f 42a5f47a
        51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce",
    );
    let len = cipher.open_rtp(&mut data, 12, 0x5501_a0b2, 0xf17b).unwrap();
    assert_eq!(&data[12..len], b"Gallia est omnis divisa in partes tres");
}

/// RFC 7714, section 17.1: an SRTCP packet, encrypted and tagged.
#[test]
fn gcm_protects_reports_as_in_the_rfc() {
    let key: [u8; 16] = hex("000102030405060708090a0b0c0d0e0f").try_into().unwrap();
    let salt: [u8; 12] = hex("517569642070726f2071756f").try_into().unwrap();
    let cipher = Cipher::gcm(&key, salt).unwrap();
    let plain = hex(
        "81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef deadbeef
        deadbeef deadbeef deadbeef",
    );
    let expected = hex(
        "81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 730d6fda
        4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4",
    );
    let mut data = plain.clone();
    data.resize(plain.len() + MAX_OVERHEAD, 0);
    let len = cipher.seal_rtcp(&mut data, plain.len(), 0x4d61_7273, 0x5d4);
    assert_eq!(&data[..len], &expected);
    let len = cipher
        .open_rtcp(&mut data[..len], 0x4d61_7273, 0x8000_05d4)
        .unwrap();
    assert_eq!(&data[..len], &plain);
}

#[test]
fn a_packet_comes_back_once() {
    for profile in PROFILES {
        let (send, mut receive) = pair(profile);
        let data = protected(&send, 3, b"hello");
        assert_eq!(data.len(), 12 + 5 + profile.rtp_overhead());
        assert_eq!(unprotect(&mut receive, data.clone()).unwrap(), b"hello");
        assert_eq!(unprotect(&mut receive, data), Err(SrtpError::Replayed));
    }
}

#[test]
fn the_rollover_counter_follows_wraps_and_late_packets() {
    for profile in PROFILES {
        let (send, mut receive) = pair(profile);
        for index in [
            65_530u64, 65_540, 65_535, 90_000, 120_000, 131_000, 131_080, 131_071,
        ] {
            assert_eq!(
                unprotect(&mut receive, protected(&send, index, b"x")).unwrap(),
                b"x",
                "{index}"
            );
        }
    }
}

#[test]
fn a_changed_bit_anywhere_is_noticed_and_changes_nothing() {
    for profile in PROFILES {
        let (send, mut receive) = pair(profile);
        let good = protected(&send, 100, b"payload");
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 0x04;
            if let Ok(header) = Header::parse(&bad) {
                assert!(receive.unprotect_rtp(&mut bad, &header).is_err(), "byte {index}");
            }
        }
        assert_eq!(unprotect(&mut receive, good).unwrap(), b"payload");
    }
}

#[test]
fn a_context_keeps_a_bounded_number_of_ssrcs() {
    let (send, mut receive) = pair(Profile::AeadAes128Gcm);
    for ssrc in 0..=MAX_SSRCS {
        let (mut data, len) = packet(1, b"x");
        data[8..12].copy_from_slice(&(ssrc as u32).to_be_bytes());
        let len = send.protect_rtp(&mut data, 12, len, ssrc as u32, 1);
        let header = Header::parse(&data[..len]).unwrap();
        let expected = if ssrc < MAX_SSRCS {
            Ok(13)
        } else {
            Err(SrtpError::TooManySsrcs)
        };
        assert_eq!(receive.unprotect_rtp(&mut data[..len], &header), expected);
    }
}

#[test]
fn rtcp_comes_back_once_and_never_in_the_clear() {
    for profile in PROFILES {
        let (mut send, mut receive) = pair(profile);
        let plain = hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61");
        let mut data = plain.clone();
        data.resize(plain.len() + MAX_OVERHEAD, 0);
        let len = send.protect_rtcp(&mut data, plain.len()).unwrap();
        data.truncate(len);
        let mut copy = data.clone();
        let back = receive.unprotect_rtcp(&mut data).unwrap();
        assert_eq!(&data[..back], &plain);
        assert_eq!(receive.unprotect_rtcp(&mut copy), Err(SrtpError::Replayed));
        assert!(receive.unprotect_rtcp(&mut plain.clone()).is_err());
    }
}

#[test]
fn an_index_of_rtcp_is_never_used_twice() {
    let (mut send, mut receive) = pair(Profile::AeadAes128Gcm);
    let mut data = [0u8; 8 + MAX_OVERHEAD];
    send.rtcp_index = ENCRYPTED_FLAG - 1;
    let len = send.protect_rtcp(&mut data, 8).unwrap();
    assert!(receive.unprotect_rtcp(&mut data[..len]).is_ok(), "the last one");
    assert_eq!(send.protect_rtcp(&mut data, 8), Err(SrtpError::Exhausted));
}

#[test]
fn keys_of_a_wrong_length_are_refused() {
    for profile in PROFILES {
        assert_eq!(
            SendContext::new(profile, &[0; 15], &[0; 14]).err(),
            Some(SrtpError::KeyLength)
        );
        assert_eq!(
            ReceiveContext::new(profile, &[0; 16], &[0; 13]).err(),
            Some(SrtpError::KeyLength)
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused(mut data in proptest::collection::vec(any::<u8>(), 0..200), gcm: bool) {
        let (_, mut receive) = pair(PROFILES[usize::from(gcm)]);
        if let Ok(header) = Header::parse(&data) {
            prop_assert!(receive.unprotect_rtp(&mut data.clone(), &header).is_err());
        }
        prop_assert!(receive.unprotect_rtcp(&mut data).is_err());
    }

    #[test]
    fn any_payload_comes_back(payload in proptest::collection::vec(any::<u8>(), 0..1400), index in 0u64..65536, gcm: bool) {
        let (send, mut receive) = pair(PROFILES[usize::from(gcm)]);
        prop_assert_eq!(unprotect(&mut receive, protected(&send, index, &payload)).unwrap(), payload);
    }
}
