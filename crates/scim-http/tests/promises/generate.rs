//! Requests to try promises with, chosen at random or one of each type.

use serde_json::{Value, json};

use crate::{
    random::Random,
    support::{BULK, GROUP, USER, encode},
};

/// An operation on a user, good or bad.
pub(crate) fn user_operation(random: &mut Random, users: &[String]) -> Value {
    let op = *random.pick(&["add", "replace", "remove"]);
    let path = *random.pick(&[
        "title",
        "nickName",
        "name.givenName",
        "emails",
        r#"emails[type eq "work"].value"#,
        r#"emails[type eq "other"].value"#,
        r#"emails[type co "zzz"].value"#,
        "active",
        "userName",
        "id",
        "userName",
        "externalId",
        "zzz",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "groups",
        "roles",
    ]);
    let value = match path {
        "emails" | "roles" => json!([{ "value": random.pick(&["a@x", "b@x"]), "primary": random.one_in(2) }]),
        "active" => random.pick(&[json!(true), json!(false), json!(7)]).clone(),
        "id" => json!(random.pick(users)),
        "userName" => json!(random.pick(&["user0", "USER1", "fresh", ""])),
        _ => json!(random.pick(&["one", "two", "three"])),
    };
    json!({ "op": op, "path": path, "value": if op == "remove" { Value::Null } else { value } })
}

/// An operation on a group, good or bad.
pub(crate) fn group_operation(random: &mut Random, users: &[String], groups: &[String]) -> Value {
    let member = random.pick(users);
    match random.below(9) {
        0 | 1 => json!({ "op": "add", "path": "members", "value": [{ "value": member }] }),
        2 => json!({ "op": "replace", "path": "members", "value": [{ "value": member }] }),
        3 => json!({ "op": "remove", "path": format!(r#"members[value eq "{member}"]"#) }),
        4 => json!({ "op": "remove", "path": r#"members[type eq "User"]"# }),
        5 => json!({ "op": "add", "path": "members", "value": [{ "value": member, "type": "Group" }] }),
        6 => json!({ "op": "add", "path": "members", "value": [{ "value": "ghost" }] }),
        7 => json!({ "op": "replace", "path": "displayName", "value": random.pick(&["group0", "GROUP1", "fresh"]) }),
        _ => json!({ "op": "replace", "path": "id", "value": random.pick(groups) }),
    }
}

/// A request: its name, method, path and body.
pub(crate) type Named = (&'static str, &'static str, String, Option<Value>);

/// A request of each type.
pub(crate) fn requests(users: &[String], groups: &[String]) -> Vec<Named> {
    let patch = |operations: Value| {
        Some(json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations }))
    };
    let (user, group) = (format!("/Users/{}", users[0]), format!("/Groups/{}", groups[0]));
    let new = |name: &str| json!({ "schemas": [USER], "userName": name });
    let circle = |id: &str, other: &str| {
        json!({ "method": "POST", "path": "/Groups", "bulkId": id, "data": {
            "schemas": [GROUP], "displayName": id, "members": [{ "value": format!("bulkId:{other}") }] } })
    };
    let group_body = json!({ "schemas": [GROUP], "displayName": "renamed", "members": [{ "value": users[2] }] });
    let members = json!([
        { "op": "replace", "path": "members", "value": [{ "value": users[2] }] },
        { "op": "replace", "path": "displayName", "value": "renamed" },
    ]);
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"] });
    vec![
        ("create", "POST", "/Users".to_owned(), Some(new("new"))),
        ("create a group", "POST", "/Groups".to_owned(), Some(group_body.clone())),
        ("replace", "PUT", user.clone(), Some(new("renamed"))),
        ("replace a group", "PUT", group.clone(), Some(group_body)),
        (
            "patch",
            "PATCH",
            user.clone(),
            patch(json!([{ "op": "add", "path": "title", "value": "T" }])),
        ),
        ("patch a group", "PATCH", group.clone(), patch(members)),
        ("delete", "DELETE", user.clone(), None),
        ("delete a group", "DELETE", group, None),
        ("read", "GET", user, None),
        ("list", "GET", "/Users?sortBy=userName".to_owned(), None),
        ("search", "POST", "/.search".to_owned(), Some(search)),
        (
            "circle",
            "POST",
            "/Bulk".to_owned(),
            Some(json!({ "schemas": [BULK], "Operations": [circle("a", "b"), circle("b", "a")] })),
        ),
    ]
}

/// One request of the script.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) tenant: &'static str,
    pub(crate) number: usize,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

/// A request of a tenant, about anything that any tenant may have made.
pub(crate) fn step(random: &mut Random, tenant: &'static str, number: usize) -> Step {
    // Identifiers are `<tenant><step>-<n>`; those of other tenants are tried as well.
    let mut id = || {
        let of = *random.pick(&["A", "A", "B", "B", "C"]);
        format!("{of}{}-{}", random.below(number.max(1)), 1 + random.below(2))
    };
    let (one, two) = (id(), id());
    let name = *random.pick(&["ann", "ANN", "bob", "cid"]);
    let filter = random
        .pick(&[
            r#"userName eq "ann""#.to_owned(),
            r#"not (userName eq "ann")"#.to_owned(),
            r#"userName eq "bob" or title pr"#.to_owned(),
            r#"id pr or externalId pr"#.to_owned(),
            format!(r#"groups.value eq "{one}""#),
            format!(r#"id eq "{one}""#),
        ])
        .clone();
    let patch = |operations: Value| {
        Some(json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations }))
    };
    let user = json!({ "schemas": [USER], "userName": name, "externalId": "x", "title": name });
    let group = json!({ "schemas": [GROUP], "displayName": name, "members": [{ "value": one }, { "value": two }] });
    let (method, path, body) = match random.below(18) {
        0..=4 => ("POST", "/Users".to_owned(), Some(user)),
        5 | 6 => ("POST", "/Groups".to_owned(), Some(group)),
        7 => ("GET", format!("/Users/{one}"), None),
        8 => ("GET", format!("/Groups/{one}"), None),
        9 => ("GET", format!("/Users?filter={}", encode(&filter)), None),
        10 => ("GET", "/Users?count=1&cursor".to_owned(), None),
        11 => ("GET", "/?sortBy=userName&count=2".to_owned(), None),
        12 => ("PUT", format!("/Users/{one}"), Some(user)),
        13 => (
            "PATCH",
            format!("/Users/{one}"),
            patch(json!([{ "op": "replace", "path": "userName", "value": name }])),
        ),
        14 => (
            "PATCH",
            format!("/Groups/{one}"),
            patch(json!([{ "op": "add", "path": "members", "value": [{ "value": two }] }])),
        ),
        15 => ("DELETE", format!("/Users/{one}"), None),
        16 => ("DELETE", format!("/Groups/{one}"), None),
        _ => (
            "POST",
            "/Bulk".to_owned(),
            Some(json!({ "schemas": [BULK], "Operations": [
                { "method": "POST", "path": "/Users", "bulkId": "u", "data": user },
                { "method": "DELETE", "path": format!("/Users/{one}") }] })),
        ),
    };
    Step {
        tenant,
        number,
        method,
        path,
        body,
    }
}
