//! Tests of the memory store.

#[cfg(test)]
mod basics;
#[cfg(test)]
mod common;
#[cfg(test)]
#[expect(unreachable_pub, reason = "it is public in the documentation")]
#[path = "../../docs/custom_store.rs"]
mod custom_store;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod guards;
