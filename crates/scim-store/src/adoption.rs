//! Accounts that the host had before SCIM came (decision D57).

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;
use scim_core::{
    Draft, Edit, ResourceId, TenantId,
    query::{Query, QueryPage},
    resource::{Found, Resource},
};
use serde_json::Value;

use crate::{
    AdoptionPolicy, Capabilities, Read, Removal, Result, ScimStore, Scope, StoreError, Updated, Write, Written,
    takes_seats,
};

/// Tells of the accounts that the host has beside those that SCIM provisioned.
#[async_trait]
pub trait Accounts: Debug + Send + Sync + 'static {
    /// The account of the tenant's organisation that a user who is to be created would be, by its user name or e-mail address;
    /// `externalId` is not there to be looked at, as clients choose it freely. An account of another organisation is none.
    ///
    /// # Errors
    ///
    /// Whatever keeps the host from answering; nothing is created then.
    async fn find(&self, tenant: &TenantId, user: &Resource) -> Result<Option<Account>>;

    /// An account was adopted: from here on it is provisioned. It comes behind the commit and may be lost in a crash; the
    /// creation, under the account's identifier, is in the record of changes.
    ///
    /// # Errors
    ///
    /// Whatever keeps the host from noting it; the user is created nevertheless, and the client is answered by the error.
    async fn adopted(&self, tenant: &TenantId, account: &Account) -> Result<()>;
}

/// An account of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Its identifier, which the provisioned user has too.
    pub id: ResourceId,
    /// An e-mail address of it that the host has verified.
    pub verified: Option<String>,
    /// Whether the host has marked it for adoption.
    pub allowed: bool,
}

/// A store that asks for the host's accounts before a user is created, as the tenant's
/// [`AdoptionPolicy`](crate::AdoptionPolicy) says.
///
/// What may not be adopted is 409, like any name that is taken. What may be is created under the identifier of the account, in
/// a store that takes identifiers: one that can do [batches](Capabilities::batch), one on the host's own tables whose map says how
/// rows are adopted, or [`Backends`](crate::Backends) that do. Of two who adopt one account at once, one succeeds.
///
/// Only on the host's own tables is a guard told what the account was before. Elsewhere a [`Protection`](crate::Protection) keeps the
/// password of an administrator who is adopted, but cannot see a change of the name: such an account is better not told.
///
/// ```
/// # use scim_store::{Account, Accounts, Adoption, MemoryStore};
/// # fn open(accounts: impl Accounts) {
/// let store = Adoption::new(MemoryStore::new(), accounts);
/// # }
/// ```
#[derive(Debug)]
pub struct Adoption<S> {
    store: S,
    accounts: Arc<dyn Accounts>,
}

impl Account {
    /// An account that is neither verified nor marked.
    pub fn new(id: impl Into<ResourceId>) -> Self {
        Self {
            id: id.into(),
            verified: None,
            allowed: false,
        }
    }

    /// With an e-mail address that the host has verified.
    #[must_use]
    pub fn verified(mut self, address: &str) -> Self {
        self.verified = Some(address.to_owned());
        self
    }

    /// Marked for adoption.
    #[must_use]
    pub fn allow(mut self) -> Self {
        self.allowed = true;
        self
    }
}

impl AdoptionPolicy {
    /// Whether a user may become the owner of an account.
    pub fn allows(&self, user: &Resource, account: &Account) -> bool {
        match self {
            Self::Never => false,
            Self::Explicit => account.allowed,
            Self::MatchVerified { domains } => {
                account.allowed
                    || account
                        .verified
                        .as_deref()
                        .is_some_and(|address| is_of(address, domains) && names(user, address))
            }
        }
    }
}

impl<S: ScimStore> Adoption<S> {
    /// A store around another.
    pub fn new(store: S, accounts: impl Accounts) -> Self {
        Self {
            store,
            accounts: Arc::new(accounts),
        }
    }

    /// The account that a creation adopts, if it is one.
    async fn adopt(&self, scope: &Scope, draft: &Draft) -> Result<Option<Account>> {
        if !takes_seats(&draft.kind) {
            return Ok(None);
        }
        let mut user = draft.resource.clone();
        user.attributes_mut().remove("externalId");
        let Some(account) = self.accounts.find(scope.tenant(), &user).await? else {
            return Ok(None);
        };
        if !scope.settings.adoption.allows(&user, &account) {
            let attribute = "userName".to_owned();
            return Err(StoreError::Uniqueness { attribute });
        }
        Ok(Some(account))
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: ScimStore> ScimStore for Adoption<S> {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        let Some(account) = self.adopt(scope, draft).await? else {
            return self.store.create(scope, draft).await;
        };
        let mut draft = draft.clone();
        draft.id = Some(account.id.clone());
        draft.adopts = true;
        let found = self.store.create(scope, &draft).await?;
        self.accounts.adopted(scope.tenant(), &account).await?;
        Ok(found)
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.store.delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.store.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.store.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.store.update(scope, edit).await
    }

    /// In a batch nothing is adopted, as others may name the identifiers that its writes were given: an account that is found
    /// is 409.
    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        for write in writes {
            if let Write::Create(draft) = write
                && self.adopt(scope, draft).await?.is_some()
            {
                let attribute = "userName".to_owned();
                return Err(StoreError::Uniqueness { attribute });
            }
        }
        self.store.batch(scope, writes).await
    }
}

/// Whether an address is of one of these domains.
fn is_of(address: &str, domains: &[String]) -> bool {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    domain.is_some_and(|domain| domains.iter().any(|own| own.eq_ignore_ascii_case(domain)))
}

/// Whether a user has an address, as user name or among the e-mail addresses.
fn names(user: &Resource, address: &str) -> bool {
    let emails = user.get("emails").and_then(Value::as_array);
    let values = emails
        .into_iter()
        .flatten()
        .filter_map(|email| email.get("value")?.as_str());
    user.text("userName")
        .into_iter()
        .chain(values)
        .any(|own| own.eq_ignore_ascii_case(address))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_verified_addresses_of_own_domains_are_adopted() {
        let user = json!({ "userName": "ann", "emails": [{ "value": "Ann@Acme.example" }] });
        let user = Resource::from_canonical(user.as_object().unwrap().clone());
        let policy = AdoptionPolicy::MatchVerified {
            domains: vec!["acme.example".to_owned()],
        };
        let account = |address: &str| Account::new("7").verified(address);
        assert!(policy.allows(&user, &account("ann@ACME.example")));
        for address in [
            "bob@acme.example",
            "ann@sub.acme.example",
            "ann@evil.example",
            "ann@acme.example@evil.example",
            "acme.example",
            "",
        ] {
            assert!(!policy.allows(&user, &account(address)), "{address}");
        }
        assert!(!policy.allows(&user, &Account::new("7")));
        assert!(!AdoptionPolicy::Explicit.allows(&user, &account("ann@acme.example")));
        assert!(AdoptionPolicy::Explicit.allows(&user, &Account::new("7").allow()));
        assert!(!AdoptionPolicy::Never.allows(&user, &account("ann@acme.example").allow()));
    }
}
