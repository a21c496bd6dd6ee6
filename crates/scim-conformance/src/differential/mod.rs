//! Two stores that must answer alike: random resources in both, and random searches of them.
//!
//! ```
//! use scim_conformance::{block_on, differential::Differential};
//! use scim_store::MemoryStore;
//!
//! let (one, two) = (MemoryStore::new(), MemoryStore::new());
//! let tally = block_on(Differential::new(1).with_worlds(2).with_cases(20).run(&one, &two))?;
//! assert_eq!(tally.cases, 40);
//! # Ok::<(), String>(())
//! ```

mod cases;
mod filters;
mod random;
mod values;
mod world;

use std::sync::Arc;

use scim_core::{
    query::{Page, QueryPage, Relations},
    resource::{Encoder, Found, Members, Projection},
};
use scim_store::{ScimStore, StoreError};
use serde_json::Value;

pub use cases::Case;
pub use world::{Allow, Filled, Item, PROBE, World, kinds};

/// How much is compared.
#[derive(Clone)]
pub struct Differential {
    seed: u64,
    worlds: usize,
    resources: usize,
    cases: usize,
    allow: Allow,
}

/// What was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Searches that both answered alike.
    pub cases: usize,
    /// Those of them that found anything.
    pub found: usize,
    /// Those of them that both refused as unsupported.
    pub refused: usize,
}

impl Differential {
    /// Four worlds of 40 resources with 250 searches each.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            worlds: 4,
            resources: 40,
            cases: 250,
            allow: Arc::new(|_, _| true),
        }
    }

    /// With so many worlds; each is put into both stores once.
    #[must_use]
    pub fn with_worlds(mut self, worlds: usize) -> Self {
        self.worlds = worlds;
        self
    }

    /// With so many resources in a world.
    #[must_use]
    pub fn with_resources(mut self, resources: usize) -> Self {
        self.resources = resources;
        self
    }

    /// With so many searches of each world.
    #[must_use]
    pub fn with_cases(mut self, cases: usize) -> Self {
        self.cases = cases;
        self
    }

    /// With these attributes only, in resources and in searches; see [`Allow`].
    #[must_use]
    pub fn with_attributes(mut self, allow: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Self {
        self.allow = Arc::new(allow);
        self
    }

    /// Puts the same resources into both stores and compares their answers.
    ///
    /// # Errors
    ///
    /// The first difference, with what made it.
    pub async fn run(&self, one: &dyn ScimStore, two: &dyn ScimStore) -> Result<Tally, String> {
        let mut tally = Tally::default();
        for number in 0..self.worlds {
            let world = self.world(number);
            let filled = |error: StoreError| format!("seed {} world {number}: {}", self.seed, told(&error));
            let one = (one, world.fill(one).await.map_err(filled)?);
            let two = (two, world.fill(two).await.map_err(filled)?);
            self.compare(number, &world, (one.0, &one.1), (two.0, &two.1), &mut tally)
                .await?;
        }
        Ok(tally)
    }

    /// One of the worlds, for a store that is filled by other means than its verbs.
    #[must_use]
    pub fn world(&self, number: usize) -> World {
        World::new(self.seed_of(number), self.resources, &self.allow)
    }

    /// Compares the answers of two stores that hold the same world.
    ///
    /// # Errors
    ///
    /// The first difference, with what made it.
    pub async fn compare(
        &self,
        number: usize,
        world: &World,
        one: (&dyn ScimStore, &Filled),
        two: (&dyn ScimStore, &Filled),
        tally: &mut Tally,
    ) -> Result<(), String> {
        let mut left = self.cases;
        for (index, case) in world.cases(self.seed_of(number) ^ 0x5eed).enumerate() {
            if left == 0 {
                break;
            }
            let page = Page::Index { start: 1, count: 1 };
            if case.query(world, one.1, page).is_none() {
                continue;
            }
            left -= 1;
            let outcome = same(world, &case, one, two).await;
            let found = outcome.map_err(|difference| {
                format!("seed {} world {number} case {index}: {difference}\n{case:?}", self.seed)
            })?;
            tally.cases += 1;
            match found {
                None => tally.refused += 1,
                Some(found) => tally.found += usize::from(found > 0),
            }
        }
        Ok(())
    }

    fn seed_of(&self, number: usize) -> u64 {
        self.seed.wrapping_mul(1_000_003).wrapping_add(number as u64)
    }
}

impl std::fmt::Debug for Differential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Differential")
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

type Side<'a> = (&'a dyn ScimStore, &'a Filled);

/// Compares a page by number with all that it shows, the whole list, and walks by cursor; how many match, or `None` where
/// both refuse.
async fn same(world: &World, case: &Case, one: Side<'_>, two: Side<'_>) -> Result<Option<usize>, String> {
    let (start, count) = (case.start, case.count);
    let page = Page::Index { start, count };
    let first = ask(world, case, one, page.clone(), case.relations).await;
    let second = ask(world, case, two, page, case.relations).await;
    match (first, second) {
        (Ok(first), Ok(second)) => {
            differ("totals", &first.total, &second.total)?;
            differ("a page", &labels(&first, one.1), &labels(&second, two.1))?;
            let (first, second) = (shown(&first, one.1), shown(&second, two.1));
            first
                .iter()
                .zip(&second)
                .try_for_each(|(one, two)| differ("a resource", one, two))?;
        }
        (Err(StoreError::Unsupported { .. }), Err(StoreError::Unsupported { .. })) => return Ok(None),
        (first, second) => {
            let told = |outcome: Result<QueryPage, StoreError>| match outcome {
                Ok(page) => format!("{:?} matches", page.total),
                Err(error) => told(&error),
            };
            return Err(format!("{} against {}", told(first), told(second)));
        }
    }
    let all = |side| async move {
        let page = Page::Index { start: 1, count: 1000 };
        ask(world, case, side, page, Relations::NONE)
            .await
            .map_err(|error| told(&error))
    };
    let (first, second) = (all(one).await?, all(two).await?);
    let list = labels(&first, one.1);
    differ("all matches", &list, &labels(&second, two.1))?;
    differ("totals of all", &first.total, &second.total)?;
    differ("a total", &first.total, &Some(list.len()))?;
    walk(world, case, one, &list).await?;
    walk(world, case, two, &list).await?;
    Ok(Some(list.len()))
}

/// A walk visits everything once, in the order of the list.
async fn walk(world: &World, case: &Case, (store, filled): Side<'_>, all: &[String]) -> Result<(), String> {
    let count = case.count.max(all.len().div_ceil(4)).max(1);
    let (mut after, mut walked) = (None, Vec::new());
    loop {
        let page = ask(
            world,
            case,
            (store, filled),
            Page::Cursor { after, count },
            Relations::NONE,
        )
        .await;
        let page = page.map_err(|error| told(&error))?;
        if let Some(total) = page.total {
            differ("the total of a walk", &total, &all.len())?;
        }
        if page.items.len() > count || walked.len() > all.len() {
            return Err(format!("a walk has pages of {} and does not end", page.items.len()));
        }
        walked.extend(labels(&page, filled));
        after = page.next;
        if after.is_none() {
            break;
        }
        if page.items.len() < count {
            return Err("a walk has a short page before its end".to_owned());
        }
    }
    differ("a walk", &walked.as_slice(), &all)
}

async fn ask(
    world: &World,
    case: &Case,
    (store, filled): Side<'_>,
    page: Page,
    relations: Relations,
) -> Result<QueryPage, StoreError> {
    let Some(mut query) = case.query(world, filled, page) else {
        return Err(StoreError::other("a filter that resolves in one store only"));
    };
    query.relations = relations;
    store.query(&filled.scope, &query).await
}

/// Which resources are on a page.
fn labels(page: &QueryPage, filled: &Filled) -> Vec<String> {
    page.items.iter().map(|found| label(found, filled)).collect()
}

/// What a page shows, and whether members were cut off, with the numbers of items for their identifiers.
fn shown(page: &QueryPage, filled: &Filled) -> Vec<(Value, bool)> {
    let items = page.items.iter().map(|found| {
        let bytes = Encoder::new("https://example.com").to_bytes(found, &Projection::Default);
        let mut body = serde_json::from_slice(&bytes).unwrap_or_default();
        number(&mut body, filled);
        // They are in the order of identifiers, which need not be the same.
        if let Some(list) = body.get_mut("groups").and_then(Value::as_array_mut) {
            list.sort_by_cached_key(Value::to_string);
        }
        let is_cut = matches!(found.members, Members::TooMany);
        (body, is_cut)
    });
    items.collect()
}

fn label(found: &Found, filled: &Filled) -> String {
    let number = filled.number(found.head.id.as_str());
    format!("{} {number:?}", found.kind.name())
}

/// Puts numbers for identifiers, also at the end of references.
fn number(value: &mut Value, filled: &Filled) {
    match value {
        Value::String(text) => {
            let (before, id) = text.rsplit_once('/').unwrap_or(("", text));
            if let Some(number) = filled.number(id) {
                *text = format!("{before}#{number}");
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| number(value, filled)),
        Value::Object(map) => map.values_mut().for_each(|value| number(value, filled)),
        _ => {}
    }
}

fn differ<T: PartialEq + std::fmt::Debug>(what: &str, one: &T, two: &T) -> Result<(), String> {
    if one == two {
        return Ok(());
    }
    Err(format!("{what}:\n  one: {one:?}\n  two: {two:?}"))
}

fn told(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
