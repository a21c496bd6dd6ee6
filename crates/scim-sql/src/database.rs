//! Work on whichever database a store is on, beside its resources.

#[cfg(feature = "sqlite")]
use std::sync::Arc;
use std::{fmt, future::Future};

use scim_store::Result;

#[cfg(feature = "postgres")]
use crate::postgres::{Job, PgSession, PgStore};
#[cfg(feature = "sqlite")]
use crate::sqlite::{Line, SqliteSession, Threads, done};
use crate::{error::Failure, session::Session};

/// The database of a store.
#[derive(Clone)]
pub(crate) enum Database {
    #[cfg(feature = "postgres")]
    Postgres(PgStore),
    #[cfg(feature = "sqlite")]
    Sqlite(Arc<Threads>),
}

/// Work, written once for every session; it may be done again where other transactions are in the way.
pub(crate) trait Task: Send + Sync + 'static {
    type Answer: Send + 'static;

    fn run<S: Session>(&self, session: &mut S) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

impl Database {
    /// One statement that reads, or several that need not see the same state.
    pub(crate) async fn read<T: Task>(&self, task: T) -> Result<T::Answer> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.inner().read(&OnPostgres(task)).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(threads) => threads.read(move |session| done(task.run(session))).await,
        }
    }

    /// Work in a transaction of its own.
    pub(crate) async fn write<T: Task>(&self, task: T) -> Result<T::Answer> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(store) => store.inner().write(&OnPostgres(task)).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(threads) => {
                let work = move |session: &mut SqliteSession, _: &mut Line<_>| done(task.run(session));
                threads.write(None, work).await
            }
        }
    }
}

/// Shows nothing of what is kept.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "Postgres",
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => "Sqlite",
        })
    }
}

#[cfg(feature = "postgres")]
struct OnPostgres<T>(T);

#[cfg(feature = "postgres")]
impl<T: Task> Job for OnPostgres<T> {
    type Answer = T::Answer;

    async fn run(&self, session: &mut PgSession<'_>) -> Result<T::Answer, Failure> {
        self.0.run(session).await
    }
}
