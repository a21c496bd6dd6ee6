//! Test binaries that run again on another store: `cargo test -p scim-conformance --test same_on`.

#![cfg(unix)]

use std::env;

use scim_conformance::stores::{Rerun, StoreKind, block_on};
use scim_conformance::{StoreFactory, StoreOptions};

/// Set where a test is to fail, and told what else is there.
const FAILS: &str = "SCIM_TEST_FAILS_ON";

/// Runs in the binary that is run again as well.
#[test]
fn a_store_is_open() {
    let kind = StoreKind::from_env().unwrap();
    if env::var(FAILS).is_ok_and(|name| name == kind.name()) {
        let server = env::var("SCIM_TEST_POSTGRES").unwrap_or_default();
        panic!("told to fail on {kind} {server}");
    }
    if kind == StoreKind::Memory {
        let store = block_on(kind.open(StoreOptions::default())).unwrap();
        assert_eq!(block_on(store.dump()).unwrap(), serde_json::json!({}));
    }
}

#[test]
fn same_on_memory() {
    Rerun::on(StoreKind::Memory).run().unwrap();
}

#[test]
fn same_on_memory_fails_with_what_was_written() {
    let rerun = Rerun::on(StoreKind::Memory).variable(FAILS, "memory");
    let error = rerun.run().unwrap_err().to_string();
    assert!(error.starts_with("on memory, the tests do not end the same"), "{error}");
    assert!(error.contains("told to fail on memory"), "{error}");
    assert!(!error.contains("test same_on_"), "{error}");
}

#[test]
fn same_on_postgres_is_told_the_server() {
    let rerun = Rerun::on(StoreKind::Postgres).variable(FAILS, "postgres");
    let error = rerun.run().unwrap_err().to_string();
    assert!(error.contains("told to fail on postgres postgres://"), "{error}");
}
