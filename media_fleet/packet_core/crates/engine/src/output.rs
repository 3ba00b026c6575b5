//! Where the engine's datagrams and events go, and what time it is.

use crate::{Event, Remote};

/// One moment on two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Microseconds of a clock that never goes back.
    pub us: u64,
    /// Wall clock, NTP format (RFC 3550, section 4).
    pub ntp: u64,
}

impl Now {
    /// Milliseconds of the clock that never goes back.
    #[must_use]
    pub fn ms(self) -> u64 {
        self.us / 1000
    }

    /// 6.18 fixed point seconds, 24 bits: the value of the abs-send-time extension.
    #[must_use]
    pub fn abs_send_time(self) -> u32 {
        (self.ntp >> 14) as u32 & 0x00ff_ffff
    }

    /// The middle 32 bits of the NTP time, as receiver reports have them.
    #[must_use]
    pub fn ntp_middle(self) -> u32 {
        (self.ntp >> 16) as u32
    }
}

/// Takes what the engine sends and reports.
pub trait Output {
    /// Room for one datagram of at most `len` bytes. What was in it before is not defined.
    fn buffer(&mut self, len: usize) -> &mut [u8];

    /// Sends the first `len` bytes of the last [`Self::buffer`].
    fn send(&mut self, to: Remote, len: usize);

    /// Reports an event.
    fn event(&mut self, event: Event);
}
