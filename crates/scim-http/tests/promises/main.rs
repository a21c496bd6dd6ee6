//! Promises that hold whatever is sent, one file each. Every check is also run on something broken, which it must catch.

#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;

#[cfg(test)]
mod atomicity;
#[cfg(test)]
mod cancel;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod protected;
#[cfg(test)]
mod random;
#[cfg(test)]
mod tenants;
