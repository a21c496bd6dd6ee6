//! The table of one resource type.

use std::sync::Arc;

use scim_core::schema::ResourceType;

use crate::host::{Column, Key, Link, List, WriteMap};

/// The table whose rows are the resources of one type. Conditions and joins of the host call the row `r`.
#[derive(Debug, Clone)]
pub struct Table {
    pub(super) kind: Arc<ResourceType>,
    pub(super) name: String,
    pub(super) id: Key,
    pub(super) tenant: Option<Tenant>,
    pub(super) visible: Option<String>,
    pub(super) joins: Vec<String>,
    pub(super) place: Option<String>,
    pub(super) version: Option<String>,
    pub(super) created: Option<Column>,
    pub(super) modified: Option<Column>,
    pub(super) columns: Vec<(String, Column)>,
    pub(super) lists: Vec<(String, List)>,
    pub(super) links: Vec<Link>,
    pub(super) writes: Option<WriteMap>,
}

#[derive(Debug, Clone)]
pub(super) enum Tenant {
    /// The column that tells tenants apart.
    Column(Key),
    /// All rows are of this tenant.
    Only(String),
}

impl Table {
    /// A table with the key of its rows, which is also what clients know as `id`.
    pub fn new(kind: Arc<ResourceType>, name: &str, id: Key) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            id,
            tenant: None,
            visible: None,
            joins: Vec::new(),
            place: None,
            version: None,
            created: None,
            modified: None,
            columns: Vec::new(),
            lists: Vec::new(),
            links: Vec::new(),
            writes: None,
        }
    }

    /// The column that tells tenants apart; its text is the tenant of the request.
    #[must_use]
    pub fn tenant(mut self, column: Key) -> Self {
        self.tenant = Some(Tenant::Column(column));
        self
    }

    /// Every row belongs to this one tenant; others see nothing.
    #[must_use]
    pub fn only_tenant(mut self, tenant: &str) -> Self {
        self.tenant = Some(Tenant::Only(tenant.to_owned()));
        self
    }

    /// Only rows for which an SQL condition of the host holds are resources, such as `r.status <> 'service'`. Others are
    /// nowhere seen: not read, found, counted, nor shown as members.
    #[must_use]
    pub fn visible(mut self, condition: &str) -> Self {
        self.visible = Some(condition.to_owned());
        self
    }

    /// With a join of the host that finds at most one row, such as `LEFT JOIN departments d ON d.id = r.department_id`.
    #[must_use]
    pub fn join(mut self, join: &str) -> Self {
        self.joins.push(join.to_owned());
        self
    }

    /// The column that lists are in the order of: whole numbers, unique in the table, best in the order of creation. It is
    /// that of the identifier if that holds whole numbers. An index of tenant and this column makes lists quick.
    #[must_use]
    pub fn place(mut self, column: &str) -> Self {
        self.place = Some(column.to_owned());
        self
    }

    /// The column with the version, a whole number that grows with each change, also of members. Where a table of users has
    /// none, the version is made from the attributes that are read; a table of groups needs one.
    #[must_use]
    pub fn version(mut self, column: &str) -> Self {
        self.version = Some(column.to_owned());
        self
    }

    /// The columns with the times of creation and of the last change (`meta.created` and `meta.lastModified`).
    #[must_use]
    pub fn times(mut self, created: Column, modified: Column) -> Self {
        self.created = Some(created);
        self.modified = Some(modified);
        self
    }

    /// With the column of a single-valued attribute, by its path: `userName`, `name.givenName`,
    /// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`.
    #[must_use]
    pub fn column(mut self, path: &str, column: Column) -> Self {
        self.columns.push((path.to_owned(), column));
        self
    }

    /// With the values of a multi-valued attribute, by its path: `emails`.
    #[must_use]
    pub fn list(mut self, path: &str, list: List) -> Self {
        self.lists.push((path.to_owned(), list));
        self
    }

    /// With members, by a table of links; several where members are of several types.
    #[must_use]
    pub fn members(mut self, link: Link) -> Self {
        self.links.push(link);
        self
    }

    /// Resources of the type can be created, changed and deleted, in this way; without it they are read only.
    #[must_use]
    pub fn writable(mut self, writes: WriteMap) -> Self {
        self.writes = Some(writes);
        self
    }
}
