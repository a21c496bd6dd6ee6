#![doc = include_str!("../README.md")]

mod convert;
mod endpoint;
mod incoming;
mod outgoing;

pub use endpoint::Endpoint;
