//! What searches may say and where: R06 and R08.

use super::*;

#[test]
fn r06_a_sensitive_filter_in_a_url_is_refused_and_offered_by_post() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let schema = SchemaBuilder::from_schema(&Schema::user())
            .sensitive("nickName")
            .build()
            .unwrap();
        let user = ResourceType::builder("User", "/Users", schema).build().unwrap();
        let s = Server::with(dialect, |builder| builder.resource_types(Registry::new([user])));
        s.user(json!({ "userName": "a", "nickName": "canary" }));
        for filter in [
            "nickName eq \"canary\"",
            "NICKNAME pr",
            "userName pr or not (nickName sw \"canary\")",
        ] {
            let refused = s.filter("/Users", filter);
            refused.refused(403, "sensitive");
            assert!(refused.body["detail"].as_str().unwrap().contains("/.search") && !refused.text.contains("canary"));
            s.send("HEAD", &format!("/Users?filter={}", encode(filter)), &[], None)
                .ok(403);
            let search = json!({ "schemas": [SEARCH], "filter": filter });
            assert_eq!(s.post("/Users/.search", search).ok(200).names(), ["a"]);
        }
        assert_eq!(s.find("/Users", "userName eq \"a\""), ["a"]);
    }
}

#[test]
fn r08_names_in_parameters_are_looked_up_and_never_run() {
    both(|s| {
        let id = s.user(json!({ "userName": "a", "title": "t" }));
        let before = s.store.dump();
        for hostile in [
            "userName;DROP TABLE users",
            "1",
            "userName--",
            "(select 1)",
            "userName desc",
            "__proto__",
            "a'b",
            "../../x",
            "$where",
            "*",
        ] {
            let name = encode(hostile);
            s.get(&format!("/Users?sortBy={name}")).refused(400, "invalidPath");
            s.filter("/Users", &format!("{hostile} eq \"a\""))
                .refused(400, "invalidFilter");
            s.patch(
                &format!("/Users/{id}"),
                json!([{ "op": "replace", "path": hostile, "value": "x" }]),
            )
            .refused(400, "");
            for parameter in ["attributes", "excludedAttributes"] {
                let reply = s.get(&format!("/Users/{id}?{parameter}={name}"));
                assert!(reply.status == 400 || reply.body["id"] == json!(id), "{}", reply.text);
            }
            s.get(&format!("/Users/{name}")).refused(404, "");
        }
        assert_eq!(s.store.dump(), before);
    });
}
