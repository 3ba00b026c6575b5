//! What the engine sends, collected until it is worth a call to the kernel.

use std::collections::VecDeque;
use std::io::{Error, ErrorKind, Result};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use parley_engine::{Connection, Event, Output, Remote};

use crate::link_header;
use crate::sockets::Udp;
use crate::syscalls::{self, MAX_SEGMENTED_LEN, MAX_SEGMENTS, Message};
use crate::tcp::Connections;

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
    /// Calls of sendmmsg(2) and write(2).
    pub send_calls: u64,
    /// Datagrams that the kernel refused, or that it or a connection had no room for.
    pub send_failures: u64,
    /// Open connections.
    pub connections: u64,
    /// Connections that were closed because they were too many, or no check came.
    pub connections_refused: u64,
    /// Datagrams that were another thread's, and were handed over to it.
    pub handed_over: u64,
    /// Those that had no room there.
    pub hand_over_drops: u64,
    /// CPU time of the thread, microseconds: user and system.
    pub cpu_us: (u64, u64),
}

/// What takes messages.
pub(crate) trait Way {
    /// As [`syscalls::send`].
    fn send(&mut self, buffer: &[u8], messages: &[Message]) -> Result<usize>;

    /// Waits until there is room for more, not for long.
    fn wait(&mut self);
}

impl Way for UdpSocket {
    fn send(&mut self, buffer: &[u8], messages: &[Message]) -> Result<usize> {
        syscalls::send(self, buffer, messages)
    }

    fn wait(&mut self) {
        syscalls::wait_writable(self, FULL_SOCKET_WAIT);
    }
}

/// What is to leave by one way.
struct Queue<W> {
    way: W,
    messages: Vec<Message>,
    /// A shorter datagram ends its message.
    closed: bool,
    gso: bool,
}

impl<W: Way> Queue<W> {
    fn new(way: W) -> Self {
        Self {
            way,
            messages: Vec::with_capacity(256),
            closed: true,
            gso: true,
        }
    }

    /// Adds the datagram at a place of the buffer: to the last message where the kernel can cut it off again.
    fn push(&mut self, to: SocketAddr, start: usize, len: usize) {
        let joins = self.messages.last_mut().filter(|last| {
            !self.closed
                && self.gso
                && last.to == to
                && last.start + last.len == start
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
                start,
                len,
                segment: len,
            });
            self.closed = len == 0;
        }
    }

    /// Hands everything to the kernel.
    fn flush(&mut self, buffer: &[u8], stats: &mut IoStats) {
        let mut start = 0;
        let mut has_waited = false;
        while start < self.messages.len() {
            stats.send_calls += 1;
            match self.way.send(buffer, &self.messages[start..]) {
                Ok(sent) => {
                    stats.count_sent(&self.messages[start..start + sent]);
                    start += sent.max(1);
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock if !has_waited => {
                        self.way.wait();
                        has_waited = true;
                    }
                    ErrorKind::WouldBlock => {
                        stats.count_failed(&self.messages[start..]);
                        break;
                    }
                    _ if self.messages[start].is_cut() && self.cut_here(start, &error) => {}
                    _ => {
                        stats.count_failed(&self.messages[start..=start]);
                        start += 1;
                    }
                },
            }
        }
        self.messages.clear();
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
}

impl IoStats {
    fn count_sent(&mut self, messages: &[Message]) {
        for message in messages {
            self.datagrams_sent += message.datagrams().len() as u64;
            self.bytes_sent += message.len as u64;
        }
    }

    fn count_failed(&mut self, messages: &[Message]) {
        let failed = messages.iter();
        self.send_failures += failed
            .map(|message| message.datagrams().len() as u64)
            .sum::<u64>();
    }
}

/// Collects datagrams; those of one size to one address leave as one message, which the kernel cuts (UDP GSO).
pub(crate) struct SendBatch<W = UdpSocket> {
    v4: Option<Queue<W>>,
    v6: Option<Queue<W>>,
    pub connections: Option<Connections>,
    buffer: Vec<u8>,
    used: usize,
    /// Whose it is: told to other nodes.
    thread: u8,
    pub events: VecDeque<Event>,
    pub stats: IoStats,
}

impl SendBatch {
    /// Sends through these sockets, and through the connections.
    ///
    /// # Errors
    /// When the process has no descriptors left.
    pub(crate) fn through(udp: &Udp, connections: Option<Connections>, thread: u8) -> Result<Self> {
        let clone = |socket: &Option<UdpSocket>| socket.as_ref().map(UdpSocket::try_clone).transpose();
        Ok(Self {
            connections,
            thread,
            ..Self::new(clone(&udp.v4)?, clone(&udp.v6)?)
        })
    }
}

impl<W: Way> SendBatch<W> {
    fn new(v4: Option<W>, v6: Option<W>) -> Self {
        Self {
            v4: v4.map(Queue::new),
            v6: v6.map(Queue::new),
            connections: None,
            buffer: vec![0; BATCH_BYTES + SLACK],
            used: 0,
            thread: 0,
            events: VecDeque::new(),
            stats: IoStats::default(),
        }
    }

    fn put(&mut self, connection: Connection, len: usize) {
        let datagram = &self.buffer[self.used..self.used + len];
        let connections = self.connections.as_mut();
        if connections.is_some_and(|connections| connections.put(connection, datagram)) {
            self.stats.datagrams_sent += 1;
            self.stats.bytes_sent += len as u64;
        } else {
            self.stats.send_failures += 1;
        }
    }

    /// Counters, and how many connections there are.
    pub(crate) fn stats(&self) -> IoStats {
        let connections = self.connections.as_ref();
        IoStats {
            connections: connections.map_or(0, |connections| connections.len() as u64),
            connections_refused: connections.map_or(0, Connections::refused),
            cpu_us: syscalls::thread_cpu_us(),
            ..self.stats
        }
    }

    /// Hands everything to the kernel.
    pub(crate) fn flush(&mut self) {
        for queue in self.v4.iter_mut().chain(&mut self.v6) {
            queue.flush(&self.buffer, &mut self.stats);
        }
        if let Some(connections) = &mut self.connections {
            connections.flush(&mut self.stats);
        }
        self.used = 0;
    }
}

impl<W: Way> Output for SendBatch<W> {
    fn buffer(&mut self, len: usize) -> &mut [u8] {
        if self.used + len + link_header::LEN > BATCH_BYTES + SLACK || self.used >= BATCH_BYTES {
            self.flush();
        }
        &mut self.buffer[self.used..self.used + len]
    }

    fn send(&mut self, to: Remote, len: usize) {
        let (to, len) = match to {
            Remote::Udp(to) => (to, len),
            Remote::Node(to, thread) => {
                let len = link_header::LEN + len;
                link_header::write(&mut self.buffer[self.used..self.used + len], thread, self.thread);
                (to, len)
            }
            Remote::Tcp(number, _) => return self.put(number, len),
        };
        let queue = if to.is_ipv4() { &mut self.v4 } else { &mut self.v6 };
        let Some(queue) = queue else {
            self.stats.send_failures += 1;
            return;
        };
        queue.push(to, self.used, len);
        self.used += len;
    }

    fn event(&mut self, event: Event) {
        self.events.push_back(event);
    }
}

#[cfg(test)]
mod tests;
