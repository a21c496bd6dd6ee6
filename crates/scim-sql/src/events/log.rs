//! The log of tries.

use std::time::Duration;

use scim_events::{Attempt, AttemptOutcome, Delivery, EventId, EventType, FailureKind};

use super::{Place, count, int, millis};
use crate::{database::Task, error::Failure, session::Session, statement::Row, verbs::time};

pub(super) struct Attempts(pub(super) Place, pub(super) usize);

impl Task for Attempts {
    type Answer = Vec<Attempt>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        let Self(place, limit) = self;
        place.must_exist(session).await?;
        let text = "SELECT sequence, event, event_type, number, at, latency, status, failure FROM {s}scim_attempt \
                    WHERE tenant = ?1 AND endpoint = ?2 ORDER BY place DESC LIMIT ?3";
        let statement = session.statement(text, place.values([count(*limit)]));
        let rows = session.rows(&statement).await?;
        rows.iter().map(|row| attempt(place, row)).collect()
    }
}

/// Writes a try down at a place, and forgets those that are so many places before it.
pub(super) async fn append<S: Session>(
    session: &mut S,
    place: &Place,
    attempt: &Attempt,
    number: i64,
    kept: usize,
) -> Result<(), Failure> {
    let (status, failure) = match attempt.outcome {
        AttemptOutcome::Answered(status) => (i64::from(status), ""),
        AttemptOutcome::Failed(kind) => (0, kind.as_str()),
    };
    let text = "INSERT INTO {s}scim_attempt (tenant, endpoint, place, sequence, event, event_type, number, at, latency, \
                status, failure) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let latency = i64::try_from(attempt.latency.as_millis()).unwrap_or(i64::MAX);
    let others = [
        number.into(),
        int(attempt.sequence),
        attempt.event.as_str().into(),
        attempt.event_type.as_str().into(),
        i64::from(attempt.number).into(),
        millis(Some(attempt.at)),
        latency.into(),
        status.into(),
        failure.into(),
    ];
    place.run(session, text, others).await?;
    let text = "DELETE FROM {s}scim_attempt WHERE tenant = ?1 AND endpoint = ?2 AND place <= ?3";
    place.run(session, text, [before(number, kept).into()]).await?;
    Ok(())
}

/// The place before the last so many, of which one is the last.
pub(super) fn before(last: i64, kept: usize) -> i64 {
    last.saturating_sub(i64::try_from(kept).unwrap_or(i64::MAX))
}

fn attempt(place: &Place, row: &Row) -> Result<Attempt, Failure> {
    let at = time(row.int(4)?)?;
    // What a try says of its delivery is all that it is made from.
    let delivery = Delivery::new(
        place.tenant.clone(),
        place.endpoint.clone(),
        row.int(0)?.unsigned_abs(),
        EventId::new(row.text(1)?),
        EventType::new(row.text(2)?),
        String::new(),
        String::new(),
        at,
    );
    let outcome = match row.text(7)? {
        "" => AttemptOutcome::Answered(u16::try_from(row.int(6)?).unwrap_or_default()),
        word => AttemptOutcome::Failed(FailureKind::from_word(word)),
    };
    let latency = Duration::from_millis(row.int(5)?.unsigned_abs());
    let number = u32::try_from(row.int(3)?).unwrap_or(u32::MAX);
    Ok(Attempt::new(&delivery, at, latency, outcome).with_number(number))
}
