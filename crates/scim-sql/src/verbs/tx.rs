//! What the writes of one transaction share.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use scim_core::{
    ResourceId,
    resource::{Keys, MemberEffect},
    schema::ResourceType,
};
use scim_store::{Attempt, Scope, StoreError};

use super::{counts::Counts, gate::Gate, rivals, view::View};
use crate::{
    Engine,
    delta::{Count, Delta},
    error::Failure,
    session::Session,
};

/// Rows that the number of resources of a type is parted into, so that writers seldom wait for each other.
const SHARDS: u64 = 8;

/// A transaction at work.
pub(super) struct Tx<'a, S, G> {
    pub(super) session: &'a mut S,
    pub(super) gate: &'a mut G,
    pub(super) scope: &'a Scope,
    /// What a batch knows besides what is written; `None` for a single write.
    pub(super) batch: Option<Pending>,
}

/// What a batch knows of its own writes.
#[derive(Default)]
pub(super) struct Pending {
    /// Resources that later writes create: members may name them already.
    pub(super) expected: HashMap<ResourceId, Arc<ResourceType>>,
    /// Identifiers that earlier writes freed; they are not used again.
    pub(super) freed: HashSet<ResourceId>,
    /// Changes of numbers of resources, which are written last.
    pub(super) counts: Counts,
}

impl<'a, S: Session, G: Gate> Tx<'a, S, G> {
    pub(super) fn new(session: &'a mut S, gate: &'a mut G, scope: &'a Scope) -> Self {
        Self {
            session,
            gate,
            scope,
            batch: None,
        }
    }

    /// Whether it has to be known that no value is taken before anything else is looked at: a guard is not asked about what
    /// cannot be done, and a batch cannot go on behind an index that refused a row.
    pub(super) fn looks_first(&self) -> bool {
        self.gate.is_guarded() || self.batch.is_some()
    }

    /// Ends the write if another resource has one of these values.
    pub(super) async fn look(&mut self, kind: &ResourceType, id: &ResourceId, keys: &Keys) -> Result<(), Failure> {
        match rivals::find(self.session, self.scope.tenant(), kind, id, keys).await? {
            Some(attribute) => Err(StoreError::Uniqueness { attribute }.into()),
            None => Ok(()),
        }
    }

    pub(super) async fn ask(&mut self, attempt: Attempt<'_>) -> Result<(), Failure> {
        if self.gate.is_guarded() {
            let counts = self.batch.as_ref().map(|batch| &batch.counts);
            let mut view = View::new(self.session, self.scope, counts);
            let verdict = self.gate.ask(self.scope, attempt, &mut view).await;
            view.judge(verdict)?;
        }
        Ok(())
    }

    pub(super) async fn ask_members(
        &mut self,
        kind: &Arc<ResourceType>,
        id: &ResourceId,
        effect: &MemberEffect,
    ) -> Result<(), Failure> {
        if effect.is_empty() {
            return Ok(());
        }
        self.ask(Attempt::Members {
            kind,
            id,
            added: &effect.added,
            removed: &effect.removed,
        })
        .await
    }

    /// Writes rows; values that were taken meanwhile end the write.
    pub(super) async fn write(
        &mut self,
        kind: &ResourceType,
        mut delta: Delta,
        keys: Option<&Keys>,
    ) -> Result<(), Failure> {
        if let Some(batch) = &mut self.batch
            && let Some(count) = delta.count.take()
        {
            batch.counts.note(&delta.id, count);
        }
        if self.session.apply(&delta).await? {
            return Ok(());
        }
        if let Some(keys) = keys {
            self.look(kind, &delta.id, keys).await?;
        }
        Err(Failure::overtaken())
    }

    /// One resource more, or one less in a stretch.
    pub(super) fn count(&self, kind: &ResourceType, id: &ResourceId, stretch: Option<i64>) -> Count {
        let shard = match self.session.engine() {
            Engine::Postgres => i64::try_from(hash(id.as_str()) % SHARDS).unwrap_or_default(),
            Engine::Sqlite => 0,
        };
        let kind = kind.name().to_owned();
        Count {
            kind,
            stretch,
            shard,
            change: if stretch.is_none() { 1 } else { -1 },
        }
    }
}

/// FNV-1a: the same on every machine and in every version.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
