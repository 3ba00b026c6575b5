//! The loss-based half of Google Congestion Control (draft-ietf-rmcat-gcc-02, section 6).

/// Losses are looked at over so many packets at least.
const LEAST_PACKETS: u32 = 40;
/// And over so long, microseconds.
const INTERVAL_US: u64 = 500_000;
const TOO_MUCH: f64 = 0.10;
const LITTLE: f64 = 0.02;

/// See the module.
#[derive(Default)]
pub(crate) struct Loss {
    packets: u32,
    lost: u32,
    since_us: u64,
    /// Of the last interval.
    pub share: f64,
    bound: Option<f64>,
}

impl Loss {
    pub(crate) fn told(&mut self, has_come: bool) {
        self.packets += 1;
        self.lost += u32::from(!has_come);
    }

    /// What was missing came late.
    pub(crate) fn came_late(&mut self) {
        self.lost = self.lost.saturating_sub(1);
    }

    /// The bound, bits a second, for an estimate that would be `estimate`; None: no bound.
    pub(crate) fn bound(&mut self, now_us: u64, estimate: f64) -> Option<f64> {
        if self.packets >= LEAST_PACKETS && now_us >= self.since_us + INTERVAL_US {
            self.share = f64::from(self.lost) / f64::from(self.packets);
            (self.packets, self.lost, self.since_us) = (0, 0, now_us);
            if self.share > TOO_MUCH {
                let from = self.bound.map_or(estimate, |bound| bound.min(estimate));
                self.bound = Some(from * (1.0 - 0.5 * self.share));
            } else if self.share < LITTLE {
                self.bound = self
                    .bound
                    .map(|bound| bound * 1.08 + 1_000.0)
                    .filter(|bound| *bound < 2.0 * estimate);
            }
        }
        self.bound
    }

    /// A probe has shown that there is more room.
    pub(crate) fn lift(&mut self, to: f64) {
        self.bound = self.bound.map(|bound| bound.max(to));
    }

    pub(crate) fn forget(&mut self) {
        *self = Self {
            share: self.share,
            ..Self::default()
        };
    }
}
