//! Packets on the wire, and nothing else: no sockets, no clock, no allocation where packets flow.
//!
//! | Module | What it reads and writes |
//! |---|---|
//! | [`demux`] | which protocol a datagram is (RFC 7983, RFC 5761) |
//! | [`stun`] | Binding requests and answers (RFC 8489, RFC 8445) |
//! | [`rtp`] | RTP headers (RFC 3550) and header extension blocks (RFC 8285) |
//! | [`extensions`] | the header extensions that Parley knows, their ids and values |
//! | [`dependency_descriptor`] | layers of frames and what they need (AV1 RTP payload specification, appendix A) |
//! | [`rtcp`] | RTCP (RFC 3550, RFC 4585, RFC 5104), transport-wide feedback |
//! | [`srtp`] | SRTP and SRTCP (RFC 3711, RFC 7714) |
//! | [`codec`] | what a payload descriptor says of its frame |
//! | [`red`] | sound with copies of what came before it (RFC 2198) |
//! | [`sequence`] | 16-bit numbers that wrap |
//! | [`nack`] | which packets are missing, and when to ask for them |
//! | [`round_trip`] | how long to wait for an answer (RFC 6298) |
//!
//! Input comes from anyone: every parser takes any bytes and answers a value or a typed error.
#![forbid(unsafe_code)]

pub mod codec;
pub mod demux;
pub mod dependency_descriptor;
pub mod extensions;
pub mod nack;
pub mod red;
pub mod round_trip;
pub mod rtcp;
pub mod rtp;
pub mod sequence;
pub mod srtp;
pub mod stun;

mod bits;
mod bytes;
