//! The maps of all types that are served.

use std::{collections::HashMap, sync::Arc};

use scim_core::schema::{Registry, ResourceType};

use super::{TableMap, table_map};
use crate::Engine;

/// Where types stand in the library's own tables.
#[derive(Debug)]
pub(crate) struct Maps {
    kinds: Arc<Registry>,
    maps: HashMap<String, Arc<TableMap>>,
}

/// The maps that were asked for last; services seldom have more than one registry.
#[derive(Debug, Default)]
pub(crate) struct KeptMaps(Option<Arc<Maps>>);

impl Maps {
    /// The maps of all types of a registry.
    pub(crate) fn new(engine: Engine, schema: &str, kinds: &Arc<Registry>) -> Arc<Self> {
        let maps = kinds.types().iter().map(|kind| {
            let map = table_map(kind, kinds, schema, engine);
            (kind.name().to_owned(), Arc::new(map))
        });
        Arc::new(Self {
            maps: maps.collect(),
            kinds: Arc::clone(kinds),
        })
    }

    /// The map of a type; `None` where it is not served.
    pub(crate) fn of(&self, kind: &ResourceType) -> Option<Arc<TableMap>> {
        self.maps.get(kind.name()).map(Arc::clone)
    }
}

impl KeptMaps {
    /// The maps of a registry, made where they are not those of before.
    pub(crate) fn get(&mut self, engine: Engine, schema: &str, kinds: &Arc<Registry>) -> Arc<Maps> {
        match &self.0 {
            Some(maps) if Arc::ptr_eq(&maps.kinds, kinds) => Arc::clone(maps),
            _ => Arc::clone(self.0.insert(Maps::new(engine, schema, kinds))),
        }
    }
}
