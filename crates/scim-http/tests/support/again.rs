//! Every test of the binary once more on each of the stores of SQL.

use scim_conformance::stores::{Rerun, StoreKind};

#[test]
fn same_on_sqlite() {
    Rerun::on(StoreKind::Sqlite).run().unwrap();
}

#[test]
fn same_on_postgres() {
    Rerun::on(StoreKind::Postgres).run().unwrap();
}
