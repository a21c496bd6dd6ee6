use std::collections::BTreeMap;
use std::error::Error;

use async_trait::async_trait;

use super::fixture::Fixture;
use crate::target::Target;

/// A system under test that can be put into the state of a [`Fixture`].
#[async_trait]
pub trait World: Send + Sync {
    /// The features that a line may need and that this system has, such as `cursor`.
    fn features(&self) -> &[&str] {
        &[]
    }

    /// Makes a system in exactly the state of `fixture`, untouched by any line before.
    ///
    /// Two fresh systems must answer alike but for ids, versions, cursors and times: the runner compares them.
    ///
    /// # Errors
    /// The fixture cannot be made; the line fails with this reason.
    async fn fresh(&self, fixture: &Fixture) -> Result<Box<dyn Instance>, Box<dyn Error + Send + Sync>>;
}

/// A system in the state of a fixture.
#[async_trait]
pub trait Instance: Send + Sync {
    /// The service.
    fn target(&self) -> &dyn Target;

    /// The values of the placeholders: an id for each key of the fixture, the text of each token by its name, and a
    /// live cursor of each tenant as `cursorA`, `cursorB` where there are cursors.
    fn variables(&self) -> &BTreeMap<String, String>;

    /// All state of all tenants as text: resources with versions and times, and the log of changes. Two dumps are
    /// equal if and only if nothing changed between them. Neither tokens nor passwords may be in it.
    async fn dump(&self) -> String;

    /// All else that the system has written so far, such as log lines, searched for secrets.
    async fn written(&self) -> String {
        String::new()
    }
}
