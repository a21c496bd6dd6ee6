//! Errors of sqlx, sorted by what can be done about them.

use sqlx::error::DatabaseError;

use crate::error::SqlError;

impl From<sqlx::Error> for SqlError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => match sort(database.as_ref()) {
                Sort::Conflict => Self::Conflict(error.into()),
                Sort::Lost => Self::Lost(error.into()),
                Sort::Unique(constraint) => Self::Unique(constraint),
                Sort::Other => Self::other(error),
            },
            // A connection in an odd state is as good as lost: the next one is not.
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Lost(error.into()),
            _ => Self::other(error),
        }
    }
}

enum Sort {
    Conflict,
    Lost,
    Unique(String),
    Other,
}

/// By SQLSTATE, as PostgreSQL's appendix A lists them.
fn sort(error: &dyn DatabaseError) -> Sort {
    let code = error.code().unwrap_or_default();
    match code.as_ref() {
        // unique_violation
        "23505" => Sort::Unique(error.constraint().unwrap_or_default().to_owned()),
        // serialization_failure, deadlock_detected, lock_not_available, query_canceled (a time limit); a cached plan that
        // a change of the tables made useless, which is cured by preparing anew
        "40001" | "40P01" | "55P03" | "57014" | "0A000" if code != "0A000" || is_stale_plan(error) => Sort::Conflict,
        // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections, idle_in_transaction_session_timeout,
        // and read_only_sql_transaction, which is what a server says that was just made a replica
        "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "25P03" | "25006" => Sort::Lost,
        // invalid_sql_statement_name: a pooler between put the session onto another connection
        "26000" => Sort::Lost,
        code if code.starts_with("08") => Sort::Lost,
        _ => Sort::Other,
    }
}

fn is_stale_plan(error: &dyn DatabaseError) -> bool {
    error.message().contains("cached plan")
}
