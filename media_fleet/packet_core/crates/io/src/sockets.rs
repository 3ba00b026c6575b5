//! The sockets of a node: for UDP one for each version of IP, all on one port, and as many for TCP.

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

/// See the module.
pub(crate) struct Sockets {
    pub(crate) v4: Option<UdpSocket>,
    pub(crate) v6: Option<UdpSocket>,
    pub(crate) listeners: Vec<TcpListener>,
    port: u16,
}

impl Sockets {
    /// Binds them all.
    ///
    /// # Errors
    /// If there is no address, there are two of one version, or one cannot be bound.
    pub(crate) fn bind(listen: &Listen) -> io::Result<Self> {
        let mut attempts = if listen.port == 0 { ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            match Self::bind_once(listen) {
                Err(error) if error.kind() == ErrorKind::AddrInUse && attempts > 0 => {}
                done => return done,
            }
        }
    }

    fn bind_once(listen: &Listen) -> io::Result<Self> {
        let mut bound = Self {
            v4: None,
            v6: None,
            listeners: Vec::new(),
            port: listen.port,
        };
        for ip in &listen.addresses {
            let place = if ip.is_ipv4() {
                &mut bound.v4
            } else {
                &mut bound.v6
            };
            if place.is_some() {
                return Err(io::Error::new(
                    ErrorKind::InvalidInput,
                    "one address for each version of IP",
                ));
            }
            match syscalls::bind_udp(SocketAddr::new(*ip, bound.port)) {
                Ok(socket) => {
                    syscalls::tune(&socket, BUFFER_BYTES);
                    bound.port = socket.local_addr()?.port();
                    *place = Some(socket);
                    if let Some(tcp_port) = listen.tcp_port {
                        let port = if tcp_port == 0 { bound.port } else { tcp_port };
                        let listener = syscalls::listen_tcp(SocketAddr::new(*ip, port));
                        bound.listeners.push(listener.map_err(of_tcp)?);
                    }
                }
                Err(error) if is_version_missing(&error) && ip.is_unspecified() => {}
                Err(error) => return Err(error),
            }
        }
        if bound.v4.is_none() && bound.v6.is_none() {
            return Err(ErrorKind::AddrNotAvailable.into());
        }
        Ok(bound)
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

fn of_tcp(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("TCP: {error}"))
}

fn is_version_missing(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EAFNOSUPPORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(addresses: &[&str], port: u16) -> io::Result<Sockets> {
        Sockets::bind(&Listen {
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            port,
            tcp_port: Some(0),
        })
    }

    #[test]
    fn both_versions_of_ip_have_one_port() {
        let sockets = bind(&["0.0.0.0", "::"], 0).unwrap();
        for socket in [&sockets.v4, &sockets.v6] {
            let bound = socket.as_ref().unwrap().local_addr().unwrap();
            assert_eq!(bound.port(), sockets.port());
        }
        assert_eq!(sockets.tcp_port(), Some(sockets.port()));
        assert_eq!(
            bind(&["::1"], sockets.port()).err().unwrap().kind(),
            ErrorKind::AddrInUse
        );
    }

    #[test]
    fn what_cannot_be_bound_is_an_error() {
        for (addresses, kind) in [
            (&["127.0.0.1", "0.0.0.0"][..], ErrorKind::InvalidInput),
            (&["192.0.2.1"], ErrorKind::AddrNotAvailable),
            (&[], ErrorKind::AddrNotAvailable),
        ] {
            assert_eq!(bind(addresses, 0).err().unwrap().kind(), kind, "{addresses:?}");
        }
    }
}
