//! Everything that the endpoint, the console and the commands share.

use std::{error::Error, sync::Arc};

use scim_http::Credentials;
use scim_sql::host::HostStore;

use crate::{
    console::Reveals,
    db::{Beside, Db},
    domain::{Access, Events, History, Invitation, Licences, Members, Organisations, Refusal, Role, Teams, Vaults},
    options::HostOptions,
    scim::{self, Kinds},
};

/// What tokens begin with, so that scanners for leaked secrets know them.
const TOKEN_PREFIX: &str = "latchkey";

/// Licences of a new organisation.
const SEATS: u32 = 10;

/// The product. A clone is the same one.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) access: Access,
    beside: Beside,
    pub(crate) credentials: Credentials,
    pub(crate) events: Events,
    pub(crate) history: History,
    pub(crate) kinds: Kinds,
    pub(crate) licences: Licences,
    pub(crate) members: Members,
    pub(crate) organisations: Organisations,
    pub(crate) public_url: String,
    pub(crate) reveals: Arc<Reveals>,
    pub(crate) store: HostStore,
    pub(crate) teams: Teams,
    pub(crate) vaults: Vaults,
}

impl App {
    /// Opens the database, and makes what is missing in it.
    pub(crate) async fn open(options: &HostOptions, public_url: String) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let db = Db::open(&options.database).await?;
        let kinds = Kinds::get()?;
        let store = db.host_store(&scim::map(&kinds)?, scim::rules()).await?;
        let beside = db.beside().await?;
        Ok(Self {
            access: Access::new(db.clone()),
            credentials: Credentials::new(TOKEN_PREFIX, beside.credentials())?,
            events: Events::new(db.clone(), store.clone(), &beside, options.local_webhooks)?,
            history: History::new(db.clone()),
            licences: Licences::new(kinds.clone(), Organisations::new(db.clone()), store.clone()),
            members: Members::new(db.clone(), kinds.clone(), store.clone()),
            organisations: Organisations::new(db.clone()),
            kinds,
            beside,
            public_url,
            reveals: Arc::default(),
            store,
            teams: Teams::new(db.clone()),
            vaults: Vaults::new(db),
        })
    }

    /// Makes an organisation with an owner and vaults where it is not there; a start that was cut off leaves nothing of it.
    pub(crate) async fn found(&self, slug: &str, is_empty: bool) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.organisations.get(slug).await?.is_some() {
            return Ok(());
        }
        // Before the rest: of an organisation that is there, the number of licences is the administrators' business.
        self.licences.buy(slug, SEATS).await?;
        if is_empty {
            self.organisations.create(slug, &title(slug)).await?;
            return Ok(());
        }
        let vaults = [("Company", 24), ("Engineering", 61), ("Finance", 17), ("Marketing", 9)];
        let vaults = vaults.map(|(name, items)| Vaults::creation(slug, name, items));
        let before = [Organisations::creation(slug, &title(slug))].into_iter().chain(vaults);
        let owner = Invitation {
            organisation: slug,
            user_name: &format!("owner@{slug}.example"),
            name: "Olivia Owner",
            role: Role::Owner,
        };
        match self
            .members
            .invite_behind(before.collect(), "first start", &owner)
            .await
        {
            // Another process was faster.
            Err(Refusal::Exists) => Ok(()),
            Err(error) => Err(error.into()),
            // Without it the owner would wait for a licence, as others do.
            Ok(owner) => Ok(self.licences.give("first start", slug, &owner).await.map(drop)?),
        }
    }

    /// Ends the library's stores: what waits is done, and files are closed.
    pub(crate) async fn close(&self) {
        self.store.close().await;
        self.beside.close().await;
    }

    /// What is pasted into an identity provider.
    pub(crate) fn tenant_url(&self, organisation: &str) -> String {
        format!("{}/scim/{organisation}/v2", self.public_url)
    }
}

/// A short name as people write it: `acme-labs` is Acme Labs.
fn title(slug: &str) -> String {
    let words = slug.split('-').filter(|word| !word.is_empty()).map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_name_becomes_a_name() {
        assert_eq!(title("acme"), "Acme");
        assert_eq!(title("acme-labs-2"), "Acme Labs 2");
    }
}
