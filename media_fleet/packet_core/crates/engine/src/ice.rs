//! STUN checks, as an ICE-lite agent answers them (RFC 8445, sections 2.5 and 7.3).

use parley_wire::stun::{self, BindingRequest};

use crate::engine::Engine;
use crate::event::Event;
use crate::output::{Now, Output};
use crate::transport::MAX_ADDRESSES;
use crate::{Credentials, Id, Remote};

/// Role conflict (RFC 8445, section 7.3.1.1): a lite agent is never the controlling one.
const ROLE_CONFLICT: u16 = 487;
/// A client whose connection has been closed has so long to make another one: libwebrtc does at once, and some more for the network.
const RECONNECT_US: u64 = 3_000_000;
/// A client that nominates now one way and now another is followed each time, and told of so often and no oftener: an event costs the control
/// plane more than a check costs the client.
const NEWS_US: u64 = 1_000_000;
/// Besides so many at once.
const NEWS_AT_ONCE: u64 = 8;

impl Engine {
    pub(crate) fn handle_stun(&mut self, now: Now, from: Remote, message: &[u8], out: &mut impl Output) {
        let Ok(request) = BindingRequest::parse(message) else {
            self.stats.dropped_malformed += 1;
            return;
        };
        let Some(&id) = self.by_ufrag.get(request.local_ufrag()) else {
            self.stats.dropped_unknown_address += 1;
            return;
        };
        let Some(transport) = self.transports.get(&id) else {
            return;
        };
        let is_current = transport.credentials.ufrag.as_bytes() == request.local_ufrag();
        let credentials = if is_current {
            Some(&transport.credentials)
        } else {
            transport.next_credentials.as_ref()
        };
        let Some(password) = credentials.map(|credentials| credentials.pwd.as_bytes()) else {
            return;
        };
        if !request.has_integrity(password) {
            self.stats.dropped_stun_integrity += 1;
            return;
        }
        if self.is_held_by_another(from, id) {
            self.stats.dropped_unknown_address += 1;
            return;
        }
        let room = out.buffer(stun::MAX_RESPONSE_LEN);
        let id_of_request = &request.transaction_id;
        let unknown = request.unknown_attributes();
        let is_accepted = unknown.is_empty() && !request.controlled;
        let len = if is_accepted {
            stun::write_success(room, id_of_request, from.address(), password)
        } else if unknown.is_empty() {
            stun::write_error(room, id_of_request, ROLE_CONFLICT, password)
        } else {
            stun::write_unknown_attributes(room, id_of_request, unknown, password)
        };
        out.send(from, len);
        self.stats.stun_answered += 1;
        if let Some(transport) = self.transports.get_mut(&id) {
            transport.received(message.len());
        }
        if is_accepted {
            self.accept_check(now, id, from, request.use_candidate, is_current, out);
        }
    }

    /// Whether an address is where another transport is, as far as anybody knows.
    ///
    /// Whoever has credentials can send authentic checks from a forged source, and would have the datagrams of whoever is there taken for
    /// theirs. A transport that has been lost (RFC 7675, section 5.1) holds no address: a NAT may have given it to somebody else.
    fn is_held_by_another(&self, from: Remote, id: Id) -> bool {
        self.by_address.get(&from).is_some_and(|owner| *owner != id) && self.holds(from)
    }

    /// Whether a remote is where a transport is that has not been lost: nobody else may have it.
    #[must_use]
    pub fn holds(&self, remote: Remote) -> bool {
        let owner = self.by_address.get(&remote);
        let owner = owner.and_then(|owner| self.transports.get(owner));
        owner.is_some_and(|owner| !owner.lost && owner.address == Some(remote))
    }

    /// How many authentic checks have come: it grows with a datagram that is one, and with no other.
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.stats.stun_answered
    }

    fn accept_check(
        &mut self,
        now: Now,
        id: Id,
        from: Remote,
        nominated: bool,
        is_current: bool,
        out: &mut impl Output,
    ) {
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        let consent_until_us = now.us + self.config.consent_timeout_us;
        transport.consent_until_us = consent_until_us;
        transport.addresses.retain(|(address, _)| *address != from);
        transport.addresses.push((from, consent_until_us));
        if transport.addresses.len() > MAX_ADDRESSES {
            let (forgotten, _) = transport.addresses.remove(0);
            if self.by_address.get(&forgotten) == Some(&id) {
                self.by_address.remove(&forgotten);
            }
        }
        // Each time: another transport may have had the address meanwhile, as one of several, or while this one was lost.
        self.by_address.insert(from, id);
        // Before the first nomination DTLS may start on any pair that works.
        if transport.address.is_none() {
            transport.address = Some(from);
        }
        // Some agents say nominated once only, and their consent checks (RFC 7675) say it no more.
        let is_back = transport.nominated && transport.lost && transport.address == Some(from);
        if !nominated && !is_back {
            return;
        }
        if nominated
            && !is_current
            && let Some(next) = transport.next_credentials.take()
        {
            self.by_ufrag.remove(transport.credentials.ufrag.as_bytes());
            transport.credentials = next;
        }
        let is_connected = !transport.nominated || transport.lost;
        let news_us = transport.news_us.max(now.us);
        let goes_elsewhere = transport.address != Some(from) && news_us < now.us + NEWS_AT_ONCE * NEWS_US;
        transport.nominated = true;
        transport.lost = false;
        transport.address = Some(from);
        if is_connected || goes_elsewhere {
            transport.news_us = news_us + NEWS_US;
            out.event(Event::TransportConnected {
                transport: id,
                remote: from,
            });
        }
    }

    pub(crate) fn restart_ice(&mut self, id: Id, credentials: Credentials) -> bool {
        let is_taken = self.by_ufrag.contains_key(credentials.ufrag.as_bytes());
        let Some(transport) = self
            .transports
            .get_mut(&id)
            .filter(|t| !is_taken && t.link.is_none())
        else {
            return false;
        };
        if let Some(unused) = transport.next_credentials.take() {
            self.by_ufrag.remove(unused.ufrag.as_bytes());
        }
        self.by_ufrag.insert(credentials.ufrag.as_bytes().into(), id);
        transport.next_credentials = Some(credentials);
        true
    }

    /// Whether the last authentic check from a remote was a transport's that is still there, and still knows it.
    #[must_use]
    pub fn knows(&self, remote: Remote) -> bool {
        self.by_address.contains_key(&remote)
    }

    /// A connection has been closed: what went there goes by another way that has consent, or nowhere until a check comes, or the transport is lost.
    pub fn connection_closed(&mut self, now: Now, closed: Remote, out: &mut impl Output) {
        let Some(id) = self.by_address.remove(&closed) else {
            return;
        };
        let Some(transport) = self.transports.get_mut(&id) else {
            return;
        };
        transport.addresses.retain(|(address, _)| *address != closed);
        if transport.address != Some(closed) {
            return;
        }
        let others = transport.addresses.iter().rev();
        let other = others
            .filter(|(other, until_us)| now.us < *until_us && self.by_address.get(other) == Some(&id))
            .map(|(other, _)| *other)
            .next();
        transport.address = other;
        match other {
            Some(remote) if transport.nominated && !transport.lost => {
                out.event(Event::TransportConnected {
                    transport: id,
                    remote,
                });
            }
            Some(_) => {}
            None => transport.consent_until_us = transport.consent_until_us.min(now.us + RECONNECT_US),
        }
    }

    /// Tells of transports that no check has come for.
    pub(crate) fn check_consent(&mut self, now: Now, out: &mut impl Output) {
        for (id, transport) in &mut self.transports {
            if !transport.lost && now.us >= transport.consent_until_us {
                transport.lost = true;
                out.event(Event::TransportLost { transport: *id });
            }
        }
    }
}
