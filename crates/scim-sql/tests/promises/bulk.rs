//! C4: after a crash each operation of a bulk is wholly there or wholly absent, and what was reported is there.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use scim_conformance::postgres::Postgres;
use scim_http::{
    core::{
        Edit, Limits,
        patch::{PatchMessage, PatchOp, PatchOperation},
    },
    store::{Result, ScimStore, Scope, Updated},
};
use serde_json::{Value, json};

use crate::{
    base::Base,
    child::{Child, say},
    client::{Client, Reply, Sent, values},
    flaw::{Flaw, Flawed, Shared},
    random::Random,
    scale,
    support::{BASE, BULK, GROUP, USER},
};

const USERS: usize = 20;
const GROUPS: usize = 4;

/// Broken: a commit for each attribute.
#[derive(Debug)]
struct CommitEach(Shared);

#[async_trait]
impl Flaw for CommitEach {
    fn inner(&self) -> &dyn ScimStore {
        &self.0
    }

    async fn update(&self, scope: &Scope, edit: &Edit) -> Result<Updated> {
        let read = scim_http::store::Read::new(Arc::clone(edit.kind()), edit.id().clone());
        let applied = edit.apply(&self.0.get(scope, &read).await?.stored)?;
        for name in applied.changed {
            let Some(value) = applied.after.get(&name) else {
                continue;
            };
            let message = PatchMessage::new(vec![PatchOperation::new(
                PatchOp::Replace,
                Some(&name),
                Some(value.clone()),
            )]);
            let (kind, dialect) = (Arc::clone(edit.kind()), Arc::clone(edit.dialect()));
            let part = Edit::patch(kind, edit.id().clone(), message, dialect, &Limits::default(), BASE)?;
            self.0.update(scope, &part).await?;
        }
        self.0.update(scope, edit).await
    }
}

/// What there is: users by name with title, nickname and address, groups by name with externalId and members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    users: BTreeMap<String, [String; 3]>,
    groups: BTreeMap<String, (String, BTreeSet<String>)>,
}

/// An operation of a bulk, by names.
#[derive(Debug, Clone)]
enum Op {
    Create(String),
    Patch(String, usize),
    Put(String, usize),
    Members(String, usize, Vec<String>),
    Delete(String),
}

/// The hundred operations of a bulk.
fn operations(bulk: usize) -> Vec<Op> {
    let user = |n: usize| format!("user{}", n % USERS);
    let mut operations = Vec::new();
    for n in 0..20 {
        operations.push(Op::Create(format!("new{bulk}-{n}")));
        operations.push(Op::Patch(user(n), 1000 * bulk + n));
        if n % 2 == 0 {
            operations.push(Op::Put(user(n + 7), 1000 * bulk + 50 + n));
        }
        let members = (0..3).map(|m| user(bulk + n + 3 * m)).collect();
        operations.push(Op::Members(format!("group{}", n % GROUPS), 1000 * bulk + n, members));
        operations.push(Op::Patch(user(n + 3), 1000 * bulk + 100 + n));
        if n % 2 == 1 && bulk > 0 {
            operations.push(Op::Delete(format!("new{}-{n}", bulk - 1)));
        }
    }
    operations.truncate(100);
    operations
}

impl State {
    fn start() -> Self {
        let users = (0..USERS).map(|n| (format!("user{n}"), Default::default()));
        let groups = (0..GROUPS).map(|n| (format!("group{n}"), Default::default()));
        Self {
            users: users.collect(),
            groups: groups.collect(),
        }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Create(name) => {
                self.users.insert(name.clone(), attributes(0));
            }
            Op::Patch(name, n) | Op::Put(name, n) => {
                self.users.insert(name.clone(), attributes(*n));
            }
            Op::Members(name, n, members) => {
                let group = (n.to_string(), members.iter().cloned().collect());
                self.groups.insert(name.clone(), group);
            }
            Op::Delete(name) => {
                self.users.remove(name);
            }
        }
    }

    async fn observe(client: &Client) -> Self {
        let (mut state, mut names) = (Self::default(), HashMap::new());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for (id, user) in client.all("/Users").await {
            let name = text(&user["userName"]);
            names.insert(id, name.clone());
            let attributes = [
                text(&user["title"]),
                text(&user["nickName"]),
                values(&user, "emails").concat(),
            ];
            assert!(
                state.users.insert(name.clone(), attributes).is_none(),
                "{name} is there twice"
            );
        }
        for (id, group) in client.all("/Groups").await {
            let members = client.members(&id).await.iter().map(|id| names[id].clone()).collect();
            state
                .groups
                .insert(text(&group["displayName"]), (text(&group["externalId"]), members));
        }
        state
    }
}

fn attributes(n: usize) -> [String; 3] {
    [format!("title {n}"), format!("nick {n}"), format!("{n}@example.com")]
}

/// A bulk as it is sent, with the identifiers that are known.
fn request(bulk: usize, ids: &HashMap<String, String>) -> Sent {
    let body = |name: &str, n: usize| {
        let [title, nick, address] = attributes(n);
        json!({ "schemas": [USER], "userName": name, "title": title, "nickName": nick, "emails": [{ "value": address }] })
    };
    let id = |name: &str| ids.get(name).map_or("unknown", String::as_str);
    let patch = |operations: Value| json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    let operations = operations(bulk);
    let operations = operations.iter().enumerate().map(|(number, op)| match op {
        Op::Create(name) => {
            json!({ "method": "POST", "path": "/Users", "bulkId": number.to_string(), "data": body(name, 0) })
        }
        Op::Put(name, n) => json!({ "method": "PUT", "path": format!("/Users/{}", id(name)), "data": body(name, *n) }),
        Op::Delete(name) => json!({ "method": "DELETE", "path": format!("/Users/{}", id(name)) }),
        Op::Patch(name, n) => {
            let [title, nick, address] = attributes(*n);
            let data = patch(json!([
                { "op": "replace", "path": "title", "value": title },
                { "op": "replace", "path": "nickName", "value": nick },
                { "op": "replace", "path": "emails", "value": [{ "value": address }] },
            ]));
            json!({ "method": "PATCH", "path": format!("/Users/{}", id(name)), "data": data })
        }
        Op::Members(name, n, members) => {
            let members: Vec<Value> = members.iter().map(|name| json!({ "value": id(name) })).collect();
            let data = patch(json!([
                { "op": "replace", "path": "externalId", "value": n.to_string() },
                { "op": "replace", "path": "members", "value": members },
            ]));
            json!({ "method": "PATCH", "path": format!("/Groups/{}", id(name)), "data": data })
        }
    });
    let body = json!({ "schemas": [BULK], "Operations": operations.collect::<Vec<_>>() });
    Sent::new("POST", "/Bulk", Some(body))
}

async fn known(client: &Client) -> HashMap<String, String> {
    let mut ids = HashMap::new();
    for (endpoint, attribute) in [("/Users", "userName"), ("/Groups", "displayName")] {
        for (id, resource) in client.all(endpoint).await {
            ids.insert(resource[attribute].as_str().unwrap().to_owned(), id);
        }
    }
    ids
}

/// The status of each operation.
fn statuses(reply: &Reply) -> Vec<u16> {
    let operations = reply.ok(200).body["Operations"].as_array().unwrap();
    let status = |operation: &Value| operation["status"].as_str().unwrap().parse().unwrap();
    operations.iter().map(status).collect()
}

async fn fill(client: &Client) {
    for n in 0..USERS {
        client.user(&format!("user{n}")).await;
    }
    for n in 0..GROUPS {
        let body = json!({ "schemas": [GROUP], "displayName": format!("group{n}") });
        client.send(&Sent::new("POST", "/Groups", Some(body))).await.ok(201);
    }
}

/// The job: bulk after bulk.
pub(crate) async fn write(base: &Base, options: &Value) {
    let store = base.open().await;
    let tenant = options["tenant"].as_str().unwrap();
    let client = match options["is_broken"].as_bool() {
        Some(true) => Client::new(Flawed(CommitEach(store)), tenant),
        _ => Client::new(store, tenant),
    };
    fill(&client).await;
    say("start");
    let mut ids = known(&client).await;
    for bulk in 0.. {
        let reply = client.send(&request(bulk, &ids)).await;
        let statuses = statuses(&reply);
        if statuses.iter().any(|status| *status >= 300) {
            say(&format!("failed {}", reply.text));
            return;
        }
        say("bulk");
        let operations = operations(bulk);
        for (op, result) in operations.iter().zip(reply.body["Operations"].as_array().unwrap()) {
            if let Op::Create(name) = op {
                let location = result["location"].as_str().unwrap();
                ids.insert(name.clone(), location.rsplit('/').next().unwrap().to_owned());
            }
        }
    }
}

/// Kills the writer in its bulks; gives back how many bulks and operations were there, or what is wrong.
async fn cycle(
    base: &Base,
    server: Option<&Postgres>,
    is_broken: bool,
    tenant: &str,
    random: &mut Random,
) -> std::result::Result<usize, String> {
    let options = json!({ "tenant": tenant, "is_broken": is_broken });
    let mut child = Child::start("bulk", base, options, &[]);
    child.hear(2 + random.below(scale::pick(2, 6)));
    // Somewhere in the next one.
    std::thread::sleep(std::time::Duration::from_micros(
        u64::try_from(random.below(40_000)).unwrap(),
    ));
    let lines = if let Some(server) = server {
        server.kill().unwrap();
        let lines = child.kill();
        server.start_again().unwrap();
        lines
    } else {
        child.kill()
    };
    base.forget_killed().await;
    if let Some(failed) = lines.iter().find(|line| line.starts_with("failed")) {
        // The server is gone while the bulk goes on: its operations say so.
        assert!(server.is_some() && failed.contains("503"), "{failed}");
    }
    let reported = lines.iter().filter(|line| *line == "bulk").count();
    let mut state = State::start();
    for bulk in 0..reported {
        operations(bulk).iter().for_each(|op| state.apply(op));
    }
    let client = Client::new(base.open().await, tenant);
    let seen = State::observe(&client).await;
    let ops = operations(reported);
    let mut there = 0;
    let mut partial = state.clone();
    while partial != seen {
        let Some(op) = ops.get(there) else {
            return Err(format!(
                "no number of whole operations of bulk {reported} makes this: {seen:?}"
            ));
        };
        partial.apply(op);
        there += 1;
    }
    let misfits = base.misfits().await;
    if !misfits.is_empty() {
        return Err(format!("{misfits:?}"));
    }
    // Once more, and all is there.
    let ids = known(&client).await;
    let again = statuses(&client.send(&request(reported, &ids)).await);
    for (op, status) in ops.iter().zip(again) {
        let may_be = match op {
            Op::Create(_) => [201, 409],
            Op::Delete(_) => [204, 404],
            _ => [200, 204],
        };
        assert!(may_be.contains(&status), "{op:?}: {status}");
        state.apply(op);
    }
    assert_eq!(State::observe(&client).await, state);
    Ok(100 * reported + there)
}

fn cycles(
    base: &Base,
    server: Option<&Postgres>,
    is_broken: bool,
    count: usize,
) -> std::result::Result<String, String> {
    scale::run(async {
        drop(base.open().await);
        let (mut random, mut operations, mut within) = (Random::new(7), 0, 0);
        for cycle_number in 0..count {
            let done = cycle(base, server, is_broken, &format!("cycle {cycle_number}"), &mut random).await?;
            operations += done;
            within += usize::from(done % 100 != 0);
        }
        Ok(format!(
            "{count} kills, {within} of them within a bulk, {operations} operations there, none of them half"
        ))
    })
}

#[test]
fn c4_sqlite_has_whole_operations_after_crashes() {
    let base = Base::sqlite();
    let told = cycles(&base, None, false, scale::pick(4, 50)).unwrap();
    scale::figures("C4 bulks and crashes", base.name(), told);
}

#[test]
fn c4_postgres_has_whole_operations_after_crashes() {
    let server = Postgres::options().durable(scale::is_full()).start().unwrap();
    let base = Base::on(&server);
    let count = scale::pick(2, 25);
    let told = cycles(&base, None, false, count).unwrap();
    scale::figures("C4 bulks and crashes of the application", base.name(), told);
    let base = Base::on(&server);
    let told = cycles(&base, Some(&server), false, count).unwrap();
    scale::figures("C4 bulks and crashes of the server", base.name(), told);
}

#[test]
fn c4_a_commit_for_each_attribute_is_caught() {
    for base in [Base::sqlite(), Base::postgres()] {
        let caught = cycles(&base, None, true, 30);
        scale::figures(
            "C4 control: a commit for each attribute",
            base.name(),
            format!("{:?}", caught.clone().err().is_some()),
        );
        caught.unwrap_err();
    }
}
