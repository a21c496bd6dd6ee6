//! The back office of a small password manager: members, teams and vaults in tables of its own, provisioned by SCIM 2.0, with an
//! admin console.
//!
//! `scim/` is what a product of your own needs to serve SCIM from its tables; `domain/` is the product; `console/` is what its
//! administrators see.

mod app;
mod commands;
mod console;
mod db;
mod demo;
mod domain;
mod encode;
mod log;
mod options;
mod scim;
mod secret;
mod serve;
mod server;

use std::{error::Error, process::ExitCode};

use clap::Parser;

use crate::options::{Command, Options};

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    log::init(options.host.log);
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("password-manager: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error + Send + Sync>> {
    let Options { command, host } = options;
    match command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(&host).await,
        Command::Demo(demo) => demo::run(host, demo).await,
        Command::Credentials { command } => commands::credentials(&host, command).await,
        Command::Events { command } => commands::events(&host, command).await,
        Command::SignIn => commands::sign_in(&host).await,
    }
}
