//! Attributes that are asked for: N35 to N37.

use super::*;

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
