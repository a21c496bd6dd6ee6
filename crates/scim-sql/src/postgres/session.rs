//! A connection to PostgreSQL as a session.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use scim_core::schema::Registry;
use sqlx::{
    AssertSqlSafe, PgConnection, Row as _, ValueRef as _,
    postgres::{PgArguments, PgRow, PgValueRef},
    query::Query,
};

use crate::{
    Engine,
    delta::{Claim, Delta, Effects, RowChange, SeatRow, Step},
    error::SqlError,
    map::{KeptMaps, Maps},
    postgres::{
        fold::{Fold, fold, is_overtaken},
        schema::Schema,
    },
    session::Session,
    statement::{Row, Statement, Value},
};

/// What all sessions of a store share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(super) schema: Schema,
    /// How often the server was waited for.
    pub(super) trips: AtomicU64,
    /// How long one answer of the server is waited for: a network that swallows everything must not hold a request for ever.
    pub(super) patience: Duration,
    maps: Mutex<KeptMaps>,
}

impl Shared {
    pub(super) fn new(schema: Schema, patience: Duration) -> Self {
        Self {
            schema,
            trips: AtomicU64::new(0),
            patience,
            maps: Mutex::default(),
        }
    }
}

/// A connection that a verb runs on, in a transaction or without one.
#[derive(Debug)]
pub(crate) struct PgSession<'c> {
    connection: &'c mut PgConnection,
    shared: &'c Shared,
    mode: Mode,
    /// Whether something may have been written.
    wrote: bool,
    /// The number of the transaction, as far as a statement told it.
    transaction: Option<String>,
}

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Each statement is a transaction of its own; so is what a verb writes, whole.
    Alone,
    /// The statements are parts of one transaction; whether its number is wanted.
    Transaction { numbered: bool },
}

impl<'c> PgSession<'c> {
    pub(crate) fn new(connection: &'c mut PgConnection, shared: &'c Shared, mode: Mode) -> Self {
        Self {
            connection,
            shared,
            mode,
            wrote: false,
            transaction: None,
        }
    }

    /// Whether each statement is a transaction of its own.
    pub(super) fn is_alone(&self) -> bool {
        self.mode == Mode::Alone
    }

    /// Whether something may have been written, also where the answer was lost.
    pub(super) fn wrote(&self) -> bool {
        self.wrote
    }

    /// Whether the number of the transaction is wanted.
    pub(super) fn is_numbered(&self) -> bool {
        matches!(self.mode, Mode::Transaction { numbered: true })
    }

    /// Runs a statement whose first column is the number of the transaction, where that is wanted.
    pub(super) async fn rows_with_number(&mut self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        let rows = self.rows(statement).await?;
        if let Some(row) = rows.first().filter(|_| self.is_numbered()) {
            self.transaction = Some(row.text(0)?.to_owned());
        }
        Ok(rows)
    }

    /// The number of the transaction, to ask what became of it should the answer to its commit be lost.
    pub(super) fn into_transaction(self) -> Option<String> {
        self.transaction
    }

    /// Runs a statement that writes for its rows.
    pub(super) async fn rows_of_write(&mut self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        self.wrote = true;
        self.rows(statement).await
    }
}

impl Session for PgSession<'_> {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn schema(&self) -> &str {
        self.shared.schema.prefix()
    }

    fn maps(&mut self, kinds: &Arc<Registry>) -> Arc<Maps> {
        let mut kept = self.shared.maps.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(Engine::Postgres, self.shared.schema.prefix(), kinds)
    }

    fn statement(&self, template: &str, values: Vec<Value>) -> Statement {
        if self.is_alone() {
            // A lock that ends with its statement protects nothing, and costs a write.
            let template = template
                .replace("{update}", "")
                .replace("{delete}", "")
                .replace("{share}", "");
            return Statement::of(Engine::Postgres, self.shared.schema.prefix(), &template, values);
        }
        Statement::of(Engine::Postgres, self.shared.schema.prefix(), template, values)
    }

    async fn rows(&mut self, statement: &Statement) -> Result<Vec<Row>, SqlError> {
        self.shared.trips.fetch_add(1, Ordering::Relaxed);
        let answer = query(statement).fetch_all(&mut *self.connection);
        let rows = within(self.shared.patience, answer).await?;
        rows.iter().map(row).collect()
    }

    async fn run(&mut self, statement: &Statement) -> Result<u64, SqlError> {
        self.wrote = true;
        self.shared.trips.fetch_add(1, Ordering::Relaxed);
        let answer = query(statement).execute(&mut *self.connection);
        Ok(within(self.shared.patience, answer).await?.rows_affected())
    }

    async fn apply(&mut self, delta: &Delta) -> Result<bool, SqlError> {
        let prefix = self.shared.schema.prefix();
        let (steps, how) = match self.mode {
            Mode::Alone => {
                let (names, mut rest) = part(delta);
                rest.released.extend(names.released);
                let mut steps = rest.steps(Engine::Postgres, prefix, Effects::Returned);
                steps.extend(names.claimed.iter().flat_map(|claim| first_claim(delta, claim, prefix)));
                (steps, Fold::Alone)
            }
            Mode::Transaction { numbered } => {
                let (names, rest) = part(delta);
                if !names.claimed.is_empty() && !self.apply_in_steps(&names).await? {
                    return Ok(false);
                }
                (
                    rest.steps(Engine::Postgres, prefix, Effects::Returned),
                    Fold::InTransaction { numbered },
                )
            }
        };
        let rows = match self.rows_of_write(&fold(&steps, how)).await {
            Err(error) if is_overtaken(&error) => return Ok(false),
            rows => rows?,
        };
        let row = rows.first().ok_or_else(|| SqlError::other("a write has no answer"))?;
        if let Mode::Transaction { numbered: true } = self.mode {
            self.transaction = Some(row.text(1)?.to_owned());
        }
        Ok(row.int(0)? > 0)
    }
}

/// Parts a write into the names that others may have under a condition (decision D23), and the rest.
///
/// Such a name is locked first and looked for then. That cannot be one statement, as a statement sees only what was there
/// when it began.
fn part(delta: &Delta) -> (Delta, Delta) {
    let mut rest = delta.clone();
    let mut names = Delta {
        row: RowChange::None,
        touched: Vec::new(),
        released: Vec::new(),
        claimed: Vec::new(),
        unlisted: Vec::new(),
        listed: Vec::new(),
        left: Vec::new(),
        joined: None,
        count: None,
        seat: SeatRow::Keep,
        records: Vec::new(),
        ..delta.clone()
    };
    // What is given up goes before what is claimed.
    names.released = std::mem::take(&mut rest.released);
    (names.claimed, rest.claimed) = rest.claimed.into_iter().partition(|claim| claim.qualifier.is_some());
    if names.claimed.is_empty() {
        rest.released = std::mem::take(&mut names.released);
    }
    (names, rest)
}

/// Claims a name that nobody has or ever had, without a lock: everybody who claims a name puts a row without qualifier, so
/// whoever puts it first keeps all others waiting at it.
///
/// Whoever gives a name up that has no qualifier takes that row along, and puts it again before the next claim of the same
/// write: while anybody has the name, the row is there.
fn first_claim(delta: &Delta, claim: &Claim, schema: &str) -> Vec<Step> {
    let put = |qualifier: String, id: &str| {
        let values: Vec<Value> = vec![
            delta.tenant.as_str().into(),
            delta.kind.as_str().into(),
            claim.attribute.as_str().into(),
            claim.key.as_str().into(),
            qualifier.into(),
            id.into(),
        ];
        let template = "INSERT INTO {s}scim_unique (tenant, kind, attribute, key, qualifier, id) \
                        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
        let statement = Statement::of(Engine::Postgres, schema, template, values);
        Step::new(statement, 1)
    };
    let id = delta.id.as_str();
    let own = claim.qualifier();
    if own.is_empty() {
        return vec![put(own, id)];
    }
    vec![put(String::new(), ""), put(own, id)]
}

/// An answer of the server, if it comes in time.
pub(crate) async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, SqlError> {
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => Ok(answer?),
        Err(elapsed) => Err(SqlError::Lost(elapsed.into())),
    }
}

/// The text is safe: it is the library's and the host's, see [`Statement`].
fn query(statement: &Statement) -> Query<'_, sqlx::Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(statement.text()));
    statement.values().iter().fold(query, |query, value| match value {
        Value::Bool(value) => query.bind(value),
        Value::Int(value) => query.bind(value),
        Value::Text(value) => query.bind(value.as_deref()),
        Value::Texts(list) => query.bind(list),
    })
}

fn row(row: &PgRow) -> Result<Row, SqlError> {
    let values = (0..row.columns().len()).map(|column| value(column, row.try_get_raw(column)?));
    Ok(Row::new(values.collect::<Result<_, SqlError>>()?))
}

/// Values come in the binary form, which for text is the text.
fn value(column: usize, value: PgValueRef<'_>) -> Result<Value, SqlError> {
    /// The numbers of PostgreSQL's own types, which never change.
    mod oid {
        pub(super) const BOOL: u32 = 16;
        pub(super) const INT8: u32 = 20;
        pub(super) const INT2: u32 = 21;
        pub(super) const INT4: u32 = 23;
        pub(super) const TEXTS: [u32; 5] = [19, 25, 705, 1042, 1043];
    }
    let kind = value.type_info().oid().map_or(0, |oid| oid.0);
    let bytes = if value.is_null() {
        None
    } else {
        Some(value.as_bytes().map_err(SqlError::Other)?)
    };
    let wrong = || SqlError::column(column, "what its type says");
    Ok(match kind {
        oid::BOOL => Value::Bool(match bytes {
            Some(bytes) => Some(bytes.first().ok_or_else(wrong)? != &0),
            None => None,
        }),
        oid::INT2 | oid::INT4 | oid::INT8 => Value::Int(match bytes {
            Some(bytes) => Some(whole(bytes).ok_or_else(wrong)?),
            None => None,
        }),
        kind if oid::TEXTS.contains(&kind) => Value::Text(match bytes {
            Some(bytes) => Some(str::from_utf8(bytes).map_err(SqlError::other)?.to_owned()),
            None => None,
        }),
        _ => return Err(SqlError::column(column, "a Boolean, a whole number or text")),
    })
}

fn whole(bytes: &[u8]) -> Option<i64> {
    match bytes.len() {
        2 => Some(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        4 => Some(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        _ => Some(i64::from_be_bytes(bytes.try_into().ok()?)),
    }
}
