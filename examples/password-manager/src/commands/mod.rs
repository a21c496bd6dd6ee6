//! What is done from the command line, beside the server: on the same database.

mod credentials;
mod events;

use std::error::Error;

pub(crate) use self::{credentials::credentials, events::events};
use crate::{app::App, domain::Access, options::HostOptions};

/// Prints a one-time sign-in link for the owner.
pub(crate) async fn sign_in(options: &HostOptions) -> Result<(), Box<dyn Error + Send + Sync>> {
    let app = open(options).await?;
    let link = app.access.link(&options.organization).await?;
    let link = link.ok_or("the organisation has no active owner")?;
    println!("{}/sign-in?link={link}", app.public_url);
    println!("It works once, until {}.", Access::link_ends().format("%H:%M UTC"));
    app.close().await;
    Ok(())
}

/// The product, where the organisation is there already.
async fn open(options: &HostOptions) -> Result<App, Box<dyn Error + Send + Sync>> {
    let app = App::open(options, options.public_url(options.listen)).await?;
    match app.organisations.get(&options.organization).await? {
        Some(_) => Ok(app),
        None => Err("there is no such organisation yet: start the server once with it".into()),
    }
}
