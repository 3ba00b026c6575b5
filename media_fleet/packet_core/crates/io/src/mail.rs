//! What threads of a node hand each other: a parcel from each to each, locked for as long as it takes to swap or to append it.

use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{io, mem};

use crate::syscalls::EventFd;

/// Octets of datagrams that wait for a thread from one other: more are dropped, as by a full socket. What floods one way leaves the others their room.
const MAX_WAITING: usize = 2 * 1024 * 1024;
/// Connections that wait, as well.
const MAX_CONNECTIONS: usize = 256;
/// Memory that a parcel keeps while it is empty.
const KEPT_CAPACITY: usize = 128 * 1024;

/// A datagram in a parcel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Enclosed {
    pub from: SocketAddr,
    /// As in `syscalls::Received`.
    pub came: Option<Duration>,
    pub len: usize,
    /// Whether what else comes from there would have gone the same way.
    pub is_routed: bool,
}

/// What a thread says of an address from which another one receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub from: SocketAddr,
    /// None: no transport of its engine has it any more. Else whether one is there, so that nobody else may have it.
    pub held: Option<bool>,
}

/// A connection of TCP that changes the thread, with what has been read of it.
#[derive(Debug)]
pub(crate) struct Moved {
    pub stream: TcpStream,
    pub peer: SocketAddr,
    pub read: Vec<u8>,
}

/// From one thread to another.
#[derive(Debug, Default)]
pub(crate) struct Parcel {
    /// The datagrams' octets, one behind the other.
    pub octets: Vec<u8>,
    pub datagrams: Vec<Enclosed>,
    pub notices: Vec<Notice>,
    pub connections: Vec<Moved>,
}

impl Parcel {
    pub(crate) fn is_empty(&self) -> bool {
        self.datagrams.is_empty() && self.notices.is_empty() && self.connections.is_empty()
    }

    pub(crate) fn enclose(&mut self, datagram: &[u8], enclosed: Enclosed) {
        self.octets.extend_from_slice(datagram);
        self.datagrams.push(enclosed);
    }

    /// Keeps some memory for the next time, not what a flood has taken.
    pub(crate) fn clear(&mut self) {
        self.octets.clear();
        self.datagrams.clear();
        self.notices.clear();
        self.connections.clear();
        self.octets.shrink_to(KEPT_CAPACITY);
        self.datagrams
            .shrink_to(KEPT_CAPACITY / mem::size_of::<Enclosed>());
        self.notices.shrink_to(KEPT_CAPACITY / mem::size_of::<Notice>());
    }

    /// Appends another one, and empties it; tells how many datagrams found no room.
    fn append(&mut self, other: &mut Self) -> usize {
        let fits = self.octets.len() + other.octets.len() <= MAX_WAITING;
        let dropped = if fits {
            self.octets.append(&mut other.octets);
            self.datagrams.append(&mut other.datagrams);
            0
        } else {
            other.datagrams.len()
        };
        self.notices.append(&mut other.notices);
        let room = MAX_CONNECTIONS.saturating_sub(self.connections.len());
        self.connections.extend(other.connections.drain(..).take(room));
        other.clear();
        dropped
    }
}

/// The parcels that wait for one thread.
struct Inbox {
    /// By sender.
    parcels: Vec<Mutex<Parcel>>,
    /// From whom there is something, a bit for each.
    full: AtomicU64,
    wake: EventFd,
}

/// All parcels between the threads of a node.
pub(crate) struct Mail(Vec<Inbox>);

impl Mail {
    /// Between so many threads, [`crate::MAX_THREADS`] at the most.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub(crate) fn new(threads: usize) -> io::Result<Self> {
        let inbox = || {
            Ok(Inbox {
                parcels: (0..threads).map(|_| Mutex::default()).collect(),
                full: AtomicU64::new(0),
                wake: EventFd::new()?,
            })
        };
        (0..threads).map(|_| inbox()).collect::<io::Result<_>>().map(Self)
    }

    pub(crate) fn threads(&self) -> usize {
        self.0.len()
    }

    /// Readable while something may wait for a thread.
    pub(crate) fn wake(&self, to: usize) -> &EventFd {
        &self.0[to].wake
    }

    /// Sends a parcel, and empties it; tells how many of its datagrams found no room.
    pub(crate) fn post(&self, from: usize, to: usize, parcel: &mut Parcel) -> usize {
        let inbox = &self.0[to];
        let mut waiting = inbox.parcels[from].lock().unwrap_or_else(PoisonError::into_inner);
        let dropped = if waiting.is_empty() {
            mem::swap(&mut *waiting, parcel);
            0
        } else {
            waiting.append(parcel)
        };
        drop(waiting);
        if inbox.full.fetch_or(1 << from, Ordering::AcqRel) == 0 {
            inbox.wake.signal();
        }
        dropped
    }

    /// From whom something waits for a thread, a bit for each; they count as emptied.
    pub(crate) fn take_full(&self, to: usize) -> u64 {
        self.0[to].wake.clear();
        self.0[to].full.swap(0, Ordering::AcqRel)
    }

    /// Gives what waits for what it is called with, which must be empty.
    pub(crate) fn swap(&self, from: usize, to: usize, parcel: &mut Parcel) {
        let waiting = self.0[to].parcels[from].lock();
        mem::swap(&mut *waiting.unwrap_or_else(PoisonError::into_inner), parcel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(octets: usize) -> Parcel {
        let mut parcel = Parcel::default();
        let enclosed = Enclosed {
            from: "192.0.2.1:9".parse().unwrap(),
            came: None,
            len: octets,
            is_routed: true,
        };
        parcel.enclose(&vec![7; octets], enclosed);
        parcel
    }

    #[test]
    fn a_flood_of_one_thread_takes_bounded_memory_and_no_other_ones_room() {
        let mail = Mail::new(3).unwrap();
        let dropped: usize = (0..4 * MAX_WAITING / 1000)
            .map(|_| mail.post(0, 1, &mut parcel(1000)))
            .sum();
        assert!(dropped >= 3 * MAX_WAITING / 1000);
        assert_eq!(mail.post(2, 1, &mut parcel(1000)), 0);
        assert_eq!(mail.take_full(1), 0b101);
        let mut taken = Parcel::default();
        mail.swap(0, 1, &mut taken);
        assert!(taken.octets.len() <= MAX_WAITING);
        assert_eq!(
            taken.datagrams.iter().map(|one| one.len).sum::<usize>(),
            taken.octets.len()
        );
        taken.clear();
        assert!(taken.octets.capacity() <= KEPT_CAPACITY);
        mail.swap(2, 1, &mut taken);
        assert_eq!(taken.datagrams.len(), 1);
    }

    #[test]
    fn notices_are_never_dropped() {
        let mail = Mail::new(2).unwrap();
        mail.post(0, 1, &mut parcel(MAX_WAITING));
        for _ in 0..10 {
            let mut with_notice = parcel(1000);
            with_notice.notices.push(Notice {
                from: "192.0.2.1:9".parse().unwrap(),
                held: None,
            });
            assert_eq!(mail.post(0, 1, &mut with_notice), 1);
            assert!(with_notice.is_empty());
        }
        let mut taken = Parcel::default();
        mail.swap(0, 1, &mut taken);
        assert_eq!(taken.notices.len(), 10);
    }

    #[test]
    fn who_waits_is_woken_once_for_all_that_waits() {
        let mail = Mail::new(2).unwrap();
        for _ in 0..3 {
            mail.post(0, 1, &mut parcel(10));
        }
        let is_woken = || {
            let fds = [Some(std::os::fd::AsFd::as_fd(mail.wake(1)))];
            crate::syscalls::wait_readable(fds, Duration::ZERO)[0]
        };
        assert!(is_woken());
        assert_eq!(mail.take_full(1), 1);
        assert!(!is_woken());
    }
}
