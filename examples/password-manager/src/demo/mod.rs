//! `demo`: an identity provider's day, against a running server or one of its own.

mod client;
mod day;
mod people;
mod screen;

use std::error::Error;

use chrono::Utc;
use tokio::{net::TcpListener, sync::oneshot, task};

use self::{client::Client, day::Day, screen::Screen};
use crate::{
    app::App,
    options::{DemoOptions, HostOptions, Location},
    scim::MEMBER,
    serve::{self, FirstStart},
    server,
};

/// Lines of the summary.
type Figures = Vec<(&'static str, String)>;

pub(crate) async fn run(options: HostOptions, demo: DemoOptions) -> Result<(), Box<dyn Error + Send + Sync>> {
    if let (Some(url), Some(token)) = (&demo.tenant_url, &demo.token) {
        let beside = beside(&options, token).await;
        let own = beside.as_ref().map(|(app, organisation)| (app, &**organisation));
        let played = play(url.clone(), token.clone(), own).await;
        if let Some((app, _)) = beside {
            app.close().await;
        }
        return played;
    }
    let directory = std::env::temp_dir().join(format!("password-manager-demo-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let options = HostOptions {
        database: Location::Sqlite(directory.join("demo.db")),
        ..options
    };
    let played = own(&options, &demo).await;
    let _ = std::fs::remove_dir_all(&directory);
    played
}

/// A server of its own, which forgets everything.
async fn own(options: &HostOptions, demo: &DemoOptions) -> Result<(), Box<dyn Error + Send + Sync>> {
    let interrupted = server::stop_signal()?;
    // A port that is taken is no reason not to show anything.
    let listener = match TcpListener::bind(options.listen).await {
        Ok(listener) => listener,
        Err(_) => TcpListener::bind((options.listen.ip(), 0)).await?,
    };
    let app = App::open(options, options.public_url(listener.local_addr()?)).await?;
    let FirstStart { token, sign_in } = serve::first_start(&app, options).await?;
    let token = token.map(|minted| minted.token.expose().to_owned());
    let token = token.or_else(|| options.bootstrap_token.as_ref().map(|token| token.0.clone()));
    let (stop, stopped) = oneshot::channel::<()>();
    let router = serve::router(&app, options)?;
    let events = serve::relay(&app).await?;
    let server = tokio::spawn(server::serve(listener, router, async {
        let _ = stopped.await;
    }));
    let url = app.tenant_url(&options.organization);
    let played = play(url, token.unwrap_or_default(), Some((&app, &options.organization))).await;
    if played.is_ok() && demo.stay {
        println!("\nConsole  {}/console", app.public_url);
        if let Some(link) = sign_in {
            println!("Sign in  {link}  (once)\n\nCtrl-C ends the server, and everything is forgotten.");
        }
        interrupted.await;
    }
    let _ = stop.send(());
    server.await?;
    events.abort();
    app.close().await;
    played
}

/// The server's own database, and the organisation of the token, where `--database` names it: it does if it knows the token.
async fn beside(options: &HostOptions, token: &str) -> Option<(App, String)> {
    if let Location::Sqlite(path) = &options.database
        && !path.exists()
    {
        return None;
    }
    let app = App::open(options, String::new()).await.ok()?;
    if let Ok(Some(credential)) = app.credentials.verify(token, Utc::now()).await {
        return Some((app, credential.tenant.as_str().to_owned()));
    }
    app.close().await;
    None
}

/// The day, and a summary in the console's own figures.
async fn play(
    tenant_url: String,
    token: String,
    own: Option<(&App, &str)>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("A day of an identity provider, at {tenant_url}");
    let (screen, mut figures) = task::spawn_blocking(move || {
        let client = Client::new(&tenant_url, &token);
        let screen = Day::new(&client, Screen::new()).play()?;
        let figures = told(&client)?;
        Ok::<_, ureq::Error>((screen, figures))
    })
    .await??;
    match own {
        Some((app, organisation)) => figures.extend(kept(app, organisation).await?),
        None => figures.push(("Licences, events", "see the console".to_owned())),
    }
    let refused = format!("{} of {}", screen.refused, screen.requests);
    figures.push(("Requests refused", refused));
    screen.line(&format!("\n{}", screen.paint("1", "Summary, as the console shows it")));
    for (name, figure) in figures {
        screen.line(&format!("  {name:<22} {figure:>4}"));
    }
    Ok(())
}

/// What SCIM tells.
fn told(client: &Client) -> Result<Figures, ureq::Error> {
    let provisioned = format!("{MEMBER}:origin eq \"scim\"");
    let counts = [
        ("Members", "Users", ""),
        ("Active members", "Users", "active eq true"),
        ("Provisioned members", "Users", &*provisioned),
        ("Groups", "Groups", ""),
    ];
    let figures = counts.map(|(name, kind, filter)| Ok((name, client.count(kind, filter)?.to_string())));
    figures.into_iter().collect()
}

/// What only the product knows.
async fn kept(app: &App, organisation: &str) -> Result<Figures, Box<dyn Error + Send + Sync>> {
    let licences = app.licences.count(organisation).await?;
    app.events.catch_up(organisation).await;
    let events = app.events.latest(organisation, u32::MAX).await?.len();
    Ok(vec![
        ("Licences in use", format!("{} of {}", licences.used, licences.bought)),
        ("Licences free", licences.free().to_string()),
        ("Events", events.to_string()),
    ])
}
