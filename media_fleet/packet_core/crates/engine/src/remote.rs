//! Where datagrams come from and go to.

use std::net::{SocketAddr, SocketAddrV6};

/// A TCP connection, by a number that its maker never uses twice.
pub type Connection = u32;

/// The far end of a way to this node: an address alone says nothing of the protocol, and a port of TCP is none of UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remote {
    /// UDP. Made by [`Remote::udp`], so that one address is written in one way.
    Udp(SocketAddr),
    /// ICE-TCP (RFC 6544): whole datagrams, framed (RFC 4571) by who holds the connection.
    Tcp(Connection, SocketAddr),
    /// One of the engines of another node, by its number there: they have one address. Made by [`Remote::node`].
    Node(SocketAddr, u8),
}

impl Remote {
    /// An address by UDP. IPv4 in IPv6 (RFC 4291, section 2.5.5.2) is IPv4, and a flow label is no part of an address.
    #[must_use]
    pub fn udp(address: SocketAddr) -> Self {
        Self::Udp(canonical(address))
    }

    /// A connection that was made from an address.
    #[must_use]
    pub fn tcp(connection: Connection, peer: SocketAddr) -> Self {
        Self::Tcp(connection, canonical(peer))
    }

    /// An engine of another node.
    #[must_use]
    pub fn node(address: SocketAddr, engine: u8) -> Self {
        Self::Node(canonical(address), engine)
    }

    /// Address and port, whatever the protocol.
    #[must_use]
    pub fn address(self) -> SocketAddr {
        match self {
            Self::Udp(address) | Self::Tcp(_, address) | Self::Node(address, _) => address,
        }
    }

    /// As candidates name it (RFC 8839, section 5.1).
    #[must_use]
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Udp(_) | Self::Node(..) => "udp",
            Self::Tcp(..) => "tcp",
        }
    }
}

impl From<SocketAddr> for Remote {
    fn from(address: SocketAddr) -> Self {
        Self::udp(address)
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(v4.into(), v6.port()),
            None => SocketAddrV6::new(*v6.ip(), v6.port(), 0, v6.scope_id()).into(),
        },
        v4 @ SocketAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn udp(text: &str) -> Remote {
        Remote::udp(text.parse().unwrap())
    }

    #[test]
    fn one_address_has_one_form() {
        assert_eq!(udp("[::ffff:192.0.2.1]:9"), udp("192.0.2.1:9"));
        assert_eq!(
            Remote::from(SocketAddr::from(SocketAddrV6::new(
                "2001:db8::1".parse().unwrap(),
                9,
                77,
                0
            ))),
            udp("[2001:db8::1]:9")
        );
        // Interfaces have the same link-local addresses (RFC 4007).
        assert_ne!(udp("[fe80::1%1]:9"), udp("[fe80::1%2]:9"));
    }

    #[test]
    fn protocols_and_connections_are_told_apart() {
        let peer = "192.0.2.1:9".parse().unwrap();
        assert_ne!(Remote::udp(peer), Remote::tcp(1, peer));
        assert_ne!(Remote::tcp(1, peer), Remote::tcp(2, peer));
        assert_ne!(Remote::node(peer, 0), Remote::udp(peer));
        assert_ne!(Remote::node(peer, 0), Remote::node(peer, 1));
        assert_eq!(Remote::tcp(1, peer).address(), Remote::udp(peer).address());
    }
}
