//! The sockets of a media node, and the threads that serve them.
//!
//! [`Node`] is the handle: commands go in through a queue, events come out of another, each with an eventfd that wakes the other side. Each thread
//! owns an [`parley_engine::Engine`] and sockets of its own on the node's port; what the kernel gives to the wrong thread, threads hand each
//! other in batches (`exchange`, `mail`). Where there is one thread there is nothing of that.
//!
//! `unsafe` is in [`syscalls`] alone.
#![deny(unsafe_code)]

mod batch;
#[cfg(test)]
mod checks;
mod clock;
mod exchange;
mod link_header;
mod mail;
mod node;
mod sockets;
pub mod syscalls;
mod tcp;
mod thread;
mod worker;

pub use batch::IoStats;
pub use clock::Clock;
pub use exchange::{MAX_THREADS, thread_of, ufrag_start};
pub use node::Node;
pub use sockets::Listen;
pub use worker::NoAnswer;
