//! The program as a process, with a database of its own.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use scim_conformance::{postgres::Postgres, socket::Socket};
use serde_json::Value;
use sqlx::{Connection as _, PgConnection, Row as _};
use ureq::http::{Method, Request};

pub(crate) struct Host {
    process: Child,
    directory: PathBuf,
    database: String,
    pub(crate) tenant_url: String,
    pub(crate) token: String,
    pub(crate) console: String,
    pub(crate) sign_in: String,
    /// Where it listens, as `http://127.0.0.1:PORT`.
    origin: String,
}

/// Which database a host is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    Postgres,
    Sqlite,
}

impl Host {
    /// Starts a host on a free port, with a file of its own.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_in(None, arguments)
    }

    /// The same with a database of its own in either.
    pub(crate) fn start_on(store: Store, arguments: &[&str]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if store == Store::Sqlite {
            return Self::start(arguments);
        }
        let server = Postgres::shared().unwrap();
        let name = format!("product_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        server.psql(&format!("CREATE DATABASE {name}")).unwrap();
        let mut url = url::Url::parse(server.url()).unwrap();
        url.set_path(&name);
        Self::start_in(Some(url.as_str()), arguments)
    }

    /// The same in a database that is there.
    pub(crate) fn start_in(database: Option<&str>, arguments: &[&str]) -> Self {
        let directory = directory();
        let database = database.map_or_else(|| sqlite(&directory), str::to_owned);
        let mut command = program();
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "error"])
            .args(["--database", &database])
            .args(arguments);
        Self::spawn(command, directory, database)
    }

    /// Another host on the same database.
    pub(crate) fn beside(&self, arguments: &[&str]) -> Self {
        Self::start_in(Some(&self.database), arguments)
    }

    /// The same by variables alone, with a file of its own, and found by what it logs: it may be told any public URL.
    pub(crate) fn start_by(variables: &[(&str, &str)]) -> Self {
        let directory = directory();
        let database = sqlite(&directory);
        let mut command = program();
        command
            .envs([
                ("PM_LISTEN", "127.0.0.1:0"),
                ("PM_DATABASE", &*database),
                ("PM_LOG", "info"),
            ])
            .envs(variables.iter().copied())
            .stderr(Stdio::piped());
        let mut host = Self::spawn(command, directory, database);
        let mut logged = BufReader::new(host.process.stderr.take().unwrap()).lines();
        let address = logged.find_map(|line| Some(line.unwrap().split_once("listening address=")?.1.trim().to_owned()));
        host.origin = format!("http://{}", address.unwrap());
        std::thread::spawn(move || logged.for_each(drop));
        host
    }

    /// Starts it, and hears what it tells.
    fn spawn(mut command: Command, directory: PathBuf, database: String) -> Self {
        let is_empty = command.get_args().any(|argument| argument == "--empty");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut host = Self {
            process,
            directory,
            database,
            tenant_url: String::new(),
            token: String::new(),
            console: String::new(),
            sign_in: String::new(),
            origin: String::new(),
        };
        // Told once everything is ready; what comes behind is for people.
        while host.console.is_empty() {
            let line = said.next().expect("the host ended early").unwrap();
            host.hear(&line);
        }
        if !is_empty {
            host.hear(&said.next().unwrap().unwrap());
        }
        host.console
            .strip_suffix("/console")
            .unwrap()
            .clone_into(&mut host.origin);
        std::thread::spawn(move || said.for_each(drop));
        host
    }

    fn hear(&mut self, line: &str) {
        let field = match line.get(..14).unwrap_or_default().trim_end() {
            "Tenant URL" => &mut self.tenant_url,
            "Secret token" => &mut self.token,
            "Console" => &mut self.console,
            "Sign in" => &mut self.sign_in,
            _ => return,
        };
        *field = line[14..].split_whitespace().next().unwrap_or_default().to_owned();
    }

    /// A request of an identity provider: status and body.
    pub(crate) fn scim(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.scim_as(&self.token, method, path, body)
    }

    pub(crate) fn scim_as(&self, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.reached(&self.tenant_url)))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/scim+json");
        let agent = agent();
        let answer = match body {
            Value::Null => agent.run(request.body(()).unwrap()),
            body => agent.run(request.body(body.to_string()).unwrap()),
        };
        let mut answer = answer.unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or_default(),
        )
    }

    /// A command beside the running host, on its database: what it prints.
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let output = self.prepared(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The identifier of the process.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// The program as a target, without its organisation.
    pub(crate) fn socket(&self) -> Socket {
        Socket::new(self.origin().trim_start_matches("http://"))
    }

    /// A command beside the running host, on its database, to be run.
    pub(crate) fn prepared(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command
            .args(arguments)
            .args(["--log", "error", "--database", &self.database]);
        command
    }

    /// What begins the console's URLs.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// A URL that the host names, as it is reached from here.
    pub(crate) fn reached(&self, url: &str) -> String {
        let url = url::Url::parse(url).unwrap();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{}{query}", self.origin, url.path())
    }

    /// Asks the process to end, as process managers do.
    pub(crate) fn terminate(&self) {
        signal("-TERM", &self.process);
    }

    /// How the process ended, once it has.
    pub(crate) fn ended(mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }

    /// All that is kept, as bytes: the files, or the rows of all tables as text.
    pub(crate) async fn kept(&self) -> Vec<u8> {
        if self.database.starts_with("sqlite:") {
            // In this order nothing is missed that goes from one into the other meanwhile.
            let files = ["pm.db-wal", "pm.db"].map(|name| std::fs::read(self.directory.join(name)).unwrap_or_default());
            return files.concat();
        }
        let mut connection = PgConnection::connect(&self.database).await.unwrap();
        let tables = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')";
        let tables = sqlx::query(tables).fetch_all(&mut connection).await.unwrap();
        let mut kept = String::new();
        for table in tables {
            let name: String = table.get(0);
            let rows = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {name} t"));
            for row in sqlx::query(rows).fetch_all(&mut connection).await.unwrap() {
                kept.push_str(row.get(0));
            }
        }
        kept.into_bytes()
    }

    /// Runs a statement beside the running host.
    pub(crate) async fn sql(&self, statement: &'static str) {
        match self.database.strip_prefix("sqlite:") {
            Some(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
                connection.execute_batch(statement).unwrap();
            }
            None => {
                let mut connection = PgConnection::connect(&self.database).await.unwrap();
                sqlx::query(statement).execute(&mut connection).await.unwrap();
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Sends a signal to a process of ours.
pub(crate) fn signal(name: &str, process: &Child) {
    let sent = Command::new("kill").args([name, &process.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// The program, to be told what to do.
fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_password-manager"))
}

/// A directory of a host.
fn directory() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let directory = std::env::temp_dir().join(format!("password-manager-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// The file of a host.
fn sqlite(directory: &Path) -> String {
    format!("sqlite:{}", directory.join("pm.db").display())
}

/// A client that follows no redirects.
pub(crate) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0);
    config.build().new_agent()
}

/// A User as an identity provider sends it.
pub(crate) fn user(name: &str) -> Value {
    serde_json::json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": format!("{}@acme.example", name.to_lowercase()),
        "displayName": name,
        "active": true,
    })
}
