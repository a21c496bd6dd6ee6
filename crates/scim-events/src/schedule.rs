//! When to try again.

use std::{fmt::Debug, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};

/// When deliveries are tried, and when an endpoint that fails is left alone: data, with the values that Standard Webhooks
/// suggests as its default.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Schedule {
    /// The pause before each further try; a delivery that has failed once more than there are pauses is a dead letter.
    /// Default: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    pub pauses: Vec<Duration>,
    /// By what part each pause is longer at random, so that those who failed together do not come back together; default 0.2.
    pub jitter: f64,
    /// An endpoint that cannot be reached, or that says that it has too much to do, gets nothing at all for the pause of its
    /// row of failures and no longer than this; default 5 min.
    pub longest_rest: Duration,
    /// An endpoint that has done nothing but fail for so long is disabled; default 5 days.
    pub disable_after: Duration,
}

/// Where chance comes from, injected so that a test can hold it still.
pub trait Chance: Debug + Send + Sync + 'static {
    /// A number from 0 up to but not 1.
    fn next(&self) -> f64;
}

/// The randomness of the operating system; 0 where it has none, as nothing but spreading depends on it.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::exhaustive_structs, reason = "has no state")]
pub struct SystemChance;

impl Schedule {
    /// The time of the try behind so many that failed, from 1; `None` where there is none.
    pub(crate) fn next(&self, failed: u32, now: DateTime<Utc>, chance: &dyn Chance) -> Option<DateTime<Utc>> {
        let index = usize::try_from(failed).ok()?.checked_sub(1)?;
        let pause = *self.pauses.get(index)?;
        let longer = self.jitter.clamp(0.0, 10.0) * chance.next().clamp(0.0, 1.0);
        Some(later(now, pause.mul_f64(1.0 + longer)))
    }

    /// How long an endpoint rests that has failed so often in a row, from 1.
    pub(crate) fn rest(&self, failed: u32) -> Duration {
        let index = usize::try_from(failed).unwrap_or(usize::MAX).saturating_sub(1);
        let pause = self.pauses.get(index).or(self.pauses.last());
        pause.copied().unwrap_or_default().min(self.longest_rest)
    }

    /// Whether an endpoint that has failed since then is to be disabled.
    pub(crate) fn has_failed_for_long(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        now >= later(since, self.disable_after)
    }
}

impl Default for Schedule {
    fn default() -> Self {
        let hours = [2, 5, 10, 14, 20, 24].map(|hours| 3600 * hours);
        let pauses = [5, 300, 1800].into_iter().chain(hours).map(Duration::from_secs);
        Self {
            pauses: pauses.collect(),
            jitter: 0.2,
            longest_rest: Duration::from_secs(300),
            disable_after: Duration::from_secs(5 * 86_400),
        }
    }
}

impl Chance for SystemChance {
    fn next(&self) -> f64 {
        f64::from(getrandom::u32().unwrap_or_default()) / (f64::from(u32::MAX) + 1.0)
    }
}

/// A time so much later; the last one that there is where that is beyond all time.
pub(crate) fn later(now: DateTime<Utc>, pause: Duration) -> DateTime<Utc> {
    let pause = TimeDelta::from_std(pause).ok();
    let later = pause.and_then(|pause| now.checked_add_signed(pause));
    later.unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Fixed(f64);

    impl Chance for Fixed {
        fn next(&self) -> f64 {
            self.0
        }
    }

    #[test]
    fn pauses_are_those_of_the_specification_and_a_little_longer() {
        let (schedule, now) = (Schedule::default(), DateTime::UNIX_EPOCH);
        let seconds = |failed, chance| {
            let next = schedule.next(failed, now, &Fixed(chance))?;
            Some((next - now).num_seconds())
        };
        assert_eq!(seconds(1, 0.0), Some(5));
        assert_eq!(seconds(2, 0.5), Some(330));
        let all: i64 = (1..=9).map(|failed| seconds(failed, 0.0).unwrap()).sum();
        assert_eq!(
            all,
            75 * 3600 + 35 * 60 + 5,
            "the last try is 75:35:05 behind the first"
        );
        assert_eq!(seconds(10, 0.0), None, "then it is dead");
        assert_eq!(seconds(0, 0.0), None);
    }

    #[test]
    fn rests_grow_and_end() {
        let schedule = Schedule::default();
        let seconds = [1, 2, 3, 9, 10, u32::MAX].map(|failed| schedule.rest(failed).as_secs());
        assert_eq!(seconds, [5, 300, 300, 300, 300, 300]);
        let now = DateTime::UNIX_EPOCH;
        assert!(!schedule.has_failed_for_long(now, now + TimeDelta::days(4)));
        assert!(schedule.has_failed_for_long(now, now + TimeDelta::days(5)));
        assert_eq!(later(now, Duration::MAX), DateTime::<Utc>::MAX_UTC);
    }

    #[test]
    fn chance_stays_within_its_bounds() {
        assert!((0..1000).all(|_| (0.0..1.0).contains(&SystemChance.next())));
    }
}
