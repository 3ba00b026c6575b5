//! Clients with real sockets, at threads that are theirs and at others.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use parley_engine::Credentials;

use super::*;
use crate::checks::binding_request;
use crate::exchange::ufrag_start;
use crate::worker::tests::Failure;

const PWD: &str = "a-password-of-enough-length";
/// Long for anything that comes, short for what does not.
const PATIENCE: Duration = Duration::from_secs(10);
const SHORTLY: Duration = Duration::from_millis(100);
/// In front of whatever number, a DTLS record as far as the node looks.
const DTLS: [u8; 13] = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

fn start(threads: usize) -> Node {
    let listen = Listen {
        addresses: vec![Ipv4Addr::LOCALHOST.into()],
        port: 0,
        tcp_port: Some(0),
    };
    let config = Config {
        consent_timeout_us: 60_000_000,
        last_n_audio: 0,
        seed: 1,
    };
    Node::start(&listen, config, threads).unwrap()
}

fn at(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A transport, and whoever uses it.
struct Client {
    id: Id,
    ufrag: String,
    socket: UdpSocket,
}

impl Client {
    fn new(node: &Node, number: u32, thread: usize) -> Self {
        let id = number * node.threads() as u32 + thread as u32;
        let ufrag = format!("{}{number:05}", ufrag_start(thread));
        let credentials = Credentials {
            ufrag: ufrag.clone(),
            pwd: PWD.into(),
        };
        node.command(Command::AddTransport(id, credentials)).unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(SHORTLY)).unwrap();
        Self { id, ufrag, socket }
    }

    fn send(&self, node: &Node, datagram: &[u8]) {
        self.socket.send_to(datagram, at(node.port())).unwrap();
    }

    fn check(&self, node: &Node) {
        self.send(node, &binding_request(&self.ufrag, PWD));
    }

    /// What comes from the node within a short time.
    fn receive(&self, node: &Node) -> Option<Vec<u8>> {
        let mut room = [0; 2048];
        match self.socket.recv_from(&mut room) {
            Ok((len, from)) => {
                assert_eq!(from, at(node.port()), "clients see one address");
                Some(room[..len].to_vec())
            }
            Err(error) => {
                assert!(matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut
                ));
                None
            }
        }
    }

    /// Checks until there is an answer.
    fn connect(&self, node: &Node) {
        until(|| {
            self.check(node);
            self.receive(node).is_some_and(|answer| answer[..2] == [1, 1])
        });
    }
}

fn until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "it does not come about");
    }
}

/// Whose DTLS has come, and what.
fn dtls(node: &Node) -> Vec<(Id, Vec<u8>)> {
    let events = node.drain_events(10_000).unwrap();
    events
        .into_iter()
        .filter_map(|event| match event {
            Event::DtlsReceived { transport, data } => Some((transport, data)),
            _ => None,
        })
        .collect()
}

fn counted(node: &Node, thread: usize) -> (Stats, IoStats) {
    node.stats()[thread].unwrap()
}

fn all(node: &Node, what: impl Fn(&Stats, &IoStats) -> u64) -> u64 {
    (0..node.threads())
        .map(|thread| counted(node, thread))
        .map(|(stats, io)| what(&stats, &io))
        .sum()
}

#[test]
fn whatever_its_port_a_client_reaches_its_thread_and_is_answered_from_the_one_port() {
    for threads in [1, 2, 3] {
        let node = start(threads);
        let clients: Vec<Client> = (1..=48)
            .map(|number| Client::new(&node, number, number as usize % threads))
            .collect();
        for client in &clients {
            client.connect(&node);
        }
        for round in 0..5 {
            for client in &clients {
                client.send(&node, &[&DTLS[..], &[round]].concat());
            }
        }
        let mut heard = Vec::new();
        until(|| {
            heard.extend(dtls(&node));
            heard.len() == 5 * clients.len()
        });
        for client in &clients {
            let of_client = heard.iter().filter(|(id, _)| *id == client.id);
            let rounds: Vec<u8> = of_client.map(|(_, data)| data[13]).collect();
            assert_eq!(
                rounds,
                [0, 1, 2, 3, 4],
                "in order, and at the thread of the transport"
            );
            node.command(Command::SendDtls(client.id, vec![DTLS.to_vec()]))
                .unwrap();
            until(|| client.receive(&node).is_some_and(|datagram| datagram == DTLS));
        }
        let handed_over = all(&node, |_, io| io.handed_over);
        assert_eq!(all(&node, |stats, _| stats.transports), 48);
        assert_eq!(all(&node, |stats, _| stats.dropped_unknown_address), 0);
        if threads == 1 {
            assert_eq!(handed_over, 0);
        } else {
            // Each has some of the clients of each other one.
            assert!((48..48 * 6 + 100).contains(&handed_over), "{handed_over}");
        }
    }
}

#[test]
fn a_check_from_where_somebody_is_gets_nothing_whichever_thread_it_names() {
    let node = start(3);
    // On any port, so at any thread.
    for number in 0..12 {
        let victim = Client::new(&node, 10 + number, number as usize % 3);
        let mut mallory = Client::new(&node, 100 + number, (number as usize + 1) % 3);
        victim.connect(&node);
        mallory.socket = victim.socket.try_clone().unwrap();
        mallory.check(&node);
        assert_eq!(mallory.receive(&node), None);
        victim.send(&node, &DTLS);
        until(|| dtls(&node) == [(victim.id, DTLS.to_vec())]);
        victim.connect(&node);
        // A NAT may give the address to somebody else, when nobody is there any more.
        node.command(Command::RemoveTransport(victim.id)).unwrap();
        mallory.connect(&node);
        mallory.send(&node, &DTLS);
        until(|| dtls(&node) == [(mallory.id, DTLS.to_vec())]);
    }
}

#[test]
fn nobody_has_an_address_without_the_password() {
    let node = start(2);
    for number in 0..8 {
        let client = Client::new(&node, 1 + number, number as usize % 2);
        client.send(
            &node,
            &binding_request(&client.ufrag, "another-password-than-that"),
        );
        assert_eq!(client.receive(&node), None);
        client.send(&node, &DTLS);
    }
    until(|| all(&node, |stats, _| stats.dropped_unknown_address) == 8);
    assert_eq!(all(&node, |stats, _| stats.dropped_stun_integrity), 8);
    assert_eq!(dtls(&node), []);
}

fn framed(datagram: &[u8]) -> Vec<u8> {
    [&(datagram.len() as u16).to_be_bytes(), datagram].concat()
}

fn read_frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut len = [0; 2];
    stream.read_exact(&mut len).unwrap();
    let mut datagram = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut datagram).unwrap();
    datagram
}

#[test]
fn connections_go_to_the_thread_that_their_first_check_names() {
    for threads in [1, 3] {
        let node = start(threads);
        let mut streams = Vec::new();
        for number in 0..12 {
            let client = Client::new(&node, 1 + number, number as usize % threads);
            let mut stream = TcpStream::connect(at(node.tcp_port().unwrap())).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.set_nodelay(true).unwrap();
            // In pieces, and with more behind it.
            let both = [
                framed(&binding_request(&client.ufrag, PWD)),
                framed(&binding_request(&client.ufrag, PWD)),
            ]
            .concat();
            let cut = 7 * number as usize;
            stream.write_all(&both[..cut]).unwrap();
            std::thread::yield_now();
            stream.write_all(&both[cut..]).unwrap();
            for _ in 0..2 {
                assert_eq!(read_frame(&mut stream)[..2], [1, 1]);
            }
            stream.write_all(&framed(&DTLS)).unwrap();
            until(|| dtls(&node) == [(client.id, DTLS.to_vec())]);
            node.command(Command::SendDtls(client.id, vec![DTLS.to_vec()]))
                .unwrap();
            assert_eq!(read_frame(&mut stream), DTLS);
            streams.push(stream);
        }
        for thread in 0..threads {
            assert_eq!(counted(&node, thread).1.connections, 12 / threads as u64);
        }
        // A stranger stays where connections are accepted.
        let mut stranger = TcpStream::connect(at(node.tcp_port().unwrap())).unwrap();
        stranger.write_all(&framed(&[1; 30])).unwrap();
        until(|| counted(&node, 0).1.connections == 12 / threads as u64 + 1);
    }
}

#[test]
fn a_flood_for_a_thread_that_is_stuck_leaves_the_others_at_work() {
    let node = start(2);
    let (release, until_released) = channel();
    node.fail(1, Failure::Hang(until_released));
    let flood = binding_request(&format!("{}{}", ufrag_start(1), "flood".repeat(100)), PWD);
    let sources: Vec<UdpSocket> = (0..16).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
    until(|| {
        for _ in 0..2000 {
            for source in &sources {
                let _ = source.send_to(&flood, at(node.port()));
            }
        }
        counted(&node, 0).1.hand_over_drops > 0
    });
    // Who comes to the thread that works, and belongs there, is served.
    let served = (0..16).any(|number| {
        let client = Client::new(&node, 1 + number, 0);
        client.check(&node);
        client.receive(&node).is_some()
    });
    assert!(served);
    assert_eq!(node.stats()[1], Err(NoAnswer::Silent));
    drop(release);
    until(|| node.stats()[1].is_ok());
    Client::new(&node, 100, 1).connect(&node);
}

#[test]
fn a_thread_that_ends_by_itself_is_noticed() {
    let node = start(2);
    let client = Client::new(&node, 1, 0);
    client.connect(&node);
    node.fail(1, Failure::Panic);
    until(|| node.drain_events(100) == Err(NoAnswer::Closed));
    assert_eq!(node.stats()[1], Err(NoAnswer::Closed));
    assert!(node.stats()[0].is_ok());
    assert_eq!(node.command(Command::RemoveTransport(1)), Err(NoAnswer::Closed));
    let is_readable = || {
        let fd = std::os::fd::AsFd::as_fd(&*node.events_wake);
        crate::syscalls::wait_readable([Some(fd)], Duration::ZERO)[0]
    };
    assert!(is_readable(), "whoever watches is told again");
}

#[test]
fn stopping_stops_all_and_waits_for_none_that_is_stuck() {
    let node = start(3);
    let (port, _client) = (node.port(), Client::new(&node, 1, 1));
    node.stop();
    node.stop();
    assert!(node.stats().iter().all(|stats| *stats == Err(NoAnswer::Closed)));
    assert!(UdpSocket::bind(at(port)).is_ok(), "all of its sockets are closed");

    let node = start(2);
    let (release, until_released) = channel::<()>();
    node.fail(1, Failure::Hang(until_released));
    let start = Instant::now();
    node.stop();
    assert!(start.elapsed() < PATIENCE);
    drop(release);
}

#[test]
fn there_are_threads_but_not_too_many() {
    let listen = Listen {
        addresses: vec![Ipv4Addr::LOCALHOST.into()],
        port: 0,
        tcp_port: None,
    };
    let config = Config {
        consent_timeout_us: 1,
        last_n_audio: 0,
        seed: 1,
    };
    for threads in [0, MAX_THREADS + 1] {
        let error = Node::start(&listen, config, threads).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
