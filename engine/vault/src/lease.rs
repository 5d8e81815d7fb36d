//! How long a token lasts, and when it is to be renewed.

use std::time::{Duration, Instant};

/// Where leases are asked what time it is; tests move it on.
pub(crate) type Clock = dyn Fn() -> Instant + Send + Sync;

/// A token's time. One without an end lasts for ever, as root tokens do.
#[derive(Clone, Copy)]
pub(crate) struct Lease {
    renew_at: Option<Instant>,
    ends: Option<Instant>,
}

impl Lease {
    /// One that is not known to end.
    pub const ENDLESS: Self = Self { renew_at: None, ends: None };

    /// Of `whole`, with `left` of it from now; renewed when two thirds of the whole have passed. Zero is for ever.
    pub fn new(now: Instant, whole: Duration, left: Duration, is_renewable: bool) -> Self {
        // Beyond what a clock can say is for ever.
        let Some(ends) = now.checked_add(left).filter(|_| !left.is_zero()) else { return Self::ENDLESS };
        let renew_at = now + left.saturating_sub(whole / 3);
        Self { renew_at: is_renewable.then_some(renew_at), ends: Some(ends) }
    }

    /// It is time to renew it.
    pub fn is_due(&self, now: Instant) -> bool {
        self.renew_at.is_some_and(|at| now >= at)
    }

    /// It is over, by this clock.
    pub fn is_over(&self, now: Instant) -> bool {
        self.ends.is_some_and(|ends| now >= ends)
    }

    /// The time until it is to be renewed; none if it never is.
    pub fn until_due(&self, now: Instant) -> Option<Duration> {
        self.renew_at.map(|at| at.saturating_duration_since(now))
    }

    /// It cannot be renewed.
    pub fn keep(&mut self) {
        self.renew_at = None;
    }

    /// It could not be renewed now, and is asked for again later.
    pub fn postpone(&mut self, now: Instant, by: Duration) {
        self.renew_at = Some(now + by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_thirds_are_the_time() {
        let now = Instant::now();
        let seconds = Duration::from_secs;
        let lease = Lease::new(now, seconds(90), seconds(90), true);
        assert!(!lease.is_due(now + seconds(59)) && lease.is_due(now + seconds(60)));
        assert!(!lease.is_over(now + seconds(89)) && lease.is_over(now + seconds(90)));
        assert_eq!(lease.until_due(now + seconds(10)), Some(seconds(50)));
        // Half of it has passed already.
        let lease = Lease::new(now, seconds(90), seconds(45), true);
        assert!(!lease.is_due(now + seconds(14)) && lease.is_due(now + seconds(15)));
        let lease = Lease::new(now, seconds(90), seconds(20), true);
        assert!(lease.is_due(now));
        let lease = Lease::new(now, seconds(90), seconds(90), false);
        assert!(!lease.is_due(now + seconds(80)) && lease.is_over(now + seconds(90)));
        let endless = Lease::new(now, Duration::ZERO, Duration::ZERO, true);
        assert!(!endless.is_due(now + seconds(1 << 30)) && !endless.is_over(now + seconds(1 << 30)));
        assert!(!Lease::new(now, seconds(u64::MAX), seconds(u64::MAX), true).is_over(now));
    }
}
