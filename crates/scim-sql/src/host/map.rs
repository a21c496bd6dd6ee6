//! The whole map of a host, checked.

use std::{collections::HashSet, sync::Arc};

use scim_core::{
    attr::AttrPath,
    schema::{Attribute, Located, Locator, ResourceType},
};

use crate::host::{
    Column, List, MapError, Table,
    column::ColumnForm,
    key::KeyForm,
    list::Rows,
    name::{is_name, is_path},
};

/// Where a host's own tables hold what SCIM's attributes are: for each resource type its [`Table`].
///
/// Paths and forms are checked against the resource types when it is made, and against the database when a store is.
#[derive(Debug, Clone)]
pub struct ColumnMap {
    pub(super) kinds: Vec<Arc<Mapped>>,
    /// Whether the library's own tables stand beside the host's.
    pub(super) has_sidecar: bool,
}

/// A table whose paths are resolved.
#[derive(Debug)]
pub(super) struct Mapped {
    pub(super) table: Table,
    pub(super) columns: Vec<(Locator, Column)>,
    pub(super) lists: Vec<MappedList>,
}

#[derive(Debug)]
pub(super) struct MappedList {
    pub(super) locator: Locator,
    pub(super) list: List,
    pub(super) subs: Vec<(Arc<Attribute>, Column)>,
}

impl ColumnMap {
    /// A map of these tables, one for each resource type that is served.
    ///
    /// # Errors
    ///
    /// Where a path names no attribute of its type, a column cannot hold what the attribute is, or something that is
    /// required is missing: the error says which, and what to do.
    pub fn new(tables: impl IntoIterator<Item = Table>) -> Result<Self, MapError> {
        Self::build(tables, false)
    }

    /// The same with the library's own tables beside them, in the same database, for writes: versions, times, prepared keys,
    /// attributes without a column and the record of changes are kept there.
    ///
    /// # Errors
    ///
    /// Those of [`ColumnMap::new`].
    pub fn with_sidecar(tables: impl IntoIterator<Item = Table>) -> Result<Self, MapError> {
        Self::build(tables, true)
    }

    fn build(tables: impl IntoIterator<Item = Table>, has_sidecar: bool) -> Result<Self, MapError> {
        let mapped = tables.into_iter().map(|table| Mapped::new(table, has_sidecar));
        let mapped = mapped.collect::<Result<Vec<_>, _>>()?;
        let kinds = mapped.into_iter().map(Arc::new).collect();
        let map = Self { kinds, has_sidecar };
        for (number, mapped) in map.kinds.iter().enumerate() {
            let others = map.kinds.iter().skip(number + 1);
            for other in others {
                mapped.check_beside(other)?;
            }
            for link in &mapped.table.links {
                let known = map.kinds.iter().any(|other| other.kind().name() == link.kind);
                if !known {
                    return Err(mapped.wrong(format!("its members are of type `{}`, which has no table", link.kind)));
                }
            }
        }
        Ok(map)
    }

    pub(super) fn of(&self, kind: &str) -> Option<&Arc<Mapped>> {
        self.kinds.iter().find(|mapped| mapped.kind().name() == kind)
    }
}

impl Mapped {
    fn new(table: Table, has_sidecar: bool) -> Result<Self, MapError> {
        let mut mapped = Self {
            table,
            columns: Vec::new(),
            lists: Vec::new(),
        };
        mapped.check_names()?;
        mapped.check_needs(has_sidecar)?;
        let mut seen = HashSet::new();
        for (path, column) in &mapped.table.columns {
            let locator = mapped.single(path)?;
            mapped.once(&mut seen, &locator.to_string())?;
            column.check(locator.leaf()).map_err(|problem| mapped.wrong(problem))?;
            mapped.columns.push((locator, column.clone()));
        }
        for (path, list) in &mapped.table.lists {
            let locator = mapped.multiple(path)?;
            mapped.once(&mut seen, &locator.to_string())?;
            let subs = mapped.subs(&locator, list)?;
            let list = list.clone();
            mapped.lists.push(MappedList { locator, list, subs });
        }
        let required = mapped.kind().attributes().iter();
        let required = required.filter(|attribute| attribute.required && !matches!(&*attribute.name, "id" | "schemas"));
        for attribute in required {
            if !seen.contains(&attribute.name) {
                return Err(mapped.wrong(format!("`{}` is required: map it to a column", attribute.name)));
            }
        }
        Ok(mapped)
    }

    pub(super) fn kind(&self) -> &Arc<ResourceType> {
        &self.table.kind
    }

    fn wrong(&self, problem: impl Into<String>) -> MapError {
        MapError::new(self.kind().name(), problem)
    }

    fn once(&self, seen: &mut HashSet<String>, path: &str) -> Result<(), MapError> {
        if seen.insert(path.to_owned()) {
            Ok(())
        } else {
            Err(self.wrong(format!("`{path}` is mapped twice")))
        }
    }

    fn check_names(&self) -> Result<(), MapError> {
        let table = &self.table;
        let lists = table.lists.iter().filter_map(|(_, list)| match &list.rows {
            Rows::Table { table, .. } => Some(table),
            Rows::Row => None,
        });
        let links = table.links.iter().map(|link| &link.table);
        if let Some(name) = [&table.name]
            .into_iter()
            .chain(lists)
            .chain(links)
            .find(|name| !is_path(name))
        {
            return Err(self.wrong(format!(
                "`{name}` is not the name of a table, perhaps with a schema before it"
            )));
        }
        let mut columns = vec![&table.id.column];
        columns.extend(table.place.iter().chain(&table.version));
        for link in &table.links {
            columns.extend([&link.group, &link.member]);
            columns.extend(&link.order);
        }
        for (_, list) in &table.lists {
            if let Rows::Table { owner, order, .. } = &list.rows {
                columns.extend([owner, order]);
            }
        }
        if let Some(super::table::Tenant::Column(key)) = &table.tenant {
            columns.push(&key.column);
        }
        match columns.into_iter().find(|name| !is_name(name)) {
            Some(name) => Err(self.wrong(format!("`{name}` is not the name of a column"))),
            None => Ok(()),
        }
    }

    /// What a table cannot be served without.
    fn check_needs(&self, has_sidecar: bool) -> Result<(), MapError> {
        let table = &self.table;
        let has_members = self.kind().members().is_some();
        if table.tenant.is_none() {
            return Err(self.wrong("say which tenant rows belong to: `tenant` or `only_tenant`"));
        }
        if table.place.is_none() && table.id.form != KeyForm::Integer {
            return Err(self.wrong("say what lists are in the order of: `place`, a column of whole numbers"));
        }
        if table.writes.is_some() && !has_sidecar {
            return Err(self.wrong("writes need the library's tables: use `ColumnMap::with_sidecar`"));
        }
        if table.writes.as_ref().is_some_and(|writes| writes.adoption.is_some()) {
            if has_members {
                return Err(self.wrong("only accounts are adopted: leave `adopt_by` out"));
            }
            if table.visible.is_none() {
                return Err(self.wrong("rows that can be adopted are hidden before: say which are not, by `visible`"));
            }
        }
        if has_members && table.version.is_none() && !has_sidecar {
            return Err(self.wrong(
                "say where the version stands: `version`, a column that moves with each change of members too",
            ));
        }
        if !has_members && !table.links.is_empty() {
            return Err(self.wrong("the type has no members"));
        }
        if table.links.len() > 1 && table.links.iter().any(|link| link.order.is_none()) {
            return Err(self.wrong("members of several types need an order: give each link one, of whole numbers"));
        }
        for column in table.created.iter().chain(&table.modified) {
            if !matches!(column.form, ColumnForm::Time(_)) {
                return Err(self.wrong(format!("`{}` is not a point in time: use `Column::time`", column.name)));
            }
        }
        Ok(())
    }

    fn check_beside(&self, other: &Self) -> Result<(), MapError> {
        let (one, two) = (&self.table.id, &other.table.id);
        if self.kind().name() == other.kind().name() {
            return Err(self.wrong("the type has two tables"));
        }
        if one.form == KeyForm::Integer && two.form == KeyForm::Integer && one.prefix == two.prefix {
            let problem = format!(
                "its numbers may be those of {} too: give one of them a `Key::prefix`",
                other.kind().name()
            );
            return Err(self.wrong(problem));
        }
        Ok(())
    }

    fn locate(&self, path: &str) -> Result<Locator, MapError> {
        let unknown = || self.wrong(format!("`{path}` is no attribute of {}", self.kind().name()));
        let parsed = AttrPath::parse(path).map_err(|_| unknown())?;
        let Some(Located::Attribute(locator)) = self.kind().locate(&parsed, false) else {
            return Err(unknown());
        };
        let attribute = &locator.attribute;
        if self.kind().is_relation(attribute) {
            return Err(self.wrong(format!(
                "`{path}` is made from links: use `members` of the group's table"
            )));
        }
        if locator.extension.is_none() && matches!(&*attribute.name, "id" | "meta" | "schemas") {
            return Err(self.wrong(format!(
                "`{path}` is not mapped as a column: see `Table::new` and `times`"
            )));
        }
        if !attribute.is_readable() || !locator.leaf().is_readable() {
            return Err(self.wrong(format!("`{path}` is never read: leave it out")));
        }
        Ok(locator)
    }

    fn single(&self, path: &str) -> Result<Locator, MapError> {
        let locator = self.locate(path)?;
        if locator.attribute.multi_valued {
            return Err(self.wrong(format!("`{path}` has many values: map it by `list`")));
        }
        if locator.leaf().is_complex() {
            return Err(self.wrong(format!(
                "`{path}` is complex: map its sub-attributes, such as `{path}.{}`",
                {
                    let first = locator.leaf().sub_attributes.first();
                    first.map_or("value", |sub| sub.name.as_str())
                }
            )));
        }
        Ok(locator)
    }

    fn multiple(&self, path: &str) -> Result<Locator, MapError> {
        let locator = self.locate(path)?;
        if !locator.attribute.multi_valued || locator.sub.is_some() {
            return Err(self.wrong(format!("`{path}` has no list of values: map it by `column`")));
        }
        Ok(locator)
    }

    fn subs(&self, locator: &Locator, list: &List) -> Result<Vec<(Arc<Attribute>, Column)>, MapError> {
        let attribute = &locator.attribute;
        let mut seen = HashSet::new();
        let mut subs = Vec::with_capacity(list.subs.len());
        for (name, column) in &list.subs {
            let sub = match attribute.is_complex() {
                true => attribute.sub(name).map(Arc::clone),
                false => (name == "value").then(|| Arc::clone(attribute)),
            };
            let sub = sub.ok_or_else(|| self.wrong(format!("`{locator}` has no sub-attribute `{name}`")))?;
            self.once(&mut seen, &format!("{locator}.{name}"))?;
            column.check(&sub).map_err(|problem| self.wrong(problem))?;
            subs.push((sub, column.clone()));
        }
        if list.sub("value").is_none() && attribute.sub("value").is_some() | !attribute.is_complex() || subs.is_empty()
        {
            return Err(self.wrong(format!("`{locator}` needs a column for its `value`")));
        }
        Ok(subs)
    }
}
