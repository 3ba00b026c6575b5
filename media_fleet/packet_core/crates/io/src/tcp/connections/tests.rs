use std::io::{Read, Write};
use std::time::Duration;

use super::*;
use crate::syscalls::wait_readable;
use crate::tcp::take_datagrams;

const LIMITS: Limits = Limits {
    connections: 6,
    strangers: 5,
    strangers_of_a_host: 3,
    ..Limits::DEFAULT
};

struct Server {
    connections: Connections,
    address: SocketAddr,
    stats: IoStats,
    readable: Vec<u32>,
    now_us: u64,
}

impl Server {
    fn new(limits: Limits) -> Self {
        Self::with_listeners(1, limits).0
    }

    fn with_listeners(count: usize, limits: Limits) -> (Self, Vec<SocketAddr>) {
        let listeners: Vec<TcpListener> = (0..count)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let addresses: Vec<SocketAddr> = listeners
            .iter()
            .map(|listener| {
                listener.set_nonblocking(true).unwrap();
                listener.local_addr().unwrap()
            })
            .collect();
        let server = Self {
            address: addresses[0],
            connections: Connections::within(listeners, limits).unwrap(),
            stats: IoStats::default(),
            readable: Vec::new(),
            now_us: 1,
        };
        (server, addresses)
    }

    /// A connection that has been accepted.
    fn connect(&mut self) -> (TcpStream, u32) {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        self.serve();
        let peer = stream.local_addr().unwrap();
        let mut open = self.connections.open.iter();
        let number = open
            .find(|(_, one)| one.remote.address() == peer)
            .map(|(number, _)| *number);
        (stream, number.expect("it is accepted"))
    }

    fn serve(&mut self) {
        wait_readable([Some(self.connections.as_fd())], Duration::from_secs(5));
        self.connections
            .serve(self.now_us, &mut self.readable, &mut self.stats);
    }

    fn read(&mut self, number: u32) -> Vec<Vec<u8>> {
        let mut room = vec![0; READ_LEN];
        let mut taken = Vec::new();
        if let Some((_, len)) = self.connections.read(number, self.now_us, &mut room) {
            let used = take_datagrams(&mut room[..len], |datagram| taken.push(datagram.to_vec())).unwrap();
            self.connections.keep(number, &room[used..len]);
        }
        taken
    }

    fn sweep_after(&mut self, seconds: u64, known: &[u32]) {
        self.now_us += seconds * 1_000_000;
        self.connections.sweep(
            self.now_us,
            |remote| matches!(remote, Remote::Tcp(number, _) if known.contains(&number)),
        );
    }

    fn is_open(&self, number: u32) -> bool {
        self.connections.open.contains_key(&number)
    }
}

#[test]
fn datagrams_cross_whole_both_ways_and_a_closed_connection_is_told() {
    let mut server = Server::new(LIMITS);
    let (mut client, number) = server.connect();
    client.write_all(&[0, 2, 7, 8, 0, 3, 9]).unwrap();
    server.serve();
    assert_eq!(server.readable, [number]);
    assert_eq!(server.read(number), [[7, 8]]);
    client.write_all(&[9, 9]).unwrap();
    server.serve();
    assert_eq!(server.read(number), [[9, 9, 9]]);
    assert!(server.connections.put(number, &[1; 300]));
    assert!(server.connections.put(number, &[2]));
    server.connections.flush(&mut server.stats);
    let mut got = [0; 305];
    client.read_exact(&mut got).unwrap();
    assert_eq!((&got[..3], &got[301..]), (&[1, 44, 1][..], &[1, 0, 1, 2][..]));
    assert_eq!(server.stats.send_calls, 1);
    let peer = client.local_addr().unwrap();
    drop(client);
    server.serve();
    assert!(server.read(number).is_empty());
    assert_eq!(server.connections.take_closed(), [Remote::tcp(number, peer)]);
    assert!(!server.connections.put(number, &[3]));
}

#[test]
fn a_connection_that_takes_nothing_loses_whole_packets_and_no_memory() {
    let mut server = Server::new(LIMITS);
    let (mut client, number) = server.connect();
    let packet = |index: u32| {
        let mut packet = vec![0x80; 1200];
        packet[1] = 96;
        packet[4..8].copy_from_slice(&index.to_be_bytes());
        packet
    };
    let mut accepted = Vec::new();
    for index in 0..20_000 {
        if server.connections.put(number, &packet(index)) {
            accepted.push(index);
        }
        server.connections.flush(&mut server.stats);
    }
    let held = accepted.len() * 1202;
    assert!(accepted.len() < 20_000, "it was full");
    assert!(
        server.connections.put(number, &[0; 20]),
        "there is room for a check"
    );
    assert!(server.connections.put(number, &[22; 13]), "and for a handshake");
    // What the kernel took is sent; the rest waits here, until there is room again.
    client.set_nonblocking(true).unwrap();
    let (mut stream, mut room) = (Vec::new(), [0; 65_536]);
    while stream.len() < held + 22 + 15 {
        match client.read(&mut room) {
            Ok(count) => stream.extend(&room[..count]),
            Err(_) => server
                .connections
                .serve(server.now_us, &mut server.readable, &mut server.stats),
        }
    }
    let mut got = Vec::new();
    let used = take_datagrams(&mut stream, |datagram| got.push(datagram.to_vec())).unwrap();
    assert_eq!(used, stream.len());
    let media: Vec<Vec<u8>> = accepted.into_iter().map(packet).collect();
    assert!(got.iter().take(media.len()).eq(&media), "in order, and whole");
    assert_eq!(&got[media.len()..], [vec![0; 20], vec![22; 13]]);
    assert!(server.connections.put(number, &packet(0)), "and it goes on");
}

#[test]
fn of_too_many_strangers_the_oldest_goes_and_no_participant() {
    let mut server = Server::new(LIMITS);
    let (_first, participant) = server.connect();
    server.connections.set_known(participant, true, server.now_us);
    let strangers: Vec<(TcpStream, u32)> = (0..5).map(|_| server.connect()).collect();
    let open: Vec<bool> = strangers
        .iter()
        .map(|(_, number)| server.is_open(*number))
        .collect();
    assert_eq!(open, [false, false, true, true, true], "three of a host");
    assert!(server.is_open(participant));
    assert_eq!((server.connections.len(), server.connections.refused()), (4, 2));
    for (_, number) in &strangers[2..] {
        server.connections.set_known(*number, true, server.now_us);
    }
    let others: Vec<(TcpStream, u32)> = (0..3).map(|_| server.connect()).collect();
    let open: Vec<bool> = others.iter().map(|(_, number)| server.is_open(*number)).collect();
    assert_eq!(open, [false, true, true], "six in all");
    assert_eq!(server.connections.len(), 6);
}

#[test]
fn a_stranger_has_ten_seconds_however_slowly_it_speaks() {
    let mut server = Server::new(LIMITS);
    let ((mut slow, number), (_known, participant)) = (server.connect(), server.connect());
    server.connections.set_known(participant, true, server.now_us);
    for _ in 0..4 {
        slow.write_all(&[0]).unwrap();
        server.serve();
        assert!(server.read(number).is_empty() || server.is_open(number));
        server.sweep_after(2, &[participant]);
    }
    assert!(server.is_open(number));
    server.sweep_after(2, &[participant]);
    assert!(!server.is_open(number));
    assert!(server.is_open(participant));
    // Its transport is removed: from then on it is a stranger, too.
    server.sweep_after(2, &[]);
    assert!(server.is_open(participant));
    server.sweep_after(10, &[]);
    assert_eq!(server.connections.len(), 0);
}

#[test]
fn a_connection_whose_other_end_is_gone_is_closed() {
    let mut server = Server::new(LIMITS);
    let (_half_open, number) = server.connect();
    server.connections.set_known(number, true, server.now_us);
    server.sweep_after(59, &[number]);
    assert!(server.is_open(number));
    server.sweep_after(1, &[number]);
    assert!(!server.is_open(number));
    assert_eq!(server.connections.take_closed().len(), 1);
}

#[test]
fn after_descriptors_were_missing_all_listeners_accept_again() {
    let (mut server, addresses) = Server::with_listeners(2, LIMITS);
    let mut streams = Vec::new();
    // More than once: that they were added before must not stand in the way.
    for _ in 0..2 {
        server.connections.set_accepting(false);
        streams.extend(
            addresses
                .iter()
                .map(|address| TcpStream::connect(address).unwrap()),
        );
        let fds = [Some(server.connections.as_fd())];
        assert_eq!(wait_readable(fds, Duration::from_millis(20)), [false]);
        server.now_us += SWEEP_US;
        server.connections.sweep(server.now_us, |_| true);
        while server.connections.len() < streams.len() {
            server.serve();
        }
    }
}
