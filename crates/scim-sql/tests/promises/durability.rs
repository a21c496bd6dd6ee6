//! C6: what was acknowledged survives the death of the application, of the database, and of the machine.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use scim_conformance::postgres::Postgres;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    base::Base,
    child::{Child, say},
    client::Client,
    power::Power,
    random::Random,
    scale,
    script::{Difference, Provider, compare},
};

const CLIENTS: usize = 8;

/// The job: clients that write and say what was acknowledged.
pub(crate) async fn write(base: &Base, options: &Value) {
    let client = Client::new(base.open().await, options["tenant"].as_str().unwrap());
    let steps = usize::try_from(options["steps"].as_u64().unwrap()).unwrap();
    let group = client.group("all", &[]).await;
    let mut clients = JoinSet::new();
    let is_over = Arc::new(AtomicBool::new(false));
    for number in 0..usize::try_from(options["clients"].as_u64().unwrap()).unwrap() {
        let mut provider = Provider::new(client.clone(), number, &group);
        let is_over = Arc::clone(&is_over);
        clients.spawn(async move {
            for step in 0..steps {
                // A step that was not acknowledged may be there or not: nothing comes after it.
                if is_over.load(Ordering::Relaxed) || !provider.perform(step).await {
                    break;
                }
                say(&format!("{number}"));
            }
        });
    }
    clients.join_all().await;
    is_over.store(true, Ordering::Relaxed);
}

fn options(tenant: &str, clients: usize, steps: usize) -> Value {
    json!({ "tenant": tenant, "clients": clients, "steps": steps })
}

/// How many steps of each client were acknowledged.
fn acknowledged(lines: &[String], clients: usize) -> Vec<usize> {
    let mut counts = vec![0; clients];
    for line in lines {
        counts[line.parse::<usize>().unwrap()] += 1;
    }
    counts
}

/// What cycles of writing and dying came to.
#[derive(Debug, Default)]
struct Survived {
    cycles: usize,
    acknowledged: usize,
    difference: Difference,
    most_extra: usize,
    misfits: Vec<String>,
}

impl Survived {
    async fn add(&mut self, base: &Base, tenant: &str, acknowledged: &[usize]) {
        let client = Client::new(base.open().await, tenant);
        let difference = compare(&client, acknowledged).await;
        self.cycles += 1;
        self.acknowledged += acknowledged.iter().sum::<usize>();
        self.most_extra = self.most_extra.max(difference.extra);
        self.difference.lost += difference.lost;
        self.difference.extra += difference.extra;
        self.difference.wrong += difference.wrong;
    }

    fn is_whole(&self) -> bool {
        self.difference.lost == 0 && self.difference.wrong == 0 && self.misfits.is_empty() && self.most_extra <= CLIENTS
    }

    fn tell(&self) -> String {
        let Difference { lost, extra, wrong } = self.difference;
        let (cycles, acknowledged) = (self.cycles, self.acknowledged);
        format!(
            "{cycles} kills, {acknowledged} acknowledged, {lost} lost, {extra} there unacknowledged, {wrong} wrong states"
        )
    }
}

/// Kills the application again and again, and the database with it where there is a server.
fn kill(base: &Base, server: Option<&Postgres>, cycles: usize, seed: u64) -> Survived {
    kill_until(base, server, cycles, seed, |_| false)
}

fn kill_until(
    base: &Base,
    server: Option<&Postgres>,
    cycles: usize,
    seed: u64,
    is_enough: impl Fn(&Survived) -> bool,
) -> Survived {
    scale::run(async {
        let mut random = Random::new(seed);
        let mut survived = Survived::default();
        let store = base.open().await;
        drop(store);
        for cycle in 0..cycles {
            let tenant = format!("cycle {cycle}");
            let mut child = Child::start("script", base, options(&tenant, CLIENTS, usize::MAX >> 1), &[]);
            let count = scale::pick(30 + random.below(150), 500 + random.below(9000));
            assert!(child.hear(count), "the clients gave up: {:?}", child.finish());
            let lines = if let Some(server) = server {
                server.kill().unwrap();
                let lines = child.kill();
                server.start_again().unwrap();
                lines
            } else {
                child.kill()
            };
            base.forget_killed().await;
            survived.add(base, &tenant, &acknowledged(&lines, CLIENTS)).await;
            if is_enough(&survived) {
                break;
            }
        }
        survived.misfits = base.misfits().await;
        survived
    })
}

#[test]
fn c6_sqlite_survives_the_application() {
    let base = Base::sqlite();
    let survived = kill(&base, None, scale::pick(5, 100), 1);
    scale::figures("C6 kill -9 of the application", base.name(), survived.tell());
    assert!(survived.is_whole(), "{survived:?}");
}

#[test]
fn c6_postgres_survives_the_application() {
    let base = Base::postgres();
    let survived = kill(&base, None, scale::pick(3, 100), 2);
    scale::figures("C6 kill -9 of the application", base.name(), survived.tell());
    assert!(survived.is_whole(), "{survived:?}");
}

#[test]
fn c6_postgres_survives_the_server() {
    let server = Postgres::options().durable(scale::is_full()).start().unwrap();
    let base = Base::on(&server);
    let survived = kill(&base, Some(&server), scale::pick(3, 100), 3);
    scale::figures("C6 kill -9 of application and server", base.name(), survived.tell());
    assert!(survived.is_whole(), "{survived:?}");
}

#[test]
fn c6_a_server_that_commits_later_is_caught() {
    let server = Postgres::options()
        .setting("synchronous_commit", "off")
        .setting("wal_writer_delay", "10s")
        .setting("wal_writer_flush_after", "1GB")
        .setting("wal_buffers", "64MB")
        .start()
        .unwrap();
    let base = Base::on(&server);
    let survived = kill_until(&base, Some(&server), 10, 4, |survived| !survived.is_whole());
    scale::figures("C6 control: synchronous_commit=off", base.name(), survived.tell());
    assert!(!survived.is_whole(), "{survived:?}");
}

#[test]
fn c6_sqlite_syncs_each_commit() {
    let base = Base::sqlite();
    let power = Power::of(&base);
    // One client, so that no commit carries another's along.
    let steps = scale::pick(100, 5000);
    let child = Child::start("script", &base, options("A", 1, steps), &power.environment());
    let (status, lines) = child.finish();
    assert!(status.success());
    let (syncs, count) = (power.syncs(), lines.len());
    scale::figures("C6 syncs", base.name(), format!("{count} acknowledged, {syncs} syncs"));
    assert_eq!(count, steps);
    assert!(
        syncs >= u64::try_from(count).unwrap(),
        "{syncs} syncs for {count} commits"
    );
}

/// Lets the power fail at writes and syncs all over a run: what was not synced is lost.
fn fail_power(ignores: bool, times: usize) -> Survived {
    scale::run(async {
        let mut random = Random::new(5);
        let mut survived = Survived::default();
        let (clients, steps) = (4, scale::pick(30, 60));
        let run = |base: &Base, power: &Power| {
            Child::start("script", base, options("A", clients, steps), &power.environment())
        };
        // How many calls the writing makes, beyond those of opening.
        let base = Base::sqlite();
        drop(base.open().await);
        let whole = Power::of(&base);
        assert!(run(&base, &whole).finish().0.success());
        let calls = usize::try_from(whole.calls()).unwrap();
        for _ in 0..times {
            let base = Base::sqlite();
            drop(base.open().await);
            let power = Power::of(&base).cut(u64::try_from(1 + random.below(calls)).unwrap());
            let power = if ignores { power.ignoring_syncs() } else { power };
            let (_, lines) = run(&base, &power).finish();
            survived.add(&base, "A", &acknowledged(&lines, clients)).await;
        }
        survived
    })
}

#[test]
fn c6_sqlite_survives_power_failures() {
    let survived = fail_power(false, scale::pick(10, 200));
    scale::figures("C6 power failures", "sqlite", survived.tell());
    assert!(survived.is_whole(), "{survived:?}");
}

#[test]
fn c6_a_database_that_does_not_sync_is_caught() {
    let survived = fail_power(true, scale::pick(5, 20));
    scale::figures("C6 control: no syncs, power failures", "sqlite", survived.tell());
    assert!(!survived.is_whole(), "{survived:?}");
}
