use std::fmt;

/// Why a throw-away server is not there; the text says what to do about it.
#[derive(Clone)]
pub struct PostgresError(String);

impl PostgresError {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The failure of something that was tried.
    pub(super) fn of<E: fmt::Display>(what: &str) -> impl Fn(E) -> Self + use<E> {
        let what = what.to_owned();
        move |error| Self(format!("{what}: {error}"))
    }
}

impl fmt::Display for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text as it is: tests show it when they end.
impl fmt::Debug for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PostgresError {}
