//! Members: D16.

use super::*;

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
