//! Passwords: D30.

use super::*;

/// Keeps what it is told, for the test to see.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<(String, String)>>>);

#[async_trait]
impl PasswordSink for Sink {
    async fn set(&self, scope: &Scope, id: &ResourceId, password: &Password) -> Result<()> {
        assert_eq!(scope.tenant().as_str(), "A");
        if password.expose() == "refused" {
            return Err(StoreError::Unavailable {
                retry_after: 1,
                source: None,
            });
        }
        self.0
            .lock()
            .unwrap()
            .push((id.to_string(), password.expose().to_owned()));
        Ok(())
    }
}

/// Sends a password in every way there is; gives back the id and what was answered.
fn send_passwords(server: &Server) -> (String, Vec<Reply>) {
    let created = server.post(
        "/Users",
        json!({ "schemas": [USER], "userName": "jane", "password": "secret-1" }),
    );
    let path = format!("/Users/{}", created.id());
    let replies = vec![
        server.put(
            &path,
            json!({ "schemas": [USER], "userName": "jane", "password": "secret-2" }),
        ),
        server.patch(
            &path,
            json!([{ "op": "replace", "path": "password", "value": "secret-3" }]),
        ),
        server.patch(
            &path,
            json!([{ "op": "add", "value": { "password": "secret-4", "title": "T" } }]),
        ),
        server.bulk(json!([{ "method": "POST", "path": "/Users", "bulkId": "b", "data":
            { "schemas": [USER], "userName": "bulk", "password": "secret-5" } }])),
        server.put(&path, user("jane")),
        server.get(&format!("{path}?attributes=password")),
        server.get(&path),
        server.get("/Users"),
        server.get("/Users?attributes=userName,password"),
    ];
    (created.id(), std::iter::once(created).chain(replies).collect())
}

#[test]
fn d30_passwords_go_to_the_sink_and_nowhere_else() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let sink = Sink::default();
        let server = Server::with(dialect, |builder| builder.password_sink(sink.clone()));
        let (id, replies) = send_passwords(&server);
        assert!(
            replies
                .iter()
                .all(|reply| reply.status < 300 && !reply.text.contains("secret-"))
        );
        assert!(!server.store.dump().to_string().contains("secret-"));
        let seen = sink.0.lock().unwrap().clone();
        let passwords: Vec<&str> = seen.iter().map(|(_, password)| password.as_str()).collect();
        assert_eq!(passwords, ["secret-1", "secret-2", "secret-3", "secret-4", "secret-5"]);
        assert!(seen.iter().take(4).all(|(of, _)| *of == id));
        let failed = json!([{ "op": "replace", "path": "password", "value": "refused" }]);
        let reply = server.patch(&format!("/Users/{id}"), failed);
        assert_eq!(reply.refused_plainly(503).header("retry-after"), Some("1"));
        assert!(server.get(&format!("/Schemas/{USER}")).text.contains("\"password\""));
    }
}

#[test]
fn d30_without_a_sink_passwords_are_dropped() {
    both(|server| {
        let (_, replies) = send_passwords(server);
        assert!(
            replies
                .iter()
                .all(|reply| reply.status < 300 && !reply.text.contains("secret-"))
        );
        assert!(!server.store.dump().to_string().contains("secret-"));
        assert!(!server.get("/Schemas").text.contains("\"password\""));
        for filter in ["password pr", r#"password eq "secret-1""#, r#"not (password sw "s")"#] {
            assert!(server.filter("/Users", filter).refused(400, "invalidFilter").text.len() < 400);
        }
    });
}
