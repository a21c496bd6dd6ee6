//! Reading what was written; versions, times and conditions.

use scim_core::{EntityTags, Precondition, Version};
use scim_store::{ScimStore, StoreError};
use serde_json::{Value, json};

use super::client::{Check, Client, shown, text};

pub(super) async fn what_is_created_is_read_back(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let body = json!({
        "schemas": [client.users.schema().id],
        "userName": "BJensen",
        "name": { "givenName": "Barbara" },
        "emails": [{ "value": "b@example.com", "primary": true }],
    });
    let created = client.create(client.draft(&client.users, body)).await?.map_err(text)?;
    ensure!(
        !store.capabilities().versions || created.head.version == Version::FIRST,
        "the first version is {:?}",
        created.head.version
    );
    ensure!(
        created.head.created == client.scope.now,
        "`created` is not the time of the request"
    );
    ensure!(
        created.head.modified == client.scope.now,
        "`lastModified` is not the time of the request"
    );
    let read = client.get(&client.users, &created.head.id).await.map_err(text)?;
    ensure!(
        read.head == created.head,
        "the head reads otherwise than it was created"
    );
    let (created, read) = (shown(&created)?, shown(&read)?);
    ensure!(created == read, "read back as {read}, created as {created}");
    ensure!(
        read.pointer("/name/givenName") == Some(&json!("Barbara")),
        "attributes are lost: {read}"
    );
    Ok(())
}

pub(super) async fn a_change_moves_version_and_time(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let id = client.user("ann").await?;
    let before = client.get(&client.users, &id).await.map_err(text)?.head;
    let later = client.at(60);
    let updated = later.change(&client.users, &id, "add", "title", json!("Dr")).await?;
    let after = client.get(&client.users, &id).await.map_err(text)?;
    ensure!(updated.changed, "a change is told to be none");
    ensure!(
        updated.version == after.head.version,
        "the version that was told is not the one that is read"
    );
    ensure!(
        client.is_later(before.version, after.head.version),
        "the version did not move forward"
    );
    ensure!(
        after.head.modified == later.scope.now,
        "`lastModified` is not the time of the change"
    );
    ensure!(after.head.created == before.created, "`created` moved");
    let told = updated.found.as_ref().map(shown).transpose()?;
    ensure!(
        told == Some(shown(&after)?),
        "the answer is not what is read afterwards"
    );
    Ok(())
}

pub(super) async fn a_change_of_nothing_moves_nothing(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let ann = client.user("ann").await?;
    let team = client.group("team", &[&ann]).await?;
    let later = client.at(60);
    for (kind, id, path, value) in [
        (&client.users, &ann, "userName", json!("ann")),
        (&client.groups, &team, "members", json!([{ "value": ann.as_str() }])),
        (&client.groups, &team, "displayName", json!("team")),
    ] {
        let before = client.get(kind, id).await.map_err(text)?.head;
        let updated = later.change(kind, id, "replace", path, value).await?;
        let after = client.get(kind, id).await.map_err(text)?.head;
        ensure!(
            !updated.changed,
            "replacing `{path}` by what it is is told to be a change"
        );
        ensure!(
            after == before && updated.version == before.version,
            "replacing `{path}` by what it is moved the version"
        );
    }
    Ok(())
}

pub(super) async fn a_condition_on_the_version_holds(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let id = client.user("ann").await?;
    let first = client.get(&client.users, &id).await.map_err(text)?.head.version;
    let only = |version| Precondition::new(Some(EntityTags::List(vec![version])), None);
    let title = |title: &str| json!([{ "op": "add", "path": "title", "value": title }]);
    let edit = client
        .patch(&client.users, &id, title("a"))?
        .with_precondition(only(first));
    let updated = store.update(&client.scope, &edit).await.map_err(text)?;
    let edit = client
        .patch(&client.users, &id, title("b"))?
        .with_precondition(only(first));
    let refused = store.update(&client.scope, &edit).await;
    ensure!(
        matches!(refused, Err(StoreError::Precondition)),
        "an old version was changed"
    );
    let refused = client.delete_if(&client.users, &id, only(first)).await;
    ensure!(
        matches!(refused, Err(StoreError::Precondition)),
        "an old version was deleted"
    );
    let shown = client.shown(&client.users, &id).await?;
    ensure!(
        shown.get("title") == Some(&json!("a")),
        "a write that was refused left something"
    );
    client
        .delete_if(&client.users, &id, only(updated.version))
        .await
        .map_err(text)
}

pub(super) async fn what_is_deleted_is_gone(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let id = client.user("ann").await?;
    client.delete(&client.users, &id).await.map_err(text)?;
    ensure!(
        matches!(client.get(&client.users, &id).await, Err(StoreError::NotFound)),
        "it is still read"
    );
    ensure!(
        matches!(client.delete(&client.users, &id).await, Err(StoreError::NotFound)),
        "it is deleted twice"
    );
    let edited = client
        .edit(
            &client.users,
            &id,
            json!([{ "op": "add", "path": "title", "value": "a" }]),
        )
        .await?;
    ensure!(matches!(edited, Err(StoreError::NotFound)), "it is still changed");
    let found = client.find(&client.users, "userName eq \"ann\"").await?;
    ensure!(found.is_none_or(|found| found.is_empty()), "it is still found");
    Ok(())
}

pub(super) async fn a_write_that_fails_leaves_nothing(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let (ann, bob) = (client.user("ann").await?, client.user("bob").await?);
    let team = client.group("team", &[&ann]).await?;
    let before = (
        client.shown(&client.users, &bob).await?,
        client.shown(&client.groups, &team).await?,
    );
    let taken = json!([
        { "op": "add", "path": "title", "value": "a" },
        { "op": "replace", "path": "userName", "value": "ann" },
    ]);
    let refused = client.edit(&client.users, &bob, taken).await?;
    ensure!(
        matches!(refused, Err(StoreError::Uniqueness { .. })),
        "a name that is taken was given"
    );
    let unknown = json!([
        { "op": "replace", "path": "displayName", "value": "other" },
        { "op": "add", "path": "members", "value": [{ "value": bob.as_str() }, { "value": "no-such-id" }] },
    ]);
    let refused = client.strict().edit(&client.groups, &team, unknown).await?;
    ensure!(
        matches!(refused, Err(StoreError::Input(_))),
        "a member that does not exist was taken"
    );
    let after = (
        client.shown(&client.users, &bob).await?,
        client.shown(&client.groups, &team).await?,
    );
    ensure!(after == before, "a write that failed left something: {after:?}");
    Ok(())
}

pub(super) async fn time_never_goes_back(store: &dyn ScimStore) -> Check {
    let client = Client::new(store).at(100);
    let id = client.user("ann").await?;
    let before = client.get(&client.users, &id).await.map_err(text)?.head;
    let earlier = client.at(-100);
    earlier.change(&client.users, &id, "add", "title", json!("a")).await?;
    let after = client.get(&client.users, &id).await.map_err(text)?.head;
    ensure!(after.modified >= before.modified, "`lastModified` went back");
    ensure!(after.modified >= after.created, "`lastModified` is before `created`");
    ensure!(
        client.is_later(before.version, after.version),
        "the version did not move although the content did"
    );
    Ok(())
}

pub(super) async fn a_resource_is_of_one_type(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let id = client.user("ann").await?;
    ensure!(
        matches!(client.get(&client.groups, &id).await, Err(StoreError::NotFound)),
        "a user is read as a group"
    );
    ensure!(
        matches!(client.delete(&client.groups, &id).await, Err(StoreError::NotFound)),
        "a user is deleted as a group"
    );
    let edited = client
        .edit(&client.groups, &id, json!([{ "op": "remove", "path": "members" }]))
        .await?;
    ensure!(
        matches!(edited, Err(StoreError::NotFound)),
        "a user is changed as a group"
    );
    let shown: Value = client.shown(&client.users, &id).await?;
    ensure!(
        shown.get("userName") == Some(&json!("ann")),
        "the user is not as it was"
    );
    Ok(())
}
