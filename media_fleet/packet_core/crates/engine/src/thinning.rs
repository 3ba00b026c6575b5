//! What one subscriber gets of an encoding: the frames of the layers that it has room for and can decode, with numbers that have no gap.

use std::collections::VecDeque;

use parley_wire::dependency_descriptor::{Indication, OperatingPoint};

use crate::layer::{MAX_RECENTLY_DROPPED, Numbering};
use crate::scalability::{ALL_LAYERS, Described, Scalability, Target};
use crate::store::Stored;

/// What is sent within the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// What one decode target needs: for who decodes it.
    OneTarget,
    /// All spatial layers up to the limit's, with all their pictures: for another node, which chooses among them.
    AllSizes,
}

/// Where a packet stands once frames were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The layer's number, less the packets that were left out before it.
    pub number: u64,
    /// How many frames were left out before it.
    pub pictures: u16,
    /// Nothing more of its picture is sent: what the marker says.
    pub ends_picture: bool,
    /// The decode targets that are left, where the receiver has to be told.
    pub active_targets: Option<u32>,
}

impl Place {
    /// Where nothing is left out.
    pub(crate) fn whole(stored: &Stored) -> Self {
        Self {
            number: stored.number,
            pictures: 0,
            ends_picture: stored.marker,
            active_targets: None,
        }
    }
}

/// The frames that were sent lately, by their frame numbers.
#[derive(Debug, Default)]
struct Forwarded {
    newest: u16,
    /// Bit `n`: the frame that is `n` frames before the newest.
    bits: u64,
}

impl Forwarded {
    fn insert(&mut self, number: u16) {
        let ahead = number.wrapping_sub(self.newest);
        if ahead < 1 << 15 {
            self.bits = self.bits.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
            self.newest = number;
        } else {
            self.bits |= 1u64.checked_shl(u32::from(ahead.wrapping_neg())).unwrap_or(0);
        }
    }

    /// Whether all frames that a newer one needs were sent; `needs` as [`parley_wire::dependency_descriptor::Frame::needs`].
    fn has(&self, number: u16, needs: u64) -> bool {
        let ahead = u32::from(number.wrapping_sub(self.newest));
        let sent = ahead
            .checked_sub(1)
            .and_then(|shift| self.bits.checked_shl(shift));
        sent.unwrap_or(0) & needs == needs
    }
}

/// Leaves out what one subscriber does not get of an encoding. Made anew at each switch.
#[derive(Debug, Default)]
pub(crate) struct Thinning {
    numbering: Numbering,
    pictures: u16,
    /// The first packets of frames that were left out lately.
    recent: VecDeque<u64>,
    /// The layers up to these are sent, and can be decoded.
    point: Option<OperatingPoint>,
    /// The newest frame: timestamp and spatial layer.
    frame: Option<(u32, u8)>,
    is_sent: bool,
    /// The timestamp of the newest picture of which something is sent.
    picture: Option<u32>,
    forwarded: Forwarded,
    /// The receiver has not been told yet which decode targets are left.
    owes_targets: bool,
}

impl Thinning {
    /// Takes up a packet; None if it is left out. `limit`: the highest layers that are wanted.
    pub(crate) fn place(
        &mut self,
        stored: &Stored,
        scalability: &Scalability,
        limit: OperatingPoint,
        choice: Choice,
    ) -> Option<Place> {
        // What was overtaken has left a hole that nothing else can fill.
        let is_newest = self.numbering.is_newest(stored.number);
        let is_sent = !is_newest || self.sends(stored, scalability, limit, choice);
        let number = self.numbering.number(stored.number, !is_sent)?;
        let later = self
            .recent
            .iter()
            .rev()
            .take_while(|first| **first > stored.number);
        let point = self.point.unwrap_or(ALL_LAYERS);
        Some(Place {
            number,
            pictures: self.pictures.wrapping_sub(later.count() as u16),
            ends_picture: stored.marker || stored.ends_frame && stored.spatial == point.spatial,
            active_targets: stored
                .described
                .and_then(|described| self.targets_to_tell(&described, scalability, point)),
        })
    }

    /// How many packets were left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.numbering.dropped()
    }

    /// What is sent.
    pub(crate) fn point(&self) -> Option<OperatingPoint> {
        self.point
    }

    /// Whether only a key frame brings the subscriber what it is to get.
    pub(crate) fn waits(&self, scalability: &Scalability, limit: OperatingPoint, choice: Choice) -> bool {
        let Some(has) = self.point else { return false };
        let lacks_size = limit.spatial.min(scalability.highest_spatial()) > has.spatial;
        if choice == Choice::AllSizes {
            return lacks_size || limit.spatial < has.spatial && !can_go_down(scalability, has, limit);
        }
        match (scalability.best_target(limit), scalability.target_at(has)) {
            (Some(wanted), has_now) => {
                wanted.point.spatial != has.spatial
                    && !has_now.is_some_and(|has| scalability.is_within(wanted, has))
            }
            (None, _) => lacks_size,
        }
    }

    /// Whether the frame of the newest packet is sent.
    fn sends(
        &mut self,
        stored: &Stored,
        scalability: &Scalability,
        limit: OperatingPoint,
        choice: Choice,
    ) -> bool {
        let frame = (stored.timestamp, stored.spatial);
        if self.frame == Some(frame) {
            return self.is_sent;
        }
        let starts_picture = self.picture != Some(stored.timestamp);
        self.is_sent = match &stored.described {
            _ if choice == Choice::AllSizes => {
                self.decide_by_size(stored, starts_picture, scalability, limit)
            }
            Some(described) => self.decide_by_descriptor(described, starts_picture, scalability, limit),
            // Its structure has not come yet.
            None if scalability.is_described() => true,
            None => self.decide_by_payload(stored, starts_picture, scalability, limit),
        };
        self.frame = Some(frame);
        if self.is_sent {
            self.picture = Some(stored.timestamp);
        } else {
            self.leave_out_frame(stored.number);
        }
        self.is_sent
    }

    /// By what the dependency descriptor says: exactly.
    fn decide_by_descriptor(
        &mut self,
        described: &Described,
        starts_picture: bool,
        scalability: &Scalability,
        limit: OperatingPoint,
    ) -> bool {
        let frame = &described.frame;
        if !scalability.knows(described) {
            // From before a key frame that is here already: the next frames are its.
            return true;
        }
        self.change_point(described, starts_picture, scalability, limit);
        let has = self.point.and_then(|point| scalability.target_at(point));
        let is_sent = has.is_none_or(|has| frame.indication(has.index) != Indication::NotPresent);
        if is_sent {
            self.forwarded.insert(frame.number);
        }
        is_sent
    }

    /// Goes to the layers that are wanted, or as near to them as this picture allows.
    fn change_point(
        &mut self,
        described: &Described,
        starts_picture: bool,
        scalability: &Scalability,
        limit: OperatingPoint,
    ) {
        let Some(wanted) = scalability.best_target(limit) else {
            return;
        };
        if self.point == Some(wanted.point) {
            return;
        }
        let has = self.point.and_then(|point| scalability.target_at(point));
        let same_size = self.point.and_then(|point| {
            scalability.best_target(OperatingPoint {
                spatial: point.spatial,
                ..limit
            })
        });
        for target in [Some(wanted), same_size].into_iter().flatten() {
            if has == Some(target) {
                return;
            }
            // Within a picture only what leaves its last layer the last one.
            let is_same_size = has.is_some_and(|has| has.point.spatial == target.point.spatial);
            let is_less = has.is_some_and(|has| scalability.is_within(target, has));
            if starts_picture && is_less || (starts_picture || is_same_size) && self.opens(target, described)
            {
                self.point = Some(target.point);
                self.owes_targets = true;
                return;
            }
        }
    }

    /// Whether who gets this frame, and got what was sent before it, can go on with a decode target.
    fn opens(&self, target: Target, described: &Described) -> bool {
        let frame = &described.frame;
        frame.indication(target.index) == Indication::Switch && self.forwarded.has(frame.number, frame.needs)
    }

    /// The decode targets that are left, if the packet is one that should say so.
    fn targets_to_tell(
        &mut self,
        described: &Described,
        scalability: &Scalability,
        point: OperatingPoint,
    ) -> Option<u32> {
        let frame = &described.frame;
        if frame.active_targets.is_none() && !(self.owes_targets && frame.starts)
            || !scalability.knows(described)
        {
            return None;
        }
        self.owes_targets = false;
        let left = scalability.targets_within(point);
        (frame.active_targets != Some(left)).then_some(left)
    }

    /// By what VP8's and VP9's own descriptors say: spatial layers need all that are below them, and come with a key frame.
    fn decide_by_payload(
        &mut self,
        stored: &Stored,
        starts_picture: bool,
        scalability: &Scalability,
        limit: OperatingPoint,
    ) -> bool {
        let Some(temporal) = stored.temporal.filter(|_| !stored.key_frame) else {
            self.point = Some(limit);
            return true;
        };
        let mut point = self.point.unwrap_or(limit);
        if starts_picture {
            let sent = limit.spatial.min(scalability.highest_spatial());
            point.spatial = point.spatial.min(sent);
        }
        let level = point.temporal.min(limit.temporal);
        let joins = temporal.joins && temporal.layer <= limit.temporal;
        let is_sent = temporal.layer <= level || joins;
        point.temporal = if is_sent && temporal.opens {
            limit.temporal
        } else if joins {
            level.max(temporal.layer)
        } else {
            level
        };
        self.point = Some(point);
        is_sent && stored.spatial <= point.spatial
    }

    /// More sizes come with a key frame. Fewer with any picture if those who got the largest one can go on with what is left.
    fn decide_by_size(
        &mut self,
        stored: &Stored,
        starts_picture: bool,
        scalability: &Scalability,
        limit: OperatingPoint,
    ) -> bool {
        let before = self.point;
        let keeps = before.filter(|has| {
            let goes_down =
                limit.spatial < has.spatial && starts_picture && can_go_down(scalability, *has, limit);
            !stored.key_frame && !goes_down
        });
        let point = keeps.unwrap_or(OperatingPoint {
            spatial: limit.spatial,
            ..ALL_LAYERS
        });
        self.owes_targets |= before != Some(point);
        self.point = Some(point);
        stored.spatial <= point.spatial
    }

    fn leave_out_frame(&mut self, first: u64) {
        self.pictures = self.pictures.wrapping_add(1);
        self.recent.push_back(first);
        if self.recent.len() > MAX_RECENTLY_DROPPED {
            self.recent.pop_front();
        }
    }
}

/// Whether who decodes the largest size up to `has` can go on with that up to `limit` at any picture.
fn can_go_down(scalability: &Scalability, has: OperatingPoint, limit: OperatingPoint) -> bool {
    let largest = |up_to: OperatingPoint| {
        scalability.best_target(OperatingPoint {
            spatial: up_to.spatial,
            ..ALL_LAYERS
        })
    };
    match (largest(limit), largest(has)) {
        (Some(left), Some(had)) => left == had || scalability.is_within(left, had),
        // By payloads alone: each size needs those below it.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::picture;

    fn up_to(temporal: u8) -> OperatingPoint {
        OperatingPoint { spatial: 0, temporal }
    }

    fn place(thinning: &mut Thinning, stored: &Stored, limit: u8) -> Option<Place> {
        thinning.place(stored, &Scalability::default(), up_to(limit), Choice::OneTarget)
    }

    fn sent(thinning: &mut Thinning, pictures: &[Stored], limit: u8) -> Vec<u64> {
        let taken = pictures
            .iter()
            .filter_map(|stored| place(thinning, stored, limit));
        taken.map(|place| place.number).collect()
    }

    #[test]
    fn upper_layers_are_left_out_without_a_gap() {
        let mut thinning = Thinning::default();
        let pictures: Vec<Stored> = (10..18)
            .map(|n| picture(n, (n % 2) as u8, false, false))
            .collect();
        assert_eq!(sent(&mut thinning, &pictures, 0), [10, 11, 12, 13]);
        assert_eq!(thinning.left_out(), 4);
        let place = place(&mut thinning, &picture(18, 0, false, false), 0).unwrap();
        assert_eq!((place.number, place.pictures), (14, 4));
    }

    #[test]
    fn they_come_back_where_they_can_be_decoded() {
        let mut thinning = Thinning::default();
        let steps = [
            (
                vec![picture(1, 0, false, false), picture(2, 1, false, false)],
                0,
                vec![1],
            ),
            // Wanted again, but these depend on pictures that were left out.
            (
                vec![picture(3, 1, false, false), picture(4, 0, false, false)],
                u8::MAX,
                vec![2],
            ),
            (
                vec![picture(5, 1, true, false), picture(6, 1, false, false)],
                u8::MAX,
                vec![3, 4],
            ),
            // Joining was for layer 1.
            (vec![picture(7, 2, false, false)], u8::MAX, vec![]),
            (
                vec![picture(8, 0, false, true), picture(9, 2, false, false)],
                u8::MAX,
                vec![5, 6],
            ),
        ];
        for (pictures, limit, numbers) in steps {
            assert_eq!(sent(&mut thinning, &pictures, limit), numbers);
        }
    }

    #[test]
    fn what_was_overtaken_keeps_its_place() {
        let mut thinning = Thinning::default();
        let first = [picture(1, 0, false, false), picture(2, 1, false, false)];
        assert_eq!(sent(&mut thinning, &first, 0), [1]);
        assert_eq!(sent(&mut thinning, &[picture(5, 0, false, false)], 0), [4]);
        let late = place(&mut thinning, &picture(3, 1, false, false), 0).unwrap();
        assert_eq!(
            (late.number, late.pictures),
            (2, 1),
            "sent, since nothing else fills its place"
        );
        let later = place(&mut thinning, &picture(4, 0, false, false), 0).unwrap();
        assert_eq!((later.number, later.pictures), (3, 1));
        let early = place(&mut Thinning::default(), &picture(1, 1, false, false), u8::MAX).unwrap();
        assert_eq!((early.number, early.pictures), (1, 0));
    }

    #[test]
    fn a_layer_below_ends_the_picture_for_who_gets_no_more() {
        let spatial = |number: u64, spatial: u8, marker: bool| {
            let mut stored = picture(number, 0, false, false);
            (stored.timestamp, stored.marker, stored.key_frame) = (1, marker, number == 1);
            stored.spatial = spatial;
            stored
        };
        let layers = [spatial(1, 0, false), spatial(2, 1, false), spatial(3, 2, true)];
        let limits = [(0, vec![1]), (1, vec![1, 2]), (2, vec![1, 2, 3])];
        let choices = [Choice::OneTarget, Choice::AllSizes];
        for (choice, (limit, numbers)) in choices
            .into_iter()
            .flat_map(|choice| limits.clone().map(|limited| (choice, limited)))
        {
            let mut thinning = Thinning::default();
            let point = OperatingPoint {
                spatial: limit,
                temporal: u8::MAX,
            };
            let places: Vec<Place> = layers
                .iter()
                .filter_map(|stored| thinning.place(stored, &Scalability::default(), point, choice))
                .collect();
            assert_eq!(
                places.iter().map(|place| place.number).collect::<Vec<_>>(),
                numbers
            );
            let ends: Vec<bool> = places.iter().map(|place| place.ends_picture).collect();
            assert_eq!(ends.iter().filter(|ends| **ends).count(), 1);
            assert_eq!(ends.last(), Some(&true));
        }
    }

    #[test]
    fn what_a_frame_needs_is_looked_for_among_those_sent() {
        let mut forwarded = Forwarded::default();
        for number in [65_534u16, 65_535, 1] {
            forwarded.insert(number);
        }
        let needs = |frames_back: &[u32]| frames_back.iter().fold(0u64, |bits, back| bits | 1 << (back - 1));
        assert!(forwarded.has(2, needs(&[1, 3, 4])) && forwarded.has(2, 0));
        assert!(!forwarded.has(2, needs(&[2])), "0 was left out");
        assert!(!forwarded.has(3, needs(&[1])), "2 has not been sent");
        forwarded.insert(0);
        assert!(forwarded.has(2, needs(&[1, 2, 3, 4])), "late");
        assert!(!forwarded.has(2, u64::MAX) && !forwarded.has(900, needs(&[64])));
    }
}
