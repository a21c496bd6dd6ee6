//! When to try again, and when to give up.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    time::{Duration, Instant},
};

/// The pause after the first failure; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(2);

/// The longest pause.
const LONGEST: Duration = Duration::from_millis(250);

/// The tries of one request: pauses that grow and differ at random, so that those who collided do not meet again, until a
/// deadline.
#[derive(Debug)]
pub(crate) struct Retry {
    deadline: Instant,
    pause: Duration,
    random: RandomState,
    tries: u32,
}

impl Retry {
    /// Tries until a moment.
    pub(crate) fn until(deadline: Instant) -> Self {
        Self {
            deadline,
            pause: FIRST,
            random: RandomState::new(),
            tries: 0,
        }
    }

    /// Tries for so long from now on.
    pub(crate) fn within(limit: Duration) -> Self {
        Self::until(deadline(limit))
    }

    /// How long to wait before the next try, between half of the pause and all of it; `None` where that would be too late.
    pub(crate) fn next(&mut self) -> Option<Duration> {
        self.tries += 1;
        let half = self.pause / 2;
        let random = self.random.hash_one(self.tries) % 1024;
        let pause = half + half.mul_f64(random as f64 / 1024.0);
        self.pause = (self.pause * 2).min(LONGEST);
        let left = self.deadline.saturating_duration_since(Instant::now());
        (pause < left).then_some(pause)
    }
}

/// The moment so long from now; a limit beyond all clocks is a day.
pub(crate) fn deadline(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit)
        .unwrap_or_else(|| now + Duration::from_secs(86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_their_bounds() {
        let mut retry = Retry::within(Duration::MAX);
        let mut pause = FIRST;
        for _ in 0..20 {
            let next = retry.next().unwrap();
            assert!(next >= pause / 2 && next <= pause, "{next:?} of {pause:?}");
            pause = (pause * 2).min(LONGEST);
        }
        assert_eq!(pause, LONGEST);
    }

    #[test]
    fn nothing_is_tried_behind_the_deadline() {
        assert_eq!(Retry::within(Duration::ZERO).next(), None);
    }

    #[test]
    fn two_that_collided_part() {
        let pauses = || {
            let mut retry = Retry::within(Duration::MAX);
            (0..8).map(|_| retry.next()).collect::<Vec<_>>()
        };
        assert_ne!(pauses(), pauses());
    }
}
