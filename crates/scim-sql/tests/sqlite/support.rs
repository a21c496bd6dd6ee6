//! Stores in files.

use std::{
    env, fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use scim_core::Dialect;
use scim_sql::{SqliteStore, SqliteStoreBuilder};

use crate::common::{Client, block_on};

/// A directory that goes with the test.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("scim-sqlite-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn open(&self, builder: SqliteStoreBuilder) -> Arc<SqliteStore> {
        Arc::new(block_on(builder.open(self.0.join("scim.db"))).unwrap())
    }

    pub(crate) fn store(&self) -> Arc<SqliteStore> {
        self.open(SqliteStore::builder())
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn client(store: &Arc<SqliteStore>) -> Client {
    Client::new(Arc::clone(store) as _, "one", Dialect::default())
}
