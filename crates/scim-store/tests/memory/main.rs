//! Tests of the memory store.

#[cfg(test)]
mod basics;
#[cfg(test)]
mod common;
#[cfg(test)]
mod guards;
