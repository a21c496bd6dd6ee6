//! What belongs to the identity provider, for the host's own interfaces.

use crate::TenantSettings;

/// Who manages the users of a tenant, and what the host's own people may do to them by hand.
///
/// Every resource of a store came by provisioning. A host that lets its administrators edit users asks this before it does so:
/// removal and deactivation of a provisioned user, and changes of what the identity provider owns, are to be made there, or the
/// next synchronisation undoes them. What the host owns, such as roles, it changes by the store's own verbs, with a scope
/// [of its own](crate::Scope::by_host), or announces where the tables are its own: versions move, and the change is recorded.
///
/// ```
/// use std::sync::Arc;
/// use scim_core::{Dialect, Edit, Limits, ResourceId, patch::{PatchMessage, PatchOp, PatchOperation}, schema::{Registry, ResourceType}};
/// use scim_store::{ByHand, Clock, Principal, Provenance, RandomIds, ScimStore, Scope, SystemClock, TenantSettings};
///
/// # async fn edit(store: &dyn ScimStore, id: ResourceId) -> Result<(), Box<dyn std::error::Error>> {
/// let settings = TenantSettings::default().with(|settings| settings.managed_by = Some("Okta".to_owned()));
/// let provenance = Provenance::of(&settings);
/// let refusal = provenance.check(ByHand::Remove).unwrap_err();
/// assert_eq!(refusal.to_string(), "the user is managed by Okta: it is to be removed there");
/// assert!(provenance.check(ByHand::Edit("name.familyName")).is_err());
///
/// // Roles are the host's: its own administrator changes them.
/// provenance.check(ByHand::Edit("roles"))?;
/// let roles = serde_json::json!([{ "value": "auditor" }]);
/// let message = PatchMessage::new(vec![PatchOperation::new(PatchOp::Replace, Some("roles"), Some(roles))]);
/// let (kind, dialect) = (ResourceType::user(), Arc::new(Dialect::default()));
/// let edit = Edit::patch(kind, id, message, dialect, &Limits::default(), "")?;
/// let (ids, kinds) = (Arc::new(RandomIds), Arc::new(Registry::default()));
/// let scope = Scope::new(Principal::new("acme", "administrator 7"), SystemClock.now(), ids, kinds).by_host();
/// store.update(&scope, &edit).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Provenance {
    label: String,
    host_owns: Vec<String>,
}

/// What somebody wants to do to a provisioned user by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ByHand<'a> {
    /// To deactivate it.
    Deactivate,
    /// To change an attribute, by its path, such as `roles`, `name.familyName` or one that starts with the URN of its extension.
    Edit(&'a str),
    /// To remove it.
    Remove,
}

/// Why something is not to be done by hand; the text is for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    text: String,
}

/// What hosts own as a rule: RFC 7643 has these attributes for the service's own notion of rights.
const OWN: [&str; 2] = ["entitlements", "roles"];

impl Provenance {
    /// The provenance of a tenant's users, by its settings; `SCIM` where they name nobody. The host owns `roles` and
    /// `entitlements`.
    pub fn of(settings: &TenantSettings) -> Self {
        Self {
            label: settings.managed_by.clone().unwrap_or_else(|| "SCIM".to_owned()),
            host_owns: OWN.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// With one more attribute that the host owns, by its path, or all of an extension by its URN.
    #[must_use]
    pub fn host_owns(mut self, path: &str) -> Self {
        self.host_owns.push(path.to_owned());
        self
    }

    /// With an attribute that the identity provider owns after all.
    #[must_use]
    pub fn provider_owns(mut self, path: &str) -> Self {
        self.host_owns.retain(|own| !own.eq_ignore_ascii_case(path));
        self
    }

    /// Who manages the users, as hosts show it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Whether something may be done by hand.
    ///
    /// # Errors
    ///
    /// It is for the identity provider to do.
    pub fn check(&self, action: ByHand<'_>) -> Result<(), Refusal> {
        let label = &self.label;
        let text = match action {
            ByHand::Deactivate => format!("the user is managed by {label}: it is to be deactivated there"),
            ByHand::Edit(path) if self.host_owns.iter().any(|own| covers(own, path)) => return Ok(()),
            ByHand::Edit(_) => format!("the attribute is managed by {label}: it is to be changed there"),
            ByHand::Remove => format!("the user is managed by {label}: it is to be removed there"),
        };
        Err(Refusal { text })
    }
}

impl Refusal {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Whether a path is what another names, or part of it.
fn covers(own: &str, path: &str) -> bool {
    let Some((head, rest)) = path.split_at_checked(own.len()) else {
        return false;
    };
    head.eq_ignore_ascii_case(own) && (rest.is_empty() || rest.starts_with(['.', '[', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_changes_what_it_owns_and_nothing_else() {
        let provenance = Provenance::of(&TenantSettings::default())
            .host_owns("urn:example:App")
            .provider_owns("entitlements");
        assert_eq!(provenance.label(), "SCIM");
        let may = |path| provenance.check(ByHand::Edit(path)).is_ok();
        for path in [
            "roles",
            "Roles",
            "roles[value eq \"x\"].display",
            "urn:example:App:plan",
        ] {
            assert!(may(path), "{path}");
        }
        for path in [
            "userName",
            "rolesX",
            "role",
            "active",
            "entitlements",
            "urn:example:Apple:plan",
            "",
        ] {
            assert!(!may(path), "{path}");
        }
        assert!(provenance.check(ByHand::Deactivate).is_err() && provenance.check(ByHand::Remove).is_err());
    }
}
