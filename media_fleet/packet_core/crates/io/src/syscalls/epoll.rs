//! Which of many descriptors are ready: epoll(7).

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// So many are told of in one call.
const EVENTS: usize = 64;

/// A descriptor is ready, or has been closed from afar, which reading tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// What it was added under.
    pub token: u64,
    /// Whether it takes more.
    pub writable: bool,
}

/// Descriptors that are watched; itself readable while one of them is ready.
#[derive(Debug)]
pub struct Epoll(OwnedFd);

impl Epoll {
    /// One that watches nothing.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: the call takes no pointers.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Watches a descriptor until it is closed: whether it is readable.
    ///
    /// # Errors
    /// The error of epoll_ctl(2).
    pub fn add(&self, descriptor: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, descriptor, token, libc::EPOLLIN)
    }

    /// Watches, or watches no more, whether a descriptor is readable. It stays added: that takes no memory that might be missing.
    ///
    /// # Errors
    /// The error of epoll_ctl(2).
    pub fn set_readable(&self, descriptor: BorrowedFd<'_>, token: u64, watched: bool) -> io::Result<()> {
        let events = if watched { libc::EPOLLIN } else { 0 };
        self.control(libc::EPOLL_CTL_MOD, descriptor, token, events)
    }

    /// Watches, or watches no more, whether a descriptor is writable.
    ///
    /// # Errors
    /// The error of epoll_ctl(2).
    pub fn set_writable(&self, descriptor: BorrowedFd<'_>, token: u64, watched: bool) -> io::Result<()> {
        let events = libc::EPOLLIN | if watched { libc::EPOLLOUT } else { 0 };
        self.control(libc::EPOLL_CTL_MOD, descriptor, token, events)
    }

    /// Forgets a descriptor.
    pub fn remove(&self, descriptor: BorrowedFd<'_>) {
        let _ = self.control(libc::EPOLL_CTL_DEL, descriptor, 0, 0);
    }

    /// What is ready now, a number of them at the most.
    #[must_use]
    pub fn ready(&self) -> Vec<Ready> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; EVENTS];
        // SAFETY: EVENTS events that live through the call. Interrupted, nothing is ready.
        let count =
            unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), EVENTS as libc::c_int, 0) };
        events
            .iter()
            .take(usize::try_from(count).unwrap_or(0))
            .map(|event| Ready {
                token: event.u64,
                writable: event.events & libc::EPOLLOUT as u32 != 0,
            })
            .collect()
    }

    fn control(
        &self,
        operation: libc::c_int,
        descriptor: BorrowedFd<'_>,
        token: u64,
        events: libc::c_int,
    ) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: events as u32,
            u64: token,
        };
        // SAFETY: the event lives through the call.
        let result = unsafe {
            libc::epoll_ctl(
                self.0.as_raw_fd(),
                operation,
                descriptor.as_raw_fd(),
                &raw mut event,
            )
        };
        if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
