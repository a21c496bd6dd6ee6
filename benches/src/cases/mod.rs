//! The cases, each with its floor beside it.

mod decode;
mod evaluate;
mod handler;
mod members;
pub(crate) mod memory;
mod parse;
mod patch;
pub(crate) mod sql;
mod weight;

use crate::Failure;

/// A case by the name that the command line knows.
type Case = (&'static str, fn() -> Result<(), Failure>);

pub(crate) const ALL: [Case; 8] = [
    ("parse", parse::run),
    ("evaluate", evaluate::run),
    ("members", members::run),
    ("patch", patch::run),
    ("decode", decode::run),
    ("handler", handler::run),
    ("memory", memory::run),
    ("weight", weight::run),
];
