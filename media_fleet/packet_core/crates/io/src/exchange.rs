//! Which thread a datagram is for, where several share a port.
//!
//! The kernel gives each peer's datagrams to one of the threads, whichever; the peer's transport is in the engine of one, as its ufrag says
//! ([`thread_of`]). So a check is handed over by its ufrag. When the engine has found it authentic, its thread tells the one that received it, and
//! from then on all that comes from the address goes the same way: nobody is believed for an address who has not shown a password, and where a
//! transport is, nobody else gets the address ([`Engine::holds`]), just as within one engine. A thread knows such addresses alone, a few for each
//! transport: no lock is taken to look one up.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parley_engine::{Engine, Remote};
use parley_wire::demux::{self, Kind};
use parley_wire::stun::BindingRequest;

use crate::link_header;
use crate::mail::{Enclosed, Mail, Moved, Notice, Parcel};
use crate::syscalls::{EventFd, Received};

/// Ice-chars (RFC 8839, section 5.4), in the order of base64.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// As many threads as first characters of ufrags.
pub const MAX_THREADS: usize = ICE_CHARS.len();
/// What has been told is compared with how it is so often.
const SWEEP_US: u64 = 1_000_000;
/// And when there is so much more of it than there was: somebody has authentic checks come from made-up addresses.
const SWEEP_GROWTH: usize = 1024;

/// The thread of a transport among so many, by its local ufrag: each ufrag means one.
#[must_use]
pub fn thread_of(ufrag: &[u8], threads: usize) -> usize {
    let first = ufrag.first();
    let place = ICE_CHARS.iter().position(|one| Some(one) == first);
    place.unwrap_or(0) % threads
}

/// With what a ufrag begins that means a thread, whatever their number.
///
/// # Panics
/// If `thread` is not below [`MAX_THREADS`].
#[must_use]
pub fn ufrag_start(thread: usize) -> char {
    char::from(ICE_CHARS[thread])
}

/// Where a datagram is to be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Here,
    /// In another thread.
    There(usize),
    /// It is a check for an address at which somebody else is.
    Nowhere,
}

/// The thread to which an address belongs, as it has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Route {
    thread: usize,
    held: bool,
}

/// Counters of what goes from thread to thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Handed {
    pub over: u64,
    pub dropped: u64,
    pub refused: u64,
}

/// One thread's part in it.
pub(crate) struct Exchange {
    thread: usize,
    mail: Arc<Mail>,
    /// What leaves with the next [`Self::post`], by receiver.
    outgoing: Vec<Parcel>,
    /// Addresses from which this thread receives for others.
    routes: HashMap<SocketAddr, Route>,
    /// What each thread has been told of addresses from which it receives for this one.
    told: HashMap<(SocketAddr, usize), bool>,
    next_sweep_us: u64,
    sweep_len: usize,
    pub handed: Handed,
}

impl Exchange {
    pub(crate) fn new(thread: usize, mail: Arc<Mail>) -> Self {
        Self {
            thread,
            outgoing: (0..mail.threads()).map(|_| Parcel::default()).collect(),
            mail,
            routes: HashMap::new(),
            told: HashMap::new(),
            next_sweep_us: 0,
            sweep_len: SWEEP_GROWTH,
            handed: Handed::default(),
        }
    }

    pub(crate) fn thread(&self) -> usize {
        self.thread
    }

    /// Readable when [`Self::take_full`] has something.
    pub(crate) fn wake(&self) -> &EventFd {
        self.mail.wake(self.thread)
    }

    // ---- the thread that has received something ----

    /// Where a datagram from an address is to be handled.
    pub(crate) fn place(&self, engine: &Engine, from: SocketAddr, datagram: &[u8]) -> Place {
        if let Some(to) = link_header::to(datagram) {
            return self.there(if to < self.mail.threads() { to } else { self.thread });
        }
        let route = self.routes.get(&from);
        if demux::classify(datagram) != Kind::Stun {
            return self.there(route.map_or(self.thread, |route| route.thread));
        }
        // What is none that can be answered, the engine here counts as such.
        let to = self.thread_of_check(datagram).unwrap_or(self.thread);
        let holder = match route {
            Some(route) => route.held.then_some(route.thread),
            None => engine.holds(Remote::udp(from)).then_some(self.thread),
        };
        if holder.is_some_and(|holder| holder != to) {
            return Place::Nowhere;
        }
        self.there(to)
    }

    /// The thread that a check names.
    pub(crate) fn thread_of_check(&self, datagram: &[u8]) -> Option<usize> {
        let request = BindingRequest::parse(datagram).ok()?;
        Some(thread_of(request.local_ufrag(), self.mail.threads()))
    }

    fn there(&self, thread: usize) -> Place {
        if thread == self.thread {
            Place::Here
        } else {
            Place::There(thread)
        }
    }

    /// Has a datagram handled by another thread.
    pub(crate) fn hand_over(&mut self, to: usize, message: &Received, datagram: &[u8]) {
        let route = self.routes.get(&message.from);
        let enclosed = Enclosed {
            from: message.from,
            came: message.came,
            len: datagram.len(),
            is_routed: route.is_some_and(|route| route.thread == to),
        };
        self.outgoing[to].enclose(datagram, enclosed);
    }

    /// Gives another thread a connection.
    pub(crate) fn move_connection(&mut self, to: usize, moved: Moved) {
        self.outgoing[to].connections.push(moved);
    }

    /// An authentic check has come from an address, and was this thread's own.
    pub(crate) fn is_here(&mut self, from: SocketAddr) {
        self.routes.remove(&from);
    }

    /// Sends what there is for others.
    pub(crate) fn post(&mut self) {
        for (to, parcel) in self.outgoing.iter_mut().enumerate() {
            if !parcel.is_empty() {
                let count = parcel.datagrams.len();
                let dropped = self.mail.post(self.thread, to, parcel);
                self.handed.over += (count - dropped) as u64;
                self.handed.dropped += dropped as u64;
            }
        }
    }

    // ---- the thread whose it is ----

    /// From whom something has come: [`Self::open`] gives it.
    pub(crate) fn take_full(&self) -> impl Iterator<Item = usize> + use<> {
        let full = self.mail.take_full(self.thread);
        (0..MAX_THREADS).filter(move |from| full >> from & 1 == 1)
    }

    /// Gives what another thread has sent for an empty parcel.
    pub(crate) fn open(&mut self, engine: &Engine, from: usize, parcel: &mut Parcel) {
        self.mail.swap(from, self.thread, parcel);
        for notice in parcel.notices.drain(..) {
            self.note(engine, from, notice);
        }
    }

    fn note(&mut self, engine: &Engine, thread: usize, notice: Notice) {
        let known = self.routes.get(&notice.from).copied();
        let is_its_own = known.is_some_and(|route| route.thread == thread);
        match notice.held {
            None if is_its_own => {
                self.routes.remove(&notice.from);
            }
            None => {}
            // Two have shown passwords from one address at one time: whoever is there already stays.
            Some(_) if !is_its_own && known.is_some_and(|route| route.held) => {}
            Some(_) if known.is_none() && engine.holds(Remote::udp(notice.from)) => {}
            Some(held) => {
                self.routes.insert(notice.from, Route { thread, held });
            }
        }
    }

    /// An authentic check has come by way of another thread.
    pub(crate) fn checked(&mut self, engine: &Engine, by: usize, enclosed: &Enclosed) {
        let held = engine.holds(Remote::udp(enclosed.from));
        let known = self.told.insert((enclosed.from, by), held);
        if !enclosed.is_routed || known != Some(held) {
            let (from, held) = (enclosed.from, Some(held));
            self.outgoing[by].notices.push(Notice { from, held });
        }
    }

    /// From time to time, tells what is no longer as it was told.
    pub(crate) fn sweep(&mut self, now_us: u64, engine: &Engine) {
        if now_us < self.next_sweep_us && self.told.len() < self.sweep_len {
            return;
        }
        self.next_sweep_us = now_us + SWEEP_US;
        let outgoing = &mut self.outgoing;
        self.told.retain(|(from, by), told| {
            let remote = Remote::udp(*from);
            let held = engine.knows(remote).then(|| engine.holds(remote));
            if held != Some(*told) {
                outgoing[*by].notices.push(Notice { from: *from, held });
            }
            *told = held.unwrap_or_default();
            held.is_some()
        });
        self.sweep_len = 2 * self.told.len() + SWEEP_GROWTH;
        self.post();
    }
}

#[cfg(test)]
mod tests;
