//! `demo`: an identity provider's day, against a running server or one of its own.

mod client;
mod day;
mod people;
mod screen;

use std::error::Error;

use tokio::{net::TcpListener, sync::oneshot, task};

use self::{client::Client, day::Day, screen::Screen};
use crate::{
    app::App,
    options::{DemoOptions, HostOptions, Location},
    serve::{self, FirstStart},
    server,
};

pub(crate) async fn run(options: HostOptions, demo: DemoOptions) -> Result<(), Box<dyn Error + Send + Sync>> {
    if let (Some(url), Some(token)) = (&demo.tenant_url, &demo.token) {
        return play(url.clone(), token.clone(), None).await;
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

/// The day, and a summary in the console's own figures.
async fn play(
    tenant_url: String,
    token: String,
    own: Option<(&App, &str)>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    println!("A day of an identity provider, at {tenant_url}");
    let (screen, counts) = task::spawn_blocking(move || {
        let client = Client::new(&tenant_url, &token);
        let screen = Day::new(&client, Screen::new()).play()?;
        let provisioned = "urn:ietf:params:scim:schemas:extension:latchkey:2.0:User:origin eq \"scim\"";
        let counts = [
            ("Members", client.count("Users", "")?),
            ("Provisioned members", client.count("Users", provisioned)?),
            ("Active members", client.count("Users", "active eq true")?),
            ("Groups", client.count("Groups", "")?),
        ];
        Ok::<_, ureq::Error>((screen, counts))
    })
    .await??;
    screen.line(&format!("\n{}", screen.paint("1", "Summary, as the console shows it")));
    for (name, count) in counts {
        screen.line(&format!("  {name:<22} {count:>4}"));
    }
    if let Some((app, organisation)) = own {
        let licences = app.licences.count(organisation).await?;
        app.events.catch_up(organisation).await;
        let events = app.events.latest(organisation, u32::MAX).await?.len();
        screen.line(&format!(
            "  {:<22} {:>4} of {}",
            "Licences in use", licences.used, licences.bought
        ));
        screen.line(&format!("  {:<22} {events:>4}", "Events"));
    }
    let (requests, refused) = (screen.requests, screen.refused);
    screen.line(&format!(
        "  {:<22} {requests:>4}, {refused} of them refused with a reason",
        "Requests shown"
    ));
    Ok(())
}
