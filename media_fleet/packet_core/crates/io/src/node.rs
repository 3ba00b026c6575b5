//! The handle to the I/O threads.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use parley_engine::{
    Command, Config, Engine, Event, Id, LayerStats, Stats, SubscriptionStats, TransportReport, TransportStats,
};

use crate::batch::{IoStats, SendBatch};
use crate::exchange::{Exchange, MAX_THREADS};
use crate::mail::Mail;
use crate::sockets::{Listen, Sockets};
use crate::syscalls::EventFd;
use crate::tcp::Connections;
use crate::thread::IoThread;
use crate::worker::{NoAnswer, Request, Worker, deadline};

/// Sockets, and threads that serve them, each with an engine of its own. Dropping it stops them.
///
/// Which thread something is in, its id says: it is the rest of the id divided by the number of threads. A transport's ufrag must say the same
/// ([`crate::thread_of`]).
pub struct Node {
    workers: Vec<Worker>,
    events_wake: Arc<EventFd>,
    port: u16,
    tcp_port: Option<u16>,
}

impl Node {
    /// Binds the sockets and starts the threads.
    ///
    /// # Errors
    /// If there are no threads or more than [`MAX_THREADS`], an address cannot be bound, or no thread or descriptor can be had.
    pub fn start(listen: &Listen, config: Config, threads: usize) -> io::Result<Self> {
        if !(1..=MAX_THREADS).contains(&threads) {
            let message = format!("a node has 1 to {MAX_THREADS} threads");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let mut sockets = Sockets::bind(listen, threads)?;
        let (port, tcp_port) = (sockets.port(), sockets.tcp_port());
        let mail = (threads > 1)
            .then(|| Mail::new(threads))
            .transpose()?
            .map(Arc::new);
        let events_wake = Arc::new(EventFd::new()?);
        let mut node = Self {
            workers: Vec::with_capacity(threads),
            events_wake,
            port,
            tcp_port,
        };
        for (index, udp) in sockets.udp.drain(..).enumerate() {
            // The first thread accepts all connections, and gives them away.
            let listeners = std::mem::take(&mut sockets.listeners);
            let connections = tcp_port.map(|_| Connections::new(listeners)).transpose()?;
            let batch = SendBatch::through(&udp, connections, index as u8)?;
            let exchange = mail.clone().map(|mail| Exchange::new(index, mail));
            let config = Config {
                seed: config.seed.wrapping_add(index as u64),
                ..config
            };
            let mut thread = IoThread::new(udp, Engine::new(config), batch, exchange);
            node.workers.push(Worker::start(
                format!("packet-core-{index}"),
                Arc::clone(&node.events_wake),
                move |requests, shared| thread.run(requests, shared),
            )?);
        }
        Ok(node)
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

    /// How many threads there are.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len()
    }

    /// The thread that something is in, by its id.
    #[must_use]
    pub fn thread_of_id(&self, id: Id) -> usize {
        id as usize % self.workers.len()
    }

    /// The descriptor that is readable while events wait.
    #[must_use]
    pub fn event_fd(&self) -> i32 {
        self.events_wake.raw()
    }

    /// Queues a command for the thread of what it is about; what else it names must be there too.
    ///
    /// # Errors
    /// [`NoAnswer::Closed`].
    pub fn command(&self, command: Command) -> Result<(), NoAnswer> {
        self.worker_of(command.id()).request(Request::Command(command))
    }

    /// The waiting events, oldest first among those of a thread, at most `limit`.
    ///
    /// # Errors
    /// [`NoAnswer::Closed`] if a thread is gone and no event of it is left.
    pub fn drain_events(&self, limit: usize) -> Result<Vec<Event>, NoAnswer> {
        self.events_wake.clear();
        let mut drained = Vec::new();
        let mut is_any_left = false;
        let mut is_any_closed = false;
        for worker in &self.workers {
            match worker.drain_events(&mut drained, limit) {
                Ok(is_left) => is_any_left |= is_left,
                Err(_) => is_any_closed = true,
            }
        }
        if is_any_left || is_any_closed {
            self.events_wake.signal();
        }
        if drained.is_empty() && is_any_closed {
            return Err(NoAnswer::Closed);
        }
        Ok(drained)
    }

    /// Counters of each thread.
    #[must_use]
    pub fn stats(&self) -> Vec<Result<(Stats, IoStats), NoAnswer>> {
        let deadline = deadline();
        let asked: Vec<_> = self
            .workers
            .iter()
            .map(|worker| worker.ask(Request::Stats))
            .collect();
        asked
            .into_iter()
            .map(|asked| asked.and_then(|asked| asked.until(deadline)))
            .collect()
    }

    /// Statistics of a track's layers.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub fn track_stats(&self, track: Id) -> Result<Vec<LayerStats>, NoAnswer> {
        self.ask(track, |answer| Request::TrackStats(track, answer))
    }

    /// Statistics of a subscription.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub fn subscription_stats(&self, subscription: Id) -> Result<Option<SubscriptionStats>, NoAnswer> {
        self.ask(subscription, |answer| {
            Request::SubscriptionStats(subscription, answer)
        })
    }

    /// Statistics of the path to a transport.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub fn transport_stats(&self, transport: Id) -> Result<Option<TransportStats>, NoAnswer> {
        self.ask(transport, |answer| Request::TransportStats(transport, answer))
    }

    /// Transports with all that they send and receive, those of one thread as of one moment; None for unknown ones.
    ///
    /// # Errors
    /// [`NoAnswer`].
    pub fn transport_reports(&self, transports: &[Id]) -> Result<Vec<Option<TransportReport>>, NoAnswer> {
        let deadline = deadline();
        let mut by_thread: Vec<Vec<usize>> = vec![Vec::new(); self.workers.len()];
        for (place, id) in transports.iter().enumerate() {
            by_thread[self.thread_of_id(*id)].push(place);
        }
        let mut asked = Vec::new();
        for (worker, places) in self.workers.iter().zip(by_thread) {
            if !places.is_empty() {
                let ids = places.iter().map(|place| transports[*place]).collect();
                asked.push((
                    worker.ask(|answer| Request::TransportReports(ids, answer))?,
                    places,
                ));
            }
        }
        let mut reports = vec![None; transports.len()];
        for (asked, places) in asked {
            for (place, report) in places.into_iter().zip(asked.until(deadline)?) {
                reports[place] = report;
            }
        }
        Ok(reports)
    }

    /// Stops the threads and waits for their end, not for ever. Safe to call twice.
    pub fn stop(&self) {
        for worker in &self.workers {
            let _ = worker.request(Request::Stop);
        }
        let deadline = deadline();
        for worker in &self.workers {
            worker.join(deadline);
        }
    }

    #[cfg(test)]
    pub(crate) fn fail(&self, thread: usize, failure: crate::worker::tests::Failure) {
        self.workers[thread].request(Request::Fail(failure)).unwrap();
    }

    fn worker_of(&self, id: Id) -> &Worker {
        &self.workers[self.thread_of_id(id)]
    }

    fn ask<T>(&self, id: Id, request: impl FnOnce(Sender<T>) -> Request) -> Result<T, NoAnswer> {
        self.worker_of(id).ask(request)?.until(deadline())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests;
