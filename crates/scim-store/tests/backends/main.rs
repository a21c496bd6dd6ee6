//! Tests of the store that is made of back ends.

#[cfg(test)]
#[expect(unreachable_pub, reason = "it is public in the documentation")]
#[path = "../../docs/backends.rs"]
mod backends;
#[cfg(test)]
#[expect(dead_code, reason = "the tests of the memory store need more of it")]
#[path = "../memory/common.rs"]
mod common;
#[cfg(test)]
mod host;
#[cfg(test)]
mod parts;
#[cfg(test)]
mod races;
#[cfg(test)]
mod searches;
#[cfg(test)]
mod writes;
