//! The subscribers' end: empties their sockets, counts, and reads how long packets took.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parley_io::syscalls::Receiver;
use parley_wire::rtp::Header;
use parley_wire::srtp::ReceiveContext;

use crate::peers::{PACKET_LEN, TIME_AT};

/// What the first subscriber decrypts with: one context for all runs, since the packet index goes on.
pub type SharedContext = Arc<Mutex<ReceiveContext>>;

/// Empties sockets, so that they take more; reads the time of sending out of what the first one gets.
pub struct Drain {
    stop: Arc<AtomicBool>,
    received: Arc<AtomicU64>,
    thread: JoinHandle<Vec<u64>>,
}

impl Drain {
    /// `timed`: decrypt at the first socket, and note how long each packet took, by the epoch that its time of sending counts from.
    pub fn start(sockets: Vec<UdpSocket>, timed: Option<(Instant, SharedContext)>) -> Self {
        let (stop, received) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stop_of_thread, received_of_thread) = (Arc::clone(&stop), Arc::clone(&received));
        let thread = std::thread::spawn(move || drain(&sockets, timed, &stop_of_thread, &received_of_thread));
        Self {
            stop,
            received,
            thread,
        }
    }

    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }

    /// Stops; gives the latencies in nanoseconds.
    pub fn stop(self) -> Vec<u64> {
        self.stop.store(true, Ordering::Release);
        self.thread.join().expect("the drain ends")
    }
}

fn drain(
    sockets: &[UdpSocket],
    timed: Option<(Instant, SharedContext)>,
    stop: &AtomicBool,
    received: &AtomicU64,
) -> Vec<u64> {
    let mut receiver = Receiver::new();
    let mut latencies = Vec::new();
    while !stop.load(Ordering::Acquire) {
        let mut is_idle = true;
        for (index, socket) in sockets.iter().enumerate() {
            while receiver.receive(socket).is_ok() {
                is_idle = false;
                let timed = timed.as_ref().filter(|_| index == 0);
                let arrived = timed.map_or(0, |(epoch, _)| epoch.elapsed().as_nanos() as u64);
                let (messages, buffer) = receiver.received();
                for message in messages {
                    for datagram in
                        buffer[message.start..message.start + message.len].chunks_mut(message.segment)
                    {
                        // RTP packets are all of one length; RTCP is shorter.
                        if datagram.len() < PACKET_LEN {
                            continue;
                        }
                        received.fetch_add(1, Ordering::Release);
                        if let Some((_, context)) = timed {
                            latencies.extend(latency(
                                &mut context.lock().expect("no panic"),
                                datagram,
                                arrived,
                            ));
                        }
                    }
                }
            }
        }
        if is_idle {
            std::thread::sleep(Duration::from_micros(50));
        }
    }
    latencies
}

fn latency(context: &mut ReceiveContext, datagram: &mut [u8], arrived: u64) -> Option<u64> {
    let header = Header::parse(datagram).ok()?;
    let len = context.unprotect_rtp(datagram, &header).ok()?;
    let time = datagram[..len].get(header.payload_start + TIME_AT..header.payload_start + TIME_AT + 8)?;
    Some(arrived.saturating_sub(u64::from_be_bytes(time.try_into().ok()?)))
}
