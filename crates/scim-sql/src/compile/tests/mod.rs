//! What is compiled, on SQLite in memory.

mod conditions;
mod host;
mod plans;

use std::sync::Arc;

use rusqlite::Connection;
use scim_conformance::{block_on, differential};
use scim_core::{
    Dialect,
    attr::AttrPath,
    filter::{Filter, FilterLimits, FilterScope, Predicate},
    query::{Page, Query, Target},
    schema::ResourceType,
    sort::SortKey,
};

use crate::{
    Engine,
    map::{TableMap, table_map},
    migrate,
    session::Session,
    sqlite::SqliteSession,
    statement::Statement,
};

/// The library's tables, empty.
fn session() -> SqliteSession {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(&migrate::tests::tables(Engine::Sqlite))
        .unwrap();
    SqliteSession::new(connection)
}

fn kind(name: &str) -> Arc<ResourceType> {
    Arc::clone(differential::kinds().by_name(name).unwrap())
}

fn map(kind: &ResourceType) -> Arc<TableMap> {
    Arc::new(table_map(kind, &differential::kinds(), "", Engine::Sqlite))
}

fn predicate(kind: &ResourceType, filter: &str) -> Predicate {
    let scope = FilterScope {
        kind,
        dialect: &Dialect::default(),
        base: "",
        across_types: false,
        in_url: false,
    };
    let limits = FilterLimits::default().with_max_depth(FilterLimits::DEPTH_CEILING);
    let limits = limits.with_max_bytes(1 << 20).with_max_terms(5000);
    Predicate::resolve(&Filter::parse_with(filter, &limits).unwrap(), &scope).unwrap()
}

fn query(kind: &Arc<ResourceType>, filter: Option<&str>, sort: Option<&str>, page: Page) -> Query {
    let sort = sort.map(|path| SortKey::locate(&AttrPath::parse(path).unwrap(), kind, &Dialect::default()).unwrap());
    let is_sorted = sort.is_some();
    let filter = filter.map(|filter| predicate(kind, filter));
    let mut query = Query::new(vec![Target::new(Arc::clone(kind), filter, sort)], page);
    query.sorted = is_sorted;
    query
}

/// What SQLite says that it will do for a statement.
fn plan(session: &mut SqliteSession, statement: &Statement) -> String {
    let text = format!("EXPLAIN QUERY PLAN {}", statement.text());
    let explain = Statement::fixed(Engine::Sqlite, text, statement.values().to_vec());
    let rows = block_on(session.rows(&explain)).unwrap();
    let details: Vec<&str> = rows.iter().map(|row| row.text(3).unwrap()).collect();
    details.join("\n")
}
