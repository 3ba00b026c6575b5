//! The connections of a node: who is let in, how long without a check, and what is ready.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};

use parley_engine::Remote;

use super::connection::{Connection, Progress};
use super::framing::{HEADER_LEN, MAX_DATAGRAM};
use crate::batch::IoStats;
use crate::syscalls::{Epoll, Ready};

/// One read takes so much at the most.
pub(crate) const READ_LEN: usize = 64 * 1024;
/// So many connections are taken before others have their turn.
const ACCEPTED_AT_ONCE: usize = 64;
/// All connections are looked through so often.
const SWEEP_US: u64 = 1_000_000;
/// Tokens of listeners; below are connections' numbers.
const FIRST_LISTENER: u64 = 1 << 32;

/// What connections may take. A stranger is one whose end no transport is known at: it has passed no check, or its transport is gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub connections: usize,
    pub strangers: usize,
    pub strangers_of_a_host: usize,
    /// A stranger is closed after so long. libwebrtc sends its first check as soon as it is connected.
    pub strange_us: u64,
    /// A connection on which nothing comes is closed after so long: the other end is gone. libwebrtc checks all it has within half a minute.
    pub silent_us: u64,
}

impl Limits {
    const DEFAULT: Self = Self {
        connections: 16_384,
        strangers: 1_024,
        strangers_of_a_host: 64,
        strange_us: 10_000_000,
        silent_us: 60_000_000,
    };
}

/// See the module.
pub(crate) struct Connections {
    listeners: Vec<TcpListener>,
    epoll: Epoll,
    limits: Limits,
    open: HashMap<u32, Connection>,
    /// Those that no transport is known at, the oldest first.
    strangers: VecDeque<(u32, IpAddr)>,
    /// Those with something to write.
    unwritten: Vec<u32>,
    closed: Vec<Remote>,
    next_number: u32,
    next_sweep_us: u64,
    is_accepting: bool,
    refused: u64,
}

impl Connections {
    /// Serves listeners.
    pub(crate) fn new(listeners: Vec<TcpListener>) -> io::Result<Self> {
        Self::within(listeners, Limits::DEFAULT)
    }

    fn within(listeners: Vec<TcpListener>, limits: Limits) -> io::Result<Self> {
        let epoll = Epoll::new()?;
        for (listener, token) in listeners.iter().zip(FIRST_LISTENER..) {
            epoll.add(listener.as_fd(), token)?;
        }
        Ok(Self {
            listeners,
            epoll,
            limits,
            open: HashMap::new(),
            strangers: VecDeque::new(),
            unwritten: Vec::new(),
            closed: Vec::new(),
            next_number: 0,
            next_sweep_us: 0,
            is_accepting: true,
            refused: 0,
        })
    }

    /// Whether connections are accepted: all listeners, or none.
    fn set_accepting(&mut self, accepting: bool) {
        for (listener, token) in self.listeners.iter().zip(FIRST_LISTENER..) {
            let _ = self.epoll.set_readable(listener.as_fd(), token, accepting);
        }
        self.is_accepting = accepting;
    }

    /// Readable when [`Self::serve`] has something to do.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Whether this is where connections are accepted, at the moment or in general.
    pub(crate) fn is_accepting_here(&self) -> bool {
        !self.listeners.is_empty()
    }

    /// How many are open.
    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// How many were closed because they were too many, or no check came.
    pub(crate) fn refused(&self) -> u64 {
        self.refused
    }

    /// Accepts, and writes what waits; tells which connections may be read.
    pub(crate) fn serve(&mut self, now_us: u64, readable: &mut Vec<u32>, stats: &mut IoStats) {
        readable.clear();
        for Ready { token, writable } in self.epoll.ready() {
            if let Ok(number) = u32::try_from(token) {
                if writable {
                    self.write(number, stats);
                }
                readable.push(number);
            } else {
                self.accept((token - FIRST_LISTENER) as usize, now_us);
            }
        }
    }

    fn accept(&mut self, listener: usize, now_us: u64) {
        for _ in 0..ACCEPTED_AT_ONCE {
            match self.listeners[listener].accept() {
                Ok((stream, peer)) => {
                    self.admit(stream, peer, now_us);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    // The connection is gone already.
                    ErrorKind::ConnectionAborted | ErrorKind::Interrupted => {}
                    // No descriptors or memory: it stays in the kernel's queue, and asking at once would help nobody.
                    _ => return self.set_accepting(false),
                },
            }
        }
    }

    /// Takes a connection that has been accepted, here or by another thread; tells its number, and what it is to the engine.
    pub(crate) fn admit(
        &mut self,
        stream: TcpStream,
        peer: SocketAddr,
        now_us: u64,
    ) -> Option<(u32, Remote)> {
        let number = self.unused_number();
        let remote = Remote::tcp(number, peer);
        let connection = Connection::new(stream, remote, now_us).ok()?;
        let host = connection.host();
        let is_of_host = |(_, other): &&(u32, IpAddr)| *other == host;
        // The oldest stranger goes: whoever means well has sent a check long since.
        if self.strangers.iter().filter(is_of_host).count() >= self.limits.strangers_of_a_host {
            let oldest = self.strangers.iter().find(is_of_host).map(|(number, _)| *number);
            self.refuse(oldest);
        } else if self.strangers.len() >= self.limits.strangers || self.open.len() >= self.limits.connections
        {
            self.refuse(self.strangers.front().map(|(number, _)| *number));
        }
        if self.open.len() >= self.limits.connections
            || self
                .epoll
                .add(connection.stream.as_fd(), u64::from(number))
                .is_err()
        {
            self.refused += 1;
            return None;
        }
        self.open.insert(number, connection);
        self.strangers.push_back((number, host));
        Some((number, remote))
    }

    /// Gives away a connection to which nothing has been written.
    pub(crate) fn release(&mut self, number: u32) -> Option<TcpStream> {
        let connection = self.open.remove(&number)?;
        self.strangers.retain(|(other, _)| *other != number);
        self.epoll.remove(connection.stream.as_fd());
        Some(connection.stream)
    }

    fn unused_number(&mut self) -> u32 {
        loop {
            self.next_number = self.next_number.wrapping_add(1);
            if !self.open.contains_key(&self.next_number) {
                return self.next_number;
            }
        }
    }

    fn refuse(&mut self, number: Option<u32>) {
        if let Some(number) = number {
            self.refused += 1;
            self.close(number);
        }
    }

    pub(crate) fn close(&mut self, number: u32) {
        if let Some(connection) = self.open.remove(&number) {
            self.closed.push(connection.remote);
            if connection.strange_since_us.is_some() {
                self.strangers.retain(|(other, _)| *other != number);
            }
        }
    }

    /// Takes those that have been closed since the last time.
    pub(crate) fn take_closed(&mut self) -> Vec<Remote> {
        std::mem::take(&mut self.closed)
    }

    /// Reads a connection once, into [`READ_LEN`] octets, behind what it keeps of a datagram; tells whose and how many those are.
    pub(crate) fn read(&mut self, number: u32, now_us: u64, room: &mut [u8]) -> Option<(Remote, usize)> {
        let connection = self.open.get_mut(&number)?;
        match connection.read(room) {
            Progress::Done(len) => {
                connection.read_us = now_us;
                Some((connection.remote, len))
            }
            Progress::Blocked => None,
            Progress::Closed => {
                self.close(number);
                None
            }
        }
    }

    /// Keeps what was read of a datagram that is not whole yet.
    pub(crate) fn keep(&mut self, number: u32, partial: &[u8]) {
        if let Some(connection) = self.open.get_mut(&number) {
            connection.keep(partial);
        }
    }

    /// Whether no transport was known at its end, when that was last looked at.
    pub(crate) fn is_stranger(&self, number: u32) -> bool {
        self.open
            .get(&number)
            .is_some_and(|connection| connection.strange_since_us.is_some())
    }

    /// A check has been passed, or is no more worth anything.
    pub(crate) fn set_known(&mut self, number: u32, known: bool, now_us: u64) {
        let Some(connection) = self.open.get_mut(&number) else {
            return;
        };
        if known && connection.strange_since_us.take().is_some() {
            self.strangers.retain(|(other, _)| *other != number);
        } else if !known && connection.strange_since_us.is_none() {
            connection.strange_since_us = Some(now_us);
            self.strangers.push_back((number, connection.host()));
        }
    }

    /// Puts a datagram behind what a connection has to write. False if it is dropped: no such connection, or no room.
    pub(crate) fn put(&mut self, number: u32, datagram: &[u8]) -> bool {
        let Some(connection) = self.open.get_mut(&number) else {
            return false;
        };
        if !connection.waits && !std::mem::replace(&mut connection.is_unwritten, true) {
            self.unwritten.push(number);
        }
        connection.put(datagram)
    }

    /// Writes what has been put.
    pub(crate) fn flush(&mut self, stats: &mut IoStats) {
        let mut unwritten = std::mem::take(&mut self.unwritten);
        for number in unwritten.drain(..) {
            self.write(number, stats);
        }
        self.unwritten = unwritten;
    }

    fn write(&mut self, number: u32, stats: &mut IoStats) {
        let Some(connection) = self.open.get_mut(&number) else {
            return;
        };
        connection.is_unwritten = false;
        stats.send_calls += 1;
        let waits = match connection.write() {
            Progress::Done(_) => false,
            Progress::Blocked => true,
            Progress::Closed => return self.close(number),
        };
        if std::mem::replace(&mut connection.waits, waits) != waits {
            let changed = self
                .epoll
                .set_writable(connection.stream.as_fd(), u64::from(number), waits);
            if changed.is_err() {
                self.close(number);
            }
        }
    }

    /// From time to time, looks through all: closes strangers that have been so for too long, and those that are silent.
    pub(crate) fn sweep(&mut self, now_us: u64, knows: impl Fn(Remote) -> bool) {
        if now_us < self.next_sweep_us {
            return;
        }
        self.next_sweep_us = now_us + SWEEP_US;
        if !self.is_accepting {
            self.set_accepting(true);
        }
        let numbers: Vec<(u32, Remote)> = self.open.iter().map(|(number, c)| (*number, c.remote)).collect();
        for (number, remote) in numbers {
            self.set_known(number, knows(remote), now_us);
            let Some(connection) = self.open.get(&number) else {
                continue;
            };
            let passed = |since_us: u64, limit_us: u64| now_us.saturating_sub(since_us) >= limit_us;
            if connection
                .strange_since_us
                .is_some_and(|since_us| passed(since_us, self.limits.strange_us))
            {
                self.refuse(Some(number));
            } else if passed(connection.read_us, self.limits.silent_us) {
                self.close(number);
            }
        }
    }
}

const _: () = assert!(READ_LEN > HEADER_LEN + MAX_DATAGRAM);

#[cfg(test)]
mod tests;
