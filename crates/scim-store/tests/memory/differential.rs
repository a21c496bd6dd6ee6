//! The memory store, with all its indexes, against a list that is looked through.

use std::sync::Arc;

use proptest::prelude::*;
use scim_core::{
    Dialect,
    query::{Page, Query, QueryPage, Relations},
    resource::Members,
};
use scim_store::MemoryStore;
use serde_json::{Value, json};

use crate::{
    common::{Client, shown},
    custom_store::ListStore,
};

/// A write, its subjects named by their place among all that were ever created.
#[derive(Debug, Clone)]
enum Op {
    User(Value),
    Group(Value, Vec<usize>),
    Patch(usize, Value),
    Members(usize, Vec<(u8, Vec<usize>)>),
    Delete(usize),
}

fn word() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "ann", "Ann", "bob", "BOB", "josé", "JOSÉ", "Straße", "strasse", "x y", "n/a",
    ])
}

fn op() -> impl Strategy<Value = Op> {
    let some = proptest::collection::vec(0..30_usize, 0..4);
    let user = (
        word(),
        0..9_u8,
        proptest::option::of(word()),
        proptest::option::of(word()),
        any::<bool>(),
    );
    let user = user.prop_map(|(name, number, display, external, active)| {
        let mut user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": format!("{name}{number}"),
            "active": active,
            "emails": [{ "value": format!("{number}@a.example"), "type": "work" }],
        });
        if active {
            user["emails"] =
                json!([{ "value": "Any@a.example", "primary": true }, { "value": format!("{number}@b.example") }]);
        }
        if let Some(display) = display {
            user["displayName"] = display.into();
        }
        if let Some(external) = external {
            user["externalId"] = external.into();
        }
        Op::User(user)
    });
    let group = (word(), proptest::option::of(word()), some.clone()).prop_map(|(name, external, members)| {
        let mut group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name });
        if let Some(external) = external {
            group["externalId"] = external.into();
        }
        Op::Group(group, members)
    });
    let path = proptest::sample::select(vec!["displayName", "externalId", "userName", "title", "nickName"]);
    let patch = (0..30_usize, path, word())
        .prop_map(|(at, path, word)| Op::Patch(at, json!([{ "op": "replace", "path": path, "value": word }])));
    let steps = proptest::collection::vec((0..5_u8, some), 1..4);
    prop_oneof![
        4 => user,
        3 => group,
        3 => patch,
        4 => (0..30_usize, steps).prop_map(|(at, steps)| Op::Members(at, steps)),
        1 => (0..30_usize).prop_map(Op::Delete),
    ]
}

fn comparison() -> impl Strategy<Value = String> {
    let path = proptest::sample::select(vec![
        "userName",
        "displayName",
        "externalId",
        "id",
        "emails.value",
        "emails",
        "members.value",
        "groups.value",
        "title",
        "members.type",
        "groups.display",
        "meta.resourceType",
        "members",
    ]);
    let operator = proptest::sample::select(vec!["eq", "eq", "eq", "ne", "co", "sw", "gt"]);
    let operand = prop_oneof![
        word().prop_map(str::to_owned),
        (word(), 0..9_u8).prop_map(|(word, number)| format!("{word}{number}")),
        (1..20_u8).prop_map(|number| format!("r{number}")),
        (0..9_u8).prop_map(|number| format!("{number}@A.example")),
        Just("User".to_owned()),
        Just(String::new()),
    ];
    prop_oneof![
        6 => (path, operator, operand.clone()).prop_map(|(path, operator, operand)| format!("{path} {operator} \"{operand}\"")),
        1 => (operand.clone(), word()).prop_map(|(id, name)| format!("members[value eq \"{id}\" or type eq \"{name}\"]")),
        1 => operand.clone().prop_map(|id| format!("groups[value eq \"{id}\"]")),
        1 => operand.prop_map(|id| format!("emails[value eq \"{id}\"]")),
        1 => any::<bool>().prop_map(|active| format!("active eq {active}")),
        1 => Just("groups pr".to_owned()),
    ]
}

fn filter() -> impl Strategy<Value = String> {
    comparison().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(|list| format!("({})", list.join(" and "))),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(|list| format!("({})", list.join(" or "))),
            inner.prop_map(|one| format!("not ({one})")),
        ]
    })
}

#[derive(Debug, Clone)]
struct Search {
    users: bool,
    groups: bool,
    filter: Option<String>,
    sort: Option<&'static str>,
    descending: bool,
    start: usize,
    count: usize,
    members: Option<usize>,
}

fn search() -> impl Strategy<Value = Search> {
    let sort = proptest::sample::select(vec![
        "userName",
        "displayName",
        "meta.created",
        "id",
        "active",
        "emails",
    ]);
    let kinds = proptest::sample::select(vec![(true, false), (false, true), (true, true)]);
    (
        kinds,
        proptest::option::weighted(0.8, filter()),
        proptest::option::of(sort),
        any::<bool>(),
        0..20_usize,
        0..8_usize,
        proptest::option::of(0..4_usize),
    )
        .prop_map(
            |((users, groups), filter, sort, descending, start, count, members)| Search {
                users,
                groups,
                filter,
                sort,
                descending,
                start,
                count,
                members,
            },
        )
}

impl Search {
    fn query(&self, client: &Client, page: Page) -> Query {
        let mut targets = Vec::new();
        for (kind, wanted) in [(&client.users, self.users), (&client.groups, self.groups)] {
            if wanted {
                targets.push(client.target(kind, self.filter.as_deref(), self.sort));
            }
        }
        let mut query = Query::new(targets, page);
        query.sorted = self.sort.is_some();
        query.descending = self.descending;
        query.relations = Relations::new(self.members, self.members.is_some());
        query
    }
}

/// What a page shows; lists of relations without their order, which is the store's own.
fn told(page: &QueryPage) -> (Vec<(Value, bool)>, bool) {
    let items = page.items.iter().map(|found| {
        let mut shown = shown(found);
        for list in ["members", "groups"] {
            if let Some(list) = shown.get_mut(list).and_then(Value::as_array_mut) {
                list.sort_by_key(Value::to_string);
            }
        }
        (shown, matches!(found.members, Members::TooMany))
    });
    (items.collect(), page.next.is_some())
}

/// Does a write on both; both must answer alike.
fn write(one: &Client, two: &Client, op: &Op, names: &mut Vec<String>) {
    let id = |at: &usize| {
        names
            .get(at % names.len().max(1))
            .cloned()
            .unwrap_or("nobody".to_owned())
    };
    let refs = |ids: &[usize]| -> Vec<Value> { ids.iter().map(|at| json!({ "value": id(at) })).collect() };
    let kind = match op {
        Op::Patch(at, _) | Op::Delete(at) if one.get(&one.groups, &id(at)).is_err() => &one.users,
        _ => &one.groups,
    };
    let answer = |client: &Client| match op {
        Op::User(body) => {
            let created = client.create(&client.draft(&client.users, body.clone()));
            created
                .map(|found| (found.head.version, true, found.head.id.to_string()))
                .map_err(|error| error.to_string())
        }
        Op::Group(body, members) => {
            let mut body = body.clone();
            body["members"] = refs(members).into();
            let created = client.create(&client.draft(&client.groups, body));
            created
                .map(|found| (found.head.version, true, found.head.id.to_string()))
                .map_err(|error| error.to_string())
        }
        Op::Patch(at, operations) => {
            let path = operations[0]["path"].as_str().unwrap();
            if kind.attribute(path).is_none() {
                return Ok((scim_core::Version::FIRST, false, String::new()));
            }
            let updated = client.edit(kind, &id(at), operations.clone());
            updated
                .map(|updated| (updated.version, updated.changed, updated.unknown_members.to_string()))
                .map_err(|error| error.to_string())
        }
        Op::Members(at, steps) => {
            let operations = steps.iter().map(|(step, ids)| match step {
                0 | 1 => json!({ "op": "add", "path": "members", "value": refs(ids) }),
                2 => json!({ "op": "remove", "path": "members", "value": refs(ids) }),
                3 => json!({ "op": "replace", "path": "members", "value": refs(ids) }),
                _ => json!({ "op": "remove", "path": "members[type eq \"User\" and value co \"1\"]" }),
            });
            let updated = client.edit(&client.groups, &id(at), operations.collect());
            updated
                .map(|updated| (updated.version, updated.changed, updated.unknown_members.to_string()))
                .map_err(|error| error.to_string())
        }
        Op::Delete(at) => {
            let deleted = client.delete(kind, &id(at));
            deleted
                .map(|()| (scim_core::Version::FIRST, true, String::new()))
                .map_err(|error| error.to_string())
        }
    };
    let (first, second) = (answer(one), answer(two));
    assert_eq!(first, second, "{op:?}");
    if let (Op::User(_) | Op::Group(..), Ok((_, _, id))) = (op, first) {
        names.push(id);
    }
}

fn everything(client: &Client) -> (Vec<(Value, bool)>, bool) {
    let all = Search {
        users: true,
        groups: true,
        filter: None,
        sort: None,
        descending: false,
        start: 1,
        count: 0,
        members: None,
    };
    let mut query = all.query(client, Page::Index { start: 1, count: 1000 });
    query.relations = Relations::ALL;
    told(&client.query(&query))
}

fn clients(dialect: &Dialect) -> (Client, Client) {
    let one = Client::new(Arc::new(MemoryStore::new()), "t", dialect.clone());
    let two = Client::new(Arc::new(ListStore::default()), "t", dialect.clone());
    (one, two)
}

fn dialects() -> impl Strategy<Value = Dialect> {
    proptest::sample::select(vec![
        Dialect::default(),
        Dialect::rfc().with(|dialect| dialect.remove_by_value = true),
        Dialect::default().with(|dialect| dialect.unique = vec!["displayName".to_owned(), "Emails.value".to_owned()]),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn both_answer_alike(
        dialect in dialects(),
        later in dialects(),
        ops in proptest::collection::vec(op(), 0..40),
        searches in proptest::collection::vec(search(), 20),
    ) {
        let (mut one, mut two) = clients(&dialect);
        let mut names = Vec::new();
        for (second, op) in ops.iter().enumerate() {
            if second == 30 {
                (one, two) = (one.with(later.clone()), two.with(later.clone()));
            }
            (one, two) = (one.at(second as i64), two.at(second as i64));
            write(&one, &two, op, &mut names);
        }
        prop_assert_eq!(everything(&one), everything(&two));
        for search in searches {
            let page = Page::Index { start: search.start, count: search.count };
            let pages = [&one, &two].map(|client| client.query(&search.query(client, page.clone())));
            prop_assert_eq!(pages[0].total, pages[1].total, "{:?}", search);
            prop_assert_eq!(told(&pages[0]), told(&pages[1]), "{:?}", search);

            // A walk by cursor visits every match once, in the same order.
            let whole = Page::Index { start: 1, count: 1000 };
            let whole = two.query(&search.query(&two, whole));
            let count = search.count.max(1);
            let (mut after, mut walked, mut rounds) = (None, Vec::new(), 0);
            loop {
                let page = one.query(&search.query(&one, Page::Cursor { after, count }));
                prop_assert!(page.items.len() <= count);
                if let Some(total) = page.total {
                    prop_assert_eq!(Some(total), whole.total);
                }
                walked.extend(told(&page).0);
                after = page.next;
                rounds += 1;
                if after.is_none() {
                    break;
                }
            }
            prop_assert_eq!(rounds, whole.total.unwrap().div_ceil(count).max(1), "{:?}", search);
            prop_assert_eq!(walked, told(&whole).0, "{:?}", search);
        }
    }
}

#[test]
fn a_page_is_the_same_however_deep() {
    let (one, _) = clients(&Dialect::default());
    let names: Vec<String> = (0..1500).map(|number| format!("u{number:04}")).collect();
    let ids: Vec<String> = names.iter().map(|name| one.user(name)).collect();
    let mut left = names.clone();
    for (number, id) in ids.iter().enumerate() {
        if number % 3 != 0 && number < 1200 {
            one.delete(&one.users, id).unwrap();
            left.retain(|name| *name != names[number]);
        }
    }
    for start in [1, 2, 100, 400, 401, 690, 700, 701, 5000, usize::MAX] {
        let page = Page::Index { start, count: 20 };
        let page = one.query(&Query::new(vec![one.target(&one.users, None, None)], page));
        assert_eq!(page.total, Some(left.len()));
        let told: Vec<String> = page.items.iter().map(crate::common::name).collect();
        assert_eq!(told, left.iter().skip(start - 1).take(20).cloned().collect::<Vec<_>>());
    }
}
