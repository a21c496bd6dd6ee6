//! The program as a process: the console in Debian's headless Chromium, and the endpoint over sockets.
//!
//! Chromium and its driver are installed where they are missing, if that is Debian and we may. With `PM_SCREENS=DIRECTORY` the
//! pictures of all pages are kept there.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a surprise ends a test"
)]

/// Runs tests on SQLite and on PostgreSQL, where they are said to do the same.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() { super::$test($crate::host::Store::Sqlite).await; })+
        }
        mod postgresql {
            $(#[tokio::test] async fn $test() { super::$test($crate::host::Store::Postgres).await; })+
        }
    };
}

mod accessibility;
mod chromium;
mod credentials;
mod demo;
mod host;
mod loads;
mod log;
mod members;
mod pages;
mod process;
mod screens;
mod security;
mod sign_in;
mod sockets;
mod visitor;
mod webhooks;
