//! The program's own log: structured, on standard error, with nothing secret in it.

use std::io::IsTerminal;

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
