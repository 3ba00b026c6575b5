//! What the engine tells the control plane.

use crate::{Id, Remote};

/// See `packet_core.pyi` for when each is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A DTLS datagram, from an address that has passed a check.
    DtlsReceived {
        /// Whose.
        transport: Id,
        /// The datagram.
        data: Vec<u8>,
    },
    /// A message of another node, over the link with it.
    NodeDataReceived {
        /// Which link.
        transport: Id,
        /// The message.
        data: Vec<u8>,
    },
    /// The transport has an address, or another one; not all of them where they change all the time.
    TransportConnected {
        /// Which.
        transport: Id,
        /// Where it is.
        remote: Remote,
    },
    /// No authentic check for the consent time-out.
    TransportLost {
        /// Which.
        transport: Id,
    },
    /// A layer is being sent.
    LayerStarted {
        /// The track.
        track: Id,
        /// Index into the track's rids.
        layer: usize,
    },
    /// The path to a subscriber does not carry a picture any more, or does again.
    SubscriptionStarved {
        /// Which.
        subscription: Id,
        /// It gets nothing for now.
        starved: bool,
    },
    /// Of what the publisher sends, another part is of use than before.
    LayersWanted {
        /// The track.
        track: Id,
        /// So many of its layers, from the lowest up.
        layers: usize,
    },
    /// Somebody needs the smaller picture that the node could make of a track, or nobody does any more.
    LayerNeeded {
        /// The track.
        track: Id,
        /// Somebody does.
        needed: bool,
    },
    /// Others speak in a group than before, or in another order.
    SpeakersChanged {
        /// Which.
        group: Id,
        /// Whose, the loudest first.
        tracks: Vec<Id>,
    },
    /// Nobody waits any more to go over from a track to the one that has taken its place.
    TrackSucceeded {
        /// The former one.
        track: Id,
    },
    /// A layer is sent no more.
    LayerStopped {
        /// The track.
        track: Id,
        /// Index into the track's rids.
        layer: usize,
    },
}
