//! The random resources and searches that all stores are compared by, in a host's tables: its own SQL writes the rows, and
//! the map alone answers as the store in memory does.
//!
//! `SCIM_CASES` says how many searches (600 unless it does), `SCIM_SEED` which; a failure names the seed.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use scim_conformance::{
    block_on,
    differential::{Differential, Filled, Item, Tally, World},
};
use scim_core::{ResourceId, fold::fold, username::UserNameKey};
use scim_sql::host::{ColumnMap, HostStore};
use scim_store::MemoryStore;
use serde_json::Value;

use crate::tables::{Database, ENTERPRISE, is_mapped, read_map, wrong_map};

#[test]
fn a_host_answers_what_memory_answers() {
    check(block_on(differences(&read_map())));
}

#[test]
fn a_map_that_compares_by_the_wrong_column_is_caught() {
    let difference = block_on(differences(&wrong_map())).unwrap_err();
    assert!(difference.contains("name.familyName"), "{difference}");
}

async fn differences(map: &ColumnMap) -> Result<Tally, String> {
    let database = Database::new();
    let host = HostStore::sqlite(&database.0, map).await.unwrap();
    let insert = async |sql: String| database.connect().execute_batch(&sql).unwrap();
    let outcome = compare(&host, insert).await;
    host.close().await;
    outcome
}

/// The tally of a comparison without a difference.
pub(crate) fn check(outcome: Result<Tally, String>) {
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
    let tally = outcome.unwrap();
    assert!(tally.found > tally.cases / 3, "{tally:?}");
    assert_eq!(tally.refused, 0, "{tally:?}");
}

/// Compares a host's tables, into which these statements are put, with the store in memory.
pub(crate) async fn compare(host: &HostStore, insert: impl AsyncFn(String)) -> Result<Tally, String> {
    let worlds = number("SCIM_CASES", 600).div_ceil(100);
    let differential = Differential::new(number("SCIM_SEED", 1) as u64)
        .with_worlds(worlds)
        .with_cases(100)
        .with_attributes(is_mapped);
    let (memory, mut tally) = (MemoryStore::new(), Tally::default());
    for number in 0..worlds {
        let mut world = differential.world(number);
        adapt(&mut world, 1000 * (number + 1));
        let filled = world.fill(&memory).await.unwrap();
        insert(rows(&world, &filled)).await;
        differential
            .compare(number, &world, (&memory, &filled), (host, &filled), &mut tally)
            .await?;
    }
    Ok(tally)
}

/// Gives each item a row's number that no other has, from this one on. Rows of two tables that were made at the same time
/// have no order, so these get another time.
fn adapt(world: &mut World, first: usize) {
    let mut before: Option<(DateTime<Utc>, bool)> = None;
    for (at, item) in world.items.iter_mut().enumerate() {
        item.draft.id = Some(id(item, first + at));
        if let Some((time, was_user)) = before {
            let least = TimeDelta::milliseconds(i64::from(was_user != is_user(item)));
            item.at = item.at.max(time + least);
        }
        before = Some((item.at, is_user(item)));
    }
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

fn id(item: &Item, key: usize) -> ResourceId {
    let prefix = if is_user(item) { "a" } else { "t" };
    ResourceId::new(format!("{prefix}{key}"))
}

fn is_user(item: &Item) -> bool {
    item.draft.kind.name() == "User"
}

/// The key of a row.
fn key(id: &ResourceId) -> &str {
    id.as_str().trim_start_matches(['a', 't'])
}

/// The host's statements for a world in a tenant.
fn rows(world: &World, filled: &Filled) -> String {
    let mut sql = String::from("BEGIN;\n");
    let org = filled.scope.tenant().as_str();
    for (item, id) in world.items.iter().zip(&filled.ids) {
        let Some(id) = id else { continue };
        if is_user(item) {
            account(&mut sql, org, item, key(id));
        } else {
            team(&mut sql, org, item, key(id));
            members(&mut sql, world, filled, item, key(id));
        }
    }
    let now = filled.scope.now.timestamp_millis();
    for number in &world.removed {
        if let Some(id) = &filled.ids[*number] {
            removal(&mut sql, key(id), is_user(&world.items[*number]), now);
        }
    }
    unseen(&mut sql, org);
    sql + "COMMIT;"
}

fn account(sql: &mut String, org: &str, item: &Item, key: &str) {
    let body = Value::Object(item.draft.resource.attributes().clone());
    let name = body["userName"].as_str().unwrap();
    let status = match body["active"].as_bool() {
        Some(true) => "enabled",
        Some(false) => "disabled",
        None => "unset",
    };
    let values = [
        key.to_owned(),
        quoted(org),
        quoted(name),
        quoted(&UserNameKey::map(name)),
        twice(&body["displayName"]),
        text(&body["externalId"]),
        twice(&body["name"]["givenName"]),
        twice(&body["name"]["familyName"]),
        twice(&body["nickName"]),
        twice(&body["title"]),
        quoted(status),
        twice(&body[ENTERPRISE]["department"]),
        item.at.timestamp_millis().to_string(),
        item.at.timestamp_millis().to_string(),
        "'red', 1".to_owned(),
    ];
    writeln!(sql, "INSERT INTO accounts VALUES ({});", values.join(", ")).unwrap();
    let emails = body["emails"].as_array().into_iter().flatten();
    for (position, email) in emails.enumerate() {
        let values = [
            key.to_owned(),
            position.to_string(),
            twice(&email["value"]),
            twice(&email["type"]),
            twice(&email["display"]),
            email["primary"]
                .as_bool()
                .map_or("NULL".to_owned(), |is_main| is_main.to_string()),
        ];
        writeln!(sql, "INSERT INTO account_emails VALUES ({});", values.join(", ")).unwrap();
    }
}

fn team(sql: &mut String, org: &str, item: &Item, key: &str) {
    let name = &item.draft.resource.attributes()["displayName"];
    let external = item.draft.resource.get("externalId").unwrap_or(&Value::Null);
    let (org, name, external, at) = (quoted(org), twice(name), text(external), item.at.timestamp_millis());
    writeln!(
        sql,
        "INSERT INTO teams VALUES ({key}, {org}, {name}, {external}, {at}, {at}, 1);"
    )
    .unwrap();
}

fn members(sql: &mut String, world: &World, filled: &Filled, item: &Item, team: &str) {
    for (position, member) in item.members.iter().enumerate() {
        let Some(id) = &filled.ids[*member] else { continue };
        let table = if is_user(&world.items[*member]) {
            "team_members"
        } else {
            "team_teams"
        };
        writeln!(sql, "INSERT INTO {table} VALUES ({team}, {}, {position});", key(id)).unwrap();
    }
}

/// A deletion takes a resource out of its groups, which changes them.
fn removal(sql: &mut String, key: &str, is_user: bool, now: i64) {
    let (links, team, member) = match is_user {
        true => ("team_members", "team_id", "account_id"),
        false => ("team_teams", "outer_id", "inner_id"),
    };
    let rest = match is_user {
        true => format!("DELETE FROM account_emails WHERE account_id = {key}; DELETE FROM accounts WHERE id = {key};"),
        false => format!(
            "DELETE FROM team_teams WHERE outer_id = {key}; DELETE FROM team_members WHERE team_id = {key};
             DELETE FROM teams WHERE id = {key};"
        ),
    };
    writeln!(
        sql,
        "UPDATE teams SET revision = revision + 1, changed_at = {now} WHERE id IN (SELECT {team} FROM {links} WHERE {member} = {key});
         DELETE FROM {links} WHERE {member} = {key}; {rest}"
    )
    .unwrap();
}

/// What clients must not see: an account of a service, members of another tenant, and groups of it with members of this one.
fn unseen(sql: &mut String, org: &str) {
    let org = quoted(org);
    writeln!(
        sql,
        "INSERT INTO accounts (org, login, login_key, status, created_at, changed_at, badge_color)
         VALUES ({org}, 'robot', 'robot', 'service', 0, 0, 'red'), ('other', {org}, {org}, 'enabled', 0, 0, 'red');
         INSERT INTO teams (org, name, name_key, created_at, changed_at, revision) VALUES ('other', 'ann', 'ann', 0, 0, 1);
         INSERT INTO team_members SELECT t.id, a.id, 900 FROM teams t, accounts a
         WHERE t.org = {org} AND (a.org = 'other' OR a.status = 'service') AND a.login IN ({org}, 'robot');
         INSERT INTO team_members SELECT t.id, a.id, 901 FROM teams t, accounts a
         WHERE t.org = 'other' AND a.org = {org} AND a.status <> 'service';"
    )
    .unwrap();
}

/// A text and what it is compared by.
fn twice(value: &Value) -> String {
    let key = value.as_str().map(|value| fold(value).into_owned());
    format!("{}, {}", text(value), text(&key.into()))
}

fn text(value: &Value) -> String {
    value.as_str().map_or("NULL".to_owned(), quoted)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
