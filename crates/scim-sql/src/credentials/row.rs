//! Credentials and links as rows.
//!
//! Times are whole microseconds, cut off and never rounded up: what has ended has ended in the table too.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use scim_core::TenantId;
use scim_store::{Access, Credential, CredentialId, Digest, Expiry, Replaces, RevealLink};

use crate::{
    error::SqlError,
    statement::{Row, Value},
};

/// The values of a credential, in the order of the columns.
pub(super) fn of_credential(credential: &Credential) -> Vec<Value> {
    vec![
        credential.id.as_str().into(),
        credential.tenant.as_str().into(),
        (&*credential.name).into(),
        access(credential.access).into(),
        micros(credential.created).into(),
        expires(credential.expiry).into(),
        credential.ends.map(micros).into(),
        credential.revoked.into(),
        credential.last_used.map(micros).into(),
        hex(&credential.digest).into(),
    ]
}

/// The values of a link, in the order of the columns; `None` for one that replaces what this release does not know of.
pub(super) fn of_link(link: &RevealLink) -> Option<Vec<Value>> {
    let (replaces, replaced, overlap) = match &link.replaces {
        Replaces::Nothing => ("nothing", None, TimeDelta::zero()),
        Replaces::All { overlap } => ("all", None, *overlap),
        Replaces::One { id, overlap } => ("one", Some(id.as_str().to_owned()), *overlap),
        _ => return None,
    };
    let overlap = overlap.max(TimeDelta::zero()).num_microseconds().unwrap_or(i64::MAX);
    Some(vec![
        link.id.as_str().into(),
        link.tenant.as_str().into(),
        (&*link.name).into(),
        access(link.access).into(),
        expires(link.expiry).into(),
        replaces.into(),
        replaced.into(),
        overlap.into(),
        micros(link.created).into(),
        micros(link.ends).into(),
        hex(&link.digest).into(),
    ])
}

pub(super) fn credential(row: &Row) -> Result<Credential, SqlError> {
    let mut credential = Credential::new(
        CredentialId::new(row.text(0)?),
        TenantId::new(row.text(1)?),
        Arc::from(row.text(2)?),
        access_of(row, 3)?,
        expiry(row, 5)?,
        time(row.int(4)?)?,
        digest(row, 9)?,
    );
    credential.ends = row.optional_int(6)?.map(time).transpose()?;
    credential.revoked = row.flag(7)?;
    credential.last_used = row.optional_int(8)?.map(time).transpose()?;
    Ok(credential)
}

pub(super) fn link(row: &Row) -> Result<RevealLink, SqlError> {
    let overlap = TimeDelta::microseconds(row.int(7)?);
    let replaces = match (row.text(5)?, row.optional(6)?) {
        ("nothing", _) => Replaces::Nothing,
        ("all", _) => Replaces::All { overlap },
        ("one", Some(id)) => Replaces::One {
            id: CredentialId::new(id),
            overlap,
        },
        _ => return Err(SqlError::column(5, "what is replaced")),
    };
    Ok(RevealLink::new(
        CredentialId::new(row.text(0)?),
        TenantId::new(row.text(1)?),
        Arc::from(row.text(2)?),
        access_of(row, 3)?,
        expiry(row, 4)?,
        replaces,
        time(row.int(8)?)?,
        time(row.int(9)?)?,
        digest(row, 10)?,
    ))
}

/// When something ends that lives on for an overlap; see [`Credential::end`].
pub(super) fn end(now: DateTime<Utc>, overlap: TimeDelta) -> i64 {
    let end = now.checked_add_signed(overlap.max(TimeDelta::zero()));
    micros(end.unwrap_or(DateTime::<Utc>::MAX_UTC))
}

pub(super) fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

fn time(micros: i64) -> Result<DateTime<Utc>, SqlError> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| SqlError::other("a time is beyond all calendars"))
}

fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
    }
}

fn access_of(row: &Row, column: usize) -> Result<Access, SqlError> {
    match row.text(column)? {
        "read" => Ok(Access::Read),
        "write" => Ok(Access::Write),
        _ => Err(SqlError::column(column, "what a credential is good for")),
    }
}

fn expires(expiry: Expiry) -> Option<i64> {
    match expiry {
        Expiry::At(end) => Some(micros(end)),
        Expiry::Never => None,
    }
}

fn expiry(row: &Row, column: usize) -> Result<Expiry, SqlError> {
    let end = row.optional_int(column)?.map(time).transpose()?;
    Ok(end.map_or(Expiry::Never, Expiry::At))
}

fn hex(digest: &Digest) -> String {
    let digits = digest.as_bytes().iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
    digits.collect()
}

fn digest(row: &Row, column: usize) -> Result<Digest, SqlError> {
    let digits = row.text(column)?.chars().map(|digit| digit.to_digit(16));
    let digits: Option<Vec<u8>> = digits.map(|digit| u8::try_from(digit?).ok()).collect();
    let (pairs, rest) = digits.as_deref().unwrap_or_default().as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    match <[u8; 32]>::try_from(bytes) {
        Ok(bytes) if rest.is_empty() => Ok(Digest::new(bytes)),
        _ => Err(SqlError::column(column, "a digest")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_comes_back_as_it_was() {
        let bytes = std::array::from_fn(|index| u8::try_from(index * 8).unwrap());
        let text = hex(&Digest::new(bytes));
        assert!(text.starts_with("0008101820") && text.len() == 64);
        let row = |text: &str| Row::new(vec![text.into()]);
        assert_eq!(digest(&row(&text), 0).unwrap().as_bytes(), &bytes);
        for wrong in [
            "",
            "00",
            &text.replace('f', "g"),
            &format!("{text}0"),
            &format!("{text}00"),
        ] {
            assert!(digest(&row(wrong), 0).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_cut_off_and_reach_beyond_every_expiry() {
        let odd = DateTime::from_timestamp(1_700_000_000, 999_999_999).unwrap();
        assert_eq!(time(micros(odd)).unwrap().timestamp_subsec_nanos(), 999_999_000);
        let last = end(odd, TimeDelta::MAX);
        assert_eq!(last, micros(DateTime::<Utc>::MAX_UTC));
        assert!(time(last).is_ok());
        assert_eq!(end(odd, TimeDelta::seconds(-5)), micros(odd));
    }
}
