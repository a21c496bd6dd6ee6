//! The least work that any correct implementation of a case must do, written by hand for that case.

pub(crate) mod evaluate;
pub(crate) mod filter;
pub(crate) mod group;
pub(crate) mod patch;
pub(crate) mod postgres;
pub(crate) mod server;
pub(crate) mod sqlite;

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}
