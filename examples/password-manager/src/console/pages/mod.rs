//! The pages.

pub(super) mod events;
pub(super) mod groups;
pub(super) mod licences;
pub(super) mod log;
pub(super) mod provisioning;
pub(super) mod sign_in;
pub(super) mod users;
