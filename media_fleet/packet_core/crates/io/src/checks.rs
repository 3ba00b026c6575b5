//! STUN checks, as clients send them.

use aws_lc_rs::hmac;

/// A Binding request with username, USE-CANDIDATE and message integrity (RFC 8445, section 7.1).
pub(crate) fn binding_request(ufrag: &str, pwd: &str) -> Vec<u8> {
    let username = format!("{ufrag}:peer");
    let mut message = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    message.extend([7; 12]);
    message.extend([0, 6]);
    message.extend((username.len() as u16).to_be_bytes());
    message.extend(username.as_bytes());
    message.resize(message.len().next_multiple_of(4), 0);
    message.extend([0, 0x25, 0, 0]);
    let len = (message.len() - 20 + 24) as u16;
    message[2..4].copy_from_slice(&len.to_be_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pwd.as_bytes());
    let tag = hmac::sign(&key, &message);
    message.extend([0, 8, 0, 20]);
    message.extend(tag.as_ref());
    message
}
