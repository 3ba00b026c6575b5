//! What is known of the layers within one encoding: from the dependency descriptors of its packets, or from their payloads.

use parley_wire::codec::vp9;
use parley_wire::dependency_descriptor::{Frame, Indication, OperatingPoint, Structure};

use crate::output::Now;
use crate::rates::{SPATIAL_LAYERS, TEMPORAL_LAYERS};
use crate::store::Stored;

/// All layers, of whatever there is.
pub(crate) const ALL_LAYERS: OperatingPoint = OperatingPoint {
    spatial: u8::MAX,
    temporal: u8::MAX,
};
/// A spatial layer that is so far behind the encoding's newest packet is not being sent.
const STALLED_US: u64 = 500_000;
/// A layer that is a little smaller than what is wanted is good enough, in percent: scaling up by a tenth is not seen.
const TOLERANCE_PERCENT: u32 = 90;

/// A packet's frame, as its dependency descriptor says, and the structure by which it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Described {
    pub frame: Frame,
    generation: u8,
}

/// A decode target that can be forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub index: usize,
    pub point: OperatingPoint,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Scalability {
    structure: Option<Structure>,
    /// Counts structures.
    generation: u8,
    /// A bit for each decode target that frames are made for.
    active_targets: u32,
    /// Of the spatial layers, in pixels; 0 where nobody has said it.
    heights: [u16; SPATIAL_LAYERS],
    /// When the newest packet of each spatial layer came.
    last_us: [u64; SPATIAL_LAYERS],
    /// The highest spatial layer that is being sent.
    highest: u8,
}

impl Scalability {
    /// Reads a packet's dependency descriptor; None if it does not fit the structure that is known.
    pub(crate) fn describe(&self, value: &[u8]) -> Option<Described> {
        let frame = self.structure.as_ref()?.frame(value)?;
        Some(Described {
            frame,
            generation: self.generation,
        })
    }

    /// Takes up the structure that a descriptor carries. Whether it is another one than before.
    pub(crate) fn take_structure(&mut self, value: &[u8], now: Now) -> bool {
        let Some(structure) = Structure::parse(value).filter(|found| self.structure.as_ref() != Some(found))
        else {
            return false;
        };
        for (layer, height) in self.heights.iter_mut().enumerate() {
            *height = structure.size(layer as u8).map_or(0, |(_, height)| height);
        }
        self.active_targets = u32::MAX >> (32 - structure.target_count());
        self.structure = Some(structure);
        self.generation = self.generation.wrapping_add(1);
        self.expect_announced(now);
        true
    }

    /// Takes up the sizes that VP9's own payload may say.
    pub(crate) fn take_heights(&mut self, payload: &[u8]) {
        if let Some(heights) = vp9::heights(payload) {
            self.heights = heights;
        }
    }

    /// Whether dependency descriptors say what there is.
    pub(crate) fn is_described(&self) -> bool {
        self.structure.is_some()
    }

    /// Counts a packet that is the newest one; whether other layers are being sent than before.
    pub(crate) fn arrived(&mut self, stored: &Stored, now: Now) -> bool {
        let before = self.highest;
        let spatial = stored.spatial.min(SPATIAL_LAYERS as u8 - 1);
        self.last_us[usize::from(spatial)] = now.us;
        self.highest = self.highest.max(spatial);
        let said = stored
            .described
            .and_then(|described| described.frame.active_targets);
        if let Some(active) = said.filter(|active| *active != self.active_targets) {
            self.active_targets = active;
            self.expect_announced(now);
        }
        self.highest != before
    }

    /// What is announced is waited for as long as for what stands still.
    fn expect_announced(&mut self, now: Now) {
        let announced = self.targets().map(|target| target.point.spatial).max();
        self.highest = announced.unwrap_or(0).min(SPATIAL_LAYERS as u8 - 1);
        self.last_us[..=usize::from(self.highest)].fill(now.us);
    }

    /// Notices spatial layers that come no more; whether there are such.
    pub(crate) fn notice_stalled(&mut self) -> bool {
        let newest = self.last_us.iter().max().copied().unwrap_or(0);
        let is_sent = |came_us: &u64| *came_us > 0 && *came_us + STALLED_US > newest;
        let highest = self.last_us.iter().rposition(is_sent).unwrap_or(0) as u8;
        let is_lower = highest < self.highest;
        self.highest = self.highest.min(highest);
        is_lower
    }

    /// The highest spatial layer that is being sent.
    pub(crate) fn highest_spatial(&self) -> u8 {
        self.highest
    }

    /// The lowest spatial layer that is as high as is wanted; `u8::MAX` if none is, or nobody knows.
    pub(crate) fn spatial_of(&self, height: Option<u16>) -> u8 {
        let Some(height) = height else { return u8::MAX };
        let is_enough = |own: &u16| u32::from(*own) * 100 >= u32::from(height) * TOLERANCE_PERCENT;
        let fitting = self.heights.iter().position(is_enough);
        fitting.map_or(u8::MAX, |layer| layer as u8)
    }

    /// The decode targets that frames are made for.
    fn targets(&self) -> impl Iterator<Item = Target> {
        let structure = self.structure.iter().flat_map(Structure::targets);
        structure
            .map(|(index, point)| Target { index, point })
            .filter(|target| self.active_targets >> target.index & 1 == 1)
    }

    /// The best decode target within `limit` that is being sent, or the lowest of all; None without a structure.
    pub(crate) fn best_target(&self, limit: OperatingPoint) -> Option<Target> {
        let sent = || {
            self.targets()
                .filter(|target| target.point.spatial <= self.highest)
        };
        let is_within = |target: &Target| {
            target.point.spatial <= limit.spatial && target.point.temporal <= limit.temporal
        };
        let best = sent().filter(is_within).max_by_key(|target| target.point);
        best.or_else(|| sent().min_by_key(|target| target.point))
    }

    /// The decode target of exactly these layers.
    pub(crate) fn target_at(&self, point: OperatingPoint) -> Option<Target> {
        let mut targets = self.structure.iter().flat_map(Structure::targets);
        let (index, point) = targets.find(|(_, other)| *other == point)?;
        Some(Target { index, point })
    }

    /// Whether who gets `has` gets all frames of `target`.
    pub(crate) fn is_within(&self, target: Target, has: Target) -> bool {
        let structure = self.structure.as_ref();
        structure.is_some_and(|structure| structure.is_within(target.index, has.index))
    }

    /// Whether the frame was read by the structure that is the newest.
    pub(crate) fn knows(&self, described: &Described) -> bool {
        self.structure.is_some() && described.generation == self.generation
    }

    /// A bit for each decode target that is left for who gets these layers.
    pub(crate) fn targets_within(&self, point: OperatingPoint) -> u32 {
        self.targets()
            .filter(|target| target.point.spatial <= point.spatial && target.point.temporal <= point.temporal)
            .fold(0, |bits, target| bits | 1 << target.index)
    }

    /// What can be forwarded of the encoding within `limit`.
    pub(crate) fn within(&self, limit: OperatingPoint) -> OperatingPoint {
        self.best_target(limit).map_or(
            OperatingPoint {
                spatial: limit.spatial.min(self.highest),
                ..limit
            },
            |target| target.point,
        )
    }

    /// The operating points that a packet belongs to.
    pub(crate) fn for_each_point(&self, stored: &Stored, mut act: impl FnMut(OperatingPoint)) {
        match (&stored.described, &self.structure) {
            (Some(described), Some(structure)) if self.knows(described) => {
                for (target, point) in structure.targets() {
                    if described.frame.indication(target) != Indication::NotPresent {
                        act(point);
                    }
                }
            }
            _ => {
                let (highest, fastest) = (SPATIAL_LAYERS as u8 - 1, TEMPORAL_LAYERS as u8 - 1);
                for spatial in stored.spatial.min(highest)..=highest {
                    for temporal in stored.temporal_layer().min(fastest)..=fastest {
                        act(OperatingPoint { spatial, temporal });
                    }
                }
            }
        }
    }
}
