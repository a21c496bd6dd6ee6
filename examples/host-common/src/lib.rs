//! What the example hosts have in common: options, stores, credentials, log. What differs is the framework.

mod database;
mod fixture;
mod host;
mod log;
mod options;
mod passwords;
mod secret;
mod stop;

pub use host::Host;
pub use log::Line;
pub use options::Options;
pub use stop::stop_signal;
