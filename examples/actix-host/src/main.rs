//! A complete SCIM 2.0 endpoint on actix-web: in memory, on SQLite or on PostgreSQL.
//!
//! An application of your own needs scim-actix and a service; the rest is a server around it.

mod log;
mod server;

use std::{error::Error, process::ExitCode};

use host_common::{Host, Options, stop_signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::of("actix-host")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("actix-host: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // Signals are heard before anything is announced, so that none is lost.
    let stop = stop_signal()?;
    let host = Host::new(options).await?;
    host.announce();
    server::serve(host, stop).await
}
