//! What four products document of their provisioning, each walked end to end through the handler:
//! `cargo test -p scim-conformance --test products`, in memory, on SQLite and on PostgreSQL.

#[cfg(test)]
mod enpass;
#[cfg(test)]
mod eptura;
#[cfg(test)]
mod nordpass;
#[cfg(test)]
mod place;
#[cfg(test)]
mod product;
#[cfg(test)]
mod scalekit;
#[cfg(test)]
#[path = "../../../scim-http/tests/support/mod.rs"]
mod support;
