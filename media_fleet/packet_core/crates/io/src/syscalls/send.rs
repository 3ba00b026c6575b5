//! Many messages in one call: sendmmsg(2), each cut into datagrams by the kernel (UDP GSO).

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use super::address::write_address;
use super::{CONTROL_LEN, Control};

/// The kernel cuts one buffer into at most so many datagrams (`UDP_MAX_SEGMENTS` of older kernels).
pub const MAX_SEGMENTS: usize = 64;
/// The greatest buffer that the kernel cuts: an IPv4 datagram less its headers.
pub const MAX_SEGMENTED_LEN: usize = 65_507;
/// So many messages are sent in one call.
const SEND_MESSAGES: usize = 64;

/// One buffer to send: cut into datagrams of `segment` bytes, the last one may be shorter.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// The receiver.
    pub to: SocketAddr,
    /// Where the first byte is.
    pub start: usize,
    /// Bytes of all datagrams; at most [`MAX_SEGMENTED_LEN`], at most [`MAX_SEGMENTS`] datagrams.
    pub len: usize,
    /// Bytes of each datagram.
    pub segment: usize,
}

impl Message {
    /// Whether the kernel has to cut it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.len > self.segment
    }

    /// Its datagrams, each a message of its own.
    pub fn datagrams(self) -> impl ExactSizeIterator<Item = Self> {
        let count = if self.is_cut() {
            self.len.div_ceil(self.segment)
        } else {
            1
        };
        (0..count).map(move |index| {
            let before = index * self.segment;
            let len = self.segment.min(self.len - before);
            Self {
                start: self.start + before,
                len,
                segment: len,
                ..self
            }
        })
    }
}

/// Sends messages out of one buffer with sendmmsg(2), in order, as many as one call takes; returns how many.
///
/// # Errors
/// The error of the first message. `WouldBlock` when the socket's buffer is full.
pub fn send(socket: &UdpSocket, buffer: &[u8], messages: &[Message]) -> io::Result<usize> {
    let count = messages.len().min(SEND_MESSAGES);
    let mut names = [MaybeUninit::<libc::sockaddr_storage>::zeroed(); SEND_MESSAGES];
    let mut controls = [Control([0; CONTROL_LEN]); SEND_MESSAGES];
    let mut vectors = [libc::iovec {
        iov_base: std::ptr::null_mut(),
        iov_len: 0,
    }; SEND_MESSAGES];
    // SAFETY: all-zero is a valid mmsghdr.
    let mut headers: [libc::mmsghdr; SEND_MESSAGES] = unsafe { MaybeUninit::zeroed().assume_init() };
    for (index, message) in messages[..count].iter().enumerate() {
        let data = &buffer[message.start..message.start + message.len];
        vectors[index] = libc::iovec {
            iov_base: data.as_ptr().cast_mut().cast(),
            iov_len: data.len(),
        };
        let header = &mut headers[index].msg_hdr;
        // SAFETY: the storage is zeroed, and large and aligned enough for any address.
        header.msg_namelen = unsafe { write_address(names[index].as_mut_ptr(), message.to) };
        header.msg_name = names[index].as_mut_ptr().cast();
        header.msg_iov = &raw mut vectors[index];
        header.msg_iovlen = 1;
        if message.is_cut() {
            header.msg_control = controls[index].0.as_mut_ptr().cast();
            // SAFETY: CMSG_SPACE computes; the control buffer is CONTROL_LEN long, more than a u16 takes, and aligned.
            unsafe {
                header.msg_controllen = libc::CMSG_SPACE(size_of::<u16>() as u32) as _;
                let control = libc::CMSG_FIRSTHDR(header);
                (*control).cmsg_level = libc::SOL_UDP;
                (*control).cmsg_type = libc::UDP_SEGMENT;
                (*control).cmsg_len = libc::CMSG_LEN(size_of::<u16>() as u32) as _;
                libc::CMSG_DATA(control)
                    .cast::<u16>()
                    .write_unaligned(message.segment as u16);
            }
        }
    }
    // SAFETY: the first `count` headers point at names, vectors, controls and data that outlive the call; the kernel only reads the data.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            count as u32,
            libc::MSG_DONTWAIT as _,
        )
    };
    if sent < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(sent as usize)
    }
}
