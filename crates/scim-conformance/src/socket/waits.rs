use std::{fmt, time::Duration};

/// How long clients waited for answers, alone and beside [slow ones](super::SlowClients).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waits {
    /// 99 of 100 answers came within this time while nobody was slow.
    pub idle: Duration,
    /// The same beside slow clients.
    pub beside: Duration,
    /// The slowest answer beside slow clients.
    pub longest: Duration,
}

impl Waits {
    pub(super) fn new(idle: Vec<Duration>, beside: Vec<Duration>) -> Self {
        Self {
            idle: most(idle),
            longest: beside.iter().max().copied().unwrap_or_default(),
            beside: most(beside),
        }
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { idle, beside, longest } = self;
        write!(
            f,
            "99 % within {idle:.1?} alone and {beside:.1?} beside slow clients, all within {longest:.1?}"
        )
    }
}

/// What 99 of 100 do not exceed.
fn most(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let last = (times.len() * 99).div_ceil(100).saturating_sub(1);
    times.get(last).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_does_not_count() {
        let times: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        let waits = Waits::new(vec![Duration::from_millis(7)], times);
        let expected = "99 % within 7.0ms alone and 198.0ms beside slow clients, all within 200.0ms";
        assert_eq!(waits.to_string(), expected);
        assert_eq!(most(Vec::new()), Duration::ZERO);
    }
}
