//! Whether somebody waits for a key frame of a layer, and when one has come.
//!
//! One has come when all of it has: from the packet that starts it to its last one, and, where the start was late, all that came between
//! it and the request as well. Its start alone ends nothing: what is lost from the frame may never be repaired, and nobody would ask again.

use crate::output::Now;
use crate::store::{PacketStore, Stored};

/// A key frame is asked for at most so often, however many subscribers want one: libwebrtc's encoder makes none more often either. While one is
/// on its way it is asked for again only if nothing more of it has come for so long.
pub(crate) const KEY_FRAME_INTERVAL_US: u64 = 300_000;

/// A key frame of which the start has come.
#[derive(Clone, Copy, Debug)]
struct Coming {
    start: u64,
    timestamp: u32,
    /// The first number that has not come yet.
    next: u64,
    /// All before `next` belongs to the frame.
    is_within: bool,
    progress_us: u64,
}

/// The key frames of one layer.
#[derive(Debug, Default)]
pub(crate) struct KeyFrames {
    /// The newest number when the last request for one came, while it is not met.
    wanted_since: Option<u64>,
    coming: Option<Coming>,
    last_request_us: Option<u64>,
    /// Starts that have come.
    pub started: u64,
    /// Requests to the publisher.
    pub requested: u64,
}

impl KeyFrames {
    /// Somebody needs a key frame that starts after now; `newest` is the number of the newest packet.
    pub(crate) fn want(&mut self, newest: u64) {
        self.wanted_since = Some(newest);
        // What has started before may be too late for who wants one now.
        self.coming = None;
    }

    /// Nobody needs one any more.
    pub(crate) fn cancel(&mut self) {
        self.wanted_since = None;
        self.coming = None;
    }

    /// The layer starts anew, with other numbers.
    pub(crate) fn restart(&mut self) {
        self.wanted_since = self.wanted_since.map(|_| 0);
        self.coming = None;
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted_since.is_some()
    }

    /// A packet of the layer has been stored.
    pub(crate) fn arrived(&mut self, stored: &Stored, store: &PacketStore, now: Now) {
        self.started += u64::from(stored.key_frame);
        let Some(wanted_since) = self.wanted_since else {
            return;
        };
        // Several packets of one frame may look like its start.
        let is_newer = self
            .coming
            .is_none_or(|coming| coming.timestamp != stored.timestamp && coming.start < stored.number);
        if stored.key_frame && is_newer {
            self.coming = Some(Coming {
                start: stored.number,
                timestamp: stored.timestamp,
                next: stored.number,
                is_within: true,
                progress_us: now.us,
            });
        }
        let Some(coming) = &mut self.coming else { return };
        while let Some(next) = store.get(coming.next) {
            coming.is_within &= next.timestamp == coming.timestamp;
            // The marker ends a frame (RFC 7741, section 4.1; RFC 6184, section 5.1).
            coming.is_within &= !next.marker;
            coming.next += 1;
            coming.progress_us = now.us;
        }
        if !coming.is_within && coming.next > wanted_since {
            self.cancel();
        }
    }

    /// Whether a key frame should be asked for now; if so, it counts as asked for.
    pub(crate) fn take_request(&mut self, now: Now) -> bool {
        let is_over = |since_us: u64| now.us >= since_us + KEY_FRAME_INTERVAL_US;
        let is_due = self.last_request_us.is_none_or(is_over);
        let is_coming = self.coming.is_some_and(|coming| !is_over(coming.progress_us));
        if !self.is_wanted() || !is_due || is_coming {
            return false;
        }
        self.last_request_us = Some(now.us);
        self.requested += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalability::Scalability;
    use crate::store::Incoming;
    use parley_wire::codec::Codec;

    /// A layer of VP8 frames of three packets: numbers 0 to 2 are frame 0, and so on.
    struct Film {
        store: PacketStore,
        key_frames: KeyFrames,
        key: u64,
    }

    impl Film {
        /// `key`: the frame that is a key frame.
        fn new(key: u64) -> Self {
            Self {
                store: PacketStore::new(64),
                key_frames: KeyFrames::default(),
                key,
            }
        }

        fn receive(&mut self, numbers: impl IntoIterator<Item = u64>, ms: u64) {
            for number in numbers {
                let (frame, place) = (number / 3, number % 3);
                let starts = u8::from(place == 0) << 4;
                let incoming = Incoming {
                    number,
                    timestamp: 3000 * frame as u32,
                    marker: place == 2,
                    extension_profile: 0,
                    extension_elements: &[],
                    payload: &[starts, u8::from(frame != self.key)],
                    sound: None,
                    red: None,
                    descriptor: None,
                };
                let stored = self.store.insert(Codec::Vp8, &Scalability::default(), &incoming);
                self.key_frames.arrived(&stored.unwrap(), &self.store, at(ms));
            }
        }
    }

    fn at(ms: u64) -> Now {
        Now {
            us: ms * 1000,
            ntp: 0,
        }
    }

    #[test]
    fn key_frames_are_asked_for_at_most_every_interval() {
        let mut key_frames = KeyFrames::default();
        assert!(!key_frames.take_request(at(0)), "nobody wants one");
        key_frames.want(0);
        assert!(key_frames.take_request(at(1)));
        assert!(!key_frames.take_request(at(300)));
        assert!(key_frames.take_request(at(301)));
        key_frames.cancel();
        assert!(!key_frames.take_request(at(10_000)));
        assert_eq!(key_frames.requested, 2);
    }

    #[test]
    fn a_key_frame_has_come_with_its_last_packet() {
        let mut film = Film::new(2);
        film.receive(0..5, 0);
        film.key_frames.want(4);
        film.receive(5..8, 10);
        assert!(film.key_frames.is_wanted());
        film.receive(8..9, 20);
        assert!(!film.key_frames.is_wanted());
        assert_eq!(film.key_frames.started, 1);
    }

    #[test]
    fn a_key_frame_with_a_hole_has_not_come_until_the_hole_is_filled() {
        let mut film = Film::new(1);
        film.receive(0..3, 0);
        film.key_frames.want(2);
        film.receive([3, 5, 6, 7, 8], 10);
        assert!(film.key_frames.is_wanted(), "4 is missing");
        film.receive([4], 50);
        assert!(!film.key_frames.is_wanted());
    }

    #[test]
    fn a_late_start_repairs_nothing_that_was_lost_after_it() {
        let mut film = Film::new(1);
        film.receive([0, 1, 2, 4, 5, 6, 8], 0);
        film.key_frames.want(8);
        film.receive([3], 10);
        assert!(
            film.key_frames.is_wanted(),
            "7 was lost, and is not of the key frame"
        );
        film.receive([7], 20);
        assert!(!film.key_frames.is_wanted());
    }

    #[test]
    fn while_a_key_frame_is_coming_none_is_asked_for() {
        let mut film = Film::new(0);
        film.key_frames.want(0);
        assert!(film.key_frames.take_request(at(0)));
        film.receive([0], 250);
        assert!(!film.key_frames.take_request(at(400)));
        film.receive([1], 500);
        assert!(!film.key_frames.take_request(at(799)));
        assert!(film.key_frames.take_request(at(800)), "its end does not come");
    }

    #[test]
    fn a_key_frame_that_had_started_before_is_too_late_for_who_wants_one_now() {
        let mut film = Film::new(0);
        film.receive([0, 1], 0);
        film.key_frames.want(1);
        film.receive([2], 10);
        assert!(film.key_frames.is_wanted());
        assert!(film.key_frames.take_request(at(10)));
    }

    #[test]
    fn a_layer_that_starts_anew_still_owes_the_key_frame() {
        let mut film = Film::new(1);
        film.receive(0..2, 0);
        film.key_frames.want(50);
        film.store.clear();
        film.key_frames.restart();
        film.receive(3..6, 10);
        assert!(!film.key_frames.is_wanted());
    }
}
