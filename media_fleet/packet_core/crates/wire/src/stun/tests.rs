use super::*;
use proptest::prelude::*;

/// The sample request of RFC 5769, section 2.1.
const SAMPLE: &[u8] = b"\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
    \x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\
    \x3b\x36\x00\x06\x00\x09evtj:h6vY\x20\x20\x20\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\
    \xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2\x80\x28\x00\x04\xe5\x7a\x3b\xcf";
const PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

#[test]
fn the_rfc_sample_is_read_and_verified() {
    let request = BindingRequest::parse(SAMPLE).unwrap();
    assert_eq!(request.local_ufrag(), b"evtj");
    assert_eq!(request.priority, Some(0x6e00_01ff));
    assert!(request.controlled && !request.use_candidate);
    assert!(request.has_integrity(PASSWORD));
    assert!(!request.has_integrity(b"another"));
}

#[test]
fn the_rfc_sample_answer_has_the_same_address_attribute() {
    // RFC 5769, section 2.2: 192.0.2.1:32853.
    let request = BindingRequest::parse(SAMPLE).unwrap();
    let mut out = [0u8; MAX_RESPONSE_LEN];
    let from = "192.0.2.1:32853".parse().unwrap();
    let len = write_success(&mut out, &request.transaction_id, from, PASSWORD);
    assert_eq!(&out[20..32], b"\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43");
    assert_eq!(u16_at(&out, 2).map(usize::from), Some(len - 20));
}

#[test]
fn the_rfc_sample_answer_over_ipv6_has_the_same_address_attribute() {
    // RFC 5769, section 2.3: [2001:db8:1234:5678:11:2233:4455:6677]:32853.
    let request = BindingRequest::parse(SAMPLE).unwrap();
    let mut out = [0u8; MAX_RESPONSE_LEN];
    let from = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
    write_success(&mut out, &request.transaction_id, from, PASSWORD);
    let expected =
        b"\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9";
    assert_eq!(&out[20..44], expected);
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_is_answered_as_ipv4() {
    let mut out = [0u8; MAX_RESPONSE_LEN];
    let len = write_success(
        &mut out,
        &[7; 12],
        "[::ffff:192.0.2.1]:9".parse().unwrap(),
        PASSWORD,
    );
    let mut plain = [0u8; MAX_RESPONSE_LEN];
    let plain_len = write_success(&mut plain, &[7; 12], "192.0.2.1:9".parse().unwrap(), PASSWORD);
    assert_eq!(out[..len], plain[..plain_len]);
}

/// A request as browsers send it, with attributes of one's own before the integrity.
fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = [0u8; 512];
    let mut writer = Writer::new(&mut out, BINDING_REQUEST, &[3; 12]);
    writer.attribute(attribute::USERNAME, b"local:remote");
    for (kind, value) in attributes {
        writer.attribute(*kind, value);
    }
    let len = writer.finish(PASSWORD);
    out[..len].to_vec()
}

/// The answer's type and attributes, with integrity and fingerprint checked as a client does.
fn attributes_of(answer: &[u8]) -> (u16, Vec<(u16, Vec<u8>)>) {
    let fingerprint_at = answer.len() - 8;
    assert_eq!(
        u32_at(answer, fingerprint_at + 4),
        Some(crc32(&answer[..fingerprint_at]) ^ FINGERPRINT_XOR)
    );
    let integrity_at = fingerprint_at - 24;
    let mut covered = answer[..integrity_at].to_vec();
    covered[2..4].copy_from_slice(&length_up_to(fingerprint_at));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, PASSWORD);
    hmac::verify(&key, &covered, &answer[integrity_at + 4..fingerprint_at]).unwrap();
    let mut attributes = Vec::new();
    let mut at = HEADER_LEN;
    while at < integrity_at {
        let len = usize::from(u16_at(answer, at + 2).unwrap());
        attributes.push((u16_at(answer, at).unwrap(), answer[at + 4..at + 4 + len].to_vec()));
        at += 4 + len.next_multiple_of(4);
    }
    (u16_at(answer, 0).unwrap(), attributes)
}

#[test]
fn a_client_can_verify_the_answers() {
    let mut out = [0u8; MAX_RESPONSE_LEN];
    let len = write_success(&mut out, &[3; 12], "192.0.2.1:9".parse().unwrap(), PASSWORD);
    let (kind, attributes) = attributes_of(&out[..len]);
    assert_eq!((kind, attributes.len()), (BINDING_SUCCESS, 1));
    let len = write_error(&mut out, &[3; 12], 487, PASSWORD);
    let error = (attribute::ERROR_CODE, vec![0, 0, 4, 87]);
    assert_eq!(attributes_of(&out[..len]), (BINDING_ERROR, vec![error]));
}

#[test]
fn of_several_attributes_of_a_kind_the_first_counts() {
    let message = request(&[
        (attribute::USERNAME, b"other:remote"),
        (attribute::PRIORITY, &[0, 0, 0, 1]),
        (attribute::PRIORITY, &[0, 0, 0, 2]),
        (attribute::USE_CANDIDATE, &[]),
    ]);
    let request = BindingRequest::parse(&message).unwrap();
    assert_eq!(request.local_ufrag(), b"local");
    assert_eq!(request.priority, Some(1));
    assert!(request.use_candidate && request.has_integrity(PASSWORD));
}

#[test]
fn what_must_be_understood_and_is_not_is_named_in_the_answer() {
    // 0xc057 (network information, as Chromium sends it) may be ignored; 0x7001 and 0x0033 may not.
    let message = request(&[(0xc057, &[0, 1, 0, 2]), (0x7001, &[1]), (0x0033, &[])]);
    let request = BindingRequest::parse(&message).unwrap();
    assert_eq!(request.unknown_attributes(), [0x7001, 0x0033]);
    let mut out = [0u8; MAX_RESPONSE_LEN];
    let unknown = request.unknown_attributes();
    let len = write_unknown_attributes(&mut out, &request.transaction_id, unknown, PASSWORD);
    let (kind, attributes) = attributes_of(&out[..len]);
    assert_eq!(kind, BINDING_ERROR);
    assert_eq!(attributes[0], (attribute::ERROR_CODE, vec![0, 0, 4, 20]));
    assert_eq!(
        attributes[1],
        (attribute::UNKNOWN_ATTRIBUTES, vec![0x70, 0x01, 0x00, 0x33])
    );
    assert!(
        BindingRequest::parse(SAMPLE)
            .unwrap()
            .unknown_attributes()
            .is_empty()
    );
}

#[test]
fn a_flood_of_unknown_attributes_is_answered_in_bounds() {
    let flood: Vec<(u16, &[u8])> = (0..40).map(|index| (0x7000 + index, &[][..])).collect();
    let message = request(&flood);
    let unknown = BindingRequest::parse(&message).unwrap();
    let mut out = [0u8; MAX_RESPONSE_LEN];
    let all = [0x7000; 40];
    write_unknown_attributes(&mut out, &unknown.transaction_id, &all, PASSWORD);
    assert_eq!(unknown.unknown_attributes().len(), MAX_UNKNOWN);
}

#[test]
fn what_stands_behind_the_integrity_is_not_believed() {
    let mut message = request(&[]);
    message.truncate(message.len() - 8); // the fingerprint
    message.extend(attribute::USE_CANDIDATE.to_be_bytes());
    message.extend([0, 0]);
    let length = (message.len() - HEADER_LEN) as u16;
    message[2..4].copy_from_slice(&length.to_be_bytes());
    let request = BindingRequest::parse(&message).unwrap();
    assert!(request.has_integrity(PASSWORD) && !request.use_candidate);
}

#[test]
fn a_changed_bit_in_what_integrity_covers_is_noticed() {
    // The fingerprint, eight bytes at the end, comes after the integrity.
    for index in 0..SAMPLE.len() - 8 {
        let mut damaged = SAMPLE.to_vec();
        damaged[index] ^= 1;
        let accepted = BindingRequest::parse(&damaged).is_ok_and(|request| request.has_integrity(PASSWORD));
        assert!(!accepted, "byte {index}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(mut message in proptest::collection::vec(any::<u8>(), 0..200), fix: bool) {
        if fix && message.len() >= 20 {
            let len = (message.len() - 20) / 4 * 4;
            message.truncate(20 + len);
            message[..2].copy_from_slice(&BINDING_REQUEST.to_be_bytes());
            message[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            message[4..8].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
        }
        if let Ok(request) = BindingRequest::parse(&message) {
            let _ = request.local_ufrag();
            prop_assert!(!request.has_integrity(b"a password of nobody"));
        }
    }
}
