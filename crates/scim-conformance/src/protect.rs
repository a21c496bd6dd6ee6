//! A guard for tests: administrators of the host whom SCIM cannot touch.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

use async_trait::async_trait;
use scim_http::{
    core::{ResourceId, resource::Resource},
    store::{Attempt, Denial, Guard, Scope, TxView},
};

/// Protects users that are named to it from deletion, deactivation and renaming.
#[derive(Debug, Default)]
pub struct ProtectedUsers {
    ids: RwLock<HashSet<ResourceId>>,
}

impl ProtectedUsers {
    /// Protects a user.
    pub fn protect(&self, id: ResourceId) {
        self.ids.write().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// Whether a user is protected.
    pub fn protects(&self, id: &ResourceId) -> bool {
        self.ids.read().unwrap_or_else(PoisonError::into_inner).contains(id)
    }
}

#[async_trait]
impl Guard for ProtectedUsers {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> Result<(), Denial> {
        let denied = match attempt {
            Attempt::Delete { id, .. } => self.protects(id),
            Attempt::Members { removed, .. } => removed.iter().any(|id| self.protects(id)),
            Attempt::Update { id, before, after, .. } => {
                let keeps = |of: fn(&Resource) -> String| of(before) == of(after);
                let same_name = keeps(|resource| resource.text("userName").unwrap_or_default().to_owned());
                self.protects(id) && (!same_name || !after.is_active())
            }
            _ => false,
        };
        if denied {
            Err(Denial::new(
                "an administrator of the host is protected from provisioning",
            ))
        } else {
            Ok(())
        }
    }
}
