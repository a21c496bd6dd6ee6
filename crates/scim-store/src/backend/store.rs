//! The store that is made of back ends.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{
    Draft, Edit,
    query::{Query, QueryPage},
    resource::Found,
    schema::ResourceType,
    typed::TypedResource,
};

use super::{
    GroupBackend, UserBackend,
    shelf::{Groups, Users},
    turns::Turns,
};
use crate::{Capabilities, Guard, Read, Removal, Result, ScimStore, Scope, StoreError, Updated, Write, Written};

#[doc = include_str!("manual.md")]
///
/// ```
#[doc = include_str!("../../docs/backends.rs")]
///
/// # let store: std::sync::Arc<dyn scim_store::ScimStore> = std::sync::Arc::new(store());
/// # assert!(!store.capabilities().atomic);
/// ```
#[derive(Debug)]
pub struct Backends<U, G> {
    pub(super) users: Users<U>,
    pub(super) groups: Groups<G>,
    pub(super) guard: Option<Arc<dyn Guard>>,
    pub(super) turns: Turns,
    capabilities: Capabilities,
}

/// Which back end a type belongs to.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Groups,
    Users,
}

impl<U: UserBackend, G: GroupBackend> Backends<U, G> {
    /// A store of these users and groups; [`NoGroups`](crate::NoGroups) where there are none.
    pub fn new(users: U, groups: G) -> Self {
        Self {
            users: Users(users),
            groups: Groups(groups),
            guard: None,
            turns: Turns::default(),
            capabilities: Capabilities::all_but(|capabilities| {
                capabilities.atomic = false;
                capabilities.batch = false;
                capabilities.versions = false;
            }),
        }
    }

    /// With a guard, which is asked before a back end is told to write, in the tenant's turn. Of a new resource it sees the
    /// identifier that the back end is offered: one that remembers it, such as a [`LicenseGuard`](crate::LicenseGuard), is for
    /// back ends that keep it, be it one that they [drew themselves](UserBackend::new_id).
    #[must_use]
    pub fn with_guard(mut self, guard: Arc<dyn Guard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// Says that every record of both back ends has a revision that counts from 1, as those have that are kept as they come.
    #[must_use]
    pub fn with_counted_revisions(mut self) -> Self {
        self.capabilities.versions = true;
        self
    }

    /// The back end of users.
    pub fn users(&self) -> &U {
        &self.users.0
    }

    /// The back end of groups.
    pub fn groups(&self) -> &G {
        &self.groups.0
    }

    pub(super) fn side(&self, kind: &ResourceType) -> Result<Side> {
        let is = |schema: &str| kind.schema().id.eq_ignore_ascii_case(schema);
        if is(U::View::SCHEMA) {
            Ok(Side::Users)
        } else if is(G::View::SCHEMA) {
            Ok(Side::Groups)
        } else {
            let what = format!("resources of type `{}`", kind.name());
            Err(StoreError::Unsupported { what })
        }
    }
}

#[async_trait]
impl<U: UserBackend, G: GroupBackend> ScimStore for Backends<U, G> {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        match self.side(&draft.kind)? {
            Side::Groups => self.create_in(&self.groups, scope, draft).await,
            Side::Users => self.create_in(&self.users, scope, draft).await,
        }
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        match self.side(&removal.kind)? {
            Side::Groups => self.delete_in(&self.groups, scope, removal).await,
            Side::Users => self.delete_in(&self.users, scope, removal).await,
        }
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        match self.side(&read.kind)? {
            Side::Groups => self.get_in(&self.groups, scope, read).await,
            Side::Users => self.get_in(&self.users, scope, read).await,
        }
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.search(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        match self.side(edit.kind())? {
            Side::Groups => self.update_in(&self.groups, scope, edit).await,
            Side::Users => self.update_in(&self.users, scope, edit).await,
        }
    }

    async fn batch(&self, _: &Scope, _: &[Write]) -> Result<Vec<Written>> {
        let what = "several writes in one transaction".to_owned();
        Err(StoreError::Unsupported { what })
    }
}
