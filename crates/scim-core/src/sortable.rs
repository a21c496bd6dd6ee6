//! Values as text whose order, byte by byte, is the order of the values: for databases that compare text only.
//!
//! Two values are equal exactly when their texts are. Filters and sort keys in memory compare by the same numbers that
//! the texts are made of, so that a database and [`Query::run`](crate::query::Query::run) agree.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde_json::Number;

/// The text of a number, exact for every whole number of 64 bits and every double; -0.0 is 0.
///
/// ```
/// use scim_core::sortable::number;
/// use serde_json::Number;
///
/// let text = |text: &str| text.parse::<Number>().map(|value| number(&value));
/// assert!(text("9007199254740993")? > text("9007199254740992.0")?);
/// assert!(text("-1.5")? < text("-1")?);
/// assert_eq!(text("2")?, text("2.0")?);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[must_use]
pub fn number(value: &Number) -> String {
    let (double, rest) = split(value);
    if rest == 0 {
        format!("{double:016x}")
    } else {
        format!("{double:016x}{rest:04x}")
    }
}

/// The text of a point in time, always of 20 bytes, to the nanosecond.
///
/// ```
/// use scim_core::{datetime::parse, sortable::time};
///
/// let text = |text: &str| parse(text).map(|value| time(&value));
/// assert!(text("-0044-03-15T12:00:00Z") < text("2011-05-13T04:42:34.000000001+02:00"));
/// assert_eq!(text("2011-05-13T04:42:34+02:00"), text("2011-05-13T02:42:34Z"));
/// ```
#[must_use]
pub fn time(value: &DateTime<Utc>) -> String {
    /// More than there are seconds before 1970 in chrono's years.
    const SHIFT: i64 = 1 << 47;
    format!(
        "{:012x}{:08x}",
        value.timestamp().saturating_add(SHIFT),
        value.timestamp_subsec_nanos()
    )
}

/// Compares numbers exactly, as [`number`] does.
pub(crate) fn compare(one: &Number, two: &Number) -> Ordering {
    match (one.as_i64(), two.as_i64()) {
        (Some(one), Some(two)) => one.cmp(&two),
        _ => split(one).cmp(&split(two)),
    }
}

/// The greatest double that is not above the number, its bits in the order of doubles, and how far the number is above it.
/// No other double lies between the two, so that pairs compare as the numbers do.
fn split(value: &Number) -> (u64, u16) {
    let (double, rest) = match value.as_i128() {
        None => (value.as_f64().unwrap_or(0.0), 0),
        Some(whole) => {
            #[expect(clippy::cast_precision_loss, reason = "what is lost is the rest")]
            let near = whole as f64;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a double that came from 64 bits fits into 128"
            )]
            let floor = if near as i128 > whole { near.next_down() } else { near };
            #[expect(clippy::cast_possible_truncation, reason = "as above")]
            let rest = whole - floor as i128;
            (floor, u16::try_from(rest).unwrap_or(u16::MAX))
        }
    };
    // Adding turns -0.0 into 0.0.
    let bits = (double + 0.0).to_bits();
    let ordered = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
    (ordered, rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_number() -> impl Strategy<Value = Number> {
        let near = prop_oneof![
            Just(0_i64),
            Just(1 << 53),
            Just(i64::MAX),
            Just(i64::MIN),
            Just(-(1 << 53)),
            Just(1 << 62)
        ];
        prop_oneof![
            any::<i64>().prop_map(Number::from),
            any::<u64>().prop_map(Number::from),
            (near.clone(), -3..=3_i64).prop_map(|(near, by)| Number::from(near.saturating_add(by))),
            (0..=3_u64).prop_map(|by| Number::from(u64::MAX - by)),
            (near, -3..=3_i64).prop_map(|(near, by)| Number::from_f64(near as f64 + by as f64).unwrap()),
            any::<f64>().prop_filter_map("finite", Number::from_f64),
            (-4..4_i32).prop_map(|half| Number::from_f64(f64::from(half) / 2.0).unwrap()),
        ]
    }

    /// The order by whole numbers where both are, else by the floor and then by what is above it.
    fn exact(one: &Number, two: &Number) -> Ordering {
        match (one.as_i128(), two.as_i128()) {
            (Some(one), Some(two)) => one.cmp(&two),
            (None, None) => one.as_f64().partial_cmp(&two.as_f64()).unwrap(),
            (Some(one), None) => whole_and_double(one, two.as_f64().unwrap()),
            (None, Some(two)) => whole_and_double(two, one.as_f64().unwrap()).reverse(),
        }
    }

    fn whole_and_double(whole: i128, double: f64) -> Ordering {
        whole.cmp(&(double.floor() as i128)).then(if double.fract() == 0.0 {
            Ordering::Equal
        } else {
            Ordering::Less
        })
    }

    #[test]
    fn zero_has_no_sign() {
        let minus: Number = "-0.0".parse().unwrap();
        assert_eq!(compare(&minus, &Number::from(0)), Ordering::Equal);
        assert_eq!(number(&minus), number(&Number::from(0)));
    }

    #[test]
    fn the_ends_of_time_have_the_same_length() {
        let (first, last) = (time(&DateTime::<Utc>::MIN_UTC), time(&DateTime::<Utc>::MAX_UTC));
        assert!(first < last);
        assert_eq!((first.len(), last.len()), (20, 20));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn texts_of_numbers_are_in_their_order(one in any_number(), two in any_number()) {
            prop_assert_eq!(compare(&one, &two), exact(&one, &two), "{} {}", one, two);
            prop_assert_eq!(number(&one).cmp(&number(&two)), exact(&one, &two), "{} {}", one, two);
        }

        #[test]
        fn texts_of_times_are_in_their_order(
            one in (-8_000_000_000_000_i64..8_000_000_000_000, 0..2_u32),
            two in (-8_000_000_000_000_i64..8_000_000_000_000, 0..2_u32),
            near in any::<bool>(),
        ) {
            let two = if near { (one.0, two.1) } else { two };
            let [one, two] = [one, two].map(|(seconds, nanos)| DateTime::<Utc>::from_timestamp(seconds, nanos).unwrap());
            prop_assert_eq!(time(&one).cmp(&time(&two)), one.cmp(&two));
        }
    }
}
