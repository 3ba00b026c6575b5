//! The handle to the I/O thread.

use std::collections::VecDeque;
use std::io;
use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use parley_engine::{
    Command, Config, Engine, Event, Id, LayerStats, Stats, SubscriptionStats, TransportReport, TransportStats,
};

use crate::batch::{IoStats, SendBatch};
use crate::sockets::{Listen, Sockets};
use crate::syscalls::EventFd;
use crate::tcp::Connections;
use crate::thread;

/// The I/O thread is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// What the thread is asked.
pub(crate) enum Request {
    Command(Command),
    Stats(Sender<(Stats, IoStats)>),
    TrackStats(Id, Sender<Vec<LayerStats>>),
    SubscriptionStats(Id, Sender<Option<SubscriptionStats>>),
    TransportStats(Id, Sender<Option<TransportStats>>),
    TransportReports(Vec<Id>, Sender<Vec<Option<TransportReport>>>),
    /// CPU time of the thread: user and system, microseconds.
    CpuTime(Sender<(u64, u64)>),
    Stop,
}

/// What both sides hold.
pub(crate) struct Shared {
    pub(crate) requests_wake: EventFd,
    pub(crate) events: Mutex<VecDeque<Event>>,
    pub(crate) events_wake: EventFd,
    pub(crate) is_running: AtomicBool,
}

/// Sockets, an engine, and the thread that serves them. Dropping it stops the thread.
pub struct Node {
    requests: Sender<Request>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    port: u16,
    tcp_port: Option<u16>,
}

impl Node {
    /// Binds the sockets and starts the thread.
    ///
    /// # Errors
    /// If an address cannot be bound, or no thread or descriptor can be had.
    pub fn start(listen: &Listen, config: Config) -> io::Result<Self> {
        let mut sockets = Sockets::bind(listen)?;
        let (port, tcp_port) = (sockets.port(), sockets.tcp_port());
        let listeners = std::mem::take(&mut sockets.listeners);
        let connections = tcp_port.map(|_| Connections::new(listeners)).transpose()?;
        let shared = Arc::new(Shared {
            requests_wake: EventFd::new()?,
            events: Mutex::default(),
            events_wake: EventFd::new()?,
            is_running: AtomicBool::new(true),
        });
        let (requests, received): (_, Receiver<Request>) = channel();
        let clone = |socket: &Option<UdpSocket>| socket.as_ref().map(UdpSocket::try_clone).transpose();
        let batch = SendBatch::through(clone(&sockets.v4)?, clone(&sockets.v6)?, connections);
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("packet-core".into())
            .spawn(move || {
                thread::run(&sockets, &mut Engine::new(config), batch, &received, &of_thread);
                of_thread.is_running.store(false, Ordering::Release);
                of_thread.events_wake.signal();
            })?;
        Ok(Self {
            requests,
            shared,
            thread: Some(thread),
            port,
            tcp_port,
        })
    }

    /// The port of UDP that is bound.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port of TCP, if there is one.
    #[must_use]
    pub fn tcp_port(&self) -> Option<u16> {
        self.tcp_port
    }

    /// The descriptor that is readable while events wait.
    #[must_use]
    pub fn event_fd(&self) -> i32 {
        self.shared.events_wake.raw()
    }

    /// Queues a command.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn command(&self, command: Command) -> Result<(), Closed> {
        self.request(Request::Command(command))
    }

    /// The waiting events, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`Closed`] if the thread is gone and no event is left.
    pub fn drain_events(&self, limit: usize) -> Result<Vec<Event>, Closed> {
        let mut events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        let count = events.len().min(limit);
        let drained: Vec<Event> = events.drain(..count).collect();
        if drained.is_empty() && !self.shared.is_running.load(Ordering::Acquire) {
            return Err(Closed);
        }
        if events.is_empty() {
            self.shared.events_wake.clear();
        }
        Ok(drained)
    }

    /// Counters.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn stats(&self) -> Result<(Stats, IoStats), Closed> {
        self.ask(Request::Stats)
    }

    /// Statistics of a track's layers.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn track_stats(&self, track: Id) -> Result<Vec<LayerStats>, Closed> {
        self.ask(|answer| Request::TrackStats(track, answer))
    }

    /// Statistics of a subscription.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn subscription_stats(&self, subscription: Id) -> Result<Option<SubscriptionStats>, Closed> {
        self.ask(|answer| Request::SubscriptionStats(subscription, answer))
    }

    /// Statistics of the path to a transport.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn transport_stats(&self, transport: Id) -> Result<Option<TransportStats>, Closed> {
        self.ask(|answer| Request::TransportStats(transport, answer))
    }

    /// Transports with all that they send and receive, as of one moment.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn transport_reports(&self, transports: Vec<Id>) -> Result<Vec<Option<TransportReport>>, Closed> {
        self.ask(|answer| Request::TransportReports(transports, answer))
    }

    /// CPU time of the I/O thread: user and system, microseconds.
    ///
    /// # Errors
    /// [`Closed`].
    pub fn cpu_time_us(&self) -> Result<(u64, u64), Closed> {
        self.ask(Request::CpuTime)
    }

    /// Stops the thread and waits for its end. Safe to call twice.
    pub fn stop(&mut self) {
        let _ = self.request(Request::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn request(&self, request: Request) -> Result<(), Closed> {
        self.requests.send(request).map_err(|_| Closed)?;
        self.shared.requests_wake.signal();
        Ok(())
    }

    fn ask<T>(&self, request: impl FnOnce(Sender<T>) -> Request) -> Result<T, Closed> {
        let (answer, answered) = channel();
        self.request(request(answer))?;
        answered.recv().map_err(|_| Closed)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}
