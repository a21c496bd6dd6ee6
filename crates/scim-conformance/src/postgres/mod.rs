//! A throw-away PostgreSQL server for tests.

mod binaries;
mod cluster;
mod directory;
mod error;
mod process;
mod random;
mod supervisor;
mod user;

use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

pub use error::PostgresError;

use binaries::Binaries;
use cluster::Cluster;

/// A server of its own in a new temporary directory, on a private port and in a private socket directory.
///
/// The programs are looked for in `PATH` and where distributions put them. Where there are none, Debian's package
/// `postgresql` is installed with `apt-get`, as root or with `sudo -n`, without its own cluster. The server refuses to run
/// as root: then it runs as the user `postgres`, or `nobody`. It is UTF-8 with locale C.
///
/// The server and its directory are gone after drop, and also when this process ends without one: killed, aborted, or
/// with the server in a static.
///
/// ```no_run
/// use scim_conformance::postgres::Postgres;
///
/// let server = Postgres::start()?;
/// assert_eq!(server.psql("select 1")?, "1");
/// server.kill()?;
/// server.start_again()?;
/// # Ok::<(), scim_conformance::postgres::PostgresError>(())
/// ```
#[derive(Debug)]
pub struct Postgres {
    cluster: Mutex<Cluster>,
    url: String,
    socket_url: String,
}

/// Options of a [`Postgres`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PostgresOptions {
    durable: bool,
    max_connections: u16,
    settings: Vec<(String, String)>,
}

impl Postgres {
    /// Starts a server that does not sync to disk: committed data survives [`kill`](Self::kill), but not a power failure.
    ///
    /// # Errors
    /// There is no PostgreSQL and none can be installed, or it does not start; the text says what to do.
    pub fn start() -> Result<Self, PostgresError> {
        Self::options().start()
    }

    /// Options to start a server with.
    pub fn options() -> PostgresOptions {
        PostgresOptions {
            durable: false,
            max_connections: 200,
            settings: Vec::new(),
        }
    }

    /// The one server of this process, started by the first who asks for it.
    ///
    /// # Errors
    /// As [`start`](Self::start), for everyone who asks.
    pub fn shared() -> Result<&'static Self, &'static PostgresError> {
        static SHARED: OnceLock<Result<Postgres, PostgresError>> = OnceLock::new();
        SHARED
            .get_or_init(|| Self::options().max_connections(400).start())
            .as_ref()
    }

    /// The URL over TCP, with a password that was made for this server. It stays the same over restarts.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL over the socket, which only this user can reach.
    pub fn socket_url(&self) -> &str {
        &self.socket_url
    }

    /// The process id of the server, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.cluster().process_id()
    }

    /// Kills the server and all its children at once, as `kill -9` does, and waits for their end. Does nothing where it
    /// does not run.
    ///
    /// # Errors
    /// They cannot be killed.
    pub fn kill(&self) -> Result<(), PostgresError> {
        self.cluster().kill()
    }

    /// Shuts the server down in order, cutting connections off ("fast"), and waits for its end.
    ///
    /// # Errors
    /// It does not end.
    pub fn stop(&self) -> Result<(), PostgresError> {
        self.cluster().stop()
    }

    /// Starts the server after [`kill`](Self::kill) or [`stop`](Self::stop), and waits until it takes connections. Does
    /// nothing where it runs.
    ///
    /// # Errors
    /// It does not start; the text has the end of its log.
    pub fn start_again(&self) -> Result<(), PostgresError> {
        self.cluster().start()
    }

    /// [`stop`](Self::stop) and [`start_again`](Self::start_again).
    ///
    /// # Errors
    /// Those of both.
    pub fn restart(&self) -> Result<(), PostgresError> {
        let mut cluster = self.cluster();
        cluster.stop()?;
        cluster.start()
    }

    /// Runs SQL with `psql`; the answer has a line for each row, with `|` between its columns.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn psql(&self, sql: &str) -> Result<String, PostgresError> {
        let mut command = self.cluster().command("psql");
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.socket_url]);
        let answer = process::output(command.args(["-c", sql]))?;
        Ok(answer.trim_end().to_owned())
    }

    fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PostgresOptions {
    /// Whether each commit is synced to disk. Default: no.
    #[must_use]
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// How many connections there may be at once. Default 200.
    #[must_use]
    pub fn max_connections(mut self, count: u16) -> Self {
        self.max_connections = count;
        self
    }

    /// Another setting of `postgresql.conf`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Starts the server.
    ///
    /// # Errors
    /// Those of [`Postgres::start`].
    pub fn start(&self) -> Result<Postgres, PostgresError> {
        let cluster = Cluster::create(Binaries::find_or_install()?, self.arguments())?;
        let (url, socket_url) = (cluster.url(), cluster.socket_url());
        Ok(Postgres {
            cluster: Mutex::new(cluster),
            url,
            socket_url,
        })
    }

    fn arguments(&self) -> Vec<String> {
        let switch = if self.durable { "on" } else { "off" };
        let ours = [
            ("max_connections", self.max_connections.to_string()),
            ("fsync", switch.to_owned()),
            ("full_page_writes", switch.to_owned()),
            // In the data directory, so that nothing is left elsewhere by a server that was killed.
            ("dynamic_shared_memory_type", "mmap".to_owned()),
        ];
        let ours = ours.into_iter().map(|(name, value)| (name.to_owned(), value));
        // The last of a name wins.
        ours.chain(self.settings.iter().cloned())
            .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")])
            .collect()
    }
}

/// A name for a schema, unique on every server: a private place for one test.
pub fn schema_name() -> String {
    format!("test_{}", random::letters())
}

/// Whether this process is root's.
fn is_root() -> bool {
    let id = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
