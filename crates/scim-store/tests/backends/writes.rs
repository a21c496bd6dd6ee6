//! What becomes of a write between two back ends.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_core::{
    ResourceId,
    schema::{Attribute, Registry, ResourceType, Schema},
};
use scim_store::{Attempt, Backends, Denial, Guard, NoGroups, RecordChange, Scope, StoreError, TxView, UserBackend};
use serde_json::json;

use crate::{
    backends,
    common::{block_on, values},
    host::{Events, both, client, guarded, host},
};

#[test]
fn a_deletion_that_ended_half_way_is_completed_by_repeating_it() {
    let (store, _, groups) = both();
    let client = client(store);
    let (ann, bob) = (client.user("ann"), client.user("bob"));
    let one = client.group("one", &[&ann, &bob]);
    let two = client.group("two", &[&ann]);
    groups.on_write(|number| match number {
        0 => Ok(()),
        _ => Err(StoreError::other("the process ends here")),
    });
    assert!(matches!(client.delete(&client.users, &ann), Err(StoreError::Other(_))));
    groups.on_write(|_| Ok(()));
    let named = |group: &String| values(&client.json(&client.groups, group), "members").contains(&ann);
    assert!(
        named(&one) != named(&two),
        "one group was left with a member that is gone"
    );
    assert!(matches!(client.delete(&client.users, &ann), Err(StoreError::NotFound)));
    assert!(!named(&one) && !named(&two));
    assert_eq!(values(&client.json(&client.groups, &one), "members"), [bob]);
}

#[test]
fn a_user_leaves_groups_that_are_out_of_sight() {
    let client = client(backends::store());
    let (ann, bob) = (client.user("ann"), client.user("bob"));
    let team = client.group("team", &[&ann, &bob]);
    let mut without = client.clone();
    without.scope.kinds = Arc::new(Registry::new([ResourceType::user()]));
    without.delete(&without.users, &ann).unwrap();
    assert_eq!(values(&client.json(&client.groups, &team), "members"), [bob]);
}

#[test]
fn deleting_what_is_of_the_other_type_takes_nobody_out_of_groups() {
    let client = client(backends::store());
    let ann = client.user("ann");
    let team = client.group("team", &[&ann]);
    assert!(matches!(client.delete(&client.groups, &ann), Err(StoreError::NotFound)));
    assert_eq!(values(&client.json(&client.groups, &team), "members"), [ann]);
}

#[test]
fn a_rule_of_the_host_ends_a_write_before_anything_changed() {
    let (store, users, _) = both();
    let client = client(store);
    let ann = client.user("ann");
    let team = client.group("team", &[&ann]);
    let before = client.json(&client.groups, &team);
    users.on_write(|_| Err(StoreError::Denied(Denial::new("administrators stay"))));
    assert!(matches!(client.delete(&client.users, &ann), Err(StoreError::Denied(_))));
    assert_eq!(client.json(&client.groups, &team), before);
    users.on_write(|_| {
        Err(StoreError::Uniqueness {
            attribute: "userName".to_owned(),
        })
    });
    let taken = client.create(&client.user_draft("bob"));
    assert!(
        matches!(taken, Err(StoreError::Uniqueness { .. })),
        "the host's index has the last word"
    );
}

#[test]
fn a_change_is_made_again_where_another_process_was_faster() {
    let users = host::<scim_core::typed::User>(Events::default());
    let (table, events) = (Arc::clone(&users.table), Arc::clone(&users.events));
    let client = client(Backends::new(users, NoGroups));
    let ann = client.user("ann");
    let (scope, id) = (client.scope.clone(), ResourceId::new(ann.as_str()));
    let rival = move |number: usize| {
        let was = block_on(UserBackend::get(&*table, &scope, &id))?.unwrap();
        let mut user = was.value.clone();
        user.nick_name = Some(format!("changed {number}"));
        block_on(UserBackend::update(
            &*table,
            &scope,
            RecordChange::new(&was, user, scope.now),
        ))
        .map(drop)
    };
    let rival = Arc::new(rival);
    let once = Arc::clone(&rival);
    events.on_write(move |number| if number == 0 { once(number) } else { Ok(()) });
    let title = |title: &str| json!([{ "op": "add", "path": "title", "value": title }]);
    let updated = client.edit(&client.users, &ann, title("Dr")).unwrap();
    assert!(updated.changed);
    let shown = client.json(&client.users, &ann);
    assert_eq!(
        (&shown["title"], &shown["nickName"]),
        (&json!("Dr"), &json!("changed 0"))
    );
    events.on_write(move |number| rival(number));
    let gave_up = client.edit(&client.users, &ann, title("Prof"));
    assert!(matches!(gave_up, Err(StoreError::Unavailable { retry_after: 1, .. })));
    assert_eq!(client.json(&client.users, &ann)["title"], "Dr");
}

/// Writes down what it is asked and how many users there are, and denies what its rule says.
#[derive(Debug)]
struct Watch(fn(&Attempt<'_>) -> bool, Mutex<Vec<String>>);

#[async_trait]
impl Guard for Watch {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        let users = view.count(&ResourceType::user(), None).await.unwrap();
        let told = match attempt {
            Attempt::Create { kind, id, .. } => {
                assert!(view.get(kind, id).await.unwrap().is_none());
                "create"
            }
            Attempt::Delete { kind, id, before } => {
                let found = view.get(kind, id).await.unwrap().unwrap();
                assert_eq!(found.stored.resource(), *before);
                "delete"
            }
            Attempt::Members { added, removed, .. } if added.len() > removed.len() => "join",
            Attempt::Members { .. } => "leave",
            Attempt::Update { before, after, .. } => {
                assert!(before.is_active() && !after.is_active());
                "update"
            }
            _ => "something else",
        };
        self.1.lock().unwrap().push(format!("{told} of {users}"));
        match (self.0)(&attempt) {
            true => Err(Denial::new("no")),
            false => Ok(()),
        }
    }
}

#[test]
fn the_guard_is_asked_for_each_part_of_a_write() {
    let guard = Arc::new(Watch(|_| false, Mutex::default()));
    let seen = || std::mem::take(&mut *guard.1.lock().unwrap());
    let client = guarded(both().0, Arc::<Watch>::clone(&guard));
    let ann = client.user("ann");
    let team = client.group("team", &[&ann]);
    client.group("crew", &[&team]);
    assert_eq!(
        seen(),
        ["create of 0", "create of 1", "join of 1", "create of 1", "join of 1"]
    );
    let inactive = json!([{ "op": "replace", "path": "active", "value": false }]);
    client.edit(&client.users, &ann, inactive).unwrap();
    client.delete(&client.groups, &team).unwrap();
    client.delete(&client.users, &ann).unwrap();
    assert_eq!(
        seen(),
        ["update of 1", "delete of 1", "leave of 1", "leave of 1", "delete of 1"]
    );
}

#[test]
fn what_the_guard_denies_does_not_reach_the_back_ends() {
    let guard = Watch(
        |attempt| matches!(attempt, Attempt::Members { removed, .. } if !removed.is_empty()),
        Mutex::default(),
    );
    let (store, users, groups) = both();
    let client = guarded(store, Arc::new(guard));
    let ann = client.user("ann");
    let team = client.group("team", &[&ann]);
    for events in [users, groups] {
        events.on_write(|_| panic!("a back end was told to write"));
    }
    let empty = json!([{ "op": "remove", "path": "members" }]);
    let denied = [
        client.delete(&client.users, &ann),
        client.delete(&client.groups, &team),
        client.edit(&client.groups, &team, empty).map(drop),
    ];
    assert!(
        denied.iter().all(|answer| matches!(answer, Err(StoreError::Denied(_)))),
        "{denied:?}"
    );
}

#[test]
fn many_members_are_looked_up_at_once() {
    let (store, users, _) = both();
    let client = client(store);
    let ids: Vec<String> = (0..40).map(|number| client.user(&format!("u{number}"))).collect();
    users.lists();
    let few: Vec<&str> = ids.iter().take(10).map(String::as_str).collect();
    client.group("few", &few);
    assert_eq!(users.lists(), 0);
    let mut all: Vec<&str> = ids.iter().map(String::as_str).collect();
    all.push("nobody");
    let team = client.group("all", &all);
    assert_eq!(users.lists(), 1);
    assert_eq!(values(&client.json(&client.groups, &team), "members"), ids);
}

#[test]
fn what_no_back_end_keeps_is_unsupported() {
    let (store, _, _) = both();
    let client = client(store);
    let schema = Schema::builder("urn:example:params:scim:schemas:core:2.0:Device", "Device")
        .attribute(Attribute::string("serialNumber"))
        .build()
        .unwrap();
    let device = Arc::new(ResourceType::builder("Device", "/Devices", schema).build().unwrap());
    let draft = client.draft(&device, json!({ "schemas": [device.schema().id], "serialNumber": "1" }));
    assert!(matches!(client.create(&draft), Err(StoreError::Unsupported { .. })));
}

#[test]
fn a_host_without_groups_has_none() {
    let client = client(Backends::new(
        host::<scim_core::typed::User>(Events::default()),
        NoGroups,
    ));
    let ann = client.user("ann");
    assert!(client.json(&client.users, &ann).get("groups").is_none());
    assert!(client.find(&client.groups, "displayName pr").is_empty());
    let refused = client.create(&client.group_draft("team", &[&ann]));
    assert!(matches!(refused, Err(StoreError::Unsupported { .. })));
    client.delete(&client.users, &ann).unwrap();
}
