//! Discovery and `/Me`: N81 to N84.

use super::*;

#[test]
fn n81_the_configuration_is_complete() {
    both(|server| {
        let reply = server.get("/ServiceProviderConfig");
        let config = &reply.ok(200).body;
        assert_eq!(
            config["schemas"],
            json!(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"])
        );
        assert_eq!(config["patch"], json!({ "supported": true }));
        assert_eq!(
            config["bulk"],
            json!({ "supported": true, "maxOperations": 1000, "maxPayloadSize": 1_048_576 })
        );
        assert_eq!(config["filter"], json!({ "supported": true, "maxResults": 200 }));
        assert_eq!(config["changePassword"], json!({ "supported": false }));
        assert_eq!(config["sort"], json!({ "supported": true }));
        assert_eq!(config["etag"], json!({ "supported": true }));
        let schemes = config["authenticationSchemes"].as_array().unwrap();
        assert_eq!((schemes.len(), &schemes[0]["type"]), (1, &json!("oauthbearertoken")));
        assert!(schemes[0]["name"].is_string() && schemes[0]["description"].is_string());
        assert_eq!(
            config["pagination"],
            json!({ "cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100,
                "maxPageSize": 200, "cursorTimeout": 3600 })
        );
        assert_eq!(
            config["meta"]["location"],
            json!(format!("{BASE}/ServiceProviderConfig"))
        );
        assert_eq!(config["meta"]["resourceType"], "ServiceProviderConfig");
    });
}

#[test]
fn n81_what_is_not_supported_is_there_as_well() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let inner = Arc::new(TestStore::new());
        let capabilities = Capabilities::all_but(|all| {
            (all.cursors, all.filter, all.sort) = (false, false, false);
        });
        let store = Lesser {
            capabilities,
            ..Lesser::new(&inner)
        };
        let server = Server::over(inner, store, dialect, |builder| {
            builder.limits(scim_http::core::Limits::default().with(|limits| limits.bulk_operations = 0))
        });
        let config = server.get("/ServiceProviderConfig").body;
        assert_eq!(
            config["bulk"],
            json!({ "supported": false, "maxOperations": 0, "maxPayloadSize": 0 })
        );
        assert_eq!(config["filter"], json!({ "supported": false, "maxResults": 200 }));
        assert_eq!(config["sort"], json!({ "supported": false }));
        assert_eq!(config["pagination"]["cursor"], false);
        for name in ["patch", "changePassword", "etag"] {
            assert!(config[name]["supported"].is_boolean());
        }
    }
}

#[test]
fn n82_schemas_and_resource_types_are_lists() {
    both(|server| {
        for (path, names) in [
            ("/Schemas", json!([USER, ENTERPRISE, GROUP])),
            ("/ResourceTypes", json!(["User", "Group"])),
        ] {
            let list = server.get(path);
            assert_eq!(list.ok(200).body["schemas"], json!([LIST]));
            let resources = list.body["Resources"].as_array().unwrap();
            let ids: Vec<&Value> = resources.iter().map(|resource| &resource["id"]).collect();
            assert_eq!(json!(ids), names);
            assert_eq!(list.body["totalResults"], json!(ids.len()));
            for resource in resources {
                let one = server.get(&format!("{path}/{}", resource["id"].as_str().unwrap()));
                assert_eq!(&one.ok(200).body, resource);
                let location = resource["meta"]["location"].as_str().unwrap();
                assert_eq!(location, format!("{BASE}{path}/{}", resource["id"].as_str().unwrap()));
            }
            for query in [
                "startIndex=2",
                "count=0",
                "count=1&startIndex=3",
                "sortBy=id&sortOrder=descending",
                "cursor",
            ] {
                assert_eq!(
                    server.get(&format!("{path}?{query}")).ok(200).body,
                    list.body,
                    "{query}"
                );
            }
            server.get(&format!("{path}?filter=id%20pr")).refused_plainly(403);
            server.get(&format!("{path}?filter=")).refused_plainly(403);
            server
                .get(&format!(
                    "{path}/{}?filter=id%20pr",
                    resources[0]["id"].as_str().unwrap()
                ))
                .refused_plainly(403);
            server.get(&format!("{path}/nothing")).refused_plainly(404);
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                server.send(method, path, &[], None).refused_plainly(405);
            }
        }
        server.get("/ServiceProviderConfig?filter=a%20pr").refused_plainly(403);
    });
}

#[test]
fn n83_only_what_is_served_is_advertised() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let inner = Arc::new(TestStore::new());
        let full = Server::on(Arc::clone(&inner), dialect.clone(), |builder| builder);
        full.user(json!({ "userName": "b" }));
        full.user(json!({ "userName": "a" }));
        assert_eq!(
            full.get("/Users?sortBy=userName").ok(200).body["Resources"][0]["userName"],
            "a"
        );
        assert!(full.get("/Users?cursor&count=1").ok(200).body["nextCursor"].is_string());
        full.bulk(json!([{ "method": "DELETE", "path": "/Users/x" }])).ok(200);

        let capabilities = Capabilities::all_but(|all| {
            (all.cursors, all.filter, all.sort) = (false, false, false);
        });
        let store = Lesser {
            capabilities,
            ..Lesser::new(&inner)
        };
        let lesser = Server::over(inner, store, dialect, |builder| {
            builder.limits(scim_http::core::Limits::default().with(|limits| limits.bulk_operations = 0))
        });
        lesser.get("/Users?sortBy=userName").refused(400, "invalidPath");
        lesser.get("/Users?filter=userName%20pr").refused(400, "invalidFilter");
        lesser.get("/Users?cursor").refused(400, "invalidValue");
        lesser
            .bulk(json!([{ "method": "DELETE", "path": "/Users/x" }]))
            .refused_plainly(501);
        lesser.get("/Users").ok(200);
    }
}

/// Takes passwords and forgets them.
#[derive(Debug)]
struct Forgetful;

#[async_trait]
impl PasswordSink for Forgetful {
    async fn set(&self, _: &Scope, _: &ResourceId, _: &Password) -> Result<()> {
        Ok(())
    }
}

#[test]
fn n83_passwords_are_advertised_only_with_a_sink() {
    both_with(
        |builder| builder.password_sink(Forgetful),
        |server| {
            assert_eq!(
                server.get("/ServiceProviderConfig").body["changePassword"],
                json!({ "supported": true })
            );
            assert!(server.get(&format!("/Schemas/{USER}")).text.contains("\"password\""));
        },
    );
    both(|server| {
        assert_eq!(
            server.get("/ServiceProviderConfig").body["changePassword"],
            json!({ "supported": false })
        );
        assert!(!server.get("/Schemas").text.contains("\"password\""));
    });
}

#[test]
fn n84_me_is_501_or_the_real_resource() {
    both(|server| {
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
            let reply = server.send(method, "/Me", &[], (method == "PUT").then(|| user("x")).as_ref());
            assert_eq!(reply.status, 501, "{method}");
        }
        server.get("/Me").refused_plainly(501);
    });
    for dialect in [Dialect::rfc(), Dialect::default()] {
        let plain = Server::new(dialect.clone());
        let id = plain.user(json!({ "userName": "jane" }));
        let tokens = BearerTokens::new();
        let me = Principal::new("A", "jane").with_me(ResourceId::new(id.as_str()));
        tokens.add("tokA", me, Expiry::Never).unwrap();
        let builder = ScimService::builder(BASE, Arc::clone(&plain.store), tokens)
            .dialect(dialect)
            .clock(plain.clock.clone());
        let server = Server {
            service: builder.build().unwrap(),
            ..plain
        };
        let location = format!("{BASE}/Users/{id}");
        let reply = server.get("/Me");
        assert_eq!(reply.ok(200).header("location"), Some(location.as_str()));
        assert_eq!(reply.body, server.get(&format!("/Users/{id}")).body);
        assert_eq!(reply.body["meta"]["location"], json!(location));
        let reply = server.patch("/Me", json!([{ "op": "add", "path": "title", "value": "T" }]));
        assert_eq!(
            (reply.ok(200).header("location"), &reply.body["title"]),
            (Some(location.as_str()), &json!("T"))
        );
        server.put("/Me", user("joan")).ok(200);
        assert_eq!(server.get(&format!("/Users/{id}")).body["userName"], "joan");
        server.delete("/Me").ok(204);
        server.get("/Me").refused_plainly(404);
    }
}
