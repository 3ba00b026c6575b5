//! The system calls that the standard library does not offer: many datagrams in one call, GRO and GSO, eventfd, poll.
//!
//! Linux only. All `unsafe` code of the workspace is in this module; each block says why it is sound.
#![allow(unsafe_code)]

mod address;
mod bind;
mod epoll;
mod receive;
mod send;

pub use bind::{bind_udp, bind_udp_shared, listen_tcp, share_address};
pub use epoll::{Epoll, Ready};
pub use receive::{RECEIVE_MESSAGES, Received, Receiver};
pub use send::{MAX_SEGMENTED_LEN, MAX_SEGMENTS, Message, send};

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// Room for two control messages, one with an int and one with a timespec, with their alignment.
const CONTROL_LEN: usize = 64;

/// A control message buffer, aligned as `cmsghdr` must be.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct Control([u8; CONTROL_LEN]);

/// Lets the kernel join received datagrams and note when they came, and asks for large buffers (the kernel grants what it may).
pub fn tune(socket: &UdpSocket, buffer_bytes: i32) {
    for (level, option, value) in [
        (libc::SOL_UDP, libc::UDP_GRO, 1),
        (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1),
        (libc::SOL_SOCKET, libc::SO_RCVBUF, buffer_bytes),
        (libc::SOL_SOCKET, libc::SO_SNDBUF, buffer_bytes),
    ] {
        // SAFETY: the option's value is an int that lives through the call. A refusal costs speed and precision alone.
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

/// Has a connection take no more while so many octets have not been sent yet. A refusal costs but the chance to drop what is late.
pub fn limit_unsent(stream: &TcpStream, bytes: i32) {
    // SAFETY: the option's value is an int that lives through the call.
    unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_NOTSENT_LOWAT,
            (&raw const bytes).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        );
    }
}

/// Has datagrams sent without checksums, which the kernel does not do for those that it cuts.
#[cfg(test)]
pub(crate) fn send_no_checksums(socket: &UdpSocket) {
    let yes: libc::c_int = 1;
    // SAFETY: the option's value is an int that lives through the call.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NO_CHECK,
            (&raw const yes).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    assert_eq!(result, 0, "{}", io::Error::last_os_error());
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

/// Waits until one of the descriptors is readable, or the time is over; tells which are.
pub fn wait_readable<const N: usize>(
    descriptors: [Option<BorrowedFd<'_>>; N],
    timeout: Duration,
) -> [bool; N] {
    // The kernel passes over negative numbers.
    let mut polled = descriptors.map(|fd| libc::pollfd {
        fd: fd.map_or(-1, |fd| fd.as_raw_fd()),
        events: libc::POLLIN,
        revents: 0,
    });
    let timeout = libc::timespec {
        tv_sec: timeout.as_secs() as libc::time_t,
        tv_nsec: i64::from(timeout.subsec_nanos()),
    };
    // SAFETY: N pollfds and a timespec that live through the call. Interrupted or refused, nothing is readable.
    unsafe {
        libc::ppoll(
            polled.as_mut_ptr(),
            N as libc::nfds_t,
            &raw const timeout,
            std::ptr::null(),
        )
    };
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
