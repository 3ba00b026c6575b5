//! One I/O thread, as its node sees it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parley_engine::{
    Command, Event, Id, LayerStats, Stats, SubscriptionStats, TransportReport, TransportStats,
};

use crate::batch::IoStats;
use crate::syscalls::EventFd;

/// An answer takes as long as what the thread is at, which is milliseconds; one that takes longer than this will not come.
const PATIENCE: Duration = Duration::from_millis(1500);
/// So many events of a thread wait for Python; DTLS beyond that is dropped, as a network would drop it: a peer may flood, and what else is told is
/// little.
const MAX_WAITING_EVENTS: usize = 16_384;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The thread is gone.
    Closed,
    /// It is there, and stuck.
    Silent,
}

/// What a thread is asked.
pub(crate) enum Request {
    Command(Command),
    Stats(Sender<(Stats, IoStats)>),
    TrackStats(Id, Sender<Vec<LayerStats>>),
    SubscriptionStats(Id, Sender<Option<SubscriptionStats>>),
    TransportStats(Id, Sender<Option<TransportStats>>),
    TransportReports(Vec<Id>, Sender<Vec<Option<TransportReport>>>),
    Stop,
    /// What a bug of ours would do to it.
    #[cfg(test)]
    Fail(tests::Failure),
}

/// What both sides hold.
pub(crate) struct Shared {
    pub(crate) requests_wake: EventFd,
    events: Mutex<VecDeque<Event>>,
    events_wake: Arc<EventFd>,
    is_running: AtomicBool,
}

impl Shared {
    /// Has Python told of events.
    pub(crate) fn publish(&self, events: &mut VecDeque<Event>) {
        if events.is_empty() {
            return;
        }
        let mut waiting = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        for event in events.drain(..) {
            let may_be_lost = matches!(event, Event::DtlsReceived { .. } | Event::NodeDataReceived { .. });
            if waiting.len() < MAX_WAITING_EVENTS || !may_be_lost {
                waiting.push_back(event);
            }
        }
        drop(waiting);
        self.events_wake.signal();
    }
}

/// Says that the thread has ended, however it has.
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.is_running.store(false, Ordering::Release);
        self.0.events_wake.signal();
    }
}

/// An answer that is awaited.
pub(crate) struct Awaited<T>(Receiver<T>);

impl<T> Awaited<T> {
    /// # Errors
    /// [`NoAnswer`].
    pub(crate) fn until(&self, deadline: Instant) -> Result<T, NoAnswer> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.0.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Disconnected => NoAnswer::Closed,
            RecvTimeoutError::Timeout => NoAnswer::Silent,
        })
    }
}

/// See the module.
pub(crate) struct Worker {
    requests: Sender<Request>,
    shared: Arc<Shared>,
    /// The thread, and the channel that is closed when it ends.
    thread: Mutex<Option<(JoinHandle<()>, Receiver<()>)>>,
}

impl Worker {
    /// Starts a thread.
    ///
    /// # Errors
    /// If no thread or descriptor can be had.
    pub(crate) fn start(
        name: String,
        events_wake: Arc<EventFd>,
        body: impl FnOnce(&Receiver<Request>, &Shared) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            requests_wake: EventFd::new()?,
            events: Mutex::default(),
            events_wake,
            is_running: AtomicBool::new(true),
        });
        let (requests, received) = channel();
        let (ending, ended) = channel();
        let end = End(Arc::clone(&shared));
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            let _ending: Sender<()> = ending;
            let end = end;
            body(&received, &end.0);
        })?;
        Ok(Self {
            requests,
            shared,
            thread: Mutex::new(Some((thread, ended))),
        })
    }

    /// # Errors
    /// [`NoAnswer::Closed`].
    pub(crate) fn request(&self, request: Request) -> Result<(), NoAnswer> {
        self.requests.send(request).map_err(|_| NoAnswer::Closed)?;
        self.shared.requests_wake.signal();
        Ok(())
    }

    /// Asks, without waiting.
    ///
    /// # Errors
    /// [`NoAnswer::Closed`].
    pub(crate) fn ask<T>(&self, request: impl FnOnce(Sender<T>) -> Request) -> Result<Awaited<T>, NoAnswer> {
        let (answer, answered) = channel();
        self.request(request(answer))?;
        Ok(Awaited(answered))
    }

    /// Moves its waiting events, oldest first, as long as there are fewer than `limit`; whether some are left.
    ///
    /// # Errors
    /// [`NoAnswer::Closed`] if the thread is gone and no event of it is left.
    pub(crate) fn drain_events(&self, into: &mut Vec<Event>, limit: usize) -> Result<bool, NoAnswer> {
        // Asked first: what it told before its end is there by then.
        let is_running = self.shared.is_running.load(Ordering::Acquire);
        let mut events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        if events.is_empty() && !is_running {
            return Err(NoAnswer::Closed);
        }
        let count = events.len().min(limit.saturating_sub(into.len()));
        into.extend(events.drain(..count));
        Ok(!events.is_empty() || !is_running)
    }

    /// Waits for its end, once it has been told to stop. One that is stuck is left behind.
    pub(crate) fn join(&self, deadline: Instant) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((thread, ended)) = thread {
            let left = deadline.saturating_duration_since(Instant::now());
            if ended.recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
                let _ = thread.join();
            }
        }
    }
}

/// Until when an answer is waited for that is asked for now.
pub(crate) fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::mpsc::Receiver;

    /// How a thread fails.
    pub(crate) enum Failure {
        Panic,
        /// It is stuck until the channel is closed.
        Hang(Receiver<()>),
    }

    impl Failure {
        pub(crate) fn happen(self) {
            match self {
                Self::Panic => panic!("as told"),
                Self::Hang(until) => {
                    let _ = until.recv();
                }
            }
        }
    }
}
