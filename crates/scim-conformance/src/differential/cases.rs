//! Searches of a world.

use std::sync::Arc;

use scim_core::{
    attr::AttrPath,
    filter::{Filter, FilterScope, Predicate},
    query::{Page, Query, Relations, Target},
    schema::ResourceType,
    sort::SortKey,
};

use super::{
    filters::{Names, SIGN},
    random::Random,
    world::{Filled, World},
};

/// Where references of a filter start.
const BASE: &str = "https://example.com/scim/v2";

/// A search that can be asked of every store that a world is in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Case {
    /// The names of the types that are searched.
    pub kinds: Vec<&'static str>,
    /// The filter; an identifier stands in it as the number of its item between two signs.
    pub filter: Option<String>,
    /// What is sorted by.
    pub sort: Option<String>,
    /// Whether the order is turned round.
    pub descending: bool,
    /// The first match of a page by number.
    pub start: usize,
    /// How many are on a page.
    pub count: usize,
    /// The relations of the answer.
    pub relations: Relations,
    /// What is done to the predicate that no filter can say.
    twist: usize,
}

impl World {
    /// Searches of this world, without end and always the same.
    pub fn cases(&self, seed: u64) -> impl Iterator<Item = Case> + use<> {
        let mut random = Random::new(seed);
        let names = ["User", "Group"].map(|kind| Names::new(&self.kinds, kind, &self.allow));
        let items = self.items.len();
        std::iter::from_fn(move || Some(case(&names, items, &mut random)))
    }
}

impl Case {
    /// The search for a store; `None` where the filter or the order is refused before any store sees it.
    pub fn query(&self, world: &World, filled: &Filled, page: Page) -> Option<Query> {
        let mut targets = Vec::new();
        for name in &self.kinds {
            targets.push(self.target(world, filled, world.kinds.by_name(name)?)?);
        }
        let mut query = Query::new(targets, page);
        query.sorted = self.sort.is_some();
        query.descending = self.descending;
        query.relations = self.relations;
        Some(query)
    }

    fn target(&self, world: &World, filled: &Filled, kind: &Arc<ResourceType>) -> Option<Target> {
        let across_types = self.kinds.len() > 1;
        let scope = FilterScope {
            kind,
            dialect: &world.dialect,
            base: BASE,
            across_types,
            in_url: false,
        };
        let predicate = match &self.filter {
            None => None,
            Some(filter) => {
                let filter = Filter::parse(&named(filter, filled)).ok()?;
                let predicate = Predicate::resolve(&filter, &scope).ok()?;
                Some(twisted(predicate, self.twist))
            }
        };
        let sort = match &self.sort {
            None => None,
            Some(path) => {
                let path = AttrPath::parse(path).ok()?;
                match across_types {
                    true => SortKey::locate_across(&path, kind, &world.dialect).ok()?,
                    false => Some(SortKey::locate(&path, kind, &world.dialect).ok()?),
                }
            }
        };
        Some(Target::new(Arc::clone(kind), predicate, sort))
    }
}

/// Puts the identifiers of a store in.
fn named(filter: &str, filled: &Filled) -> String {
    let mut named = String::with_capacity(filter.len());
    for (at, part) in filter.split(SIGN).enumerate() {
        if at % 2 == 0 {
            named.push_str(part);
        } else {
            let number: Option<usize> = part.parse().ok();
            let id = number.and_then(|number| filled.ids.get(number)?.as_ref());
            named.push_str(id.map_or("nobody", |id| id.as_str()));
        }
    }
    named
}

/// Forms that no filter has.
fn twisted(predicate: Predicate, twist: usize) -> Predicate {
    match twist {
        0 => Predicate::All(vec![predicate, Predicate::All(Vec::new())]),
        1 => Predicate::Any(vec![Predicate::Any(Vec::new()), predicate]),
        2 => Predicate::Not(Box::new(Predicate::Not(Box::new(predicate)))),
        3 => Predicate::Not(Box::new(Predicate::Any(vec![predicate, Predicate::Always(false)]))),
        4 => Predicate::All(vec![predicate.clone(); 20]),
        _ => predicate,
    }
}

fn case(names: &[Names; 2], items: usize, random: &mut Random) -> Case {
    let (kinds, of): (Vec<&'static str>, _) = match random.below(5) {
        0 | 1 => (vec!["User"], 0),
        2 | 3 => (vec!["Group"], 1),
        _ => (vec!["User", "Group"], random.below(2)),
    };
    let paths = names.get(of);
    let filter = paths.filter(|_| random.chance(90)).and_then(|names| {
        let depth = random.below(4);
        names.filter(depth, items, random)
    });
    let sort = paths.filter(|_| random.chance(45)).and_then(|names| {
        // The first of the memberships is that of the least identifier, which need not be the same in each store.
        let name = random.pick(&names.paths)?;
        (!name.path.starts_with("groups")).then(|| name.path.clone())
    });
    Case {
        kinds,
        filter,
        sort,
        descending: random.chance(50),
        start: random.below(items / 2),
        count: random.below(8),
        relations: match random.below(4) {
            0 => Relations::ALL,
            1 => Relations::new(Some(random.below(4)), random.chance(50)),
            _ => Relations::NONE,
        },
        twist: random.below(40),
    }
}
