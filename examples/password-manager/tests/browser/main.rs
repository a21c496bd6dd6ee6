//! The console in Debian's headless Chromium: `cargo test -p password-manager --test browser`.
//!
//! Chromium and its driver are installed where they are missing, if that is Debian and we may. With `PM_SCREENS=DIRECTORY` the
//! pictures of all pages are kept there.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a surprise ends a test"
)]

mod chromium;
mod credentials;
#[path = "../support/host.rs"]
mod host;
mod members;
mod screens;
mod security;
mod sign_in;
mod webhooks;
