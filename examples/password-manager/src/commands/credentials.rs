//! `credentials`: secret tokens from the command line.

use std::error::Error;

use chrono::{TimeDelta, Utc};
use scim_http::{
    Expiry, Mint, Minted,
    core::TenantId,
    store::{Credential, CredentialId},
};

use super::open;
use crate::{
    app::App,
    options::{CredentialsCommand, HostOptions},
};

pub(crate) async fn credentials(
    options: &HostOptions,
    command: CredentialsCommand,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let app = open(options).await?;
    let tenant: TenantId = options.organization.as_str().into();
    match command {
        CredentialsCommand::Create { name, days } => {
            let expiry = days.map_or(Expiry::Never, |days| {
                Expiry::At(Utc::now() + TimeDelta::days(i64::from(days.min(36_500))))
            });
            tell(
                &app,
                options,
                &app.credentials.mint(&tenant, Mint::new(&name, expiry)).await?,
            );
        }
        CredentialsCommand::Rotate { id, overlap } => {
            let overlap = TimeDelta::minutes(i64::from(overlap));
            let id = match id {
                Some(id) => CredentialId::new(id),
                None => newest(&app, &tenant).await?,
            };
            let minted = app.credentials.rotate(&tenant, &id, Expiry::Never, overlap).await?;
            tell(&app, options, &minted);
            println!(
                "Replaces      {id}, which lives on for {} minutes",
                overlap.num_minutes()
            );
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
    let state = match (credential.is_live(Utc::now()), credential.ends) {
        (false, _) => "over".to_owned(),
        (true, Some(end)) => format!("until {}", end.format("%Y-%m-%d %H:%M UTC")),
        (true, None) => "live".to_owned(),
    };
    let used = credential
        .last_used
        .map(|at| at.format("%Y-%m-%d %H:%M UTC").to_string());
    let used = used.as_deref().unwrap_or("never used");
    format!("{}  {:<24}  {state:<28}  {used}", credential.id, credential.name)
}
