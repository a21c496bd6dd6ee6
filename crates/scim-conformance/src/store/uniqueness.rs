//! Values that no two resources of a type may have.

use scim_core::resource::Found;
use scim_store::{Result, ScimStore, StoreError};
use serde_json::{Value, json};

use super::client::{Check, Client, text};

pub(super) async fn a_name_is_taken_once(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    client.user("BJensen").await?;
    let bob = client.user("bob").await?;
    for name in ["BJensen", "bjensen", "ｂｊｅｎｓｅｎ"] {
        let again = client.create(client.user_draft(name)).await?;
        is_taken(&again.map(drop), "userName", name)?;
        let rename = json!([{ "op": "replace", "path": "userName", "value": name }]);
        let renamed = client.edit(&client.users, &bob, rename).await?;
        is_taken(&renamed.map(drop), "userName", name)?;
    }
    Ok(())
}

pub(super) async fn a_name_is_free_again(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let ann = client.user("ann").await?;
    client
        .change(&client.users, &ann, "replace", "userName", json!("anna"))
        .await?;
    client.user("ann").await?;
    client.delete(&client.users, &ann).await.map_err(text)?;
    client.user("ANNA").await.map(drop)
}

pub(super) async fn a_resource_may_keep_its_name(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let ann = client.user("ann").await?;
    let updated = client
        .change(&client.users, &ann, "replace", "userName", json!("Ann"))
        .await?;
    ensure!(updated.changed, "another spelling of the name is a change");
    let found = client.find(&client.users, "userName eq \"aNN\"").await?;
    ensure!(
        found.is_none_or(|found| found == ["Ann"]),
        "the name is not found in its new spelling"
    );
    Ok(())
}

pub(super) async fn groups_of_one_name_are_told_apart_by_external_id(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let create = async |name: &str, external: Option<&str>| -> Check<Result<Found>> {
        let mut body = json!({ "schemas": [client.groups.schema().id], "displayName": name });
        if let (Some(body), Some(external)) = (body.as_object_mut(), external) {
            body.insert("externalId".to_owned(), Value::from(external));
        }
        client.create(client.draft(&client.groups, body)).await
    };
    create("Team", Some("1")).await?.map_err(text)?;
    create("team", Some("2")).await?.map_err(text)?;
    is_taken(
        &create("TEAM", Some("1")).await?.map(drop),
        "displayName",
        "one externalId twice",
    )?;
    is_taken(&create("TEAM", None).await?.map(drop), "displayName", "no externalId")?;
    create("other", None).await?.map_err(text)?;
    is_taken(
        &create("Other", Some("3")).await?.map(drop),
        "displayName",
        "the other one has no externalId",
    )
}

fn is_taken(result: &Result<()>, path: &str, what: &str) -> Check {
    match result {
        Err(StoreError::Uniqueness { attribute }) if attribute == path => Ok(()),
        other => Err(format!("`{path}` is taken ({what}), and the answer is {other:?}")),
    }
}
