//! Lists, order, pages and projections as a client meets them: N26 to N40 (RFC 7644 sections 3.4.2 and 3.9, RFC 9865).

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::sync::Arc;

use async_trait::async_trait;
use scim_http::{
    BearerTokens, Expiry, Pagination, ScimService,
    core::{
        Dialect, Draft, Edit, Limits,
        query::{Query, QueryPage},
        resource::Found,
        schema::{Attribute, Registry, ResourceType, Returned, Schema},
    },
    store::{Capabilities, Principal, Read, Removal, Result, ScimStore, Scope, Updated, Write, Written},
};
use serde_json::{Value, json};
use support::{BASE, ENTERPRISE, HandClock, Reply, Server, TestStore, USER, both, encode, with_schema};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// Users `u001`, `u002` and so on, created in this order, a second apart.
fn crowd(s: &Server, count: usize) {
    for number in 1..=count {
        s.user(json!({ "userName": format!("u{number:03}"), "title": if number % 2 == 0 { "even" } else { "odd" } }));
        s.clock.forward(1_000);
    }
}

/// A search by GET, and the same by POST, which must answer the same.
#[track_caller]
fn list(s: &Server, endpoint: &str, query: &str) -> Reply {
    let got = s.get(&format!("{endpoint}?{query}"));
    got.ok(200);
    let mut search = json!({ "schemas": [SEARCH] });
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap();
        search[name] = match name {
            "startIndex" | "count" => value.parse::<i64>().unwrap().into(),
            "attributes" | "excludedAttributes" => value.split(',').collect(),
            _ => value.into(),
        };
    }
    let posted = s.post(&format!("{endpoint}/.search"), search);
    assert_eq!(posted.body, got.body, "{query}: GET and POST differ");
    got
}

/// The userNames of a page in the order of the page.
fn order(reply: &Reply) -> Vec<String> {
    let resources = reply.body["Resources"].as_array().unwrap();
    resources
        .iter()
        .map(|resource| resource["userName"].as_str().unwrap_or("?").to_owned())
        .collect()
}

/// The names of a resource's attributes, sorted.
fn keys(resource: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = resource.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[track_caller]
fn totals(reply: &Reply, total: usize, start: usize, items: usize) {
    assert_eq!(reply.body["schemas"], json!([LIST]));
    assert_eq!(reply.body["totalResults"], total, "{}", reply.text);
    assert_eq!(reply.body["startIndex"], start, "{}", reply.text);
    assert_eq!(reply.body["itemsPerPage"], items, "{}", reply.text);
    assert_eq!(reply.body["Resources"].as_array().unwrap().len(), items);
}

#[test]
fn n26_no_match_is_an_empty_list() {
    both(|s| {
        s.user(json!({ "userName": "someone" }));
        let expected =
            json!({ "schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [] });
        let reply = s.filter("/Users", "userName eq \"none\"");
        assert_eq!((reply.status, &reply.body), (200, &expected));
        assert_eq!(
            reply.header("content-type"),
            Some("application/scim+json; charset=utf-8")
        );
        assert_eq!(s.get("/Groups").ok(200).body, expected);
        assert_eq!(s.filter("", "userName eq \"none\"").ok(200).body, expected);
        let search = json!({ "schemas": [SEARCH], "filter": "userName eq \"none\"" });
        assert_eq!(s.post("/Users/.search", search).ok(200).body, expected);
    });
}

#[test]
fn n27_a_start_below_one_is_one() {
    both(|s| {
        crowd(s, 3);
        for start in ["0", "-1", "-99999999999999999999", "1"] {
            let reply = s.get(&format!("/Users?startIndex={start}&count=2"));
            totals(reply.ok(200), 3, 1, 2);
            assert_eq!(order(&reply), ["u001", "u002"]);
        }
        totals(&list(s, "/Users", "startIndex=0"), 3, 1, 3);
        totals(&list(s, "/Users", "startIndex=-7"), 3, 1, 3);
        for wrong in ["abc", "", "1.5", "1e1"] {
            s.get(&format!("/Users?startIndex={wrong}"))
                .refused(400, "invalidValue");
        }
    });
}

#[test]
fn n28_a_count_below_zero_is_zero_and_zero_gives_totals_only() {
    both(|s| {
        crowd(s, 3);
        totals(&list(s, "/Users", "count=0"), 3, 1, 0);
        totals(&list(s, "/Users", "count=-1"), 3, 1, 0);
        totals(&list(s, "/Users", "count=-400&startIndex=2"), 3, 2, 0);
        totals(&list(s, "/Users", "count=0&sortBy=title"), 3, 1, 0);
        totals(
            &s.get(&format!("/Users?count=0&filter={}", encode("title eq \"odd\""))),
            2,
            1,
            0,
        );
        let body = s.get("/Users?count=0").body;
        let expected =
            json!({ "schemas": [LIST], "totalResults": 3, "startIndex": 1, "itemsPerPage": 0, "Resources": [] });
        assert_eq!(body, expected);
    });
}

#[test]
fn n29_without_parameters_there_is_a_page() {
    both(|s| {
        crowd(s, 103);
        let reply = s.get("/Users");
        totals(reply.ok(200), 103, 1, 100);
        assert_eq!(order(&reply)[..2], ["u001", "u002"]);
        totals(&list(s, "/Users", "startIndex=102"), 103, 102, 2);
        totals(&s.post("/Users/.search", json!({ "schemas": [SEARCH] })), 103, 1, 100);
        totals(&s.get("/Users?count=1000000"), 103, 1, 103);
    });
}

#[test]
fn n29_a_large_count_is_cut_to_the_advertised_page() {
    let limits = || Limits::default().with(|limits| (limits.default_page, limits.max_page) = (2, 3));
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| builder.limits(limits()));
        crowd(&s, 5);
        totals(&list(&s, "/Users", ""), 5, 1, 2);
        totals(&list(&s, "/Users", "count=4"), 5, 1, 3);
        assert_eq!(s.get("/ServiceProviderConfig").body["filter"]["maxResults"], 3);
    }
}

#[test]
fn n30_the_total_counts_all_matches() {
    both(|s| {
        crowd(s, 60);
        for gone in ["u010", "u020", "u030"] {
            let id = s.filter("/Users", &format!("userName eq \"{gone}\"")).body["Resources"][0]["id"].clone();
            s.delete(&format!("/Users/{}", id.as_str().unwrap())).ok(204);
        }
        totals(&list(s, "/Users", "count=10"), 57, 1, 10);
        totals(&list(s, "/Users", "count=10&startIndex=51"), 57, 51, 7);
        let odd = s.get(&format!("/Users?count=10&filter={}", encode("title eq \"odd\"")));
        totals(odd.ok(200), 30, 1, 10);
        assert_eq!(order(&odd)[..3], ["u001", "u003", "u005"]);
        let last = s.get(&format!(
            "/Users?count=10&startIndex=28&filter={}",
            encode("title eq \"odd\"")
        ));
        totals(last.ok(200), 30, 28, 3);
        assert_eq!(order(&last), ["u055", "u057", "u059"]);
    });
}

#[test]
fn n31_a_start_behind_the_end_is_an_empty_page() {
    both(|s| {
        crowd(s, 4);
        totals(&list(s, "/Users", "startIndex=9999"), 4, 9999, 0);
        totals(&list(s, "/Users", "startIndex=5&count=2"), 4, 5, 0);
        totals(&list(s, "/Users", "startIndex=4&count=2"), 4, 4, 1);
        assert_eq!(
            s.get("/Users?startIndex=9223372036854775808").ok(200).body["totalResults"],
            4
        );
    });
}

#[test]
fn n32_pages_name_their_place_and_join_without_gaps() {
    both(|s| {
        crowd(s, 7);
        let mut seen = Vec::new();
        for start in [1, 4, 7] {
            let reply = list(s, "/Users", &format!("startIndex={start}&count=3"));
            totals(&reply, 7, start, if start == 7 { 1 } else { 3 });
            seen.extend(order(&reply));
        }
        assert_eq!(seen, ["u001", "u002", "u003", "u004", "u005", "u006", "u007"]);
    });
}

#[test]
fn n33_sorting_takes_the_primary_value_else_the_first() {
    both(|s| {
        s.user(json!({ "userName": "none" }));
        s.user(json!({ "userName": "primary", "emails": [{ "value": "z@x" }, { "value": "b@x", "primary": true }] }));
        s.user(json!({ "userName": "first", "emails": [{ "value": "C@x" }, { "value": "a@x" }] }));
        s.user(json!({ "userName": "low", "emails": [{ "value": "A@x" }] }));
        for by in ["emails.value", "emails", "EMAILS.VALUE"] {
            assert_eq!(
                order(&list(s, "/Users", &format!("sortBy={by}"))),
                ["low", "primary", "first", "none"]
            );
            let descending = list(s, "/Users", &format!("sortBy={by}&sortOrder=descending"));
            assert_eq!(order(&descending), ["none", "first", "primary", "low"]);
        }
    });
}

#[test]
fn n33_sorting_follows_type_and_case() {
    both(|s| {
        for (name, external, title) in [
            ("bob", "B", Some("x")),
            ("Alice", "b", None),
            ("carol", "a", Some("Y")),
            ("Dave", "A", None),
        ] {
            s.user(json!({ "userName": name, "externalId": external, "title": title }));
            s.clock.forward(1_000);
        }
        let by = |query: &str| order(&list(s, "/Users", query));
        assert_eq!(by("sortBy=userName"), ["Alice", "bob", "carol", "Dave"]);
        assert_eq!(
            by("sortBy=USERNAME&sortOrder=ascending"),
            ["Alice", "bob", "carol", "Dave"]
        );
        assert_eq!(
            by("sortBy=userName&sortOrder=descending"),
            ["Dave", "carol", "bob", "Alice"]
        );
        assert_eq!(by("sortBy=externalId"), ["Dave", "bob", "carol", "Alice"]);
        assert_eq!(by("sortBy=title"), ["bob", "carol", "Alice", "Dave"]);
        assert_eq!(by("sortBy=title&sortOrder=descending")[2..], ["carol", "bob"]);
        assert_eq!(
            by("sortBy=meta.created&sortOrder=descending"),
            ["Dave", "carol", "Alice", "bob"]
        );
        assert_eq!(
            by(&format!("sortBy={USER}:userName&count=2&startIndex=2")),
            ["bob", "carol"]
        );
        assert_eq!(by("sortOrder=descending").len(), 4);
        s.get("/Users?sortBy=userName&sortOrder=sideways")
            .refused(400, "invalidValue");
        s.get("/Users?sortBy=zzz").refused(400, "invalidPath");
        s.get("/Users?sortBy=name").refused(400, "invalidPath");
        s.get("/Users?sortBy=userName%20or").refused(400, "invalidPath");
    });
}

/// A store that says it can do less, as a host's own might.
#[derive(Debug)]
struct Modest(TestStore, Capabilities);

#[async_trait]
impl ScimStore for Modest {
    fn capabilities(&self) -> Capabilities {
        self.1
    }

    async fn create(&self, scope: &Scope, draft: &Draft) -> Result<Found> {
        self.0.create(scope, draft).await
    }

    async fn delete(&self, scope: &Scope, removal: &Removal) -> Result<()> {
        self.0.delete(scope, removal).await
    }

    async fn get(&self, scope: &Scope, read: &Read) -> Result<Found> {
        self.0.get(scope, read).await
    }

    async fn query(&self, scope: &Scope, query: &Query) -> Result<QueryPage> {
        self.0.query(scope, query).await
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        self.0.update(scope, edit).await
    }

    async fn batch(&self, scope: &Scope, writes: &[Write]) -> Result<Vec<Written>> {
        self.0.batch(scope, writes).await
    }
}

/// A service on a store that cannot do everything.
fn modest(dialect: Dialect, change: impl FnOnce(&mut Capabilities)) -> Server {
    let tokens = BearerTokens::new();
    tokens
        .add("tokA", Principal::new("A", "token a"), Expiry::Never)
        .unwrap();
    let (clock, store) = (HandClock::new(), Arc::new(TestStore::new()));
    let modest = Modest(store.as_ref().clone(), Capabilities::all_but(change));
    let service = ScimService::builder(BASE, modest, tokens)
        .dialect(dialect)
        .clock(clock.clone())
        .build()
        .unwrap();
    Server { service, store, clock }
}

#[test]
fn n34_an_order_that_cannot_be_made_is_not_pretended() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = modest(dialect, |capabilities| capabilities.sort = false);
        crowd(&s, 2);
        assert_eq!(
            s.get("/ServiceProviderConfig").body["sort"],
            json!({ "supported": false })
        );
        s.get("/Users?sortBy=userName&sortOrder=descending")
            .refused(400, "invalidPath");
        s.post("/Users/.search", json!({ "schemas": [SEARCH], "sortBy": "userName" }))
            .refused(400, "invalidPath");
        totals(&s.get("/Users"), 2, 1, 2);
    }
    assert_eq!(
        Server::rfc().get("/ServiceProviderConfig").body["sort"],
        json!({ "supported": true })
    );
}

#[test]
fn n35_attributes_and_excluded_attributes_exclude_each_other() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "title": "t", "nickName": "n" }));
        let both = "attributes=title&excludedAttributes=nickName";
        for path in [
            format!("/Users?{both}"),
            format!("/Users/{id}?{both}"),
            format!("?{both}"),
        ] {
            s.get(&path).refused(400, "invalidValue");
        }
        let search = json!({ "schemas": [SEARCH], "attributes": ["title"], "excludedAttributes": ["nickName"] });
        s.post("/Users/.search", search).refused(400, "invalidValue");
        s.send(
            "PUT",
            &format!("/Users/{id}?{both}"),
            &[],
            Some(&with_schema(USER, json!({ "userName": "b" }))),
        )
        .refused(400, "invalidValue");
        s.post(&format!("/Users?{both}"), with_schema(USER, json!({ "userName": "c" })))
            .refused(400, "invalidValue");
        assert_eq!(order(&s.get("/Users")), ["a"], "a refused request leaves no trace");
    });
}

#[test]
fn n35_the_minimum_set_stays() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "title": "t", "nickName": "n" }));
        let user = s
            .get(&format!("/Users/{id}?excludedAttributes=id,schemas,title,meta"))
            .body;
        assert_eq!(keys(&user), ["id", "nickName", "schemas", "userName"]);
        let user = s.get(&format!("/Users/{id}?attributes=title")).body;
        assert_eq!(user, json!({ "schemas": [USER], "id": id, "title": "t" }));
        let user = s.get(&format!("/Users/{id}?attributes=zzz")).body;
        assert_eq!(user, json!({ "schemas": [USER], "id": id }));

        let group = s.group("g", &[&id]);
        let listed = s.get("/Groups?excludedAttributes=id,members").body["Resources"][0].clone();
        assert_eq!(listed["id"], json!(group));
        assert_eq!(keys(&listed), ["displayName", "id", "meta", "schemas"]);
        let listed = &list(s, "/Groups", "attributes=members").body["Resources"][0];
        assert_eq!(keys(listed), ["id", "members", "schemas"]);
    });
}

#[test]
fn n36_attributes_take_urns_and_sub_attributes_without_case() {
    both(|s| {
        let id = s.user(json!({
            "userName": "a", "title": "t", "name": { "givenName": "g", "familyName": "f" },
            "emails": [{ "value": "a@b", "type": "work" }],
            (ENTERPRISE): { "manager": { "value": "26" }, "department": "d" },
        }));
        let get = |attributes: &str| {
            s.get(&format!("/Users/{id}?attributes={attributes}"))
                .ok(200)
                .body
                .clone()
        };
        let manager = format!("{}:manager", ENTERPRISE.to_lowercase());
        assert_eq!(
            get(&format!("NAME.givenName,{manager}")),
            json!({
                "schemas": [USER, ENTERPRISE], "id": id, "name": { "givenName": "g" },
                (ENTERPRISE): { "manager": { "value": "26" } },
            })
        );
        let name = json!({ "schemas": [USER], "id": id, "name": { "familyName": "f" } });
        assert_eq!(get(&format!("{USER}:name.FAMILYNAME")), name);
        assert_eq!(get("%20name.familyName%20,")["name"], name["name"]);
        assert_eq!(get("emails.value")["emails"], json!([{ "value": "a@b" }]));
        assert_eq!(
            get(ENTERPRISE)[ENTERPRISE],
            json!({ "manager": { "value": "26" }, "department": "d" })
        );
        assert_eq!(get("USERNAME"), json!({ "schemas": [USER], "id": id, "userName": "a" }));
        let listed = &list(s, "/Users", "attributes=NAME.givenName").body["Resources"][0];
        assert_eq!(
            *listed,
            json!({ "schemas": [USER], "id": id, "name": { "givenName": "g" } })
        );
        let without = s
            .get(&format!("/Users/{id}?excludedAttributes=Name.GIVENNAME,{ENTERPRISE}"))
            .body;
        assert_eq!(without["name"], json!({ "familyName": "f" }));
        assert_eq!((without.get(ENTERPRISE), &without["schemas"]), (None, &json!([USER])));
        s.get(&format!("/Users/{id}?attributes=a%20b"))
            .refused(400, "invalidValue");
    });
}

const DEVICE: &str = "urn:example:params:scim:schemas:core:2.0:Device";

fn devices() -> Registry {
    let schema = Schema::builder(DEVICE, "Device")
        .attribute(Attribute::string("displayName"))
        .attribute(Attribute::string("photo").returned(Returned::Request))
        .attribute(Attribute::string("pin").returned(Returned::Never))
        .attribute(Attribute::string("serial").returned(Returned::Always))
        .build()
        .unwrap();
    let device = ResourceType::builder("Device", "/Devices", schema).build().unwrap();
    Registry::new([ResourceType::user(), device])
}

#[test]
fn n36_attributes_are_returned_as_their_schema_says() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| builder.resource_types(devices()));
        let device = json!({ "schemas": [DEVICE], "displayName": "d", "photo": "p", "pin": "1", "serial": "s" });
        let created = s.post("/Devices", device);
        assert_eq!(
            keys(&created.ok(201).body),
            ["displayName", "id", "meta", "schemas", "serial"]
        );
        let path = format!("/Devices/{}", created.id());
        assert_eq!(
            keys(&s.get(&path).body),
            ["displayName", "id", "meta", "schemas", "serial"]
        );
        let asked = s.get(&format!("{path}?attributes=photo,pin")).body;
        assert_eq!(keys(&asked), ["id", "photo", "schemas", "serial"]);
        let except = s.get(&format!("{path}?excludedAttributes=displayName,serial")).body;
        assert_eq!(keys(&except), ["id", "meta", "schemas", "serial"]);
        let listed = &list(&s, "/Devices", "attributes=pin,PHOTO").body["Resources"][0];
        assert_eq!(keys(listed), ["id", "photo", "schemas", "serial"]);
    }
}

#[test]
fn n37_attributes_shape_the_answers_to_writes() {
    both(|s| {
        let body = |name: &str| with_schema(USER, json!({ "userName": name, "title": "t", "nickName": "n" }));
        let created = s.post("/Users?attributes=userName", body("a"));
        let id = created.ok(201).id();
        assert_eq!(created.body, json!({ "schemas": [USER], "id": id, "userName": "a" }));
        assert_eq!(created.header("location"), Some(format!("{BASE}/Users/{id}").as_str()));
        let put = s.put(&format!("/Users/{id}?attributes=title"), body("b"));
        assert_eq!(put.ok(200).body, json!({ "schemas": [USER], "id": id, "title": "t" }));
        let operation = json!([{ "op": "replace", "path": "title", "value": "u" }]);
        let patched = s.patch(&format!("/Users/{id}?attributes=userName"), operation.clone());
        assert_eq!(
            patched.ok(200).body,
            json!({ "schemas": [USER], "id": id, "userName": "b" })
        );
        let patched = s.patch(&format!("/Users/{id}?excludedAttributes=meta,userName"), operation);
        assert_eq!(
            patched.ok(200).body,
            json!({ "schemas": [USER], "id": id, "title": "u", "nickName": "n" })
        );
    });
}

#[test]
fn n37_a_patch_with_attributes_always_has_a_body() {
    use scim_http::core::dialect::PatchAnswer;
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::new(dialect.with(|d| d.patch_answer = PatchAnswer::NoContent));
        let id = s.user(json!({ "userName": "a" }));
        let operation = json!([{ "op": "replace", "path": "title", "value": "u" }]);
        let plain = s.patch(&format!("/Users/{id}"), operation.clone());
        assert_eq!((plain.status, plain.text.as_str()), (204, ""));
        let asked = s.patch(&format!("/Users/{id}?attributes=userName"), operation);
        assert_eq!(
            asked.ok(200).body,
            json!({ "schemas": [USER], "id": id, "userName": "a" })
        );
    }
}

#[test]
fn n37_a_large_group_is_sent_after_a_patch_only_when_asked_for() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::new(dialect.with(|d| d.large_group = 2));
        let ids: Vec<String> = (0..3).map(|n| s.user(json!({ "userName": format!("u{n}") }))).collect();
        let group = s.group("g", &[&ids[0]]);
        let add = |id: &str| json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        let patched = s.patch(&format!("/Groups/{group}"), add(&ids[1]));
        assert_eq!(patched.ok(200).body["members"].as_array().unwrap().len(), 2);
        let patched = s.patch(&format!("/Groups/{group}"), add(&ids[2]));
        assert_eq!((patched.status, patched.text.as_str()), (204, ""));
        let asked = s.patch(&format!("/Groups/{group}?attributes=members"), add(&ids[2]));
        assert_eq!(asked.ok(200).body["members"].as_array().unwrap().len(), 3);
        let asked = s.patch(&format!("/Groups/{group}?attributes=displayName"), add(&ids[2]));
        assert_eq!(keys(&asked.ok(200).body), ["displayName", "id", "schemas"]);
    }
}

#[test]
fn n38_too_much_to_look_through_is_too_many() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| {
            builder.limits(Limits::default().with(|limits| limits.look_through = Some(5)))
        });
        crowd(&s, 6);
        for endpoint in ["", "/Users"] {
            s.filter(endpoint, "title co \"e\"").refused(400, "tooMany");
            let search = json!({ "schemas": [SEARCH], "filter": "title co \"e\"" });
            s.post(&format!("{endpoint}/.search"), search).refused(400, "tooMany");
        }
        s.get(&format!("?filter={}", encode("userName pr")))
            .refused(400, "tooMany");
        assert_eq!(
            s.find("/Users", "userName eq \"u003\""),
            ["u003"],
            "an index needs no look through"
        );
    }
}

#[test]
fn n39_pages_by_cursor() {
    both(|s| {
        crowd(s, 25);
        let first = s.get("/Users?cursor&count=10");
        assert_eq!(first.ok(200).body["schemas"], json!([LIST]));
        assert_eq!(first.body["totalResults"], 25);
        assert_eq!(first.body["itemsPerPage"], 10);
        assert_eq!(
            keys(&first.body),
            ["Resources", "itemsPerPage", "nextCursor", "schemas", "totalResults"]
        );
        let mut seen = order(&first);
        let mut next = first.body["nextCursor"].as_str().map(str::to_owned);
        let mut pages = 1;
        while let Some(cursor) = next {
            assert!(
                cursor
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)),
                "{cursor}"
            );
            let page = s.get(&format!("/Users?cursor={cursor}&count=10"));
            assert_eq!(page.ok(200).body["totalResults"], 25);
            assert_eq!(page.body.get("startIndex"), None);
            seen.extend(order(&page));
            next = page.body["nextCursor"].as_str().map(str::to_owned);
            pages += 1;
        }
        let expected: Vec<String> = (1..=25).map(|number| format!("u{number:03}")).collect();
        assert_eq!((pages, seen), (3, expected));
        assert_eq!(s.get("/Users?cursor=&count=25").ok(200).body.get("nextCursor"), None);
        assert_eq!(s.get("/Groups?cursor").ok(200).body.get("nextCursor"), None);
    });
}

#[test]
fn n39_cursors_work_in_a_search_request_and_in_an_order() {
    both(|s| {
        crowd(s, 5);
        let mut search = json!({
            "schemas": [SEARCH], "cursor": "", "count": 2, "sortBy": "userName", "sortOrder": "descending",
        });
        let mut seen = Vec::new();
        loop {
            let page = s.post("/Users/.search", search.clone());
            seen.extend(order(page.ok(200)));
            match page.body.get("nextCursor") {
                Some(cursor) => search["cursor"] = cursor.clone(),
                None => break,
            }
        }
        assert_eq!(seen, ["u005", "u004", "u003", "u002", "u001"]);
    });
}

#[test]
fn n39_errors_of_cursors_have_their_keywords() {
    both(|s| {
        crowd(s, 5);
        for garbage in ["garbage", "1", "AAAA", "%00", "a%20b", &"A".repeat(10_000)] {
            s.get(&format!("/Users?cursor={garbage}")).refused(400, "invalidCursor");
        }
        let next = s.get("/Users?cursor&count=2").body["nextCursor"]
            .as_str()
            .unwrap()
            .to_owned();
        s.get(&format!("/Users?cursor={next}&count=3"))
            .refused(400, "invalidCount");
        s.get("/Users?cursor&count=-1").refused(400, "invalidCount");
        s.get("/Users?cursor&count=100000").refused(400, "invalidCount");
        s.get("/Users?cursor&startIndex=2").refused(400, "invalidValue");
        s.get(&format!("/Users?cursor={next}&count=2")).ok(200);
        s.get(&format!("/Users?cursor={next}")).ok(200);
        s.clock.forward(3_600_000);
        s.get(&format!("/Users?cursor={next}&count=2")).ok(200);
        s.clock.forward(1_000);
        s.get(&format!("/Users?cursor={next}&count=2"))
            .refused(400, "expiredCursor");
    });
}

#[test]
fn n39_paging_is_advertised_as_it_is_done() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::new(dialect.clone());
        let expected = json!({
            "cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 100, "maxPageSize": 200, "cursorTimeout": 3600,
        });
        assert_eq!(s.get("/ServiceProviderConfig").body["pagination"], expected);

        let s = Server::with(dialect.clone(), |builder| builder.pagination(Pagination::Cursor));
        crowd(&s, 3);
        assert_eq!(
            s.get("/ServiceProviderConfig").body["pagination"]["defaultPaginationMethod"],
            "cursor"
        );
        assert!(s.get("/Users?count=2").ok(200).body["nextCursor"].is_string());
        totals(s.get("/Users?count=2&startIndex=1").ok(200), 3, 1, 2);

        let s = modest(dialect, |capabilities| capabilities.cursors = false);
        assert_eq!(s.get("/ServiceProviderConfig").body["pagination"]["cursor"], false);
        s.get("/Users?cursor").refused(400, "invalidValue");
    }
}

#[test]
fn n40_a_cursor_is_bound_to_its_query_and_caller() {
    both(|s| {
        crowd(s, 5);
        for number in 0..3 {
            s.group(&format!("g{number}"), &[]);
        }
        let filter = encode("externalId eq null");
        let next = |query: &str| s.get(query).body["nextCursor"].as_str().unwrap().to_owned();
        let cursor = next(&format!("/Users?cursor&count=2&filter={filter}"));
        s.get(&format!("/Users?cursor={cursor}&count=2&filter={filter}"))
            .ok(200);
        for other in [
            format!("/Groups?cursor={cursor}&count=2&filter={filter}"),
            format!("/Groups?cursor={cursor}&count=2"),
            format!("?cursor={cursor}&count=2&filter={filter}"),
            format!("/Users?cursor={cursor}&count=2"),
            format!("/Users?cursor={cursor}&count=2&filter={}", encode("id pr")),
            format!("/Users?cursor={cursor}&count=2&filter={filter}&sortBy=userName"),
            format!("/Users?cursor={cursor}&count=2&filter={filter}&sortOrder=descending"),
        ] {
            s.get(&other).refused(400, "invalidCursor");
        }
        let plain = next("/Users?cursor&count=2");
        s.get(&format!("/Groups?cursor={plain}")).refused(400, "invalidCursor");
        for token in ["Bearer tokB", "Bearer readA"] {
            let path = format!("/Users?cursor={plain}&count=2");
            s.send("GET", &path, &[("authorization", token)], None)
                .refused(400, "invalidCursor");
        }
        s.send(
            "GET",
            &format!("/Users?cursor={plain}"),
            &[("authorization", "Bearer no")],
            None,
        )
        .refused(401, "");
    });
}
