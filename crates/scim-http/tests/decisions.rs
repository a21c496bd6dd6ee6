//! What this implementation decided where the RFCs are silent or clients differ: D1 to D20.
//!
//! | Decision | Proved by |
//! | --- | --- |
//! | D1 readOnly | `normative_writes` n41, `normative_patch` n66, d01 |
//! | D2 unknown attributes | `normative_writes` n48, `normative_patch` n71, d02 |
//! | D3 names in a filter | `normative_filters` n11, n17, d03 |
//! | D4 `add` without a match | `normative_patch` n63, d04 |
//! | D5 `replace` without a match | `normative_patch` n61, d05 |
//! | D6 no path | `normative_patch` n59, d06 |
//! | D7 `replace` of a complex attribute | `normative_patch` n60 |
//! | D8 `remove` by value | `normative_patch` n55 |
//! | D9 `remove` of nothing | `normative_patch` n57 |
//! | D10 primary | `normative_patch` n64, d10 |
//! | D11 Booleans as text | `normative_writes` n47 |
//! | D12 no value | `normative_filters` n12, n13, d12 |
//! | D13 folding | d13 |
//! | D14 uniqueness | `normative_writes` n43, n50, d14 |
//! | D15 never returned | `normative_filters` n24, d15 |
//! | D16 unknown members | d16 |
//! | D17 answer to PATCH | `normative_lists` n37, `normative_patch` n70 |
//! | D18 pages and order | `normative_lists` n26, n28, n29, n39, d18 |
//! | D19 `Authorization` | d19 |
//! | D20 locations | d20 |

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::sync::Arc;

use scim_http::{
    BearerTokens, Expiry, ScimService,
    core::{
        Dialect, Note, Notes, ResourceId,
        schema::{Registry, ResourceType, Schema},
    },
    store::{IdSource, Principal},
};
use serde_json::{Value, json};
use support::{
    BASE, ENTERPRISE, GROUP, HandClock, Reply, Server, TestStore, USER, block_on, both, encode, with_schema,
};

#[test]
fn d01_a_read_only_value_may_be_repeated_in_a_patch() {
    both(|s| {
        let group = s.group("g", &[]);
        let path = format!("/Groups/{group}");
        let rename = json!([{ "op": "replace", "value": { "id": group, "displayName": "h" } }]);
        assert_eq!(s.patch(&path, rename).ok(200).body["displayName"], "h");
        let hacked = json!([{ "op": "replace", "value": { "id": "hacked", "displayName": "i" } }]);
        s.patch(&path, hacked).refused(400, "mutability");
        assert_eq!(s.get(&path).body["displayName"], "h");
    });
}

#[test]
fn d02_an_unknown_path_is_never_a_silent_success() {
    both(|s| {
        let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
        for op in ["add", "replace", "remove"] {
            for name in ["zzz", "name.zzz", "urn:example:none:zzz", "members"] {
                let operation = json!([{ "op": op, "path": name, "value": "v" }]);
                s.patch(&path, operation).refused(400, "invalidPath");
            }
        }
        // RFC 7644 Table 9 has a keyword of its own for the filter within a path.
        let operation = json!([{ "op": "replace", "path": "emails[zzz eq 1].value", "value": "v" }]);
        s.patch(&path, operation).refused(400, "invalidFilter");
        assert_eq!(s.get(&path).body["meta"]["version"], "W/\"1\"");
    });
}

/// Two employees; only one has a manager.
fn employees(s: &Server) {
    s.user(json!({
        "userName": "a", "name": { "givenName": "g" },
        (ENTERPRISE): { "employeeNumber": "7", "manager": { "value": "26" } },
    }));
    s.user(json!({ "userName": "b", (ENTERPRISE): { "employeeNumber": "8" } }));
}

#[test]
fn d03_a_name_of_one_extension_needs_no_urn_by_default() {
    let s = Server::new(Dialect::default());
    employees(&s);
    for filter in [
        "employeeNumber eq \"7\"",
        "manager eq \"26\"",
        "MANAGER.value eq \"26\"",
        "manager pr",
        "manager[value pr]",
    ] {
        assert_eq!(s.find("/Users", filter), ["a"], "{filter}");
    }
}

#[test]
fn d03_a_name_of_an_extension_needs_its_urn_when_strict() {
    let s = Server::rfc();
    employees(&s);
    for filter in [
        "employeeNumber eq \"7\"",
        "manager eq \"26\"",
        "manager.value eq \"26\"",
        "manager pr",
    ] {
        s.filter("/Users", filter).refused(400, "invalidFilter");
    }
    assert_eq!(
        s.find("/Users", &format!("{ENTERPRISE}:employeeNumber eq \"7\"")),
        ["a"]
    );
}

#[test]
fn d03_a_complex_attribute_without_a_value_cannot_be_compared() {
    both(|s| {
        employees(s);
        for filter in [
            "name eq \"g\"",
            "meta eq \"User\"",
            "name co \"g\"",
            "addresses eq \"a\"",
            "name gt \"a\"",
        ] {
            s.filter("/Users", filter).refused(400, "invalidFilter");
        }
        assert_eq!(s.find("/Users", "name pr"), ["a"]);
    });
}

#[test]
fn d04_several_operations_on_one_missing_value_make_one() {
    for dialect in [Dialect::default(), Dialect::entra()] {
        let s = Server::new(dialect);
        let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
        let patched = s.patch(
            &path,
            json!([
                { "op": "Add", "path": "addresses[type eq \"work\"].locality", "value": "Oslo" },
                { "op": "Add", "path": "addresses[type eq \"work\"].country", "value": "NO" },
            ]),
        );
        let expected = json!([{ "type": "work", "locality": "Oslo", "country": "NO" }]);
        assert_eq!(patched.ok(200).body["addresses"], expected);
        let unclear = json!([{ "op": "add", "path": "emails[type ne \"work\"].value", "value": "a@b" }]);
        s.patch(&path, unclear).refused(400, "noTarget");
    }
}

#[test]
fn d05_replace_makes_the_missing_value_in_the_dialects_that_need_it() {
    for (dialect, creates) in [
        (Dialect::default(), true),
        (Dialect::entra(), true),
        (Dialect::okta(), false),
        (Dialect::rfc(), false),
    ] {
        let s = Server::new(dialect);
        let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
        let operation = json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "a@b" }]);
        let patched = s.patch(&path, operation);
        if creates {
            assert_eq!(
                patched.ok(200).body["emails"],
                json!([{ "type": "work", "value": "a@b" }])
            );
        } else {
            patched.refused(400, "noTarget");
        }
    }
}

#[test]
fn d06_without_path_add_appends_and_replace_replaces() {
    both(|s| {
        let path = format!(
            "/Users/{}",
            s.user(json!({ "userName": "a", "emails": [{ "value": "a@b" }] }))
        );
        let operation = |op: &str, value: &str| json!([{ "op": op, "value": { "EMAILS": [{ "value": value }] } }]);
        let added = s.patch(&path, operation("add", "c@d"));
        assert_eq!(
            added.ok(200).body["emails"],
            json!([{ "value": "a@b" }, { "value": "c@d" }])
        );
        let replaced = s.patch(&path, operation("replace", "e@f"));
        assert_eq!(replaced.ok(200).body["emails"], json!([{ "value": "e@f" }]));
    });
}

#[test]
fn d06_keys_may_be_paths_by_default() {
    let operation = json!([{ "op": "replace", "value": {
        "name.givenName": "g", (format!("{ENTERPRISE}:department")): "d", (format!("{USER}:title")): "t",
    } }]);
    let s = Server::new(Dialect::default());
    let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
    let patched = s.patch(&path, operation.clone());
    assert_eq!(patched.ok(200).body["name"], json!({ "givenName": "g" }));
    assert_eq!(patched.body[ENTERPRISE], json!({ "department": "d" }));
    assert_eq!(patched.body["title"], "t");
    assert_eq!(patched.body["schemas"], json!([USER, ENTERPRISE]));

    let s = Server::rfc();
    let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
    s.patch(&path, operation);
    assert_eq!(
        s.get(&path).body.get("name"),
        None,
        "a dotted key is no attribute by the RFC"
    );
}

#[test]
fn d10_one_value_is_primary_in_a_body() {
    both(|s| {
        let emails = json!([{ "value": "a@b", "primary": true }, { "value": "c@d", "primary": true }]);
        let created = s.post(
            "/Users",
            with_schema(USER, json!({ "userName": "a", "emails": emails })),
        );
        let primaries = |reply: &Reply| reply.text.matches("\"primary\":true").count();
        assert_eq!(primaries(created.ok(201)), 1);
        let put = s.put(
            &format!("/Users/{}", created.id()),
            with_schema(USER, json!({ "userName": "a", "emails": emails })),
        );
        assert_eq!(primaries(put.ok(200)), 1);
    });
}

#[test]
fn d12_what_has_no_value_is_not_sent() {
    both(|s| {
        let body = json!({ "userName": "a", "title": null, "emails": [], "name": {}, "phoneNumbers": null });
        let created = s.post("/Users", with_schema(USER, body));
        let names: Vec<&String> = created.ok(201).body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["id", "meta", "schemas", "userName"]);
    });
}

#[test]
fn d13_one_folding_for_comparison_uniqueness_and_order() {
    both(|s| {
        s.user(json!({ "userName": "Straße", "displayName": "Straße", "nickName": "jose\u{301}" }));
        s.user(json!({ "userName": "Ελλάς", "displayName": "ΕΛΛΆΣ" }));
        assert_eq!(s.find("/Users", "displayName eq \"STRASSE\""), ["Straße"]);
        assert_eq!(s.find("/Users", "displayName sw \"strass\""), ["Straße"]);
        assert_eq!(s.find("/Users", "userName eq \"STRASSE\""), ["Straße"]);
        assert_eq!(s.find("/Users", "nickName eq \"JOSÉ\""), ["Straße"]);
        assert_eq!(s.find("/Users", "displayName eq \"ελλάς\""), ["Ελλάς"]);
        for name in ["strasse", "STRASSE", "STRAẞE"] {
            s.post("/Users", with_schema(USER, json!({ "userName": name })))
                .refused(409, "uniqueness");
        }
        assert_eq!(
            s.find("/Users", "userName eq \"ｓｔｒａｓｓｅ\""),
            ["Straße"],
            "width is of no account in a user name"
        );
        assert_eq!(
            s.find("/Users", "displayName eq \"ｓｔｒａｓｓｅ\""),
            [""; 0],
            "but it is elsewhere"
        );
    });
}

#[test]
fn d13_a_user_name_that_is_none_is_refused_and_an_operand_is_not() {
    both(|s| {
        let id = s.user(json!({ "userName": "José María" }));
        for name in ["a\u{200b}b", " a", "a ", "a\tb", "\u{202e}a", "a\u{0}", "   "] {
            s.post("/Users", with_schema(USER, json!({ "userName": name })))
                .refused(400, "invalidValue");
            s.put(&format!("/Users/{id}"), with_schema(USER, json!({ "userName": name })))
                .refused(400, "invalidValue");
            let operand = json!(name);
            assert_eq!(s.find("/Users", &format!("userName eq {operand}")), [""; 0]);
        }
        assert_eq!(s.find("/Users", "userName eq \"JOSÉ maría\""), ["José María"]);
        assert_eq!(s.find("/Users", "userName sw \"José \""), ["José María"]);
        assert_eq!(
            s.get(&format!("/Users/{id}")).body["userName"],
            "José María",
            "kept as sent"
        );
    });
}

#[test]
fn d14_a_tenant_says_what_else_is_unique() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::new(dialect.with(|d| d.unique = vec!["emails.value".to_owned()]));
        let user =
            |name: &str, mail: &str| with_schema(USER, json!({ "userName": name, "emails": [{ "value": mail }] }));
        let id = s.post("/Users", user("a", "a@example.com")).ok(201).id();
        let refused = s.post("/Users", user("b", "A@Example.com"));
        refused.refused(409, "uniqueness");
        assert!(!refused.text.contains(&id));
        let other = s.post("/Users", user("b", "b@example.com")).ok(201).id();
        let operation = json!([{ "op": "add", "path": "emails", "value": [{ "value": "a@example.com" }] }]);
        s.patch(&format!("/Users/{other}"), operation.clone())
            .refused(409, "uniqueness");
        s.delete(&format!("/Users/{id}")).ok(204);
        s.patch(&format!("/Users/{other}"), operation).ok(200);
    }
    // Where the tenant does not say so, addresses may be shared.
    both(|s| {
        for name in ["a", "b"] {
            s.user(json!({ "userName": name, "emails": [{ "value": "a@example.com" }] }));
        }
    });
}

#[test]
fn d15_what_the_host_calls_sensitive_is_asked_for_by_post() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let schema = scim_http::core::schema::SchemaBuilder::from_schema(&Schema::user())
            .sensitive("phoneNumbers")
            .build();
        let user = ResourceType::builder("User", "/Users", schema.unwrap())
            .build()
            .unwrap();
        let types = Registry::new([user, ResourceType::group()]);
        let s = Server::with(dialect, |builder| builder.resource_types(types));
        s.user(json!({ "userName": "a", "phoneNumbers": [{ "value": "555" }] }));
        for filter in [
            "phoneNumbers.value eq \"555\"",
            "phoneNumbers[value eq \"555\"]",
            "userName pr and phoneNumbers pr",
        ] {
            for endpoint in ["/Users", ""] {
                s.filter(endpoint, filter).refused(403, "sensitive");
                let search =
                    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter });
                assert_eq!(s.post(&format!("{endpoint}/.search"), search).ok(200).names(), ["a"]);
            }
        }
    }
}

#[test]
fn d16_members_that_do_not_exist_are_left_out_and_noted_by_default() {
    let s = Server::new(Dialect::default());
    let id = s.user(json!({ "userName": "a" }));
    let members = json!([{ "value": "ghost" }, { "value": id }]);
    let created = s.post(
        "/Groups",
        with_schema(GROUP, json!({ "displayName": "g", "members": members })),
    );
    assert_eq!(created.ok(201).body["members"].as_array().unwrap().len(), 1);
    let path = format!("/Groups/{}", created.id());
    let ghosts = json!([{ "op": "add", "path": "members", "value": [{ "value": "ghost" }, { "value": "spook" }] }]);
    assert_eq!(
        s.patch(&path, ghosts).ok(200).body["members"].as_array().unwrap().len(),
        1
    );

    let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
    let body = json!({ "schemas": schemas, "Operations": [{ "op": "add", "path": "members", "value": [{ "value": "ghost" }] }] });
    let request = http::Request::patch(format!("/scim/v2{path}")).header("authorization", "Bearer tokA");
    let response = block_on(s.service.handle(request.body(body.to_string()).unwrap()));
    assert_eq!(
        response.extensions().get::<Notes>().unwrap().as_slice(),
        [Note::UnknownMembers(1)]
    );
    // A member that comes into being later does not join by itself.
    assert_eq!(s.get(&path).body["members"][0]["value"], json!(id));
}

#[test]
fn d16_members_that_do_not_exist_are_refused_when_strict() {
    let s = Server::rfc();
    let id = s.user(json!({ "userName": "a" }));
    let path = format!("/Groups/{}", s.group("g", &[&id]));
    let before = s.store.dump();
    let body = |name: &str| {
        with_schema(
            GROUP,
            json!({ "displayName": name, "members": [{ "value": id }, { "value": "ghost" }] }),
        )
    };
    s.post("/Groups", body("h")).refused(400, "invalidValue");
    s.put(&path, body("g")).refused(400, "invalidValue");
    let ghost = json!([{ "op": "add", "path": "members", "value": [{ "value": "ghost" }] }]);
    s.patch(&path, ghost).refused(400, "invalidValue");
    assert_eq!(s.store.dump(), before);
}

#[test]
fn d16_a_member_is_never_of_another_tenant() {
    both(|s| {
        let as_b = [("authorization", "Bearer tokB")];
        let body = with_schema(USER, json!({ "userName": "theirs" }));
        let theirs = s.send("POST", "/Users", &as_b, Some(&body)).id();
        let ours = s.group("g", &[]);
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": theirs }] }]);
        s.patch(&format!("/Groups/{ours}"), add);
        assert_eq!(s.get(&format!("/Groups/{ours}")).body.get("members"), None);
        let read = s.send("GET", &format!("/Users/{theirs}"), &as_b, None);
        assert_eq!(read.ok(200).body.get("groups"), None);
        s.get(&format!("/Users/{theirs}")).refused(404, "");
    });
}

/// Identifiers that count down, so that their order is not that of creation.
#[derive(Debug)]
struct Down(std::sync::atomic::AtomicU32);

impl IdSource for Down {
    fn next(&self) -> ResourceId {
        ResourceId::new(format!(
            "{:04}",
            self.0.fetch_sub(1, std::sync::atomic::Ordering::SeqCst)
        ))
    }
}

#[test]
fn d18_without_sort_by_the_order_is_that_of_creation() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::with(dialect, |builder| builder.ids(Down(1000.into())));
        for name in ["c", "a", "b"] {
            s.user(json!({ "userName": name }));
            s.clock.forward(1);
        }
        let order = |query: &str| -> Vec<String> {
            let list = s.get(&format!("/Users{query}")).body;
            list["Resources"]
                .as_array()
                .unwrap()
                .iter()
                .map(|r| r["userName"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(order(""), ["c", "a", "b"]);
        assert_eq!(order(&format!("?filter={}", encode("userName pr"))), ["c", "a", "b"]);
        assert_eq!(order("?cursor"), ["c", "a", "b"]);
        let id = s.filter("/Users", "userName eq \"c\"").body["Resources"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        s.put(
            &format!("/Users/{id}"),
            with_schema(USER, json!({ "userName": "c", "title": "t" })),
        )
        .ok(200);
        assert_eq!(order(""), ["c", "a", "b"], "a change does not move it");
        // Also of one moment, and the same however it is asked for.
        s.user(json!({ "userName": "x" }));
        s.user(json!({ "userName": "y" }));
        for query in [
            "",
            "?cursor",
            &format!("?filter={}", encode("userName pr")),
            "?sortBy=nickName",
        ] {
            assert_eq!(order(query), ["c", "a", "b", "x", "y"], "{query}");
        }
    }
}

/// A service with these tokens, and the answer to a GET with this `Authorization`.
fn status_with(tokens: BearerTokens, values: &[&str]) -> u16 {
    let service = ScimService::builder(BASE, TestStore::new(), tokens)
        .clock(HandClock::new())
        .build()
        .unwrap();
    let mut request = http::Request::get("/scim/v2/Users");
    for value in values {
        request = request.header("authorization", *value);
    }
    block_on(service.handle(request.body(Vec::new()).unwrap()))
        .status()
        .as_u16()
}

#[test]
fn d19_bearer_always_and_the_rest_by_setting() {
    let tokens = || {
        let tokens = BearerTokens::new();
        tokens.add("tok", Principal::new("A", "token"), Expiry::Never).unwrap();
        tokens
    };
    for value in ["Bearer tok", "bearer tok", "BEARER tok", "Bearer  tok "] {
        assert_eq!(status_with(tokens(), &[value]), 200, "{value}");
    }
    for value in [
        "tok",
        "Basic dTpw",
        "Token tok",
        "Bearertok",
        "Bearer",
        "Bearer ",
        "",
        "Bearer tok x",
        "Bearer TOK",
    ] {
        assert_eq!(status_with(tokens(), &[value]), 401, "{value}");
    }
    assert_eq!(
        status_with(tokens(), &["Bearer tok", "Bearer tok"]),
        401,
        "two are ambiguous"
    );
    assert_eq!(status_with(tokens(), &[]), 401);

    assert_eq!(status_with(tokens().allow_raw(true), &["tok"]), 200);
    assert_eq!(status_with(tokens().allow_raw(true), &["Bearer tok"]), 200);
    assert_eq!(status_with(tokens().allow_raw(true), &["other"]), 401);
    assert_eq!(status_with(tokens().allow_raw(true), &[""]), 401);

    let basic = || tokens().with_basic("u", "p", Principal::new("A", "basic")).unwrap();
    for value in ["Basic dTpw", "basic dTpw", "BASIC dTpw", "Bearer tok"] {
        assert_eq!(status_with(basic(), &[value]), 200, "{value}");
    }
    for value in [
        "Basic dTpx",
        "Basic !",
        "Basic",
        "Basic dTo=",
        "Bearer u:p",
        "Bearer dTpw",
        "Basic dG9r",
    ] {
        assert_eq!(status_with(basic(), &[value]), 401, "{value}");
    }
    assert_eq!(
        status_with(basic().allow_raw(true), &["u:p"]),
        401,
        "a password is no token"
    );
}

#[test]
fn d20_locations_come_from_configuration_only() {
    for base in [
        "https://id.example.test/scim/api/V1",
        "https://id.example.test:8443/t/1/scim/",
        "https://id.example.test",
    ] {
        let tokens = BearerTokens::new();
        tokens
            .add("tokA", Principal::new("A", "token a"), Expiry::Never)
            .unwrap();
        let (clock, store) = (HandClock::new(), Arc::new(TestStore::new()));
        let service = ScimService::builder(base, Arc::clone(&store), tokens)
            .clock(clock.clone())
            .build()
            .unwrap();
        let s = Server { service, store, clock };
        let forged = [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-prefix", "/evil"),
            ("forwarded", "host=evil.example;proto=http"),
        ];
        let base = base.trim_end_matches('/');
        let below = base.strip_prefix("https://").unwrap();
        let path = below
            .split_once('/')
            .map_or(String::new(), |(_, path)| format!("/{path}"));
        let uri = |rest: &str| format!("https://evil.example{path}{rest}");
        let body = with_schema(USER, json!({ "userName": "a" }));
        let created = s.send("POST", &uri("/Users"), &forged, Some(&body));
        let location = format!("{base}/Users/{}", created.ok(201).id());
        assert_eq!(created.header("location"), Some(location.as_str()));
        assert_eq!(created.body["meta"]["location"], json!(location));
        let member = json!({ "displayName": "g", "members": [{ "value": created.id() }] });
        let group = s.send("POST", &uri("/Groups"), &forged, Some(&with_schema(GROUP, member)));
        assert_eq!(group.ok(201).body["members"][0]["$ref"], json!(location));
        let mut answers: Vec<Value> = Vec::new();
        for rest in [
            "/Users",
            "/Groups",
            "/Schemas",
            "/ResourceTypes",
            "/ServiceProviderConfig",
            "/nowhere",
        ] {
            let reply = s.send("GET", &uri(rest), &forged, None);
            assert!(
                !reply.text.contains("evil") && !format!("{:?}", reply.headers).contains("evil"),
                "{}",
                reply.text
            );
            answers.push(reply.body);
        }
        assert_eq!(
            answers[0]["Resources"][0]["groups"][0]["$ref"],
            json!(format!("{base}/Groups/{}", group.id()))
        );
    }
}

/// `members.$ref` names the types that may be members (RFC 7643 section 8.7.1): another is as good as none.
#[test]
fn d16_what_the_schema_does_not_take_as_a_member_does_not_exist_for_it() {
    let schema = Schema::builder("urn:example:2.0:Device", "Device").build().unwrap();
    let device = ResourceType::builder("Device", "/Devices", schema).build().unwrap();
    let kinds = Registry::new([ResourceType::user(), ResourceType::group(), device]);
    let server = Server::with(Dialect::rfc(), |builder| builder.resource_types(kinds));
    let device = server.post("/Devices", json!({ "schemas": ["urn:example:2.0:Device"] }));
    let members = json!([{ "value": device.ok(201).id() }]);
    let body = with_schema(GROUP, json!({ "displayName": "g", "members": members }));
    server.post("/Groups", body).refused(400, "invalidValue");
}
