//! One line for each request, with nothing secret in it: no query, no header, no body.

use std::{error::Error, fmt, io::IsTerminal, time::Duration};

use scim_http::{Cause, core::Notes};
use tracing_subscriber::filter::LevelFilter;

/// Longest part of a path that is logged, in characters.
const LONGEST: usize = 200;

/// Starts the log, on standard error.
pub(crate) fn init(level: LevelFilter) {
    tracing_subscriber::fmt()
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(level)
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
}

/// What a line tells of a request and its answer.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "hosts make it of what their framework has")]
pub struct Line<'a> {
    /// The method of the request.
    pub method: &'a str,
    /// Its path. A filter in the query names people, so it is left out.
    pub path: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// How long the answer took.
    pub elapsed: Duration,
    /// What was tolerated.
    pub notes: Option<&'a Notes>,
    /// What went wrong inside.
    pub cause: Option<&'a Cause>,
}

impl Line<'_> {
    /// Writes the line, and an error more where something went wrong inside.
    pub fn write(&self) {
        let (method, path) = (Shown(self.method), Shown(self.path));
        let (status, micros) = (self.status, self.elapsed.as_micros());
        match self.notes {
            None => tracing::info!(%method, %path, status, micros),
            Some(notes) => tracing::info!(%method, %path, status, micros, tolerated = ?notes.as_slice()),
        }
        if let Some(cause) = self.cause {
            tracing::error!(%method, %path, status, cause = %Chain(cause.0.as_ref()));
        }
    }
}

/// Text from outside, cut and cleaned so that it cannot forge a line.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;

        for c in self.0.chars().take(LONGEST) {
            f.write_char(if c.is_ascii_graphic() { c } else { '?' })?;
        }
        Ok(())
    }
}

/// An error and what caused it, joined by colons.
struct Chain<'a>(&'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            write!(f, ": {error}")?;
            next = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_cannot_forge_a_line() {
        assert_eq!(Shown("/Users/a\nb\u{1b}[31m").to_string(), "/Users/a?b?[31m");
        assert_eq!(Shown(&"x".repeat(500)).to_string().len(), LONGEST);
    }

    #[test]
    fn a_cause_is_told_down_to_its_root() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("no number")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let error = Outer("x".parse::<u8>().unwrap_err());
        assert_eq!(Chain(&error).to_string(), "no number: invalid digit found in string");
    }
}
