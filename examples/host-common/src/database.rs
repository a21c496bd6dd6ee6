//! Where everything is kept.

use std::{error::Error, fmt, path::PathBuf, str::FromStr, sync::Arc};

use scim_http::store::{MemoryStore, ScimStore};
use scim_sql::{PgStore, SqliteStore};

/// A store to be opened.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Database {
    Memory,
    Postgres(String),
    Sqlite(PathBuf),
}

impl Database {
    /// Opens the store, and makes its file and tables where they are missing.
    ///
    /// # Errors
    ///
    /// Where it cannot be reached, or was written by a newer release.
    pub(crate) async fn open(&self) -> Result<Arc<dyn ScimStore>, Box<dyn Error>> {
        Ok(match self {
            Self::Memory => Arc::new(MemoryStore::new()),
            Self::Postgres(url) => Arc::new(PgStore::connect(url).await?),
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
        })
    }
}

impl FromStr for Database {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(text.to_owned())),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err("memory, sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE is wanted"),
        }
    }
}

/// The URL may hold a password.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "Memory",
            Self::Postgres(_) => "Postgres",
            Self::Sqlite(_) => "Sqlite",
        })
    }
}
