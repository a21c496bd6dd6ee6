//! Several writes in one transaction.

use scim_core::{
    ResourceId,
    query::{Page, Query},
};
use scim_store::{IdSource, RandomIds, ScimStore, StoreError, Write, Written};

use super::client::{Check, Client, refs, sorted, text, values};

pub(super) async fn all_is_done_or_none(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let ann = client.user("ann").await?;
    let writes = [
        Write::Create(client.user_draft("bob")?),
        Write::Delete(client.removal(&client.users, &ann)),
        Write::Create(client.user_draft("BOB")?),
    ];
    let failed = store.batch(&client.scope, &writes).await;
    if !store.capabilities().batch {
        ensure!(
            matches!(failed, Err(StoreError::Unsupported { .. })),
            "a batch is done that is not among the capabilities"
        );
        return Ok(());
    }
    ensure!(
        matches!(failed, Err(StoreError::Uniqueness { .. })),
        "one name was given twice"
    );
    let query = Query::new(
        vec![client.target(&client.users, None, None)?],
        Page::Index { start: 1, count: 10 },
    );
    let page = client.query(&query).await.map_err(text)?;
    ensure!(page.total == Some(1), "a batch that failed left something");
    let (done, _) = writes.split_at(2);
    let written = store.batch(&client.scope, done).await.map_err(text)?;
    ensure!(
        matches!(written.as_slice(), [Written::Created(_), Written::Deleted]),
        "the answers are {written:?}"
    );
    Ok(())
}

pub(super) async fn new_resources_may_name_each_other(store: &dyn ScimStore) -> Check {
    if !store.capabilities().batch {
        return Ok(());
    }
    let client = Client::new(store).strict();
    let [one, two, ann]: [ResourceId; 3] = std::array::from_fn(|_| RandomIds.next());
    let mut first = client.group_draft("one", &[&two])?;
    first.id = Some(one.clone());
    let mut second = client.group_draft("two", &[&one])?;
    second.id = Some(two.clone());
    let mut user = client.user_draft("ann")?;
    user.id = Some(ann.clone());
    let operations = serde_json::json!([{ "op": "add", "path": "members", "value": refs(&[&ann]) }]);
    let writes = [
        Write::Create(first),
        Write::Update(client.patch(&client.groups, &one, operations)?),
        Write::Create(second),
        Write::Create(user),
    ];
    store.batch(&client.scope, &writes).await.map_err(text)?;
    let members = values(&client.shown(&client.groups, &one).await?, "members");
    ensure!(
        members == sorted(&[&two, &ann]),
        "the members of the first are {members:?}"
    );
    let members = values(&client.shown(&client.groups, &two).await?, "members");
    ensure!(members == sorted(&[&one]), "the members of the second are {members:?}");
    let groups = values(&client.shown(&client.users, &ann).await?, "groups");
    ensure!(groups == sorted(&[&one]), "the groups of the user are {groups:?}");
    Ok(())
}
