//! The host as a process, spoken to over a socket.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a surprise ends a test"
)]

mod exchanges;
mod process;
mod support;
