use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{self, BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use super::Socket;

/// A host as a process on a free port, killed when it is dropped.
///
/// It must take `--listen ADDRESS`, and then tell on standard output, one to a line, names and what they stand for: `listening`
/// and the address, `base URL`, `token`, `fixture` and the placeholders as JSON; an empty line ends them.
#[derive(Debug)]
pub struct HostProcess {
    child: Child,
    said: BTreeMap<String, String>,
    more: Vec<String>,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl HostProcess {
    /// Starts the program with these arguments, and waits until it listens.
    ///
    /// # Errors
    /// It cannot be started, or ends before it listens.
    pub fn start<A: AsRef<OsStr>>(program: &Path, arguments: impl IntoIterator<Item = A>) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        let reader = thread::spawn(move || {
            for line in stderr.into_iter().flat_map(|stderr| BufReader::new(stderr).lines()) {
                let Ok(line) = line else { return };
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_str(&line);
                kept.push('\n');
            }
        });
        let mut host = Self {
            child,
            said: BTreeMap::new(),
            more: Vec::new(),
            log,
            reader: Some(reader),
        };
        let mut lines = stdout.into_iter().flat_map(|stdout| BufReader::new(stdout).lines());
        for line in lines.by_ref() {
            let line = line?;
            if line.is_empty() {
                break;
            }
            // The names have a column of ten characters.
            if let Some((name, value)) = line.split_at_checked(10) {
                host.said.insert(name.trim().to_owned(), value.to_owned());
            }
        }
        if !host.said.contains_key("listening") {
            let _ = host.child.wait();
            let log = host.end_of_log();
            return Err(io::Error::other(format!("the host did not start: {log}")));
        }
        // "try:" and three lines; to wait for more would be to wait for the end.
        for line in lines.take(4) {
            host.more.push(line?);
        }
        Ok(host)
    }

    /// What the host told under a name.
    pub fn said(&self, name: &str) -> &str {
        self.said.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The lines that came behind.
    pub fn more(&self) -> &[String] {
        &self.more
    }

    /// The host as a target.
    pub fn socket(&self) -> Socket {
        Socket::new(self.said("listening"))
    }

    /// The identifier of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard error so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the host ended by itself, and gives how, with its whole log.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub fn wait(&mut self) -> io::Result<(ExitStatus, String)> {
        let status = self.child.wait()?;
        Ok((status, self.end_of_log()))
    }

    fn end_of_log(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.log()
    }
}

impl Drop for HostProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
