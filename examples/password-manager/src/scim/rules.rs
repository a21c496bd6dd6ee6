//! The product's own veto, asked inside of each transaction of provisioning.

use async_trait::async_trait;
use scim_http::{
    core::resource::Resource,
    store::{Attempt, Denial, Guard, Scope, TxView},
};

use super::MEMBER;

/// Owners keep the organisation, and members who were invited by hand are not taken over behind anybody's back.
///
/// The roles that it asks for are columns of the product, mapped as attributes that are read only: no identity provider can
/// write them.
#[derive(Debug)]
pub(crate) struct Rules;

#[async_trait]
impl Guard for Rules {
    async fn check(&self, _: &Scope, attempt: Attempt<'_>, _: &mut dyn TxView) -> Result<(), Denial> {
        let (before, after) = match attempt {
            Attempt::Delete { before, .. } => (before, None),
            Attempt::Update { before, after, .. } => (before, Some(after)),
            _ => return Ok(()),
        };
        if is(before, "role", "owner") && after.is_none_or(|after| is_out_of_hand(before, after)) {
            return Err(Denial::new(OWNER));
        }
        if is(before, "origin", "invitation") {
            return Err(Denial::new(BY_HAND));
        }
        Ok(())
    }
}

const OWNER: &str = "an owner of the organisation cannot be deleted, suspended or renamed by provisioning";

const BY_HAND: &str = "this member was invited by hand; hand the account over to provisioning in the console first";

/// Whether an owner is suspended or renamed.
fn is_out_of_hand(before: &Resource, after: &Resource) -> bool {
    !after.is_active() || before.text("userName") != after.text("userName")
}

fn is(resource: &Resource, attribute: &str, value: &str) -> bool {
    let member = resource.get(MEMBER);
    member
        .and_then(|member| member.get(attribute))
        .and_then(|found| found.as_str())
        == Some(value)
}
