//! One ICE and DTLS association: where it is, its keys, the SSRCs it sends, what feedback it is owed.

use std::collections::VecDeque;

use parley_wire::extensions::ExtensionMap;
use parley_wire::round_trip::RoundTrip;
use parley_wire::rtcp::transport_cc::Recorder;
use parley_wire::srtp::{ReceiveContext, SendContext, SrtpError};

use crate::bandwidth::Bandwidth;
use crate::command::{Credentials, Keys};
use crate::link::Link;
use crate::spent::Spent;
use crate::stats::TransportStats;
use crate::{Id, IdMap, Remote};

/// A transport may send so many SSRCs; more are dropped until some are gone.
pub(crate) const MAX_SOURCES: usize = 64;
/// So many addresses of one transport are known at once.
pub(crate) const MAX_ADDRESSES: usize = 8;
/// So many SSRCs that a publisher has left are remembered, so that late or replayed packets of theirs do not bring them back.
const MAX_RETIRED: usize = 16;

/// What an SSRC that a transport sends is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub track: Id,
    pub layer: usize,
    pub is_rtx: bool,
}

/// See the module.
pub(crate) struct Transport {
    /// Where it goes to another node.
    pub link: Option<Link>,
    pub credentials: Credentials,
    /// From a restart, until a check with them is nominated.
    pub next_credentials: Option<Credentials>,
    /// Where datagrams are sent.
    pub address: Option<Remote>,
    /// Where authentic checks came from, and until when each allows to send there (RFC 7675); the latest last.
    pub addresses: Vec<(Remote, u64)>,
    pub nominated: bool,
    pub lost: bool,
    /// When all of its ways that have been told of would have been told of, at the pace at which they may be.
    pub news_us: u64,
    /// Without another check it is lost then.
    pub consent_until_us: u64,
    /// Datagrams that came from it, and their bytes.
    pub packets_received: u64,
    pub bytes_received: u64,
    pub send: Option<SendContext>,
    pub receive: Option<ReceiveContext>,
    pub sources: IdMap<Source>,
    /// SSRCs that other ones have taken the place of, the latest last.
    retired: VecDeque<u32>,
    /// Subscription by the SSRC that we send.
    pub sinks: IdMap<Id>,
    /// The packet indices of subscriptions that are gone.
    pub spent: Spent,
    pub tracks: Vec<Id>,
    pub subscriptions: Vec<Id>,
    /// Extension ids of what it sends: the same on all m-lines of a bundle (RFC 8843, section 9.2).
    pub extensions: ExtensionMap,
    pub wants_transport_cc: bool,
    pub recorder: Recorder,
    /// An SSRC to name in transport-wide feedback.
    pub last_ssrc: u32,
    pub next_feedback_us: u64,
    pub next_report_us: u64,
    /// The next transport-wide sequence number that we send.
    pub transport_sequence: u16,
    /// How long what it is asked for takes to come.
    pub round_trip: RoundTrip,
    /// Of the path to it, from its transport-wide feedback. Only where something is sent.
    pub bandwidth: Option<Box<Bandwidth>>,
}

impl Transport {
    /// Where media goes; None while it cannot be sent.
    pub(crate) fn destination(&self) -> Option<Remote> {
        self.address.filter(|_| self.send.is_some() && !self.lost)
    }

    pub(crate) fn new(credentials: Credentials, consent_until_us: u64) -> Self {
        Self {
            link: None,
            credentials,
            next_credentials: None,
            address: None,
            addresses: Vec::new(),
            nominated: false,
            lost: false,
            news_us: 0,
            consent_until_us,
            packets_received: 0,
            bytes_received: 0,
            send: None,
            receive: None,
            sources: IdMap::default(),
            retired: VecDeque::new(),
            sinks: IdMap::default(),
            spent: Spent::default(),
            tracks: Vec::new(),
            subscriptions: Vec::new(),
            extensions: ExtensionMap::default(),
            wants_transport_cc: false,
            recorder: Recorder::default(),
            last_ssrc: 0,
            next_feedback_us: 0,
            next_report_us: 0,
            transport_sequence: 0,
            round_trip: RoundTrip::default(),
            bandwidth: None,
        }
    }

    /// A datagram has come from it.
    pub(crate) fn received(&mut self, octets: usize) {
        self.packets_received += 1;
        self.bytes_received += octets as u64;
    }

    pub(crate) fn stats(&self) -> TransportStats {
        TransportStats {
            remote: self.address,
            packets_received: self.packets_received,
            bytes_received: self.bytes_received,
            ..self
                .bandwidth
                .as_ref()
                .map_or_else(TransportStats::default, |bandwidth| bandwidth.stats())
        }
    }

    /// Takes keys into use; on wrong lengths nothing changes.
    pub(crate) fn set_keys(&mut self, keys: &Keys) -> Result<(), SrtpError> {
        let receive = ReceiveContext::new(keys.profile, &keys.receive_key, &keys.receive_salt)?;
        self.send = Some(SendContext::new(keys.profile, &keys.send_key, &keys.send_salt)?);
        self.receive = Some(receive);
        Ok(())
    }

    /// An SSRC is sent no more, another has taken its place.
    pub(crate) fn retire(&mut self, ssrc: u32) {
        self.sources.remove(&ssrc);
        self.retired.push_back(ssrc);
        if self.retired.len() > MAX_RETIRED
            && let (Some(oldest), Some(receive)) = (self.retired.pop_front(), self.receive.as_mut())
        {
            receive.forget(oldest);
        }
    }

    pub(crate) fn is_retired(&self, ssrc: u32) -> bool {
        self.retired.contains(&ssrc)
    }

    /// Forgets the SSRCs of a track.
    pub(crate) fn forget_track(&mut self, track: Id) {
        self.tracks.retain(|id| *id != track);
        let receive = &mut self.receive;
        self.sources.retain(|ssrc, source| {
            let keep = source.track != track;
            if let (false, Some(receive)) = (keep, receive.as_mut()) {
                receive.forget(*ssrc);
            }
            keep
        });
    }
}
