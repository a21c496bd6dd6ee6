//! How often each verb waits for the server.

use scim_core::query::Relations;
use scim_store::Read;
use serde_json::json;

use crate::support::{Client, groups, store, users};
use scim_sql::PgStore;

/// The round trips of something.
async fn trips<T>(store: &PgStore, what: impl Future<Output = T>) -> u64 {
    let before = store.round_trips();
    what.await;
    store.round_trips() - before
}

#[tokio::test(flavor = "multi_thread")]
async fn verbs_take_as_few_round_trips_as_they_need() {
    let store = store().await;
    let client = Client::new(&store);
    let ada = client.user("ada").await;
    let bob = client.user("bob").await;
    let group = client.group("all", &[&ada]).await;

    assert_eq!(trips(&store, client.try_user("cleo")).await, 1, "create a user");
    assert_eq!(trips(&store, client.add(&group, &[&bob])).await, 1, "add a member");
    assert_eq!(
        trips(&store, client.add(&group, &[&bob])).await,
        1,
        "add a member again"
    );
    assert_eq!(
        trips(&store, client.remove(&group, &[&bob])).await,
        1,
        "remove a member"
    );
    let value = json!([{ "value": bob.as_str() }]);
    let edit = client.patch(
        &groups(),
        &group,
        json!([{ "op": "add", "path": "members", "value": value }]),
    );
    let edit = edit.with_answer(Some(Relations::ALL));
    assert_eq!(
        trips(&store, client.update(&edit)).await,
        2,
        "add a member and answer with the group"
    );
    let path = format!("members[value eq \"{bob}\"]");
    let edit = client.patch(&groups(), &group, json!([{ "op": "remove", "path": path }]));
    assert_eq!(
        trips(&store, client.update(&edit)).await,
        1,
        "remove a member by a filter"
    );
    assert_eq!(client.members(&group).await, std::slice::from_ref(&ada));
    assert_eq!(trips(&store, client.group("empty", &[])).await, 1, "create a group");
    assert_eq!(
        trips(&store, client.rename(&group, "everybody")).await,
        2,
        "rename a group"
    );
    let edit = client.patch(
        &users(),
        &ada,
        json!([{ "op": "replace", "path": "active", "value": false }]),
    );
    assert_eq!(trips(&store, client.update(&edit)).await, 2, "change a user");
    assert_eq!(trips(&store, client.update(&edit)).await, 1, "change nothing of a user");
    let read = Read::new(users(), ada.clone()).with_relations(Relations::NONE);
    assert_eq!(
        trips(&store, client.store.get(&client.scope, &read)).await,
        1,
        "read a user without groups"
    );
    assert_eq!(trips(&store, client.get(&users(), &ada)).await, 1, "read a user");
    assert_eq!(trips(&store, client.get(&groups(), &group)).await, 1, "read a group");
    assert_eq!(trips(&store, client.delete(&users(), &ada)).await, 6, "delete a user");
}
