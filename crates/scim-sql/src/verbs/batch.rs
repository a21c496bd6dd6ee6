//! Several writes in one transaction.

use std::sync::Arc;

use scim_core::{query::Relations, resource::Found};
use scim_store::{Updated, Write, Written};

use super::{
    gate::Gate,
    relations::Relate,
    row::{self, Lock},
    tx::{Pending, Tx},
};
use crate::{error::Failure, session::Session};

impl<S: Session, G: Gate> Tx<'_, S, G> {
    /// Each write is done before the next one is worked out, so that it sees those before it. Members that a later write
    /// creates are rows already; only a guard that counts groups by their members can tell.
    pub(super) async fn batch(mut self, writes: &[Write]) -> Result<Vec<Written>, Failure> {
        let drafts = writes.iter().filter_map(|write| match write {
            Write::Create(draft) => Some((draft.id.clone()?, Arc::clone(&draft.kind))),
            _ => None,
        });
        self.batch = Some(Pending {
            expected: drafts.collect(),
            ..Pending::default()
        });
        let mut written = Vec::with_capacity(writes.len());
        for write in writes {
            written.push(match write {
                Write::Create(draft) => {
                    let found = self.create(draft).await?;
                    if let Some(batch) = &mut self.batch {
                        batch.expected.remove(&found.head.id);
                    }
                    Written::Created(found)
                }
                Write::Delete(removal) => {
                    self.delete(removal).await?;
                    Written::Deleted
                }
                Write::Update(edit) => Written::Updated(self.update(edit).await?),
                _ => {
                    return Err(Failure::Sql(crate::error::SqlError::other(
                        "a write of an unknown kind",
                    )));
                }
            });
        }
        let counts = self.batch.as_mut().map(|batch| std::mem::take(&mut batch.counts));
        counts
            .unwrap_or_default()
            .write(self.session, self.scope.tenant())
            .await?;
        let mut answers = Vec::with_capacity(written.len());
        for (written, write) in written.into_iter().zip(writes) {
            answers.push(self.finish(written, write).await?);
        }
        Ok(answers)
    }

    /// The answer from what there is at the end; a resource that a later write deleted is told as it was.
    async fn finish(&mut self, written: Written, write: &Write) -> Result<Written, Failure> {
        match (written, write) {
            (Written::Created(found), Write::Create(draft)) => {
                Ok(Written::Created(self.now(found, draft.relations).await?))
            }
            (Written::Updated(updated), Write::Update(edit)) => {
                let (Some(found), Some(relations)) = (updated.found, edit.answer()) else {
                    let answer = Updated::new(updated.version, updated.changed, None);
                    return Ok(Written::Updated(answer.with_unknown_members(updated.unknown_members)));
                };
                let found = self.now(found, relations).await?;
                let answer = Updated::new(found.head.version, updated.changed, Some(found));
                Ok(Written::Updated(answer.with_unknown_members(updated.unknown_members)))
            }
            (written, _) => Ok(written),
        }
    }

    async fn now(&mut self, found: Found, relations: Relations) -> Result<Found, Failure> {
        let (kind, id) = (&found.kind, &found.head.id);
        let Some(mut current) = row::read(self.session, self.scope.tenant(), kind, id, Lock::Read).await? else {
            return Ok(found);
        };
        let relate = Relate::new(self.scope, relations);
        relate
            .one(self.session, &mut current.found, Some(current.next_member))
            .await?;
        Ok(current.found)
    }
}
