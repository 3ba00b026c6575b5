//! Arguments from Python, checked.

use std::net::IpAddr;

use parley_engine::{Codec, Credentials, ExtensionMap, Keys, Kind, Profile};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Raises `ValueError` unless `holds`.
pub(crate) fn one_of(holds: bool, message: &str) -> PyResult<()> {
    if holds {
        Ok(())
    } else {
        Err(PyValueError::new_err(message.to_owned()))
    }
}

/// IP addresses, one of each version at the most.
pub(crate) fn addresses(texts: &[String]) -> PyResult<Vec<IpAddr>> {
    let mut addresses: Vec<IpAddr> = Vec::with_capacity(texts.len());
    for text in texts {
        let address: IpAddr = text
            .parse()
            .map_err(|_| PyValueError::new_err(format!("bind address {text:?} is no IP address")))?;
        one_of(
            addresses.iter().all(|other| other.is_ipv4() != address.is_ipv4()),
            "there is one bind address for each version of IP",
        )?;
        addresses.push(address);
    }
    one_of(!addresses.is_empty(), "there is at least one bind address")?;
    Ok(addresses)
}

/// RFC 8839, section 5.4: 4 to 256 and 22 to 256 ice-chars.
pub(crate) fn credentials(ufrag: &str, pwd: &str) -> PyResult<Credentials> {
    let is_ice = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
    };
    one_of(
        (4..=256).contains(&ufrag.len()) && is_ice(ufrag),
        "ice_ufrag has 4 to 256 letters, digits, + or /",
    )?;
    one_of(
        (22..=256).contains(&pwd.len()) && is_ice(pwd),
        "ice_pwd has 22 to 256 letters, digits, + or /",
    )?;
    Ok(Credentials {
        ufrag: ufrag.to_owned(),
        pwd: pwd.to_owned(),
    })
}

pub(crate) fn profile(name: &str) -> PyResult<Profile> {
    match name {
        "AEAD_AES_128_GCM" => Ok(Profile::AeadAes128Gcm),
        "SRTP_AES128_CM_HMAC_SHA1_80" => Ok(Profile::Aes128CmHmacSha1_80),
        _ => Err(PyValueError::new_err(format!("unknown SRTP profile {name:?}"))),
    }
}

pub(crate) fn kind(name: &str) -> PyResult<Kind> {
    match name {
        "audio" => Ok(Kind::Audio),
        "video" => Ok(Kind::Video),
        _ => Err(PyValueError::new_err(format!("unknown kind {name:?}"))),
    }
}

pub(crate) fn codec(name: &str) -> PyResult<Codec> {
    match name {
        "opus" => Ok(Codec::Opus),
        "VP8" => Ok(Codec::Vp8),
        "H264" => Ok(Codec::H264),
        "VP9" => Ok(Codec::Vp9),
        "AV1" => Ok(Codec::Av1),
        _ => Err(PyValueError::new_err(format!("unknown codec {name:?}"))),
    }
}

/// Both, which must fit each other.
pub(crate) fn kind_and_codec(kind: &str, codec: &str) -> PyResult<(Kind, Codec)> {
    let (kind, codec) = (self::kind(kind)?, self::codec(codec)?);
    one_of(
        codec.is_video() == (kind == Kind::Video),
        "the codec is not of this kind",
    )?;
    Ok((kind, codec))
}

/// Master keys and salts of both directions, of the lengths that the profile wants.
pub(crate) fn keys(
    profile: Profile,
    receive_key: Vec<u8>,
    receive_salt: Vec<u8>,
    send_key: Vec<u8>,
    send_salt: Vec<u8>,
) -> PyResult<Keys> {
    let salt_len = profile.salt_len();
    one_of(
        receive_key.len() == 16 && send_key.len() == 16,
        "a master key has 16 bytes",
    )?;
    one_of(
        receive_salt.len() == salt_len && send_salt.len() == salt_len,
        &format!("a master salt of this profile has {salt_len} bytes"),
    )?;
    Ok(Keys {
        profile,
        receive_key,
        receive_salt,
        send_key,
        send_salt,
    })
}

pub(crate) fn payload_type(value: u8) -> PyResult<u8> {
    one_of(value < 128, "a payload type is below 128")?;
    Ok(value)
}

/// A mid or rid: short enough for a one-byte header extension (RFC 8285).
pub(crate) fn short_text(name: &str, value: String) -> PyResult<String> {
    one_of(
        (1..=16).contains(&value.len()),
        &format!("{name} has 1 to 16 bytes"),
    )?;
    Ok(value)
}

pub(crate) fn extensions(uris: &Bound<'_, PyDict>) -> PyResult<ExtensionMap> {
    let mut entries: Vec<(String, u8)> = Vec::with_capacity(uris.len());
    for (uri, id) in uris {
        let id: u8 = id.extract()?;
        one_of(id != 0, "the id of a header extension is 1 to 255")?;
        entries.push((uri.extract()?, id));
    }
    Ok(ExtensionMap::from_uris(
        entries.iter().map(|(uri, id)| (uri.as_str(), *id)),
    ))
}
