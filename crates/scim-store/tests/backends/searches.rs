//! What is pushed down to a back end, and what is not.

use std::sync::Arc;

use scim_core::query::{Page, Query};
use scim_store::{Backends, ScimStore, StoreError};
use serde_json::json;

use crate::{
    common::{block_on, name},
    host::{Events, both, client, host},
};

#[test]
fn names_are_looked_up_and_not_listed() {
    let (store, users, _) = both();
    let client = client(store);
    let ann = client.user("Ann");
    client.user("bob");
    let title = json!([{ "op": "add", "path": "title", "value": "Dr" }]);
    client.edit(&client.users, &ann, title).unwrap();
    for (filter, expected) in [
        ("userName eq \"ANN\"".to_owned(), vec!["Ann"]),
        ("userName eq \"nobody\"".to_owned(), vec![]),
        (format!("id eq \"{ann}\""), vec!["Ann"]),
        ("title pr and userName eq \"bob\"".to_owned(), vec![]),
    ] {
        assert_eq!(client.find(&client.users, &filter), expected, "{filter}");
    }
    assert_eq!(users.lists(), 0);
    // What there is no index for is found all the same.
    assert_eq!(client.find(&client.users, "title eq \"dr\""), ["Ann"]);
    assert_eq!(users.lists(), 1);
}

#[test]
fn a_back_end_that_cuts_pages_is_never_listed() {
    let clever = Events {
        is_clever: true,
        ..Events::default()
    };
    let (users, plain) = (host(clever), host(Events::default()));
    let events = [Arc::clone(&users.events), Arc::clone(&plain.events)];
    let stores = [
        Backends::new(users, host(Events::default())),
        Backends::new(plain, host(Events::default())),
    ];
    let [clever, plain] = stores.map(client);
    for client in [&clever, &plain] {
        for number in 0..7 {
            client.clone().at(10 - number).user(&format!("u{number}"));
        }
    }
    for (start, count) in [(1, 3), (4, 3), (7, 5), (9, 5), (1, 0)] {
        let [one, two] = [&clever, &plain].map(|client| {
            let target = client.target(&client.users, None, None);
            let page = client.query(&Query::new(vec![target], Page::Index { start, count }));
            (page.total, page.items.iter().map(name).collect::<Vec<_>>())
        });
        assert_eq!(one, two, "{count} from {start}");
        assert_eq!(one.0, Some(7));
    }
    assert_eq!(events.map(|events| events.lists()), [0, 5]);
    // An order is the library's work.
    let target = clever.target(&clever.users, None, Some("userName"));
    let mut query = Query::new(vec![target], Page::Index { start: 1, count: 2 });
    query.sorted = true;
    assert_eq!(
        clever.query(&query).items.iter().map(name).collect::<Vec<_>>(),
        ["u0", "u1"]
    );
}

#[test]
fn a_search_that_would_look_at_too_much_is_refused() {
    let client = client(both().0);
    for number in 0..5 {
        client.user(&format!("u{number}"));
    }
    let search = |filter: &str, most| {
        let target = client.target(&client.users, Some(filter), None);
        let mut query = Query::new(vec![target], Page::Index { start: 1, count: 9 });
        query.look_through = Some(most);
        block_on(client.store.query(&client.scope, &query))
    };
    assert!(matches!(search("userName sw \"u\"", 4), Err(StoreError::TooMany)));
    assert_eq!(search("userName sw \"u\"", 5).unwrap().total, Some(5));
    assert_eq!(search("userName eq \"u1\"", 4).unwrap().total, Some(1));
}
