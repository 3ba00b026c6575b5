//! What the engine sends, collected until it is worth a call to the kernel.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Result};
use std::net::UdpSocket;
use std::ops::Range;
use std::time::Duration;

use parley_engine::{Event, Output, Remote};

use crate::syscalls::{self, MAX_SEGMENTED_LEN, MAX_SEGMENTS, Message};

/// What is collected before it is sent: about as much as a core's second-level cache holds.
const BATCH_BYTES: usize = 256 * 1024;
/// Room behind that for one more datagram.
const SLACK: usize = 4096;
/// A full socket buffer is waited for so long, once a batch; then packets are dropped, as a full network would.
const FULL_SOCKET_WAIT: Duration = Duration::from_millis(2);

/// Counters of the sending side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IoStats {
    /// Datagrams handed to the kernel.
    pub datagrams_sent: u64,
    /// Their bytes.
    pub bytes_sent: u64,
    /// Calls of sendmmsg(2).
    pub send_calls: u64,
    /// Datagrams that the kernel refused, or had no room for.
    pub send_failures: u64,
}

/// What takes messages.
pub(crate) trait Way {
    /// As [`syscalls::send`].
    fn send(&mut self, buffer: &[u8], messages: &[Message]) -> Result<usize>;

    /// Waits until there is room for more, not for long.
    fn wait(&mut self);
}

/// A socket of the kernel's.
pub(crate) struct Socket {
    socket: UdpSocket,
    is_ipv6: bool,
}

impl Way for Socket {
    fn send(&mut self, buffer: &[u8], messages: &[Message]) -> Result<usize> {
        syscalls::send(&self.socket, self.is_ipv6, buffer, messages)
    }

    fn wait(&mut self) {
        syscalls::wait_writable(&self.socket, FULL_SOCKET_WAIT);
    }
}

/// Collects datagrams; those of one size to one address leave as one message, which the kernel cuts (UDP GSO).
pub(crate) struct SendBatch<W = Socket> {
    way: W,
    buffer: Vec<u8>,
    used: usize,
    messages: Vec<Message>,
    /// A shorter datagram ends its message.
    closed: bool,
    gso: bool,
    pub events: VecDeque<Event>,
    pub stats: IoStats,
}

impl SendBatch {
    /// Sends through this socket.
    pub(crate) fn through(socket: UdpSocket) -> Self {
        let is_ipv6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
        Self::new(Socket { socket, is_ipv6 })
    }
}

impl<W: Way> SendBatch<W> {
    fn new(way: W) -> Self {
        Self {
            way,
            buffer: vec![0; BATCH_BYTES + SLACK],
            used: 0,
            messages: Vec::with_capacity(256),
            closed: true,
            gso: true,
            events: VecDeque::new(),
            stats: IoStats::default(),
        }
    }

    /// Hands everything to the kernel.
    pub(crate) fn flush(&mut self) {
        let mut start = 0;
        let mut has_waited = false;
        while start < self.messages.len() {
            self.stats.send_calls += 1;
            match self.way.send(&self.buffer, &self.messages[start..]) {
                Ok(sent) => {
                    self.count_sent(start..start + sent);
                    start += sent.max(1);
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock if !has_waited => {
                        self.way.wait();
                        has_waited = true;
                    }
                    ErrorKind::WouldBlock => {
                        self.count_failed(start..self.messages.len());
                        break;
                    }
                    _ if self.messages[start].is_cut() && self.cut_here(start, &error) => {}
                    _ => {
                        self.count_failed(start..start + 1);
                        start += 1;
                    }
                },
            }
        }
        self.messages.clear();
        self.used = 0;
        self.closed = true;
    }

    /// Puts its datagrams in the place of a message that the kernel does not cut. False if the error is about something else.
    fn cut_here(&mut self, index: usize, error: &Error) -> bool {
        let uncut = match error.raw_os_error() {
            // No checksum offload on the way: so it will be with the next ones.
            Some(libc::EIO) => {
                self.gso = false;
                index..self.messages.len()
            }
            // A datagram is longer than what the way takes whole: one by one, IP cuts them.
            Some(libc::EINVAL | libc::EMSGSIZE) => index..index + 1,
            _ => return false,
        };
        let datagrams: Vec<Message> = self.messages[uncut.clone()]
            .iter()
            .flat_map(|message| message.datagrams())
            .collect();
        self.messages.splice(uncut, datagrams);
        true
    }

    fn count_sent(&mut self, messages: Range<usize>) {
        for message in &self.messages[messages] {
            self.stats.datagrams_sent += message.datagrams().len() as u64;
            self.stats.bytes_sent += message.len as u64;
        }
    }

    fn count_failed(&mut self, messages: Range<usize>) {
        let failed = self.messages[messages].iter();
        self.stats.send_failures += failed
            .map(|message| message.datagrams().len() as u64)
            .sum::<u64>();
    }
}

impl<W: Way> Output for SendBatch<W> {
    fn buffer(&mut self, len: usize) -> &mut [u8] {
        if self.used + len > BATCH_BYTES + SLACK || self.used >= BATCH_BYTES {
            self.flush();
        }
        &mut self.buffer[self.used..self.used + len]
    }

    fn send(&mut self, to: Remote, len: usize) {
        let to = to.address();
        let joins = self.messages.last_mut().filter(|last| {
            !self.closed
                && self.gso
                && last.to == to
                && len <= last.segment
                && last.len + len <= MAX_SEGMENTED_LEN
                && last.len / last.segment + 1 < MAX_SEGMENTS
        });
        if let Some(last) = joins {
            last.len += len;
            self.closed = len < last.segment;
        } else {
            self.messages.push(Message {
                to,
                start: self.used,
                len,
                segment: len,
            });
            self.closed = len == 0;
        }
        self.used += len;
    }

    fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }
}

#[cfg(test)]
mod tests;
