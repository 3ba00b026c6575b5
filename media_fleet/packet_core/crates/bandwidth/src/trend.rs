//! Whether the path's queue grows: the delay-based half of Google Congestion Control (draft-ietf-rmcat-gcc-02, section 5, with
//! the trendline that libwebrtc uses instead of the Kalman filter).
//!
//! A trend alone is not acted upon: there must be a queue, too. On a path with jitter (radio) trends come and go all the time
//! over a delay that stays what it was.

/// Packets sent within so long are one burst, microseconds.
const BURST_US: i64 = 5_000;
const WINDOW: usize = 20;
const SMOOTHING: f64 = 0.9;
const GAIN: f64 = 4.0;
/// The trend must be over the threshold for so long, milliseconds.
const OVERUSE_MS: f64 = 10.0;
const THRESHOLD: (f64, f64) = (6.0, 600.0);
const THRESHOLD_UP: f64 = 0.0087;
const THRESHOLD_DOWN: f64 = 0.039;
/// A trend that is so far above the threshold does not move it: a sudden change of path, milliseconds.
const MAX_ADAPT_OFFSET: f64 = 15.0;
/// A delay so far above the lowest of late is a queue, milliseconds; and by so much more for each millisecond of jitter.
const QUEUE_MS: f64 = 5.0;
const QUEUE_OF_JITTER: f64 = 1.5;
/// A queue is too long whatever the trend, milliseconds, when so many bursts one after the other had to wait for so long.
const LONG_MS: f64 = 50.0;
const LONG_BURSTS: usize = 3;
/// That is said so often at the most, microseconds, since sending less takes its time to be seen.
const LONG_STEP_US: i64 = 500_000;
/// What has not become shorter after so long of sending less is no queue: the way has become longer. Microseconds.
const LONG_MOST_US: i64 = 1_600_000;
/// The weight of the last burst in what is known of jitter, as long as there is no trend: a queue that grows must not pass for it.
const JITTER_WEIGHT: f64 = 0.02;
/// The lowest delay is that of the last one to two spans of this length, microseconds: routes change, clocks drift.
const FLOOR_US: i64 = 10_000_000;
/// Bursts that are further apart than this say nothing of each other, microseconds.
const BREAK_US: i64 = 3_000_000;

/// What the delays say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Usage {
    #[default]
    Normal,
    /// The queue grows.
    Over,
    /// The queue empties.
    Under,
}

/// Packets that were sent together, and when the first of them came. The later ones wait behind it in the path's queue, which says
/// nothing of what else is in it: a key frame, which is sent at once here, is no congestion.
#[derive(Clone, Copy, Debug)]
struct Burst {
    sent_us: i64,
    came_us: i64,
}

/// The lowest delay of late, milliseconds.
#[derive(Clone, Copy, Debug)]
struct Floor {
    since_us: i64,
    now_ms: f64,
    before_ms: f64,
}

impl Floor {
    fn new(at_us: i64) -> Self {
        Self {
            since_us: at_us,
            now_ms: f64::INFINITY,
            before_ms: f64::INFINITY,
        }
    }

    fn take(&mut self, at_us: i64, delay_ms: f64) {
        if at_us - self.since_us > FLOOR_US {
            (self.since_us, self.before_ms, self.now_ms) = (at_us, self.now_ms, f64::INFINITY);
        }
        self.now_ms = self.now_ms.min(delay_ms);
    }

    fn ms(self) -> f64 {
        self.now_ms.min(self.before_ms)
    }
}

/// See the module.
pub(crate) struct Trend {
    /// The last two.
    before: Option<Burst>,
    current: Option<Burst>,
    first_came_us: i64,
    delay_ms: f64,
    /// Of a queue that is too long: since when, and when that was said last.
    long: Option<(i64, i64)>,
    /// The last ones.
    delays: [f64; LONG_BURSTS],
    smoothed_ms: f64,
    floor: Floor,
    jitter_ms: f64,
    points: [(f64, f64); WINDOW],
    count: usize,
    bursts: usize,
    threshold: f64,
    last_update_us: Option<i64>,
    over_ms: Option<f64>,
    over_count: u32,
    last_trend: f64,
    pub usage: Usage,
}

impl Trend {
    pub(crate) fn new() -> Self {
        Self {
            before: None,
            current: None,
            first_came_us: 0,
            delay_ms: 0.0,
            long: None,
            delays: [0.0; LONG_BURSTS],
            smoothed_ms: 0.0,
            floor: Floor::new(0),
            jitter_ms: 0.0,
            points: [(0.0, 0.0); WINDOW],
            count: 0,
            bursts: 0,
            threshold: 12.5,
            last_update_us: None,
            over_ms: None,
            over_count: 0,
            last_trend: 0.0,
            usage: Usage::Normal,
        }
    }

    /// A packet came, in the order of sending.
    pub(crate) fn arrived(&mut self, sent_us: u64, came_us: i64) {
        let burst = Burst {
            sent_us: sent_us.cast_signed(),
            came_us,
        };
        let Some(current) = &mut self.current else {
            self.current = Some(burst);
            return;
        };
        if burst.sent_us.wrapping_sub(current.sent_us) <= BURST_US {
            current.came_us = current.came_us.min(came_us);
            return;
        }
        let complete = std::mem::replace(current, burst);
        let Some(before) = self.before.replace(complete) else {
            self.first_came_us = complete.came_us;
            self.floor = Floor::new(complete.came_us);
            return;
        };
        let sent_apart = complete.sent_us.wrapping_sub(before.sent_us);
        let came_apart = complete.came_us.wrapping_sub(before.came_us);
        if sent_apart > BREAK_US || !(-BREAK_US..=BREAK_US).contains(&came_apart) {
            self.restart(complete);
            return;
        }
        let change_us = came_apart - sent_apart;
        self.point(
            change_us as f64 / 1000.0,
            complete.came_us,
            sent_apart as f64 / 1000.0,
        );
    }

    fn restart(&mut self, from: Burst) {
        *self = Self {
            before: Some(from),
            current: self.current,
            first_came_us: from.came_us,
            floor: Floor::new(from.came_us),
            jitter_ms: self.jitter_ms,
            threshold: self.threshold,
            ..Self::new()
        };
    }

    fn point(&mut self, change_ms: f64, came_us: i64, sent_apart_ms: f64) {
        self.bursts = (self.bursts + 1).min(1000);
        self.delay_ms += change_ms;
        self.delays.rotate_left(1);
        self.delays[LONG_BURSTS - 1] = self.delay_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.delay_ms;
        self.floor.take(came_us, self.smoothed_ms);
        if self.last_trend.abs() < self.threshold {
            self.jitter_ms += JITTER_WEIGHT * (change_ms.abs() - self.jitter_ms);
        }
        let at_ms = (came_us - self.first_came_us) as f64 / 1000.0;
        self.points.copy_within(1.., 0);
        self.points[WINDOW - 1] = (at_ms, self.smoothed_ms);
        self.count = (self.count + 1).min(WINDOW);
        if self.count == WINDOW
            && let Some(slope) = slope(&self.points)
        {
            self.detect(slope, sent_apart_ms, came_us);
        }
        self.look_at_long_queue(came_us);
    }

    /// A path that has narrowed much fills its queue before there is a trend.
    fn look_at_long_queue(&mut self, came_us: i64) {
        if !self.has_long_queue() {
            self.long = None;
            return;
        }
        let (since_us, said_us) = self.long.unwrap_or((came_us, came_us - LONG_STEP_US));
        if came_us - since_us > LONG_MOST_US {
            self.floor = Floor::new(came_us);
            self.floor.take(came_us, self.shortest_ms());
            self.long = None;
        } else if came_us - said_us >= LONG_STEP_US {
            self.long = Some((since_us, came_us));
            self.usage = Usage::Over;
        }
    }

    fn detect(&mut self, slope: f64, sent_apart_ms: f64, came_us: i64) {
        let trend = self.bursts.min(60) as f64 * slope * GAIN;
        if trend > self.threshold {
            let over_ms = self.over_ms.map_or(sent_apart_ms / 2.0, |ms| ms + sent_apart_ms);
            self.over_ms = Some(over_ms);
            self.over_count += 1;
            if over_ms > OVERUSE_MS && self.over_count > 1 && trend >= self.last_trend && self.has_queue() {
                self.over_ms = Some(0.0);
                self.over_count = 0;
                self.usage = Usage::Over;
            }
        } else {
            self.over_ms = None;
            self.over_count = 0;
            self.usage = if trend < -self.threshold {
                Usage::Under
            } else {
                Usage::Normal
            };
        }
        self.last_trend = trend;
        self.adapt(trend, came_us);
    }

    /// How long packets wait at the least, as far as it cannot be jitter.
    pub(crate) fn queue_ms(&self) -> f64 {
        self.shortest_ms() - self.floor.ms()
    }

    /// How much the delay usually changes from burst to burst, milliseconds.
    pub(crate) fn jitter_ms(&self) -> f64 {
        self.jitter_ms
    }

    fn shortest_ms(&self) -> f64 {
        self.delays.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Whether packets wait so long that there is nothing to look for.
    pub(crate) fn has_long_queue(&self) -> bool {
        self.queue_ms() > LONG_MS
    }

    /// Whether packets wait longer than they lately had to.
    pub(crate) fn has_queue(&self) -> bool {
        self.smoothed_ms - self.floor.ms() > QUEUE_MS + QUEUE_OF_JITTER * self.jitter_ms
    }

    fn adapt(&mut self, trend: f64, came_us: i64) {
        let elapsed_ms = self
            .last_update_us
            .map_or(0.0, |last| (came_us - last) as f64 / 1000.0);
        self.last_update_us = Some(came_us);
        if trend.abs() > self.threshold + MAX_ADAPT_OFFSET {
            return;
        }
        let k = if trend.abs() < self.threshold {
            THRESHOLD_DOWN
        } else {
            THRESHOLD_UP
        };
        let moved = self.threshold + k * (trend.abs() - self.threshold) * elapsed_ms.clamp(0.0, 100.0);
        self.threshold = moved.clamp(THRESHOLD.0, THRESHOLD.1);
    }
}

/// Least squares.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - mean_x) * (y - mean_y);
        below += (x - mean_x) * (x - mean_x);
    }
    (below > 0.0).then(|| above / below)
}
