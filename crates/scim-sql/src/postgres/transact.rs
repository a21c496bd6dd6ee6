//! Verbs on connections: transactions, and what to do where they fail.

use std::{future::Future, sync::atomic::Ordering, time::Duration};

use scim_store::{Result, StoreError};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, Row as _, pool::PoolConnection};

use super::{
    Inner, PgSession,
    session::{Mode, within},
};
use crate::{
    error::{Failure, SqlError},
    retry::Retry,
};

/// Something to be done on a session, again and again if need be.
pub(crate) trait Job: Sync {
    type Answer: Send;

    fn run(&self, session: &mut PgSession<'_>) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;

    /// Looks for what an earlier run did whose answer was lost, where that can be seen.
    fn recall(&self) -> impl Future<Output = Result<Option<Self::Answer>>> + Send {
        std::future::ready(Ok(None))
    }
}

/// How a try ended.
enum Ended<T> {
    Done(T),
    Failed(Failure),
    /// The answer to the commit was lost.
    Unknown {
        answer: T,
        transaction: Option<String>,
        error: SqlError,
    },
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    Snapshot,
    Write,
}

/// A connection for a transaction. Where it is dropped before the transaction has begun, it is closed: sqlx 0.9.0 gives
/// it back with a transaction that nobody ends (sqlx issue 4393).
struct Held {
    connection: PoolConnection<Postgres>,
    has_begun: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.has_begun {
            self.connection.close_on_drop();
        }
    }
}

/// What became of a transaction.
enum Fate {
    Aborted,
    Committed,
    Unknown,
}

impl Inner {
    /// Runs a job without a transaction: each of its statements is one.
    pub(crate) async fn read<J: Job>(&self, job: &J) -> Result<J::Answer> {
        let mut retry = Retry::within(self.deadline);
        loop {
            match self.try_read(job).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => self.pause(&mut retry, failure).await?,
            }
        }
    }

    /// Runs a job that reads, all of one state of the database.
    pub(super) async fn snapshot<J: Job>(&self, job: &J) -> Result<J::Answer> {
        let mut retry = Retry::within(self.deadline);
        loop {
            match self.try_in(job, Begin::Snapshot).await {
                Ended::Done(answer) | Ended::Unknown { answer, .. } => return Ok(answer),
                Ended::Failed(failure) => self.pause(&mut retry, failure).await?,
            }
        }
    }

    /// Runs a job whose writing is one statement, without a transaction around it; where that does not work out, in one.
    pub(super) async fn alone<J: Job>(&self, job: &J) -> Result<J::Answer> {
        let (failure, wrote) = match self.try_alone(job).await {
            Ok(answer) => return Ok(answer),
            Err(ended) => ended,
        };
        if !failure.is_temporary() {
            return Err(failure.into());
        }
        let lost = wrote && matches!(failure, Failure::Sql(SqlError::Lost(_)));
        self.write_behind(job, lost).await
    }

    /// Runs a job in a transaction of its own.
    ///
    /// Where other transactions are in the way or the connection is lost before the commit, nothing has happened, and the
    /// whole job is run again. Where it is lost during the commit, the server is asked what became of it: either that was
    /// committed, and the answer holds, or it was not, and the job is run again. Only where the server cannot tell within
    /// the deadline, the answer is `Unavailable` and the change may or may not have been made.
    pub(crate) async fn write<J: Job>(&self, job: &J) -> Result<J::Answer> {
        self.write_behind(job, false).await
    }

    /// The same, perhaps behind a run that may have done the work and could not say so.
    async fn write_behind<J: Job>(&self, job: &J, lost: bool) -> Result<J::Answer> {
        let mut retry = Retry::within(self.deadline);
        loop {
            if lost && let Ok(Some(answer)) = job.recall().await {
                return Ok(answer);
            }
            match self.try_in(job, Begin::Write).await {
                Ended::Done(answer) => return Ok(answer),
                Ended::Failed(Failure::Store(error)) if lost => return Err(doubtful(error)),
                Ended::Failed(failure) => self.pause(&mut retry, failure).await?,
                Ended::Unknown {
                    answer,
                    transaction,
                    error,
                } => match self.fate(transaction, &mut retry).await {
                    Fate::Committed => return Ok(answer),
                    Fate::Aborted => self.pause(&mut retry, error.into()).await?,
                    Fate::Unknown => return Err(error.into()),
                },
            }
        }
    }

    /// A connection, with its first use still to come.
    pub(super) async fn connection(&self) -> Result<PoolConnection<Postgres>, SqlError> {
        within(self.deadline, self.pool.acquire()).await
    }

    fn session<'c>(&'c self, connection: &'c mut PgConnection, mode: Mode) -> PgSession<'c> {
        PgSession::new(connection, &self.shared, mode)
    }

    async fn try_read<J: Job>(&self, job: &J) -> Result<J::Answer, Failure> {
        self.try_alone(job).await.map_err(|(failure, _)| failure)
    }

    /// One run without a transaction; a failure tells whether something may have been written.
    async fn try_alone<J: Job>(&self, job: &J) -> Result<J::Answer, (Failure, bool)> {
        let mut connection = self.connection().await.map_err(|error| (error.into(), false))?;
        let mut session = self.session(&mut connection, Mode::Alone);
        let answer = job.run(&mut session).await;
        let wrote = session.wrote();
        answer.map_err(|failure: Failure| {
            if matches!(failure, Failure::Sql(SqlError::Lost(_))) {
                connection.close_on_drop();
            }
            (failure, wrote)
        })
    }

    async fn try_in<J: Job>(&self, job: &J, mode: Begin) -> Ended<J::Answer> {
        let connection = match self.connection().await {
            Ok(connection) => connection,
            Err(error) => return Ended::Failed(error.into()),
        };
        let mut held = Held {
            connection,
            has_begun: false,
        };
        let ended = self.transact(&mut held, job, mode).await;
        let is_lost = matches!(
            ended,
            Ended::Unknown { .. } | Ended::Failed(Failure::Sql(SqlError::Lost(_)))
        );
        if is_lost {
            held.connection.close_on_drop();
        }
        ended
    }

    /// Wherever this is dropped or returns early, the transaction is rolled back by sqlx before the connection is used again.
    async fn transact<J: Job>(&self, held: &mut Held, job: &J, mode: Begin) -> Ended<J::Answer> {
        let Held { connection, has_begun } = held;
        let numbered = mode == Begin::Write && self.tells_fate(connection).await;
        self.shared.trips.fetch_add(1, Ordering::Relaxed);
        let begin = AssertSqlSafe(mode.text(self.deadline));
        let mut transaction = match within(self.deadline, connection.begin_with(begin)).await {
            Ok(transaction) => transaction,
            Err(error) => return Ended::Failed(error.into()),
        };
        *has_begun = true;
        let mut session = self.session(&mut transaction, Mode::Transaction { numbered });
        let answer = match job.run(&mut session).await {
            Ok(answer) => answer,
            Err(failure) => return Ended::Failed(failure),
        };
        let number = session.into_transaction();
        self.shared.trips.fetch_add(1, Ordering::Relaxed);
        match within(self.deadline, transaction.commit()).await {
            Ok(()) => Ended::Done(answer),
            Err(error @ SqlError::Lost(_)) => Ended::Unknown {
                answer,
                transaction: number,
                error,
            },
            Err(error) => Ended::Failed(error.into()),
        }
    }

    /// Waits before the next try, or says why there is none.
    async fn pause(&self, retry: &mut Retry, failure: Failure) -> Result<()> {
        if !failure.is_temporary() {
            return Err(failure.into());
        }
        let Some(pause) = retry.next() else {
            return Err(failure.into());
        };
        // After a restart of the server every idle connection is a dead one.
        let is_stale = matches!(failure, Failure::Sql(SqlError::Lost(_))) && self.pool.num_idle() > 0;
        if !is_stale {
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Asks what became of a transaction, until the server knows.
    async fn fate(&self, transaction: Option<String>, retry: &mut Retry) -> Fate {
        let Some(transaction) = transaction else {
            return Fate::Unknown;
        };
        loop {
            match self.ask_fate(&transaction).await {
                Ok(Some(fate)) if fate == "committed" => return Fate::Committed,
                Ok(Some(fate)) if fate == "aborted" => return Fate::Aborted,
                // It is still at work, although nobody listens.
                Ok(Some(_)) => {}
                Ok(None) => return Fate::Unknown,
                Err(error) if error.is_temporary() => {}
                Err(_) => return Fate::Unknown,
            }
            let Some(pause) = retry.next() else {
                return Fate::Unknown;
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Whether the server can be asked for the fate of a transaction: PostgreSQL can, some that speak its protocol cannot.
    async fn tells_fate(&self, connection: &mut PgConnection) -> bool {
        if let Some(known) = self.tells_fate.get() {
            return *known;
        }
        let query = sqlx::query("SELECT to_regprocedure('pg_catalog.pg_xact_status(xid8)') IS NOT NULL");
        let answer = within(self.deadline, query.fetch_one(connection)).await;
        match answer.and_then(|row| Ok(row.try_get::<bool, _>(0)?)) {
            Ok(known) => *self.tells_fate.get_or_init(|| known),
            Err(SqlError::Other(_)) => *self.tells_fate.get_or_init(|| false),
            Err(_) => false,
        }
    }

    async fn ask_fate(&self, transaction: &str) -> Result<Option<String>, SqlError> {
        let mut connection = self.connection().await?;
        self.shared.trips.fetch_add(1, Ordering::Relaxed);
        let query = sqlx::query("SELECT pg_xact_status($1::xid8)").bind(transaction);
        match within(self.deadline, query.fetch_one(&mut *connection)).await {
            Ok(row) => Ok(row.try_get(0)?),
            Err(error) => {
                connection.close_on_drop();
                Err(error)
            }
        }
    }
}

/// An error that may be about what the lost run did itself: what is true then is that nobody knows.
fn doubtful(error: StoreError) -> StoreError {
    match error {
        StoreError::Input(_) | StoreError::Precondition | StoreError::Uniqueness { .. } => StoreError::Unavailable {
            retry_after: 1,
            source: Some(Box::new(error)),
        },
        error => error,
    }
}

/// How long a transaction may wait for this process: a guard may take its time.
const LONGEST_IDLE: Duration = Duration::from_secs(300);

impl Begin {
    /// The text, which holds numbers of ours only. Isolation and limits are those of this transaction, whatever the host's
    /// pool has. Without the last limit, a host that vanished from the network would keep its locks for hours.
    fn text(self, deadline: Duration) -> String {
        let isolation = match self {
            Self::Snapshot => "REPEATABLE READ READ ONLY",
            Self::Write => "READ COMMITTED READ WRITE",
        };
        let (wait, idle) = (
            deadline.as_millis().clamp(1, i32::MAX as u128),
            LONGEST_IDLE.as_millis(),
        );
        format!(
            "BEGIN ISOLATION LEVEL {isolation}; SET LOCAL lock_timeout = {wait}; \
             SET LOCAL idle_in_transaction_session_timeout = {idle}"
        )
    }
}
