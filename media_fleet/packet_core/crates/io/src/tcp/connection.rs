//! One connection: what of a datagram has come, and what waits to be written.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv6Addr, TcpStream};

use parley_engine::Remote;
use parley_wire::demux::{self, Kind};

use super::framing::{self, HEADER_LEN, MAX_DATAGRAM};
use crate::syscalls;

/// So much waits for a connection that does not take it: a key frame's worth. More media is dropped, as a full network would.
const MEDIA_ROOM: usize = 128 * 1024;
/// What else there is, checks and handshakes and reports, finds some more room.
const ROOM: usize = MEDIA_ROOM + 32 * 1024;
/// So much is handed to the kernel before the network takes it: what waits here can still be dropped.
const UNSENT_BYTES: i32 = 32 * 1024;
/// Memory that a connection keeps while nothing waits.
const KEPT_CAPACITY: usize = 16 * 1024;

/// See the module.
pub(super) struct Connection {
    pub stream: TcpStream,
    pub remote: Remote,
    /// Since when no transport has been known at its end; None while one is.
    pub strange_since_us: Option<u64>,
    pub read_us: u64,
    /// Whether it is told of when it can be written to again.
    pub waits: bool,
    /// Whether something has been put since the last writing.
    pub is_unwritten: bool,
    partial: Vec<u8>,
    out: Vec<u8>,
}

/// What came of reading or writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// So many octets.
    Done(usize),
    /// Nothing more for now.
    Blocked,
    /// It is over.
    Closed,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, remote: Remote, now_us: u64) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        syscalls::limit_unsent(&stream, UNSENT_BYTES);
        Ok(Self {
            stream,
            remote,
            strange_since_us: Some(now_us),
            read_us: now_us,
            waits: false,
            is_unwritten: false,
            partial: Vec::new(),
            out: Vec::new(),
        })
    }

    /// Who is counted as one: an IPv4 address, or a network of IPv6, all addresses of which one host may have.
    pub(super) fn host(&self) -> IpAddr {
        match self.remote.address().ip() {
            IpAddr::V6(v6) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                Ipv6Addr::from(network).into()
            }
            v4 @ IpAddr::V4(_) => v4,
        }
    }

    /// Reads what there is behind the start of a datagram that came before; tells how many octets those are together.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Progress {
        let before = self.partial.len();
        room[..before].copy_from_slice(&self.partial);
        match self.stream.read(&mut room[before..]) {
            Ok(0) => Progress::Closed,
            Ok(count) => {
                self.partial.clear();
                Progress::Done(before + count)
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Progress::Blocked,
                _ => Progress::Closed,
            },
        }
    }

    /// Keeps the start of a datagram until the rest comes.
    pub(super) fn keep(&mut self, partial: &[u8]) {
        debug_assert!(partial.len() < HEADER_LEN + MAX_DATAGRAM);
        self.partial.extend_from_slice(partial);
    }

    /// Puts a datagram behind what waits. False if there is no room.
    pub(super) fn put(&mut self, datagram: &[u8]) -> bool {
        let room = if demux::classify(datagram) == Kind::Rtp {
            MEDIA_ROOM
        } else {
            ROOM
        };
        let fits = self.out.len() + HEADER_LEN + datagram.len() <= room;
        if fits {
            framing::append(&mut self.out, datagram);
        }
        fits
    }

    /// Writes once, as much as is taken.
    pub(super) fn write(&mut self) -> Progress {
        if self.out.is_empty() {
            return Progress::Done(0);
        }
        match self.stream.write(&self.out) {
            Ok(count) => {
                self.out.drain(..count);
                if self.out.is_empty() {
                    self.out.shrink_to(KEPT_CAPACITY);
                    Progress::Done(count)
                } else {
                    Progress::Blocked
                }
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::Interrupted => Progress::Blocked,
                _ => Progress::Closed,
            },
        }
    }
}
