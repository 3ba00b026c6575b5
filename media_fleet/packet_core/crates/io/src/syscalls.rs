//! The system calls that the standard library does not offer: many datagrams in one call, GRO and GSO, eventfd, poll.
//!
//! Linux only. All `unsafe` code of the workspace is in this file; each block says why it is sound.
#![allow(unsafe_code)]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// The kernel cuts one buffer into at most so many datagrams (`UDP_MAX_SEGMENTS` of older kernels).
pub const MAX_SEGMENTS: usize = 64;
/// The greatest buffer that the kernel cuts: an IPv4 datagram less its headers.
pub const MAX_SEGMENTED_LEN: usize = 65_507;
/// One received buffer: what GRO joins at the most.
const RECEIVE_BUFFER_LEN: usize = 65_536;
/// So many buffers are received in one call.
pub const RECEIVE_MESSAGES: usize = 16;
/// So many messages are sent in one call.
const SEND_MESSAGES: usize = 64;
/// Room for one control message with an int, with its alignment.
const CONTROL_LEN: usize = 32;

/// A control message buffer, aligned as `cmsghdr` must be.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL_LEN]);

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
            let segment = unsafe { gro_segment(&header.msg_hdr) }.unwrap_or(len).max(1);
            if let Some(from) = from {
                self.received.push(Received {
                    from,
                    start: index * RECEIVE_BUFFER_LEN,
                    len,
                    segment,
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

/// The size of the datagrams that GRO has joined.
///
/// # Safety
/// `header` must be as recvmmsg(2) has left it, its control buffer alive.
unsafe fn gro_segment(header: &libc::msghdr) -> Option<usize> {
    // SAFETY: the caller vouches for the header; CMSG_NXTHDR stays inside its control buffer.
    unsafe {
        let mut control = libc::CMSG_FIRSTHDR(header);
        while !control.is_null() {
            if (*control).cmsg_level == libc::SOL_UDP && (*control).cmsg_type == libc::UDP_GRO {
                let size = libc::CMSG_DATA(control).cast::<libc::c_int>().read_unaligned();
                return usize::try_from(size).ok().filter(|size| *size > 0);
            }
            control = libc::CMSG_NXTHDR(header, control);
        }
    }
    None
}

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

/// Sends messages out of one buffer with sendmmsg(2), in order, as many as one call takes; returns how many.
///
/// # Errors
/// The error of the first message. `WouldBlock` when the socket's buffer is full.
pub fn send(socket: &UdpSocket, is_ipv6: bool, buffer: &[u8], messages: &[Message]) -> io::Result<usize> {
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
        header.msg_namelen = unsafe { write_address(names[index].as_mut_ptr(), message.to, is_ipv6) };
        header.msg_name = names[index].as_mut_ptr().cast();
        header.msg_iov = &raw mut vectors[index];
        header.msg_iovlen = 1;
        if message.len > message.segment {
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

/// # Safety
/// `storage` must point at a zeroed `sockaddr_storage` that may be written.
unsafe fn write_address(
    storage: *mut libc::sockaddr_storage,
    address: SocketAddr,
    is_ipv6: bool,
) -> libc::socklen_t {
    let ip = match address.ip() {
        IpAddr::V4(v4) if is_ipv6 => IpAddr::V6(v4.to_ipv6_mapped()),
        ip => ip,
    };
    match ip {
        IpAddr::V4(v4) => {
            let name = libc::sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(v4.octets()),
                },
                sin_zero: [0; 8],
            };
            // SAFETY: a sockaddr_storage is larger than, and as aligned as, a sockaddr_in.
            unsafe { storage.cast::<libc::sockaddr_in>().write(name) };
            size_of::<libc::sockaddr_in>() as libc::socklen_t
        }
        IpAddr::V6(v6) => {
            let scope = if let SocketAddr::V6(full) = address {
                full.scope_id()
            } else {
                0
            };
            let name = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: v6.octets() },
                sin6_scope_id: scope,
            };
            // SAFETY: a sockaddr_storage is larger than, and as aligned as, a sockaddr_in6.
            unsafe { storage.cast::<libc::sockaddr_in6>().write(name) };
            size_of::<libc::sockaddr_in6>() as libc::socklen_t
        }
    }
}

/// The address in a storage, IPv4 in IPv6 as IPv4; None for another family.
///
/// # Safety
/// `storage` must have been filled by the kernel.
unsafe fn address_from(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let place: *const libc::sockaddr_storage = storage;
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that this is a sockaddr_in.
            let name = unsafe { &*place.cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(name.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddr::new(ip.into(), u16::from_be(name.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that this is a sockaddr_in6.
            let name = unsafe { &*place.cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(name.sin6_addr.s6_addr).to_canonical();
            Some(SocketAddr::new(ip, u16::from_be(name.sin6_port)))
        }
        _ => None,
    }
}

/// Lets the kernel join received datagrams, and asks for large buffers (the kernel grants what it may).
pub fn tune(socket: &UdpSocket, buffer_bytes: i32) {
    for (level, option, value) in [
        (libc::SOL_UDP, libc::UDP_GRO, 1),
        (libc::SOL_SOCKET, libc::SO_RCVBUF, buffer_bytes),
        (libc::SOL_SOCKET, libc::SO_SNDBUF, buffer_bytes),
    ] {
        // SAFETY: the option's value is an int that lives through the call. A refusal costs speed alone.
        unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                level,
                option,
                (&raw const value).cast(),
                size_of::<libc::c_int>() as libc::socklen_t,
            );
        }
    }
}

/// A counter in the kernel that wakes whoever waits for it (eventfd(2)).
#[derive(Debug)]
pub struct EventFd(OwnedFd);

impl EventFd {
    /// A new one, not signalled.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointers.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Wakes who waits.
    pub fn signal(&self) {
        let one = 1u64;
        // SAFETY: eight bytes are read from `one`. A full counter refuses, and is signalled anyway.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    /// Takes the signal back.
    pub fn clear(&self) {
        let mut count = 0u64;
        // SAFETY: eight bytes are written into `count`. An unsignalled counter refuses, and stays unsignalled.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }

    /// The descriptor's number.
    #[must_use]
    pub fn raw(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Waits until one of two descriptors is readable, or the time is over; tells which are.
pub fn wait_readable(descriptors: [BorrowedFd<'_>; 2], timeout: Duration) -> [bool; 2] {
    let mut polled = descriptors.map(|fd| libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    });
    let timeout = libc::timespec {
        tv_sec: timeout.as_secs() as libc::time_t,
        tv_nsec: i64::from(timeout.subsec_nanos()),
    };
    // SAFETY: two pollfds and a timespec that live through the call. Interrupted or refused, nothing is readable.
    unsafe { libc::ppoll(polled.as_mut_ptr(), 2, &raw const timeout, std::ptr::null()) };
    polled.map(|polled| polled.revents & (libc::POLLIN | libc::POLLERR) != 0)
}

/// Waits until the socket takes more, at most `timeout`.
pub fn wait_writable(socket: &UdpSocket, timeout: Duration) {
    let mut polled = libc::pollfd {
        fd: socket.as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: one pollfd that lives through the call.
    unsafe { libc::poll(&raw mut polled, 1, timeout.as_millis() as libc::c_int) };
}

/// CPU time of the calling thread: user and system, microseconds.
#[must_use]
pub fn thread_cpu_us() -> (u64, u64) {
    // SAFETY: all-zero is a valid rusage, and the call fills it.
    let usage = unsafe {
        let mut usage: libc::rusage = MaybeUninit::zeroed().assume_init();
        libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
        usage
    };
    let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    (micros(usage.ru_utime), micros(usage.ru_stime))
}
