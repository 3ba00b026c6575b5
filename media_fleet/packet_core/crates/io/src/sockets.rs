//! The sockets of a node: for UDP one for each version of IP and each thread, all on one port, and for TCP one for each version.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};

use crate::syscalls;

/// Large enough for a second of a busy node; the kernel grants what its limits allow.
const BUFFER_BYTES: i32 = 8 * 1024 * 1024;
/// A port that is free for one version of IP may be taken for the other one: so many are tried, where any will do.
const ATTEMPTS: usize = 16;

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// One address for each version of IP that is served. "All addresses" of a version that the machine does not have means none.
    pub addresses: Vec<IpAddr>,
    /// The port of UDP; 0: any free one.
    pub port: u16,
    /// That of TCP; 0: the same. None: there is no TCP.
    pub tcp_port: Option<u16>,
}

/// The sockets of one thread for UDP.
#[derive(Default)]
pub(crate) struct Udp {
    pub(crate) v4: Option<UdpSocket>,
    pub(crate) v6: Option<UdpSocket>,
}

impl Udp {
    fn is_none(&self) -> bool {
        self.v4.is_none() && self.v6.is_none()
    }
}

/// See the module.
pub(crate) struct Sockets {
    /// By thread.
    pub(crate) udp: Vec<Udp>,
    pub(crate) listeners: Vec<TcpListener>,
    port: u16,
}

impl Sockets {
    /// Binds them all, for so many threads.
    ///
    /// # Errors
    /// If there is no address, there are two of one version, or one cannot be bound.
    pub(crate) fn bind(listen: &Listen, threads: usize) -> io::Result<Self> {
        let mut attempts = if listen.port == 0 { ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            match Self::bind_once(listen) {
                Err(error) if error.kind() == ErrorKind::AddrInUse && attempts > 0 => {}
                Err(error) => return Err(error),
                Ok(mut bound) => {
                    for _ in 1..threads {
                        bound.udp.push(share(&bound.udp[0])?);
                    }
                    return Ok(bound);
                }
            }
        }
    }

    fn bind_once(listen: &Listen) -> io::Result<Self> {
        let mut udp = Udp::default();
        let (mut listeners, mut port) = (Vec::new(), listen.port);
        for ip in &listen.addresses {
            let place = if ip.is_ipv4() { &mut udp.v4 } else { &mut udp.v6 };
            if place.is_some() {
                return Err(io::Error::new(
                    ErrorKind::InvalidInput,
                    "one address for each version of IP",
                ));
            }
            match syscalls::bind_udp(SocketAddr::new(*ip, port)) {
                Ok(socket) => {
                    syscalls::tune(&socket, BUFFER_BYTES);
                    port = socket.local_addr()?.port();
                    *place = Some(socket);
                    if let Some(tcp_port) = listen.tcp_port {
                        let tcp_port = if tcp_port == 0 { port } else { tcp_port };
                        let listener = syscalls::listen_tcp(SocketAddr::new(*ip, tcp_port));
                        listeners.push(listener.map_err(of_tcp)?);
                    }
                }
                Err(error) if is_version_missing(&error) && ip.is_unspecified() => {}
                Err(error) => return Err(error),
            }
        }
        if udp.is_none() {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        Ok(Self {
            udp: vec![udp],
            listeners,
            port,
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The port of TCP, if there is one.
    pub(crate) fn tcp_port(&self) -> Option<u16> {
        let address = self.listeners.first()?.local_addr().ok()?;
        Some(address.port())
    }
}

/// Sockets for a further thread.
fn share(first: &Udp) -> io::Result<Udp> {
    let share = |socket: &Option<UdpSocket>| {
        let Some(socket) = socket else { return Ok(None) };
        syscalls::share_address(socket)?;
        let shared = syscalls::bind_udp_shared(socket.local_addr()?)?;
        syscalls::tune(&shared, BUFFER_BYTES);
        Ok::<_, io::Error>(Some(shared))
    };
    Ok(Udp {
        v4: share(&first.v4)?,
        v6: share(&first.v6)?,
    })
}

fn of_tcp(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("TCP: {error}"))
}

fn is_version_missing(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(addresses: &[&str], port: u16, threads: usize) -> io::Result<Sockets> {
        let listen = Listen {
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            port,
            tcp_port: Some(0),
        };
        Sockets::bind(&listen, threads)
    }

    #[test]
    fn all_threads_and_both_versions_of_ip_have_one_port_and_nobody_else_has_it() {
        for threads in [1, 3] {
            let sockets = bind(&["0.0.0.0", "::"], 0, threads).unwrap();
            assert_eq!(sockets.udp.len(), threads);
            for socket in sockets.udp.iter().flat_map(|udp| [&udp.v4, &udp.v6]) {
                let bound = socket.as_ref().unwrap().local_addr().unwrap();
                assert_eq!(bound.port(), sockets.port());
            }
            assert_eq!(sockets.tcp_port(), Some(sockets.port()));
            for other_threads in [1, 3] {
                let other = bind(&["::1"], sockets.port(), other_threads);
                assert_eq!(other.err().unwrap().kind(), ErrorKind::AddrInUse);
            }
        }
    }

    #[test]
    fn peers_are_spread_over_the_threads() {
        let sockets = bind(&["127.0.0.1"], 0, 3).unwrap();
        let peers: Vec<UdpSocket> = (0..96).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
        for peer in &peers {
            for _ in 0..2 {
                peer.send_to(&[1], ("127.0.0.1", sockets.port())).unwrap();
            }
        }
        let mut all = Vec::new();
        for udp in &sockets.udp {
            let mut heard: Vec<SocketAddr> = Vec::new();
            while let Ok((_, from)) = udp.v4.as_ref().unwrap().recv_from(&mut [0; 8]) {
                heard.push(from);
            }
            assert!(!heard.is_empty(), "a thread whose socket gets nothing is none");
            // Each peer comes to one of them.
            for pair in heard.chunks(2) {
                assert_eq!(heard.iter().filter(|from| **from == pair[0]).count(), 2);
            }
            all.append(&mut heard);
        }
        assert_eq!(all.len(), 2 * peers.len());
    }

    #[test]
    fn what_cannot_be_bound_is_an_error() {
        for (addresses, kind) in [
            (&["127.0.0.1", "0.0.0.0"][..], ErrorKind::InvalidInput),
            (&["192.0.2.1"], ErrorKind::AddrNotAvailable),
            (&[], ErrorKind::AddrNotAvailable),
        ] {
            assert_eq!(bind(addresses, 0, 2).err().unwrap().kind(), kind, "{addresses:?}");
        }
    }
}
