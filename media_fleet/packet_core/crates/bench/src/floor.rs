//! The least that forwarding can cost here: encrypting the bytes and handing them to the kernel, in the best batches.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use parley_io::syscalls::{self, Message};

use crate::drain::Drain;
use crate::peers::{PACKET_LEN, socket};

/// Header and extension block of a packet, which are not encrypted.
const HEADER: usize = 28;
const TAG: usize = 16;
const DATAGRAM: usize = PACKET_LEN + TAG;
/// Packets in one GSO batch: as many as 64 KiB hold.
const BATCH: usize = syscalls::MAX_SEGMENTED_LEN / DATAGRAM;

/// CPU per packet, microseconds.
pub struct Floor {
    user_us: f64,
    system_us: f64,
    /// The same with ten packets in a batch: one frame at a time.
    of_frames_us: f64,
}

impl Floor {
    pub fn json(&self) -> String {
        format!(
            "{{\"user_us\":{:.3},\"system_us\":{:.3},\"total_us\":{:.3},\"in_frames_of_ten_us\":{:.3}}}",
            self.user_us,
            self.system_us,
            self.user_us + self.system_us,
            self.of_frames_us
        )
    }
}

/// Measures in a thread of its own, as the node runs in one; each kind of batches for half of `duration`.
pub fn measure(subscribers: usize, duration: Duration) -> Floor {
    let (user_us, system_us) = run(subscribers, duration / 2, BATCH);
    let (user, system) = run(subscribers, duration / 2, 10);
    Floor {
        user_us,
        system_us,
        of_frames_us: user + system,
    }
}

fn run(subscribers: usize, duration: Duration, batch: usize) -> (f64, f64) {
    let sinks: Vec<_> = (0..subscribers).map(|_| socket()).collect();
    let addresses: Vec<SocketAddr> = sinks
        .iter()
        .map(|sink| sink.local_addr().expect("bound"))
        .collect();
    let drain = Drain::start(sinks, None);
    let measured = std::thread::spawn(move || {
        let source = socket();
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[1; 16]).expect("16 bytes"));
        let plain = [7u8; PACKET_LEN];
        let mut buffer = vec![0u8; DATAGRAM * batch];
        let mut counter = 0u64;
        let mut packets = 0u64;
        let (user, system) = syscalls::thread_cpu_us();
        let start = Instant::now();
        while start.elapsed() < duration {
            for to in &addresses {
                for datagram in buffer.chunks_exact_mut(DATAGRAM) {
                    datagram[..PACKET_LEN].copy_from_slice(&plain);
                    let (header, rest) = datagram.split_at_mut(HEADER);
                    let (payload, tag) = rest.split_at_mut(PACKET_LEN - HEADER);
                    counter += 1;
                    let mut nonce = [0u8; 12];
                    nonce[4..].copy_from_slice(&counter.to_be_bytes());
                    let nonce = Nonce::assume_unique_for_key(nonce);
                    let sealed = key.seal_in_place_separate_tag(nonce, Aad::from(&*header), payload);
                    tag.copy_from_slice(sealed.expect("short enough").as_ref());
                }
                let message = Message {
                    to: *to,
                    start: 0,
                    len: buffer.len(),
                    segment: DATAGRAM,
                };
                while syscalls::send(&source, &buffer, &[message]).is_err() {
                    syscalls::wait_writable(&source, Duration::from_millis(1));
                }
                packets += batch as u64;
            }
        }
        let (user_after, system_after) = syscalls::thread_cpu_us();
        (
            (user_after - user) as f64 / packets as f64,
            (system_after - system) as f64 / packets as f64,
        )
    });
    let costs = measured.join().expect("the bare loop ends");
    drain.stop();
    costs
}
