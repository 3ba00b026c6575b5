//! What stands before a packet between nodes: to which thread of the one it goes, from which of the other it comes.
//!
//! All threads of a node have one address. The header is not protected: whoever writes another one has the packet fail its authentication, since
//! each pair of threads has keys of its own.

/// Its octets: the mark, the receiver's thread, the sender's.
pub(crate) const LEN: usize = 3;
/// No first octet of anything else on a media port (RFC 7983, section 7).
const MARK: u8 = 0xc0;

/// To which thread a datagram goes; None if it is none of a node.
pub(crate) fn to(datagram: &[u8]) -> Option<usize> {
    match datagram {
        [MARK, to, _, ..] => Some(usize::from(*to)),
        _ => None,
    }
}

/// The sender's thread, and the packet; None if it is none of a node.
pub(crate) fn open(datagram: &mut [u8]) -> Option<(u8, &mut [u8])> {
    match datagram {
        [MARK, _, from, packet @ ..] => Some((*from, packet)),
        _ => None,
    }
}

/// Puts it before a packet that has room for it behind: `datagram` is as long as both.
pub(crate) fn write(datagram: &mut [u8], to: u8, from: u8) {
    let len = datagram.len() - LEN;
    datagram.copy_within(..len, LEN);
    datagram[..LEN].copy_from_slice(&[MARK, to, from]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut datagram = [7, 8, 9, 0, 0, 0];
        write(&mut datagram, 2, 5);
        assert_eq!(to(&datagram), Some(2));
        assert_eq!(open(&mut datagram), Some((5, &mut [7, 8, 9][..])));
    }

    #[test]
    fn clients_datagrams_have_none() {
        for datagram in [
            &mut [0x80, 1, 2, 3][..],
            &mut [0, 1, 2, 3],
            &mut [MARK, 1],
            &mut [],
        ] {
            assert_eq!(to(datagram), None);
            assert_eq!(open(datagram), None);
        }
    }
}
