//! Clusters of packets sent faster than the estimate, to see how fast they come (libwebrtc's probing, in short).

/// A cluster lasts so long on a path without jitter, microseconds: a longer one is congestion where the path is full.
const CLUSTER_US: u64 = 25_000;
/// Only a longer one sees through jitter: for each millisecond of it above the first ones, so many milliseconds more.
const SEES_THROUGH: f64 = 5.0;
const LITTLE_JITTER_MS: f64 = 2.0;
const MOST_LONGER_MS: f64 = 75.0;
const LEAST_PACKETS: u32 = 8;
/// A packet of padding with its headers, octets.
const PACKET: f64 = 300.0;
/// After so long without news of it a cluster is over, microseconds.
const PATIENCE_US: u64 = 1_000_000;
/// Between clusters, microseconds: the first pause, doubled while nothing is found.
const PAUSE_US: (u64, u64) = (1_000_000, 4_000_000);
/// How much faster than the estimate, and while nothing is found: the path is likely to be full.
const STEP: f64 = 2.0;
const CAREFUL_STEP: f64 = 1.5;
/// Standard errors by which a cluster is believed to have come slower than it seems; one that is more uncertain than a share says
/// nothing.
const DOUBT: f64 = 0.5;
const MOST_ERROR: f64 = 0.5;
/// Of what is wanted, at most so much is tried.
const BEYOND_WANTED: f64 = 1.3;

/// The time of each packet (`t`, from the first one's) over the octets of the cluster that went before it (`x`), by least squares:
/// jitter, which moves the first and the last packet as far as any other, matters less the more there are. Sums.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    first_us: i64,
    count: f64,
    x: f64,
    t: f64,
    xx: f64,
    xt: f64,
    tt: f64,
}

impl Pace {
    fn take(&mut self, at_us: i64, before: f64) {
        if self.count == 0.0 {
            self.first_us = at_us;
        }
        let t = (at_us - self.first_us) as f64;
        self.count += 1.0;
        self.x += before;
        self.t += t;
        self.xx += before * before;
        self.xt += before * t;
        self.tt += t * t;
    }

    /// Microseconds for each octet, and the standard error of that; None: there are too few packets.
    fn of(&self) -> Option<(f64, f64)> {
        let n = self.count;
        let (xx, xt, tt) = (
            self.xx - self.x * self.x / n,
            self.xt - self.x * self.t / n,
            self.tt - self.t * self.t / n,
        );
        if n < 4.0 || xx <= 0.0 {
            return None;
        }
        let pace = xt / xx;
        let error = ((tt - pace * xt).max(0.0) / (n - 2.0) / xx).sqrt();
        Some((pace, error))
    }
}

/// What came of a cluster so far.
#[derive(Clone, Copy, Debug, Default)]
struct Result {
    packets: u32,
    octets: f64,
    sent: Pace,
    came: Pace,
}

struct Cluster {
    id: u8,
    rate: f64,
    lasts_us: u64,
    started_us: u64,
    /// Octets that were sent of it.
    octets: f64,
    packets: u32,
    is_sent: bool,
    ended_us: u64,
    result: Result,
}

/// See the module.
pub(crate) struct Probing {
    cluster: Option<Cluster>,
    next_us: u64,
    pause_us: u64,
    last_id: u8,
}

impl Probing {
    pub(crate) fn new() -> Self {
        Self {
            cluster: None,
            next_us: 0,
            pause_us: PAUSE_US.0,
            last_id: 0,
        }
    }

    /// The cluster that packets sent now belong to; 0: none.
    pub(crate) fn current(&self) -> u8 {
        self.cluster
            .as_ref()
            .filter(|cluster| !cluster.is_sent)
            .map_or(0, |cluster| cluster.id)
    }

    pub(crate) fn sent(&mut self, octets: usize) {
        if let Some(cluster) = self.cluster.as_mut().filter(|cluster| !cluster.is_sent) {
            cluster.octets += octets as f64;
            cluster.packets += 1;
        }
    }

    /// The octets that are due. `may_start`: there is no sign of congestion. `jitter_ms`: how much delays change from packet to packet.
    pub(crate) fn due(
        &mut self,
        now_us: u64,
        estimate: f64,
        wanted: f64,
        jitter_ms: f64,
        may_start: bool,
    ) -> usize {
        if let Some(cluster) = &mut self.cluster {
            // One for which nobody could send enough was never more than begun.
            let since_us = if cluster.is_sent {
                cluster.ended_us
            } else {
                cluster.started_us
            };
            if now_us > since_us + PATIENCE_US {
                self.cluster = None;
                self.disappointed(now_us);
                return 0;
            }
            return if cluster.is_sent { 0 } else { cluster.due(now_us) };
        }
        let step = if self.pause_us > PAUSE_US.0 {
            CAREFUL_STEP
        } else {
            STEP
        };
        let target = (estimate * step).min(wanted * BEYOND_WANTED);
        if !may_start || now_us < self.next_us || target < estimate * 1.05 {
            return 0;
        }
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        let cluster = self.cluster.insert(Cluster {
            id: self.last_id,
            rate: target,
            lasts_us: cluster_us(jitter_ms),
            started_us: now_us,
            octets: 0.0,
            packets: 0,
            is_sent: false,
            ended_us: 0,
            result: Result::default(),
        });
        cluster.due(now_us)
    }

    pub(crate) fn due_us(&self) -> u64 {
        self.cluster
            .as_ref()
            .filter(|cluster| !cluster.is_sent)
            .map_or(u64::MAX, |cluster| {
                cluster.started_us + (cluster.octets * 8e6 / cluster.rate) as u64
            })
    }

    /// A packet of a cluster came. What the cluster has proven, once that can be told.
    pub(crate) fn arrived(
        &mut self,
        now_us: u64,
        id: u8,
        sent_us: u64,
        came_us: i64,
        octets: f64,
    ) -> Option<f64> {
        let cluster = self.cluster.as_mut().filter(|cluster| cluster.id == id)?;
        let result = &mut cluster.result;
        result.sent.take(sent_us.cast_signed(), result.octets);
        result.came.take(came_us, result.octets);
        result.packets += 1;
        result.octets += octets;
        if !cluster.is_sent || result.packets * 10 < cluster.packets * 8 {
            return None;
        }
        let (proven, rate) = (result.rate(), cluster.rate);
        self.cluster = None;
        match proven {
            // It came as fast as it was sent: at once a faster one.
            Some(proven) if proven > 0.8 * rate => {
                self.pause_us = PAUSE_US.0;
                self.next_us = now_us;
            }
            _ => self.disappointed(now_us),
        }
        proven
    }

    fn disappointed(&mut self, now_us: u64) {
        self.next_us = now_us + self.pause_us;
        self.pause_us = (self.pause_us * 2).min(PAUSE_US.1);
    }

    /// The path has just turned out narrower: it may be wide again soon.
    pub(crate) fn after_decrease(&mut self, now_us: u64) {
        self.pause_us = PAUSE_US.0;
        self.next_us = self.next_us.max(now_us + PAUSE_US.0);
    }
}

fn cluster_us(jitter_ms: f64) -> u64 {
    let longer_ms = (SEES_THROUGH * (jitter_ms - LITTLE_JITTER_MS)).clamp(0.0, MOST_LONGER_MS);
    CLUSTER_US + (longer_ms * 1_000.0) as u64
}

impl Cluster {
    fn due(&mut self, now_us: u64) -> usize {
        let total = (self.rate * self.lasts_us as f64 / 8e6).max(f64::from(LEAST_PACKETS) * PACKET);
        if self.octets >= total {
            self.is_sent = true;
            self.ended_us = now_us;
            return 0;
        }
        // One packet ahead: an interval needs two ends.
        let elapsed_us = now_us.saturating_sub(self.started_us);
        let due = (self.rate * elapsed_us as f64 / 8e6 + PACKET).min(total) - self.octets;
        if due > 0.0 { due.ceil() as usize } else { 0 }
    }
}

impl Result {
    /// What the cluster proves, bits a second; None: it says nothing.
    fn rate(&self) -> Option<f64> {
        let ((sent, _), (came, error)) = (self.sent.of()?, self.came.of()?);
        if sent <= 0.0 || came <= 0.0 || error > MOST_ERROR * came {
            return None;
        }
        let (send, receive) = (8e6 / sent, 8e6 / (came + DOUBT * error));
        // Arrivals that are bunched together on the way tell of no rate.
        if receive > 2.0 * send {
            return None;
        }
        // At full use of the path a queue stands: a little less than what came.
        Some(if receive < 0.9 * send {
            0.95 * receive
        } else {
            send.min(receive)
        })
    }
}
