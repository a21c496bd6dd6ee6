use std::{
    env, fmt,
    process::{Command, Output},
};

use super::{StoreKind, kind::STORE, open};

/// This test binary once more, with its tests on another store.
///
/// Tests whose name has `same_on_` in it are left out: they are those that do this.
#[derive(Debug)]
pub struct Rerun {
    kind: StoreKind,
    variables: Vec<(String, String)>,
}

impl Rerun {
    /// On a store of this kind.
    pub fn on(kind: StoreKind) -> Self {
        Self {
            kind,
            variables: Vec::new(),
        }
    }

    /// With a variable of the environment besides.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs the tests. PostgreSQL's server is started here, and ends with this process.
    ///
    /// # Errors
    /// A test fails, none was run, or there is no server; the text has all that was written.
    pub fn run(&self) -> Result<(), RerunError> {
        let mut command = Command::new(env::current_exe().map_err(RerunError::of)?);
        command.args(["--skip", "same_on_"]).env(STORE, self.kind.name());
        if self.kind == StoreKind::Postgres {
            command.env(open::SERVER, open::server().map_err(RerunError::of)?);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        judge(self.kind, &command.output().map_err(RerunError::of)?)
    }
}

fn judge(kind: StoreKind, output: &Output) -> Result<(), RerunError> {
    let said = String::from_utf8_lossy(&output.stdout);
    let has_run = said
        .lines()
        .any(|line| line.starts_with("test result: ok. ") && !line.contains(" 0 passed"));
    if output.status.success() && has_run {
        return Ok(());
    }
    let what = if output.status.success() {
        "no test was run"
    } else {
        "the tests do not end the same"
    };
    let complained = String::from_utf8_lossy(&output.stderr);
    let status = output.status;
    Err(RerunError(format!(
        "on {kind}, {what} ({status}):\n{said}\n{complained}"
    )))
}

/// The tests do not end the same on another store; the text has what they wrote, with its line breaks.
#[derive(Clone)]
pub struct RerunError(String);

impl RerunError {
    fn of(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for RerunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text as it is: tests show it when they end.
impl fmt::Debug for RerunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RerunError {}
