//! The dependency descriptor (AV1 RTP payload specification v1.0.0, appendix A): which layers a frame belongs to, and what it needs.
//!
//! Key frames carry a [`Structure`] of templates; the descriptors of all packets until the next one name a template, and say where their frame
//! differs from it. Not AV1's alone: browsers write it for any codec. Who forwards a part of the layers moves the frame numbers, and says which
//! decode targets are left ([`rewrite`]).

mod structure;

use crate::bits::{Reader, Writer};
use structure::Flags;
pub use structure::Structure;

/// A value that [`rewrite`] has written is no longer than this: an element's longest (RFC 8285, section 4.3).
pub const MAX_LEN: usize = 255;

/// The layers that somebody gets: those up to two, counted from 0. In the order of quality: more pixels before more frames a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperatingPoint {
    /// The highest spatial layer.
    pub spatial: u8,
    /// The highest temporal layer.
    pub temporal: u8,
}

/// What a frame is to a decode target (section A.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indication {
    /// It does not belong to it.
    NotPresent,
    /// Nothing of it needs the frame.
    Discardable,
    /// Who can decode the frame can decode all of the target from here on.
    Switch,
    /// It needs the frame.
    Required,
}

impl Indication {
    fn of(indications: u64, target: usize) -> Self {
        match indications.checked_shr(2 * target as u32).unwrap_or(0) & 3 {
            0 => Self::NotPresent,
            1 => Self::Discardable,
            2 => Self::Switch,
            _ => Self::Required,
        }
    }
}

/// The fields that every packet has (section A.8.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mandatory {
    /// First packet of the frame.
    pub starts_frame: bool,
    /// Last packet of the frame.
    pub ends_frame: bool,
    /// The template that the frame is made by.
    pub template_id: u8,
    /// Counts frames of all layers, and wraps.
    pub frame_number: u16,
}

impl Mandatory {
    /// Their length in bytes.
    pub const LEN: usize = 3;

    /// Reads them; None if they are cut off.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        Self::read(&mut Reader::new(value))
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            starts_frame: reader.flag()?,
            ends_frame: reader.flag()?,
            template_id: reader.number(6)? as u8,
            frame_number: reader.number(16)? as u16,
        })
    }
}

/// Whether a descriptor carries a structure, valid or not.
#[must_use]
pub fn has_structure(value: &[u8]) -> bool {
    // template_dependency_structure_present_flag is the first of the flags behind the mandatory fields.
    value.get(Mandatory::LEN).is_some_and(|flags| flags & 0x80 != 0)
}

/// What one packet's descriptor says of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Frame number.
    pub number: u16,
    /// First packet of the frame.
    pub starts: bool,
    /// Last packet of the frame.
    pub ends: bool,
    /// Its spatial layer.
    pub spatial: u8,
    /// Its temporal layer.
    pub temporal: u8,
    /// How many decode targets its structure has.
    pub target_count: u8,
    indications: u64,
    /// The frames that it needs: bit `n` for the one that is `n + 1` frames before it. All bits if one is further back than 64.
    pub needs: u64,
    /// A bit for each decode target that frames are made for, where the packet says so.
    pub active_targets: Option<u32>,
    /// At which bit of the descriptor they stand, or would: behind the structure, which is not read again for each subscriber.
    targets_at: u16,
}

impl Frame {
    /// What the frame is to a decode target.
    #[must_use]
    pub fn indication(&self, target: usize) -> Indication {
        Indication::of(self.indications, target)
    }

    /// These decode targets (a bit for each) as those that [`rewrite`] writes into the frame's descriptor.
    #[must_use]
    pub fn with_active(&self, targets: u32) -> ActiveTargets {
        ActiveTargets {
            targets,
            count: self.target_count,
            at: self.targets_at,
        }
    }
}

/// The decode targets that are left, and where they stand in a descriptor: [`Frame::with_active`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveTargets {
    targets: u32,
    count: u8,
    at: u16,
}

/// Writes a descriptor with another frame number and, if `active` is given, with these decode targets as those that are to be expected; they are of
/// the descriptor's own frame. Returns the length in `out`; the value stays as it is where that is not possible.
pub fn rewrite(
    value: &[u8],
    frame_number: u16,
    active: Option<ActiveTargets>,
    out: &mut [u8; MAX_LEN],
) -> usize {
    let len = active
        .and_then(|active| write_active(value, active, out))
        .unwrap_or_else(|| {
            let len = value.len().min(MAX_LEN);
            out[..len].copy_from_slice(&value[..len]);
            len
        });
    if len >= Mandatory::LEN {
        out[1..Mandatory::LEN].copy_from_slice(&frame_number.to_be_bytes());
    }
    len
}

/// Copies a descriptor with other active decode targets; None if they are not of this one, or it is too long then.
fn write_active(value: &[u8], active: ActiveTargets, out: &mut [u8; MAX_LEN]) -> Option<usize> {
    let ActiveTargets { targets, count, at } = active;
    let count = u32::from(count);
    let mut reader = Reader::new(value);
    let mut writer = Writer::new(out);
    copy(&mut reader, &mut writer, 8 * Mandatory::LEN)?;
    if value.len() == Mandatory::LEN {
        writer.number(0b01000, Flags::BITS);
        writer.number(targets, count);
        return writer.finish();
    }
    let flags = Flags::read(&mut Reader::new(value))?;
    copy(&mut reader, &mut writer, 1)?;
    reader.number(1)?;
    writer.number(1, 1);
    copy(&mut reader, &mut writer, 3)?;
    let structure = usize::from(at).checked_sub(reader.position())?;
    copy(&mut reader, &mut writer, structure)?;
    if flags.has_active_targets {
        reader.number(count)?;
    }
    writer.number(targets, count);
    let rest = 8 * value.len() - reader.position();
    copy(&mut reader, &mut writer, rest)?;
    writer.finish()
}

fn copy(from: &mut Reader<'_>, to: &mut Writer<'_>, bits: usize) -> Option<()> {
    let mut left = bits as u32;
    while left > 0 {
        let some = left.min(u32::BITS);
        to.number(from.number(some)?, some);
        left -= some;
    }
    Some(())
}

#[cfg(test)]
mod tests;
