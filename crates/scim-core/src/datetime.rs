//! The text form of DateTime values: `xsd:dateTime` with a date and a time (RFC 7643 section 2.3.5).

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Timelike, Utc};

/// Reads an `xsd:dateTime`: date, `T`, time with seconds, optional fraction, then `Z` or an offset.
///
/// - A text without `Z` or offset is read as UTC: `xsd:dateTime` allows it and RFC 7643 does not say what it means.
/// - A fraction may have any number of digits; what is finer than a nanosecond is cut off.
/// - The second 60 is the start of the next minute, and `24:00:00` the start of the next day.
/// - Years have four digits, or more without leading zeros, and may be negative.
///
/// `None` for everything else: a date or time alone, blanks, lower-case `t` and `z`, offsets beyond 14:00, days that
/// the month does not have, and years that [`DateTime`] cannot hold.
///
/// ```
/// use scim_core::datetime::{format, parse};
///
/// let t = parse("2011-05-13T04:42:34+02:00").ok_or("not a dateTime")?;
/// assert_eq!(format(&t), "2011-05-13T02:42:34.000Z");
/// assert_eq!(parse("2011-05-13"), None);
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn parse(text: &str) -> Option<DateTime<Utc>> {
    if let Some(time) = parse_usual(text.as_bytes()) {
        return Some(time);
    }
    let mut input = Input(text.as_bytes());
    let year = input.year()?;
    input.expect(b'-')?;
    let month = input.two_digits()?;
    input.expect(b'-')?;
    let day = input.two_digits()?;
    input.expect(b'T')?;
    let hour = input.two_digits()?;
    input.expect(b':')?;
    let minute = input.two_digits()?;
    input.expect(b':')?;
    let second = input.two_digits()?;
    let nanos = input.fraction()?;
    let offset = input.offset()?;
    if !input.0.is_empty() {
        return None;
    }

    let (hour, minute, second, carry) = match (hour, minute, second) {
        (24, 0, 0) if nanos == 0 => (0, 0, 0, TimeDelta::days(1)),
        (_, _, 60) => (hour, minute, 59, TimeDelta::seconds(1)),
        _ => (hour, minute, second, TimeDelta::zero()),
    };
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    let written = date.and_time(NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?);
    let shift = carry - offset;
    let utc = if shift.is_zero() {
        written
    } else {
        written.checked_add_signed(shift)?
    };
    Some(utc.and_utc())
}

/// Reads the usual form quickly: four digits of the year, seconds or milliseconds, and `Z`. Whatever is out of range is left
/// to the reader of all forms.
fn parse_usual(text: &[u8]) -> Option<DateTime<Utc>> {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        mo1,
        mo2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        mi1,
        mi2,
        b':',
        s1,
        s2,
        rest @ ..,
    ] = text
    else {
        return None;
    };
    let [f1, f2, f3] = match rest {
        [b'Z'] => [b'0'; 3],
        [b'.', f1, f2, f3, b'Z'] => [*f1, *f2, *f3],
        _ => return None,
    };
    let digits = [
        y1, y2, y3, y4, mo1, mo2, d1, d2, h1, h2, mi1, mi2, s1, s2, &f1, &f2, &f3,
    ];
    if !digits.into_iter().fold(true, |all, byte| all & byte.is_ascii_digit()) {
        return None;
    }
    let digit = |byte: &u8| u32::from(byte.wrapping_sub(b'0'));
    let two = |tens: &u8, ones: &u8| digit(tens) * 10 + digit(ones);
    let year = i32::try_from(two(y1, y2) * 100 + two(y3, y4))
        .ok()
        .filter(|year| *year > 0)?;
    let date = NaiveDate::from_ymd_opt(year, two(mo1, mo2), two(d1, d2))?;
    let millis = digit(&f1) * 100 + two(&f2, &f3);
    let time = NaiveTime::from_hms_milli_opt(two(h1, h2), two(mi1, mi2), two(s1, s2), millis)?;
    Some(date.and_time(time).and_utc())
}

/// The canonical text of `time`: UTC, always three digits of milliseconds, the rest cut off.
///
/// `2026-01-02T03:04:05.678Z`, 24 bytes for the years 0 to 9999. A leap second is written as the last millisecond before
/// it, as `xsd:dateTime` has no second 60. For every other time, `parse(&format(&time))` is `time` cut to milliseconds.
#[must_use]
pub fn format(time: &DateTime<Utc>) -> String {
    match stamp(time) {
        // The bytes are ASCII; if they were not, chrono would write the same text.
        Some(stamp) => {
            str::from_utf8(&stamp).map_or_else(|_| time.to_rfc3339_opts(SecondsFormat::Millis, true), str::to_owned)
        }
        None => format_far(time),
    }
}

/// Appends what [`format()`] makes of `time` to `out`, without allocating for the years 0 to 9999.
pub fn write(time: &DateTime<Utc>, out: &mut Vec<u8>) {
    match stamp(time) {
        Some(stamp) => out.extend_from_slice(&stamp),
        None => out.extend_from_slice(format_far(time).as_bytes()),
    }
}

/// The text of a time in the years 0 to 9999.
fn stamp(time: &DateTime<Utc>) -> Option<[u8; 24]> {
    let utc = time.naive_utc();
    let year = u32::try_from(utc.year()).ok().filter(|year| *year <= 9999)?;
    let [y1, y2] = two(year / 100);
    let [y3, y4] = two(year % 100);
    let [mo1, mo2] = two(utc.month());
    let [d1, d2] = two(utc.day());
    let seconds = utc.num_seconds_from_midnight();
    let [h1, h2] = two(seconds / 3600);
    let [mi1, mi2] = two(seconds / 60 % 60);
    let [s1, s2] = two(seconds % 60);
    let millis = millis(&utc);
    let [f1, f2] = two(millis / 10);
    let [_, f3] = two(millis % 10);
    Some([
        y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2, b'.', f1, f2, f3,
        b'Z',
    ])
}

fn format_far(time: &DateTime<Utc>) -> String {
    let utc = time.naive_utc();
    let sign = if utc.year() < 0 { "-" } else { "" };
    format!(
        "{sign}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        utc.year().unsigned_abs(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second(),
        millis(&utc),
    )
}

/// Chrono counts on beyond 1000 within a leap second.
fn millis(time: &impl Timelike) -> u32 {
    (time.nanosecond() / 1_000_000).min(999)
}

/// The decimal digits of `n`, which is below 100.
fn two(n: u32) -> [u8; 2] {
    let n = (n % 100) as u8;
    [b'0' + n / 10, b'0' + n % 10]
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn next_if(&mut self, accept: impl FnOnce(u8) -> bool) -> Option<u8> {
        let (first, rest) = self.0.split_first().filter(|(first, _)| accept(**first))?;
        self.0 = rest;
        Some(*first)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.next_if(|b| b == byte).map(drop)
    }

    /// The next byte if it is a digit, as its value.
    fn digit(&mut self) -> Option<u32> {
        self.next_if(|b| b.is_ascii_digit())
            .map(|b| u32::from(b.wrapping_sub(b'0')))
    }

    fn two_digits(&mut self) -> Option<u32> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    fn year(&mut self) -> Option<i32> {
        let negative = self.expect(b'-').is_some();
        let padded = self.0.first() == Some(&b'0');
        let mut year: i32 = 0;
        let mut digits = 0;
        while let Some(digit) = self.digit() {
            year = year.checked_mul(10)?.checked_add_unsigned(digit)?;
            digits += 1;
        }
        let well_formed = digits == 4 || (digits > 4 && !padded);
        well_formed.then_some(if negative { -year } else { year })
    }

    /// The nanoseconds of an optional fraction.
    fn fraction(&mut self) -> Option<u32> {
        if self.expect(b'.').is_none() {
            return Some(0);
        }
        let mut nanos = self.digit()? * 100_000_000;
        let mut unit = 10_000_000;
        while let Some(digit) = self.digit() {
            nanos += digit * unit;
            unit /= 10;
        }
        Some(nanos)
    }

    /// How far local time is ahead of UTC; nothing means UTC.
    fn offset(&mut self) -> Option<TimeDelta> {
        let ahead = match self.next_if(|_| true) {
            None | Some(b'Z') => return Some(TimeDelta::zero()),
            Some(b'+') => true,
            Some(b'-') => false,
            Some(_) => return None,
        };
        let hours = self.two_digits()?;
        self.expect(b':')?;
        let minutes = self.two_digits()?;
        let total = hours * 60 + minutes;
        if minutes > 59 || total > 14 * 60 {
            return None;
        }
        let total = TimeDelta::minutes(i64::from(total));
        Some(if ahead { total } else { -total })
    }
}

#[cfg(test)]
mod tests {
    use chrono::SubsecRound;
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> String {
        format(&parse(text).unwrap_or_else(|| panic!("{text}")))
    }

    #[test]
    fn accepted_forms() {
        for (text, expected) in [
            ("2008-01-23T04:56:22Z", "2008-01-23T04:56:22.000Z"),
            ("2011-08-01T21:32:44.882Z", "2011-08-01T21:32:44.882Z"),
            ("2011-08-01T21:32:44.8Z", "2011-08-01T21:32:44.800Z"),
            (
                "2011-08-01T21:32:44.88299999999999999999999999999999999999Z",
                "2011-08-01T21:32:44.882Z",
            ),
            ("2011-08-01T21:32:44+02:00", "2011-08-01T19:32:44.000Z"),
            ("2011-08-01T21:32:44-05:30", "2011-08-02T03:02:44.000Z"),
            ("2011-08-01T21:32:44-00:00", "2011-08-01T21:32:44.000Z"),
            ("2012-01-01T05:00:00+14:00", "2011-12-31T15:00:00.000Z"),
            ("2011-08-01T21:32:44", "2011-08-01T21:32:44.000Z"),
            ("2011-08-01T21:32:44.5", "2011-08-01T21:32:44.500Z"),
            ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"),
            ("2024-12-31T24:00:00Z", "2025-01-01T00:00:00.000Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
            ("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
            ("0000-01-01T00:00:00+01:00", "-0001-12-31T23:00:00.000Z"),
            ("-0044-03-15T12:00:00Z", "-0044-03-15T12:00:00.000Z"),
            ("9999-12-31T23:59:60Z", "10000-01-01T00:00:00.000Z"),
            ("12345-01-01T00:00:00Z", "12345-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(canonical(text), expected);
        }
    }

    #[test]
    fn refused_forms() {
        for text in [
            "",
            "2011",
            "2011-08-01",
            "21:32:44Z",
            "2011-08-01T21:32Z",
            "2011-08-01T21:32:44.Z",
            "2011-08-01T21:32:44,5Z",
            "2011-08-01 21:32:44Z",
            "2011-08-01t21:32:44Z",
            "2011-08-01T21:32:44z",
            " 2011-08-01T21:32:44Z",
            "2011-08-01T21:32:44Z ",
            "2011-08-01T21:32:44ZZ",
            "2011-08-01T21:32:44+2:00",
            "2011-08-01T21:32:44+0200",
            "2011-08-01T21:32:44+02",
            "2011-08-01T21:32:44+14:01",
            "2011-08-01T21:32:44+02:60",
            "2011-08-01T21:32:44+99:99",
            "2011-8-1T21:32:44Z",
            "2011-02-29T00:00:00Z",
            "2011-13-01T00:00:00Z",
            "2011-00-01T00:00:00Z",
            "2011-01-32T00:00:00Z",
            "2011-08-01T25:00:00Z",
            "2011-08-01T24:00:01Z",
            "2011-08-01T24:00:00.1Z",
            "2011-08-01T24:00:60Z",
            "2011-08-01T00:60:00Z",
            "2011-08-01T00:00:61Z",
            "+2011-08-01T21:32:44Z",
            "02011-08-01T21:32:44Z",
            "211-08-01T21:32:44Z",
            "999999-01-01T00:00:00Z",
            "-999999-01-01T00:00:00Z",
            "99999999999999999999-01-01T00:00:00Z",
            "２011-08-01T21:32:44Z",
            "262142-12-31T23:59:59-14:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_ends_of_the_range_do_not_overflow() {
        for time in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            assert_eq!(parse(&format(&time)), Some(time.trunc_subsecs(3)));
        }
        assert_eq!(parse("262142-12-31T23:59:60Z"), None);
        assert_eq!(parse("262142-12-31T23:59:59-00:01"), None);
        assert_eq!(parse("262142-12-31T24:00:00Z"), None);
    }

    #[test]
    fn a_leap_second_of_the_clock_is_written_as_a_valid_time() {
        let date = NaiveDate::from_ymd_opt(2016, 12, 31).unwrap();
        let leap = date.and_hms_milli_opt(23, 59, 59, 1_500).unwrap().and_utc();
        assert_eq!(format(&leap), "2016-12-31T23:59:59.999Z");
    }

    fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
        let (min, max) = (
            DateTime::<Utc>::MIN_UTC.timestamp(),
            DateTime::<Utc>::MAX_UTC.timestamp(),
        );
        (prop_oneof![0..4_102_444_800_i64, min..=max], 0..1_000_000_000_u32)
            .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
    }

    proptest! {
        #[test]
        fn written_times_are_read_back(time in any_time()) {
            prop_assert_eq!(parse(&format(&time)), Some(time.trunc_subsecs(3)));
        }

        #[test]
        fn both_writers_and_chrono_agree(time in any_time()) {
            let text = format(&time);
            let mut bytes = b"x".to_vec();
            write(&time, &mut bytes);
            prop_assert_eq!(&bytes[1..], text.as_bytes());
            if (0..=9999).contains(&time.year()) {
                prop_assert_eq!(text, time.to_rfc3339_opts(SecondsFormat::Millis, true));
            }
        }

        #[test]
        fn offsets_agree_with_chrono(time in 0..4_102_444_800_i64, minutes in -840..=840_i32) {
            let zone = chrono::FixedOffset::east_opt(minutes * 60).unwrap();
            let time = DateTime::from_timestamp(time, 0).unwrap();
            prop_assert_eq!(parse(&time.with_timezone(&zone).to_rfc3339()), Some(time));
        }

        #[test]
        fn hostile_text_is_no_panic(text in "[-+]?[0-9]{0,12}[-:TZ.+0-9]{0,30}", any in any::<String>()) {
            let _ = parse(&text);
            let _ = parse(&any);
        }
    }
}
