//! Numbers of resources, as the writes of a batch change them.

use std::collections::{BTreeMap, HashMap};

use scim_core::{ResourceId, TenantId};

use crate::{
    delta::{Count, STRETCH, count_step},
    error::Failure,
    session::Session,
    statement::Value,
};

/// What a batch writes last: numbers are rows that other writers wait for.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Resources that the batch made, with type and shard. Where they stand is read once, at the end.
    made: HashMap<ResourceId, (String, i64)>,
    /// Changes by type, stretch and shard.
    known: BTreeMap<(String, i64, i64), i64>,
}

impl Counts {
    /// Notes that one write makes or takes away a resource.
    pub(super) fn note(&mut self, id: &ResourceId, count: Count) {
        match count.stretch {
            None => {
                self.made.insert(id.clone(), (count.kind, count.shard));
            }
            // What the batch made itself was never counted.
            Some(_) if self.made.remove(id).is_some() => {}
            Some(stretch) => *self.known.entry((count.kind, stretch, count.shard)).or_default() += count.change,
        }
    }

    /// By how much the number of resources of a type differs from what is written.
    pub(super) fn pending(&self, kind: &str) -> i64 {
        let made = self.made.values().filter(|(name, _)| name == kind).count();
        let known = self.known.iter().filter(|((name, ..), _)| name == kind);
        let known: i64 = known.map(|(_, change)| change).sum();
        i64::try_from(made).unwrap_or(i64::MAX).saturating_add(known)
    }

    /// Writes the numbers, always in one order.
    pub(super) async fn write<S: Session>(mut self, session: &mut S, tenant: &TenantId) -> Result<(), Failure> {
        self.place(session, tenant).await?;
        for ((kind, stretch, shard), change) in self.known.into_iter().filter(|(_, change)| *change != 0) {
            let count = Count {
                kind,
                stretch: Some(stretch),
                shard,
                change,
            };
            let step = count_step(session.engine(), session.schema(), tenant.as_str(), &count);
            session.run(&step.statement).await?;
        }
        Ok(())
    }

    async fn place<S: Session>(&mut self, session: &mut S, tenant: &TenantId) -> Result<(), Failure> {
        if self.made.is_empty() {
            return Ok(());
        }
        let ids = self.made.keys().map(|id| id.as_str().to_owned()).collect();
        let template = format!(
            "SELECT r.id, r.place >> {STRETCH} FROM {{s}}scim_resource r WHERE r.tenant = ?1 AND r.id {{in 2}}"
        );
        let statement = session.statement(&template, vec![tenant.as_str().into(), Value::Texts(ids)]);
        for row in session.rows(&statement).await? {
            if let Some((kind, shard)) = self.made.remove(row.text(0)?) {
                *self.known.entry((kind, row.int(1)?, shard)).or_default() += 1;
            }
        }
        Ok(())
    }
}
