//! The template dependency structure: what frames of an encoding look like, and which decode targets they belong to.

use super::{Frame, Indication, Mandatory, OperatingPoint};
use crate::bits::Reader;

/// Template ids have six bits.
const MAX_TEMPLATES: usize = 64;
/// The next spatial layer's id would not be one.
const MAX_SPATIAL_ID: u8 = 3;
const MAX_TEMPORAL_ID: u8 = 7;

/// What a frame is by default: a template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    pub spatial: u8,
    pub temporal: u8,
    /// Two bits for each decode target, the first target's lowest.
    pub indications: u64,
    /// As [`Frame::needs`].
    pub needs: u64,
}

/// A template dependency structure (section A.8.2.3), which key frames carry and all frames until the next one refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    pub(super) first_template: u8,
    pub(super) templates: Vec<Template>,
    /// Of each decode target.
    pub(super) targets: Vec<OperatingPoint>,
    /// Width and height in pixels of each spatial layer, where they are said.
    pub(super) sizes: Vec<(u16, u16)>,
}

impl Structure {
    /// Reads the structure that a descriptor carries; None if it carries none, or no valid one.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(value);
        let flags = Flags::read(&mut reader)?;
        flags.has_structure.then(|| Self::read(&mut reader)).flatten()
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let first_template = reader.number(6)? as u8;
        let target_count = reader.number(5)? as usize + 1;
        let mut templates = read_layers(reader)?;
        for template in &mut templates {
            template.indications = read_indications(reader, target_count)?;
        }
        for template in &mut templates {
            while reader.flag()? {
                template.needs |= 1 << reader.number(4)?;
            }
        }
        skip_chains(reader, target_count, templates.len())?;
        let sizes = if reader.flag()? {
            read_sizes(reader, templates.last()?.spatial)?
        } else {
            Vec::new()
        };
        let targets = (0..target_count).map(|target| point_of(&templates, target));
        Some(Self {
            first_template,
            targets: targets.collect(),
            templates,
            sizes,
        })
    }

    /// How many decode targets there are: 1 to 32.
    #[must_use]
    pub fn target_count(&self) -> usize {
        self.targets.len()
    }

    /// The decode targets with what each of them shows, in their order.
    pub fn targets(&self) -> impl Iterator<Item = (usize, OperatingPoint)> {
        self.targets.iter().copied().enumerate()
    }

    /// The width and height of a spatial layer in pixels, where the structure says them.
    #[must_use]
    pub fn size(&self, spatial: u8) -> Option<(u16, u16)> {
        self.sizes.get(usize::from(spatial)).copied()
    }

    /// Whether all frames of a decode target belong to another one as well, so that whoever gets that one can go on with this one at any frame.
    #[must_use]
    pub fn is_within(&self, target: usize, other: usize) -> bool {
        let belongs = |template: &Template, target| {
            Indication::of(template.indications, target) != Indication::NotPresent
        };
        self.templates
            .iter()
            .all(|template| !belongs(template, target) || belongs(template, other))
    }

    /// What a packet's descriptor says of its frame; None if it is not of this structure, or cut off.
    #[must_use]
    pub fn frame(&self, value: &[u8]) -> Option<Frame> {
        let mut reader = Reader::new(value);
        let mandatory = Mandatory::read(&mut reader)?;
        let index = (mandatory.template_id + 64 - self.first_template) % 64;
        let template = self.templates.get(usize::from(index))?;
        let mut frame = Frame {
            number: mandatory.frame_number,
            starts: mandatory.starts_frame,
            ends: mandatory.ends_frame,
            spatial: template.spatial,
            temporal: template.temporal,
            target_count: self.targets.len() as u8,
            indications: template.indications,
            needs: template.needs,
            active_targets: None,
            targets_at: 8 * Mandatory::LEN as u16 + Flags::BITS as u16,
        };
        if value.len() <= Mandatory::LEN {
            return Some(frame);
        }
        let flags = Flags::read(&mut Reader::new(value))?;
        reader.number(Flags::BITS)?;
        if flags.has_structure {
            Self::read(&mut reader)?;
            frame.targets_at = reader.position() as u16;
            frame.active_targets = Some(u32::MAX >> (32 - self.targets.len()));
        }
        if flags.has_active_targets {
            frame.active_targets = Some(reader.number(self.targets.len() as u32)?);
        }
        if flags.has_indications {
            frame.indications = read_indications(&mut reader, self.targets.len())?;
        }
        if flags.has_differences {
            frame.needs = read_differences(&mut reader)?;
        }
        Some(frame)
    }
}

/// What the extended fields hold (section A.8.2.2).
pub(super) struct Flags {
    pub has_structure: bool,
    pub has_active_targets: bool,
    pub has_indications: bool,
    pub has_differences: bool,
}

impl Flags {
    pub(super) const BITS: u32 = 5;

    /// Skips the mandatory fields; None if there is nothing behind them.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Mandatory::read(reader)?;
        let flags = Self {
            has_structure: reader.flag()?,
            has_active_targets: reader.flag()?,
            has_indications: reader.flag()?,
            has_differences: reader.flag()?,
        };
        // Chains tell a receiver what it has lost. Who forwards knows what was sent, and reads no further.
        reader.flag()?;
        Some(flags)
    }
}

fn read_layers(reader: &mut Reader<'_>) -> Option<Vec<Template>> {
    let mut templates = Vec::new();
    let mut template = Template::default();
    loop {
        if templates.len() == MAX_TEMPLATES {
            return None;
        }
        templates.push(template);
        match reader.number(2)? {
            0 => {}
            1 => template.temporal += 1,
            2 => (template.spatial, template.temporal) = (template.spatial + 1, 0),
            _ => return Some(templates),
        }
        if template.temporal > MAX_TEMPORAL_ID || template.spatial > MAX_SPATIAL_ID {
            return None;
        }
    }
}

fn read_indications(reader: &mut Reader<'_>, count: usize) -> Option<u64> {
    let mut indications = 0;
    for target in 0..count {
        indications |= u64::from(reader.number(2)?) << (2 * target);
    }
    Some(indications)
}

fn read_differences(reader: &mut Reader<'_>) -> Option<u64> {
    let mut needs = 0;
    loop {
        let size = reader.number(2)?;
        if size == 0 {
            return Some(needs);
        }
        let difference = reader.number(4 * size)?;
        // Nothing remembers what is further back: such a frame is taken to need all.
        needs |= 1u64.checked_shl(difference).unwrap_or(u64::MAX);
    }
}

fn skip_chains(reader: &mut Reader<'_>, targets: usize, templates: usize) -> Option<()> {
    let count = reader.below(targets as u32 + 1)?;
    if count == 0 {
        return Some(());
    }
    for _ in 0..targets {
        reader.below(count)?;
    }
    for _ in 0..templates * count as usize {
        reader.number(4)?;
    }
    Some(())
}

fn read_sizes(reader: &mut Reader<'_>, highest: u8) -> Option<Vec<(u16, u16)>> {
    let mut side = || Some((reader.number(16)? as u16).saturating_add(1));
    (0..=highest).map(|_| Some((side()?, side()?))).collect()
}

/// The highest layers among the frames that belong to a decode target (section A.8.3.4).
pub(super) fn point_of(templates: &[Template], target: usize) -> OperatingPoint {
    let mut point = OperatingPoint::default();
    for template in templates {
        if Indication::of(template.indications, target) != Indication::NotPresent {
            point.spatial = point.spatial.max(template.spatial);
            point.temporal = point.temporal.max(template.temporal);
        }
    }
    point
}
