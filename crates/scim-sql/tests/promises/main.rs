//! Promises about loss, concurrency and crashes, one file each, on SQLite and PostgreSQL, through the whole handler.
//!
//! Every check is also run on something broken, which it must catch. `cargo test` runs a short form; with the loads and
//! figures that are promised, each printed in a line:
//!
//! ```text
//! SCIM_PROMISES=full cargo test --release -p scim-sql --features events,sqlite,postgres --test promises -- --nocapture --test-threads=1
//! ```

#[cfg(test)]
#[path = "../../../scim-http/tests/promises/generate.rs"]
mod generate;
#[cfg(test)]
#[path = "../../../scim-http/tests/promises/random.rs"]
mod random;
#[cfg(test)]
#[path = "../../../scim-events/tests/webhooks/receiver.rs"]
mod receiver;

#[cfg(test)]
mod base;
#[cfg(test)]
mod child;
#[cfg(test)]
mod client;
#[cfg(test)]
mod flaw;
#[cfg(test)]
mod power;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod scale;
#[cfg(test)]
mod script;
#[cfg(test)]
mod support;

#[cfg(test)]
mod atomicity;
#[cfg(test)]
mod bulk;
#[cfg(test)]
mod cancel;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod deadlock;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod durability;
#[cfg(test)]
mod events;
#[cfg(test)]
mod lost_update;
#[cfg(test)]
mod mass;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod protection;
#[cfg(test)]
mod race;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod retries;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod seats;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod upgrade;
