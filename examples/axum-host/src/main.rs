//! A complete SCIM 2.0 endpoint on axum: in memory, on SQLite or on PostgreSQL.
//!
//! `adapter.rs` is what an axum application of your own needs; the rest is a server around it.

mod adapter;
mod database;
mod log;
mod options;
mod passwords;
mod server;

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use scim_http::{BearerTokens, Expiry, ScimService, TokenError, store::Principal};
use tokio::net::TcpListener;

use crate::{options::Options, passwords::Passwords};

/// The one tenant of this host.
const TENANT: &str = "main";

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("axum-host: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    log::init(options.log);
    // Signals are heard before anything is announced, so that none is lost.
    let stop = server::stop_signal()?;
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let base_url = options
        .base_url
        .clone()
        .unwrap_or_else(|| format!("http://{address}/scim/v2"));
    if base_url.starts_with("http:") && !address.ip().is_loopback() {
        tracing::warn!("tokens and people's data cross the network unencrypted: put a proxy with TLS in front");
    }
    let generated = match options.token.is_empty() {
        true => Some(BearerTokens::generate("scim")?),
        false => None,
    };
    let store = options.database.open().await?;
    let service = ScimService::builder(&base_url, store, tokens(&options, generated.as_deref())?)
        .allow_insecure_base_url()
        .dialect(options.dialect())
        .limits(options.limits())
        .password_sink(Passwords::default())
        .build()?;
    // Whether anybody reads along makes no difference to the service.
    let _ = announce(io::stdout().lock(), &base_url, generated.as_deref());
    server::serve(listener, adapter::router(service), stop).await;
    Ok(())
}

fn tokens(options: &Options, generated: Option<&str>) -> Result<BearerTokens, TokenError> {
    let mut tokens = BearerTokens::new().allow_raw(options.allow_raw_token);
    let all = options.token.iter().map(String::as_str).chain(generated);
    for (index, token) in all.enumerate() {
        tokens.add(
            token,
            Principal::new(TENANT, &format!("token {}", index + 1)),
            Expiry::Never,
        )?;
    }
    if let Some((user, password)) = &options.basic {
        tokens = tokens.with_basic(user, password, Principal::new(TENANT, "basic"))?;
    }
    Ok(tokens)
}

/// Tells how to talk to the host. A token that was given is not repeated: whoever gave it knows it.
fn announce(mut to: impl Write, base_url: &str, generated: Option<&str>) -> io::Result<()> {
    writeln!(to, "base URL  {base_url}")?;
    writeln!(
        to,
        "token     {}\n\ntry:",
        generated.unwrap_or("as given; set TOKEN to it for the lines below")
    )?;
    let token = generated.unwrap_or("$TOKEN");
    writeln!(
        to,
        "curl -H \"Authorization: Bearer {token}\" {base_url}/ServiceProviderConfig"
    )?;
    writeln!(
        to,
        "curl -H \"Authorization: Bearer {token}\" -H \"Content-Type: application/scim+json\" {base_url}/Users \
         -d '{{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"ada@example.com\"}}'"
    )?;
    writeln!(
        to,
        "curl -H \"Authorization: Bearer {token}\" --get {base_url}/Users \
         --data-urlencode 'filter=userName eq \"ada@example.com\"'"
    )?;
    to.flush()
}
