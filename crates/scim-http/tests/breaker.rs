//! C15: an identity provider that lets everybody go at once is stopped until somebody has looked at it (decision D52).

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[cfg(test)]
mod support;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scim_http::{
    core::{Dialect, TenantId},
    store::{
        Alarm, Attempt, Breaker, BreakerAction, BreakerPolicy, Denial, Guard, Loss, Scope, TenantSettings, Trip, TxView,
    },
};
use serde_json::{Value, json};
use support::{Reply, Server, TestStore};

/// Notes who tripped, and at how many.
#[derive(Debug, Clone, Default)]
struct Noted(Arc<Mutex<Vec<(String, Trip)>>>);

impl Alarm for Noted {
    fn tripped(&self, tenant: &TenantId, trip: &Trip) {
        self.0.lock().unwrap().push((tenant.as_str().to_owned(), trip.clone()));
    }
}

struct Host {
    server: Server,
    breaker: Arc<Breaker>,
    alarms: Noted,
    users: Vec<String>,
}

impl Host {
    /// With so many users of tenant A, and the policy for all tenants.
    fn new(users: usize, policy: Option<BreakerPolicy>) -> Self {
        Self::around(Breaker::new(), users, policy)
    }

    fn around(breaker: Breaker, users: usize, policy: Option<BreakerPolicy>) -> Self {
        let alarms = Noted::default();
        let breaker = Arc::new(breaker.alarm(alarms.clone()));
        let store = TestStore::with_guard(Arc::clone(&breaker) as Arc<dyn Guard>);
        let server = Server::on(Arc::new(store), Dialect::default(), |builder| {
            builder.settings(|settings: &mut TenantSettings| settings.breaker = policy)
        });
        let users = (0..users).map(|n| server.user(json!({ "userName": format!("user{n}") })));
        let users = users.collect();
        Self {
            server,
            breaker,
            alarms,
            users,
        }
    }

    fn set_active(&self, user: &str, active: bool) -> Reply {
        let operation = json!([{ "op": "replace", "path": "active", "value": active }]);
        self.server.patch(&format!("/Users/{user}"), operation)
    }

    fn deactivate(&self, user: &str) -> u16 {
        self.set_active(user, false).status
    }

    fn active(&self) -> usize {
        self.server.find("/Users", "active ne false").len()
    }

    fn alarms(&self) -> Vec<(Loss, usize, BreakerAction)> {
        let alarms = self.alarms.0.lock().unwrap();
        alarms
            .iter()
            .map(|(_, trip)| (trip.what, trip.count, trip.action))
            .collect()
    }
}

#[test]
fn c15_a_thousand_deactivations_stop_at_the_threshold_until_they_are_released() {
    let host = Host::new(1000, Some(BreakerPolicy::enforce(50, 3600)));
    let statuses: Vec<u16> = host.users.iter().map(|user| host.deactivate(user)).collect();
    assert!(statuses.iter().take(50).all(|status| *status == 200));
    assert!(statuses.iter().skip(50).all(|status| *status == 429));
    assert_eq!(
        host.alarms(),
        [(Loss::Resources, 51, BreakerAction::Enforce)],
        "one event for one flood"
    );
    let refused = host.set_active(&host.users[999], false);
    assert_eq!(
        (refused.header("retry-after"), &refused.body["status"]),
        (Some("3600"), &json!("429"))
    );
    // Nothing is half-done, and whatever loses nobody goes on.
    assert_eq!(
        host.server.get("/Users?filter=active%20ne%20false").body["totalResults"],
        950
    );
    assert_eq!(host.set_active(&host.users[0], true).status, 200);
    assert_eq!(
        host.server
            .patch(
                &format!("/Users/{}", host.users[999]),
                json!([{ "op": "add", "path": "title", "value": "t" }])
            )
            .status,
        200
    );
    host.server.user(json!({ "userName": "new" }));
    assert_eq!(host.server.delete(&format!("/Users/{}", host.users[999])).status, 429);
    // Time alone does not help: somebody has to look at it.
    host.server.clock.forward(7_200_000);
    assert_eq!(host.deactivate(&host.users[999]), 429);
    assert_eq!(host.breaker.trip(&"A".into()).unwrap().actor, "token a");
    assert!(host.breaker.release(&"A".into()) && !host.breaker.release(&"A".into()));
    assert_eq!(host.deactivate(&host.users[999]), 200);
    let version = host.server.get(&format!("/Users/{}", host.users[998])).body["meta"]["version"].clone();
    assert_eq!(version, "W/\"1\"", "what was refused left no trace");
}

#[test]
fn c15_without_the_breaker_everybody_goes() {
    let host = Host::new(100, None);
    assert!(host.users.iter().all(|user| host.deactivate(user) == 200));
    assert_eq!((host.active(), host.alarms().len()), (0, 0));
}

#[test]
fn deletions_and_deactivations_are_one_count_within_the_window() {
    let host = Host::new(6, Some(BreakerPolicy::enforce(2, 60)));
    let user = |n: usize| host.users[n].as_str();
    assert_eq!(host.deactivate(user(0)), 200);
    assert_eq!(host.deactivate(user(0)), 200, "nothing changes");
    assert_eq!(host.set_active(user(0), true).status, 200);
    assert_eq!(host.deactivate(user(0)), 200, "the same one again");
    host.server.clock.forward(30_000);
    assert_eq!(host.server.delete(&format!("/Users/{}", user(1))).status, 204);
    host.server.clock.forward(30_000);
    assert_eq!(host.deactivate(user(2)), 200, "the first is out of the window");
    let bulk = |operations: Value| {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
        host.server
            .post("/Bulk", json!({ "schemas": schemas, "Operations": operations }))
    };
    let delete = |n: usize| json!({ "method": "DELETE", "path": format!("/Users/{}", user(n)) });
    let reply = bulk(json!([delete(3), delete(4)]));
    assert_eq!(reply.body["Operations"][0]["status"], "429", "{}", reply.text);
    assert_eq!(reply.body["Operations"][1]["status"], "429");
    assert_eq!(host.server.get(&format!("/Users/{}", user(3))).status, 200);
}

#[test]
fn members_are_counted_where_a_limit_for_them_is_set() {
    let policy = BreakerPolicy::enforce(100, 60).with_members(3);
    let host = Host::new(6, Some(policy));
    let members: Vec<&str> = host.users.iter().map(String::as_str).collect();
    let group = host.server.group("everybody", &members);
    let remove = |ids: &[&str]| {
        let value: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        let operation = json!([{ "op": "remove", "path": "members", "value": value }]);
        host.server.patch(&format!("/Groups/{group}"), operation).status
    };
    let left = || {
        host.server.get(&format!("/Groups/{group}")).body["members"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((remove(&members[..2]), left()), (200, 4));
    assert_eq!((remove(&members[2..]), left()), (429, 4), "all or nothing");
    assert_eq!(remove(&members[2..3]), 429);
    assert_eq!(host.alarms(), [(Loss::Members, 6, BreakerAction::Enforce)]);
    assert!(host.breaker.release(&"A".into()));
    assert_eq!((remove(&members[2..5]), left()), (200, 1));
    // A replacement of the list loses those who are not in it.
    let operation = json!([{ "op": "replace", "path": "members", "value": [{ "value": members[0] }] }]);
    assert_eq!(host.server.patch(&format!("/Groups/{group}"), operation).status, 429);

    let unlimited = Host::new(6, Some(BreakerPolicy::enforce(100, 60)));
    let members: Vec<&str> = unlimited.users.iter().map(String::as_str).collect();
    let group = unlimited.server.group("everybody", &members);
    let operation = json!([{ "op": "remove", "path": "members" }]);
    assert_eq!(
        unlimited.server.patch(&format!("/Groups/{group}"), operation).status,
        200
    );
}

#[test]
fn a_warning_stops_nothing_and_comes_once_for_each_window() {
    let host = Host::new(10, Some(BreakerPolicy::warn(2, 60)));
    assert!(host.users.iter().take(5).all(|user| host.deactivate(user) == 200));
    assert_eq!(host.alarms(), [(Loss::Resources, 3, BreakerAction::Warn)]);
    host.server.clock.forward(60_000);
    assert!(host.users.iter().skip(5).all(|user| host.deactivate(user) == 200));
    assert_eq!((host.alarms().len(), host.active()), (2, 0));
}

#[test]
fn tenants_trip_for_themselves() {
    let host = Host::new(3, Some(BreakerPolicy::enforce(1, 60)));
    let as_b = [("authorization", "Bearer tokB")];
    let user = json!({ "schemas": [support::USER], "userName": "b" });
    let id = host.server.send("POST", "/Users", &as_b, Some(&user)).id();
    assert_eq!(
        (host.deactivate(&host.users[0]), host.deactivate(&host.users[1])),
        (200, 429)
    );
    assert_eq!(
        host.server.send("DELETE", &format!("/Users/{id}"), &as_b, None).status,
        204
    );
    assert!(host.breaker.trip(&"B".into()).is_none());
}

/// Denies every deletion.
#[derive(Debug)]
struct NoDeletions;

#[async_trait]
impl Guard for NoDeletions {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> Result<(), Denial> {
        match attempt {
            Attempt::Delete { .. } => Err(Denial::new("nobody is deleted")),
            _ => Ok(()),
        }
    }
}

#[test]
fn what_another_guard_denies_is_not_counted() {
    let policy = BreakerPolicy::enforce(1, 60);
    let host = Host::around(Breaker::around(Arc::new(NoDeletions)), 4, Some(policy));
    for user in &host.users {
        assert_eq!(host.server.delete(&format!("/Users/{user}")).status, 403);
    }
    assert_eq!((host.deactivate(&host.users[0]), host.alarms().len()), (200, 0));
}
