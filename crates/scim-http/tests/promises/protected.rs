//! C14: no request removes, deactivates, renames or demotes a protected administrator, whatever comes with it.

use std::sync::Arc;

use async_trait::async_trait;
use scim_http::{
    core::{Dialect, ResourceId, resource::Resource},
    store::{Attempt, Denial, Guard, Scope, TxView},
};
use serde_json::{Value, json};

use crate::{
    random::Random,
    support::{GROUP, Server, TestStore, USER, store::rounds},
};

/// Protects users whose name starts with `root`, and their group.
#[derive(Debug)]
struct Protection {
    /// Broken: looks at deletions only.
    only_deletes: bool,
}

fn is_root(resource: &Resource) -> bool {
    resource.text("userName").is_some_and(|name| name.starts_with("root"))
}

fn is_admins(resource: &Resource) -> bool {
    resource.text("displayName") == Some("admins")
}

#[async_trait]
impl Guard for Protection {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, view: &mut dyn TxView) -> Result<(), Denial> {
        let denial = || Err(Denial::new("administrators are protected"));
        match attempt {
            Attempt::Delete { before, .. } if is_root(before) || is_admins(before) => denial(),
            _ if self.only_deletes => Ok(()),
            Attempt::Update { before, after, .. } => {
                let root = is_root(before) && (before.text("userName") != after.text("userName") || !after.is_active());
                let admins = is_admins(before) && !is_admins(after);
                if root || admins { denial() } else { Ok(()) }
            }
            Attempt::Members { kind, id, removed, .. } => {
                let group = view.get(kind, id).await.map_err(|_| Denial::new("not now"))?;
                let is_admins = group.is_some_and(|group| is_admins(&group.stored.resource()));
                if is_admins && removed.iter().any(|id: &ResourceId| id.as_str().starts_with("root")) {
                    return denial();
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Identifiers that tell what they are: the first two users are administrators.
#[derive(Debug, Default)]
struct Named(std::sync::atomic::AtomicUsize);

impl scim_http::store::IdSource for Named {
    fn next(&self) -> ResourceId {
        let n = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        ResourceId::new(if n < 2 { format!("root{n}") } else { format!("other{n}") })
    }
}

struct World {
    server: Server,
    roots: Vec<String>,
    others: Vec<String>,
    admins: String,
    team: String,
}

impl World {
    fn new(dialect: Dialect, only_deletes: bool) -> Self {
        let store = TestStore::builder()
            .changes(4)
            .guard(Arc::new(Protection { only_deletes }))
            .build();
        let server = Server::on(Arc::new(store), dialect, |builder| builder.ids(Named::default()));
        let user = |name: &str| server.user(json!({ "userName": name, "active": true }));
        let (roots, others) = (
            vec![user("root1"), user("root2")],
            vec![user("ann"), user("bob"), user("cid")],
        );
        assert!(roots.iter().all(|id| id.starts_with("root")) && others.iter().all(|id| id.starts_with("other")));
        let admins = server.group("admins", &[&roots[0], &roots[1], &others[0]]);
        let team = server.group("team", &[&roots[0], &others[1]]);
        Self {
            server,
            roots,
            others,
            admins,
            team,
        }
    }

    /// What must stay as it is.
    fn protected(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for id in &self.roots {
            let user = self.server.get(&format!("/Users/{id}"));
            let is_admin = user.values("groups").contains(&self.admins);
            all.push(json!([
                user.status,
                user.body["userName"],
                user.body["active"],
                is_admin
            ]));
        }
        let group = self.server.get(&format!("/Groups/{}", self.admins));
        all.push(json!([group.status, group.body["displayName"]]));
        all
    }
}

/// A request as the operation of a bulk: method, path and body. The Boolean says that it goes for an administrator.
fn attack(random: &mut Random, world: &World) -> (&'static str, String, Value) {
    let root = random.pick(&world.roots);
    let other = random.pick(&world.others);
    let user = format!("/Users/{root}");
    let admins = format!("/Groups/{}", world.admins);
    let patch = |operations: Value| json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    let put = |name: &str, active: Value| json!({ "schemas": [USER], "userName": name, "active": active });
    let group = |name: &str, members: Value| json!({ "schemas": [GROUP], "displayName": name, "members": members });
    match random.below(22) {
        0 => ("DELETE", user, Value::Null),
        1 => (
            "PATCH",
            user,
            patch(json!([{ "op": "replace", "path": "active", "value": false }])),
        ),
        2 => (
            "PATCH",
            user,
            patch(json!([{ "op": "Replace", "value": { "active": false } }])),
        ),
        3 => (
            "PATCH",
            user,
            patch(json!([{ "op": "REPLACE", "path": "ACTIVE", "value": "False" }])),
        ),
        4 => (
            "PATCH",
            user,
            patch(json!([{ "op": "add", "path": format!("{USER}:active"), "value": false }])),
        ),
        5 => (
            "PATCH",
            user,
            patch(
                json!([{ "op": "add", "path": "title", "value": "x" }, { "op": "add", "value": { "Active": false } }]),
            ),
        ),
        6 => (
            "PATCH",
            user,
            patch(json!([{ "op": "replace", "path": "userName", "value": "taken-over" }])),
        ),
        7 => (
            "PATCH",
            user,
            patch(json!([{ "op": "replace", "value": { "USERNAME": "taken-over", "active": false } }])),
        ),
        8 => ("PUT", user, put("taken-over", json!(true))),
        9 => ("PUT", user, put("root1", json!(false))),
        10 => ("PUT", user, put("root2", json!("false"))),
        11 => ("DELETE", admins, Value::Null),
        12 => ("PATCH", admins, patch(json!([{ "op": "remove", "path": "members" }]))),
        13 => (
            "PATCH",
            admins,
            patch(json!([{ "op": "remove", "path": format!(r#"members[value eq "{root}"]"#) }])),
        ),
        14 => (
            "PATCH",
            admins,
            patch(json!([{ "op": "remove", "path": "members", "value": [{ "value": root }] }])),
        ),
        15 => (
            "PATCH",
            admins,
            patch(json!([{ "op": "replace", "path": "members", "value": [{ "value": other }] }])),
        ),
        16 => (
            "PATCH",
            admins,
            patch(json!([{ "op": "replace", "value": { "members": [] } }])),
        ),
        17 => (
            "PATCH",
            admins,
            patch(json!([{ "op": "remove", "path": r#"members[type eq "User"]"# }])),
        ),
        18 => ("PUT", admins, group("admins", json!([{ "value": other }]))),
        19 => (
            "PUT",
            admins,
            group(
                "renamed",
                json!([{ "value": world.roots[0] }, { "value": world.roots[1] }]),
            ),
        ),
        20 => (
            "PATCH",
            admins,
            patch(json!([{ "op": "replace", "path": "displayName", "value": "renamed" }])),
        ),
        _ => (
            "PATCH",
            admins,
            patch(
                json!([{ "op": "add", "path": "members", "value": [{ "value": other }] },
                { "op": "replace", "path": "members", "value": [{ "value": world.roots[0] }] }]),
            ),
        ),
    }
}

/// A request that may be granted.
fn harmless(random: &mut Random, world: &World) -> (&'static str, String, Value) {
    let patch = |operations: Value| json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    let (root, other) = (random.pick(&world.roots).clone(), random.pick(&world.others).clone());
    let title = *random.pick(&["a", "b"]);
    match random.below(7) {
        0 => (
            "PATCH",
            format!("/Users/{root}"),
            patch(json!([{ "op": "add", "path": "title", "value": title }])),
        ),
        1 => (
            "PATCH",
            format!("/Users/{other}"),
            patch(json!([{ "op": "replace", "path": "active", "value": random.one_in(2) }])),
        ),
        2 => (
            "PATCH",
            format!("/Groups/{}", world.admins),
            patch(json!([{ "op": "add", "path": "members", "value": [{ "value": other }] }])),
        ),
        3 => (
            "PATCH",
            format!("/Groups/{}", world.team),
            patch(json!([{ "op": "add", "path": "members", "value": [{ "value": root }] }])),
        ),
        4 => (
            "PATCH",
            format!("/Groups/{}", world.team),
            patch(json!([{ "op": "remove", "path": "members" }])),
        ),
        5 => (
            "PATCH",
            format!("/Groups/{}", world.admins),
            patch(json!([{ "op": "remove", "path": format!(r#"members[value eq "{other}"]"#) }])),
        ),
        _ => (
            "PUT",
            format!("/Users/{root}"),
            json!({ "schemas": [USER], "userName": if root == world.roots[0] { "root1" } else { "root2" } }),
        ),
    }
}

/// Sequences of requests, alone and in bulks; the first that changes what is protected is the answer.
fn run(world: &World, seed: u64, sequences: usize) -> Result<usize, String> {
    let mut random = Random::new(seed);
    let before = world.protected();
    let mut denied = 0;
    for sequence in 0..sequences {
        let count = 1 + random.below(3);
        let requests: Vec<_> = (0..count)
            .map(|_| {
                if random.one_in(4) {
                    (harmless(&mut random, world), false)
                } else {
                    (attack(&mut random, world), true)
                }
            })
            .collect();
        let statuses: Vec<String> = if random.one_in(3) {
            let operation = |((method, path, data), _): &((&str, String, Value), bool)| json!({ "method": method, "path": path, "data": data });
            let reply = world.server.bulk(requests.iter().map(operation).collect());
            let results = reply.ok(200).body["Operations"].as_array().unwrap().clone();
            results
                .iter()
                .map(|result| result["status"].as_str().unwrap().to_owned())
                .collect()
        } else {
            let send = |((method, path, data), _): &((&str, String, Value), bool)| {
                world
                    .server
                    .send(method, path, &[], (!data.is_null()).then_some(data))
                    .status
                    .to_string()
            };
            requests.iter().map(send).collect()
        };
        if world.protected() != before {
            return Err(format!("seed {seed}, sequence {sequence}: {requests:?}"));
        }
        for ((request, is_attack), status) in requests.iter().zip(&statuses) {
            // 400 where the dialect does not take the form; 409 where the name is another's.
            let expected: &[&str] = if *is_attack {
                &["403", "400", "409"]
            } else {
                &["200", "204"]
            };
            assert!(expected.contains(&status.as_str()), "{request:?}: {status}");
            denied += usize::from(status == "403");
        }
    }
    Ok(denied)
}

#[test]
fn c14_protected_administrators_stay_what_they_are_by_rfc() {
    let denied = run(&World::new(Dialect::rfc(), false), 1, rounds(5000)).unwrap();
    assert!(denied > rounds(5000), "{denied} denied");
}

#[test]
fn c14_protected_administrators_stay_what_they_are_by_default() {
    let denied = run(&World::new(Dialect::default(), false), 2, rounds(5000)).unwrap();
    assert!(denied > rounds(6000), "{denied} denied");
}

#[test]
fn c14_a_guard_of_deletions_only_is_caught() {
    for dialect in [Dialect::rfc(), Dialect::default()] {
        run(&World::new(dialect, true), 1, 5000).unwrap_err();
    }
}
