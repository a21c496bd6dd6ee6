//! What is on its way, taken in and looked at.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use scim_events::{Delivery, DeliveryState, EventId, EventType, Resent};

use super::{Place, count, int, millis};
use crate::{
    database::Task,
    error::Failure,
    session::Session,
    statement::{Row, Statement, Value},
    verbs::time,
};

/// Rows that are written with one statement: SQLite takes 32,766 parameters.
const ROWS: usize = 500;

pub(super) struct Enqueue {
    pub(super) place: Place,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) dead_letters: usize,
}

pub(super) struct List {
    pub(super) place: Place,
    pub(super) state: DeliveryState,
    pub(super) after: u64,
    pub(super) limit: usize,
}

pub(super) struct Resend {
    pub(super) place: Place,
    pub(super) sequences: Option<Vec<u64>>,
    pub(super) now: DateTime<Utc>,
}

impl Task for Enqueue {
    type Answer = ();

    async fn run<S: Session>(&self, session: &mut S) -> Result<(), Failure> {
        let place = &self.place;
        let Some((mark, _)) = place.lock(session).await? else {
            return Ok(());
        };
        let new: Vec<&Delivery> = self
            .deliveries
            .iter()
            .filter(|delivery| delivery.sequence > mark)
            .collect();
        let Some(last) = new.iter().map(|delivery| delivery.sequence).max() else {
            return Ok(());
        };
        for rows in new.chunks(ROWS) {
            let statement = insert(session, place, rows);
            session.run(&statement).await?;
        }
        let waiting = new.iter().filter(|delivery| delivery.state == DeliveryState::Waiting);
        let now = waiting.clone().map(|delivery| delivery.created).max();
        let resources: BTreeSet<&str> = waiting.map(|delivery| delivery.resource.as_str()).collect();
        // Where others of the resource waited before, one of them is due.
        let turn = "UPDATE {s}scim_delivery SET due = ?3 WHERE tenant = ?1 AND endpoint = ?2 AND sequence > ?4 \
                    AND NOT dead AND resource {in 5} AND NOT EXISTS (SELECT 1 FROM {s}scim_delivery o \
                    WHERE o.tenant = ?1 AND o.endpoint = ?2 AND o.resource = scim_delivery.resource \
                    AND NOT o.dead AND o.sequence < scim_delivery.sequence)";
        let resources: Vec<String> = resources.into_iter().map(str::to_owned).collect();
        place
            .run(session, turn, [millis(now), int(mark), resources.into()])
            .await?;
        let taken = "UPDATE {s}scim_endpoint SET mark = ?3 WHERE tenant = ?1 AND id = ?2";
        place.run(session, taken, [int(last)]).await?;
        bury(session, place, self.dead_letters).await
    }
}

impl Task for List {
    type Answer = Vec<Delivery>;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Self::Answer, Failure> {
        self.place.must_exist(session).await?;
        let state = match self.state {
            DeliveryState::Dead => "dead AND delivered = 0",
            DeliveryState::Delivered => "delivered > 0",
            _ => "NOT dead",
        };
        let text = format!(
            "SELECT {COLUMNS} FROM {{s}}scim_delivery WHERE tenant = ?1 AND endpoint = ?2 AND {state} AND sequence > ?3 \
             ORDER BY sequence LIMIT ?4"
        );
        let statement = session.statement(&text, self.place.values([int(self.after), count(self.limit)]));
        let rows = session.rows(&statement).await?;
        rows.iter().map(|row| delivery(&self.place, self.state, row)).collect()
    }
}

impl Task for Resend {
    type Answer = Resent;

    async fn run<S: Session>(&self, session: &mut S) -> Result<Resent, Failure> {
        let place = &self.place;
        if place.lock(session).await?.is_none() {
            return Err(scim_store::StoreError::NotFound.into());
        }
        let again = "UPDATE {s}scim_delivery SET dead = ?3, delivered = 0, attempts = 0, due = NULL \
                     WHERE tenant = ?1 AND endpoint = ?2 AND dead";
        let mut revived = 0;
        match &self.sequences {
            None => {
                let all = format!("{again} AND delivered = 0");
                revived += place.run(session, &all, [false.into()]).await?;
            }
            Some(sequences) => {
                if let Some(missing) = missing(session, place, sequences).await? {
                    return Ok(Resent::NotKept(missing));
                }
                let one = format!("{again} AND sequence = ?4");
                for sequence in sequences {
                    revived += place.run(session, &one, [false.into(), int(*sequence)]).await?;
                }
            }
        }
        // The first of each resource, unless one of it is due already.
        let turn = "UPDATE {s}scim_delivery SET due = ?3 WHERE tenant = ?1 AND endpoint = ?2 AND NOT dead \
                    AND due IS NULL AND NOT EXISTS (SELECT 1 FROM {s}scim_delivery o WHERE o.tenant = ?1 \
                    AND o.endpoint = ?2 AND o.resource = scim_delivery.resource AND NOT o.dead \
                    AND (o.sequence < scim_delivery.sequence OR o.due IS NOT NULL))";
        place.run(session, turn, [millis(Some(self.now))]).await?;
        Ok(Resent::Again(revived))
    }
}

pub(super) const COLUMNS: &str = "sequence, event, event_type, resource, body, attempts, created";

/// A delivery of a row with [`COLUMNS`].
pub(super) fn delivery(place: &Place, state: DeliveryState, row: &Row) -> Result<Delivery, Failure> {
    let delivery = Delivery::new(
        place.tenant.clone(),
        place.endpoint.clone(),
        row.int(0)?.unsigned_abs(),
        EventId::new(row.text(1)?),
        EventType::new(row.text(2)?),
        row.text(3)?.to_owned(),
        row.text(4)?.to_owned(),
        time(row.int(6)?)?,
    );
    let attempts = u32::try_from(row.int(5)?).unwrap_or(u32::MAX);
    Ok(delivery.with_state(state, attempts))
}

/// Forgets the oldest dead letters beyond so many.
pub(super) async fn bury<S: Session>(session: &mut S, place: &Place, most: usize) -> Result<(), Failure> {
    let text = "DELETE FROM {s}scim_delivery WHERE tenant = ?1 AND endpoint = ?2 AND dead AND delivered = 0 \
                AND sequence <= (SELECT o.sequence FROM {s}scim_delivery o WHERE o.tenant = ?1 AND o.endpoint = ?2 \
                AND o.dead AND o.delivered = 0 ORDER BY o.sequence DESC LIMIT 1 OFFSET ?3)";
    place.run(session, text, [count(most)]).await?;
    Ok(())
}

/// Forgets what arrived with the try at a place of the log or before.
pub(super) async fn forget<S: Session>(session: &mut S, place: &Place, through: i64) -> Result<(), Failure> {
    let text = "DELETE FROM {s}scim_delivery WHERE tenant = ?1 AND endpoint = ?2 AND delivered > 0 AND delivered <= ?3";
    place.run(session, text, [through.into()]).await?;
    Ok(())
}

/// The first of these numbers that no delivery has.
async fn missing<S: Session>(session: &mut S, place: &Place, sequences: &[u64]) -> Result<Option<u64>, Failure> {
    let text = "SELECT 1 FROM {s}scim_delivery WHERE tenant = ?1 AND endpoint = ?2 AND sequence = ?3";
    for sequence in sequences {
        let statement = session.statement(text, place.values([int(*sequence)]));
        if session.rows(&statement).await?.is_empty() {
            return Ok(Some(*sequence));
        }
    }
    Ok(None)
}

fn insert<S: Session>(session: &S, place: &Place, rows: &[&Delivery]) -> Statement {
    let mut statement = Statement::new(session.engine());
    statement.push("INSERT INTO ").push(session.schema()).push(
        "scim_delivery (tenant, endpoint, sequence, event, event_type, resource, body, dead, attempts, claims, created) \
         VALUES ",
    );
    let (tenant, endpoint) = (
        statement.keep(place.tenant.as_str()),
        statement.keep(place.endpoint.as_str()),
    );
    for (index, row) in rows.iter().enumerate() {
        statement.push(if index == 0 { "(" } else { ", (" });
        statement.again(tenant).push(", ").again(endpoint);
        let values: [Value; 8] = [
            int(row.sequence),
            row.event.as_str().into(),
            row.event_type.as_str().into(),
            row.resource.as_str().into(),
            row.body.as_str().into(),
            (row.state == DeliveryState::Dead).into(),
            i64::from(row.attempts).into(),
            0.into(),
        ];
        for value in values {
            statement.push(", ").bind(value);
        }
        statement.push(", ").bind(millis(Some(row.created))).push(")");
    }
    statement
}
