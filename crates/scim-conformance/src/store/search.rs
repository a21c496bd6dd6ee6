//! Filters, orders and pages.

use scim_core::query::{Page, Query};
use scim_store::ScimStore;
use serde_json::json;

use super::client::{Check, Client, name, refs, text};

/// Users `u0` to `u9`, each with a title, half of them inactive.
async fn ten_users(client: &Client<'_>) -> Check {
    for number in 0..10_u8 {
        let body = json!({
            "schemas": [client.users.schema().id],
            "userName": format!("u{number}"),
            "title": format!("T{}", 9 - number),
            "active": number % 2 == 0,
            "externalId": format!("E{number}"),
            "emails": [{ "value": format!("u{number}@example.com"), "type": "work" }],
        });
        let client = client.at(i64::from(number));
        client.create(client.draft(&client.users, body)).await?.map_err(text)?;
    }
    Ok(())
}

pub(super) async fn filters_find_what_matches(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    ten_users(&client).await?;
    for (filter, expected) in [
        ("userName eq \"U3\"", vec!["u3"]),
        ("userName eq \"u33\"", vec![]),
        ("externalId eq \"E4\"", vec!["u4"]),
        ("externalId eq \"e4\"", vec![]),
        ("emails.value eq \"U5@EXAMPLE.com\"", vec!["u5"]),
        ("emails[type eq \"work\" and value sw \"u6\"]", vec!["u6"]),
        ("userName eq \"u1\" or title eq \"t0\"", vec!["u1", "u9"]),
        ("userName eq \"u1\" and active eq true", vec![]),
        ("active eq true and not (title gt \"t3\")", vec!["u6", "u8"]),
        ("nickName pr", vec![]),
        ("title ne \"T9\" and userName lt \"u2\"", vec!["u1"]),
        ("meta.resourceType eq \"User\" and userName ew \"7\"", vec!["u7"]),
        ("meta.created gt \"2023-11-14T22:13:27Z\"", vec!["u8", "u9"]),
    ] {
        let found = client.find(&client.users, filter).await?;
        ensure!(
            found.as_ref().is_none_or(|found| *found == expected),
            "`{filter}` finds {found:?}"
        );
    }
    Ok(())
}

pub(super) async fn relations_can_be_searched_by(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    let (ann, bob) = (client.user("ann").await?, client.at(1).user("bob").await?);
    let one = client.group("one", &[&ann]).await?;
    client.at(1).group("two", &[&ann, &bob]).await?;
    client.at(2).group("three", &[]).await?;
    for (kind, filter, expected) in [
        (&client.groups, format!("members.value eq \"{bob}\""), vec!["two"]),
        (
            &client.groups,
            format!("members[value eq \"{ann}\"]"),
            vec!["one", "two"],
        ),
        (&client.groups, "not (members pr)".to_owned(), vec!["three"]),
        (&client.users, format!("groups.value eq \"{one}\""), vec!["ann"]),
        (
            &client.users,
            format!("groups eq \"{one}\" or userName eq \"bob\""),
            vec!["ann", "bob"],
        ),
    ] {
        let found = client.find(kind, &filter).await?;
        ensure!(
            found.as_ref().is_none_or(|found| *found == expected),
            "`{filter}` finds {found:?}"
        );
    }
    client
        .change(&client.groups, &one, "replace", "members", refs(&[&bob]))
        .await?;
    let found = client
        .find(&client.users, &format!("groups.value eq \"{one}\""))
        .await?;
    ensure!(
        found.as_ref().is_none_or(|found| *found == ["bob"]),
        "an index is behind: {found:?}"
    );
    Ok(())
}

pub(super) async fn pages_by_number_are_cut_from_one_order(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    ten_users(&client).await?;
    for (start, count, expected) in [
        (1, 3, vec!["u0", "u1", "u2"]),
        (4, 3, vec!["u3", "u4", "u5"]),
        (9, 5, vec!["u8", "u9"]),
        (11, 5, vec![]),
        (1, 0, vec![]),
    ] {
        let query = Query::new(
            vec![client.target(&client.users, None, None)?],
            Page::Index { start, count },
        );
        let page = client.query(&query).await.map_err(text)?;
        let names = page.items.iter().map(name).collect::<Check<Vec<_>>>()?;
        ensure!(names == expected, "{count} from {start} are {names:?}");
        ensure!(page.total == Some(10), "the total is {:?}", page.total);
        ensure!(page.next.is_none(), "a page by number has a position");
    }
    Ok(())
}

pub(super) async fn pages_by_cursor_visit_everything_once(store: &dyn ScimStore) -> Check {
    if !store.capabilities().cursors {
        return Ok(());
    }
    let expected: Vec<String> = (0..10).map(|number| format!("u{number}")).collect();
    for filter in [None, Some("userName sw \"u\"")] {
        let client = Client::new(store);
        ten_users(&client).await?;
        let mut names = Vec::new();
        let mut after = None;
        for round in 0.. {
            let target = client.target(&client.users, filter, None)?;
            let page = client
                .query(&Query::new(vec![target], Page::Cursor { after, count: 4 }))
                .await
                .map_err(text)?;
            ensure!(
                page.total.is_none_or(|total| total == 10),
                "the total is {:?}",
                page.total
            );
            names.extend(page.items.iter().map(name).collect::<Check<Vec<_>>>()?);
            if round == 0 {
                // What comes and goes between pages does not shift the others.
                let gone = page.items.first().ok_or("the first page is empty")?;
                client.delete(&client.users, &gone.head.id).await.map_err(text)?;
                client.at(0).create(client.user_draft("u0")).await?.map_err(text)?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
            ensure!(round < 5, "the pages have no end");
        }
        let again = names.split_off(names.len().min(10));
        ensure!(names == expected, "the pages visit {names:?}");
        ensure!(again.is_empty() || again == ["u0"], "the pages visit {again:?} as well");
        let left = client.find(&client.users, "userName eq \"u0\"").await?;
        ensure!(left.is_none_or(|left| left == ["u0"]), "the new resource is not found");
    }
    Ok(())
}

pub(super) async fn an_order_is_kept(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    if !store.capabilities().sort {
        return Ok(());
    }
    ten_users(&client).await?;
    let nameless = client.user("none").await?;
    ensure!(!nameless.as_str().is_empty(), "an identifier is empty");
    for (descending, expected) in [(false, ["u9", "u8", "u7"]), (true, ["none", "u0", "u1"])] {
        let target = client.target(&client.users, None, Some("title"))?;
        let mut query = Query::new(vec![target], Page::Index { start: 1, count: 3 });
        query.sorted = true;
        query.descending = descending;
        let page = client.query(&query).await.map_err(text)?;
        let names = page.items.iter().map(name).collect::<Check<Vec<_>>>()?;
        ensure!(
            names == expected,
            "sorted by title, descending {descending}, the first are {names:?}"
        );
    }
    Ok(())
}

pub(super) async fn several_types_are_searched_at_once(store: &dyn ScimStore) -> Check {
    let client = Client::new(store);
    for number in 0..3 {
        let client = client.at(number * 10);
        client.user(&format!("u{number}")).await?;
        client.at(number * 10 + 5).group(&format!("g{number}"), &[]).await?;
    }
    let targets = vec![
        client.target(&client.users, None, None)?,
        client.target(&client.groups, None, None)?,
    ];
    let page = client
        .query(&Query::new(targets, Page::Index { start: 2, count: 3 }))
        .await
        .map_err(text)?;
    let names = page.items.iter().map(name).collect::<Check<Vec<_>>>()?;
    ensure!(names == ["g0", "u1", "g1"], "the page is {names:?}");
    ensure!(page.total == Some(6), "the total is {:?}", page.total);
    let filter = Some("displayName sw \"g\" or userName eq \"u2\"");
    let targets = vec![
        client.target(&client.users, filter, None)?,
        client.target(&client.groups, filter, None)?,
    ];
    let page = client
        .query(&Query::new(targets, Page::Index { start: 3, count: 9 }))
        .await
        .map_err(text)?;
    let names = page.items.iter().map(name).collect::<Check<Vec<_>>>()?;
    ensure!(
        names == ["u2", "g2"] && page.total == Some(4),
        "the page is {names:?} of {:?}",
        page.total
    );
    Ok(())
}
