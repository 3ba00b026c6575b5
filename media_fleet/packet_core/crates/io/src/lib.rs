//! The sockets of a media node, and the thread that serves them.
//!
//! [`Node`] is the handle: commands go in through a queue, events come out of another, each with an eventfd that wakes the other side. The thread
//! owns the [`parley_engine::Engine`] and shares nothing else, so no packet waits for a lock.
//!
//! `unsafe` is in [`syscalls`] alone.
#![deny(unsafe_code)]

mod batch;
mod clock;
mod node;
mod sockets;
pub mod syscalls;
mod tcp;
mod thread;

pub use batch::IoStats;
pub use clock::Clock;
pub use node::{Closed, Node};
pub use sockets::Listen;
