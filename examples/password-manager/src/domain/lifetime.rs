//! How long secret tokens live: what people choose from, in the console and on the command line.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Months, TimeDelta, Utc};
use scim_http::{Expiry, store::Credential};

/// A token that ends within this time is warned of.
const SOON: TimeDelta = TimeDelta::days(30);

/// How long a new token lives: a year by default. That it never ends has to be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Days(u32),
    Never,
    Years(u32),
}

/// How long a token lives on beside the one that takes its place; not at all by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Overlap {
    hours: u32,
}

impl Lifetime {
    /// What the console offers.
    pub(crate) const CHOICES: [(Self, &str); 5] = [
        (Self::Days(90), "In 90 days"),
        (Self::Years(1), "In one year"),
        (Self::Years(2), "In two years"),
        (Self::Years(10), "In ten years"),
        (Self::Never, "Never, until it is revoked"),
    ];

    /// When a token ends that is made now.
    pub(crate) fn expiry(self, now: DateTime<Utc>) -> Expiry {
        let end = match self {
            Self::Days(days) => now.checked_add_signed(TimeDelta::days(i64::from(days))),
            Self::Never => return Expiry::Never,
            Self::Years(years) => now.checked_add_months(Months::new(years.saturating_mul(12))),
        };
        Expiry::At(end.unwrap_or(DateTime::<Utc>::MAX_UTC))
    }
}

impl Overlap {
    /// What the console offers.
    pub(crate) const CHOICES: [(Self, &str); 5] = [
        (Self::hours(0), "Not at all: it ends at once"),
        (Self::hours(1), "For one hour"),
        (Self::hours(8), "For eight hours"),
        (Self::hours(24), "For a day"),
        (Self::hours(72), "For three days"),
    ];

    const fn hours(hours: u32) -> Self {
        Self { hours }
    }

    pub(crate) fn is_none(self) -> bool {
        self.hours == 0
    }

    pub(crate) fn time(self) -> TimeDelta {
        TimeDelta::hours(i64::from(self.hours))
    }
}

impl Default for Lifetime {
    fn default() -> Self {
        Self::Years(1)
    }
}

impl FromStr for Lifetime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |unit| {
            text.strip_suffix(unit)
                .and_then(|number: &str| number.parse::<u32>().ok())
        };
        match (text, number('d'), number('y')) {
            ("never", ..) => Ok(Self::Never),
            (_, Some(days @ 1..=3650), _) => Ok(Self::Days(days)),
            (_, _, Some(years @ 1..=10)) => Ok(Self::Years(years)),
            _ => Err("1d to 3650d, 1y to 10y or never is wanted"),
        }
    }
}

impl FromStr for Overlap {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |unit| {
            text.strip_suffix(unit)
                .and_then(|number: &str| number.parse::<u32>().ok())
        };
        match (text, number('h'), number('d')) {
            ("0", ..) => Ok(Self::hours(0)),
            (_, Some(hours @ 0..=720), _) => Ok(Self::hours(hours)),
            (_, _, Some(days @ 0..=30)) => Ok(Self::hours(days * 24)),
            _ => Err("0, 1h to 720h or 1d to 30d is wanted"),
        }
    }
}

/// As it is read.
impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) => write!(f, "{days}d"),
            Self::Never => f.write_str("never"),
            Self::Years(years) => write!(f, "{years}y"),
        }
    }
}

/// As it is read.
impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hours {
            0 => f.write_str("0"),
            hours => write!(f, "{hours}h"),
        }
    }
}

/// The days until a live credential ends by its lifetime, begun ones included, where that is soon and no other took its place.
pub(crate) fn days_left(credential: &Credential, now: DateTime<Utc>) -> Option<i64> {
    let Expiry::At(end) = credential.expiry else {
        return None;
    };
    let left = end - now;
    let is_soon = credential.is_live(now) && credential.ends.is_none() && left < SOON;
    is_soon.then(|| (left.num_seconds() + 86_399) / 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_read_as_they_are_written() {
        for (lifetime, _) in Lifetime::CHOICES {
            assert_eq!(lifetime.to_string().parse(), Ok(lifetime));
        }
        for (overlap, _) in Overlap::CHOICES {
            assert_eq!(overlap.to_string().parse(), Ok(overlap));
        }
        assert!(
            Lifetime::CHOICES
                .iter()
                .any(|(lifetime, _)| *lifetime == Lifetime::default())
        );
        assert!(
            Overlap::default().is_none(),
            "an old token is dead where nobody asked for more"
        );
    }

    #[test]
    fn a_lifetime_is_bounded_and_never_is_a_word() {
        for wrong in ["", "0d", "3651d", "11y", "90", "-1d", "Never", "1.5y", "é"] {
            assert!(wrong.parse::<Lifetime>().is_err(), "{wrong}");
        }
        for wrong in ["", "h", "721h", "31d", "60", "-1h", "never"] {
            assert!(wrong.parse::<Overlap>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn years_are_those_of_the_calendar() {
        let leap_day = DateTime::parse_from_rfc3339("2028-02-29T12:00:00Z").unwrap().to_utc();
        let Expiry::At(end) = Lifetime::Years(1).expiry(leap_day) else {
            panic!("it never ends");
        };
        assert_eq!(end.to_rfc3339(), "2029-02-28T12:00:00+00:00");
        assert_eq!(Lifetime::Never.expiry(leap_day), Expiry::Never);
    }
}
