//! Many datagrams in one call: recvmmsg(2), joined by GRO.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::address::address_from;
use super::{CONTROL_LEN, Control};

/// One received buffer: what GRO joins at the most.
const RECEIVE_BUFFER_LEN: usize = 65_536;
/// So many buffers are received in one call.
pub const RECEIVE_MESSAGES: usize = 16;

/// Datagrams of one size from one sender, joined by GRO.
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// The sender.
    pub from: SocketAddr,
    /// Where the first byte is in [`Receiver::buffer_mut`].
    pub start: usize,
    /// Bytes of all datagrams.
    pub len: usize,
    /// Bytes of each datagram but the last, which may be shorter.
    pub segment: usize,
    /// When the first of them came, by the wall clock, since 1970; None if the kernel does not say.
    pub came: Option<Duration>,
}

/// Receives many datagrams in one call.
pub struct Receiver {
    buffer: Vec<u8>,
    received: Vec<Received>,
}

impl Receiver {
    /// Buffers for one socket.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: vec![0; RECEIVE_MESSAGES * RECEIVE_BUFFER_LEN],
            received: Vec::with_capacity(RECEIVE_MESSAGES),
        }
    }

    /// Receives what is there, without waiting; returns how many messages.
    ///
    /// # Errors
    /// The error of recvmmsg(2), `WouldBlock` when there is nothing.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.received.clear();
        let mut names = [MaybeUninit::<libc::sockaddr_storage>::uninit(); RECEIVE_MESSAGES];
        let mut controls = [Control([0; CONTROL_LEN]); RECEIVE_MESSAGES];
        let base = self.buffer.as_mut_ptr();
        let mut vectors: [libc::iovec; RECEIVE_MESSAGES] = std::array::from_fn(|index| libc::iovec {
            // SAFETY: the buffer is RECEIVE_MESSAGES * RECEIVE_BUFFER_LEN long, so the place is inside it.
            iov_base: unsafe { base.add(index * RECEIVE_BUFFER_LEN) }.cast(),
            iov_len: RECEIVE_BUFFER_LEN,
        });
        let mut headers: [libc::mmsghdr; RECEIVE_MESSAGES] = std::array::from_fn(|index| {
            // SAFETY: all-zero is a valid mmsghdr: null pointers and zero lengths.
            let mut header: libc::mmsghdr = unsafe { MaybeUninit::zeroed().assume_init() };
            header.msg_hdr.msg_name = names[index].as_mut_ptr().cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_hdr.msg_iov = &raw mut vectors[index];
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = controls[index].0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL_LEN as _;
            header
        });
        // SAFETY: every header points at names, vectors and controls that live until the end of this function, with their lengths.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                RECEIVE_MESSAGES as u32,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        if count < 0 {
            return Err(io::Error::last_os_error());
        }
        for (index, header) in headers.iter().enumerate().take(count as usize) {
            // SAFETY: the kernel has filled the name of each of the `count` messages.
            let from = unsafe { address_from(names[index].assume_init_ref()) };
            let len = header.msg_len as usize;
            // SAFETY: the header is as the kernel has left it, and its control buffer is alive.
            let notes = unsafe { notes(&header.msg_hdr) };
            if let Some(from) = from {
                self.received.push(Received {
                    from,
                    start: index * RECEIVE_BUFFER_LEN,
                    len,
                    segment: notes.segment.unwrap_or(len).max(1),
                    came: notes.came,
                });
            }
        }
        Ok(self.received.len())
    }

    /// What the last call received, and the buffer that holds it.
    pub fn received(&mut self) -> (&[Received], &mut [u8]) {
        (&self.received, &mut self.buffer)
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

/// What the kernel says of a message besides its bytes.
#[derive(Default)]
struct Notes {
    /// The size of the datagrams that GRO has joined.
    segment: Option<usize>,
    /// When the message came.
    came: Option<Duration>,
}

/// Reads the control messages of a message.
///
/// # Safety
/// `header` must be as recvmmsg(2) has left it, its control buffer alive.
unsafe fn notes(header: &libc::msghdr) -> Notes {
    let mut notes = Notes::default();
    // SAFETY: the caller vouches for the header; CMSG_NXTHDR stays inside its control buffer, and the values are read by their kinds.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while !control.is_null() {
            let value = libc::CMSG_DATA(control);
            match ((*control).cmsg_level, (*control).cmsg_type) {
                (libc::SOL_UDP, libc::UDP_GRO) => {
                    let size = value.cast::<libc::c_int>().read_unaligned();
                    notes.segment = usize::try_from(size).ok().filter(|size| *size > 0);
                }
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                    let time = value.cast::<libc::timespec>().read_unaligned();
                    notes.came = Some(Duration::new(time.tv_sec as u64, time.tv_nsec as u32));
                }
                _ => {}
            }
            control = libc::CMSG_NXTHDR(header, control);
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::syscalls::{Message, send, tune};

    fn wall() -> Duration {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
    }

    fn receive_one(socket: &UdpSocket) -> Received {
        let mut receiver = Receiver::new();
        socket.peek(&mut [0]).unwrap(); // waits
        receiver.receive(socket).unwrap();
        receiver.received().0[0]
    }

    #[test]
    fn the_kernel_notes_when_datagrams_come_and_how_they_were_joined() {
        let (source, sink) = (
            UdpSocket::bind("127.0.0.1:0").unwrap(),
            UdpSocket::bind("127.0.0.1:0").unwrap(),
        );
        tune(&sink, 1 << 20);
        let joined = Message {
            to: sink.local_addr().unwrap(),
            start: 0,
            len: 250,
            segment: 100,
        };
        let before = wall();
        send(&source, &[7; 250], &[joined]).unwrap();
        let received = receive_one(&sink);
        // Not right after sending: a kernel may carry a datagram over after send has returned.
        let after = wall();
        assert_eq!((received.len, received.segment), (250, 100));
        let came = received.came.unwrap();
        assert!(before <= came && came <= after, "{before:?} {came:?} {after:?}");
    }

    #[test]
    fn without_notes_a_message_is_one_datagram_that_came_some_time() {
        let (source, sink) = (
            UdpSocket::bind("127.0.0.1:0").unwrap(),
            UdpSocket::bind("127.0.0.1:0").unwrap(),
        );
        source.send_to(&[7; 250], sink.local_addr().unwrap()).unwrap();
        let received = receive_one(&sink);
        assert_eq!((received.len, received.segment, received.came), (250, 250, None));
    }
}
