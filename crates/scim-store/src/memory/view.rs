//! What a guard may look at: the state with the earlier writes of the transaction, without the one it is asked about.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{ResourceId, filter::Predicate, resource::Found, schema::ResourceType};

use super::{
    Tenant,
    row::Entry,
    search::{self, Wants},
    stage::{Staged, Tx},
};
use crate::{Result, TxView};

pub(super) struct View<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) staged: &'a Staged,
}

#[async_trait]
impl TxView for View<'_> {
    async fn count(&mut self, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> Result<usize> {
        let state = self.tenant.read();
        if self.staged.is_empty() {
            return Ok(search::count(&state, kind, predicate));
        }
        let tx = Tx {
            state: &state,
            staged: self.staged,
        };
        Ok(count(tx, kind, predicate))
    }

    async fn get(&mut self, kind: &Arc<ResourceType>, id: &ResourceId) -> Result<Option<Found>> {
        let state = self.tenant.read();
        let tx = Tx {
            state: &state,
            staged: self.staged,
        };
        Ok(tx.entry_of(kind, id).map(|entry| entry.found(kind)))
    }

    async fn members(&mut self, kind: &Arc<ResourceType>, group: &ResourceId) -> Result<Vec<ResourceId>> {
        let state = self.tenant.read();
        let tx = Tx {
            state: &state,
            staged: self.staged,
        };
        let is_there = tx.entry_of(kind, group).is_some();
        Ok(if is_there { tx.members(group) } else { Vec::new() })
    }
}

/// Looks at every resource of the type as the transaction sees it.
fn count(tx: Tx<'_>, kind: &Arc<ResourceType>, predicate: Option<&Predicate>) -> usize {
    let wants = Wants::of(kind, predicate, None);
    let matches = |entry: &Entry| {
        let Some(predicate) = predicate else { return true };
        let (id, mut tree) = (&entry.head.id, entry.content.stored.resource());
        if wants.meta {
            tree = tree.with_meta(kind, &entry.head);
        }
        if wants.members {
            tree = tree.with_members(kind, &tx.member_rows(id));
        }
        if wants.memberships {
            tree = tree.with_memberships(kind, &tx.membership_rows(id));
        }
        predicate.matches(&tree)
    };
    let shelf = tx.state.shelf(kind).map(|(_, shelf)| shelf);
    let rows = shelf.into_iter().flat_map(|shelf| shelf.order.iter());
    let committed = rows.filter_map(|(_, at)| tx.state.row(at)).map(|row| &row.entry);
    let committed = committed.filter(|entry| !tx.staged.rows.contains_key(&entry.head.id));
    let staged = tx.staged.rows.values().flatten();
    let staged = staged.filter(|entry| entry.kind.name() == kind.name());
    committed.chain(staged).filter(|entry| matches(entry)).count()
}
