//! The loop of an I/O thread.

use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver as Requests, TryRecvError};
use std::time::Duration;

use parley_engine::{Engine, Now, Remote};

use crate::batch::SendBatch;
use crate::clock::{self, Clock};
use crate::exchange::{Exchange, Place};
use crate::link_header;
use crate::mail::{Moved, Parcel};
use crate::sockets::Udp;
use crate::syscalls::{self, RECEIVE_MESSAGES, Receiver};
use crate::tcp::{self, Connections, TooLong};
use crate::worker::{Request, Shared};

/// After so many calls of recvmmsg in a row commands and the clock have their turn.
const ROUNDS: usize = 8;

/// What one thread serves: nobody else has any of it.
pub(crate) struct IoThread {
    udp: Udp,
    engine: Engine,
    out: SendBatch,
    /// None: this is the only thread.
    exchange: Option<Exchange>,
    clock: Clock,
    receiver: Receiver,
    /// What another thread has sent, while it is handled.
    parcel: Parcel,
    /// Room for what is read of a connection.
    room: Vec<u8>,
}

impl IoThread {
    pub(crate) fn new(udp: Udp, engine: Engine, out: SendBatch, exchange: Option<Exchange>) -> Self {
        let room_len = out.connections.as_ref().map_or(0, |_| tcp::READ_LEN);
        Self {
            udp,
            engine,
            out,
            exchange,
            clock: Clock::new(),
            receiver: Receiver::new(),
            parcel: Parcel::default(),
            room: vec![0; room_len],
        }
    }

    /// Serves the sockets until it is told to stop, or the handle is gone.
    pub(crate) fn run(&mut self, requests: &Requests<Request>, shared: &Shared) {
        loop {
            let wait_us = self.engine.next_deadline_us().saturating_sub(self.clock.now().us);
            let descriptors = [
                self.udp.v4.as_ref().map(AsFd::as_fd),
                self.udp.v6.as_ref().map(AsFd::as_fd),
                Some(shared.requests_wake.as_fd()),
                self.out.connections.as_ref().map(Connections::as_fd),
                self.exchange.as_ref().map(|exchange| exchange.wake().as_fd()),
            ];
            let [has_v4, has_v6, has_requests, has_connections, has_parcels] =
                syscalls::wait_readable(descriptors, Duration::from_micros(wait_us));
            if has_requests {
                shared.requests_wake.clear();
                if !self.handle_requests(requests) {
                    self.out.flush();
                    return;
                }
            }
            if has_parcels {
                self.open_parcels();
            }
            if has_v4 {
                self.receive(|udp| udp.v4.as_ref());
            }
            if has_v6 {
                self.receive(|udp| udp.v6.as_ref());
            }
            if has_connections {
                self.serve_connections();
            }
            self.look_after_time();
            self.out.flush();
            shared.publish(&mut self.out.events);
        }
    }

    fn receive(&mut self, of: impl Fn(&Udp) -> Option<&std::net::UdpSocket>) {
        for _ in 0..ROUNDS {
            let Some(socket) = of(&self.udp) else { return };
            // An error other than "nothing there" is one datagram's (a port unreachable, say): it is used up by reading it.
            let Ok(count) = self.receiver.receive(socket) else {
                return;
            };
            let (now, wall) = (self.clock.now(), clock::wall());
            let (engine, out) = (&mut self.engine, &mut self.out);
            let (messages, buffer) = self.receiver.received();
            for message in messages {
                let came_us = Clock::came_us(now, wall, message.came);
                for datagram in buffer[message.start..message.start + message.len].chunks_mut(message.segment)
                {
                    let Some(exchange) = &mut self.exchange else {
                        deliver(engine, now, came_us, message.from, datagram, out);
                        continue;
                    };
                    match exchange.place(engine, message.from, datagram) {
                        Place::Here => {
                            let checks = engine.checks();
                            deliver(engine, now, came_us, message.from, datagram, out);
                            if engine.checks() != checks {
                                exchange.is_here(message.from);
                            }
                        }
                        Place::There(to) => exchange.hand_over(to, message, datagram),
                        Place::Nowhere => exchange.handed.refused += 1,
                    }
                }
            }
            engine.flush(now, out);
            if let Some(exchange) = &mut self.exchange {
                exchange.post();
            }
            out.flush();
            if count < RECEIVE_MESSAGES {
                return;
            }
        }
    }

    /// Handles what other threads have received for this one.
    fn open_parcels(&mut self) {
        let Some(exchange) = &mut self.exchange else {
            return;
        };
        let (engine, out) = (&mut self.engine, &mut self.out);
        let mut connections = Vec::new();
        for by in exchange.take_full() {
            exchange.open(engine, by, &mut self.parcel);
            let (now, wall) = (self.clock.now(), clock::wall());
            let mut rest = &mut self.parcel.octets[..];
            for enclosed in &self.parcel.datagrams {
                let (datagram, behind) = std::mem::take(&mut rest).split_at_mut(enclosed.len);
                rest = behind;
                let came_us = Clock::came_us(now, wall, enclosed.came);
                let checks = engine.checks();
                deliver(engine, now, came_us, enclosed.from, datagram, out);
                if engine.checks() != checks {
                    exchange.checked(engine, by, enclosed);
                }
            }
            connections.append(&mut self.parcel.connections);
            self.parcel.clear();
            engine.flush(now, out);
            // What the other thread has to know, it knows before the answer to the check leaves.
            exchange.post();
            out.flush();
        }
        for moved in connections {
            self.adopt(moved);
        }
    }

    // ---- connections ----

    /// Reads the connections on which something has come.
    fn serve_connections(&mut self) {
        let mut readable = Vec::new();
        if let Some(connections) = &mut self.out.connections {
            connections.serve(self.clock.now().us, &mut readable, &mut self.out.stats);
        }
        for number in readable {
            let now = self.clock.now();
            let connections = self.out.connections.as_mut();
            let read = connections.and_then(|c| c.read(number, now.us, &mut self.room));
            if let Some((remote, len)) = read
                && !self.give_away(number, remote, len)
            {
                self.take_stream(now, number, remote, len);
            }
        }
        if let Some(exchange) = &mut self.exchange {
            exchange.post();
        }
    }

    /// Gives a connection to the thread that its first check names; false if it stays here.
    ///
    /// Only the thread that accepts does so: a stranger that was sent to and fro would be new everywhere.
    fn give_away(&mut self, number: u32, remote: Remote, len: usize) -> bool {
        let (Some(exchange), Some(connections)) = (&mut self.exchange, &mut self.out.connections) else {
            return false;
        };
        if !connections.is_accepting_here() || !connections.is_stranger(number) {
            return false;
        }
        let first = tcp::first_datagram(&self.room[..len]);
        let to = first.and_then(|datagram| exchange.thread_of_check(datagram));
        let Some(to) = to.filter(|to| *to != exchange.thread()) else {
            return false;
        };
        if let Some(stream) = connections.release(number) {
            let (peer, read) = (remote.address(), self.room[..len].to_vec());
            exchange.move_connection(to, Moved { stream, peer, read });
        }
        true
    }

    /// Takes a connection that another thread has accepted.
    fn adopt(&mut self, moved: Moved) {
        let now = self.clock.now();
        let connections = self.out.connections.as_mut();
        let admitted = connections.and_then(|c| c.admit(moved.stream, moved.peer, now.us));
        if let Some((number, remote)) = admitted {
            let len = moved.read.len();
            self.room[..len].copy_from_slice(&moved.read);
            self.take_stream(now, number, remote, len);
        }
    }

    /// Handles the datagrams in what has been read of a connection, and keeps the rest.
    fn take_stream(&mut self, now: Now, number: u32, remote: Remote, len: usize) {
        let (engine, out) = (&mut self.engine, &mut self.out);
        let used = tcp::take_datagrams(&mut self.room[..len], |datagram| {
            engine.handle_datagram(now, now.us, remote, datagram, out);
        });
        engine.flush(now, out);
        let Some(connections) = &mut out.connections else {
            return;
        };
        match used {
            Ok(used) => connections.keep(number, &self.room[used..len]),
            Err(TooLong) => connections.close(number),
        }
        if connections.is_stranger(number) {
            connections.set_known(number, engine.knows(remote), now.us);
        }
    }

    // ---- by the clock ----

    /// Does what is due.
    fn look_after_time(&mut self) {
        let now = self.clock.now();
        let (engine, out) = (&mut self.engine, &mut self.out);
        // Closes connections that nobody needs, and tells the engine of those that are closed.
        if let Some(connections) = &mut out.connections {
            connections.sweep(now.us, |remote| engine.knows(remote));
            for closed in connections.take_closed() {
                engine.connection_closed(now, closed, out);
            }
        }
        if now.us >= engine.next_deadline_us() {
            engine.handle_timeout(now, out);
        } else {
            engine.flush(now, out);
        }
        if let Some(exchange) = &mut self.exchange {
            exchange.sweep(now.us, engine);
        }
    }

    // ---- requests ----

    /// False when the thread should end.
    fn handle_requests(&mut self, requests: &Requests<Request>) -> bool {
        let (engine, out) = (&mut self.engine, &mut self.out);
        loop {
            match requests.try_recv() {
                Ok(Request::Command(command)) => engine.handle_command(self.clock.now(), command, out),
                Ok(Request::Stats(answer)) => {
                    let mut stats = engine.stats();
                    let mut io = out.stats();
                    if let Some(exchange) = &self.exchange {
                        io.handed_over = exchange.handed.over;
                        io.hand_over_drops = exchange.handed.dropped;
                        stats.dropped_unknown_address += exchange.handed.refused;
                    }
                    let _ = answer.send((stats, io));
                }
                Ok(Request::TrackStats(track, answer)) => {
                    let _ = answer.send(engine.track_stats(track));
                }
                Ok(Request::SubscriptionStats(subscription, answer)) => {
                    let _ = answer.send(engine.subscription_stats(subscription));
                }
                Ok(Request::TransportStats(transport, answer)) => {
                    let _ = answer.send(engine.transport_stats(transport));
                }
                Ok(Request::TransportReports(transports, answer)) => {
                    let _ = answer.send(engine.transport_reports(&transports));
                }
                #[cfg(test)]
                Ok(Request::Fail(failure)) => failure.happen(),
                Err(TryRecvError::Empty) => return true,
                Ok(Request::Stop) | Err(TryRecvError::Disconnected) => return false,
            }
        }
    }
}

/// Gives the engine a datagram of UDP.
fn deliver(
    engine: &mut Engine,
    now: Now,
    came_us: u64,
    from: SocketAddr,
    datagram: &mut [u8],
    out: &mut SendBatch,
) {
    match link_header::open(datagram) {
        Some((thread, packet)) => {
            engine.handle_datagram(now, came_us, Remote::node(from, thread), packet, out);
        }
        None => engine.handle_datagram(now, came_us, Remote::udp(from), datagram, out),
    }
}
