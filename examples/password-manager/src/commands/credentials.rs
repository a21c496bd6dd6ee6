//! `credentials`: secret tokens from the command line.

use std::error::Error;

use chrono::{DateTime, Utc};
use scim_http::{
    Expiry, Mint, Minted,
    core::TenantId,
    store::{Credential, CredentialId},
};

use super::open;
use crate::{
    app::App,
    domain::days_left,
    options::{CredentialsCommand, HostOptions},
};

pub(crate) async fn credentials(
    options: &HostOptions,
    command: CredentialsCommand,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let app = open(options).await?;
    let tenant: TenantId = options.organization.as_str().into();
    match command {
        CredentialsCommand::Create { name, expires } => {
            let mint = Mint::new(&name, expires.expiry(Utc::now()));
            tell(&app, options, &app.credentials.mint(&tenant, mint).await?);
        }
        CredentialsCommand::Rotate { id, expires, overlap } => {
            let id = match id {
                Some(id) => CredentialId::new(id),
                None => newest(&app, &tenant).await?,
            };
            let now = Utc::now();
            let minted = app
                .credentials
                .rotate(&tenant, &id, expires.expiry(now), overlap.time())
                .await?;
            tell(&app, options, &minted);
            match overlap.is_none() {
                true => println!("Replaces      {id}, which opens nothing any more"),
                false => println!(
                    "Replaces      {id}, which lives on until {}",
                    date(now + overlap.time())
                ),
            }
        }
        CredentialsCommand::List => {
            for credential in app.credentials.list(&tenant).await? {
                println!("{}", line(&credential));
            }
        }
    }
    app.close().await;
    Ok(())
}

fn tell(app: &App, options: &HostOptions, minted: &Minted) {
    println!("Tenant URL    {}", app.tenant_url(&options.organization));
    println!("Secret token  {}  (shown this once)", minted.token.expose());
    println!("Credential    {} ({})", minted.credential.id, minted.credential.name);
    match minted.credential.expiry {
        Expiry::At(end) => println!("Expires       {}", date(end)),
        Expiry::Never => println!("Expires       never: it is good until it is revoked"),
    }
}

async fn newest(app: &App, tenant: &TenantId) -> Result<CredentialId, Box<dyn Error + Send + Sync>> {
    let now = Utc::now();
    let credentials = app.credentials.list(tenant).await?;
    let live = credentials.into_iter().rev();
    let mut live = live.filter(|credential| credential.ends.is_none() && credential.is_live(now));
    let newest = live.next().ok_or("there is no credential to rotate: create one")?;
    Ok(newest.id)
}

fn line(credential: &Credential) -> String {
    let now = Utc::now();
    let end = match credential.expiry {
        Expiry::At(end) => credential.ends.map_or(Some(end), |ends| Some(ends.min(end))),
        Expiry::Never => credential.ends,
    };
    let state = match (credential.is_live(now), end) {
        (false, _) => "over".to_owned(),
        (true, Some(end)) => format!("until {}", date(end)),
        (true, None) => "never expires".to_owned(),
    };
    let used = credential.last_used.map(date);
    let used = used.as_deref().unwrap_or("never used");
    let soon = days_left(credential, now).map_or("", |_| "  expires soon: rotate it");
    format!("{}  {:<24}  {state:<28}  {used}{soon}", credential.id, credential.name)
}

fn date(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
