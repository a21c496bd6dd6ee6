//! C15: what lets everybody go at once is stopped at the threshold, in all processes and behind restarts, until it is released.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use scim_http::{
    core::TenantId,
    store::{Alarm, Breaker, BreakerAction, BreakerPolicy, ChangeKind, Guard, Loss, Trip},
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    base::Base,
    client::{Client, Reply, Sent},
    scale::{self, figures, pick},
};

/// How often it was told that a breaker tripped.
#[derive(Debug, Clone, Default)]
struct Alarms(Arc<AtomicUsize>);

impl Alarm for Alarms {
    fn tripped(&self, _: &TenantId, trip: &Trip) {
        assert_eq!(trip.action, BreakerAction::Enforce);
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Processes on one database.
struct World {
    base: Base,
    clients: Vec<Client>,
    alarms: Alarms,
    policy: Option<BreakerPolicy>,
    /// Those of the processes.
    breakers: Vec<Arc<Breaker>>,
    is_kept: bool,
}

impl World {
    async fn new(base: Base, policy: Option<BreakerPolicy>, is_kept: bool) -> Self {
        let mut world = Self {
            base,
            clients: Vec::new(),
            alarms: Alarms::default(),
            policy,
            breakers: Vec::new(),
            is_kept,
        };
        world.start().await;
        world
    }

    /// Starts the processes, or starts them again.
    async fn start(&mut self) {
        self.clients.clear();
        self.breakers.clear();
        let processes = if matches!(self.base, Base::Memory(_)) { 1 } else { 2 };
        for _ in 0..processes {
            let breaker = Breaker::new().alarm(self.alarms.clone());
            let breaker = Arc::new(if self.is_kept { breaker.kept_in_store() } else { breaker });
            let store = self.base.open_guarded(Arc::clone(&breaker) as Arc<dyn Guard>).await;
            let policy = self.policy;
            let client = Client::with(store, "one", |builder| {
                builder.settings(move |settings| settings.breaker = policy)
            });
            self.clients.push(client);
            self.breakers.push(breaker);
        }
    }

    /// Creates users.
    async fn fill(&self, users: usize) -> Vec<String> {
        let mut ids = Vec::new();
        for number in 0..users {
            ids.push(self.clients[0].user(&format!("user{number}")).await);
        }
        ids
    }

    /// Deactivates users by eight clients at once; the answers.
    async fn deactivate(&self, users: &[String]) -> Vec<Reply> {
        let mut sending = JoinSet::new();
        for number in 0..8 {
            let client = self.clients[number % self.clients.len()].clone();
            let mine: Vec<String> = users.iter().skip(number).step_by(8).cloned().collect();
            sending.spawn(async move {
                let mut replies = Vec::new();
                for user in mine {
                    replies.push(client.send(&deactivation(&user)).await);
                }
                replies
            });
        }
        sending.join_all().await.concat()
    }

    /// How many users are not active, by what is read.
    async fn inactive(&self) -> usize {
        let reply = self.clients[0].get("/Users?filter=active%20eq%20false&count=0").await;
        let total = reply.ok(200).body["totalResults"].as_u64().unwrap();
        usize::try_from(total).unwrap()
    }

    async fn release(&self) -> bool {
        match self.base.administration().await {
            Some((_, breakers)) => breakers.release(&"one".into()).await.unwrap(),
            None => self.breakers[0].release(&"one".into()),
        }
    }
}

fn deactivation(user: &str) -> Sent {
    let operations = json!([{ "op": "replace", "path": "active", "value": false }]);
    Sent::patch(format!("/Users/{user}"), operations)
}

fn done(replies: &[Reply]) -> usize {
    replies.iter().filter(|reply| reply.status == 200).count()
}

fn holds(base: Base) {
    scale::run(async move {
        let (users, threshold) = pick((100, 12), (1000, 50));
        let policy = BreakerPolicy::enforce(u32::try_from(threshold).unwrap(), 3600);
        let mut world = World::new(base, Some(policy), true).await;
        let ids = world.fill(users).await;
        let replies = world.deactivate(&ids).await;
        assert_eq!((done(&replies), world.inactive().await), (threshold, threshold));
        for reply in replies.iter().filter(|reply| reply.status != 200) {
            assert_eq!(
                (reply.status, reply.header("retry-after")),
                (429, Some("3600")),
                "{}",
                reply.text
            );
        }
        let alarms = world.alarms.0.load(Ordering::SeqCst);
        assert!((1..=8).contains(&alarms), "{alarms} alarms for one flood");

        // Nothing is half-done: one change for each that was done, none for the others.
        let feed = match &world.base {
            Base::Memory(_) => Vec::new(),
            base => base.open().await.feed(&"one".into(), 0, 10_000).await.unwrap(),
        };
        let deactivated = feed
            .iter()
            .filter(|change| change.kind == ChangeKind::Deactivated)
            .count();
        assert!(feed.is_empty() || (deactivated, feed.len()) == (threshold, users + threshold));
        assert!(world.base.misfits().await.is_empty());

        // Whatever loses nobody goes on; the rest stays as it is behind a restart.
        let is_left = |id: &&String| replies.iter().all(|reply| reply.status != 200 || reply.id() != **id);
        let left: Vec<String> = ids.iter().filter(is_left).cloned().collect();
        if !matches!(world.base, Base::Memory(_)) {
            world.start().await;
        }
        world.clients[0].user("new").await;
        let title = json!([{ "op": "add", "path": "title", "value": "t" }]);
        world.clients[0]
            .patch(&format!("/Users/{}", left[0]), title)
            .await
            .ok(200);
        for client in &world.clients {
            client.send(&deactivation(&left[0])).await.ok(429);
            client.delete(&format!("/Users/{}", left[0])).await.ok(429);
        }
        if let Some((_, breakers)) = world.base.administration().await {
            let trip = breakers.trip(&"one".into()).await.unwrap().unwrap();
            assert_eq!(
                (trip.what, trip.count, trip.actor.as_str()),
                (Loss::Resources, threshold + 1, "token")
            );
            assert_eq!(breakers.tripped().await.unwrap(), [("one".into(), trip)]);
            let is_silent = |breaker: &Arc<Breaker>| breaker.trip(&"one".into()).is_none();
            assert!(world.breakers.iter().all(is_silent), "the store tells it");
        }

        // An operator releases it: as many again.
        assert!(world.release().await && !world.release().await);
        let replies = world.deactivate(&left).await;
        assert_eq!((done(&replies), world.inactive().await), (threshold, 2 * threshold));
        let told = format!("{threshold} of {users} deactivated, {threshold} more when released, {alarms} alarms");
        figures("C15 mass changes", world.base.name(), told);
    });
}

#[test]
fn c15_memory_stops_at_the_threshold() {
    holds(Base::memory());
}

#[test]
fn c15_sqlite_stops_at_the_threshold_in_all_processes() {
    holds(Base::sqlite());
}

#[test]
fn c15_postgres_stops_at_the_threshold_in_all_processes() {
    holds(Base::postgres());
}

#[test]
fn c15_members_are_counted_across_processes() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async move {
            let policy = BreakerPolicy::enforce(100, 3600).with_members(5);
            let world = World::new(base, Some(policy), true).await;
            let ids = world.fill(10).await;
            let group = world.clients[0].group("all", &ids).await;
            let last = world.clients.last().unwrap();
            let remove = |from: usize, to: usize| {
                let members = ids[from..to].iter().map(|id| json!({ "value": id }));
                json!([{ "op": "remove", "path": "members", "value": members.collect::<Vec<_>>() }])
            };
            let path = format!("/Groups/{group}");
            // The first to trip it is the first of all changes.
            last.patch(&path, remove(0, 6)).await.ok(429);
            assert!(world.release().await);
            world.clients[0].patch(&path, remove(0, 3)).await.ok(200);
            last.patch(&path, remove(3, 5)).await.ok(200);
            assert_eq!(last.members(&group).await, ids[5..]);
            last.patch(&path, remove(5, 6)).await.ok(429);
            world.clients[0].delete(&path).await.ok(429);
            assert_eq!(world.clients[0].members(&group).await, ids[5..]);
        });
    }
}

#[test]
fn c15_without_a_breaker_everybody_goes() {
    for base in [Base::memory(), Base::sqlite(), Base::postgres()] {
        scale::run(async move {
            let world = World::new(base, None, true).await;
            let ids = world.fill(60).await;
            let replies = world.deactivate(&ids).await;
            assert_eq!((done(&replies), world.inactive().await), (60, 60));
        });
    }
}

#[test]
fn c15_a_breaker_for_each_process_is_caught() {
    for base in [Base::sqlite(), Base::postgres()] {
        scale::run(async move {
            let world = World::new(base, Some(BreakerPolicy::enforce(12, 3600)), false).await;
            let ids = world.fill(60).await;
            let replies = world.deactivate(&ids).await;
            assert_eq!(
                (done(&replies), world.inactive().await),
                (24, 24),
                "each lets as many go"
            );
        });
    }
}
