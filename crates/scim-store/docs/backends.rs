use std::collections::HashMap;

use async_lock::Mutex;
use async_trait::async_trait;
use scim_core::{
    ResourceId, TenantId,
    typed::{Group, User},
};
use scim_store::{Backends, GroupBackend, Record, RecordChange, Result, Scope, StoreError, UserBackend};

/// The accounts or the teams of all organisations.
#[derive(Debug, Default)]
pub struct Table<T>(Mutex<HashMap<(TenantId, ResourceId), Record<T>>>);

impl<T: Clone> Table<T> {
    async fn all(&self, scope: &Scope) -> Result<Vec<Record<T>>> {
        let rows = self.0.lock().await;
        let own = rows.iter().filter(|((tenant, _), _)| tenant == scope.tenant());
        Ok(own.map(|(_, row)| row.clone()).collect())
    }
    async fn put(&self, scope: &Scope, row: Record<T>) -> Result<Record<T>> {
        let key = (scope.tenant().clone(), row.id.clone());
        self.0.lock().await.insert(key, row.clone());
        Ok(row)
    }
    async fn remove(&self, scope: &Scope, id: &ResourceId) -> Result<()> {
        let key = (scope.tenant().clone(), id.clone());
        let gone = self.0.lock().await.remove(&key);
        gone.map(drop).ok_or(StoreError::NotFound)
    }
}

#[async_trait]
impl UserBackend for Table<User> {
    type View = User;
    async fn create(&self, scope: &Scope, new: Record<User>) -> Result<Record<User>> {
        self.put(scope, new).await
    }
    async fn delete(&self, scope: &Scope, was: &Record<User>) -> Result<()> {
        self.remove(scope, &was.id).await
    }
    async fn list(&self, scope: &Scope) -> Result<Vec<Record<User>>> {
        self.all(scope).await
    }
    async fn update(&self, scope: &Scope, change: RecordChange<'_, User>) -> Result<Record<User>> {
        self.put(scope, change.new).await
    }
}

#[async_trait]
impl GroupBackend for Table<Group> {
    type View = Group;
    async fn create(&self, scope: &Scope, new: Record<Group>) -> Result<Record<Group>> {
        self.put(scope, new).await
    }
    async fn delete(&self, scope: &Scope, was: &Record<Group>) -> Result<()> {
        self.remove(scope, &was.id).await
    }
    async fn list(&self, scope: &Scope) -> Result<Vec<Record<Group>>> {
        self.all(scope).await
    }
    async fn update(&self, scope: &Scope, change: RecordChange<'_, Group>) -> Result<Record<Group>> {
        self.put(scope, change.new).await
    }
}

/// What a service is built with.
pub fn store() -> Backends<Table<User>, Table<Group>> {
    Backends::new(Table::default(), Table::default()).with_counted_revisions()
}
