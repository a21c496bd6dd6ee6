//! Licences of a service elsewhere, and administrators who stay, on back ends.

use std::sync::Arc;

use scim_store::{
    Guards, LicenseBackend, LicenseGuard, Licensed, MemoryLicenses, ProtectedIds, Protection, StoreError,
};
use serde_json::json;

use crate::{
    common::{block_on, values},
    host::{both, client, guarded},
};

#[test]
fn users_take_licences_of_a_service_elsewhere() {
    let licenses = Arc::new(MemoryLicenses::new());
    licenses.buy("acme", 2);
    let (store, users, _) = both();
    let guard = LicenseGuard::require(Arc::clone(&licenses));
    let store = Licensed::new(store.with_guard(Arc::new(guard)), Arc::clone(&licenses));
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
