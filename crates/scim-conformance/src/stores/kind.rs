use std::{env, error::Error, fmt, str::FromStr, sync::Arc};

use async_trait::async_trait;

use super::open;
use crate::{InMemory, Inspect, StoreFactory, StoreOptions};

/// The variable that names the store for tests.
pub(super) const STORE: &str = "SCIM_TEST_STORE";

/// One of the stores of this project, which makes new ones for tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreKind {
    /// [`MemoryStore`](scim_store::MemoryStore).
    #[default]
    Memory,
    /// The one on PostgreSQL: each store has a schema of its own on the server whose URL is in `SCIM_TEST_POSTGRES`, or
    /// else on the [shared](crate::postgres::Postgres::shared) one.
    Postgres,
    /// The one on SQLite, in memory.
    Sqlite,
}

impl StoreKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Postgres, Self::Sqlite];

    /// The one that `SCIM_TEST_STORE` names: `memory`, `postgres` or `sqlite`; without the variable, the first.
    ///
    /// # Errors
    /// The variable names another.
    pub fn from_env() -> Result<Self, UnknownStore> {
        match env::var_os(STORE) {
            Some(name) => name.to_string_lossy().parse(),
            None => Ok(Self::default()),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Postgres => "postgres",
            Self::Sqlite => "sqlite",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for StoreKind {
    type Err = UnknownStore;

    fn from_str(name: &str) -> Result<Self, UnknownStore> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(UnknownStore)
    }
}

#[async_trait]
impl StoreFactory for StoreKind {
    async fn open(&self, options: StoreOptions) -> Result<Arc<dyn Inspect>, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Memory => InMemory.open(options).await,
            Self::Postgres => open::postgres(options).await,
            Self::Sqlite => open::sqlite(options).await,
        }
    }
}

/// There is no store of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownStore;

impl fmt::Display for UnknownStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{STORE} names no store, which are memory, postgres and sqlite")
    }
}

impl Error for UnknownStore {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_have_names() {
        for kind in StoreKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("Memory".parse::<StoreKind>(), Err(UnknownStore));
    }
}
