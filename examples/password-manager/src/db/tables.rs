//! The product's tables, for each engine.

const TABLES: &str = include_str!("tables.sql");

/// For PostgreSQL, where comparison by bytes has to be asked for, so that ranges and orders use their indexes.
pub(super) fn postgres() -> String {
    with("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "COLLATE \"C\"")
}

/// For SQLite, which compares by bytes.
pub(super) fn sqlite() -> String {
    with("INTEGER PRIMARY KEY AUTOINCREMENT", "")
}

fn with(serial: &str, exact: &str) -> String {
    TABLES.replace(":serial", serial).replace(":exact", exact)
}
