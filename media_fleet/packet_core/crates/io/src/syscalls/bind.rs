//! Sockets with the options that must be set before they are bound.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::address::write_address;

/// So many connections wait to be accepted: all clients of a busy node, who come at once when another one has failed.
const BACKLOG: libc::c_int = 1024;

/// Binds a UDP socket that does not block; one of IPv6 is of IPv6 alone, so that there may be one of IPv4 on its port.
///
/// # Errors
/// The error of socket(2), setsockopt(2) or bind(2).
pub fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = open(address, libc::SOCK_DGRAM)?;
    bind(&socket, address)?;
    Ok(UdpSocket::from(socket))
}

/// Lets further sockets of this process be bound to a socket's address; the kernel gives each peer's datagrams to one of them.
///
/// The first of them is bound before that, so that no other process shares the address unnoticed.
///
/// # Errors
/// The error of setsockopt(2).
pub fn share_address(socket: &UdpSocket) -> io::Result<()> {
    set(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT)
}

/// Binds a further socket to a shared address, as [`bind_udp`] does.
///
/// # Errors
/// The error of socket(2), setsockopt(2) or bind(2).
pub fn bind_udp_shared(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = open(address, libc::SOCK_DGRAM)?;
    set(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT)?;
    bind(&socket, address)?;
    Ok(UdpSocket::from(socket))
}

/// Listens for TCP connections, without blocking, as [`bind_udp`] binds.
///
/// # Errors
/// The error of socket(2), setsockopt(2), bind(2) or listen(2).
pub fn listen_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = open(address, libc::SOCK_STREAM)?;
    // Connections of a node that ran before linger: they are no listener.
    set(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR)?;
    bind(&socket, address)?;
    // SAFETY: the call takes no pointers.
    done(unsafe { libc::listen(socket.as_raw_fd(), BACKLOG) })?;
    Ok(TcpListener::from(socket))
}

fn open(address: SocketAddr, kind: libc::c_int) -> io::Result<OwnedFd> {
    let family = if address.is_ipv6() {
        libc::AF_INET6
    } else {
        libc::AF_INET
    };
    // SAFETY: the call takes no pointers.
    let fd = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    if address.is_ipv6() {
        set(socket.as_raw_fd(), libc::IPPROTO_IPV6, libc::IPV6_V6ONLY)?;
    }
    Ok(socket)
}

fn set(socket: RawFd, level: libc::c_int, option: libc::c_int) -> io::Result<()> {
    let yes: libc::c_int = 1;
    // SAFETY: the option's value is an int that lives through the call.
    let result = unsafe {
        libc::setsockopt(
            socket,
            level,
            option,
            (&raw const yes).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    done(result)
}

fn bind(socket: &OwnedFd, address: SocketAddr) -> io::Result<()> {
    let mut name = MaybeUninit::<libc::sockaddr_storage>::zeroed();
    // SAFETY: the storage is zeroed, and large and aligned enough for any address.
    let len = unsafe { write_address(name.as_mut_ptr(), address) };
    // SAFETY: the name is as long as it is said to be, and lives through the call.
    done(unsafe { libc::bind(socket.as_raw_fd(), name.as_ptr().cast(), len) })
}

fn done(result: libc::c_int) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
