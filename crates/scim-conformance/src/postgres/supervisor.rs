use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::PostgresError;

/// A shell that ends the server and removes its directory when it is told to, or when this process ends.
///
/// Statics are not dropped, and a process that is killed drops nothing; but the pipe to the shell is closed always.
#[derive(Debug)]
pub(super) struct Supervisor {
    shell: Child,
    input: Option<ChildStdin>,
}

const SCRIPT: &str = include_str!("supervisor.sh");

impl Supervisor {
    pub(super) fn of(directory: &Path) -> Result<Self, PostgresError> {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "supervisor"])
            .arg(directory)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Out of reach of the terminal's Ctrl-C.
            .process_group(0)
            .spawn()
            .map_err(PostgresError::of("sh"))?;
        let input = shell.stdin.take();
        Ok(Self { shell, input })
    }

    /// Tells which server is to be ended, or that there is none.
    pub(super) fn watch(&mut self, server: Option<u32>) -> Result<(), PostgresError> {
        let line = server.map_or_else(String::new, |server| server.to_string());
        let input = self.input.as_mut();
        input.map_or(Ok(()), |input| {
            writeln!(input, "{line}").map_err(PostgresError::of("sh"))
        })
    }
}

/// Waits until everything is gone.
impl Drop for Supervisor {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.shell.wait();
    }
}
