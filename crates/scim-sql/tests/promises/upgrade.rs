//! C19: tables that an earlier release wrote are opened by this one, and a migration that was interrupted is done again.

use std::{fs, path::PathBuf, process::Command};

use scim_conformance::postgres::{Postgres, schema_name};
use scim_http::store::{Change, ChangeKind, ChangeMethod};
use scim_sql::SqliteStore;
use serde_json::{Value, json};

use crate::{
    base::Base,
    child::Child,
    client::{Client, CountedIds, Sent},
    power::Power,
    proxy::Proxy,
    raw, scale,
    support::{ENTERPRISE, HandClock},
};

/// The releases whose tables are kept here.
const RELEASES: [&str; 1] = ["0.1.0"];

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/promises/fixtures")
        .join(name)
}

/// Fills an empty store with something of everything.
async fn fill(client: &Client) {
    let mut users = Vec::new();
    for n in 0..12 {
        let mut user = json!({
            "userName": format!("Jürgen{n}@example.com"), "externalId": format!("ext-{n}"), "displayName": format!("Jürgen {n}"),
            "name": { "familyName": "Ö'Brien", "givenName": format!("n\"{n}") }, "title": "a\\b\n", "active": n % 3 != 0,
            "emails": [{ "value": format!("j{n}@example.com"), "type": "work", "primary": true }, { "value": format!("h{n}@example.org") }],
            "phoneNumbers": [{ "value": "+49 30 1" }], "x509Certificates": [{ "value": "MIIB" }],
        });
        user[ENTERPRISE] = json!({ "department": format!("d{}", n % 2), "costCenter": "4130" });
        user["schemas"] = json!([crate::support::USER, ENTERPRISE]);
        users.push(client.send(&Sent::new("POST", "/Users", Some(user))).await.ok(201).id());
    }
    let inner = client.group("inner", &users[..5]).await;
    let outer = client.group("outer", &[inner.clone(), users[7].clone()]).await;
    let title =
        json!([{ "op": "replace", "path": "title", "value": "changed" }, { "op": "remove", "path": "phoneNumbers" }]);
    client.patch(&format!("/Users/{}", users[1]), title).await.ok(200);
    let members = json!([{ "op": "add", "path": "members", "value": [{ "value": users[9] }] }, { "op": "replace", "path": "externalId", "value": "o" }]);
    client.patch(&format!("/Groups/{outer}"), members).await.ok(200);
    client.delete(&format!("/Users/{}", users[2])).await.ok(204);
}

/// Every byte that a client can read, and the record of changes.
async fn read(base: &Base, clients: &[Client], change: fn(&mut Change)) -> Value {
    let store = base.open().await;
    let mut all = Vec::new();
    for client in clients {
        let (users, groups) = (client.all("/Users").await, client.all("/Groups").await);
        let mut texts = Vec::new();
        for path in users
            .keys()
            .map(|id| format!("/Users/{id}"))
            .chain(groups.keys().map(|id| format!("/Groups/{id}")))
        {
            texts.push(client.get(&path).await.text);
        }
        let mut lists = Vec::new();
        for query in [
            "/Users?filter=emails.value%20co%20%22example.org%22&sortBy=userName&sortOrder=descending",
            "/Users?filter=active%20eq%20false",
            "/Users?filter=meta.lastModified%20gt%20%222026-01-01T00:00:00Z%22&count=3",
            "/Users?filter=name.familyName%20eq%20%22%C3%B6'brien%22%20and%20groups%20pr",
            "/Groups?filter=displayName%20sw%20%22IN%22",
        ] {
            lists.push(client.get(query).await.ok(200).text.clone());
        }
        let tenant = scim_http::core::TenantId::new(client.tenant());
        let changes = store.feed(&tenant, 0, 1000).await.unwrap();
        // Those of one transaction have no order but that of each resource.
        let mut changes: Vec<String> = changes
            .into_iter()
            .map(|mut each| {
                change(&mut each);
                unnumbered(each)
            })
            .collect();
        changes.sort();
        all.push(json!({ "tenant": client.tenant(), "resources": texts, "lists": lists, "changes": changes }));
    }
    Value::Array(all)
}

async fn clients(base: &Base) -> Vec<Client> {
    let first = Client::fixed(base.open().await, "first", &HandClock::new(), &CountedIds::default());
    vec![first.clone(), first.of("second")]
}

/// A change without its number.
fn unnumbered(mut change: Change) -> String {
    change.sequence = 0;
    format!("{} {:?} {change:?}", change.id.as_str(), change.version)
}

/// As the first release recorded a change: without its method, external identifier, and what a creation was given.
fn first_release(change: &mut Change) {
    change.method = ChangeMethod::Unknown;
    change.external_id = None;
    if change.kind == ChangeKind::Created {
        change.changed.clear();
    }
}

/// What the store in memory makes of the same requests, as earlier releases recorded it.
async fn expected() -> Value {
    let base = Base::memory();
    let clients = clients(&base).await;
    for client in &clients {
        fill(client).await;
    }
    read(&base, &clients, first_release).await
}

/// Opens tables that were written before, and goes on with them.
async fn opens(base: &Base) {
    let clients = clients(base).await;
    assert_eq!(read(base, &clients, |_| {}).await, expected().await);
    assert_eq!(base.misfits().await, [""; 0]);
    let client = Client::new(base.open().await, "first");
    let user = client
        .send(&Sent::user(json!({ "userName": "JÜRGEN1@EXAMPLE.COM" })))
        .await;
    user.ok(409);
    let user = client.user("new").await;
    let group = client.find("/Groups", r#"displayName eq "Outer""#).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let operations = json!([{ "op": "add", "path": "members", "value": [{ "value": user }] }]);
    client.patch(&format!("/Groups/{group}"), operations).await.ok(200);
    assert_eq!(client.members(&group).await.last(), Some(&user));
    let tenant = scim_http::core::TenantId::new(client.tenant());
    let last = base.open().await.feed(&tenant, 0, 1000).await.unwrap().pop().unwrap();
    assert_eq!(last.method, ChangeMethod::Patch);
    assert_eq!(base.misfits().await, [""; 0]);
}

#[test]
fn c19_sqlite_opens_what_earlier_releases_wrote() {
    for release in RELEASES {
        let base = Base::sqlite();
        let text = fs::read_to_string(fixture(&format!("sqlite-{release}.sql"))).unwrap();
        let connection = rusqlite::Connection::open(base.file().unwrap()).unwrap();
        connection.execute_batch(&text).unwrap();
        drop(connection);
        scale::run(opens(&base));
        scale::figures(
            "C19 tables of earlier releases",
            base.name(),
            format!("{release} opened"),
        );
    }
}

#[test]
fn c19_postgres_opens_what_earlier_releases_wrote() {
    let server = Postgres::start().unwrap();
    for release in RELEASES {
        let base = Base::on(&server);
        let (_, schema) = base.place();
        let text = fs::read_to_string(fixture(&format!("postgres-{release}.sql"))).unwrap();
        server.psql(&text.replace("scim_fixture", schema)).unwrap();
        scale::run(opens(&base));
        scale::figures(
            "C19 tables of earlier releases",
            base.name(),
            format!("{release} opened"),
        );
    }
}

/// Writes the tables of this release for later ones: `cargo test .. make_fixtures -- --ignored`, once for each release.
#[test]
#[ignore = "only for a new release"]
fn make_fixtures() {
    let release = env!("CARGO_PKG_VERSION");
    fs::create_dir_all(fixture("")).unwrap();
    let base = Base::sqlite();
    let write = async |base: &Base| {
        for client in clients(base).await {
            fill(&client).await;
        }
    };
    scale::run(write(&base));
    let text = raw::script_sqlite(base.file().unwrap()).unwrap();
    fs::write(fixture(&format!("sqlite-{release}.sql")), text).unwrap();

    let server = Postgres::start().unwrap();
    let base = Base::Postgres {
        url: server.socket_url().to_owned(),
        schema: "scim_fixture".to_owned(),
    };
    scale::run(write(&base));
    let mut command = Command::new("pg_dump");
    command.args([
        "--inserts",
        "--no-owner",
        "--no-privileges",
        "--schema=scim_fixture",
        server.url(),
    ]);
    let output = command.output().expect("pg_dump in PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    // Commands of psql, and settings that are nobody's business.
    let lines = text.lines().filter(|line| {
        let left_out =
            line.starts_with(['\\']) || line.starts_with("SET ") || line.starts_with("--") || line.is_empty();
        !left_out && !line.starts_with("SELECT pg_catalog.set_config")
    });
    let text = lines.collect::<Vec<_>>().join("\n") + "\n";
    fs::write(fixture(&format!("postgres-{release}.sql")), text).unwrap();
}

/// The job: a start of the application, and its orderly end, so that each start writes as often as any other.
pub(crate) async fn open(base: &Base) {
    match base.file() {
        Some(file) => SqliteStore::open(file).await.unwrap().close().await,
        None => drop(base.open().await),
    }
}

/// Whether a database that something happened to opens, and is as good as new.
async fn is_good(base: &Base) -> Result<(), String> {
    let store = base.try_open().await.map_err(|error| error.to_string())?;
    let client = Client::new(store, "A");
    let user = client.user("ann").await;
    client.group("all", &[user]).await;
    let (seen, fresh) = (schema(base).await, Base::sqlite());
    if base.is_sqlite() {
        fresh.open().await;
        assert_eq!(seen, schema(&fresh).await);
    }
    match base.misfits().await {
        misfits if misfits.is_empty() => Ok(()),
        misfits => Err(format!("{misfits:?}")),
    }
}

async fn schema(base: &Base) -> Vec<String> {
    let text = if base.is_sqlite() {
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY 1"
    } else {
        "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1"
    };
    base.sql(text).await
}

#[test]
fn c19_sqlite_migrates_whatever_interrupts_it() {
    scale::run(async {
        let base = Base::sqlite();
        let power = Power::of(&base);
        assert!(
            Child::start("open", &base, Value::Null, &power.environment())
                .finish()
                .0
                .success()
        );
        let calls = power.calls();
        let points = u64::try_from(scale::pick(8, 60)).unwrap().min(calls);
        for point in 0..points {
            let base = Base::sqlite();
            let power = Power::of(&base).cut(1 + point * calls / points);
            let (status, _) = Child::start("open", &base, Value::Null, &power.environment()).finish();
            assert!(!status.success());
            is_good(&base).await.unwrap();
        }
        let told = format!(
            "power failed at {points} of {calls} writes and syncs of a migration, and it was done again each time"
        );
        scale::figures("C19 interrupted migrations", base.name(), told);
    });
}

#[test]
fn c19_postgres_migrates_whatever_interrupts_it() {
    let server = Postgres::start().unwrap();
    scale::run(async {
        let proxy = Proxy::to(server.url(), 1).await;
        let open = async |base: &Base| base.by(proxy.url()).try_open().await;
        open(&Base::on(&server)).await.unwrap();
        let pieces = proxy.pieces();
        // The connection ends, which is what the end of the application comes to.
        let cuts = scale::pick(12, pieces).min(pieces);
        for cut in 1..=cuts {
            let piece = cut * pieces / cuts;
            let base = Base::on(&server);
            proxy.cut_after(piece);
            open(&base).await.err();
            proxy.mend();
            is_good(&base).await.unwrap();
        }
        // The server ends.
        let kills = scale::pick(3, 20).min(pieces);
        for kill in 0..kills {
            let base = Base::on(&server);
            let piece = 1 + kill * pieces / kills;
            proxy.cut_after(piece);
            open(&base).await.err();
            server.kill().unwrap();
            server.start_again().unwrap();
            proxy.mend();
            is_good(&base).await.unwrap();
        }
        let told =
            format!("cut off at {cuts} of {pieces} messages of a migration, and {kills} times with the server killed");
        scale::figures("C19 interrupted migrations", "postgres", told);
    });
}

#[test]
fn c19_two_that_migrate_at_once_do_it_once() {
    for base in [Base::sqlite(), Base::postgres()] {
        let children: Vec<Child> = (0..4).map(|_| Child::start("open", &base, Value::Null, &[])).collect();
        for child in children {
            assert!(child.finish().0.success());
        }
        scale::run(is_good(&base)).unwrap();
    }
}

/// Broken: one statement of a migration after the other, each for itself.
async fn migrate_one_by_one(base: &Base, statements: &[String], until: usize) {
    for statement in &statements[..until] {
        base.sql(statement).await;
    }
}

#[test]
fn c19_a_migration_without_a_transaction_is_caught() {
    let server = Postgres::start().unwrap();
    for make in [Base::sqlite as fn() -> Base, || Base::Postgres {
        url: String::new(),
        schema: schema_name(),
    }] {
        scale::run(async {
            let base = make().by(server.socket_url());
            let (text, prefix) = match &base {
                Base::Postgres { schema, .. } => {
                    (include_str!("../../src/tables/postgres_0001.sql"), format!("{schema}."))
                }
                _ => (include_str!("../../src/tables/sqlite_0001.sql"), String::new()),
            };
            if let Base::Postgres { url, schema } = &base {
                raw::postgres(url, "public", &format!("CREATE SCHEMA {schema}"))
                    .await
                    .unwrap();
            } else {
                rusqlite::Connection::open(base.file().unwrap()).unwrap();
            }
            let statements: Vec<String> = text.split(";\n").map(|text| text.replace("{s}", &prefix)).collect();
            migrate_one_by_one(&base, &statements, 3).await;
            is_good(&base).await.unwrap_err();
        });
    }
}
