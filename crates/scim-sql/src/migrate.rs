//! The versions of the library's tables, and the way from one to the next.
//!
//! Each migration is one transaction together with its row in `scim_migration`. Whatever interrupts it, it is there as a
//! whole or not at all, and the next start goes on behind the last one that is there.

use crate::{
    Engine, OpenError,
    error::SqlError,
    session::Session,
    statement::{Row, Statement, Value},
};

/// One step of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Migration {
    version: i64,
    name: &'static str,
    text: &'static str,
}

/// Why a migration did not happen.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The tables are not for this release.
    Open(OpenError),
    Sql(SqlError),
}

const POSTGRES: &[Migration] = &[
    Migration {
        version: 1,
        name: "tables",
        text: include_str!("tables/postgres_0001.sql"),
    },
    Migration {
        version: 2,
        name: "seats",
        text: include_str!("tables/postgres_0002.sql"),
    },
    Migration {
        version: 3,
        name: "tenants",
        text: include_str!("tables/postgres_0003.sql"),
    },
    Migration {
        version: 4,
        name: "events",
        text: include_str!("tables/postgres_0004.sql"),
    },
    Migration {
        version: 5,
        name: "methods",
        text: include_str!("tables/postgres_0005.sql"),
    },
    Migration {
        version: 6,
        name: "stretches",
        text: include_str!("tables/postgres_0006.sql"),
    },
    Migration {
        version: 7,
        name: "resend",
        text: include_str!("tables/postgres_0007.sql"),
    },
];

const SQLITE: &[Migration] = &[
    Migration {
        version: 1,
        name: "tables",
        text: include_str!("tables/sqlite_0001.sql"),
    },
    Migration {
        version: 2,
        name: "seats",
        text: include_str!("tables/sqlite_0002.sql"),
    },
    Migration {
        version: 3,
        name: "tenants",
        text: include_str!("tables/sqlite_0003.sql"),
    },
    Migration {
        version: 4,
        name: "events",
        text: include_str!("tables/sqlite_0004.sql"),
    },
    Migration {
        version: 5,
        name: "methods",
        text: include_str!("tables/sqlite_0005.sql"),
    },
    Migration {
        version: 6,
        name: "stretches",
        text: include_str!("tables/sqlite_0006.sql"),
    },
    Migration {
        version: 7,
        name: "resend",
        text: include_str!("tables/sqlite_0007.sql"),
    },
];

/// All migrations, in their order.
pub(crate) fn migrations(engine: Engine) -> &'static [Migration] {
    match engine {
        Engine::Postgres => POSTGRES,
        Engine::Sqlite => SQLITE,
    }
}

/// Does the next migration, if there is one: whether it did.
///
/// The caller has opened a transaction that keeps others from migrating, commits it, and asks again until there is no more.
pub(crate) async fn step<S: Session>(session: &mut S, known: &[Migration], now: i64) -> Result<bool, Halt> {
    let engine = session.engine();
    let schema = session.schema().to_owned();
    let statement = |text: &str| Statement::fixed(engine, text.replace("{s}", &schema), Vec::new());
    let table = "CREATE TABLE IF NOT EXISTS {s}scim_migration \
                 (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied BIGINT NOT NULL)";
    session.run(&statement(table)).await?;
    let Some(migration) = missing(session, known).await? else {
        return Ok(false);
    };
    for text in statements(migration.text) {
        session.run(&statement(&text)).await?;
    }
    let values: Vec<Value> = vec![migration.version.into(), migration.name.into(), now.into()];
    let record = "INSERT INTO {s}scim_migration (version, name, applied) VALUES (?1, ?2, ?3)";
    let record = session.statement(record, values);
    session.run(&record).await?;
    Ok(true)
}

/// The migration that a database with a table of migrations lacks, read without any lock.
pub(crate) async fn missing<'k, S: Session>(
    session: &mut S,
    known: &'k [Migration],
) -> Result<Option<&'k Migration>, Halt> {
    let list = session.statement(
        "SELECT version, name FROM {s}scim_migration ORDER BY version",
        Vec::new(),
    );
    let rows = session.rows(&list).await?;
    let row = |row: &Row| Ok((row.int(0)?, row.text(1)?.to_owned()));
    let applied: Vec<(i64, String)> = rows.iter().map(row).collect::<Result<_, SqlError>>()?;
    next(known, &applied).map_err(Halt::Open)
}

/// The migration behind those that are there.
pub(crate) fn next<'k>(known: &'k [Migration], applied: &[(i64, String)]) -> Result<Option<&'k Migration>, OpenError> {
    let last = known.last().map_or(0, |migration| migration.version);
    if let Some((found, _)) = applied.iter().find(|(version, _)| *version > last) {
        let (found, known) = (*found, last);
        return Err(OpenError::Newer { found, known });
    }
    for migration in known {
        match applied.iter().find(|(version, _)| *version == migration.version) {
            None => return Ok(Some(migration)),
            Some((_, name)) if name == migration.name => {}
            Some((version, name)) => {
                let (version, found) = (*version, name.clone());
                return Err(OpenError::Foreign { version, found });
            }
        }
    }
    Ok(None)
}

/// The statements of a file of ours: parted by semicolons at the ends of lines, without comments.
fn statements(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default().trim_end());
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let text = lines.join("\n");
    let parts = text.split(";\n").map(|part| part.trim_end_matches(';'));
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

impl From<SqlError> for Halt {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The tables of this release, as one text.
    pub(crate) fn tables(engine: Engine) -> String {
        let texts = migrations(engine).iter().map(|migration| migration.text);
        texts.collect::<String>().replace("{s}", "")
    }

    fn applied(rows: &[(i64, &str)]) -> Vec<(i64, String)> {
        rows.iter()
            .map(|(version, name)| (*version, (*name).to_owned()))
            .collect()
    }

    const TWO: [Migration; 2] = [
        Migration {
            version: 1,
            name: "tables",
            text: "",
        },
        Migration {
            version: 2,
            name: "more",
            text: "",
        },
    ];

    #[test]
    fn migrations_are_done_in_their_order_and_once() {
        let number = |rows: &[(i64, &str)]| next(&TWO, &applied(rows)).unwrap().map(|next| next.version);
        assert_eq!(number(&[]), Some(1));
        assert_eq!(number(&[(1, "tables")]), Some(2));
        assert_eq!(number(&[(1, "tables"), (2, "more")]), None);
    }

    #[test]
    fn tables_of_a_later_release_are_refused() {
        let error = next(&TWO, &applied(&[(1, "tables"), (2, "more"), (3, "later")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the tables have version 3 and this release knows version 2: use a later release"
        );
    }

    #[test]
    fn tables_of_something_else_are_refused() {
        let error = next(&TWO, &applied(&[(1, "accounts")])).unwrap_err();
        assert!(error.to_string().contains("`accounts` as its migration 1"), "{error}");
    }

    #[test]
    fn files_are_parted_into_their_statements() {
        for engine in [Engine::Postgres, Engine::Sqlite] {
            for migration in migrations(engine) {
                let parts = statements(migration.text);
                let verbs = ["ALTER ", "CREATE ", "DROP ", "ANALYZE ", "INSERT "];
                let starts = |line: &str| verbs.iter().any(|verb| line.starts_with(verb));
                assert_eq!(parts.len(), migration.text.lines().filter(|line| starts(line)).count());
                assert!(parts.iter().all(|part| starts(part) && !part.contains([';'])));
                assert!(parts.iter().all(|part| !part.contains("--")));
            }
        }
    }
}
