//! The contracts of where events and deliveries wait, for authors of such places.

mod deliveries;
mod positions;

pub use deliveries::check_deliveries;
pub use positions::check_positions;

use std::fmt::Display;

use scim_core::TenantId;
use scim_store::{IdSource as _, RandomIds};

type Check = Result<(), String>;

/// A tenant that nobody else has.
fn tenant() -> TenantId {
    TenantId::new(RandomIds.next().as_str())
}

fn text(error: impl Display) -> String {
    error.to_string()
}
