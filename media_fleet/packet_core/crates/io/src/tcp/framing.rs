//! Datagrams in a stream: each behind its length in two octets (RFC 4571, section 2).

/// Octets before each datagram.
pub(crate) const HEADER_LEN: usize = 2;
/// A client sends none that is longer: RTP, RTCP and DTLS keep to what UDP carries whole. What claims to be longer is another protocol.
pub(crate) const MAX_DATAGRAM: usize = 2048;

/// The stream has no frames in it, or too long ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// The datagram at the start of what was read, if it is whole.
pub(crate) fn first_datagram(read: &[u8]) -> Option<&[u8]> {
    let (header, rest) = read.split_first_chunk::<HEADER_LEN>()?;
    rest.get(..usize::from(u16::from_be_bytes(*header)))
}

/// Hands over the whole datagrams at the start of what was read; tells how many octets they took.
pub(crate) fn take_datagrams(read: &mut [u8], mut take: impl FnMut(&mut [u8])) -> Result<usize, TooLong> {
    let mut at = 0;
    while let Some((header, rest)) = read[at..].split_first_chunk_mut::<HEADER_LEN>() {
        let len = usize::from(u16::from_be_bytes(*header));
        if len > MAX_DATAGRAM {
            return Err(TooLong);
        }
        let Some(datagram) = rest.get_mut(..len) else {
            break;
        };
        take(datagram);
        at += HEADER_LEN + len;
    }
    Ok(at)
}

/// Appends a datagram with its length.
pub(crate) fn append(stream: &mut Vec<u8>, datagram: &[u8]) {
    stream.extend((datagram.len() as u16).to_be_bytes());
    stream.extend(datagram);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_are_the_same_wherever_the_stream_is_cut() {
        let datagrams: [&[u8]; 4] = [&[1; 20], &[], &[2; MAX_DATAGRAM], &[3]];
        let mut stream = Vec::new();
        for datagram in datagrams {
            append(&mut stream, datagram);
        }
        for cut in 0..stream.len() {
            let (mut taken, mut partial): (Vec<Vec<u8>>, Vec<u8>) = Default::default();
            for piece in [&stream[..cut], &stream[cut..]] {
                partial.extend(piece);
                let used = take_datagrams(&mut partial, |datagram| taken.push(datagram.to_vec())).unwrap();
                partial.drain(..used);
            }
            assert_eq!((taken, partial), (datagrams.map(<[u8]>::to_vec).to_vec(), vec![]));
        }
    }

    #[test]
    fn another_protocol_is_no_stream_of_datagrams() {
        for mut other in [
            *b"GET / HTTP/1.1",
            *b"SSH-2.0-OpenSS",
            [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0],
        ] {
            let mut taken = 0;
            assert_eq!(take_datagrams(&mut other, |_| taken += 1), Err(TooLong));
            assert_eq!(taken, 0);
        }
    }
}
