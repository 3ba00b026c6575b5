//! Which sound is forwarded: what is not silence, and of those who could be heard together so many at the most.
//!
//! Whoever makes a sound takes a free place with that very packet, so that no first syllable is lost. Where all places are taken, somebody
//! loud takes that of one who has only been quiet for a while, and of those who all speak nobody gives way but to a clearly louder one. Who
//! says no levels cannot be compared and is forwarded always; what a screen plays is in no group and takes no place.
//!
//! What is left out leaves no gap in the numbers that subscribers see, so that no receiver takes it for loss.

use parley_wire::codec::Codec;
use parley_wire::extensions::{Extension, Values};
use parley_wire::rtp::{Elements, Header};

use crate::Id;
use crate::engine::Engine;
use crate::layer::Numbering;
use crate::output::Now;
use crate::speakers::{HOLD_US, MARGIN, SPEECH, Voice, loudness};

/// Silence goes on for so long after a sound: a decoder that is left alone goes on from what it had last.
const ENDING_US: u64 = 200_000;
/// Frames of Opus that are no longer have nothing in them (RFC 6716, section 3.1): discontinuous transmission. Encrypted ones are longer.
const NOTHING: usize = 2;

/// What becomes of a packet of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Heard,
    Silent,
    /// All places are taken by others.
    Surplus,
}

/// How those who do not get all sound get a packet of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    /// Its number among those that are heard; None if it is not.
    pub number: Option<u64>,
    /// What was before it was not forwarded.
    pub begins: bool,
}

/// Numbers those packets of a layer that are heard.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    numbering: Numbering,
    is_withheld: bool,
}

impl Hearing {
    /// Whether the newest packet was not forwarded.
    pub(crate) fn is_withheld(&self) -> bool {
        self.is_withheld
    }

    /// Takes up the packet with a layer's number. One that was overtaken fills the hole that it has left, even with silence.
    pub(crate) fn place(&mut self, number: u64, is_heard: bool) -> Sound {
        let is_newest = self.numbering.is_newest(number);
        let was_withheld = self.is_withheld;
        if is_newest {
            self.is_withheld = !is_heard;
        }
        if is_newest && !is_heard && was_withheld {
            self.numbering.drop_up_to(number);
            return Sound {
                number: None,
                begins: false,
            };
        }
        Sound {
            number: self.numbering.number(number, !is_heard),
            begins: is_newest && is_heard && was_withheld,
        }
    }
}

/// How well somebody holds a place; the least gives way first.
fn standing(voice: &Voice, now: Now) -> (bool, bool, f64) {
    let (is_heard, is_loud) = (
        voice.sounded_within(HOLD_US, now),
        voice.was_loud_within(HOLD_US, now),
    );
    (is_heard, is_loud, voice.spoken)
}

impl Engine {
    /// What becomes of a packet of sound; takes up how loud it is.
    pub(crate) fn hear(
        &mut self,
        now: Now,
        id: Id,
        header: &Header,
        elements: &[u8],
        payload: &[u8],
    ) -> Fate {
        let Some(track) = self.tracks.get_mut(&id).filter(|track| !track.muted) else {
            return Fate::Heard;
        };
        let elements = Elements::new(header.extension_profile, elements);
        let values = Values::read(elements, &track.config.extensions);
        let Some([level]) = values.get(Extension::AudioLevel) else {
            return Fate::Heard;
        };
        let has_nothing = track.codec() == Codec::Opus && payload.len() <= NOTHING;
        let loudness = if has_nothing { 0 } else { loudness(*level) };
        let voice = &mut track.voice;
        voice.measured(loudness, now);
        let (has_place, group) = (voice.has_place, voice.group());
        let competes = group.filter(|_| self.config.last_n_audio > 0);
        if loudness == 0 && (!voice.sounded_within(ENDING_US, now) || competes.is_some() && !has_place) {
            return Fate::Silent;
        }
        match competes {
            Some(group) if !has_place && !self.take_place(now, id, group, loudness) => Fate::Surplus,
            _ => Fate::Heard,
        }
    }

    /// Whether somebody who makes a sound gets a place in the group.
    fn take_place(&mut self, now: Now, id: Id, group: Id, loudness: u8) -> bool {
        let limit = self.config.last_n_audio;
        let (Some(group), Some(track)) = (self.groups.get_mut(&group), self.tracks.get(&id)) else {
            return false;
        };
        if group.places.len() >= limit {
            let spoken = track.voice.spoken;
            let voice_of = |id: &Id| self.tracks.get(id).map(|track| &track.voice);
            let standings = group
                .places
                .iter()
                .enumerate()
                .filter_map(|(index, holder)| Some((standing(voice_of(holder)?, now), index)));
            let Some(((is_heard, is_loud, holds_with), weakest)) = standings
                .min_by(|(one, _), (other, _)| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal))
            else {
                return false;
            };
            let gives_way = !is_heard || loudness >= SPEECH && (!is_loud || spoken > holds_with + MARGIN);
            if !gives_way {
                return false;
            }
            let holder = group.places.swap_remove(weakest);
            if let Some(holder) = self.tracks.get_mut(&holder) {
                holder.voice.has_place = false;
            }
        }
        group.places.push(id);
        if let Some(track) = self.tracks.get_mut(&id) {
            track.voice.has_place = true;
        }
        true
    }

    /// A place in a group is free, if there is one.
    pub(crate) fn give_up_place(&mut self, id: Id, group: Option<Id>) {
        if let Some(group) = group.and_then(|group| self.groups.get_mut(&group)) {
            group.places.retain(|other| *other != id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(hearing: &mut Hearing, packets: &[(u64, bool)]) -> Vec<Option<u64>> {
        packets
            .iter()
            .map(|(number, is_heard)| hearing.place(*number, *is_heard).number)
            .collect()
    }

    #[test]
    fn what_is_lost_between_silence_leaves_no_gap_and_is_heard_no_more() {
        let mut hearing = Hearing::default();
        let silence = [(100, true), (101, false), (105, false), (106, true)];
        assert_eq!(
            numbers(&mut hearing, &silence),
            [Some(100), None, None, Some(101)]
        );
        assert_eq!(hearing.place(103, true).number, None, "late");
        assert_eq!(hearing.place(107, true).number, Some(102));
    }

    #[test]
    fn sound_that_is_overtaken_by_silence_keeps_its_number() {
        let mut hearing = Hearing::default();
        let overtaken = [(100, true), (102, false), (101, true), (103, true)];
        assert_eq!(
            numbers(&mut hearing, &overtaken),
            [Some(100), None, Some(101), Some(102)]
        );
    }

    #[test]
    fn sound_begins_where_something_was_left_out() {
        let mut hearing = Hearing::default();
        let begins: Vec<bool> = [(1, true), (2, true), (3, false), (4, false), (5, true), (6, true)]
            .iter()
            .map(|(number, is_heard)| hearing.place(*number, *is_heard).begins)
            .collect();
        assert_eq!(begins, [false, false, false, false, true, false]);
    }

    proptest! {
        /// What arrives in order has numbers without a gap but where sound was lost; none comes twice in any order.
        #[test]
        fn numbers_have_no_gaps_and_come_once(
            packets in prop::collection::vec((any::<bool>(), 0u8..10, 0u64..4), 1..400),
        ) {
            let mut hearing = Hearing::default();
            let mut seen = std::collections::HashSet::new();
            let mut in_order = Hearing::default();
            let mut expected = None;
            let mut delayed = Vec::new();
            for (index, (is_heard, chance, delay)) in packets.iter().enumerate() {
                let number = 0x1_0000 + index as u64;
                if let Some(got) = in_order.place(number, *is_heard).number {
                    prop_assert!(expected.is_none_or(|expected| got == expected));
                    expected = Some(got + 1);
                }
                if *chance > 0 {
                    delayed.push((index as u64 + delay, number, *is_heard));
                }
            }
            delayed.sort();
            for (_, number, is_heard) in delayed {
                if let Some(got) = hearing.place(number, is_heard).number {
                    prop_assert!(seen.insert(got), "{got} twice");
                }
            }
        }
    }
}
