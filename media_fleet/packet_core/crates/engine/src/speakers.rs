//! Who speaks, by the levels that senders tell in the headers of their packets (RFC 6464).
//!
//! Tracks are compared within a group: those who can hear each other. Which track belongs to which, the control plane says; a track that is
//! in no group is not compared. A sound must last for a moment before it is speech, and pauses belong to it. Who speaks already is passed
//! in the order only by somebody who is clearly louder. What is told are changes, a few times a second at the most.

use crate::Id;
use crate::engine::Engine;
use crate::event::Event;
use crate::output::{Now, Output};

/// Levels are told in -dBov: this is silence, and 0 as loud as can be.
pub(crate) const SILENCE: u8 = 127;
/// Speech is at least so loud, dB above silence: louder than a fan, softer than a murmur.
pub(crate) const SPEECH: u8 = SILENCE - 40;
/// So many loud packets make speech; of fewer, something has fallen down.
const BEGINNING: u8 = 3;
/// Shorter pauses belong to speech.
const PAUSE_US: u64 = 800_000;
/// Loudness is smoothed over so long.
const SMOOTHING_US: f64 = 500_000.0;
/// Who is to be passed in the order must be surpassed by so much, dB.
pub(crate) const MARGIN: f64 = 6.0;
/// A packet counts for no longer than this among the loud ones, however long nothing was loud before it.
const LONGEST_PACKET_US: u64 = 60_000;
/// Who has not been loud for so long gives way to somebody loud; who has been silent for so long, to any sound.
pub(crate) const HOLD_US: u64 = 2_000_000;
/// Changes are told so often at the most.
const TELLING_INTERVAL_US: u64 = 300_000;

/// How a track sounds.
#[derive(Debug, Default)]
pub(crate) struct Voice {
    group: Option<Id>,
    /// Smoothed, dB above silence.
    loudness: f64,
    measured_us: u64,
    /// So many packets were loud since the last pause.
    loud: u8,
    loud_us: Option<u64>,
    /// Smoothed over the loud packets alone, since there was speech: pauses make nobody softer. dB above silence.
    pub spoken: f64,
    /// When there was any sound.
    pub sounded_us: Option<u64>,
    /// It is one of those that are forwarded.
    pub has_place: bool,
}

impl Voice {
    /// A packet was this loud, dB above silence.
    pub(crate) fn measured(&mut self, loudness: u8, now: Now) {
        let elapsed_us = now.us.saturating_sub(self.measured_us) as f64;
        self.loudness += (f64::from(loudness) - self.loudness) * elapsed_us / (elapsed_us + SMOOTHING_US);
        self.measured_us = now.us;
        if loudness > 0 {
            self.sounded_us = Some(now.us);
        }
        if loudness >= SPEECH {
            if !self.was_loud(now) {
                self.loud = 0;
            }
            self.loud = self.loud.saturating_add(1);
            if !self.was_loud_within(HOLD_US, now) {
                self.spoken = 0.0;
            }
            let since_us = now.us.saturating_sub(self.loud_us.unwrap_or(0));
            let weight = since_us.min(LONGEST_PACKET_US) as f64;
            self.spoken += (f64::from(loudness) - self.spoken) * weight / (weight + SMOOTHING_US);
            self.loud_us = Some(now.us);
        }
    }

    /// The track was muted. Tells the group in which its place is free now.
    pub(crate) fn fall_silent(&mut self) -> Option<Id> {
        let had_place = self.has_place;
        *self = Self {
            group: self.group,
            ..Self::default()
        };
        self.group.filter(|_| had_place)
    }

    pub(crate) fn group(&self) -> Option<Id> {
        self.group
    }

    /// Whether it has been as loud as speech within this time.
    pub(crate) fn was_loud_within(&self, us: u64, now: Now) -> bool {
        self.loud_us.is_some_and(|loud_us| now.us < loud_us + us)
    }

    /// Whether there has been any sound within this time.
    pub(crate) fn sounded_within(&self, us: u64, now: Now) -> bool {
        self.sounded_us.is_some_and(|sounded_us| now.us < sounded_us + us)
    }

    fn was_loud(&self, now: Now) -> bool {
        self.was_loud_within(PAUSE_US, now)
    }

    fn speaks(&self, now: Now) -> bool {
        self.loud >= BEGINNING && self.was_loud(now)
    }
}

/// Tracks that are compared with each other.
#[derive(Debug, Default)]
pub(crate) struct Group {
    tracks: Vec<Id>,
    /// As was told last: the loudest first.
    speakers: Vec<Id>,
    /// Those that are forwarded, where not all are.
    pub places: Vec<Id>,
}

/// How loud a packet is, dB above silence, by the octet of RFC 6464, section 3. Its V bit does not count: not every sender that knows levels
/// knows speech.
pub(crate) fn loudness(level: u8) -> u8 {
    SILENCE - (level & 0x7f)
}

/// Those of `speaking` (id, loudness) in their order: as `before` where nobody is clearly louder than who stands in front.
fn rank(before: &[Id], mut speaking: Vec<(Id, f64)>) -> Vec<Id> {
    let place = |id: Id| {
        before
            .iter()
            .position(|other| *other == id)
            .unwrap_or(before.len())
    };
    speaking.sort_by(|(one, louder), (other, softer)| {
        place(*one)
            .cmp(&place(*other))
            .then(softer.total_cmp(louder))
            .then(one.cmp(other))
    });
    for index in 1..speaking.len() {
        let mut at = index;
        while at > 0 && speaking[at].1 > speaking[at - 1].1 + MARGIN {
            speaking.swap(at, at - 1);
            at -= 1;
        }
    }
    speaking.into_iter().map(|(id, _)| id).collect()
}

impl Engine {
    /// Puts a track into a group, in place of the one that it was in; None: into none.
    pub(crate) fn set_track_group(&mut self, id: Id, group: Option<Id>) -> bool {
        let Some(track) = self.tracks.get_mut(&id) else {
            return false;
        };
        let before = std::mem::replace(&mut track.voice.group, group);
        if before != group {
            track.voice.has_place = false;
            self.leave_group(id, before);
            if let Some(group) = group {
                self.groups.entry(group).or_default().tracks.push(id);
            }
        }
        true
    }

    /// Takes a track out of the group that it was in.
    pub(crate) fn leave_group(&mut self, id: Id, group: Option<Id>) {
        let Some(group_id) = group else { return };
        if let Some(group) = self.groups.get_mut(&group_id) {
            group.tracks.retain(|other| *other != id);
            group.places.retain(|other| *other != id);
            if group.tracks.is_empty() {
                self.groups.remove(&group_id);
            }
        }
    }

    /// Takes a track that is gone out of its group.
    pub(crate) fn forget_voice(&mut self, id: Id, voice: &Voice) {
        self.leave_group(id, voice.group);
    }

    /// Tells of groups in which others speak than before, or in another order. A group without tracks is forgotten and not told of.
    pub(crate) fn tell_speakers(&mut self, now: Now, out: &mut impl Output) {
        if now.us < self.due.speakers_us {
            return;
        }
        self.due.speakers_us = now.us + TELLING_INTERVAL_US;
        for (id, group) in &mut self.groups {
            let voices = group
                .tracks
                .iter()
                .filter_map(|id| Some((*id, &self.tracks.get(id)?.voice)));
            let speaking = voices
                .filter(|(_, voice)| voice.speaks(now))
                .map(|(id, voice)| (id, voice.loudness));
            let speakers = rank(&group.speakers, speaking.collect());
            if speakers != group.speakers {
                group.speakers.clone_from(&speakers);
                out.event(Event::SpeakersChanged {
                    group: *id,
                    tracks: speakers,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_stands_in_front_is_passed_only_by_who_is_clearly_louder() {
        assert_eq!(rank(&[], vec![(1, 80.0), (2, 90.0)]), [2, 1]);
        assert_eq!(rank(&[1, 2], vec![(2, 85.0), (1, 80.0)]), [1, 2]);
        assert_eq!(rank(&[1, 2], vec![(1, 80.0), (2, 86.5)]), [2, 1]);
        assert_eq!(rank(&[1, 2, 3], vec![(3, 90.0), (1, 80.0), (4, 85.0)]), [3, 1, 4]);
    }
}
