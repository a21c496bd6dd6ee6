//! `serve`: the endpoint and the console behind one address.

use std::{
    error::Error,
    io::{self, Write},
    net::SocketAddr,
};

use axum::{Router, routing::get};
use chrono::Utc;
use scim_http::{Expiry, Mint, Minted};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    app::App,
    console,
    domain::{Access, Lifetime},
    options::HostOptions,
    scim, server,
};

/// What the first start tells, once.
pub(crate) struct FirstStart {
    pub(crate) token: Option<Minted>,
    pub(crate) sign_in: Option<String>,
}

pub(crate) async fn run(options: &HostOptions) -> Result<(), Box<dyn Error + Send + Sync>> {
    // Signals are heard before anything is announced, so that none is lost.
    let stop = server::stop_signal()?;
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let app = App::open(options, options.public_url(address)).await?;
    tracing::info!(%address, "listening");
    warn_of_plain_http(&app.public_url, address);
    let started = first_start(&app, options).await?;
    // Whether anybody reads along makes no difference to the service.
    let _ = announce(io::stdout().lock(), &app, &options.organization, &started);
    let events = relay(&app).await?;
    server::serve(listener, router(&app, options)?, stop).await;
    events.abort();
    app.close().await;
    Ok(())
}

/// Endpoint, console and health, as one router.
pub(crate) fn router(app: &App, options: &HostOptions) -> Result<Router, Box<dyn Error + Send + Sync>> {
    let bootstrap = options.bootstrap_token.clone();
    let service = scim::service(
        &app.public_url,
        &app.kinds,
        app.store.clone(),
        app.organisations.clone(),
        app.credentials.clone(),
        bootstrap.map(|token| (options.organization.clone(), token.0)),
    )?;
    let endpoint = scim::router(service, app.events.clone(), app.history.clone(), app.members.clone());
    let health = {
        let app = app.clone();
        get(move || async move {
            match app.organisations.get("").await {
                Ok(_) => (axum::http::StatusCode::OK, "ok\n"),
                Err(_) => (
                    axum::http::StatusCode::SERVICE_UNAVAILABLE,
                    "the database is out of reach\n",
                ),
            }
        })
    };
    Ok(console::router(app.clone()).route("/health", health).merge(endpoint))
}

/// Tells events of all organisations, beside the server.
pub(crate) async fn relay(app: &App) -> Result<JoinHandle<()>, Box<dyn Error + Send + Sync>> {
    for slug in app.organisations.slugs().await? {
        app.events.watch(&slug);
    }
    let events = app.events.clone();
    Ok(tokio::spawn(async move { events.run().await }))
}

/// Makes what is not there yet, and a sign-in link at each start.
pub(crate) async fn first_start(app: &App, options: &HostOptions) -> Result<FirstStart, Box<dyn Error + Send + Sync>> {
    let organisation = &options.organization;
    app.found(organisation, options.empty).await?;
    let tenant = organisation.as_str().into();
    // Where a start was cut off before it made one, the next does.
    let is_wanted = options.bootstrap_token.is_none() && app.credentials.list(&tenant).await?.is_empty();
    let token = match is_wanted {
        true => {
            let mint = Mint::new("First token", Lifetime::default().expiry(Utc::now()));
            Some(app.credentials.mint(&tenant, mint).await?)
        }
        false => None,
    };
    let link = app.access.link(organisation).await?;
    let sign_in = link.map(|link| format!("{}/sign-in?link={link}", app.public_url));
    Ok(FirstStart { token, sign_in })
}

fn announce(mut to: impl Write, app: &App, organisation: &str, started: &FirstStart) -> io::Result<()> {
    writeln!(to, "Tenant URL    {}", app.tenant_url(organisation))?;
    match &started.token {
        Some(minted) => writeln!(
            to,
            "Secret token  {}  (shown this once{})",
            minted.token.expose(),
            until(minted)
        )?,
        None => writeln!(to, "Secret token  as it was given; the console makes new ones")?,
    }
    writeln!(to, "Console       {}/console", app.public_url)?;
    if let Some(link) = &started.sign_in {
        let until = Access::link_ends().format("%H:%M UTC");
        writeln!(to, "Sign in       {link}  (once, until {until})")?;
    }
    if let Some(minted) = &started.token {
        let token = minted.token.expose();
        writeln!(to, "\nTry it, in another window:")?;
        writeln!(
            to,
            "  curl -H \"Authorization: Bearer {token}\" {}/Users",
            app.tenant_url(organisation)
        )?;
        writeln!(
            to,
            "  password-manager demo --tenant-url {} --token {token}",
            app.tenant_url(organisation)
        )?;
    }
    to.flush()
}

/// When a token ends, for people.
fn until(minted: &Minted) -> String {
    match minted.credential.expiry {
        Expiry::At(end) => format!(", good until {}", end.format("%Y-%m-%d")),
        Expiry::Never => String::new(),
    }
}

fn warn_of_plain_http(public_url: &str, address: SocketAddr) {
    if public_url.starts_with("http:") && !address.ip().is_loopback() {
        tracing::warn!("tokens and people's data cross the network unencrypted: put a proxy with TLS in front");
    }
}
