//! Passwords: R09 and R10.

use super::*;

const SECRET: &str = "pa55word-canary";

#[test]
fn r09_a_password_is_kept_and_shown_nowhere() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "password": SECRET }));
        s.put(
            &format!("/Users/{id}"),
            with_schema(USER, json!({ "userName": "a", "password": SECRET })),
        )
        .ok(200);
        s.patch(
            &format!("/Users/{id}"),
            json!([{ "op": "replace", "path": "password", "value": SECRET }]),
        )
        .ok(200);
        let changes = s.store.changes(&"A".into(), 0, 100);
        assert!(!format!("{}{changes:?}", s.store.dump()).contains(SECRET));
    });
    let (kind, dialect, limits) = (ResourceType::user(), Dialect::default(), Limits::default());
    let body = with_schema(USER, json!({ "userName": "a", "password": SECRET }));
    let decoded = Decoded::decode(&kind, body, &dialect, &limits).unwrap();
    assert_eq!(decoded.password.as_ref().unwrap().expose(), SECRET);
    let draft = Draft::new(Arc::clone(&kind), decoded.clone(), Arc::new(dialect.clone())).unwrap();
    let edit = Edit::replace(kind, "1".into(), decoded.clone(), Arc::new(dialect));
    assert!(!format!("{decoded:?}{decoded:#?}{draft:?}{edit:?}").contains(SECRET));
}

#[test]
fn r10_a_password_is_in_no_answer_however_it_is_asked_for() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "password": SECRET }));
        let names = [
            "password",
            "PassWord",
            &format!("{USER}:password"),
            "password.value",
            USER,
            "",
        ];
        for endpoint in ["", "/Users", &format!("/Users/{id}")] {
            for name in names {
                for query in ["attributes", "excludedAttributes", "sortBy"].map(|p| format!("{p}={}", encode(name))) {
                    let reply = s.get(&format!("{endpoint}?{query}"));
                    assert!(
                        !reply.text.contains(SECRET) && !reply.text.contains("\"password\""),
                        "{}",
                        reply.text
                    );
                }
            }
            for test in ["pr", "eq \"pa55word-canary\"", "sw \"p\""] {
                if !endpoint.ends_with(&id) {
                    s.filter(endpoint, &format!("password {test}"))
                        .refused(400, "invalidFilter");
                }
            }
        }
        let data = |name: &str| with_schema(USER, json!({ "userName": name, "password": SECRET }));
        let bulk = s.post(
            "/Bulk?attributes=password",
            json!({ "schemas": [BULK], "Operations": [
            { "method": "POST", "path": "/Users", "bulkId": "1", "data": data("b") },
            { "method": "POST", "path": "/Users", "bulkId": "2", "data": data("a") },
            { "method": "PUT", "path": format!("/Users/{id}"), "data": data("c") },
        ] }),
        );
        assert_eq!(bulk.ok(200).body["Operations"][1]["status"], "409");
        assert!(!bulk.text.contains(SECRET));
        let twice = format!(
            "{{\"schemas\":[\"{USER}\"],\"userName\":\"z\",\"password\":\"{SECRET}\",\"password\":\"{SECRET}\"}}"
        );
        let reply = s.send_bytes("POST", "/Users", &[], twice.into_bytes());
        assert!(!reply.refused(400, "invalidSyntax").text.contains(SECRET));
        for wrong in [
            json!([SECRET]),
            json!({ "value": SECRET }),
            json!(format!("{SECRET}\0")),
        ] {
            let body = with_schema(USER, json!({ "userName": "z", "password": wrong }));
            assert!(
                !s.post("/Users", body)
                    .refused(400, "invalidValue")
                    .text
                    .contains(SECRET)
            );
        }
    });
}
