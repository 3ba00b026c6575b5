//! Who gets how much of what a subscriber's path carries.
//!
//! Sound comes first, outside of this. Pictures get it in the order of their priority: each its lowest step first (the smallest, with the
//! fewest frames a second), so that as many as possible are seen at all, then the steps above, the most important pictures' before all
//! others'. A step up needs more room than to stay, so that an estimate that wavers does not make pictures switch to and fro.

use std::cmp::Reverse;

use crate::track::Quality;

/// So many qualities of a track are chosen from: four frame rates of the smallest size, two of each of three others.
pub(crate) const MAX_STEPS: usize = 10;
/// What a picture needs beyond its rate to begin, or to go up a step, in percent of what that adds.
const MARGIN_PERCENT: u64 = 15;

/// One quality that could be forwarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    pub quality: Quality,
    /// Bits a second.
    pub rate: u64,
}

/// What a picture asks for, and what it gets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Claim {
    /// The subscription.
    pub id: crate::Id,
    pub priority: u32,
    steps: [Step; MAX_STEPS],
    len: usize,
    /// How many of the steps it has now.
    has: usize,
    /// It may not go up yet, from wherever it stands.
    pub held: bool,
    granted: usize,
}

impl Claim {
    pub(crate) fn new(id: crate::Id, priority: u32) -> Self {
        Self {
            id,
            priority,
            ..Self::default()
        }
    }

    /// Adds the next quality up. `is_current`: it is forwarded now.
    pub(crate) fn step(&mut self, quality: Quality, rate: u64, is_current: bool) {
        if self.len == MAX_STEPS {
            return;
        }
        // One that costs less than the one below it is no dearer than that one, for this purpose.
        let below = self.steps[..self.len].last().map_or(0, |step| step.rate);
        self.steps[self.len] = Step {
            quality,
            rate: rate.max(below),
        };
        self.len += 1;
        if is_current {
            self.has = self.len;
        }
    }

    /// Takes all steps away.
    pub(crate) fn clear(&mut self) {
        (self.len, self.has) = (0, 0);
    }

    /// What the best step would take.
    pub(crate) fn wanted_rate(&self) -> u64 {
        self.steps[..self.len].last().map_or(0, |step| step.rate)
    }

    /// What it gets; None: nothing.
    pub(crate) fn quality(&self) -> Option<Quality> {
        self.granted.checked_sub(1).map(|index| self.steps[index].quality)
    }

    /// Whether it gets no better layer for lack of room.
    pub(crate) fn is_limited(&self) -> bool {
        self.granted < self.len
    }

    /// What the next step adds, and what it needs; None if there is none, or it may not be taken.
    fn next(&self) -> Option<(u64, u64)> {
        let step = self.steps[..self.len].get(self.granted)?;
        let before = self
            .granted
            .checked_sub(1)
            .map_or(0, |index| self.steps[index].rate);
        let adds = step.rate - before;
        let keeps = self.granted < self.has;
        if self.held && !keeps && self.granted > 0 {
            return None;
        }
        let margin = if keeps { 0 } else { adds * MARGIN_PERCENT / 100 };
        Some((adds, adds + margin))
    }

    /// Takes the lowest step, whether or not there is room for it.
    pub(crate) fn grant_least(&mut self) {
        self.granted = self.len.min(1);
    }

    /// Takes the next step if there is room for it.
    fn take(&mut self, left: &mut u64) -> bool {
        let Some((adds, needs)) = self.next().filter(|(_, needs)| needs <= left) else {
            return false;
        };
        debug_assert!(adds <= needs);
        *left -= adds;
        self.granted += 1;
        true
    }
}

/// Divides `budget` bits a second. Sorts the claims by priority, the highest first.
pub(crate) fn allocate(budget: u64, claims: &mut [Claim]) {
    claims.sort_by_key(|claim| Reverse(claim.priority));
    let mut left = budget;
    for claim in claims.iter_mut() {
        claim.granted = 0;
        claim.take(&mut left);
    }
    for equals in claims.chunk_by_mut(|one, next| one.priority == next.priority) {
        // Step by step, so that none of them gets its best before all have what is next for them.
        let mut goes_on = true;
        while goes_on {
            goes_on = false;
            for claim in equals.iter_mut().filter(|claim| claim.granted > 0) {
                goes_on |= claim.take(&mut left);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalability::ALL_LAYERS;
    use proptest::prelude::*;

    const RATES: [u64; 3] = [150, 500, 1700];

    fn claim(id: u32, priority: u32, has: Option<usize>) -> Claim {
        let mut claim = Claim::new(id, priority);
        for (layer, rate) in RATES.into_iter().enumerate() {
            claim.step(whole(layer), rate, has == Some(layer));
        }
        claim
    }

    fn whole(layer: usize) -> Quality {
        Quality {
            layer,
            point: ALL_LAYERS,
        }
    }

    fn layers(budget: u64, mut claims: Vec<Claim>) -> Vec<Option<usize>> {
        allocate(budget, &mut claims);
        claims.sort_by_key(|claim| claim.id);
        claims
            .iter()
            .map(|claim| claim.quality().map(|quality| quality.layer))
            .collect()
    }

    #[test]
    fn all_are_seen_before_one_is_seen_well() {
        let new = |id, priority| claim(id, priority, None);
        assert_eq!(layers(100, vec![new(0, 1)]), [None]);
        assert_eq!(
            layers(171, vec![new(0, 1)]),
            [None],
            "beginning takes more than staying"
        );
        assert_eq!(layers(172, vec![new(0, 1)]), [Some(0)]);
        assert_eq!(layers(350, vec![new(0, 1), new(1, 1)]), [Some(0), Some(0)]);
        assert_eq!(layers(350, vec![new(0, 1), new(1, 9)]), [Some(0), Some(0)]);
        assert_eq!(
            layers(740, vec![new(0, 1), new(1, 9)]),
            [Some(0), Some(1)],
            "the rest goes to the important"
        );
        assert_eq!(layers(200, vec![new(0, 1), new(1, 9)]), [None, Some(0)]);
        assert_eq!(layers(10_000, vec![new(0, 1), new(1, 9)]), [Some(2), Some(2)]);
    }

    #[test]
    fn who_becomes_the_most_important_takes_the_room_of_who_was() {
        // Room for one of them at its best: whoever it was until now gives it up at once, and does not waver back.
        let before = layers(2100, vec![claim(0, 9, None), claim(1, 1, None)]);
        assert_eq!(before, [Some(2), Some(0)]);
        let mut former = claim(0, 1, Some(2));
        let after = layers(2100, vec![former, claim(1, 9, Some(0))]);
        assert_eq!(after, [Some(0), Some(2)]);
        former = claim(0, 1, Some(0));
        assert_eq!(layers(2100, vec![former, claim(1, 9, Some(2))]), after);
    }

    #[test]
    fn equals_go_up_together() {
        let new = |id| claim(id, 1, None);
        assert_eq!(
            layers(2500, vec![new(0), new(1), new(2)]),
            [Some(1), Some(1), Some(1)]
        );
        assert_eq!(
            layers(3000, vec![new(0), new(1), new(2)]),
            [Some(2), Some(1), Some(1)]
        );
    }

    #[test]
    fn what_wavers_around_a_step_changes_nothing() {
        assert_eq!(layers(1800, vec![claim(0, 1, Some(2))]), [Some(2)]);
        assert_eq!(
            layers(1700, vec![claim(0, 1, Some(2))]),
            [Some(2)],
            "just enough to stay"
        );
        assert_eq!(layers(1699, vec![claim(0, 1, Some(2))]), [Some(1)]);
        assert_eq!(layers(1800, vec![claim(0, 1, Some(1))]), [Some(1)]);
        assert_eq!(layers(1880, vec![claim(0, 1, Some(1))]), [Some(2)]);
    }

    #[test]
    fn who_was_put_down_waits() {
        let mut held = claim(0, 1, Some(1));
        held.held = true;
        assert_eq!(layers(10_000, vec![held]), [Some(1)]);
        assert_eq!(layers(499, vec![held]), [Some(0)]);
        let mut starved = claim(0, 1, None);
        starved.held = true;
        assert_eq!(
            layers(10_000, vec![starved]),
            [Some(0)],
            "to be seen at all, nobody waits"
        );
    }

    proptest! {
        #[test]
        fn no_more_is_given_than_there_is(
            budget in 0u64..20_000,
            wishes in prop::collection::vec((0u32..3, prop::collection::vec(1u64..5000, 0..12), 0usize..12, any::<bool>()), 0..12),
        ) {
            let mut claims: Vec<Claim> = wishes
                .iter()
                .enumerate()
                .map(|(id, (priority, rates, has, held))| {
                    let mut claim = Claim::new(id as u32, *priority);
                    for (layer, rate) in rates.iter().enumerate() {
                        claim.step(whole(layer), *rate, *has == layer);
                    }
                    claim.held = *held;
                    claim
                })
                .collect();
            allocate(budget, &mut claims);
            let given: u64 = claims
                .iter()
                .filter_map(|claim| claim.granted.checked_sub(1).map(|index| claim.steps[index].rate))
                .sum();
            prop_assert!(given <= budget);
        }

        #[test]
        fn of_pictures_alike_the_more_important_is_shown_no_worse(
            budget in 0u64..12_000,
            priorities in prop::collection::vec(0u32..4, 1..8),
        ) {
            let claims: Vec<Claim> = (0..).zip(&priorities).map(|(id, priority)| claim(id, *priority, None)).collect();
            let shown = layers(budget, claims);
            for (one, one_layer) in priorities.iter().zip(&shown) {
                for (other, other_layer) in priorities.iter().zip(&shown) {
                    prop_assert!(one <= other || one_layer >= other_layer);
                }
            }
        }

        #[test]
        fn more_room_never_shows_less_of_the_most_important(
            budget in 0u64..10_000,
            more in 0u64..5_000,
            count in 1u32..6,
        ) {
            let important = |budget| layers(budget, (0..count).map(|id| claim(id, id, None)).collect())[count as usize - 1];
            prop_assert!(important(budget) <= important(budget + more));
        }
    }
}
