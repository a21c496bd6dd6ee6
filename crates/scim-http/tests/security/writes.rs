//! Writes: R11 to R15.

use super::*;

#[test]
fn r11_one_user_name_is_one_user() {
    both(|s| {
        for (name, variants) in [
            ("bjensen", ["BJENSEN", "ｂｊｅｎｓｅｎ", "BjEnSeN"]),
            ("josé", ["jose\u{301}", "JOSÉ", "JOSE\u{301}"]),
            ("kevin", ["\u{212a}evin", "KEVIN", "ｋｅｖｉｎ"]),
            ("ÅSE", ["\u{212b}se", "A\u{30a}SE", "åse"]),
        ] {
            let id = s.user(json!({ "userName": name }));
            for variant in variants {
                s.post("/Users", with_schema(USER, json!({ "userName": variant })))
                    .refused(409, "uniqueness");
                assert_eq!(s.find("/Users", &format!("userName eq {}", json!(variant))), [name]);
            }
            assert_eq!(
                s.get(&format!("/Users/{id}")).body["userName"],
                name,
                "kept as it was sent"
            );
        }
        // Look-alikes of another script are other names.
        s.user(json!({ "userName": "bj\u{435}nsen" }));
        for hostile in ["a\u{200b}b", "\u{feff}a", "a\u{202e}b", "a\u{1}", " a", ""] {
            s.post("/Users", with_schema(USER, json!({ "userName": hostile })))
                .refused(400, "invalidValue");
        }
    });
}

#[test]
fn r12_every_read_only_attribute_is_ignored_in_a_body_and_refused_in_a_patch() {
    both(|s| {
        for kind in Registry::default().types() {
            let name = if kind.name() == "User" {
                "userName"
            } else {
                "displayName"
            };
            let body = |value: &str| with_schema(&kind.schema().id, json!({ (name): value }));
            let mut paths = Vec::new();
            for attribute in kind.attributes() {
                let whole = attribute.mutability == Mutability::ReadOnly;
                if whole {
                    paths.push((attribute.name.clone(), attribute.name.clone(), None));
                }
                for sub in attribute
                    .sub_attributes
                    .iter()
                    .filter(|sub| whole || sub.mutability == Mutability::ReadOnly)
                {
                    if !attribute.multi_valued {
                        paths.push((
                            format!("{}.{}", attribute.name, sub.name),
                            attribute.name.clone(),
                            Some(sub.name.clone()),
                        ));
                    }
                }
            }
            assert!(
                paths.iter().any(|(path, ..)| path == "id") && paths.iter().any(|(path, ..)| path == "meta.version")
            );
            for (number, (path, attribute, sub)) in paths.iter().enumerate() {
                let mut sent = body(&format!("n{number}"));
                sent[attribute] = match sub {
                    Some(sub) => json!({ (sub): "2001-01-01T00:00:00Z" }),
                    None => json!("hacked"),
                };
                let created = s.post(kind.endpoint(), sent.clone());
                assert!(
                    !created.ok(201).text.contains("hacked") && !created.text.contains("2001-01-01"),
                    "{path}"
                );
                let resource = format!("{}/{}", kind.endpoint(), created.id());
                let put = s.put(&resource, sent);
                assert_eq!(put.ok(200).body, created.body, "{path}");
                let before = s.store.dump();
                for op in ["add", "replace"] {
                    let value = json!("2001-01-01T00:00:00Z");
                    s.patch(&resource, json!([{ "op": op, "path": path, "value": value }]))
                        .refused(400, "mutability");
                }
                s.patch(&resource, json!([{ "op": "remove", "path": path }]))
                    .refused(400, "mutability");
                assert_eq!(s.store.dump(), before);
            }
        }
        let manager = json!({ "value": "26", "displayName": "Chief" });
        let created = s.post(
            "/Users",
            with_schema(USER, json!({ "userName": "m", (ENTERPRISE): { "manager": manager } })),
        );
        assert_eq!(created.ok(201).body[ENTERPRISE]["manager"], json!({ "value": "26" }));
        let operation = json!([{ "op": "add", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "Chief" }]);
        s.patch(&format!("/Users/{}", created.id()), operation)
            .refused(400, "mutability");
    });
}

#[test]
fn r12_required_attributes_cannot_be_left_out_or_removed() {
    both(|s| {
        let (user, group) = (s.user(json!({ "userName": "a" })), s.group("g", &[]));
        let before = s.store.dump();
        s.post("/Users", with_schema(USER, json!({ "title": "t" })))
            .refused(400, "invalidValue");
        s.post("/Groups", with_schema(GROUP, json!({})))
            .refused(400, "invalidValue");
        for (path, name) in [
            (format!("/Users/{user}"), "userName"),
            (format!("/Groups/{group}"), "displayName"),
        ] {
            s.patch(&path, json!([{ "op": "remove", "path": name }]))
                .refused(400, "mutability");
            for nothing in [Value::Null, json!("")] {
                s.patch(&path, json!([{ "op": "replace", "path": name, "value": nothing }]))
                    .refused(400, "");
                s.patch(&path, json!([{ "op": "replace", "value": { (name): nothing } }]))
                    .refused(400, "");
            }
        }
        assert_eq!(s.store.dump(), before);
    });
}

#[test]
fn r13_a_patch_is_done_wholly_or_not_at_all() {
    both(|s| {
        let member = s.user(json!({ "userName": "m" }));
        let user = format!(
            "/Users/{}",
            s.user(json!({ "userName": "a", "emails": [{ "value": "a@b" }] }))
        );
        let group = format!("/Groups/{}", s.group("g", &[]));
        s.user(json!({ "userName": "taken" }));
        let before = s.store.dump();
        let good = [
            json!({ "op": "replace", "path": "displayName", "value": "changed" }),
            json!({ "op": "add", "value": { "externalId": "e" } }),
        ];
        let bad = [
            json!({ "op": "replace", "path": "id", "value": "x" }),
            json!({ "op": "replace", "path": "zzz", "value": "x" }),
            json!({ "op": "remove" }),
            json!({ "op": "frob", "path": "title" }),
            json!({ "op": "replace", "path": "emails[type eq \"none\" or type eq \"no\"].value", "value": "x" }),
            json!({ "op": "replace", "path": "externalId", "value": 5 }),
        ];
        for path in [&user, &group] {
            for bad in bad
                .iter()
                .filter(|bad| path == &user || !bad.to_string().contains("emails"))
            {
                for place in 0..=good.len() {
                    let mut operations = good.to_vec();
                    if path == &group {
                        operations.push(json!({ "op": "add", "path": "members", "value": [{ "value": member }] }));
                    }
                    operations.insert(place, bad.clone());
                    s.patch(path, json!(operations)).refused(400, "");
                    assert_eq!(s.store.dump(), before, "{bad}");
                }
            }
        }
        let conflict = json!([good[0], { "op": "replace", "path": "userName", "value": "TAKEN" }, good[1]]);
        s.patch(&user, conflict).refused(409, "uniqueness");
        assert_eq!(s.store.dump(), before);
        s.patch(&user, json!(good)).ok(200);
    });
}

#[test]
fn r14_a_conflict_is_409_by_every_way_of_writing() {
    both(|s| {
        s.user(json!({ "userName": "taken" }));
        let other = s.user(json!({ "userName": "other" }));
        let before = s.store.dump();
        let body = with_schema(USER, json!({ "userName": "Taken" }));
        s.post("/Users", body.clone()).refused(409, "uniqueness");
        s.put(&format!("/Users/{other}"), body.clone())
            .refused(409, "uniqueness");
        for operation in [
            json!({ "op": "replace", "path": "userName", "value": "TAKEN" }),
            json!({ "op": "add", "value": { "userName": "taken" } }),
        ] {
            s.patch(&format!("/Users/{other}"), json!([operation]))
                .refused(409, "uniqueness");
        }
        let bulk = s.post(
            "/Bulk",
            json!({ "schemas": [BULK], "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "1", "data": body },
            { "method": "PUT", "path": format!("/Users/{other}"), "data": body },
        ] }),
        );
        for result in bulk.ok(200).body["Operations"].as_array().unwrap() {
            assert_eq!(
                (&result["status"], &result["response"]["scimType"]),
                (&json!("409"), &json!("uniqueness"))
            );
        }
        assert_eq!(s.store.dump(), before);
        // Another tenant has names of its own.
        s.send("POST", "/Users", &[("authorization", "Bearer tokB")], Some(&body))
            .ok(201);
    });
}

#[test]
fn r15_what_is_deleted_answers_like_what_never_was() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "externalId": "e" }));
        let group = s.group("g", &[&id]);
        s.delete(&format!("/Users/{id}")).ok(204);
        s.delete(&format!("/Groups/{group}")).ok(204);
        let operation = json!([{ "op": "replace", "path": "displayName", "value": "x" }]);
        for (endpoint, gone, body) in [
            ("/Users", &id, with_schema(USER, json!({ "userName": "a" }))),
            ("/Groups", &group, with_schema(GROUP, json!({ "displayName": "g" }))),
        ] {
            let answers = |id: &str| -> Vec<Reply> {
                let path = format!("{endpoint}/{id}");
                vec![
                    s.get(&path),
                    s.send("GET", &path, &[("if-none-match", "*")], None),
                    s.put(&path, body.clone()),
                    s.send("PUT", &path, &[("if-match", "W/\"1\"")], Some(&body)),
                    s.patch(&path, operation.clone()),
                    s.delete(&path),
                ]
            };
            for (deleted, never) in answers(gone).iter().zip(answers("never")) {
                deleted.refused(404, "");
                assert_eq!((&deleted.text, &deleted.headers), (&never.text, &never.headers));
            }
            assert_eq!(s.get(endpoint).body["totalResults"], 0);
            s.post(endpoint, body).ok(201);
        }
        assert_eq!(s.find("", "externalId eq \"e\""), [""; 0]);
        // Nor does it come back into a group.
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        let new = s.group("h", &[]);
        s.patch(&format!("/Groups/{new}"), add);
        assert_eq!(s.get(&format!("/Groups/{new}")).body.get("members"), None);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn r08_values_are_data(value in "[^\0]{1,24}", other in "[%_'\"\\\\;()* a]{1,8}") {
        for dialect in [Dialect::rfc(), Dialect::default()] {
            let s = Server::new(dialect);
            s.user(json!({ "userName": "one", "externalId": value }));
            s.user(json!({ "userName": "two", "externalId": other }));
            for (name, text, unlike) in [("one", &value, &other), ("two", &other, &value)] {
                let found = s.find("/Users", &format!("externalId eq {}", json!(text)));
                prop_assert_eq!(found.contains(&name.to_owned()), true);
                prop_assert_eq!(found.len(), if text == unlike { 2 } else { 1 });
                let containing = s.find("/Users", &format!("externalId co {}", json!(text)));
                prop_assert_eq!(containing.len(), if unlike.contains(text.as_str()) { 2 } else { 1 });
                prop_assert_eq!(&s.filter("/Users", &format!("userName eq \"{name}\"")).body["Resources"][0]["externalId"], &json!(text));
            }
        }
    }

    #[test]
    fn r11_a_prepared_user_name_is_stable(name in "\\PC{1,16}") {
        if let Ok(key) = UserNameKey::enforce(&name) {
            let text = key.to_string();
            prop_assert_eq!(UserNameKey::enforce(&text).map(|again| again.to_string()), Ok(text.clone()));
            prop_assert_eq!(UserNameKey::map(&name).into_owned(), text.clone());
            prop_assert_eq!(UserNameKey::map(&text).into_owned(), text);
        }
    }
}
