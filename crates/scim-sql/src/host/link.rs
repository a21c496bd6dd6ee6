//! Members of groups.

/// A table whose rows make resources of one type members of those of another.
#[derive(Debug, Clone)]
pub struct Link {
    pub(super) table: String,
    pub(super) group: String,
    pub(super) member: String,
    pub(super) kind: String,
    pub(super) order: Option<String>,
}

impl Link {
    /// A table with the keys of a group and of its member, which is of the type with this name.
    pub fn new(table: &str, group: &str, member: &str, kind: &str) -> Self {
        Self {
            table: table.to_owned(),
            group: group.to_owned(),
            member: member.to_owned(),
            kind: kind.to_owned(),
            order: None,
        }
    }

    /// The column that members are in the order of; else it is that of the members' keys.
    #[must_use]
    pub fn order(mut self, column: &str) -> Self {
        self.order = Some(column.to_owned());
        self
    }
}
