//! Licences of a service elsewhere, administrators who stay, and accounts that were there before, on back ends.

use std::sync::Arc;

use async_trait::async_trait;
use scim_core::{ResourceId, TenantId, resource::Resource};
use scim_store::{
    Account, Accounts, Adoption, AdoptionPolicy, Backends, Guards, LicenseBackend, LicenseGuard, Licensed,
    MemoryLicenses, ProtectedIds, Protection, Result, ScimStore, StoreError, TenantSettings,
};
use serde_json::json;

use crate::{
    common::{block_on, values},
    host::{Events, both, client, guarded, host},
};

#[test]
fn users_take_licences_of_a_service_elsewhere() {
    let licenses = Arc::new(MemoryLicenses::new());
    licenses.buy("acme", 2);
    let (store, users, _) = both();
    let guard = LicenseGuard::require(Arc::clone(&licenses));
    let store = Licensed::new(store.with_guard(Arc::new(guard)), Arc::clone(&licenses));
    // Licences make nothing whole that is not.
    assert!(!store.capabilities().atomic && !store.capabilities().batch);
    let client = client(store);
    let held = || {
        let all = block_on(licenses.all(&"acme".into())).unwrap();
        (all.len(), all.iter().filter(|one| one.confirmed).count())
    };
    let ann = client.user("ann");
    client.user("bob");
    assert!(matches!(
        client.create(&client.user_draft("cy")),
        Err(StoreError::Denied(_))
    ));
    assert_eq!(held(), (2, 2));
    let inactive = json!([{ "op": "replace", "path": "active", "value": false }]);
    client.edit(&client.users, &ann, inactive).unwrap();
    assert_eq!(held(), (1, 1));
    // What the back end refuses costs no licence.
    users.on_write(|_| {
        Err(StoreError::Uniqueness {
            attribute: "emails".to_owned(),
        })
    });
    assert!(matches!(
        client.create(&client.user_draft("cy")),
        Err(StoreError::Uniqueness { .. })
    ));
    assert_eq!(held(), (1, 1));
    users.on_write(|_| Ok(()));
    client.user("cy");
    client.delete(&client.users, &ann).unwrap();
    assert_eq!(held(), (2, 2));
}

#[test]
fn licences_go_with_identifiers_of_the_hosts_own() {
    let licenses = Arc::new(MemoryLicenses::new());
    licenses.buy("acme", 1);
    let counting = Events {
        is_counting: true,
        ..Events::default()
    };
    let store = Backends::new(host(counting), host(Events::default()));
    let guard = LicenseGuard::require(Arc::clone(&licenses));
    let store = Licensed::new(store.with_guard(Arc::new(guard)), Arc::clone(&licenses));
    let client = client(store);
    let ann = client.user("ann");
    let held = block_on(licenses.held_by(&"acme".into(), &ann.as_str().into())).unwrap();
    assert_eq!((ann.as_str(), held.len()), ("own0", 1));
    client.delete(&client.users, &ann).unwrap();
    assert!(block_on(licenses.all(&"acme".into())).unwrap().is_empty());
}

#[test]
fn passwords_of_administrators_stay() {
    let ids = Arc::new(ProtectedIds::new());
    let client = guarded(both().0, Arc::new(Protection::new(Arc::clone(&ids))));
    let (ann, bob) = (client.user("ann"), client.user("bob"));
    ids.protect("acme", ann.as_str());
    for operation in [
        json!([{ "op": "replace", "path": "password", "value": "secret" }]),
        json!([{ "op": "add", "value": { "title": "Dr", "password": "secret" } }]),
    ] {
        let denied = client.edit(&client.users, &ann, operation.clone());
        assert!(matches!(denied, Err(StoreError::Denied(_))), "{denied:?}");
        client.edit(&client.users, &bob, operation).unwrap();
    }
    assert!(client.json(&client.users, &ann).get("title").is_none());
}

/// The host has one account besides, which may be adopted.
#[derive(Debug)]
struct Old;

#[async_trait]
impl Accounts for Old {
    async fn find(&self, _: &TenantId, user: &Resource) -> Result<Option<Account>> {
        let is_old = user.text("userName") == Some("ann");
        Ok(is_old.then(|| Account::new("account-7").allow()))
    }

    async fn adopted(&self, _: &TenantId, account: &Account) -> Result<()> {
        assert_eq!(account.id, ResourceId::new("account-7"));
        Ok(())
    }
}

#[test]
fn a_back_end_is_offered_the_identifier_of_an_account() {
    let mut client = client(Adoption::new(both().0, Old));
    assert!(matches!(
        client.create(&client.user_draft("ann")),
        Err(StoreError::Uniqueness { .. })
    ));
    let settings = TenantSettings::default().with(|settings| settings.adoption = AdoptionPolicy::Explicit);
    client.scope.settings = Arc::new(settings);
    assert_eq!(client.user("ann"), "account-7");
    assert_ne!(client.user("bob"), "account-7");
}

#[test]
fn the_password_of_an_administrator_who_is_adopted_stays() {
    let ids = Arc::new(ProtectedIds::new());
    let guard = Arc::new(Protection::new(Arc::clone(&ids)));
    let mut client = client(Adoption::new(both().0.with_guard(guard), Old));
    let settings = TenantSettings::default().with(|settings| settings.adoption = AdoptionPolicy::Explicit);
    client.scope.settings = Arc::new(settings);
    ids.protect("acme", "account-7");
    let schemas = [&client.users.schema().id];
    let body = json!({ "schemas": schemas, "userName": "ann", "password": "secret" });
    let denied = client.create(&client.draft(&client.users, body));
    assert!(matches!(denied, Err(StoreError::Denied(_))), "{denied:?}");
    assert_eq!(client.user("ann"), "account-7");
}

#[test]
fn administrators_are_protected() {
    let ids = Arc::new(ProtectedIds::new());
    let guard = Guards::new().and(Protection::new(Arc::clone(&ids)));
    let client = guarded(both().0, Arc::new(guard));
    let (ann, bob) = (client.user("ann"), client.user("bob"));
    let team = client.group("administrators", &[&ann, &bob]);
    ids.add_group("acme", team.as_str());
    ids.protect("acme", ann.as_str());
    let without = |id: &str| json!([{ "op": "remove", "path": format!("members[value eq \"{id}\"]") }]);
    for denied in [
        client.delete(&client.users, &ann),
        client.delete(&client.groups, &team),
        client.edit(&client.groups, &team, without(&ann)).map(drop),
    ] {
        assert!(matches!(denied, Err(StoreError::Denied(_))), "{denied:?}");
    }
    ids.release("acme", &ann.as_str().into());
    client.edit(&client.groups, &team, without(&ann)).unwrap();
    let last = client.delete(&client.users, &bob);
    assert!(matches!(last, Err(StoreError::Denied(_))), "the last one went");
    assert_eq!(values(&client.json(&client.groups, &team), "members"), [bob]);
}
