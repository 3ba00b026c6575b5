//! The loop of the I/O thread.

use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver as Requests, TryRecvError};
use std::time::Duration;

use parley_engine::{Engine, Event, Now, Remote};

use crate::batch::SendBatch;
use crate::clock::{self, Clock};
use crate::node::{Request, Shared};
use crate::sockets::Sockets;
use crate::syscalls::{self, RECEIVE_MESSAGES, Receiver};
use crate::tcp::{self, Connections, TooLong};

/// After so many calls of recvmmsg in a row commands and the clock have their turn.
const ROUNDS: usize = 8;
/// So many events wait for Python; DTLS beyond that is dropped, as a network would drop it: a peer may flood, and what else is told is little.
const MAX_WAITING_EVENTS: usize = 16_384;

/// Serves the sockets until it is told to stop, or the handle is gone.
pub(crate) fn run(
    sockets: &Sockets,
    engine: &mut Engine,
    mut out: SendBatch,
    requests: &Requests<Request>,
    shared: &Shared,
) {
    let clock = Clock::new();
    let mut receiver = Receiver::new();
    let mut room = vec![
        0;
        if out.connections.is_some() {
            tcp::READ_LEN
        } else {
            0
        }
    ];
    loop {
        let wait_us = engine.next_deadline_us().saturating_sub(clock.now().us);
        let descriptors = [
            sockets.v4.as_ref().map(AsFd::as_fd),
            sockets.v6.as_ref().map(AsFd::as_fd),
            Some(shared.requests_wake.as_fd()),
            out.connections.as_ref().map(Connections::as_fd),
        ];
        let [has_v4, has_v6, has_requests, has_connections] =
            syscalls::wait_readable(descriptors, Duration::from_micros(wait_us));
        if has_requests {
            shared.requests_wake.clear();
            if !handle_requests(engine, &clock, &mut out, requests) {
                out.flush();
                return;
            }
        }
        for (socket, has_datagrams) in [(&sockets.v4, has_v4), (&sockets.v6, has_v6)] {
            if let Some(socket) = socket.as_ref().filter(|_| has_datagrams) {
                receive(socket, engine, &clock, &mut receiver, &mut out);
            }
        }
        if has_connections {
            serve_connections(engine, &clock, &mut room, &mut out);
        }
        let now = clock.now();
        look_after_connections(engine, now, &mut out);
        if now.us >= engine.next_deadline_us() {
            engine.handle_timeout(now, &mut out);
        } else {
            engine.flush(now, &mut out);
        }
        out.flush();
        publish_events(&mut out, shared);
    }
}

fn receive(
    socket: &UdpSocket,
    engine: &mut Engine,
    clock: &Clock,
    receiver: &mut Receiver,
    out: &mut SendBatch,
) {
    for _ in 0..ROUNDS {
        // An error other than "nothing there" is one datagram's (a port unreachable, say): it is used up by reading it.
        let Ok(count) = receiver.receive(socket) else {
            return;
        };
        let (now, wall) = (clock.now(), clock::wall());
        let (messages, buffer) = receiver.received();
        for message in messages {
            let came_us = Clock::came_us(now, wall, message.came);
            for datagram in buffer[message.start..message.start + message.len].chunks_mut(message.segment) {
                engine.handle_datagram(now, came_us, Remote::udp(message.from), datagram, out);
            }
        }
        engine.flush(now, out);
        out.flush();
        if count < RECEIVE_MESSAGES {
            return;
        }
    }
}

/// Reads the connections on which something has come.
fn serve_connections(engine: &mut Engine, clock: &Clock, room: &mut [u8], out: &mut SendBatch) {
    let mut readable = Vec::new();
    if let Some(connections) = &mut out.connections {
        connections.serve(clock.now().us, &mut readable, &mut out.stats);
    }
    for number in readable {
        let now = clock.now();
        let read = out
            .connections
            .as_mut()
            .and_then(|c| c.read(number, now.us, room));
        let Some((remote, len)) = read else {
            continue;
        };
        let used = tcp::take_datagrams(&mut room[..len], |datagram| {
            engine.handle_datagram(now, now.us, remote, datagram, out);
        });
        engine.flush(now, out);
        let Some(connections) = &mut out.connections else {
            return;
        };
        match used {
            Ok(used) => connections.keep(number, &room[used..len]),
            Err(TooLong) => connections.close(number),
        }
        if connections.is_stranger(number) {
            connections.set_known(number, engine.knows(remote), now.us);
        }
    }
}

/// Closes connections that nobody needs, and tells the engine of those that are closed.
fn look_after_connections(engine: &mut Engine, now: Now, out: &mut SendBatch) {
    let Some(connections) = &mut out.connections else {
        return;
    };
    connections.sweep(now.us, |remote| engine.knows(remote));
    for closed in connections.take_closed() {
        engine.connection_closed(now, closed, out);
    }
}

/// False when the thread should end.
fn handle_requests(
    engine: &mut Engine,
    clock: &Clock,
    out: &mut SendBatch,
    requests: &Requests<Request>,
) -> bool {
    loop {
        match requests.try_recv() {
            Ok(Request::Command(command)) => engine.handle_command(clock.now(), command, out),
            Ok(Request::Stats(answer)) => {
                let _ = answer.send((engine.stats(), out.stats()));
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
            Ok(Request::CpuTime(answer)) => {
                let _ = answer.send(syscalls::thread_cpu_us());
            }
            Err(TryRecvError::Empty) => return true,
            Ok(Request::Stop) | Err(TryRecvError::Disconnected) => return false,
        }
    }
}

fn publish_events(out: &mut SendBatch, shared: &Shared) {
    if out.events.is_empty() {
        return;
    }
    let mut waiting = shared.events.lock().unwrap_or_else(PoisonError::into_inner);
    for event in out.events.drain(..) {
        let is_dtls = matches!(event, Event::DtlsReceived { .. });
        if waiting.len() < MAX_WAITING_EVENTS || !is_dtls {
            waiting.push_back(event);
        }
    }
    drop(waiting);
    shared.events_wake.signal();
}
