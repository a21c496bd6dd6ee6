//! Groups and their members.

use scim_core::{ScimType, query::Relations, resource::Members};
use scim_store::{Result, ScimStore, StoreError};
use serde_json::{Value, json};

use super::client::{Check, Client, refs, sorted, text, values};

pub(super) async fn both_sides_show_the_relation(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let (ann, bob) = (client.user("ann").await?, client.user("bob").await?);
    let inner = client.group("inner", &[&ann, &bob]).await?;
    let outer = client.group("outer", &[&inner, &ann]).await?;
    let shown = client.shown(&client.groups, &outer).await?;
    ensure!(
        values(&shown, "members") == sorted(&[&inner, &ann]),
        "the members of outer are {shown}"
    );
    let kinds: Vec<&Value> = shown
        .pointer("/members/0/type")
        .into_iter()
        .chain(shown.pointer("/members/1/type"))
        .collect();
    ensure!(
        kinds.contains(&&json!("User")) && kinds.contains(&&json!("Group")),
        "the types of members are {kinds:?}"
    );
    let shown = client.shown(&client.users, &ann).await?;
    ensure!(
        values(&shown, "groups") == sorted(&[&inner, &outer]),
        "the groups of ann are {shown}"
    );
    let shown = client.shown(&client.users, &bob).await?;
    ensure!(
        values(&shown, "groups") == sorted(&[&inner]),
        "the groups of bob, direct ones only, are {shown}"
    );
    Ok(())
}

pub(super) async fn members_are_added_and_removed(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let (ann, bob, cy) = (
        client.user("ann").await?,
        client.user("bob").await?,
        client.user("cy").await?,
    );
    let first = client.get(&client.users, &ann).await.map_err(text)?.head.version;
    let team = client.group("team", &[]).await?;
    let groups = &client.groups;
    let by_filter = format!("members[value eq \"{ann}\"]");
    let others = format!("members[type eq \"User\" and value ne \"{cy}\"]");
    for (op, path, value, expected) in [
        ("add", "members", refs(&[&ann, &bob]), sorted(&[&ann, &bob])),
        ("add", "members", refs(&[&cy]), sorted(&[&ann, &bob, &cy])),
        ("remove", by_filter.as_str(), Value::Null, sorted(&[&bob, &cy])),
        ("remove", others.as_str(), Value::Null, sorted(&[&cy])),
        ("replace", "members", refs(&[&ann, &cy]), sorted(&[&ann, &cy])),
        ("remove", "members", refs(&[&cy]), sorted(&[&ann])),
        ("remove", "members", Value::Null, sorted(&[])),
    ] {
        let before = client.get(groups, &team).await.map_err(text)?.head.version;
        let updated = client.change(groups, &team, op, path, value).await?;
        ensure!(
            updated.changed && client.is_later(before, updated.version),
            "{op} of `{path}` moves no version"
        );
        let members = values(&client.shown(groups, &team).await?, "members");
        ensure!(
            members == expected,
            "after {op} of `{path}` the members are {members:?}, not {expected:?}"
        );
    }
    let shown = client.shown(&client.users, &ann).await?;
    ensure!(shown.get("groups").is_none(), "ann is in no group any more: {shown}");
    ensure!(
        client.get(&client.users, &ann).await.map_err(text)?.head.version == first,
        "a membership moved the version of the user"
    );
    Ok(())
}

pub(super) async fn members_that_are_there_already_change_nothing(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let (ann, bob) = (client.user("ann").await?, client.user("bob").await?);
    let team = client.group("team", &[&ann]).await?;
    let before = client.get(&client.groups, &team).await.map_err(text)?.head.version;
    for operations in [
        json!([{ "op": "add", "path": "members", "value": refs(&[&ann]) }]),
        json!([{ "op": "remove", "path": format!("members[value eq \"{bob}\"]") }]),
        json!([
            { "op": "add", "path": "members", "value": refs(&[&bob]) },
            { "op": "remove", "path": format!("members[value eq \"{bob}\"]") },
        ]),
    ] {
        let updated = client
            .edit(&client.groups, &team, operations.clone())
            .await?
            .map_err(text)?;
        ensure!(
            !updated.changed && updated.version == before,
            "{operations} changes nothing and moves the version"
        );
    }
    Ok(())
}

pub(super) async fn members_that_do_not_exist_are_left_out(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let (ann, gone) = (client.user("ann").await?, client.user("gone").await?);
    client.delete(&client.users, &gone).await.map_err(text)?;
    let team = client.group("team", &[&gone, &ann]).await?;
    let updated = client
        .change(&client.groups, &team, "add", "members", refs(&[&gone]))
        .await?;
    ensure!(!updated.changed, "a member that does not exist is a change");
    ensure!(
        updated.unknown_members == 1,
        "{} members are told to be left out",
        updated.unknown_members
    );
    let members = values(&client.shown(&client.groups, &team).await?, "members");
    ensure!(members == sorted(&[&ann]), "the members are {members:?}");
    Ok(())
}

pub(super) async fn members_that_do_not_exist_are_refused(store: &dyn ScimStore) -> Check {
    let client = Client::new(store).strict();
    let (ann, gone) = (client.user("ann").await?, client.user("gone").await?);
    client.delete(&client.users, &gone).await.map_err(text)?;
    let created = client.create(client.group_draft("team", &[&ann, &gone])).await?;
    refused(&created.map(drop), ScimType::InvalidValue)?;
    let team = client.group("team", &[]).await?;
    let add = json!([{ "op": "add", "path": "members", "value": refs(&[&ann, &gone]) }]);
    refused(
        &client.edit(&client.groups, &team, add).await?.map(drop),
        ScimType::InvalidValue,
    )?;
    let members = values(&client.shown(&client.groups, &team).await?, "members");
    ensure!(members.is_empty(), "the members are {members:?}");
    Ok(())
}

pub(super) async fn a_group_is_no_member_of_itself(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let team = client.group("team", &[]).await?;
    let updated = client
        .change(&client.groups, &team, "add", "members", refs(&[&team]))
        .await?;
    ensure!(
        !updated.changed && updated.unknown_members == 1,
        "a group became a member of itself"
    );
    let add = json!([{ "op": "add", "path": "members", "value": refs(&[&team]) }]);
    refused(
        &client.strict().edit(&client.groups, &team, add).await?.map(drop),
        ScimType::InvalidValue,
    )
}

pub(super) async fn the_type_of_a_member_is_that_of_the_resource(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let ann = client.user("ann").await?;
    let team = client.group("team", &[]).await?;
    let add = |kind: &str| {
        let value = json!([{ "value": ann.as_str(), "type": kind }]);
        json!([{ "op": "add", "path": "members", "value": value }])
    };
    let groups = &client.groups;
    refused(
        &client.edit(groups, &team, add("Group")).await?.map(drop),
        ScimType::InvalidValue,
    )?;
    client.edit(groups, &team, add("User")).await?.map_err(text)?;
    refused(
        &client.edit(groups, &team, add("Group")).await?.map(drop),
        ScimType::Mutability,
    )
}

pub(super) async fn deleting_a_member_moves_its_groups(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let (ann, bob) = (client.user("ann").await?, client.user("bob").await?);
    let (one, two) = (
        client.group("one", &[&ann, &bob]).await?,
        client.group("two", &[&bob]).await?,
    );
    let version = async |id| Ok::<_, String>(client.get(&client.groups, id).await.map_err(text)?.head.version);
    let (first, other) = (version(&one).await?, version(&two).await?);
    let later = client.at(60);
    later.delete(&client.users, &ann).await.map_err(text)?;
    let found = client.get(&client.groups, &one).await.map_err(text)?;
    ensure!(
        client.is_next(first, found.head.version),
        "the version of the group did not move with its member's deletion"
    );
    ensure!(
        found.head.modified == later.scope.now,
        "the time of the group did not move"
    );
    let members = values(&client.shown(&client.groups, &one).await?, "members");
    ensure!(members == sorted(&[&bob]), "the members are {members:?}");
    ensure!(
        version(&two).await? == other,
        "a group that has nothing to do with it moved"
    );
    Ok(())
}

pub(super) async fn deleting_a_group_leaves_its_members(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let ann = client.user("ann").await?;
    let inner = client.group("inner", &[&ann]).await?;
    let outer = client.group("outer", &[&inner]).await?;
    let before = client.get(&client.groups, &outer).await.map_err(text)?.head.version;
    client.delete(&client.groups, &inner).await.map_err(text)?;
    let shown = client.shown(&client.users, &ann).await?;
    ensure!(shown.get("groups").is_none(), "ann is still in a group: {shown}");
    let found = client.get(&client.groups, &outer).await.map_err(text)?;
    ensure!(
        client.is_next(before, found.head.version),
        "the group around it did not move"
    );
    ensure!(
        matches!(&found.members, Members::All(members) if members.is_empty()),
        "a member dangles"
    );
    Ok(())
}

pub(super) async fn a_new_name_shows_everywhere(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let ann = client.user("ann").await?;
    let team = client.group("team", &[&ann]).await?;
    client
        .change(&client.users, &ann, "add", "displayName", json!("Ann"))
        .await?;
    client
        .change(&client.groups, &team, "replace", "displayName", json!("crew"))
        .await?;
    let shown = client.shown(&client.users, &ann).await?;
    let display = shown.pointer("/groups/0/display");
    // A store need not know names that would cost it another look-up.
    ensure!(
        display.is_none_or(|display| display == "crew"),
        "the group's name is {display:?}"
    );
    Ok(())
}

pub(super) async fn relations_are_given_as_asked(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let (ann, bob) = (client.user("ann").await?, client.user("bob").await?);
    let team = client.group("team", &[&ann, &bob]).await?;
    let get = async |members| {
        client
            .get_with(&client.groups, &team, Relations::new(members, false))
            .await
            .map_err(text)
    };
    let found = get(None).await?;
    ensure!(
        matches!(found.members, Members::Skipped),
        "members come without being asked for"
    );
    let found = get(Some(1)).await?;
    ensure!(
        matches!(found.members, Members::TooMany),
        "two members come where one was asked for at most"
    );
    let found = get(Some(2)).await?;
    ensure!(
        matches!(&found.members, Members::All(list) if list.len() == 2),
        "two members do not come"
    );
    let found = client
        .get_with(&client.users, &ann, Relations::NONE)
        .await
        .map_err(text)?;
    ensure!(found.memberships.is_empty(), "groups come without being asked for");
    Ok(())
}

fn refused(result: &Result<()>, keyword: ScimType) -> Check {
    match result {
        Err(StoreError::Input(error)) if error.scim_type() == keyword => Ok(()),
        other => Err(format!("the answer is {other:?} and not {keyword:?}")),
    }
}
