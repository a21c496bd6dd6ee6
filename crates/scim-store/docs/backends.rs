use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use scim_core::{
    ResourceId, TenantId,
    resource::MemberEffect,
    typed::{Group, User},
    username::UserNameKey,
};
use scim_store::{Backends, GroupBackend, Lookup, Record, Result, Scope, StoreError, UserBackend};

/// The accounts or the teams of all organisations.
#[derive(Debug, Default)]
pub struct Table<T>(Mutex<Rows<T>>);

type Rows<T> = BTreeMap<(TenantId, ResourceId), Record<T>>;

impl<T: Clone> Table<T> {
    fn rows(&self) -> MutexGuard<'_, Rows<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn all(&self, scope: &Scope) -> Vec<Record<T>> {
        let rows = self.rows();
        let own = rows.iter().filter(|((tenant, _), _)| tenant == scope.tenant());
        own.map(|(_, record)| record.clone()).collect()
    }
    fn one(&self, scope: &Scope, id: &ResourceId) -> Option<Record<T>> {
        self.rows().get(&(scope.tenant().clone(), id.clone())).cloned()
    }
    fn put(&self, scope: &Scope, record: Record<T>) -> Record<T> {
        self.rows()
            .insert((scope.tenant().clone(), record.id.clone()), record.clone());
        record
    }
    fn remove(&self, scope: &Scope, id: &ResourceId) -> Result<()> {
        let gone = self.rows().remove(&(scope.tenant().clone(), id.clone()));
        gone.map(drop).ok_or(StoreError::NotFound)
    }
}

#[async_trait]
impl UserBackend for Table<User> {
    type View = User;
    async fn create(&self, scope: &Scope, id: ResourceId, user: User) -> Result<Record<User>> {
        Ok(self.put(scope, Record::new(id, user, scope.now)))
    }
    async fn delete(&self, scope: &Scope, was: &Record<User>) -> Result<()> {
        self.remove(scope, &was.id)
    }
    async fn get(&self, scope: &Scope, id: &ResourceId) -> Result<Option<Record<User>>> {
        Ok(self.one(scope, id))
    }
    async fn list(&self, scope: &Scope) -> Result<Vec<Record<User>>> {
        Ok(self.all(scope))
    }
    async fn update(&self, scope: &Scope, was: &Record<User>, user: User) -> Result<Record<User>> {
        Ok(self.put(scope, was.changed(user, scope.now)))
    }
    // A host with an index on names uses it here.
    async fn find(&self, scope: &Scope, by: Lookup<'_>) -> Result<Option<Vec<Record<User>>>> {
        let Lookup::UserName(key) = by else { return Ok(None) };
        let has_name = |user: &User| {
            user.user_name
                .as_ref()
                .is_some_and(|name| UserNameKey::map(name) == key)
        };
        let all = self.all(scope).into_iter();
        Ok(Some(all.filter(|record| has_name(&record.value)).collect()))
    }
}

#[async_trait]
impl GroupBackend for Table<Group> {
    type View = Group;
    async fn create(&self, scope: &Scope, id: ResourceId, group: Group) -> Result<Record<Group>> {
        Ok(self.put(scope, Record::new(id, group, scope.now)))
    }
    async fn delete(&self, scope: &Scope, was: &Record<Group>) -> Result<()> {
        self.remove(scope, &was.id)
    }
    async fn get(&self, scope: &Scope, id: &ResourceId) -> Result<Option<Record<Group>>> {
        Ok(self.one(scope, id))
    }
    async fn list(&self, scope: &Scope) -> Result<Vec<Record<Group>>> {
        Ok(self.all(scope))
    }
    async fn update(&self, scope: &Scope, was: &Record<Group>, new: Group, _: &MemberEffect) -> Result<Record<Group>> {
        Ok(self.put(scope, was.changed(new, scope.now)))
    }
}

/// What a service is built with.
pub fn store() -> Backends<Table<User>, Table<Group>> {
    Backends::new(Table::default(), Table::default()).with_counted_revisions()
}
