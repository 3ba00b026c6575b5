//! What the engine sends, collected until it is worth a call to the kernel.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use parley_engine::{Event, Output};

use crate::syscalls::{self, MAX_SEGMENTED_LEN, MAX_SEGMENTS, Message};

/// What is collected before it is sent: about as much as a core's second-level cache holds.
const BATCH_BYTES: usize = 256 * 1024;
/// Room behind that for one more datagram.
const SLACK: usize = 4096;
/// A full socket buffer is waited for so long; then packets are dropped, as a full network would.
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
    /// Messages that the kernel refused.
    pub send_failures: u64,
}

/// Collects datagrams; those of one size to one address leave as one message, which the kernel cuts (UDP GSO).
pub struct SendBatch {
    socket: UdpSocket,
    is_ipv6: bool,
    buffer: Vec<u8>,
    used: usize,
    messages: Vec<Message>,
    /// A shorter datagram ends its message.
    closed: bool,
    gso: bool,
    pub(crate) events: VecDeque<Event>,
    /// Counters.
    pub stats: IoStats,
}

impl SendBatch {
    /// Sends through a clone of this socket.
    #[must_use]
    pub fn new(socket: UdpSocket) -> Self {
        let is_ipv6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
        Self {
            socket,
            is_ipv6,
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
    pub fn flush(&mut self) {
        let mut start = 0;
        while start < self.messages.len() {
            self.stats.send_calls += 1;
            match syscalls::send(&self.socket, self.is_ipv6, &self.buffer, &self.messages[start..]) {
                Ok(sent) => {
                    self.count(start, start + sent);
                    start += sent.max(1);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    syscalls::wait_writable(&self.socket, FULL_SOCKET_WAIT);
                    if !self.send_one(start) {
                        self.stats.send_failures += 1;
                    }
                    start += 1;
                }
                // A route without checksum offload refuses GSO (EIO): from then on, datagram by datagram.
                Err(error) if self.gso && error.raw_os_error() == Some(5) => {
                    self.gso = false;
                    self.send_uncut(start);
                    start += 1;
                }
                Err(_) => {
                    self.stats.send_failures += 1;
                    start += 1;
                }
            }
        }
        self.messages.clear();
        self.used = 0;
        self.closed = true;
    }

    fn count(&mut self, from: usize, to: usize) {
        for message in &self.messages[from..to] {
            self.stats.datagrams_sent += message.len.div_ceil(message.segment.max(1)) as u64;
            self.stats.bytes_sent += message.len as u64;
        }
    }

    fn send_one(&mut self, index: usize) -> bool {
        let sent = syscalls::send(
            &self.socket,
            self.is_ipv6,
            &self.buffer,
            &self.messages[index..=index],
        )
        .is_ok();
        if sent {
            self.count(index, index + 1);
        }
        sent
    }

    fn send_uncut(&mut self, index: usize) {
        let message = self.messages[index];
        let mut start = message.start;
        let end = message.start + message.len;
        while start < end {
            let len = message.segment.min(end - start);
            let single = Message {
                start,
                len,
                segment: len,
                ..message
            };
            if syscalls::send(&self.socket, self.is_ipv6, &self.buffer, &[single]).is_ok() {
                self.stats.datagrams_sent += 1;
                self.stats.bytes_sent += len as u64;
            } else {
                self.stats.send_failures += 1;
            }
            start += len;
        }
    }
}

impl Output for SendBatch {
    fn buffer(&mut self, len: usize) -> &mut [u8] {
        if self.used + len > BATCH_BYTES + SLACK || self.used >= BATCH_BYTES {
            self.flush();
        }
        &mut self.buffer[self.used..self.used + len]
    }

    fn send(&mut self, to: SocketAddr, len: usize) {
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
mod tests {
    use super::*;

    fn pair() -> (SendBatch, UdpSocket, SocketAddr) {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        receiver.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let to = receiver.local_addr().unwrap();
        (
            SendBatch::new(UdpSocket::bind("127.0.0.1:0").unwrap()),
            receiver,
            to,
        )
    }

    fn put(batch: &mut SendBatch, to: SocketAddr, datagram: &[u8]) {
        batch.buffer(2000)[..datagram.len()].copy_from_slice(datagram);
        batch.send(to, datagram.len());
    }

    #[test]
    fn datagrams_arrive_one_by_one_however_they_were_joined() {
        let (mut batch, receiver, to) = pair();
        let sizes = [100usize, 100, 100, 40, 100, 100, 300, 300, 7];
        for (index, size) in sizes.iter().enumerate() {
            put(&mut batch, to, &vec![index as u8; *size]);
        }
        assert_eq!(batch.messages.len(), 3, "100 100 100 40 | 100 100 | 300 300 7");
        batch.flush();
        let mut datagram = [0u8; 2000];
        for (index, size) in sizes.iter().enumerate() {
            let len = receiver.recv(&mut datagram).unwrap();
            assert_eq!((len, datagram[0]), (*size, index as u8));
        }
        assert_eq!(batch.stats.datagrams_sent, sizes.len() as u64);
        assert_eq!(batch.stats.send_calls, 1);
    }

    #[test]
    fn more_than_the_kernel_cuts_goes_in_several_messages() {
        let (mut batch, receiver, to) = pair();
        for _ in 0..MAX_SEGMENTS + 1 {
            put(&mut batch, to, &[1; 1200]);
        }
        assert_eq!(batch.messages.len(), 2, "54 fit into 64 KiB");
        batch.flush();
        let mut datagram = [0u8; 2000];
        for _ in 0..MAX_SEGMENTS + 1 {
            assert_eq!(receiver.recv(&mut datagram).unwrap(), 1200);
        }
    }
}
