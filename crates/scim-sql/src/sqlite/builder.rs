//! How an SQLite store is opened.

use std::{path, path::Path, sync::Arc, thread, time::Duration};

use scim_store::Guard;

use super::{
    SqliteStore,
    opener::{Opener, Owner},
    threads::Threads,
};
use crate::OpenError;

/// When a commit counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Synchronous {
    /// When it is on the disk: what was answered survives a loss of power.
    #[default]
    Full,
    /// When the operating system has it: what was answered survives the end of the process, and the last commits may be
    /// gone, as a whole and with the database intact, after a loss of power. Commits are ten times as fast.
    Normal,
}

/// Options of an [`SqliteStore`].
#[derive(Debug, Clone)]
#[must_use]
pub struct SqliteStoreBuilder {
    guard: Option<Arc<dyn Guard>>,
    synchronous: Synchronous,
    busy_timeout: Duration,
    deadline: Duration,
    readers: usize,
}

impl SqliteStoreBuilder {
    pub(super) fn new() -> Self {
        Self {
            guard: None,
            synchronous: Synchronous::default(),
            busy_timeout: Duration::from_millis(500),
            deadline: Duration::from_secs(5),
            readers: thread::available_parallelism().map_or(2, usize::from).clamp(2, 8),
        }
    }

    /// With a guard that is asked about every write. Other writes wait while it decides, so that it must be quick; where it
    /// has not decided at the [deadline](Self::deadline), the write ends in `Unavailable`.
    pub fn guard(mut self, guard: Arc<dyn Guard>) -> Self {
        self.guard = Some(guard);
        self
    }

    /// When a commit counts as done; default [`Synchronous::Full`]. It is read back from the database when it is opened.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How long SQLite itself waits for a lock that another process holds, before the store pauses and tries again until
    /// the [deadline](Self::deadline); default 500 ms.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// How long a verb may take until it ends in `Unavailable`, with its time in the queue; default 5 s. A statement that is
    /// running is not interrupted.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many threads read; default as many as the machine has processors, at least 2 and at most 8. A database in memory
    /// has one thread for everything.
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// Opens the database in a file, which is made for its owner only where there is none; its directory must be there.
    ///
    /// # Errors
    ///
    /// Where the file cannot be opened, holds something else or tables of a later release, or a setting does not take.
    pub async fn open(self, path: impl AsRef<Path>) -> Result<SqliteStore, OpenError> {
        let path = path.as_ref();
        let name = path.as_os_str().as_encoded_bytes();
        if name.is_empty() || name.starts_with(b":memory:") {
            return Err(OpenError::Place("a database in memory has no path".to_owned()));
        }
        // Absolute, it stays the same file in another working directory, and is never taken for a URI.
        let path = path::absolute(path).map_err(OpenError::database)?;
        let opener = self.opener(Some(path), Owner::Library);
        Threads::start(opener, self.readers)
            .await
            .map(|threads| SqliteStore::new(threads, self.guard))
    }

    /// The threads of a database of the host's, which must be there, and the guard.
    pub(crate) async fn open_host(
        self,
        path: &Path,
        tables: bool,
    ) -> Result<(Threads, Option<Arc<dyn Guard>>), OpenError> {
        let path = path::absolute(path).map_err(OpenError::database)?;
        let opener = self.opener(Some(path), Owner::Host { tables });
        let threads = Threads::start(opener, self.readers).await?;
        Ok((threads, self.guard))
    }

    /// Opens what a URL names: `sqlite:PATH`, `sqlite://PATH` or `sqlite::memory:`. The path stands as it is, without
    /// escapes or parameters.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteStoreBuilder::open`], and `Place` for other URLs.
    pub async fn open_url(self, url: &str) -> Result<SqliteStore, OpenError> {
        match url.strip_prefix("sqlite:") {
            Some(":memory:") => self.in_memory().await,
            Some(path) if path.contains('?') => Err(OpenError::Place("the URL must not have parameters".to_owned())),
            Some(path) => self.open(path.strip_prefix("//").unwrap_or(path)).await,
            None => Err(OpenError::Place("the URL must have the form sqlite:PATH".to_owned())),
        }
    }

    /// Opens a new database in memory, which ends with the store. One thread does everything, so that a guard must look
    /// things up by its view and not by the store itself.
    ///
    /// # Errors
    ///
    /// Where a setting does not take.
    pub async fn in_memory(self) -> Result<SqliteStore, OpenError> {
        let opener = self.opener(None, Owner::Library);
        Threads::start(opener, 0)
            .await
            .map(|threads| SqliteStore::new(threads, self.guard))
    }

    fn opener(&self, path: Option<path::PathBuf>, owner: Owner) -> Opener {
        Opener {
            path,
            synchronous: self.synchronous,
            busy_timeout: self.busy_timeout,
            deadline: self.deadline,
            owner,
        }
    }
}

impl Default for SqliteStoreBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl Synchronous {
    /// The number that SQLite has for it.
    pub(super) fn level(self) -> i64 {
        match self {
            Self::Full => 2,
            Self::Normal => 1,
        }
    }
}
