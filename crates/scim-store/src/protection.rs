//! A [`Guard`] that keeps administrators from being lost by provisioning (decision D56, promise C14).

use std::{
    collections::{HashMap, HashSet},
    fmt::Debug,
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use scim_core::{
    ResourceId, TenantId,
    attr::AttrPath,
    resource::{Found, Resource},
    schema::{Located, ResourceType},
};

use crate::{Attempt, Denial, Guard, Result, Scope, TxView, takes_seats};

/// Refuses by 403, inside the transaction, whatever would lose an administrator, by DELETE, PUT, PATCH, Bulk or a group:
///
/// - a protected account is not deleted, deactivated, renamed, or changed in another [locked](Self::lock) attribute, nor taken
///   out of a group that makes administrators;
/// - it is given no [password](Self::allow_passwords), since whoever sets that takes the account over; where the service takes no
///   passwords, they are dropped as for everybody (decision D72);
/// - such a group is not deleted, and keeps at least one active user among its direct members;
/// - edits [by the host](Scope::by_host) are not asked about.
///
/// Accounts are resources of the types that have `active`. Two changes that would lose the last two administrators of a group
/// at once take turns.
///
/// ```
/// use std::sync::Arc;
/// use scim_store::{Breaker, MemoryStore, ProtectedIds, Protection};
///
/// let administrators = Arc::new(ProtectedIds::new());
/// let protection = Protection::new(Arc::clone(&administrators)).lock("emails");
/// // What it lets through is counted by a breaker.
/// let store = MemoryStore::with_guard(Arc::new(Breaker::around(Arc::new(protection))));
/// administrators.protect("acme", "2819c223-7f76-453a-919d-413861904646");
/// ```
#[derive(Debug)]
pub struct Protection {
    host: Arc<dyn Protected>,
    /// `None` for all of them.
    locked: Vec<Option<AttrPath>>,
    allows_passwords: bool,
}

/// Tells who is protected. It is asked inside transactions, about what would be lost: it should answer from what it knows.
#[async_trait]
pub trait Protected: Debug + Send + Sync + 'static {
    /// Whether an account is protected; the resource is the one before the change.
    async fn account(&self, scope: &Scope, id: &ResourceId, resource: &Resource) -> bool;

    /// The groups of the tenant whose members are administrators. Where a group is one by being a member of another, both
    /// are to be told.
    async fn groups(&self, scope: &Scope) -> Vec<ResourceId>;
}

/// [`Protected`] by identifiers that are told; they may change at any time.
#[derive(Debug, Default)]
pub struct ProtectedIds {
    tenants: RwLock<HashMap<TenantId, Ids>>,
}

#[derive(Debug, Default)]
struct Ids {
    accounts: HashSet<ResourceId>,
    groups: HashSet<ResourceId>,
}

/// What [`TxView::hold`] keeps others from while administrators are counted.
const TURN: &str = "administrators";

impl Protection {
    /// Protects whom the host tells, and their `userName`.
    pub fn new(host: impl Protected) -> Self {
        let protection = Self {
            host: Arc::new(host),
            locked: Vec::new(),
            allows_passwords: false,
        };
        protection.lock("userName")
    }

    /// Lets the identity provider set the passwords of protected accounts too, for a host whose administrators sign in by what
    /// is kept there anyway.
    #[must_use]
    pub fn allow_passwords(mut self) -> Self {
        self.allows_passwords = true;
        self
    }

    /// Locks one more attribute of protected accounts, such as `emails` where passwords are reset by mail, or `roles`; in
    /// extensions by URN. With a sub-attribute all of its attribute is locked, and by what is no path every attribute.
    #[must_use]
    pub fn lock(mut self, attribute: &str) -> Self {
        self.locked.push(AttrPath::parse(attribute).ok());
        self
    }

    async fn check_update(
        &self,
        scope: &Scope,
        (kind, id): (&ResourceType, &ResourceId),
        (before, after): (&Resource, &Resource),
        view: &mut dyn TxView,
    ) -> Result<(), Denial> {
        let is_deactivated = before.is_active() && !after.is_active();
        let mut locked = self.locked.iter();
        let is_renamed = locked.any(|path| differ(path.as_ref(), kind, before, after));
        if (is_deactivated || is_renamed) && self.host.account(scope, id, before).await {
            return Err(protected());
        }
        if !is_deactivated {
            return Ok(());
        }
        for group in self.host.groups(scope).await {
            let kind = find_group(scope, &group, view).await?;
            let Some(kind) = kind else { continue };
            hold(view).await?;
            let members = view.members(&kind, &group).await.map_err(|_| unknown())?;
            if members.contains(id) {
                let gone = HashSet::from([id]);
                check_rest(scope, &members, &gone, view).await?;
            }
        }
        Ok(())
    }

    async fn check_members(
        &self,
        scope: &Scope,
        (kind, group): (&Arc<ResourceType>, &ResourceId),
        (added, removed): (&[ResourceId], &[ResourceId]),
        view: &mut dyn TxView,
    ) -> Result<(), Denial> {
        if removed.is_empty() || !self.host.groups(scope).await.contains(group) {
            return Ok(());
        }
        let mut loses_active = false;
        for id in removed {
            if let Some(found) = find_account(scope, id, view).await? {
                let resource = found.stored.resource();
                if self.host.account(scope, id, &resource).await {
                    return Err(protected());
                }
                loses_active |= resource.is_active();
            }
        }
        if !loses_active {
            return Ok(());
        }
        hold(view).await?;
        let mut members = view.members(kind, group).await.map_err(|_| unknown())?;
        members.extend(added.iter().cloned());
        let gone = removed.iter().collect();
        check_rest(scope, &members, &gone, view).await
    }
}

impl ProtectedIds {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Protects an account of a tenant.
    pub fn protect(&self, tenant: impl Into<TenantId>, account: impl Into<ResourceId>) {
        self.change(tenant.into(), |ids| ids.accounts.insert(account.into()));
    }

    /// Protects an account no longer.
    pub fn release(&self, tenant: impl Into<TenantId>, account: &ResourceId) {
        self.change(tenant.into(), |ids| ids.accounts.remove(account));
    }

    /// Makes the members of a group administrators.
    pub fn add_group(&self, tenant: impl Into<TenantId>, group: impl Into<ResourceId>) {
        self.change(tenant.into(), |ids| ids.groups.insert(group.into()));
    }

    /// Makes them no longer.
    pub fn remove_group(&self, tenant: impl Into<TenantId>, group: &ResourceId) {
        self.change(tenant.into(), |ids| ids.groups.remove(group));
    }

    fn change(&self, tenant: TenantId, change: impl FnOnce(&mut Ids) -> bool) {
        let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
        change(tenants.entry(tenant).or_default());
    }
}

#[async_trait]
impl Guard for Protection {
    async fn check(&self, scope: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        if scope.is_by_host() {
            return Ok(());
        }
        match attempt {
            Attempt::Create { .. } => Ok(()),
            Attempt::Delete { kind, id, before } => {
                // That its groups lose it is asked by itself.
                let is_protected = if takes_seats(kind) {
                    self.host.account(scope, id, before).await
                } else {
                    kind.members().is_some() && self.host.groups(scope).await.contains(id)
                };
                if is_protected { Err(protected()) } else { Ok(()) }
            }
            Attempt::Members {
                kind,
                id,
                added,
                removed,
            } => self.check_members(scope, (kind, id), (added, removed), view).await,
            Attempt::Password { id, before, .. } => {
                if !self.allows_passwords && self.host.account(scope, id, before).await {
                    return Err(protected());
                }
                Ok(())
            }
            Attempt::Update {
                kind,
                id,
                before,
                after,
            } if takes_seats(kind) => self.check_update(scope, (kind, id), (before, after), view).await,
            Attempt::Update { .. } => Ok(()),
        }
    }
}

#[async_trait]
impl Protected for ProtectedIds {
    async fn account(&self, scope: &Scope, id: &ResourceId, _: &Resource) -> bool {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        tenants.get(scope.tenant()).is_some_and(|ids| ids.accounts.contains(id))
    }

    async fn groups(&self, scope: &Scope) -> Vec<ResourceId> {
        let tenants = self.tenants.read().unwrap_or_else(PoisonError::into_inner);
        let ids = tenants.get(scope.tenant());
        ids.map_or_else(Vec::new, |ids| ids.groups.iter().cloned().collect())
    }
}

#[async_trait]
impl<T: Protected + ?Sized> Protected for Arc<T> {
    async fn account(&self, scope: &Scope, id: &ResourceId, resource: &Resource) -> bool {
        (**self).account(scope, id, resource).await
    }

    async fn groups(&self, scope: &Scope) -> Vec<ResourceId> {
        (**self).groups(scope).await
    }
}

/// Whether an attribute is changed; names are compared as they are, also where the protocol takes them for the same.
fn differ(path: Option<&AttrPath>, kind: &ResourceType, before: &Resource, after: &Resource) -> bool {
    let Some(path) = path else { return before != after };
    match kind.locate(path, true) {
        Some(Located::Attribute(locator)) => before.value(&locator) != after.value(&locator),
        Some(Located::Extension(schema)) => before.get(&schema.id) != after.get(&schema.id),
        // Perhaps of a sub-attribute that there is not.
        None => kind
            .attribute(path.name())
            .is_some_and(|attribute| before.get(&attribute.name) != after.get(&attribute.name)),
    }
}

/// Refuses a change behind which none of these is an active account.
async fn check_rest(
    scope: &Scope,
    members: &[ResourceId],
    gone: &HashSet<&ResourceId>,
    view: &mut dyn TxView,
) -> Result<(), Denial> {
    for id in members.iter().filter(|id| !gone.contains(id)) {
        let found = find_account(scope, id, view).await?;
        if found.is_some_and(|found| found.stored.resource().is_active()) {
            return Ok(());
        }
    }
    Err(Denial::new("the last administrator cannot be removed by provisioning"))
}

/// An account by its identifier.
async fn find_account(scope: &Scope, id: &ResourceId, view: &mut dyn TxView) -> Result<Option<Found>, Denial> {
    for kind in scope.kinds.types().iter().filter(|kind| takes_seats(kind)) {
        if let Some(found) = view.get(kind, id).await.map_err(|_| unknown())? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The type of a group, if it is there.
async fn find_group(
    scope: &Scope,
    id: &ResourceId,
    view: &mut dyn TxView,
) -> Result<Option<Arc<ResourceType>>, Denial> {
    let groups = scope.kinds.types().iter().filter(|kind| kind.members().is_some());
    for kind in groups {
        if view.get(kind, id).await.map_err(|_| unknown())?.is_some() {
            return Ok(Some(Arc::clone(kind)));
        }
    }
    Ok(None)
}

async fn hold(view: &mut dyn TxView) -> Result<(), Denial> {
    view.hold(TURN).await.map_err(|_| unknown())
}

fn protected() -> Denial {
    Denial::new("an administrator of the service is protected from provisioning")
}

/// What could not be looked up is not allowed; a store that failed says so itself.
fn unknown() -> Denial {
    Denial::new("it could not be found out whether an administrator would be lost")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_are_locked_however_they_are_written() {
        const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let user = |mail: &str, family: &str, unit: &str| {
            let emails = json!([{ "value": mail }]);
            let attributes = json!({ "userName": "ann", "emails": emails, "name": { "familyName": family },
                ENTERPRISE: { "department": unit } });
            Resource::from_canonical(attributes.as_object().unwrap().clone())
        };
        let kind = ResourceType::user();
        let before = user("a@b.example", "A", "x");
        let changes = [
            user("c@d.example", "A", "x"),
            user("a@b.example", "B", "x"),
            user("a@b.example", "A", "y"),
        ];
        let department = format!("{ENTERPRISE}:department");
        for (path, expected) in [
            ("emails", [true, false, false]),
            ("eMails", [true, false, false]),
            ("emails.value", [true, false, false]),
            (
                "urn:ietf:params:scim:schemas:core:2.0:User:emails",
                [true, false, false],
            ),
            ("name.givenName", [false, true, false]),
            ("NAME.nothing", [false, true, false]),
            (&department, [false, false, true]),
            (ENTERPRISE, [false, false, true]),
            ("department", [false, false, true]),
            ("userName", [false; 3]),
            ("emails[type eq \"work\"].value", [true; 3]),
        ] {
            let guard = Protection::new(ProtectedIds::new()).lock(path);
            let path = guard.locked.last().unwrap().as_ref();
            let seen = changes.each_ref().map(|after| differ(path, &kind, &before, after));
            assert_eq!(seen, expected, "{path:?}");
            assert!(!differ(path, &kind, &before, &before));
        }
    }
}
