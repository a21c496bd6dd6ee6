//! Tenants and their tokens in a database: `cargo test -p scim-sql --all-features --test tenants`.

#[cfg(test)]
mod canary;
#[cfg(test)]
mod credentials;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod support;
