//! A complete SCIM 2.0 endpoint on axum: in memory, on SQLite or on PostgreSQL.
//!
//! An axum application of your own needs scim-axum and a service; the rest is a server around it.

mod log;
mod server;

use std::{error::Error, process::ExitCode};

use axum::{Router, middleware};
use host_common::{Host, Options, stop_signal};
use scim_axum::Endpoint;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Options::of("axum-host")).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("axum-host: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    // Signals are heard before anything is announced, so that none is lost.
    let stop = stop_signal()?;
    let host = Host::new(options).await?;
    host.announce();
    let app = Router::new()
        .fallback_service(Endpoint::new(host.service).with_pace(host.pace))
        .layer(middleware::from_fn(log::line));
    server::serve(host.listener, app, host.head_time, stop).await;
    Ok(())
}
