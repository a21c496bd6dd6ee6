//! Hostile and malformed input: one line of the corpus is one request and what must come of it.
//!
//! [`Corpus`] loads the lines, [`World`] makes the system under test with the corpus' fixture in it, and [`Runner`]
//! sends every line to a fresh [`Instance`], twice, and judges answers and state.

mod bulk;
mod expect;
mod fill;
mod fixture;
mod input;
mod line;
mod reply;
mod run;
mod scene;
mod state;
mod trial;
mod universal;
mod world;

pub use fixture::{Fixture, FixtureGroup, FixtureTenant, FixtureUser};
pub use line::{Corpus, CorpusFile, Level, Line};
pub use run::Runner;
pub use world::{Instance, World};
