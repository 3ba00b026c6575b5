//! ICE-TCP, the passive side (RFC 6544): connections that carry datagrams, for clients whose networks let no UDP through.

mod connection;
mod connections;
mod framing;

pub(crate) use connections::{Connections, READ_LEN};
pub(crate) use framing::{TooLong, first_datagram, take_datagrams};
