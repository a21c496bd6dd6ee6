//! Passwords: N51.

use super::*;

/// Keeps the passwords it is given, and refuses short ones.
#[derive(Debug, Clone, Default)]
struct Passwords(Arc<Mutex<Vec<(String, String)>>>);

impl Passwords {
    fn taken(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[async_trait]
impl PasswordSink for Passwords {
    async fn check(&self, _: &Scope, password: &Password) -> Result<()> {
        match password.expose().len() {
            0..8 => Err(StoreError::Input(InputError::value("the password is too short"))),
            _ => Ok(()),
        }
    }

    async fn set(&self, _: &Scope, id: &ResourceId, password: &Password) -> Result<()> {
        self.0
            .lock()
            .unwrap()
            .push((id.to_string(), password.expose().to_owned()));
        Ok(())
    }
}

const SECRET: &str = "t1meMa$heen-canary";

#[test]
fn n51_a_password_is_never_returned() {
    both(|s| {
        let created = s.post(
            "/Users?attributes=password,userName",
            user(json!({ "userName": "a", "password": SECRET })),
        );
        let id = created.ok(201).id();
        let path = format!("/Users/{id}");
        let body = user(json!({ "userName": "a", "password": format!("{SECRET}2") }));
        for reply in [
            created,
            s.get(&path),
            s.get(&format!("{path}?attributes=password")),
            s.get(&format!("{path}?attributes={USER}:PASSWORD")),
            s.get("/Users?attributes=password"),
            s.get("?attributes=password"),
            s.put(&format!("{path}?attributes=password"), body),
            s.patch(
                &format!("{path}?attributes=password"),
                json!([{ "op": "replace", "path": "password", "value": SECRET }]),
            ),
            s.patch(&path, json!([{ "op": "add", "value": { "password": SECRET } }])),
        ] {
            assert!(reply.status < 300, "{}", reply.text);
            assert!(
                !reply.text.contains("password") && !reply.text.contains(SECRET),
                "{}",
                reply.text
            );
        }
        // The stores of this library keep none either.
        assert!(!s.store.dump().to_string().contains(SECRET));
        assert!(!format!("{:?}", s.service).contains(SECRET));
        let wrong = s.post("/Users", user(json!({ "userName": "b", "password": [SECRET] })));
        wrong.refused(400, "invalidValue");
        assert!(!wrong.text.contains(SECRET));
    });
}

#[test]
fn n51_a_host_takes_passwords_or_does_not_offer_them() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let s = Server::new(dialect.clone());
        assert!(!s.get(&format!("/Schemas/{USER}")).ok(200).text.contains("\"password\""));
        assert_eq!(
            s.get("/ServiceProviderConfig").body["changePassword"],
            json!({ "supported": false })
        );

        let sink = Passwords::default();
        let s = Server::with(dialect, |builder| builder.password_sink(sink.clone()));
        assert!(s.get(&format!("/Schemas/{USER}")).ok(200).text.contains("\"password\""));
        assert_eq!(
            s.get("/ServiceProviderConfig").body["changePassword"],
            json!({ "supported": true })
        );
        let id = s.user(json!({ "userName": "a", "password": SECRET }));
        let path = format!("/Users/{id}");
        assert_eq!(sink.taken(), [(id.clone(), SECRET.to_owned())]);
        s.put(&path, user(json!({ "userName": "b" }))).ok(200);
        assert_eq!(sink.taken(), []);
        s.put(&path, user(json!({ "userName": "b", "password": "another-one" })))
            .ok(200);
        assert_eq!(sink.taken(), [(id.clone(), "another-one".to_owned())]);
        s.patch(
            &path,
            json!([{ "op": "replace", "path": "password", "value": "a-third-one" }]),
        )
        .ok(200);
        assert_eq!(sink.taken(), [(id.clone(), "a-third-one".to_owned())]);
    }
}

#[test]
fn n51_a_host_may_refuse_a_password_and_then_nothing_happened() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let sink = Passwords::default();
        let s = Server::with(dialect, |builder| builder.password_sink(sink.clone()));
        let path = format!("/Users/{}", s.user(json!({ "userName": "a" })));
        let body = || user(json!({ "userName": "b", "password": "short" }));
        let operation = json!([{ "op": "add", "value": { "userName": "c", "password": "short" } }]);
        for reply in [
            unchanged(&s, || s.post("/Users", body())),
            unchanged(&s, || s.put(&path, body())),
            unchanged(&s, || s.patch(&path, operation.clone())),
        ] {
            reply.refused(400, "invalidValue");
            assert!(!reply.text.contains("\"short"), "{}", reply.text);
        }
        let bulk = |method: &str, path: &str, data: Value| {
            let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
            let operation = json!({ "method": method, "path": path, "bulkId": "b", "data": data });
            s.post("/Bulk", json!({ "schemas": schemas, "Operations": [operation] }))
        };
        for (method, path) in [("POST", "/Users"), ("PUT", path.as_str())] {
            let reply = unchanged(&s, || bulk(method, path, body()));
            assert_eq!(reply.ok(200).body["Operations"][0]["status"], "400", "{}", reply.text);
        }
        assert_eq!(sink.taken(), []);
    }
}
