//! SRTP behind a pipe, so that tests in other languages can hold it against other implementations.
//!
//! The first line is `PROFILE KEY SALT`, all that follows is one command a line; bytes are hexadecimal:
//! `protect_rtp INDEX PACKET`, `unprotect_rtp PACKET`, `protect_rtcp PACKET`, `unprotect_rtcp PACKET`. Each gets one line as its
//! answer: the packet, or `error` and its name.

use std::io::{self, BufRead, Write};

use parley_wire::rtp::Header;
use parley_wire::srtp::{MAX_OVERHEAD, Profile, ReceiveContext, SendContext, SrtpError};

struct Contexts {
    send: SendContext,
    receive: ReceiveContext,
}

impl Contexts {
    fn open(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let profile = match words.next()? {
            "AEAD_AES_128_GCM" => Profile::AeadAes128Gcm,
            "SRTP_AES128_CM_HMAC_SHA1_80" => Profile::Aes128CmHmacSha1_80,
            _ => return None,
        };
        let (key, salt) = (from_hex(words.next()?)?, from_hex(words.next()?)?);
        Some(Self {
            send: SendContext::new(profile, &key, &salt).ok()?,
            receive: ReceiveContext::new(profile, &key, &salt).ok()?,
        })
    }

    /// None if the line is no command.
    fn run(&mut self, line: &str) -> Option<Result<Vec<u8>, SrtpError>> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut packet = from_hex(words.last()?)?;
        let len = packet.len();
        packet.resize(len + MAX_OVERHEAD, 0);
        let done = match words[..] {
            ["protect_rtp", index, _] => {
                let header = Header::parse(&packet[..len]).ok()?;
                let index = index.parse().ok()?;
                Ok(self
                    .send
                    .protect_rtp(&mut packet, header.payload_start, len, header.ssrc, index))
            }
            ["unprotect_rtp", _] => match Header::parse(&packet[..len]) {
                Ok(header) => self.receive.unprotect_rtp(&mut packet[..len], &header),
                Err(_) => Err(SrtpError::Malformed),
            },
            ["protect_rtcp", _] => self.send.protect_rtcp(&mut packet, len),
            ["unprotect_rtcp", _] => self.receive.unprotect_rtcp(&mut packet[..len]),
            _ => return None,
        };
        Some(done.map(|len| packet[..len].to_vec()))
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).map(|value| value as u8))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn main() -> io::Result<()> {
    let mut lines = io::stdin().lock().lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let Some(mut contexts) = Contexts::open(&first) else {
        return Err(io::Error::other("the first line is PROFILE KEY SALT"));
    };
    let mut out = io::stdout().lock();
    for line in lines {
        match contexts.run(&line?) {
            Some(Ok(packet)) => writeln!(out, "{}", to_hex(&packet))?,
            Some(Err(error)) => writeln!(out, "error {error:?}")?,
            None => return Err(io::Error::other("no command")),
        }
        out.flush()?;
    }
    Ok(())
}
