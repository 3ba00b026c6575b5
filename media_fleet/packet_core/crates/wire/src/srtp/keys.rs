//! Session keys from a master key and salt (RFC 3711, section 4.3; RFC 7714, section 11).

use super::cipher::Cipher;
use super::{Profile, SrtpError};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

const LABEL_RTP: [u8; 3] = [0, 1, 2];
const LABEL_RTCP: [u8; 3] = [3, 4, 5];

/// The ciphers for RTP and RTCP.
pub(super) fn session_ciphers(
    profile: Profile,
    key: &[u8],
    salt: &[u8],
) -> Result<(Cipher, Cipher), SrtpError> {
    if key.len() != 16 || salt.len() != profile.salt_len() {
        return Err(SrtpError::KeyLength);
    }
    Ok((
        session_cipher(profile, key, salt, LABEL_RTP)?,
        session_cipher(profile, key, salt, LABEL_RTCP)?,
    ))
}

fn session_cipher(profile: Profile, key: &[u8], salt: &[u8], labels: [u8; 3]) -> Result<Cipher, SrtpError> {
    let [encryption, authentication, salting] = labels;
    let mut session_key = [0u8; 16];
    derive(key, salt, encryption, &mut session_key)?;
    let mut session_salt = [0u8; 14];
    derive(key, salt, salting, &mut session_salt[..profile.salt_len()])?;
    match profile {
        Profile::AeadAes128Gcm => {
            let mut gcm_salt = [0u8; 12];
            gcm_salt.copy_from_slice(&session_salt[..12]);
            Cipher::gcm(&session_key, gcm_salt)
        }
        Profile::Aes128CmHmacSha1_80 => {
            let mut session_auth = [0u8; 20];
            derive(key, salt, authentication, &mut session_auth)?;
            Cipher::cm(&session_key, session_salt, &session_auth)
        }
    }
}

/// The key stream of AES-CM with the label in it, with a key derivation rate of zero.
///
/// A salt of 96 bits counts as one of 112 with zeros at its end (RFC 7714, section 11).
pub(super) fn derive(key: &[u8], salt: &[u8], label: u8, out: &mut [u8]) -> Result<(), SrtpError> {
    let mut iv = [0u8; 16];
    iv[..salt.len()].copy_from_slice(salt);
    iv[7] ^= label;
    let cipher = UnboundCipherKey::new(&AES_128, key)
        .and_then(EncryptingKey::ctr)
        .map_err(|_| SrtpError::KeyLength)?;
    out.fill(0);
    cipher
        .less_safe_encrypt(out, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(|_| SrtpError::KeyLength)?;
    Ok(())
}
