//! Groups that are switched off or out of sight (D32, D53).

use super::*;

#[test]
fn d32_groups_switched_off_are_absent() {
    let host = Host::at_template();
    let user = host.user("a").id();
    let group = with_schema(GROUP, json!({ "displayName": "g", "members": [{ "value": user }] }));
    let id = host.send("POST", "/Groups", group.clone()).id();
    host.change(|s| s.groups = false);
    let paths = [
        "/Groups".to_owned(),
        format!("/Groups/{id}"),
        "/Groups/.search".to_owned(),
    ];
    for path in &paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(host.send(method, path, group.clone()).status, 404, "{method} {path}");
        }
    }
    let types = host.get("/ResourceTypes");
    assert_eq!(
        (&types.body["totalResults"], types.text.contains("Group\"")),
        (&json!(1), false)
    );
    assert_eq!(host.get(&format!("/Schemas/{GROUP}")).status, 404);
    assert_eq!(
        host.get("/?filter=id%20pr").body["totalResults"],
        1,
        "no group in a search across types"
    );
    let bulk = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "DELETE", "path": format!("/Groups/{id}") }] });
    assert_eq!(host.send("POST", "/Bulk", bulk).body["Operations"][0]["status"], "404");
    assert_eq!(
        host.get(&format!("/Users/{user}")).body.get("groups"),
        None,
        "nor does a member speak of one"
    );
    assert_eq!(get(&host.service, "tokB", "/scim/B/v2/Groups"), 200);
    host.change(|s| s.groups = true);
    assert_eq!(
        host.get(&format!("/Groups/{id}")).status,
        200,
        "they were only out of sight"
    );
    // The same by the builder alone.
    let one = builder("https://example.test/scim").settings(|s| s.groups = false);
    assert_eq!(get(&one.build().unwrap(), "tokA", "/Groups"), 404);
}

#[test]
fn d53_groups_out_of_sight_are_kept_right() {
    let host = Host::at_template();
    let [gone, stays] = ["gone", "stays"].map(|name| host.user(name).id());
    let members = json!([{ "value": gone }, { "value": stays }]);
    let group = with_schema(GROUP, json!({ "displayName": "g", "members": members }));
    let id = host.send("POST", "/Groups", group).id();
    let before = host.get(&format!("/Groups/{id}")).body["meta"]["version"].clone();
    assert!(host.get(&format!("/Users/{stays}")).body["groups"].is_array());
    host.change(|s| s.groups = false);
    let renamed = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "title", "value": "t" }] });
    let path = format!("/Users/{stays}");
    for reply in [
        host.get(&path),
        host.send("PATCH", &path, renamed),
        host.send("PUT", &path, with_schema(USER, json!({ "userName": "stays" }))),
        host.get("/Users"),
    ] {
        assert_eq!(reply.status, 200);
        assert!(!reply.text.contains("\"groups\""), "{}", reply.text);
    }
    assert_eq!(host.send("DELETE", &format!("/Users/{gone}"), Value::Null).status, 204);
    host.change(|s| s.groups = true);
    let group = host.get(&format!("/Groups/{id}"));
    let members = group.body["members"].as_array().unwrap();
    assert_eq!(
        (members.len(), &members[0]["value"]),
        (1, &json!(stays)),
        "{}",
        group.text
    );
    assert_ne!(group.body["meta"]["version"], before);
}

#[test]
fn d53_groups_out_of_sight_cannot_be_probed() {
    let host = Host::at_template();
    let user = host.user("a").id();
    let group = with_schema(GROUP, json!({ "displayName": "g", "members": [{ "value": user }] }));
    let id = host.send("POST", "/Groups", group).id();
    let filters = [
        format!("groups.value eq \"{id}\""),
        format!("groups[value eq \"{id}\"]"),
        format!("groups.$ref eq \"/Groups/{id}\""),
        "groups.display eq \"nobody's\"".to_owned(),
        format!("{USER}:groups pr"),
        "userName eq \"a\" and not (GROUPS ne null)".to_owned(),
    ];
    let search = |path: &str, parameter: &str, text: &str| {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"];
        let body = json!({ "schemas": schemas, parameter: text });
        host.send("POST", path, body)
    };
    let all = |status: u16, keyword: [&str; 2]| {
        let cases = filters.iter().map(|filter| ("filter", filter.as_str(), keyword[0]));
        let sorts = ["groups", "groups.value", "groups.display"].map(|path| ("sortBy", path, keyword[1]));
        for (parameter, text, keyword) in cases.chain(sorts) {
            for path in ["/Users/.search", "/.search"] {
                let reply = search(path, parameter, text);
                assert_eq!(reply.status, status, "{path} {text} {}", reply.text);
                assert_eq!(reply.body["scimType"].as_str().unwrap_or_default(), keyword, "{text}");
            }
        }
    };
    all(200, ["", ""]);
    host.change(|s| s.groups = false);
    all(400, ["invalidFilter", "invalidPath"]);
    let others = search("/.search", "filter", "userName eq \"a\"");
    assert_eq!(others.body["totalResults"], 1, "{}", others.text);
}
