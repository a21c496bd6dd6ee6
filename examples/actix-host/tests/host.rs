//! The host as a process, spoken to over sockets.

#![expect(clippy::string_slice, clippy::unwrap_used, reason = "a surprise ends a test")]

#[path = "../../host-common/checks/mod.rs"]
mod checks;

const PROGRAM: &str = env!("CARGO_BIN_EXE_actix-host");
