//! The program's own log: structured, on standard error, with nothing secret in it.

use std::{error::Error, fmt, io::IsTerminal};

use tracing_subscriber::filter::LevelFilter;

/// Starts the log.
pub(crate) fn init(level: LevelFilter) {
    tracing_subscriber::fmt()
        .with_ansi(std::io::stderr().is_terminal())
        .with_max_level(level)
        .with_target(false)
        .with_writer(std::io::stderr)
        .init();
}

/// Tells why a request of provisioning failed, where that was no fault of the client's.
pub(crate) fn failed_inside(request_id: &str, cause: &(dyn Error + 'static)) {
    tracing::error!(request_id, cause = %Chain(cause), "provisioning failed inside");
}

/// An error and what caused it, joined by colons: what they tell to be read, and not their fields, in which a database has people's
/// data.
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
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("a row is there already")]
    struct Inner {
        detail: &'static str,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the store failed")]
    struct Outer(#[source] Inner);

    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Said {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_cause_is_told_down_to_its_root_without_data_of_people() {
        let said = Said::default();
        let writer = said.clone();
        let log = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_ansi(false);
        let error = Outer(Inner {
            detail: "(email)=(ada@example.com)",
        });
        tracing::subscriber::with_default(log.finish(), || failed_inside("r1", &error));
        let said = String::from_utf8(said.0.lock().unwrap().clone()).unwrap();
        assert!(said.contains("the store failed: a row is there already"), "{said}");
        assert!(said.contains("r1") && !said.contains("ada"), "{said}");
    }
}
