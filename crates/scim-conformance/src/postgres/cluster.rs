use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{
    PostgresError, binaries::Binaries, directory::Directory, process, random, supervisor::Supervisor, user::User,
};

/// The data of a server, and the server while it runs.
#[derive(Debug)]
pub(super) struct Cluster {
    binaries: Binaries,
    user: Option<User>,
    port: u16,
    password: String,
    arguments: Vec<String>,
    server: Option<Child>,
    directory: Directory,
    // Ends last, and takes the directory along.
    supervisor: Supervisor,
}

/// How long a start, with the recovery after a crash, or an orderly end may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at what is waited for.
const PAUSE: Duration = Duration::from_millis(20);

impl Cluster {
    /// Makes a new one and starts it.
    pub(super) fn create(binaries: Binaries, arguments: Vec<String>) -> Result<Self, PostgresError> {
        let user = User::for_server()?;
        let directory = Directory::create(user)?;
        let supervisor = Supervisor::of(directory.path())?;
        let mut cluster = Self {
            binaries,
            user,
            port: 0,
            password: random::letters(),
            arguments,
            server: None,
            directory,
            supervisor,
        };
        cluster.initialize()?;
        // Between the choice of a port and its use someone else may take it.
        let mut attempts = 5;
        loop {
            cluster.port = free_port()?;
            match cluster.start() {
                Err(_) if attempts > 0 && cluster.log().contains("Address already in use") => attempts -= 1,
                result => return result.map(|()| cluster),
            }
        }
    }

    pub(super) fn url(&self) -> String {
        let Self { password, port, .. } = self;
        format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres")
    }

    pub(super) fn socket_url(&self) -> String {
        let (port, directory) = (self.port, self.directory.encoded());
        format!("postgres://postgres@localhost:{port}/postgres?host={directory}")
    }

    pub(super) fn process_id(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    pub(super) fn start(&mut self) -> Result<(), PostgresError> {
        if self.server.is_some() {
            return Ok(());
        }
        let log = File::create(self.directory.join("log")).map_err(self.directory.failed())?;
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.directory.join("data"))
            .args(["-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .arg("-k")
            .arg(self.directory.path())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(self.directory.failed())?)
            .stderr(log)
            .process_group(0);
        let server = command.spawn().map_err(PostgresError::of("postgres"))?;
        self.supervisor.watch(Some(server.id()))?;
        self.server = Some(server);
        let result = self.wait_until_ready();
        if result.is_err() {
            self.kill()?;
        }
        result
    }

    pub(super) fn stop(&mut self) -> Result<(), PostgresError> {
        self.end("INT")
    }

    pub(super) fn kill(&mut self) -> Result<(), PostgresError> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        // A server that stands still makes no more children.
        if server.try_wait().is_ok_and(|status| status.is_none()) {
            process::signal("STOP", &[server.id()])?;
            loop {
                let children = process::children(server.id())?;
                if children.is_empty() {
                    break;
                }
                // One may have ended by itself meanwhile, which is as good.
                let _ = process::signal("KILL", &children);
            }
            server.kill().map_err(PostgresError::of("kill"))?;
        }
        server.wait().map_err(PostgresError::of("postgres"))?;
        self.supervisor.watch(None)
    }

    /// A program of PostgreSQL, as the server's user, whatever the environment says about another server.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.path(program));
        command.current_dir(self.directory.path()).env("LC_ALL", "C");
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        if let Some(user) = self.user {
            user.run(&mut command);
        }
        command
    }

    fn initialize(&self) -> Result<(), PostgresError> {
        let mut password = tempfile(&self.directory, self.user)?;
        let failed = self.directory.failed();
        writeln!(password, "{}", self.password).map_err(failed)?;
        let mut command = self.command("initdb");
        command.arg("-D").arg(self.directory.join("data"));
        command.arg("--pwfile").arg(self.directory.join("password"));
        command.args(["--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        // The directory of the socket is closed to others; the port is open to every user of the machine.
        process::output(command.args(["--auth-local=trust", "--auth-host=password"])).map(drop)
    }

    fn wait_until_ready(&mut self) -> Result<(), PostgresError> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let mut command = self.command("pg_isready");
            command.arg("-h").arg(self.directory.path());
            command.args(["-q", "-t", "5", "-p", &self.port.to_string()]);
            if process::output(&mut command).is_ok() {
                return Ok(());
            }
            let ended = self.server.as_mut().map(Child::try_wait);
            if let Some(Ok(Some(_)) | Err(_)) | None = ended {
                return Err(self.complaint("postgres does not start"));
            }
            thread::sleep(PAUSE);
        }
        Err(self.complaint("postgres takes no connections"))
    }

    /// Ends the server by a signal that asks for it.
    fn end(&mut self, name: &str) -> Result<(), PostgresError> {
        let Some(server) = self.server.as_mut() else {
            return Ok(());
        };
        let end = Instant::now() + PATIENCE;
        // It may have ended by itself.
        let _ = process::signal(name, &[server.id()]);
        loop {
            if server.try_wait().map_err(PostgresError::of("postgres"))?.is_some() {
                self.server = None;
                return self.supervisor.watch(None);
            }
            if Instant::now() > end {
                return Err(self.complaint("postgres does not end"));
            }
            thread::sleep(PAUSE);
        }
    }

    fn complaint(&self, what: &str) -> PostgresError {
        PostgresError::new(format!("{what}: {}", process::last_lines(&self.log(), 8)))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The one that clears its shared memory; it is a matter of milliseconds.
        if self.end("QUIT").is_err() {
            let _ = self.kill();
        }
    }
}

/// The file of the password, readable for the server's user.
fn tempfile(directory: &Directory, user: Option<User>) -> Result<File, PostgresError> {
    use std::os::unix::fs::{OpenOptionsExt, fchown};

    let file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(directory.join("password"));
    let file = file.map_err(directory.failed())?;
    if let Some(user) = user {
        fchown(&file, Some(user.uid), Some(user.gid)).map_err(directory.failed())?;
    }
    Ok(file)
}

/// A port that nobody uses, below those that the system gives to clients, so that it is still free after a restart.
fn free_port() -> Result<u16, PostgresError> {
    let mut error = None;
    for _ in 0..100 {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, random::between(15_000, 32_000))) {
            Ok(listener) => {
                let address = listener.local_addr().map_err(PostgresError::of("127.0.0.1"))?;
                return Ok(address.port());
            }
            Err(other) => error = Some(other),
        }
    }
    let error = error.map_or_else(String::new, |error| format!(": {error}"));
    Err(PostgresError::new(format!("no port of 127.0.0.1 is free{error}")))
}
