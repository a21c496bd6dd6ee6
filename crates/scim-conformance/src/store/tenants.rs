//! What one tenant does is nothing to another.

use scim_core::query::{Page, Query};
use scim_store::{ScimStore, StoreError};
use serde_json::json;

use super::client::{Check, Client, refs, text, values};

pub(super) async fn a_tenant_sees_nothing_of_another(store: &dyn ScimStore) -> Check {
    let (one, two) = (Client::new(store), Client::new(store));
    let ann = one.user("ann").await?;
    let before = one.shown(&one.users, &ann).await?;
    ensure!(
        matches!(two.get(&two.users, &ann).await, Err(StoreError::NotFound)),
        "it is read"
    );
    ensure!(
        matches!(two.delete(&two.users, &ann).await, Err(StoreError::NotFound)),
        "it is deleted"
    );
    let edited = two
        .edit(
            &two.users,
            &ann,
            json!([{ "op": "add", "path": "title", "value": "a" }]),
        )
        .await?;
    ensure!(matches!(edited, Err(StoreError::NotFound)), "it is changed");
    let query = Query::new(
        vec![two.target(&two.users, None, None)?],
        Page::Index { start: 1, count: 10 },
    );
    let page = two.query(&query).await.map_err(text)?;
    ensure!(
        page.total == Some(0) && page.items.is_empty(),
        "it is listed or counted"
    );
    for filter in [format!("id eq \"{ann}\""), "userName eq \"ann\"".to_owned()] {
        let found = two.find(&two.users, &filter).await?;
        ensure!(found.is_none_or(|found| found.is_empty()), "it is found by `{filter}`");
    }
    ensure!(one.shown(&one.users, &ann).await? == before, "it is not as it was");
    Ok(())
}

pub(super) async fn names_are_unique_within_a_tenant_only(store: &dyn ScimStore) -> Check {
    let (one, two) = (Client::new(store), Client::new(store));
    let (first, second) = (one.user("ann").await?, two.user("ann").await?);
    ensure!(first != second, "two resources have one identifier");
    one.delete(&one.users, &first).await.map_err(text)?;
    two.get(&two.users, &second).await.map(drop).map_err(text)
}

pub(super) async fn members_do_not_cross_tenants(store: &dyn ScimStore) -> Check {
    let (one, two) = (Client::new(store), Client::new(store));
    let ann = one.user("ann").await?;
    let team = two.group("team", &[&ann]).await?;
    let members = values(&two.shown(&two.groups, &team).await?, "members");
    ensure!(members.is_empty(), "a member of another tenant was taken");
    let gone = two.user("gone").await?;
    two.delete(&two.users, &gone).await.map_err(text)?;
    let strict = two.strict();
    let mut answers = Vec::new();
    for id in [&ann, &gone] {
        let add = json!([{ "op": "add", "path": "members", "value": refs(&[id]) }]);
        match strict.edit(&two.groups, &team, add).await? {
            Ok(_) => return Err("a member of another tenant was taken".to_owned()),
            Err(error) => answers.push(error.to_string()),
        }
    }
    answers.dedup();
    ensure!(
        answers.len() == 1,
        "the answer tells whether another tenant has the identifier: {answers:?}"
    );
    Ok(())
}
