//! What provisioning may not do, asked inside of each of its transactions.

use std::sync::Arc;

use async_trait::async_trait;
use scim_http::{
    core::{ResourceId, resource::Resource},
    store::{Attempt, Denial, Guard, Guards, Protected, Protection, Scope, TxView},
};

use super::MEMBER;

/// The library's protection of administrators, and one rule of the product's own.
///
/// The roles and origins that they ask for are columns of the product, mapped as attributes that are read only: no identity
/// provider can write them.
pub(crate) fn rules() -> Arc<dyn Guard> {
    // Whoever could change the address of an owner could have links sent there.
    let owners = Protection::new(Owners).lock("emails");
    Arc::new(Guards::new().and(owners).and(Invited))
}

/// Owners keep the organisation: they are not deleted, suspended or renamed. Admins are the owners' business, and may go.
#[derive(Debug)]
struct Owners;

/// Members who were invited by hand are not taken over behind anybody's back.
///
/// [`Protection`] is no fit for them: it keeps accounts from being lost, while these are not to be changed at all, not even a
/// title, until an administrator hands them over.
#[derive(Debug)]
struct Invited;

#[async_trait]
impl Protected for Owners {
    async fn account(&self, _: &Scope, _: &ResourceId, resource: &Resource) -> bool {
        is(resource, "role", "owner")
    }

    /// Roles are given one by one in the console: no group makes owners.
    async fn groups(&self, _: &Scope) -> Vec<ResourceId> {
        Vec::new()
    }
}

#[async_trait]
impl Guard for Invited {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> Result<(), Denial> {
        match attempt {
            Attempt::Delete { before, .. } | Attempt::Update { before, .. } if is(before, "origin", "invitation") => {
                Err(Denial::new(
                    "this member was invited by hand; hand the account over to provisioning in the console first",
                ))
            }
            _ => Ok(()),
        }
    }
}

fn is(resource: &Resource, attribute: &str, value: &str) -> bool {
    let member = resource.get(MEMBER);
    member
        .and_then(|member| member.get(attribute))
        .and_then(|found| found.as_str())
        == Some(value)
}
